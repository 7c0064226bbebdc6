"""Hand-reckoned slots of single homes: a 10 kWh battery, 5 kW, η 950 ‰ each way, reserve 500 Wh, slots of 15 min."""

import numpy as np
import pytest

from sunfair.agent import Fleet, Reason, dispatch_rule, stored_value
from sunfair.model import Battery, Member
from sunfair.slots import SlotClock

OWNER = Member("owner", "m1", pv_wp=5_000, battery=Battery(10_000, 5_000, 950, 950, 500))
TENANT = Member("tenant", "m2", pv_wp=5_000)


def slot(member, *, load, pv, soc, ev=0, retail=320_000):
    fleet = Fleet.of([member], SlotClock())
    one = {"load_wh": load, "pv_wh": pv, "soc_wh": soc, "ev_wh": ev}
    done = dispatch_rule(fleet, **{name: np.array([value], np.int64) for name, value in one.items()}, retail=retail)
    return int(done.battery_wh[0]), int(done.soc_wh[0]), int(done.metered_wh[0]), Reason(int(done.reason[0]))


@pytest.mark.parametrize(
    ("load", "pv", "ev", "soc", "expected"),
    [
        pytest.param(100, 412, 0, 5_000, (312, 5_296, 0, Reason.STORED), id="312 · 0.95 = 296.4, rounded down"),
        pytest.param(412, 100, 0, 5_000, (-312, 4_671, 0, Reason.COVERED), id="312 / 0.95 = 328.4, rounded up"),
        pytest.param(0, 2_000, 0, 5_000, (1_250, 6_187, -750, Reason.STORED_PART), id="power binds charging"),
        pytest.param(2_000, 0, 0, 5_000, (-1_250, 3_684, 750, Reason.COVERED_PART), id="power binds discharging"),
        pytest.param(0, 300, 0, 9_905, (100, 10_000, -200, Reason.STORED_PART), id="95 Wh of room take 100"),
        pytest.param(0, 300, 0, 9_904, (102, 10_000, -198, Reason.STORED_PART), id="96 Wh of room take 101.05"),
        pytest.param(300, 0, 0, 600, (-95, 500, 205, Reason.COVERED_PART), id="100 Wh above the reserve give 95"),
        pytest.param(300, 0, 0, 599, (-94, 500, 206, Reason.COVERED_PART), id="99 Wh give 94.05"),
        pytest.param(0, 300, 0, 10_000, (0, 10_000, -300, Reason.FULL), id="a full battery burns nothing"),
        pytest.param(300, 0, 0, 500, (0, 500, 300, Reason.EMPTY), id="the reserve stays"),
        pytest.param(300, 0, 0, 501, (0, 501, 300, Reason.EMPTY), id="1 Wh in store is not 1 Wh at the plug"),
        pytest.param(0, 1, 0, 5_000, (0, 5_000, -1, Reason.FULL), id="1 Wh of which nothing would arrive"),
        pytest.param(250, 250, 0, 5_000, (0, 5_000, 0, Reason.BALANCED), id="balanced"),
        pytest.param(0, 1_000, 900, 5_000, (100, 5_095, 0, Reason.STORED), id="the car counts as use"),
        pytest.param(
            0, 0, 2_750, 5_000, (-1_250, 3_684, 1_500, Reason.COVERED_PART), id="the car draws on the battery"
        ),
        pytest.param(0, 300, 0, 12_000, (0, 12_000, -300, Reason.FULL), id="above capacity takes nothing"),
        pytest.param(95, 0, 0, 12_000, (-95, 11_900, 0, Reason.COVERED), id="above capacity comes down"),
        pytest.param(300, 0, 0, 100, (0, 100, 300, Reason.EMPTY), id="below the reserve gives nothing"),
        pytest.param(0, 100, 0, 100, (100, 195, 0, Reason.STORED), id="below the reserve comes up"),
        pytest.param(0, 100, 0, -700, (100, -605, 0, Reason.STORED), id="even from a nonsense reading"),
    ],
)
def test_a_home_with_a_battery(load, pv, ev, soc, expected):
    assert slot(OWNER, load=load, pv=pv, ev=ev, soc=soc) == expected


@pytest.mark.parametrize(
    ("load", "pv", "metered", "reason"),
    [
        (100, 400, -300, Reason.NOTHING_TO_STORE_IN),
        (400, 100, 300, Reason.NOTHING_TO_DRAW_ON),
        (7, 7, 0, Reason.BALANCED),
    ],
)
def test_a_home_without_a_battery_passes_its_net_use_on(load, pv, metered, reason):
    assert slot(TENANT, load=load, pv=pv, soc=0) == (0, 0, metered, reason)


def test_a_stored_kwh_is_worth_the_purchase_it_replaces():
    locked = Member("locked", "m3", battery=Battery(1_000, 5_000, 950, 950, 1_000))
    fleet = Fleet.of([OWNER, TENANT, locked], SlotClock())
    assert stored_value(fleet, 320_000).tolist() == [304_000, 0, 0]
    assert stored_value(fleet, -41).tolist() == [-39, 0, 0]
