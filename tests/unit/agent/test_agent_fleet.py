import numpy as np
import pytest

from sunfair.agent import Fleet
from sunfair.errors import InputError
from sunfair.model import Battery, Car, Member, Strategy
from sunfair.slots import SlotClock


def test_devices_stand_in_file_order_with_power_as_whole_wh_per_slot():
    members = [
        Member("a", "m1", pv_wp=5_000, battery=Battery(10_000, 5_003, 960, 940, 500), car=Car(11_000)),
        Member("b", "m2", strategy=Strategy.POOL),
    ]
    fleet = Fleet.of(members, SlotClock(minutes=15))
    assert fleet.size == 2
    assert fleet.per_day == 96
    assert fleet.capacity_wh.tolist() == [10_000, 0]
    assert fleet.reserve_wh.tolist() == [500, 0]
    assert fleet.battery_limit_wh.tolist() == [1_250, 0]  # 5 003 W for a quarter of an hour is 1 250.75 Wh
    assert fleet.charge_permille.tolist() == [960, 1_000]
    assert fleet.discharge_permille.tolist() == [940, 1_000]
    assert fleet.car_limit_wh.tolist() == [2_750, 0]
    assert fleet.has_pv.tolist() == [True, False]
    assert fleet.ahead.tolist() == [True, False]
    assert fleet.capacity_wh.dtype == np.int64


def test_power_limits_follow_the_slot_length():
    member = Member("a", "m", battery=Battery(10_000, 5_000), car=Car(11_000))
    fleet = Fleet.of([member], SlotClock(minutes=5))
    assert (fleet.battery_limit_wh[0], fleet.car_limit_wh[0], fleet.per_day) == (416, 916, 288)


def test_all_impossible_devices_are_named_at_once():
    members = [
        Member("a", "m1", battery=Battery(10_000, -1, charge_eff_permille=0)),
        Member("b", "m2", battery=Battery(-5, 1, discharge_eff_permille=1_001), car=Car(-3)),
    ]
    with pytest.raises(InputError) as raised:
        Fleet.of(members, SlotClock())
    faults = {(fault.place, fault.what.split(" is ")[0]) for fault in raised.value.faults}
    assert faults == {
        ("member a", "power_w"),
        ("member a", "charge_eff_permille"),
        ("member b", "capacity_wh"),
        ("member b", "discharge_eff_permille"),
        ("member b", "car power_w"),
    }


def test_a_street_without_homes():
    assert Fleet.of([], SlotClock()).size == 0
