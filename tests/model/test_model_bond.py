"""Bond, takeover, escape: what an operator gains by falling, by taking its bond home, by waiting for the end."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import pytest
from small_period import SELLER, WHOLE

BOND = 100


# ── Who gets the bond at the escape ───────────────────────────────────────────────────────────────────────────────────


def recovered(rule, members, friends, deposit=0, washed=0):
    """Share of the bond that comes back to the operator's side. Honest members hold 10 and earned 10 each."""
    honest = members - friends
    if rule == "equal shares":
        return Fraction(friends, members)
    if rule == "balances":
        return Fraction(deposit, deposit + 10 * honest) if friends else Fraction(0)
    credit = washed * SELLER // WHOLE  # "positive amounts": what friends sold to friends counts like any sale
    return Fraction(credit, credit + 10 * honest) if friends else Fraction(0)


def test_equal_shares_cannot_be_bought():
    for members, friends, deposit, washed in product((4, 20), range(4), (0, 10, 1000), (0, 10, 1000)):
        assert recovered("equal shares", members, friends, deposit, washed) == Fraction(friends, members)


@pytest.mark.parametrize(("rule", "money"), [("balances", {"deposit": 10_000}), ("amounts", {"washed": 10_000})])
def test_whale_at_the_escape(rule, money):
    """A deposit, early or late, or a wash trade in the last applied period: one friend of twenty takes back most of the bond."""
    assert recovered(rule, 20, 1, **money) > Fraction(9, 10)
    assert recovered("equal shares", 20, 1, **money) == Fraction(1, 20)


def test_positive_amounts_may_all_be_missing():
    """A last period in which no member earned anything leaves a division by nothing."""
    with pytest.raises(ZeroDivisionError):
        recovered("amounts", 3, 3, washed=0)


# ── What falling is worth ─────────────────────────────────────────────────────────────────────────────────────────────


def rollback(rule, slots):
    """What friends gain when the operator falls once; `slots`: friends' profit or loss of each open slot.

    per slot : every slot with a planted error can be made void, one challenge each; they choose
    all open : the fall voids everything
    """
    if rule == "per slot":
        return sum(-value for value in slots if value < 0)
    return max(0, -sum(slots))


def test_voiding_all_that_is_open_is_never_the_better_rollback():
    for slots in product(range(-3, 4), repeat=4):
        assert rollback("all open", slots) <= rollback("per slot", slots)
    assert any(rollback("all open", slots) < rollback("per slot", slots) for slots in product((-3, 3), repeat=4))


def net_of_a_fall(gain, members, friends, bond=BOND):
    """20 % to the challenger (a friend), the rest in equal shares."""
    back = Fraction(bond, 5) + Fraction(bond * 4, 5) * Fraction(friends, members)
    return gain + back - bond


def test_bond_that_makes_falling_a_loss():
    """It has to exceed the open days' gain divided by 4/5 of the honest share: one day's turnover is not enough for three."""
    day = BOND - 1  # turnover a little below the bond
    assert net_of_a_fall(3 * day, 20, 3) > 0
    for members, friends, gain in product((4, 20, 100), range(4), range(0, 400, 7)):
        if friends < members:
            enough = Fraction(gain) / (Fraction(4, 5) * (1 - Fraction(friends, members)))
            assert net_of_a_fall(gain, members, friends, enough) == 0


def test_falling_by_silence_must_cost_the_bond():
    """Were it free, every loss of the open days could be undone by not settling."""
    assert net_of_a_fall(gain=1, members=20, friends=0, bond=0) > 0
    assert net_of_a_fall(gain=1, members=20, friends=3) < 0


# ── Planted errors after the fall ─────────────────────────────────────────────────────────────────────────────────────


def reaches_escape(planted, rule, escape, window):
    """Whether a friend's challenges keep honest successors from applying; each cancels one settlement and costs only gas."""
    now, void = 0, rule == "all open"
    while now + window <= escape:
        if void or planted == 0:
            return False  # this settlement is applied
        planted -= 1
        now += window
    return True


def test_stalled_resettlement():
    """One bond, ten planted errors: with a void per slot the market ends; with everything void the first settlement stands."""
    assert reaches_escape(planted=10, rule="per slot", escape=7, window=1)
    for planted, escape, window in product(range(1, 100, 7), range(2, 9), (1, 2)):
        assert not reaches_escape(planted, "all open", escape, window)


# ── Taking the bond home by true rows ─────────────────────────────────────────────────────────────────────────────────


def wash(price, rule):
    """Friend B buys one Wh from friend A without a balance: (taken home by A, bond left), or None: settle refused."""
    cover, credit = price * WHOLE, price * SELLER
    if rule == "from the bond":
        return credit, max(0, BOND * WHOLE - cover)
    return None  # beside the bond: the operator first posts what the guarantor lacks


def test_bond_taken_home_by_a_wash_trade():
    """All rows are true. 80 of 100 reach the friend, and the days already running have no bond behind them."""
    home, left = wash(BOND, "from the bond")
    assert (home, left) == (8 * BOND, 0)
    assert wash(BOND, "beside the bond") is None


# ── The last days ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Clock:
    """Days since the last apply at which things happen."""

    escape: int = 8
    takeover: int = 3
    window: int = 1
    deposits_until: int = 99  # S7: half the escape time


def applied_before_escape(clock, fell, lack):
    """Whether an honest successor, acting as soon as it may, gets a settlement applied.

    `fell`: day on which the operator fell or fell silent for good; `lack`: what the utility has to deposit first.
    """
    for day in range(clock.escape):
        in_office = day >= max(fell, clock.takeover)
        if in_office and lack and day <= clock.deposits_until:
            lack = 0
        if in_office and not lack and day + clock.window <= clock.escape:
            return True
    return False


def test_refused_deposits_make_the_escape_certain():
    """The operator falls late, the utility lacks one µ: nobody may pay it in, no settlement is valid."""
    s7 = Clock(deposits_until=4)
    assert not applied_before_escape(s7, fell=5, lack=1)
    for fell, lack in product(range(8), (0, 1)):
        assert applied_before_escape(Clock(), fell, lack)


def test_escape_must_outlast_takeover_and_window():
    """Shorter, and no successor is ever in time."""
    assert not applied_before_escape(Clock(escape=4, takeover=4), fell=0, lack=0)
    assert applied_before_escape(Clock(escape=5, takeover=4), fell=0, lack=0)
