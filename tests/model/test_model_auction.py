"""The public auction in tiny integers: what no stranger's check refutes is the right result, up to one Wh of rounding."""

from dataclasses import replace
from itertools import combinations_with_replacement, product

import pytest
from small_auction import (
    ALL,
    NO_BUY,
    NO_SELL,
    Rules,
    Sums,
    clear,
    conditions,
    energies,
    fill_ok,
    possible_fills,
    sums,
    total,
)

STEPS = [None, *((q, limit) for q in (-2, -1, 1, 2) for limit in (0, 1, 3))]
BOOKS = [list(book) for n in (1, 2, 3) for book in combinations_with_replacement(STEPS, n)]
PRICES = range(NO_BUY, NO_SELL + 1)


def accepted(book, k=(1, 2), rules: Rules = ALL):
    """Every (price, fills) that no public check refutes, sums being true."""
    one_sided = len({step[0] > 0 for step in book if step}) < 2
    for price in PRICES if one_sided else range(-1, 5):
        root = total([energies(step, 0, price) for step in book])
        if not (root.demand_in <= root.supply_in + root.supply_at or not rules.demand_in_fits):
            continue
        if not (root.supply_in <= root.demand_in + root.demand_at or not rules.supply_in_fits):
            continue
        for fills in possible_fills(book, price, root):
            if conditions(sums(book, fills, price, rules), price, k, rules):
                yield price, fills


@pytest.mark.parametrize("k", [(1, 2), (0, 1), (1, 1), (1, 3)])
def test_exactly_one_price_survives_and_it_is_the_auctions(k):
    """All books of up to three one-step curves: one price, its volume, and fills within 1 Wh; also where V = 0."""
    for book in BOOKS if k == (1, 2) else BOOKS[::9]:
        price, volume, due = clear(book, k)
        found = list(accepted(book, k))
        assert {p for p, _ in found} == {price}, book
        assert due in [fills for _, fills in found]
        for _, fills in found:
            assert sum(f for f in fills if f > 0) == volume == -sum(f for f in fills if f < 0)
            assert all(abs(a - b) <= 1 for a, b in zip(fills, due, strict=True))


def test_bilateral_books_with_any_price_have_no_second_price():
    """Prices far from every limit, too: with both sides present nothing outside the limits passes."""
    for book in BOOKS[::11]:
        price = clear(book)[0]
        for other in (*range(NO_BUY, 0), *range(4, NO_SELL + 1)):
            if other != price:
                for fills in possible_fills(book, other, total([energies(s, 0, other) for s in book])):
                    assert not conditions(sums(book, fills, other), other)


def test_without_the_price_equation_a_false_price_passes():
    """Fills and volume alone leave every price between the bounds open."""
    weak = replace(ALL, price_from_bounds=False)
    assert any(len({p for p, _ in accepted(book, rules=weak)}) > 1 for book in BOOKS[:400])


def test_a_rows_own_fill_may_classify_it():
    """Accepted iff filled, rejected iff not full: the same survivors as with the group's X and Q, in every small book.

    The group shares one limit, and its fills sum to X, so some row is filled iff X > 0 and some is short iff X < Q.
    """
    own = replace(ALL, group_decides=False)
    for book in BOOKS[::3]:
        assert list(accepted(book)) == list(accepted(book, rules=own)), book


def test_in_the_money_must_fit_is_implied_by_what_is_traded():
    """DI ≤ V and SI ≤ V need no check of their own where rows in the money are filled in full and bought = sold = V."""
    weak = replace(ALL, demand_in_fits=False, supply_in_fits=False)
    for book in BOOKS[::3]:
        for price, fills in accepted(book, rules=weak):
            assert price == clear(book)[0], (book, fills)


def test_what_is_traded_must_be_the_volume():
    """Without bought = sold = V the rounding alone moves energy: somebody is sold a Wh that nobody gave."""
    weak = replace(ALL, traded_is_volume=False)
    assert any(sum(fills) != 0 for book in BOOKS for _, fills in accepted(book, rules=weak))


def test_false_no_price():
    """'Nothing traded' where trade was possible: refuted, because V is computed. Were V declared, it would pass."""
    book = [(2, 3), (-2, 3)]
    price, volume, _ = clear(book)
    assert (price, volume) == (3, 2)
    nothing = sums(book, [0, 0], price)
    assert not any(conditions(sums(book, [0, 0], p), p) for p in PRICES)
    weak = replace(ALL, volume_computed=False, price_from_bounds=False)
    assert conditions(nothing, price, rules=weak, declared=0)


def test_diluted_ration():
    """A root that states a larger group than stands below it dilutes the honest share; only a node's sum betrays it."""
    book = [(2, 2), (1, 2), (1, 2), (-2, 2)]  # the honest buyer is due 1 of 2 Wh, two friends share the other
    price, _, due = clear(book)
    true = sums(book, due, price)
    stolen = [0, 1, 1, -2]
    assert not fill_ok(book[0], stolen[0], price, true)
    false = replace(true, demand_at=8)
    assert all(fill_ok(step, fill, price, false) for step, fill in zip(book, stolen, strict=True))
    assert conditions(false, price)


def _merged(q, x, whole):
    return q * x // whole, min(q, q * x // whole + 1)


def test_rounding_per_step_lets_a_split_curve_take_a_wh_per_step():
    """Mid-market rate, several steps at the money: by step a friend with many small steps takes them all."""
    worst = 0
    for steps, honest, left in product(range(1, 9), range(1, 9), range(1, 9)):
        whole = steps + honest  # a friend with `steps` steps of 1 Wh, `honest` homes of 1 Wh each
        if left > whole:
            continue
        fair = steps * left // whole
        by_step = min(sum(_merged(1, left, whole)[1] for _ in range(steps)), left)
        by_row = min(_merged(steps, left, whole)[1], left)
        assert by_row <= fair + 1
        worst = max(worst, by_step - fair)
    assert worst >= 4  # e.g. 8 steps and 8 homes share 8 Wh: the friend is due 4 and takes 8


def test_uniform_auction_has_at_most_one_step_at_the_money():
    """Limits of a curve differ, so per step and per row are the same there: the hole is the mid-market rate's only."""
    assert all(sum(1 for limit in (1, 2, 3) if limit == price) <= 1 for price in range(5))


def test_a_sum_is_neutral_for_no_rows():
    assert total([]) == Sums()
