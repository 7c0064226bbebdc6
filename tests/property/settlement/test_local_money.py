"""The money of an ahead session at a price for each account: it conserves, whatever the prices, and hides nothing."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.model import FIRST_MEMBER, NETWORK, RESERVE, UTILITY, Fees
from sunfair.settlement import LINES, Line, SlotTerms, settle_slot, slot_lines

BIG = 10**9


@st.composite
def sessions(draw):
    """Trades that balance, and local prices at which buyers pay no less than sellers are due."""
    members = draw(st.integers(1, 9))
    traded = [0] * (FIRST_MEMBER + members)
    place = st.integers(FIRST_MEMBER, FIRST_MEMBER + members - 1)
    wh = st.one_of(st.integers(1, 50), st.integers(1, BIG))
    for buyer, seller, energy in draw(st.lists(st.tuples(place, place, wh), max_size=8)):
        traded[buyer] += energy
        traded[seller] -= energy
    level = draw(st.integers(-BIG // 2, BIG // 2))
    gaps = [draw(st.integers(0, BIG // 2)) for _ in traded]
    price = [level + gap if energy > 0 else level - gap for energy, gap in zip(traded, gaps, strict=True)]
    fees = draw(st.sampled_from((Fees(), Fees(10_000, 0, 0), Fees(5_001, 4_999, 0), Fees(9_000, 1, 999))))
    metered = [0, 0, 0, *(draw(st.integers(-BIG, BIG)) for _ in range(members))]
    return SlotTerms(level, None, 300_000, 80_000, fees, tuple(price)), np.array([traded, metered], np.int64)


def money(terms, columns):
    traded, metered = columns
    return settle_slot(terms, traded, np.zeros_like(traded), metered)


@settings(deadline=None, max_examples=80)
@given(sessions())
def test_no_unit_of_money_appears_or_vanishes(scene):
    terms, columns = scene
    paid = money(terms, columns)
    assert sum(paid.debits.tolist()) == sum(paid.credits.tolist())
    assert min(paid.debits.min(), paid.credits.min()) >= 0
    members = columns.shape[1] - FIRST_MEMBER
    # The contract holds the reserve to dust: the rent must not lie there.
    assert 0 <= paid.paid[RESERVE] < members + 2


@settings(deadline=None, max_examples=80)
@given(sessions())
def test_each_account_has_the_formula_in_exact_fractions(scene):
    terms, columns = scene
    traded = columns[0].tolist()
    paid = money(terms, (columns[0], columns[0])).paid.tolist()  # all delivered: no residual
    own, due = [], Fraction(0)
    for energy, price in zip(traded, terms.local_ahead, strict=True):
        value = Fraction(energy * price, 1000)
        own.append(-ceil(value) if value > 0 else floor(-value * Fraction(terms.fees.seller_bps, 10_000)))
        due += max(-value, 0)
    utility, network = (floor(due * Fraction(bps, 10_000)) for bps in (terms.fees.utility_bps, terms.fees.network_bps))
    left = -sum(own) - utility - network
    each = left // (len(traded) - FIRST_MEMBER)
    assert (paid[UTILITY], paid[NETWORK]) == (utility, network)
    assert paid[FIRST_MEMBER:] == [amount + each for amount in own[FIRST_MEMBER:]]
    assert sum(paid) == 0


@settings(deadline=None, max_examples=40)
@given(sessions())
def test_a_bill_says_what_of_it_is_the_wires_and_adds_up(scene):
    terms, columns = scene
    traded, metered = columns
    energy, amount = slot_lines(terms, traded, np.zeros_like(traded), metered)
    assert amount.sum(axis=0).tolist() == money(terms, columns).paid.tolist()
    shares = set(amount[LINES.index(Line.WIRES), FIRST_MEMBER:].tolist())
    assert len(shares) == 1
    assert min(shares) >= 0
    assert not energy[LINES.index(Line.WIRES)].any()


@settings(deadline=None, max_examples=40)
@given(sessions())
def test_one_price_everywhere_is_the_uniform_session_but_for_the_dust(scene):
    terms, columns = scene
    count = columns.shape[1]
    local = SlotTerms(200_000, None, terms.retail, terms.feed_in, terms.fees, (200_000,) * count)
    plain = SlotTerms(200_000, None, terms.retail, terms.feed_in, terms.fees)
    apart = money(local, columns).paid - money(plain, columns).paid
    assert np.abs(apart[:NETWORK]).max() <= 1
    assert apart[FIRST_MEMBER:].min() >= 0
    assert apart[FIRST_MEMBER:].max() <= 2  # dust alone


def test_attack_prices_that_pay_out_more_than_they_take_in_are_refused():
    terms = SlotTerms(1, None, 0, 0, Fees(), (0, 0, 0, 100_000, 300_000))
    with pytest.raises(ValueError, match="buyers pay"):
        money(terms, np.array([[0, 0, 0, 5_000, -5_000]] * 2, np.int64))


def test_attack_prices_of_too_few_accounts_are_refused():
    terms = SlotTerms(1, None, 0, 0, Fees(), (0, 0, 0, 1))
    with pytest.raises(ValueError, match="4 local prices for 5 accounts"):
        money(terms, np.array([[0, 0, 0, 5, -5]] * 2, np.int64))
