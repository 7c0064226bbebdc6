import numpy as np

from sunfair.agent import Fleet, Garage
from sunfair.model import Car, Member, Visits
from sunfair.slots import SlotClock

# Three homes: 11 kW (2 750 Wh a slot), no car, 3.7 kW (925 Wh).
FLEET = Fleet.of(
    [Member("a", "m1", car=Car(11_000)), Member("b", "m2"), Member("c", "m3", car=Car(3_700))], SlotClock()
)


def garage(*visits):
    """Visits as (member, arrive, depart, need)."""
    member, arrive, depart, need = zip(*visits, strict=True)
    return Garage.of(Visits(np.array(member, np.int32), np.array(arrive), np.array(depart), np.array(need)), FLEET)


def run(house, first, count):
    cars, taken = house.start(first), []
    for slot in range(first, first + count):
        ev_wh, cars = house.step(cars, slot)
        taken.append(ev_wh.tolist())
    return taken


def test_full_power_until_the_need_is_met():
    taken = run(garage((0, 12, 20, 6_000)), 10, 8)
    assert [row[0] for row in taken] == [0, 0, 2_750, 2_750, 500, 0, 0, 0]
    assert all(row[1:] == [0, 0] for row in taken)


def test_a_car_that_leaves_early_leaves_short():
    assert [row[2] for row in run(garage((2, 11, 13, 6_000)), 10, 5)] == [0, 925, 925, 0, 0]


def test_the_next_visit_starts_in_the_slot_the_last_one_ended():
    assert [row[2] for row in run(garage((2, 10, 12, 5_000), (2, 12, 14, 1_000)), 10, 5)] == [925, 925, 925, 75, 0]


def test_a_run_that_starts_amid_a_visit_finds_the_car_charged_since_its_arrival():
    house = garage((0, 10, 30, 9_000), (2, 10, 11, 900))
    whole = run(house, 8, 10)
    for first in range(9, 16):
        assert run(house, first, 18 - first) == whole[first - 8 :]


def test_a_jump_of_the_clock_skips_visits_that_are_over():
    house = garage((0, 12, 14, 9_000), (0, 15, 20, 9_000))
    cars = house.start(10)
    ev_wh, _ = house.step(cars, 16)
    assert ev_wh.tolist() == [2_750, 0, 0]
    ev_wh, _ = house.step(cars, 25)
    assert ev_wh.tolist() == [0, 0, 0]


def test_expected_charging_knows_who_is_plugged_in_and_when_they_leave():
    house = garage((0, 9, 30, 9_000), (2, 9, 11, 5_000))
    _, cars = house.step(house.start(9), 9)
    assert house.expected(cars, 10, 0).tolist() == [2_750, 0, 925]
    assert house.expected(cars, 11, 1).tolist() == [2_750, 0, 0]
    assert house.expected(cars, 12, 2).tolist() == [750, 0, 0]
    assert house.expected(cars, 13, 3).tolist() == [0, 0, 0]


def test_no_cars_at_all():
    house = Garage.of(Visits.none(), FLEET)
    ev_wh, cars = house.step(house.start(5), 5)
    assert ev_wh.tolist() == [0, 0, 0]
    assert cars.remaining_wh.tolist() == [0, 0, 0]
