"""A retailer's statement: by hand, by conservation, and against the proven bill's own rounding."""

from fractions import Fraction

import numpy as np
import pytest

from sunfair.settlement.retail import RetailLine, Supply, statement
from sunfair.settlement.row import residual_parts

ALL = np.ones(3, np.bool_)


def supply(name, price, *, fee=0, order=None, there=ALL):
    wanted = None if order is None else np.array(order)
    return Supply(name, fee, np.array(price), np.array(there), wanted)


def lines(made):
    return {(line.market, line.line): (line.energy_wh, line.amount) for line in made.lines}


def test_by_hand():
    residual, retail = np.array([1_000, 2_000, 0]), np.full(3, 320_000)
    ahead = supply("ahead", [100_000, 150_000, 200_000], fee=15_000, order=[1_500, 500, 100])
    live = supply("live", [400_000, 300_000, 90_000], there=[True, True, False])
    made = statement(residual, retail, [live, ahead])
    assert lines(made) == {
        ("ahead", RetailLine.ORDERED): (1_500, -(100_000 + 75_000)),
        ("ahead", RetailLine.UNUSED): (600, -(50_000 + 20_000)),
        ("ahead", RetailLine.FEE): (2_100, -(22_500 + 7_500 + 1_500)),
        ("live", RetailLine.REAL_TIME): (1_500, -450_000),
        ("", RetailLine.TARIFF): (3_000, 960_000),
    }
    assert made.amount == sum(amount for _, amount in lines(made).values())
    assert made.waived_wh == 0


def test_the_allowance_waives_fees_and_no_more_than_is_left():
    residual, retail = np.array([300, 300, 300]), np.full(3, 320_000)
    live = supply("live", [100_000] * 3, fee=10_000)
    whole = statement(residual, retail, [live])
    part = statement(residual, retail, [live], allowance_wh=450)
    assert part.waived_wh == 450
    assert lines(part)["live", RetailLine.ALLOWANCE] == (450, 4_500)
    assert part.amount == whole.amount + 4_500
    assert statement(residual, retail, [live], allowance_wh=10**9).waived_wh == 900
    assert part.hash != whole.hash


@pytest.mark.parametrize("seed", range(30))
def test_with_the_proven_bill_a_home_pays_what_it_was_asked(seed):
    """Proven residual and statement together are the market's price for what it covers and the tariff for the rest,
    to a µ a slot and rounding, always against the home.
    """
    random = np.random.RandomState(seed)
    size = 40
    residual = random.randint(-3_000, 3_000, size)
    retail = random.randint(-50_000, 500_000, size)
    there = random.rand(size) < 0.8
    price, fee = random.randint(-500_000, 900_000, size), int(random.randint(0, 50_000))
    order = random.randint(0, 3_000, size) * there
    ahead = Supply("ahead", fee, price, there, order)
    live = Supply("live", fee, price - 7_777, random.rand(size) < 0.7)
    allowance = int(random.randint(0, 40_000))
    made = statement(residual, retail, [ahead, live], allowance_wh=allowance)
    proven = sum(
        credit - debit
        for wh, tariff in zip(np.maximum(residual, 0).tolist(), retail.tolist(), strict=True)
        for debit, credit in [residual_parts(wh, tariff, -(10**9))]
    )
    exact, waived = Fraction(0), 0
    need = np.maximum(residual, 0).tolist()
    first = [min(n, o) for n, o in zip(need, order.tolist(), strict=True)]
    second = [(n - f) if ok else 0 for n, f, ok in zip(need, first, live.there.tolist(), strict=True)]
    for used in (first, second):
        for wh in used:
            waived += min(wh, allowance - waived)
    for at in range(size):
        unused = int(order[at]) - first[at]
        exact -= Fraction(first[at] * int(price[at] + fee) + unused * int(max(price[at], 0) + fee), 1000)
        exact -= Fraction(second[at] * int(live.price[at] + fee), 1000)
        exact -= Fraction((need[at] - first[at] - second[at]) * int(retail[at]), 1000)
    exact += Fraction(waived * fee, 1000)
    assert made.waived_wh == waived <= allowance
    assert exact - 7 * size < proven + made.amount <= exact + 1


def test_attack_order_without_end_at_a_negative_price():
    """What is not taken earns nothing, however much is ordered."""
    residual, retail = np.array([1_000]), np.full(1, 320_000)
    there = np.ones(1, np.bool_)
    made = [
        statement(residual, retail, [Supply("ahead", 0, np.array([-50_000]), there, np.array([wh]))])
        for wh in (1_000, 10**9)
    ]
    assert made[0].amount == made[1].amount == 50_000 + 320_000
