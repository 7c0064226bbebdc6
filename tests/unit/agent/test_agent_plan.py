"""Plans small enough for a pencil, what is said of bad input, and the same kernels without a compiler."""

import json
import subprocess
import sys

import numpy as np
import pytest

from sunfair.agent import Appliances, Homes, Outlook, plan, plan_appliances
from sunfair.errors import InputError

NIGHT, EVENING = 100_000, 400_000  # µ/kWh


def battery(**other):
    usual = {
        "capacity_wh": 10_000,
        "soc_wh": 1_000,
        "reserve_wh": 1_000,
        "charge_w": 4_000,
        "discharge_w": 4_000,
        "charge_eff": 0.8,
        "discharge_eff": 0.5,
        "wear": 20_000,
        "import_w": np.inf,
        "export_w": np.inf,
    }
    return Homes(**(usual | {name: [value] for name, value in other.items()}))


def outlook(load, pv=(0, 0), buy=(NIGHT, EVENING), sell=(0, 0), terminal=0.0, **other):
    return Outlook([load], [pv], buy, sell, [terminal], **other)


def said(plans):
    return {note.field: note.homes.tolist() for note in plans.notes}


def test_buys_at_night_for_the_evening():
    """1 kWh at 4 kW over a quarter of an hour stores 0.8 kWh, which gives 0.4 kWh (AC) at its wear."""
    plans = plan(battery(), outlook((0, 500)))
    assert plans.charge_wh.tolist() == [[1_000, 0]]
    assert plans.discharge_wh.tolist() == [[0, pytest.approx(400)]]
    assert plans.import_wh.tolist() == [[1_000, pytest.approx(100)]]
    assert plans.soc_wh.tolist() == [[1_800, pytest.approx(1_000)]]
    assert plans.cost.tolist() == pytest.approx([NIGHT * 1.0 + EVENING * 0.1 + 20_000 * 0.4])
    assert plans.marginal_value.tolist() == [
        [pytest.approx((EVENING - 20_000) * 0.5), pytest.approx((EVENING - 20_000) * 0.5)]
    ]
    assert plans.notes == ()


def test_does_not_buy_what_the_losses_eat():
    """0.8 · 0.5 of a kWh at 0.10 comes back: 0.25 and the wear for what costs 0.26 now."""
    plans = plan(battery(), outlook((0, 500), buy=(NIGHT, 260_000)))
    assert plans.charge_wh.tolist() == [[0, 0]]
    assert plans.cost.tolist() == pytest.approx([260_000 * 0.5])


def test_what_is_left_counts_from_the_reserve_on():
    plans = plan(battery(soc_wh=3_000), outlook((0, 0), terminal=50_000, sell=(0, 0)))
    assert plans.soc_wh[0, -1] == 3_000
    assert plans.cost.tolist() == pytest.approx([-50_000 * 2.0])


def test_surplus_is_sold_stored_or_left_whatever_pays():
    sold = plan(battery(), outlook((0, 0), pv=(500, 0), sell=(90_000, 0)))
    stored = plan(battery(charge_w=2_000), outlook((0, 500), pv=(500, 0), sell=(60_000, 0)))
    left = plan(battery(charge_w=0), outlook((0, 0), pv=(500, 0), sell=(-10_000, 0)))
    tight = plan(battery(charge_w=0, export_w=800), outlook((0, 0), pv=(500, 0), sell=(60_000, 0)))
    assert (sold.export_wh[0, 0], sold.cost[0]) == (500, pytest.approx(-90_000 * 0.5))
    assert (stored.charge_wh[0, 0], stored.discharge_wh[0, 1]) == (500, pytest.approx(200))
    assert (left.curtail_wh[0, 0], left.export_wh[0, 0], left.cost[0]) == (500, 0, 0)
    assert (tight.curtail_wh[0, 0], tight.export_wh[0, 0]) == (300, 200)


def test_where_selling_pays_more_than_buying_costs_it_pays_as_much():
    dear = plan(battery(), outlook((100, 100), sell=(900_000, 900_000)))
    equal = plan(battery(), outlook((100, 100), sell=(NIGHT, EVENING)))
    assert dear.cost.tolist() == equal.cost.tolist()
    assert dear.export_wh.tolist() == equal.export_wh.tolist()


def test_a_start_below_the_reserve_recovers_at_once_whatever_it_costs():
    plans = plan(battery(soc_wh=0), outlook((0, 0), buy=(10_000_000, 10_000_000)))
    assert plans.charge_wh.tolist() == [[1_000, pytest.approx(250)]]
    assert plans.soc_wh.tolist() == [[800, pytest.approx(1_000)]]


def test_load_above_the_connection_is_met_from_the_battery_then_served_told_and_not_paid():
    plans = plan(battery(soc_wh=2_000, import_w=2_000), outlook((2_000, 0)))
    assert plans.import_wh[0, 0] == 500
    assert plans.discharge_wh[0, 0] == pytest.approx(500)
    assert plans.over_wh[0, 0] == pytest.approx(1_000)
    assert plans.cost[0] == pytest.approx(NIGHT * 0.5 + 20_000 * 0.5)
    assert said(plans) == {"import_w": [0]}


def test_slots_may_be_an_hour():
    plans = plan(battery(), outlook((0, 5_000), slot_seconds=3_600))
    assert plans.charge_wh.tolist() == [[4_000, 0]]
    assert plans.discharge_wh[0, 1] == pytest.approx(1_600)


@pytest.mark.parametrize(
    ("device", "series", "field", "like"),
    [
        ({"soc_wh": 10_500}, {}, "soc_wh", {"soc_wh": 10_000}),
        ({"soc_wh": -1}, {}, "soc_wh", {"soc_wh": 0}),
        ({"soc_wh": np.nan}, {}, "soc_wh", {"soc_wh": 1_000}),
        ({"charge_eff": 1.2}, {}, "charge_eff", {"charge_eff": 1}),
        ({"discharge_eff": 0}, {}, "discharge_eff", {"discharge_w": 0}),
        ({"capacity_wh": np.nan}, {}, "capacity_wh", {"capacity_wh": 0, "soc_wh": 0, "reserve_wh": 0}),
        ({"import_w": np.nan}, {}, "import_w", {}),
        ({}, {"load": (np.nan, 500)}, "load_wh", {"load": (500, 500)}),
        ({}, {"load": (-3, 500)}, "load_wh", {"load": (0, 500)}),
        ({}, {"buy": (NIGHT,)}, "buy", {"buy": (NIGHT, NIGHT)}),
        ({}, {"buy": (NIGHT, np.inf)}, "buy", {"buy": (NIGHT, NIGHT)}),
    ],
)
def test_what_no_home_can_have_is_mended_and_told(device, series, field, like):
    """The plan is that of the mended home, and its notes name what was mended."""
    usual = {"load": (0, 500)}
    found = plan(battery(**device), outlook(**(usual | series)))
    mended = plan(
        battery(**{name: value for name, value in like.items() if name not in ("load", "buy")} or {}),
        outlook(**(usual | {name: value for name, value in like.items() if name in ("load", "buy")})),
    )
    assert field in said(found)
    assert found.cost.tolist() == mended.cost.tolist()
    assert found.soc_wh.tolist() == mended.soc_wh.tolist()


def test_prices_of_ten_euros_both_ways_and_no_capacity():
    rich = plan(battery(wear=0, charge_eff=1, discharge_eff=1), outlook((0, 500), buy=(-10_000_000, 10_000_000)))
    none = plan(battery(capacity_wh=0, soc_wh=0, reserve_wh=0), outlook((0, 500), buy=(-10_000_000, 10_000_000)))
    assert rich.cost.tolist() == pytest.approx([-10_000_000 * 1.0])
    assert none.cost.tolist() == pytest.approx([10_000_000 * 0.5])
    assert none.marginal_value.tolist() == [[0, 0]]


def test_what_is_no_number_at_all_is_refused_with_every_fault():
    with pytest.raises(InputError) as raised:
        Homes("ten", [1, 2], [1, 2, 3], 0, 0, 1, 1, 0, 0, 0)
    assert {fault.place for fault in raised.value.faults} >= {"capacity_wh", "soc_wh"}
    with pytest.raises(InputError, match="2 homes where"):
        plan(battery(), Outlook([[1.0], [1.0]], [[0.0], [0.0]], [1.0], [0.0], 0.0))
    with pytest.raises(InputError, match="slot_seconds"):
        outlook((0, 0), slot_seconds=0)


def test_an_appliance_without_room_is_told():
    runs = Appliances([0, 0], [[300, 300], [300, 300]], [0, 5], [1, 9])
    plans = plan_appliances(battery(), outlook((0, 0)), runs)
    assert plans.start.tolist() == [0, -1]
    assert said(plans.plans) == {"appliances": [0]}


SCRIPT = """
import numpy as np
from sunfair.agent import Homes, Outlook, Stores, plan_stores
chance = np.random.default_rng(1)
homes = Homes(*([value] * 3 for value in (1e4, 4e3, 1e3, 4e3, 4e3, 0.9, 0.9, 2e4, 9e3, 5e3)))
outlook = Outlook(*(scale * chance.random((3, 8)) for scale in (900, 1500, 4e5, 1e5)), [1e5] * 3)
car = Stores.cars([1], horizon=8, need_wh=[3e3], power_w=4e3, arrive=[1], depart=[7])
every = [plan_stores(homes, outlook, car, method=method) for method in ("merge", "auto")]
found = [(plans.cost.tolist(), plans.plans.soc_wh.tolist(), plans.taken_wh.tolist()) for plans in every]
"""


def test_kernels_give_the_same_without_a_compiler():
    """In a process in which numba cannot be found: the merge in plain Python, and HiGHS, beside machine code here."""
    plain = "import json, sys; sys.modules['numba'] = None" + SCRIPT + "print(json.dumps(found))"
    merged, highs = json.loads(subprocess.check_output([sys.executable, "-c", plain], text=True))
    here: dict = {}
    exec(SCRIPT, here)  # noqa: S102
    for kept, compiled in zip(merged, here["found"][0], strict=True):
        assert np.allclose(kept, compiled, rtol=1e-12, atol=1e-9)
    assert np.allclose(highs[0], merged[0], rtol=1e-6, atol=1.0)
