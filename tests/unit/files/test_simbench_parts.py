"""From a grid in pandapower's form to a community, on a small grid made by hand: no SimBench needed."""

import json
import warnings
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from sunfair.errors import ImportFault, InputError, ServiceMissing
from sunfair.files import import_simbench
from sunfair.files.import_grid import read_wires
from sunfair.files.import_simbench import Grid, community_files
from sunfair.files.import_simbench_cars import CAR_PROFILES, bursts, visits_of
from sunfair.files.import_simbench_homes import SHAPES, energy, homes_at, shifted
from sunfair.files.import_simbench_network import simbench_network
from sunfair.files.import_simbench_prices import dynamic_retail
from sunfair.grid import Network, check_network, power_flow
from sunfair.model import Phase
from sunfair.slots import SlotClock

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own, about the libraries beneath it
    import pandapower

YEAR = 35_136


def fill(net, table, **columns):
    """Write a whole table: pandapower's `create_…` functions do not run on pandas 3."""
    frame = pd.DataFrame(columns)
    for name in net[table].columns:
        if name not in frame:
            frame[name] = pd.Series([None] * len(frame), dtype=object)
    net[table] = frame


def small_net(tap: int = -1):
    """A 20 kV source, a 250 kVA transformer and three cables, in the columns of simbench's networks."""
    net = pandapower.create_empty_network(f_hz=50)
    three, one = np.ones(3), np.ones(3, int)
    fill(
        net,
        "bus",
        name=[f"bus {at}" for at in range(5)],
        vn_kv=[20.0] + [0.4] * 4,
        type=["b"] * 5,
        in_service=[True] * 5,
    )
    fill(
        net, "ext_grid", bus=[0], vm_pu=[1.025], va_degree=[0.0], slack_weight=[1.0], in_service=[True],
        s_sc_max_mva=[500.0], rx_max=[0.1], r0x0_max=[0.1], x0x_max=[1.0],
    )  # fmt: skip
    fill(
        net, "trafo", hv_bus=[0], lv_bus=[1], sn_mva=[0.25], vn_hv_kv=[20.0], vn_lv_kv=[0.4], vkr_percent=[1.32],
        vk_percent=[6.0], pfe_kw=[0.88], i0_percent=[0.35201], shift_degree=[150.0], tap_side=["hv"], tap_neutral=[0],
        tap_min=[-2], tap_max=[2], tap_pos=[tap], tap_step_percent=[2.5], tap_step_degree=[0.0],
        tap_changer_type=["Ratio"], vector_group=["Dyn"], vk0_percent=[6.0], vkr0_percent=[1.32], mag0_percent=[1e4],
        mag0_rx=[0.0], si0_hv_partial=[0.9], parallel=[1], df=[1.0], in_service=[True],
    )  # fmt: skip
    fill(
        net, "line", from_bus=[1, 2, 2], to_bus=[2, 3, 4], length_km=[0.3, 0.2, 0.4], r_ohm_per_km=0.2067 * three,
        x_ohm_per_km=0.080425 * three, c_nf_per_km=830 * three, g_us_per_km=0 * three, r0_ohm_per_km=4 * 0.2067 * three,
        x0_ohm_per_km=4 * 0.080425 * three, c0_nf_per_km=830 * three, g0_us_per_km=0 * three, max_i_ka=0.27 * three,
        df=three, parallel=one, in_service=[True] * 3,
    )  # fmt: skip
    fill(net, "switch", bus=[1, 2, 2], element=[0, 1, 2], et=["l"] * 3, closed=[True] * 3, z_ohm=0 * three)
    return net


LOADS = [(2, "H0-A", 2.0), (3, "H0-C", 1.0), (3, "H0-L", 1.0), (4, "G1-B", 9.0), (4, "HLS_A_11.0", 11.0)]
ROOFS = [(3, "PV3", 20.0), (2, "PV1", 10.0)]


def profiles() -> dict[str, np.ndarray]:
    random = np.random.RandomState(1)
    made = {name: random.rand(YEAR) for name in (*SHAPES, "G1-B", "PV1", "PV3")}
    for name in CAR_PROFILES:
        on = (np.arange(YEAR) % 96 >= 68) & (np.arange(YEAR) % 96 < 71)
        made[name] = np.where(on, random.rand(YEAR), 0.0)
    return made


def test_the_translated_network_flows_as_pandapower_computes_it():
    net = small_net()
    root = simbench_network(net)
    powers = {2: (3000.0, -4000.0, 500.0), 3: (-5000.0, 2000.0, 0.0), 4: (8000.0, 100.0, -2500.0)}
    loads = [
        {"id": 1_000_003 + at, "node": bus, "status": 1, "type": 0, "p_specified": [0] * 3, "q_specified": [0] * 3}
        for at, bus in enumerate(powers)
    ]
    network = Network.parse(json.dumps(root | {"data": root["data"] | {"asym_load": loads}}))
    p = np.array([list(powers.values())])
    flow = power_flow(network, p, 0.2 * np.abs(p), threads=1)
    mw = {f"p_{phase}_mw": p[0, :, at] / 1e6 for at, phase in enumerate("abc")}
    mvar = {f"q_{phase}_mvar": 0.2 * np.abs(p[0, :, at]) / 1e6 for at, phase in enumerate("abc")}
    fill(
        net,
        "asymmetric_load",
        bus=list(powers),
        scaling=[1.0] * 3,
        in_service=[True] * 3,
        type=["wye"] * 3,
        **mw,
        **mvar,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandapower.runpp_3ph(net, numba=False, max_iteration=100, tolerance_mva=1e-9)
    expected = net.res_bus_3ph[["vm_a_pu", "vm_b_pu", "vm_c_pu"]].to_numpy()
    assert np.abs(flow.voltage_pu[0] - expected).max() < 7e-4
    assert expected.max() > 1.04  # the tap is in it


def test_the_tap_moves_the_low_voltage_although_its_type_is_left_empty():
    """SimBench's tables of 1.6 leave the type empty, and pandapower then ignores the position."""
    voltages = []
    for tap in (0, -1):
        net = small_net(tap)
        net.trafo["tap_changer_type"] = None
        root = simbench_network(net)
        load = {"id": 1_000_003, "node": 1, "status": 1, "type": 0, "p_specified": [0] * 3, "q_specified": [0] * 3}
        network = Network.parse(json.dumps(root | {"data": root["data"] | {"asym_load": [load]}}))
        voltages.append(power_flow(network, np.zeros((1, 1, 3)), np.zeros((1, 1, 3)), threads=1).voltage_pu[0, 1, 0])
    assert voltages[1] - voltages[0] == pytest.approx(1.025 * (1 / 0.975 - 1), abs=1e-3)


def test_what_pandapower_writes_is_read_without_it(tmp_path):
    net = small_net()
    net.switch.loc[2, "closed"] = False
    path = tmp_path / "net.json"
    path.write_text(pandapower.to_json(net), encoding="utf-8")
    wires, faults = read_wires(path)
    assert faults == []
    assert wires.root == simbench_network(net)


def test_an_open_switch_opens_the_line():
    net = small_net()
    net.switch.loc[2, "closed"] = False
    lines = simbench_network(net)["data"]["line"]
    assert [(line["from_status"], line["to_status"]) for line in lines] == [(1, 1), (1, 1), (0, 1)]


def test_what_cannot_be_translated_is_named():
    net = small_net()
    net.switch.loc[1, "et"] = "t3"
    fill(net, "gen", bus=[1], p_mw=[0.1], in_service=[True])
    net.trafo.loc[0, "parallel"] = 2
    with pytest.raises(InputError) as caught:
        simbench_network(net)
    assert [fault.place for fault in caught.value.faults] == ["gen", "switch 1", "trafo 0"]


def test_homes_stand_on_base_loads_and_own_the_grid_s_roofs():
    homes = homes_at(LOADS, ROOFS, seed=7)
    assert sorted((home.bus, home.shape) for home in homes) == [(2, "H0-A"), (3, "H0-C"), (3, "H0-L"), (4, "H0-H")]
    roofs = {home.shape: (home.roof_wp, home.roof, home.phase) for home in homes}
    assert roofs["H0-A"] == (15_000, "PV1", Phase.ABC)
    assert roofs["H0-C"] == (25_000, "PV3", Phase.ABC)
    assert roofs["H0-L"][0] == 5_000
    assert roofs["H0-L"][2] is not Phase.ABC


def test_the_seed_decides():
    assert homes_at(LOADS, ROOFS, seed=7) == homes_at(LOADS, ROOFS, seed=7)
    assert homes_at(LOADS * 5, ROOFS, seed=7) != homes_at(LOADS * 5, ROOFS, seed=8)


def test_a_shift_keeps_weekdays_through_the_turn_of_the_year():
    day_of_week = np.arange(YEAR) // 96 % 7
    for weeks in (-11, -1, 1, 11):
        assert (shifted(day_of_week, weeks) == day_of_week).all()
    ramp = np.arange(YEAR)
    assert shifted(ramp, 2)[2 * 672] == 0
    assert shifted(ramp, -2)[0] == 2 * 672


def test_energy_rounds_without_drift():
    power = np.random.RandomState(3).rand(YEAR) * 3
    wh = energy(power)
    assert (wh >= 0).all()
    assert np.abs(np.cumsum(wh) - np.cumsum(power) / 4).max() <= 0.5


def test_charging_becomes_visits_with_their_need():
    profile = np.zeros(300)
    profile[70:74] = [0.5, 1.0, 0.001, 0.7]  # one step's pause
    profile[100] = 0.2  # 0.55 kWh: too little
    profile[200:202] = 1.0
    assert bursts(profile, 11.0) == [(70, 74, round(2.201 * 2750)), (200, 202, 5500)]


def test_cars_leave_in_the_morning_or_two_hours_after_they_were_full():
    clock = SlotClock(15, "Europe/Berlin")
    first = clock.slot_at(datetime(2016, 6, 14, 22, tzinfo=UTC))  # midnight in Berlin
    profile = np.zeros(YEAR)
    profile[40:44] = 1.0  # 10:00, one hour at 11 kW
    profile[72:80] = 1.0  # 18:00
    profile[96 + 28 : 96 + 32] = 1.0  # the next day at 7:00
    visits = visits_of([4], dict.fromkeys(CAR_PROFILES, profile) | {"HLS_A_3.7": profile}, first, clock)
    local = [(clock.local(int(a)).strftime("%a %H:%M"), clock.local(int(d)).strftime("%a %H:%M")) for a, d in zip(visits.arrive, visits.depart, strict=True)]  # fmt: skip
    assert local == [("Wed 10:00", "Wed 13:00"), ("Wed 18:00", "Thu 06:00"), ("Thu 07:00", "Thu 10:00")]
    assert visits.need_wh.tolist() == [3_700, 7_400, 3_700]


def test_the_price_follows_the_residual_load():
    residual = np.repeat(np.array([10.0, 20.0, 30.0, -500.0] * 50), 4)
    retail = dynamic_retail(residual)
    assert retail.shape == (800,)
    assert retail[12] < retail[0] < retail[4] < retail[8]
    assert (retail % 100 == 0).all()
    assert retail.min() >= 100_000


def test_the_files_are_the_same_bytes_and_load(tmp_path):
    from sunfair.files import load_scenario

    grid = Grid(simbench_network(small_net()), tuple(LOADS), tuple(ROOFS), profiles())
    _, files = community_files(grid, "1-LV-small0--0-sw", 7)
    _, again = community_files(grid, "1-LV-small0--0-sw", 7)
    assert files == again
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    scenario = load_scenario(tmp_path)
    assert scenario.community.size == 4
    assert check_network(scenario.network_json, [3, 4, 5, 6]) == []
    dynamic = load_scenario(tmp_path / "community-dynamic.toml")
    assert len(set(dynamic.series.retail.tolist())) > 100
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert set(sums) == set(files) - {"SHA256SUMS"}


def test_codes_of_other_grids_are_refused(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(ImportFault) as caught:
        import_simbench("1-MV-rural--0-sw", out=tmp_path / "out")
    assert [fault.place for fault in caught.value.faults] == [str(tmp_path / "out"), "code"]


def test_without_simbench_it_says_how_to_get_it(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "simbench", None)
    with pytest.raises(ServiceMissing, match="uv run --no-group dev --group data sunfair import simbench"):
        import_simbench(out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
