"""The simulated world: its clock, its chance, its money to begin with, and the days that can be run."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from sunfair.errors import InputError
from sunfair.model import FIRST_MEMBER, UTILITY, Scenario, Series
from sunfair.simulate import SeededChance, VirtualClock, guarantee, opening_deposits
from sunfair.wiring import default_folder, span_of

Make = Callable[..., Scenario]


def test_the_clock_never_runs_back() -> None:
    noon = datetime(2016, 6, 1, 12, tzinfo=UTC)
    clock = VirtualClock(noon)
    clock.advance(noon - timedelta(hours=1))
    assert clock.now() == noon
    clock.advance(noon + timedelta(hours=1))
    assert clock.now() == noon + timedelta(hours=1)


def test_salts_and_orders_follow_from_seed_and_slot_alone() -> None:
    first, again, other = SeededChance(1), SeededChance(1), SeededChance(2)
    again.salts(7, 3)  # what was drawn before does not matter
    assert np.array_equal(first.salts(9, 5), again.salts(9, 5))
    assert np.array_equal(first.order(9, 50), again.order(9, 50))
    assert not np.array_equal(first.salts(9, 5), other.salts(9, 5))
    assert not np.array_equal(first.salts(9, 5), first.salts(10, 5))
    assert len({row.tobytes() for slot in range(50) for row in first.salts(slot, 20)}) == 1000


def test_the_leaf_order_carries_no_information() -> None:
    """Every account stands everywhere equally often: χ² over 2,000 slots of 10 accounts, 81 degrees of freedom."""
    chance = SeededChance(3)
    counts = np.zeros((10, 10))
    for slot in range(2_000):
        order = chance.order(slot, 10)
        assert sorted(order.tolist()) == list(range(10))
        counts[np.arange(10), order] += 1
    assert ((counts - 200) ** 2 / 200).sum() < 126.1  # p > 0.001


def test_opening_balances_cover_the_worst_that_can_be_paid(made_street: Make) -> None:
    scenario = made_street(4)
    series = scenario.series
    deposits = opening_deposits(scenario, series.first_slot, series.end_slot)
    use, roofs = series.load_wh.sum(axis=0), int(series.pv_wh.sum())
    for at in range(4):
        assert deposits[FIRST_MEMBER + at] >= use[at] * 320_000 // 1000
    assert deposits[UTILITY] >= roofs * 80_000 // 1000
    assert set(deposits) == {UTILITY, *range(FIRST_MEMBER, FIRST_MEMBER + 4)}
    assert guarantee(deposits) * 10 >= sum(deposits.values())


def test_negative_tariffs_are_funded_too(made_street: Make) -> None:
    scenario = made_street(4)
    series = scenario.series
    steps = len(series.retail)
    cold = Series(series.first_slot, series.load_wh, series.pv_wh, np.full(steps, -50_000), np.full(steps, -90_000))
    turned = Scenario(scenario.community, cold, scenario.visits)
    deposits = opening_deposits(turned, series.first_slot, series.end_slot)
    made = series.pv_wh.sum(axis=0)
    assert all(deposits[FIRST_MEMBER + at] >= made[at] * 90_000 // 1000 for at in range(4))
    assert deposits[UTILITY] >= int(series.load_wh.sum()) * 50_000 // 1000


def test_a_span_holds_whole_civil_days(made_street: Make) -> None:
    scenario = made_street(3)
    span = span_of(scenario, "2016-06-04", 2)
    assert [len(day) for day in span.days] == [96, 96]
    assert scenario.community.clock.local(span.first_slot).isoformat() == "2016-06-04T00:00:00+02:00"
    assert span_of(scenario, "2016-06-04T00:00+02:00", 2) == span
    assert span_of(scenario, "2016-06-03T22:00Z", 2) == span
    assert span_of(scenario, None, 1).first == date(2016, 6, 8)  # a week of history first
    assert span_of(scenario, None, 12).first == date(2016, 6, 1)


@pytest.mark.parametrize(
    ("start", "days", "word"),
    [
        ("2016-05-31", 1, "2016-06-01 to 2016-06-12"),
        ("2016-06-12", 2, "2016-06-01 to 2016-06-12"),
        (None, 13, "2016-06-01 to 2016-06-12"),
        ("2016-06-04", 0, "at least one day"),
        ("yesterday", 1, "write a date"),
        ("2016-06-04T00:00", 1, "no UTC offset"),
        ("2016-06-04T01:00+02:00", 1, "not the start of a day"),
    ],
)
def test_a_span_outside_the_series_is_refused(made_street: Make, start: str | None, days: int, word: str) -> None:
    with pytest.raises(InputError, match=word):
        span_of(made_street(3), start, days)


def test_a_default_folder_has_the_time_and_a_name_without_odd_signs() -> None:
    assert default_folder("Straße / 7").name.split("-", 1)[1] == "straße---7"
    assert default_folder("///").name.endswith("-run")
