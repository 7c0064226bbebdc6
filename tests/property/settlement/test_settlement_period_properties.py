"""A period's amounts: zero-sum, never below zero, neighbours always paid, whoever cannot pay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.errors import InputError
from sunfair.model import FIRST_MEMBER, NETWORK, RESERVE, UTILITY, Fees
from sunfair.settlement import SlotTerms, claims, period_money, settle_slot

RICH = 10**15


@st.composite
def periods(draw):
    """Opening balances, and the money of a few slots: rows, and what of them the utility may claim, per account."""
    members, slots = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    accounts = FIRST_MEMBER + members
    rows, claimed = np.zeros((2, accounts), np.int64)
    for _ in range(slots):
        columns = np.zeros((3, accounts), np.int64)
        for traded in columns[:2]:
            for _ in range(draw(st.integers(0, 4))):
                buyer, seller = (draw(st.integers(FIRST_MEMBER, accounts - 1)) for _ in range(2))
                energy = draw(st.integers(1, 5_000))
                traded[buyer] += energy
                traded[seller] -= energy
        columns[2, FIRST_MEMBER:] = [draw(st.integers(-5_000, 5_000)) for _ in range(members)]
        price = st.integers(-300_000, 500_000)
        tariffs = sorted(draw(st.tuples(price, price)))
        terms = SlotTerms(draw(price), draw(price), tariffs[1], tariffs[0], Fees(8_000, 1_200, 800))
        rows += settle_slot(terms, *columns).paid
        claimed += claims(terms, *columns)
    poor = st.integers(0, 3_000_000)
    balances = np.array([RICH, 0, 0] + [draw(poor) for _ in range(members)], np.int64)
    return balances, rows, claimed


@settings(deadline=None, max_examples=150)
@given(periods())
def test_amounts_and_the_guarantor_sum_to_zero(period):
    money = period_money(*period)
    assert sum(money.amounts.tolist()) - money.guarantor == 0
    assert money.guarantor == sum(money.cover.tolist()) >= 0


@settings(deadline=None, max_examples=150)
@given(periods())
def test_no_balance_falls_below_zero_and_none_is_lifted_above_it(period):
    balances = period[0]
    money = period_money(*period)
    after = balances + money.amounts
    assert (after >= 0).all()
    helped = (money.arrears + money.cover) > 0
    assert (after[helped] == 0).all()


@settings(deadline=None, max_examples=150)
@given(periods())
def test_a_shortfall_is_arrears_first_then_cover(period):
    balances, rows, claimed = (column.tolist() for column in period)
    money = period_money(*period)
    for account in range(FIRST_MEMBER, len(rows)):
        shortfall = max(0, -(balances[account] + rows[account]))
        claim = claimed[account]
        assert money.arrears[account] == min(shortfall, claim)
        assert money.arrears[account] + money.cover[account] == shortfall
        assert 0 <= money.arrears[account] <= claim


@settings(deadline=None, max_examples=150)
@given(periods())
def test_whoever_can_pay_gets_and_gives_what_its_rows_say(period):
    """An honest seller is paid in full however poor its buyers are; only the utility waits, for its own claims."""
    balances, rows = period[:2]
    money = period_money(*period)
    for account in range(FIRST_MEMBER, len(rows)):
        if balances[account] + rows[account] >= 0:
            assert money.amounts[account] == rows[account]
    assert money.rows.tolist() == rows.tolist()
    assert money.amounts[UTILITY] == rows[UTILITY] - sum(money.arrears.tolist())
    assert money.amounts[[NETWORK, RESERVE]].tolist() == rows[[NETWORK, RESERVE]].tolist()
    assert not money.arrears[:FIRST_MEMBER].any()
    assert not money.cover[:FIRST_MEMBER].any()


@pytest.mark.parametrize(("institution", "name"), [(UTILITY, "utility"), (NETWORK, "network"), (RESERVE, "reserve")])
def test_an_institution_without_the_money_is_named(institution, name):
    rows = np.zeros(5, np.int64)
    rows[institution], rows[3] = -10, 10
    nothing = np.zeros(5, np.int64)
    balances = np.where(np.arange(5) == institution, 9, 0)
    with pytest.raises(InputError, match=f"the {name} account cannot pay"):
        period_money(balances, rows, nothing)
    balances[institution] = 10
    assert period_money(balances, rows, nothing).amounts.tolist() == rows.tolist()


def test_arrears_can_leave_the_utility_short():
    """The utility's rows alone are affordable; less the arrears they are not: it has to deposit, nobody else pays."""
    balances = np.array([10, 0, 0, 0, 0], np.int64)
    rows = np.array([-10, 0, 0, -20, 30], np.int64)
    claimed = np.array([0, 0, 0, 20, 0], np.int64)
    with pytest.raises(InputError, match="the utility account cannot pay"):
        period_money(balances, rows, claimed)
    balances[UTILITY] = 30
    assert period_money(balances, rows, claimed).amounts.tolist() == [-30, 0, 0, 0, 30]
