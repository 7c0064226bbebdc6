"""Prepaid credit: by its states, and never beyond the permission."""

import random
from dataclasses import astuple

import numpy as np

from sunfair.agent.credit import Credit, CreditState, follow_credit, without_buys
from sunfair.model import Curves, Prepaid
from sunfair.units import NO_BUY

DAY = 86_400
PREPAID = Prepaid(notice=10_000_000, top_up=20_000_000, per_day=40_000_000, in_total=100_000_000)
BY_HAND = Prepaid(notice=10_000_000)


def walk(prepaid, *looks):
    """States, whether it buys, top-ups and notices at (balance, due, now) one after the other; money in whole units."""
    credit, seen = Credit(prepaid), []
    for balance, due, now in looks:
        credit, step = follow_credit(credit, balance=balance * 1_000_000, due=due * 1_000_000, now=now)
        seen.append((str(credit.state), step.buys, step.top_up // 1_000_000, step.notice))
    return seen


def test_an_owner_without_permission_is_told_once_and_falls_back_to_the_utility():
    seen = walk(BY_HAND, (50, 0, 0), (50, 41, 1), (50, 45, 2), (50, 50, 3), (50, 55, 4), (55, 50, 5), (60, 50, 6))
    assert [state for state, *_ in seen] == ["funded", "low", "low", "empty", "empty", "empty", "funded"]
    assert [buys for _, buys, _, _ in seen] == [True, True, True, False, False, False, True]
    assert {top_up for *_, top_up, _ in seen} == {0}
    assert [bool(notice) for *_, notice in seen] == [False, True, False, True, False, False, True]
    assert "the utility supplies you" in seen[3][3]
    assert "9.00 are left; pay in to go on trading" in seen[1][3]


def test_a_low_balance_is_topped_up_once_until_it_has_arrived():
    seen = walk(PREPAID, (12, 3, 0), (12, 4, 1), (32, 4, 2), (32, 25, 3), (32, 26, 4))
    assert [top_up for *_, top_up, _ in seen] == [20, 0, 0, 20, 0]
    assert "20.00 are paid in by your standing permission" in seen[0][3]


def test_the_day_and_the_whole_are_bounded():
    credit, taken = Credit(PREPAID), {}
    for hour in range(24 * 6):
        now = hour * 3600
        balance = 5_000_000 if hour % 2 else 5_000_000 + sum(taken.values())  # it arrives and is used up
        credit, step = follow_credit(credit, balance=balance, due=balance - 5_000_000, now=now)
        taken[now // DAY] = taken.get(now // DAY, 0) + step.top_up
    assert max(taken.values()) == PREPAID.per_day
    assert sum(taken.values()) == PREPAID.in_total


def test_whatever_happens_no_step_exceeds_the_permission():
    chance = random.Random(5)
    for _ in range(20):
        top_up = chance.randint(1, 50)
        per_day = top_up + chance.randint(0, 100)
        prepaid = Prepaid(chance.randint(0, 30), top_up, per_day, per_day + chance.randint(0, 300))
        credit, days, now = Credit(prepaid), {}, 0
        for _ in range(100):
            now += chance.randint(0, DAY // 2)
            balance, due = chance.randint(-20, 60), chance.randint(-5, 60)
            before = credit.state
            credit, step = follow_credit(credit, balance=balance, due=due, now=now)
            days[now // DAY] = days.get(now // DAY, 0) + step.top_up
            assert step.buys == (credit.state is not CreditState.EMPTY)
            assert (credit.state is CreditState.FUNDED) == (balance - max(due, 0) >= max(prepaid.notice, 1))
            assert bool(step.notice) == (credit.state is not before or step.top_up > 0)
        assert max(days.values()) <= prepaid.per_day
        assert sum(days.values()) <= prepaid.in_total


def test_an_empty_home_still_sells():
    curves = Curves.empty(4)
    curves.energy_wh[:, 0], curves.limit[:, 0] = [500, 500, -300, -300], 200_000
    curves.pool_buy[:], curves.pool_sell[:] = 310_000, 100_000
    left = without_buys(curves, np.array([True, False, True, False]))
    assert left.energy_wh[:, 0].tolist() == [0, 500, -300, -300]
    assert left.limit[:, 0].tolist() == [0, 200_000, 200_000, 200_000]
    assert left.pool_buy.tolist() == [NO_BUY, 310_000, NO_BUY, 310_000]
    assert left.pool_sell.tolist() == [100_000] * 4
    everybody = without_buys(curves, np.zeros(4, np.bool_))
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(astuple(everybody), astuple(curves), strict=True))
