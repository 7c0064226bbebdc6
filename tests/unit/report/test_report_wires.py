import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sunfair.audit import audit
from sunfair.grid import VOLTAGE_MIN_PU
from sunfair.report import write_report
from sunfair.report.wire_day import jain


@pytest.fixture(scope="module")
def small(streets, small_run):
    return streets.payload_of(small_run / "report.html")[0]


@pytest.fixture(scope="module")
def strained(streets, small_run, tmp_path_factory):
    """The same day with roofs held back and prices that differ, as such a run would leave them."""
    folder = tmp_path_factory.mktemp("strained") / "run"
    shutil.copytree(small_run, folder)
    plans = pq.read_table(folder / "plans.parquet")
    account, roof = plans["account"].to_numpy(), plans["pv_wh"].to_numpy()
    lost = np.where(account == 4, roof // 2, 0)
    place = plans.column_names.index("curtail_wh")
    column = pa.array(lost).cast(plans.schema.field("curtail_wh").type)
    pq.write_table(plans.set_column(place, "curtail_wh", column), folder / "plans.parquet")
    first = int(pq.read_table(folder / "slots.parquet")["slot"][0].as_py())
    rows = [(first + 40, 3 + at, "abc"[at % 3], 100_000 + 10_000 * at, 120_000, 0, 0, 0) for at in range(6)]
    names = ["slot", "account", "phase", "price", "energy", "losses", "voltage", "congestion"]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns), folder / "local_prices.parquet")
    return streets.payload_of(write_report(folder))[0]


def test_the_busiest_branch_of_the_map_is_the_runs_own(small_run, small):
    """The run wrote `max_loading` and the voltages of its own power flow; the map shows no other."""
    slots = pq.read_table(small_run / "slots.parquet")
    np.testing.assert_allclose(
        np.max(small["map"]["loading"], axis=0), np.asarray(slots["max_loading"]) * 1000, atol=0.51
    )
    np.testing.assert_allclose(
        np.max(small["map"]["high"], axis=0), np.asarray(slots["max_voltage_pu"]) * 1e4, atol=0.51
    )


def test_the_neutral_carries_what_the_phases_do_not_share(small_run, small):
    """|Σ I_φ a^φ| at 230 V from the injections alone: voltages move it by some per cent."""
    table = pq.read_table(small_run / "injections.parquet")
    s = sum(
        (np.asarray(table[f"p_{phase}_w"]) - 1j * np.asarray(table[f"q_{phase}_var"])) * np.exp(-2j * np.pi / 3 * at)
        for at, phase in enumerate("abc")
    )
    rough = np.abs(s.reshape(-1, 6).sum(axis=1)) / 230
    np.testing.assert_allclose(np.array(small["map"]["neutral"]) / 10, rough, rtol=0.05, atol=0.3)
    assert max(small["map"]["vuf"]) > 0


def test_voltages_at_the_homes_leave_out_the_grid_above(small_run, small):
    """The source holds its own bus at 1.025 pu; under a load at night every home is below that, and far from 0."""
    slots, bus = pq.read_table(small_run / "slots.parquet"), small["map"]["home_bus"]
    low = np.array(small["map"]["low"])
    for name, fold in (("home_low_pu", np.min), ("home_high_pu", np.max)):
        shown = np.array(small["map"][name[5:-3]])[bus]
        np.testing.assert_allclose(np.array(small["series"][name]) / 10, fold(shown, axis=0), atol=1)
    assert (np.array(small["series"]["home_high_pu"]) / 1e5 <= np.asarray(slots["max_voltage_pu"]) + 1e-5).all()
    source = small["map"]["parent"].index(-1)
    assert source not in bus
    assert np.ptp(low[source]) <= 5 < np.ptp(low[bus].min(axis=0))


def test_more_than_the_wires_can_carry_is_outside_their_limits(streets, tmp_path):
    """3 MW on one phase of a cable for 62 kW: the power flow has no solution, and nothing says that all was well."""
    scenario = streets.street(3, minutes=60)
    load = scenario.series.load_wh.copy()
    at = len(load) - 24 + 12
    load[at, 0] = 3_000_000
    folder = streets.run(tmp_path / "run", replace(scenario, series=replace(scenario.series, load_wh=load)))
    slots = pq.read_table(folder / "slots.parquet").to_pydict()
    gone = [t for t, value in enumerate(slots["max_loading"]) if value is None]
    assert gone == [t for t, slot in enumerate(slots["slot"]) if slot == scenario.series.first_slot + at]
    assert json.loads((folder / "summary.json").read_text())["violations"] == {"slots": 1, "hours": 1.0}
    assert audit(folder) == []
    data, _ = streets.payload_of(folder / "report.html")
    assert data["series"]["unsolved"] == [int(t in gone) for t in range(24)]
    for name in ("home_high_pu", "home_low_pu", "max_loading"):
        assert [t for t, value in enumerate(data["series"][name]) if value is None] == gone
    assert all(bus[gone[0]] is None and bus[0] > VOLTAGE_MIN_PU * 1e4 for bus in data["map"]["low"])


def test_without_prices_on_the_wires_and_nothing_held_back_the_page_has_neither(small):
    assert small["map"]["price"] is None
    assert small["held_back"] is None


def test_each_place_has_the_price_of_its_connections(strained):
    price, at = strained["map"]["price"], 40
    assert [price[name][at] for name in ("low", "energy", "high")] == [100_000, 120_000, 150_000]
    for home, bus in enumerate(strained["map"]["home_bus"]):
        assert price["bus"][bus][at] == 100_000 + 10_000 * home
    assert price["low"][at - 1] is None
    assert {len([value for value in values if value is not None]) for values in price["bus"]} == {0, 1}


def test_who_was_held_back_and_how_fairly(small_run, strained):
    held, plans = strained["held_back"], pq.read_table(small_run / "plans.parquet")
    roof = np.asarray(plans["pv_wh"]).reshape(-1, 6)
    assert held["roof_wh"] == roof.sum(axis=0).tolist()
    assert held["lost_wh"] == [0, int((roof[:, 1] // 2).sum()), 0, 0, 0, 0]
    kept = 1 - held["lost_wh"][1] / held["roof_wh"][1]
    owners = sum(wh > 0 for wh in held["roof_wh"])
    expected = (owners - 1 + kept) ** 2 / (owners * (owners - 1 + kept**2))
    assert held["fairness"] == pytest.approx(expected * 10_000, abs=1)


@pytest.mark.parametrize(
    ("parts", "index"), [([1, 1, 1, 1], 1), ([1, 0, 0, 0], 0.25), ([1, 1, 0, 0], 0.5), ([0, 0], 1)]
)
def test_jains_index_as_he_gives_it(parts, index):
    assert jain(np.array(parts, float)) == pytest.approx(index)
