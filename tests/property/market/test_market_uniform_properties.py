"""The uniform auction against a linear program, against the rules in plain Python, and against itself."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from sunfair.market import Offers, clear_uniform, clear_uniform_many
from sunfair.market.rationing import divide_products, share_out

Step = tuple[int, int]  # (energy_wh, limit)

BIG = 10**9
few_limits = st.integers(-6, 6)
any_limit = st.one_of(few_limits, st.integers(-BIG, BIG), st.sampled_from([-BIG, BIG - 1, BIG]))
small_energy = st.integers(-30, 30).filter(bool)
any_energy = st.one_of(small_energy, st.integers(-BIG, BIG).filter(bool), st.sampled_from([-BIG, BIG, BIG - 1]))
small_books = st.lists(st.tuples(small_energy, few_limits), max_size=14)
any_books = st.lists(st.tuples(any_energy, any_limit), max_size=14)
fractions = st.one_of(
    st.sampled_from([(0, 1), (1, 2), (1, 1), (1, 3)]),
    st.integers(1, 10**30).flatmap(lambda den: st.tuples(st.integers(0, den), st.just(den))),
)


def offers_of(steps: list[Step]) -> Offers:
    return Offers(list(range(len(steps))), [energy for energy, _ in steps], [limit for _, limit in steps])


# --- the rules of the page, in plain Python, with integers of any size -------------------------------------------


def largest_remainder(asked: list[int], left: int) -> list[int]:
    total = sum(asked)
    shares = [q * left // total for q in asked]
    by_remainder = sorted(range(len(asked)), key=lambda i: (-(asked[i] * left % total), i))
    for i in by_remainder[: left - sum(shares)]:
        shares[i] += 1
    return shares


def accepted_and_rejected(side: list[Step], volume: int) -> tuple[list[int], list[int]]:
    """Limits of a side (best first) that are accepted, and that are rejected; a step in part is both."""
    accepted, rejected, left = [], [], volume
    for quantity, limit in side:
        if left > 0:
            accepted.append(limit)
        if quantity > left:
            rejected.append(limit)
        left = max(0, left - quantity)
    return accepted, rejected


def clear_by_the_page(steps: list[Step], k: tuple[int, int]) -> tuple[int | None, int, list[int]]:
    buys = sorted(((q, limit) for q, limit in steps if q > 0), key=lambda step: -step[1])
    sells = sorted(((-q, limit) for q, limit in steps if q < 0), key=lambda step: step[1])

    def matched(p: int) -> int:
        return min(sum(q for q, limit in buys if limit >= p), sum(q for q, limit in sells if limit <= p))

    volume = max((matched(p) for _, p in steps), default=0)
    if volume == 0:
        return None, 0, [0] * len(steps)
    accepted_buys, rejected_buys = accepted_and_rejected(buys, volume)
    accepted_sells, rejected_sells = accepted_and_rejected(sells, volume)
    low = max([max(accepted_sells), *rejected_buys])
    high = min([min(accepted_buys), *rejected_sells])
    price = low + ((high - low) * k[0]) // k[1]
    filled = [0] * len(steps)
    for sign in (1, -1):
        in_the_money = [i for i, (q, limit) in enumerate(steps) if q * sign > 0 and (limit - price) * sign > 0]
        at_the_money = [i for i, (q, limit) in enumerate(steps) if q * sign > 0 and limit == price]
        for i in in_the_money:
            filled[i] = steps[i][0]
        if at_the_money:
            left = volume - sum(abs(filled[i]) for i in in_the_money)
            shares = largest_remainder([abs(steps[i][0]) for i in at_the_money], left)
            for i, share in zip(at_the_money, shares, strict=True):
                filled[i] = sign * share
    return price, volume, filled


def cleared(steps: list[Step], k: tuple[int, int] = (1, 2)) -> tuple[int | None, int, list[int]]:
    result = clear_uniform(offers_of(steps), k=k)
    return result.price, result.volume_wh, result.filled_wh.tolist()


@settings(deadline=None, max_examples=600)
@given(small_books, fractions)
def test_as_the_page_says_where_ties_abound(steps: list[Step], k: tuple[int, int]) -> None:
    assert cleared(steps, k) == clear_by_the_page(steps, k)


@settings(deadline=None, max_examples=600)
@given(any_books, fractions)
def test_as_the_page_says_up_to_the_bounds(steps: list[Step], k: tuple[int, int]) -> None:
    assert cleared(steps, k) == clear_by_the_page(steps, k)


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 10, 1000, BIG]), st.sampled_from([1, 3, 40, BIG]))
def test_as_the_page_says_in_larger_books(seed: int, energies: int, limits: int) -> None:
    """Hundreds of steps, from one limit for all to none alike."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, energies, 250, endpoint=True) * rng.choice([-1, 1], 250)
    steps = list(zip(sizes.tolist(), rng.integers(-limits, limits, 250, endpoint=True).tolist(), strict=True))
    assert cleared(steps) == clear_by_the_page(steps, (1, 2))


# --- a linear program -------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(small_energy, few_limits), min_size=1, max_size=14))
def test_welfare_is_the_optimum_and_volume_the_most_at_it(steps: list[Step]) -> None:
    """max Σ limit·buy − Σ limit·sell; a 1/1000 per Wh on top picks the largest volume among equal welfares.

    (At most 14 · 30 Wh trade, so the extra is below 1, and welfare is an integer at every vertex.)
    """
    values = [limit if energy > 0 else -limit for energy, limit in steps]
    bonus = [0.001 if energy > 0 else 0.0 for energy, _ in steps]
    program = linprog(
        c=[-(value + extra) for value, extra in zip(values, bonus, strict=True)],
        A_eq=[[1 if energy > 0 else -1 for energy, _ in steps]],
        b_eq=[0],
        bounds=[(0, abs(energy)) for energy, _ in steps],
        method="highs",
    )
    assert program.status == 0
    best_volume = sum(x for x, (energy, _) in zip(program.x, steps, strict=True) if energy > 0)
    best_welfare = sum(value * x for value, x in zip(values, program.x, strict=True))
    _, volume, filled = cleared(steps)
    welfare = sum(fill * limit for fill, (_, limit) in zip(filled, steps, strict=True))
    assert (welfare, volume) == (round(best_welfare), round(best_volume))


# --- what must hold of every result -----------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(any_books, fractions)
def test_nothing_appears_or_vanishes(steps: list[Step], k: tuple[int, int]) -> None:
    price, volume, filled = cleared(steps, k)
    assert sum(filled) == 0
    assert sum(fill for fill in filled if fill > 0) == volume
    for fill, (energy, limit) in zip(filled, steps, strict=True):
        assert 0 <= fill * (1 if energy > 0 else -1) <= abs(energy)
        if fill:
            assert price is not None
            assert (limit - price) * (1 if energy > 0 else -1) >= 0  # nobody trades beyond the limit


@settings(deadline=None, max_examples=300)
@given(any_books, st.randoms(use_true_random=False), fractions)
def test_input_order_moves_no_fill_by_more_than_one_wh(steps: list[Step], chance, k: tuple[int, int]) -> None:
    order = list(range(len(steps)))
    chance.shuffle(order)
    price, volume, filled = cleared(steps, k)
    other_price, other_volume, other_filled = cleared([steps[i] for i in order], k)
    assert (price, volume) == (other_price, other_volume)
    assert all(abs(filled[i] - fill) <= 1 for i, fill in zip(order, other_filled, strict=True))


@settings(deadline=None, max_examples=300)
@given(st.lists(any_books, max_size=9), fractions)
def test_a_batch_is_its_books_one_by_one(books: list[list[Step]], k: tuple[int, int]) -> None:
    """Wide limits and energies in several books do not fit one sort key: both ways to sort are met here."""
    start = np.cumsum([0, *(len(book) for book in books)])
    together = clear_uniform_many(offers_of([step for book in books for step in book]), start, k=k)
    for i, (book, (a, b)) in enumerate(zip(books, pairwise(start.tolist()), strict=True)):
        price, volume, filled = cleared(book, k)
        assert (together.price[i], together.volume_wh[i]) == (price or 0, volume)
        assert together.filled_wh[a:b].tolist() == filled


@settings(deadline=None, max_examples=200)
@given(any_books, fractions)
def test_k_moves_the_price_between_the_bounds_and_no_fill(steps: list[Step], k: tuple[int, int]) -> None:
    low, volume, filled = cleared(steps, (0, 1))
    high, *_ = cleared(steps, (1, 1))
    price, other_volume, other_filled = cleared(steps, k)
    assert (volume, filled) == (other_volume, other_filled)
    assert (low is None) == (price is None)
    assert low is None or low <= price <= high


# --- the products that do not fit int64 -------------------------------------------------------------------------

wholes = st.one_of(st.integers(1, 2**62 - 1), st.integers(0, 61).map(lambda bits: 2**bits), st.integers(1, 10**6))


@settings(deadline=None, max_examples=600)
@given(st.data(), st.lists(wholes, min_size=1, max_size=4))
def test_products_are_divided_exactly(data: st.DataObject, whole: list[int]) -> None:
    part = [data.draw(st.one_of(st.integers(0, total), st.sampled_from([0, total - 1, total]))) for total in whole]
    q = [data.draw(st.one_of(st.integers(0, BIG), st.sampled_from([0, 1, BIG]))) for _ in range(6)]
    group = [i % len(whole) for i in range(6)]
    quotient, remainder = divide_products(np.array(q), np.array(group), np.array(part), np.array(whole))
    expected = [divmod(each * part[g], whole[g]) for each, g in zip(q, group, strict=True)]
    assert list(zip(quotient.tolist(), remainder.tolist(), strict=True)) == expected


@settings(deadline=None, max_examples=400)
@given(st.lists(st.tuples(st.integers(0, 3), st.one_of(st.integers(1, 9), st.integers(1, BIG))), min_size=1), st.data())
def test_groups_share_out_by_largest_remainder(steps: list[tuple[int, int]], data: st.DataObject) -> None:
    """Groups interleave freely, and one of them may stay empty."""
    total = [sum(q for g, q in steps if g == group) for group in range(4)]
    left = [data.draw(st.integers(0, each)) for each in total]
    groups, asked = np.array([g for g, _ in steps]), np.array([q for _, q in steps])
    share = share_out(asked, groups, np.array(left), np.array(total))
    for group in range(4):
        mine = groups == group
        if mine.any():
            assert share[mine].tolist() == largest_remainder(asked[mine].tolist(), left[group])
