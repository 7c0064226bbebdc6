"""What cannot be shared out is refused, every fault at once and by its place."""

import numpy as np
import pytest

from sunfair.commons import allocate
from sunfair.errors import Fault, InputError

GENERATION, USE, SHARES = [5, 6], [[1, 2], [3, 4]], [6000, 4000]
NAN = float("nan")


def faults(*arguments, **more) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as caught:
        allocate(*arguments, **more)
    assert isinstance(caught.value, ValueError)
    return caught.value.faults


def only(found: tuple[Fault, ...]) -> str:
    assert len(found) == 1, found
    return str(found[0])


@pytest.mark.parametrize("key", ["static", "dynamic", "hybrid", "optimal"])
def test_shares_that_sum_to_9999(key: str) -> None:
    assert only(faults(key, GENERATION, USE, [6000, 3999])) == "shares: sum to 9999 bps (must sum to exactly 10000)"


def test_a_table_names_the_slots_that_do_not_sum() -> None:
    table = [[6000, 4000], [6000, 4001]]
    assert (
        only(faults("table", GENERATION, USE, table))
        == "shares: sum to 10001 bps in slot 1 (must sum to exactly 10000)"
    )
    found = only(faults("table", [1] * 9, [[1, 1]] * 9, [[1, 1]] * 9))
    assert "sum to 2 bps in slot 0; likewise wrong: slot 1; slot 2 and 6 more" in found


def test_a_negative_share_is_no_share_even_if_the_sum_is_right() -> None:
    told = only(faults("static", [5], [[1, 1, 1]], [-1, 1, 10_000]))
    assert told == "shares: is -1 in member 0 (must lie in 0 … 10000, bps)"


@pytest.mark.parametrize("ranking", [[0, 0], [1, 1]])
def test_a_ranking_names_everyone_once(ranking: list[int]) -> None:
    assert f"name the member {ranking[0]} more than once" in only(faults("priority", GENERATION, USE, ranking))


def test_a_ranking_names_members_that_exist() -> None:
    assert "is 2 in member 1" in only(faults("priority", GENERATION, USE, [0, 2]))
    assert "has the shape [1]" in only(faults("priority", GENERATION, USE, [0]))


@pytest.mark.parametrize(
    "generation",
    [
        np.array([5.0, NAN]),
        [5, NAN],
        [5, None],
        np.array([5, None], dtype=object),
        np.ma.array([5, 6], mask=[False, True]),
    ],
)
def test_a_gap_is_named(generation: object) -> None:
    found = [str(fault) for fault in faults("static", generation, USE, SHARES)]
    assert "generation_wh: has a gap in slot 1 (fill it or leave the slot out)" in found


def test_a_gap_in_use_names_slot_and_member() -> None:
    use = np.ma.array([[1, 2], [3, 4]], mask=[[False, False], [True, False]])
    assert "has a gap in slot 1, member 0" in only(faults("dynamic", GENERATION, use, None))


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (np.array(USE, float), "is of type float64 (must be integers, Wh)"),
        (np.array(USE, bool), "is of type bool"),
        (np.array(USE).astype(str), "is of type <U"),
        ([[1, 2], [3, 4.0]], "is 4.0 in slot 1, member 1"),
        ([[1, 2], [3, True]], "is True in slot 1, member 1"),
        ([[1, 2], [3, "4"]], "is '4' in slot 1, member 1"),
        ([[1, 2], [3, -1]], "is -1 in slot 1, member 1 (must lie in 0 … 1000000000, Wh)"),
        ([[1, 10**9 + 1], [3, 4]], "is 1000000001 in slot 0, member 1"),
        ([[1, 10**30], [3, 4]], "in slot 0, member 1 (must lie in"),
        (np.array([[1, 2**64 - 1], [3, 4]], np.uint64), "is 18446744073709551615 in slot 0, member 1"),
        ([[1, 2], [3]], "has rows of different lengths (must be integers, Wh, [slots, members])"),
        ([[1, 2], 3], "has rows of different lengths"),
        ([np.zeros((2, 2), int), np.zeros((2, 3), int)], "has rows of different lengths"),
        ([[1, -2], [3, -4]], "is -2 in slot 0, member 1; likewise wrong: slot 1, member 1 (must lie in"),
        ([1, 2], "has 1 dimensions (must be integers, Wh, [slots, members])"),
        (7, "has 0 dimensions"),
    ],
)
def test_use_that_is_no_count_of_watt_hours(use: object, told: str) -> None:
    assert told in only(faults("static", GENERATION, use, SHARES))


def test_shapes_that_differ() -> None:
    assert "has the shape [3], use_wh has [2, 2] (slots, members) (must have [2])" in only(
        faults("static", [1, 2, 3], USE, SHARES)
    )
    assert "must have [2]" in only(faults("static", GENERATION, USE, [5000, 3000, 2000]))
    assert "must have [2, 2]" in only(faults("table", GENERATION, USE, [SHARES]))
    assert "must have [2, 2]" in only(faults("optimal", GENERATION, USE, SHARES, value=[[1, 1]]))


def test_nobody_and_too_many() -> None:
    assert any("has 0 members" in str(fault) for fault in faults("dynamic", [5], np.zeros((1, 0), int), None))
    assert "has 100001 members" in only(faults("dynamic", [5], np.zeros((1, 100_001), np.int8), None))


def test_only_the_dynamic_key_goes_without_shares() -> None:
    assert "are None, but the key 'hybrid' needs them" in only(faults("hybrid", GENERATION, USE, None))


def test_values_are_checked_whatever_the_key() -> None:
    told = only(faults("static", GENERATION, USE, SHARES, value=[[None, 1], [1, 1]]))
    assert told == "value: has a gap in slot 0, member 0 (fill it or leave the slot out)"


def test_an_unknown_key_names_those_there_are() -> None:
    told = only(faults("fair", GENERATION, USE, SHARES))
    assert told == "key: is 'fair' (must be one of static, dynamic, hybrid, priority, table, optimal)"


def test_every_fault_is_told_at_once() -> None:
    found = faults("static", [5.0, NAN], [[1, -2], [3, 4]], [6000, 3999], value=[[1]])
    assert [fault.place for fault in found] == ["generation_wh", "generation_wh", "use_wh", "shares"]
    found = faults("optimal", [1, 2, 3], USE, [6000, 3999], value=[[1]])
    assert [fault.place for fault in found] == ["shares", "generation_wh", "value"]
