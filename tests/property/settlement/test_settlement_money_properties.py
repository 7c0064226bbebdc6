"""A slot's money against a reference in exact fractions, written from the formulas of the design page alone."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.model import FIRST_MEMBER, NETWORK, RESERVE, UTILITY, Fees
from sunfair.settlement import (
    LINES,
    Line,
    SlotTerms,
    exact_sum,
    residual_money,
    settle_slot,
    slot_lines,
    undelivered_debits,
)

PRICES = st.one_of(st.integers(-2_000, 2_000), st.integers(-(10**9), 10**9))
ENERGIES = st.one_of(st.integers(0, 30), st.integers(0, 5_000), st.integers(0, 10**8))


@st.composite
def fees(draw):
    seller = draw(st.integers(5_001, 10_000))
    utility = draw(st.integers(0, 10_000 - seller))
    return Fees(seller, utility, 10_000 - seller - utility)


@st.composite
def trades(draw, members):
    """Balanced trades of one session, per account: any number of (buyer, seller, Wh)."""
    traded = [0] * (FIRST_MEMBER + members)
    place = st.integers(FIRST_MEMBER, FIRST_MEMBER + members - 1)
    for buyer, seller, energy in draw(st.lists(st.tuples(place, place, ENERGIES), max_size=10)):
        traded[buyer] += energy
        traded[seller] -= energy
    return traded


@st.composite
def slots(draw):
    """Terms, and (ahead, pool, metered) per account."""
    members = draw(st.integers(1, 8))
    ahead, pool = draw(trades(members)), draw(trades(members))
    signed = st.tuples(st.sampled_from((-1, 1)), ENERGIES).map(lambda pair: pair[0] * pair[1])
    metered = [0] * FIRST_MEMBER + [
        draw(st.one_of(signed, st.just(ahead[a] + pool[a]))) for a in range(FIRST_MEMBER, FIRST_MEMBER + members)
    ]
    price = [draw(PRICES if any(traded) else st.one_of(PRICES, st.none())) for traded in (ahead, pool)]
    terms = SlotTerms(*price, draw(PRICES), draw(PRICES), draw(fees()))
    return terms, np.array([ahead, pool, metered], np.int64)


def to_pay(energy, price):
    """Value of `energy` Wh (+ taken) at `price`, as what its account pays; negative if it receives."""
    return Fraction(energy * price, 1000)


def session(traded, price, shares):
    """Debits and credits per account of one session."""
    debits, credits = [0] * len(traded), [0] * len(traded)
    for account, energy in enumerate(traded):
        due = to_pay(energy, price)
        if due > 0:
            debits[account] = ceil(due)
        else:
            credits[account] = floor(-due * Fraction(shares.seller_bps, 10_000))
    value = Fraction(sum(e for e in traded if e > 0) * abs(price), 1000)
    credits[UTILITY] = floor(value * Fraction(shares.utility_bps, 10_000))
    credits[NETWORK] = floor(value * Fraction(shares.network_bps, 10_000))
    credits[RESERVE] = sum(debits) - sum(credits)
    return debits, credits


def residual(energy, retail, feed_in):
    """(debit, credit) of r Wh at the utility's tariffs."""
    due = to_pay(energy, retail if energy > 0 else feed_in)
    return (ceil(due), 0) if due > 0 else (0, floor(-due))


def reference(terms, ahead, pool, metered):
    debits, credits = [0] * len(ahead), [0] * len(ahead)
    for traded, price in ((ahead, terms.price_ahead), (pool, terms.price_pool)):
        if price is not None:
            more = session(traded, price, terms.fees)
            debits = [a + b for a, b in zip(debits, more[0], strict=True)]
            credits = [a + b for a, b in zip(credits, more[1], strict=True)]
    for account in range(FIRST_MEMBER, len(ahead)):
        rest = metered[account] - ahead[account] - pool[account]
        debit, credit = residual(rest, terms.retail, terms.feed_in)
        debits[account] += debit
        credits[account] += credit
        credits[UTILITY] += debit
        debits[UTILITY] += credit
    return debits, credits


@settings(deadline=None, max_examples=150)
@given(slots())
def test_money_equals_the_formulas_in_exact_fractions(slot):
    terms, columns = slot
    money = settle_slot(terms, *columns)
    debits, credits = reference(terms, *columns.tolist())
    assert money.debits.tolist() == debits
    assert money.credits.tolist() == credits
    assert money.paid.tolist() == [c - d for c, d in zip(credits, debits, strict=True)]


@settings(deadline=None, max_examples=150)
@given(slots())
def test_no_unit_of_money_appears_or_vanishes(slot):
    terms, columns = slot
    money = settle_slot(terms, *columns)
    assert sum(money.debits.tolist()) == sum(money.credits.tolist())
    assert sum(money.paid.tolist()) == 0
    assert min(money.debits.min(), money.credits.min()) >= 0


@settings(deadline=None, max_examples=150)
@given(slots())
def test_the_reserve_gets_dust_and_no_more(slot):
    """What the contract holds the reserve to: at most one µ per rounding, two sessions of (members + 2) roundings."""
    terms, columns = slot
    money = settle_slot(terms, *columns)
    members = columns.shape[1] - FIRST_MEMBER
    assert money.debits[RESERVE] == 0
    assert 0 <= money.credits[RESERVE] < 2 * (members + 2)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.integers(-(4 * 10**9), 4 * 10**9), min_size=1, max_size=20), PRICES, PRICES)
def test_residual_debits_round_up_and_credits_down(energies, retail, feed_in):
    money = residual_money(np.array(energies), retail, feed_in)
    expected = [residual(energy, retail, feed_in) for energy in energies]
    assert list(zip(money.debits.tolist(), money.credits.tolist(), strict=True)) == expected


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(*[st.integers(-(10**9), 10**9) | st.integers(-20, 20)] * 2), min_size=1, max_size=20),
    PRICES,
    PRICES,
)
def test_undelivered_is_the_part_of_the_residual_that_makes_good_a_trade(pairs, retail, feed_in):
    rest, ahead = np.array(pairs, np.int64).T
    debits = undelivered_debits(rest, ahead, retail, feed_in)
    expected = []
    for r, a in pairs:
        size = min(abs(r), abs(a)) if (r > 0 > a) or (r < 0 < a) else 0
        expected.append(residual(size if r > 0 else -size, retail, feed_in)[0])
    assert debits.tolist() == expected
    assert (debits <= residual_money(rest, retail, feed_in).debits).all()
    assert (debits >= 0).all()


@settings(deadline=None, max_examples=150)
@given(slots())
def test_a_bill_has_every_watt_hour_and_every_unit_of_money(slot):
    terms, columns = slot
    energy, amount = slot_lines(terms, *columns)
    assert energy.shape == amount.shape == (len(LINES), columns.shape[1])
    assert energy.sum(axis=0).tolist() == columns[2].tolist()
    assert amount.sum(axis=0).tolist() == settle_slot(terms, *columns).paid.tolist()


@settings(deadline=None, max_examples=150)
@given(slots())
def test_each_line_of_a_bill_is_what_its_name_says(slot):
    terms, (ahead, pool, metered) = slot
    energy, amount = (
        dict(zip(LINES, lines.tolist(), strict=True)) for lines in slot_lines(terms, ahead, pool, metered)
    )
    rest = (metered - ahead - pool).tolist()
    expected = {
        Line.BOUGHT_AHEAD: ([max(e, 0) for e in ahead.tolist()], terms.price_ahead),
        Line.SOLD_AHEAD: ([min(e, 0) for e in ahead.tolist()], terms.price_ahead),
        Line.BOUGHT_POOL: ([max(e, 0) for e in pool.tolist()], terms.price_pool),
        Line.SOLD_POOL: ([min(e, 0) for e in pool.tolist()], terms.price_pool),
    }
    for line, (part, price) in expected.items():
        debits, credits = session(part, price or 0, terms.fees)
        assert energy[line] == part
        assert amount[line][FIRST_MEMBER:] == [c - d for c, d in zip(credits, debits, strict=True)][FIRST_MEMBER:]
        assert not any(amount[line][:FIRST_MEMBER])
    for line, part in ((Line.GRID_IMPORT, [max(r, 0) for r in rest]), (Line.GRID_EXPORT, [min(r, 0) for r in rest])):
        owed = [residual(r, terms.retail, terms.feed_in) for r in part]
        assert energy[line] == part
        assert amount[line][FIRST_MEMBER:] == [c - d for d, c in owed][FIRST_MEMBER:]
    assert not any(energy[Line.INSTITUTION])
    assert amount[Line.INSTITUTION] == settle_slot(terms, ahead, pool, metered).paid.tolist()[:FIRST_MEMBER] + [0] * (
        len(rest) - FIRST_MEMBER
    )


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_exact_sums_go_beyond_64_bits(values):
    assert exact_sum(np.array(values, np.int64)) == sum(values)
