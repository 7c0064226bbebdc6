"""Credits that carry over, re-allocation, places and rule sets: sums exact, and nothing left idle."""

import itertools

import numpy as np
import pytest

from sunfair.commons import RULE_SETS, Applicant, allocate, carry_credits, check_members, give_places, reallocate
from sunfair.errors import InputError


def ledger_of_one(given: list[int], use: list[int], lifetime: int) -> tuple[list[int], list[int]]:
    """Credits one Wh at a time, each with its date: applied and expired by period."""
    credits: list[int] = []
    applied, expired = [], []
    for period, (new, wanted) in enumerate(zip(given, use, strict=True)):
        credits += [period] * new
        used = min(len(credits), wanted)
        credits = sorted(credits)[used:]
        applied.append(used)
        expired.append(sum(date <= period - lifetime for date in credits))
        credits = [date for date in credits if date > period - lifetime]
    return applied, expired


@pytest.mark.parametrize("lifetime", [0, 1, 2, 5])
def test_credits_against_a_ledger_of_single_watt_hours(lifetime: int) -> None:
    rng = np.random.default_rng(lifetime)
    given, use = rng.integers(0, 9, (12, 4)), rng.integers(0, 9, (12, 4))
    account = carry_credits(given, use, lifetime=lifetime)
    for member in range(4):
        applied, expired = ledger_of_one(given[:, member].tolist(), use[:, member].tolist(), lifetime)
        assert account.applied_wh[:, member].tolist() == applied
        assert account.expired_wh[:, member].tolist() == expired
    left = account.balance_wh[-1]
    assert (given.sum(0) == account.applied_wh.sum(0) + account.expired_wh.sum(0) + left).all()


def test_reallocation_leaves_nothing_idle_and_gives_nobody_too_much() -> None:
    """Every small plant of three members: the sum is all that can be shared, and static is never undercut."""
    shares = [5_000, 3_000, 2_000]
    cases = np.array(list(itertools.product(range(6), repeat=4)))
    generation, use = cases[:, 0], cases[:, 1:]
    got = reallocate(generation, use, shares)
    assert (got.sum(1) == np.minimum(generation, use.sum(1))).all()
    assert (got <= use).all()
    assert (got >= allocate("static", generation, use, shares).shared_wh).all()
    worked = reallocate([1_000], [[100, 500, 900]], shares)  # 100 of 500; of 400 left 3 : 2, then the rest to the third
    assert worked.tolist() == [[100, 500, 400]]


def test_who_has_no_share_gets_nothing_even_of_what_is_idle() -> None:
    assert reallocate([10], [[3, 100]], [10_000, 0]).tolist() == [[3, 0]]


def test_places_by_order_with_some_kept_for_low_incomes() -> None:
    people = [Applicant(str(at), 100, low_income=at in (4, 6, 7)) for at in range(8)]
    places = give_places(people, 5, 2)
    assert places.seated == (0, 1, 2, 4, 6)
    assert places.waiting == (3, 5, 7)
    few = give_places(people[:4], 3, 2)  # nobody wants the kept places: they are not left empty
    assert few.seated == (0, 1, 2)
    with pytest.raises(InputError, match="6 of 5"):
        give_places(people, 5, 6)


def test_rule_sets_name_what_is_broken() -> None:
    members = [Applicant(f"m{at}", 1_000, distance_m=100) for at in range(10)]
    for name, rules in RULE_SETS.items():
        check_members(rules, "static", members, peak_w=60_000, year_wh=60_000_000)
        assert rules.source, name
    large = [Applicant("shop", 4_001, demand_w=30_000), Applicant("far", 5_998, distance_m=2_500), Applicant("flat", 1)]
    with pytest.raises(InputError) as caught:
        check_members(RULE_SETS["new-york"], "dynamic", large, peak_w=6_000_000, year_wh=60_000_000)
    assert [fault.place for fault in caught.value.faults] == ["key", "members", "large users", "plant", "flat"]
    with pytest.raises(InputError, match="far: is 2500 m away"):
        check_members(RULE_SETS["spain"], "static", large, peak_w=60_000, year_wh=60_000_000)
    short = [Applicant("a", 5_000), Applicant("b", 4_999)]
    with pytest.raises(InputError, match="sum to 9999 bps"):
        check_members(RULE_SETS["austria"], "static", short, peak_w=1, year_wh=1)


def test_credits_with_gaps_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="given_wh: has a gap in slot 1"):
        carry_credits([[1], [None]], [[1], [1]], lifetime=1)
    with pytest.raises(InputError, match="must be the same"):
        carry_credits([[1], [1]], [[1]], lifetime=1)
