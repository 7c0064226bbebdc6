"""The six keys on slots worked out by hand, and a year of a hundred members."""

import numpy as np
import pytest

from sunfair.commons import KEYS, Allocation, allocate

BIG = 10**9


def shared(*arguments, **more) -> list[int]:
    """What the members get in the one slot given."""
    key, generation, use, shares = arguments
    return allocate(key, [generation], [use], shares, **more).shared_wh[0].tolist()


def test_static_gives_the_rounding_to_the_largest_remainder() -> None:
    # 10 Wh: 3.333, 3.333, 3.334 → 3, 3, 3, and the tenth Wh to the third.
    assert shared("static", 10, [99, 99, 99], [3333, 3333, 3334]) == [3, 3, 4]


def test_static_breaks_ties_for_the_first() -> None:
    assert shared("static", 6, [9, 9, 9, 9], [2500] * 4) == [2, 2, 1, 1]


def test_static_cuts_at_the_use_and_the_cut_is_surplus() -> None:
    result = allocate("static", [1000], [[100, 500, 900]], [5000, 3000, 2000])
    assert result.shared_wh.tolist() == [[100, 300, 200]]
    assert result.surplus_wh.tolist() == [400]


def test_static_rounds_before_it_cuts() -> None:
    # The seventh Wh belongs to the first, who used nothing: it does not pass to anyone else.
    assert shared("static", 7, [0, 9], [5000, 5000]) == [0, 3]


def test_dynamic_follows_use() -> None:
    # 10 Wh over a use of 60: 1.667, 3.333, 5.
    assert shared("dynamic", 10, [10, 20, 30], None) == [2, 3, 5]


def test_dynamic_serves_everyone_where_there_is_enough() -> None:
    result = allocate("dynamic", [100], [[10, 20, 30]], None)
    assert result.shared_wh.tolist() == [[10, 20, 30]]
    assert result.surplus_wh.tolist() == [40]


def test_hybrid_shares_what_static_cut_among_those_still_short() -> None:
    # Static 500, 300, 200, cut to 100, 300, 200; 400 over a shortage of 0, 200, 700: 88.9 and 311.1.
    assert shared("hybrid", 1000, [100, 500, 900], [5000, 3000, 2000]) == [100, 389, 511]


def test_priority_serves_in_turn() -> None:
    result = allocate("priority", [100, 100, 100], [[70, 60, 50], [0, 20, 30], [10, 0, 100]], [2, 0, 1])
    assert result.shared_wh.tolist() == [[50, 0, 50], [0, 20, 30], [0, 0, 100]]
    assert result.surplus_wh.tolist() == [0, 50, 0]


def test_table_has_shares_of_its_own_in_every_slot() -> None:
    table = [[10_000, 0], [0, 10_000], [5000, 5000]]
    result = allocate("table", [8, 8, 8], [[5, 5]] * 3, table)
    assert result.shared_wh.tolist() == [[5, 0], [0, 5], [4, 4]]
    assert result.surplus_wh.tolist() == [3, 3, 0]


def test_optimal_serves_the_dearest_after_the_minimum() -> None:
    # Static 250 each, of which the first uses 100; 150 are left: the third saves most and lacks 50, then the second.
    value = [[900, 200, 300, 100]]
    assert shared("optimal", 1000, [100, 400, 300, 900], [2500] * 4, value=value) == [100, 350, 300, 250]


def test_optimal_shares_equal_values_by_what_each_is_short_of() -> None:
    # Static 25 each; 10 are left over for shortages of 20 and 30, equally dear: 4 and 6.
    value = [[5, 5, 1, 9]]
    assert shared("optimal", 100, [45, 55, 40, 15], [2500] * 4, value=value) == [29, 31, 25, 15]


def test_optimal_with_values_alike_is_the_hybrid_key() -> None:
    use, shares = [[100, 500, 900, 7]], [5000, 3000, 1500, 500]
    hybrid = allocate("hybrid", [1000], use, shares).shared_wh
    assert np.array_equal(allocate("optimal", [1000], use, shares).shared_wh, hybrid)
    assert np.array_equal(allocate("optimal", [1000], use, shares, value=[[7] * 4]).shared_wh, hybrid)


def test_optimal_shares_where_it_saves_nothing_but_not_where_it_costs() -> None:
    result = allocate("optimal", [100], [[90, 90]], [5000, 5000], value=[[-1, -1]])
    assert result.shared_wh.tolist() == [[50, 50]]  # the guaranteed minimum all the same
    result = allocate("optimal", [100], [[10, 90, 90]], [5000, 2500, 2500], value=[[9, -1, 0]])
    assert result.shared_wh.tolist() == [[10, 25, 65]]
    result = allocate("optimal", [100], [[10, 90]], [9000, 1000], value=[[9, -1]])
    assert result.shared_wh.tolist() == [[10, 10]]
    assert result.surplus_wh.tolist() == [80]


def test_optimal_at_the_bounds_of_value_and_use() -> None:
    value = [[BIG - 1, BIG, -BIG]]
    assert shared("optimal", BIG, [BIG, BIG - 5, BIG], [0, 0, 10_000], value=value) == [0, 0, BIG]
    assert shared("optimal", BIG, [BIG, BIG - 5, 0], [0, 0, 10_000], value=value) == [5, BIG - 5, 0]


@pytest.mark.parametrize("key", KEYS)
def test_nothing_generated_or_used_shares_nothing(key: str) -> None:
    shares = {"table": [[6000, 4000]] * 3, "priority": [1, 0]}.get(key, [6000, 4000])
    result = allocate(key, [0, 5, 0], [[3, 3], [0, 0], [0, 0]], shares)
    assert not result.shared_wh.any()
    assert result.surplus_wh.tolist() == [0, 5, 0]


@pytest.mark.parametrize("key", KEYS)
def test_no_slots_and_one_member(key: str) -> None:
    nothing = np.zeros((0, 1), np.int64)
    none = allocate(key, [], nothing, {"table": nothing, "priority": [0]}.get(key, [10_000]))
    assert none.shared_wh.shape == (0, 1)
    assert none.surplus_wh.shape == (0,)
    one = allocate(key, [7, BIG], [[5], [BIG]], {"table": [[10_000]] * 2, "priority": [0]}.get(key, [10_000]))
    assert one.shared_wh.tolist() == [[5], [BIG]]
    assert one.surplus_wh.tolist() == [2, 0]


def test_any_integer_type_is_read_and_left_as_it_was() -> None:
    generation, use, shares = [9, 0, 1000], [[4, 5, 6], [1, 1, 1], [700, 800, 900]], [5000, 2500, 2500]
    expected = allocate("hybrid", generation, use, shares)
    for kind in (np.int16, np.uint16, np.int32, np.uint64, np.int64, object):
        held = np.array(use, dtype=kind)
        result = allocate("hybrid", np.array(generation, dtype=kind), held, np.array(shares, dtype=kind))
        assert np.array_equal(result.shared_wh, expected.shared_wh)
        assert result.shared_wh.dtype == result.surplus_wh.dtype == np.int64
        assert held.tolist() == use
    turned = np.asfortranarray(np.array(use))[::-1]
    backwards = allocate("hybrid", generation[::-1], turned, shares)
    assert np.array_equal(backwards.shared_wh, expected.shared_wh[::-1])


def test_the_result_is_read_only() -> None:
    result = allocate("dynamic", [5], [[5, 5]], None)
    for array in (result.shared_wh, result.surplus_wh):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def year(members: int) -> tuple[np.ndarray, np.ndarray]:
    """A year of quarter-hours of a plant and its members, seeded."""
    rng = np.random.default_rng(2024)
    slots = 35_040
    sun = np.maximum(0, np.sin((np.arange(slots) % 96 - 24) / 48 * np.pi)) * rng.uniform(0, 1.4, slots)
    use = rng.gamma(1.2, 120, (slots, members)).astype(np.int64)
    return (sun * members * 300).astype(np.int64), use


@pytest.mark.parametrize("key", KEYS)
def test_a_year_of_a_hundred_members_conserves_every_watt_hour(key: str) -> None:
    generation, use = year(100)
    rng = np.random.default_rng(5)
    table = rng.multinomial(10_000, np.full(100, 0.01), len(use))
    shares = {"table": table, "priority": rng.permutation(100)}.get(key, table[0])
    value = rng.integers(-20_000, 300_000, use.shape) if key == "optimal" else None
    result = allocate(key, generation, use, shares, value=value)
    assert isinstance(result, Allocation)
    assert np.array_equal(result.shared_wh.sum(axis=1) + result.surplus_wh, generation)
    assert (result.shared_wh <= use).all()
    assert result.shared_wh.min() >= 0
    assert result.surplus_wh.min() >= 0
    if key in ("dynamic", "hybrid", "priority"):  # nothing is idle while somebody is short
        assert np.array_equal(result.surplus_wh, np.maximum(generation - use.sum(axis=1), 0))
    if key in ("static", "table"):
        quota = np.asarray(table if key == "table" else shares) * generation[:, None]
        uncut = result.shared_wh < use
        assert (np.abs(result.shared_wh * 10_000 - quota)[uncut] < 10_000).all()


def test_the_optimal_key_saves_most_of_all_keys_that_keep_the_minimum_over_a_year() -> None:
    generation, use = year(100)
    rng = np.random.default_rng(6)
    shares = rng.multinomial(10_000, np.full(100, 0.01))
    value = rng.integers(0, 300_000, use.shape)

    def saved(key: str) -> np.ndarray:
        return (allocate(key, generation, use, shares, value=value).shared_wh * value).sum(axis=1)

    best = saved("optimal")
    for key in ("static", "hybrid"):
        assert (best >= saved(key)).all()
        assert best.sum() > saved(key).sum()


def test_exact_with_a_hundred_thousand_members_at_the_bounds() -> None:
    members = 100_000
    rng = np.random.default_rng(8)
    use = rng.integers(BIG - 1000, BIG + 1, members)
    generation = BIG - 7
    total = int(use.sum())
    quotas = [divmod(int(amount) * generation, total) for amount in use]
    expected = [whole for whole, _ in quotas]
    ranked = sorted(range(members), key=lambda at: (-quotas[at][1], at))
    for at in ranked[: generation - sum(expected)]:
        expected[at] += 1
    assert shared("dynamic", generation, use, None) == expected
    shares = np.zeros(members, np.int64)
    shares[rng.choice(members, 10_000, replace=False)] = 1
    result = allocate("optimal", [generation], use[None], shares, value=np.full((1, members), BIG))
    assert result.shared_wh.sum() == generation
    assert (result.shared_wh[0] >= shares * generation // 10_000).all()
