"""The keys against the page in plain Python, a linear program, everything that can be tried, and each other."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from sunfair.commons import KEYS, allocate

BIG = 10**9
amounts = st.one_of(st.integers(0, 12), st.integers(0, 5_000), st.integers(BIG - 3, BIG), st.integers(0, BIG))
values = st.one_of(st.integers(-3, 4), st.integers(-BIG, BIG))


@st.composite
def bps(draw: st.DrawFn, members: int) -> list[int]:
    """Shares that sum to 10,000."""
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), min_size=members - 1, max_size=members - 1)))
    return [b - a for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True)]


@st.composite
def communities(draw: st.DrawFn, *, amount: st.SearchStrategy[int] = amounts, most: int = 6) -> dict:
    """Some slots of a small community, with shares of every kind."""
    slots, members = draw(st.integers(1, 4)), draw(st.integers(1, most))
    return {
        "generation": draw(st.lists(amount, min_size=slots, max_size=slots)),
        "use": [draw(st.lists(amount, min_size=members, max_size=members)) for _ in range(slots)],
        "bps": draw(bps(members)),
        "table": [draw(bps(members)) for _ in range(slots)],
        "ranking": draw(st.permutations(range(members))),
        "value": [draw(st.lists(values, min_size=members, max_size=members)) for _ in range(slots)],
    }


def shares_for(key: str, community: dict) -> list:
    return community[{"table": "table", "priority": "ranking"}.get(key, "bps")]


def allocated(key: str, community: dict) -> tuple[list[list[int]], list[int]]:
    result = allocate(
        key, community["generation"], community["use"], shares_for(key, community), value=community["value"]
    )
    return result.shared_wh.tolist(), result.surplus_wh.tolist()


# --- the page in plain Python, one slot at a time, with integers of any size -----------------------------------------


def largest_remainder(weights: list[int], given: int) -> list[int]:
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [weight * given // whole for weight in weights]
    left = given - sum(parts)
    for at in sorted(range(len(weights)), key=lambda at: (-(weights[at] * given % whole), at))[:left]:
        parts[at] += 1
    return parts


def by_static(generation: int, use: list[int], shares: list[int]) -> list[int]:
    return [min(part, used) for part, used in zip(largest_remainder(shares, generation), use, strict=True)]


def by_dynamic(generation: int, use: list[int]) -> list[int]:
    return largest_remainder(use, min(generation, sum(use)))


def by_priority(generation: int, use: list[int], ranking: list[int]) -> list[int]:
    got = [0] * len(use)
    for member in ranking:
        got[member] = min(use[member], generation - sum(got))
    return got


def by_value(generation: int, use: list[int], shares: list[int], value: list[int]) -> list[int]:
    got = by_static(generation, use, shares)
    for worth in sorted({v for v in value if v >= 0}, reverse=True):
        short = [used - has if v == worth else 0 for used, has, v in zip(use, got, value, strict=True)]
        more = by_dynamic(generation - sum(got), short)
        got = [has + extra for has, extra in zip(got, more, strict=True)]
    return got


def by_hybrid(generation: int, use: list[int], shares: list[int]) -> list[int]:
    first = by_static(generation, use, shares)
    second = by_dynamic(generation - sum(first), [used - has for used, has in zip(use, first, strict=True)])
    return [a + b for a, b in zip(first, second, strict=True)]


def by_the_page(key: str, community: dict, slot: int) -> list[int]:
    generation, use = community["generation"][slot], community["use"][slot]
    shares = community["bps"]
    if key == "dynamic":
        return by_dynamic(generation, use)
    if key == "priority":
        return by_priority(generation, use, community["ranking"])
    if key == "optimal":
        return by_value(generation, use, shares, community["value"][slot])
    if key == "hybrid":
        return by_hybrid(generation, use, shares)
    return by_static(generation, use, community["table"][slot] if key == "table" else shares)


@settings(max_examples=150, deadline=None)
@given(communities())
def test_every_key_is_the_page_to_the_watt_hour(community: dict) -> None:
    for key in KEYS:
        shared, surplus = allocated(key, community)
        for slot, generation in enumerate(community["generation"]):
            assert shared[slot] == by_the_page(key, community, slot), key
            assert sum(shared[slot]) + surplus[slot] == generation
            assert all(0 <= got <= used for got, used in zip(shared[slot], community["use"][slot], strict=True))


@settings(max_examples=60, deadline=None)
@given(communities(amount=st.integers(0, 5_000)))
def test_the_optimal_key_reaches_the_linear_program(community: dict) -> None:
    # Values and amounts small enough for the program's floats to hold the total to the unit.
    community["value"] = [[max(-1000, min(1000, v)) for v in row] for row in community["value"]]
    shared, _ = allocated("optimal", community)
    minimum, _ = allocated("static", community)
    for slot, generation in enumerate(community["generation"]):
        value = community["value"][slot]
        bounds = list(zip(minimum[slot], community["use"][slot], strict=True))
        assert all(low <= got <= high for got, (low, high) in zip(shared[slot], bounds, strict=True))
        best = linprog([-v for v in value], [[1] * len(value)], [generation], bounds=bounds, method="highs")
        assert best.status == 0
        assert round(-best.fun) == np.dot(shared[slot], value)


@settings(max_examples=80, deadline=None)
@given(communities(amount=st.integers(0, 5), most=4))
def test_the_optimal_key_beats_everything_that_can_be_tried(community: dict) -> None:
    shared, _ = allocated("optimal", community)
    minimum, _ = allocated("static", community)
    for slot, generation in enumerate(community["generation"]):
        value = community["value"][slot]
        ranges = [range(low, used + 1) for low, used in zip(minimum[slot], community["use"][slot], strict=True)]
        totals = (
            sum(v * got for v, got in zip(value, tried, strict=True))
            for tried in product(*ranges)
            if sum(tried) <= generation
        )
        assert sum(v * got for v, got in zip(value, shared[slot], strict=True)) == max(totals)


@settings(max_examples=100, deadline=None)
@given(communities())
def test_the_optimal_key_saves_at_least_what_any_key_keeping_the_minimum_saves(community: dict) -> None:
    minimum, _ = allocated("static", community)
    best, _ = allocated("optimal", community)
    for key in KEYS:
        shared, _ = allocated(key, community)
        for row, low, top, value in zip(shared, minimum, best, community["value"], strict=True):
            if all(got >= least for got, least in zip(row, low, strict=True)):
                saved, most = (sum(v * got for v, got in zip(value, who, strict=True)) for who in (row, top))
                assert saved <= most, key


@settings(max_examples=100, deadline=None)
@given(communities(), st.randoms(use_true_random=False))
def test_more_sun_never_takes_from_the_ranked_nor_from_the_community(community: dict, random) -> None:
    more = [min(BIG, generation + random.randint(0, 50)) for generation in community["generation"]]
    brighter = {**community, "generation": more}
    before, after = allocated("priority", community)[0], allocated("priority", brighter)[0]
    assert all(a <= b for low, high in zip(before, after, strict=True) for a, b in zip(low, high, strict=True))
    for key in ("dynamic", "hybrid"):
        before, after = allocated(key, community)[0], allocated(key, brighter)[0]
        assert all(sum(low) <= sum(high) for low, high in zip(before, after, strict=True))


def test_slots_do_not_know_of_each_other() -> None:
    """Shuffled slots give shuffled results, however the year falls into blocks."""
    rng = np.random.default_rng(3)
    slots, members = 50_000, 3
    generation = rng.integers(0, 900, slots) * rng.integers(0, 2, slots)
    use, value = rng.integers(0, 500, (slots, members)), rng.integers(-5, 50, (slots, members))
    table = rng.multinomial(10_000, [0.5, 0.3, 0.2], slots)
    order = rng.permutation(slots)
    for key in KEYS:
        shares = {"table": table, "priority": [2, 0, 1]}.get(key, table[0])
        turned = shares[order] if key == "table" else shares
        whole = allocate(key, generation, use, shares, value=value)
        shuffled = allocate(key, generation[order], use[order], turned, value=value[order])
        assert np.array_equal(whole.shared_wh[order], shuffled.shared_wh)
        assert np.array_equal(whole.surplus_wh[order], shuffled.surplus_wh)
