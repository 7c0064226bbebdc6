"""The rules a curve is held to, each broken alone and all together; merging before signing; the pool's book."""

from typing import Any

import numpy as np
import pytest

from sunfair.errors import InputError
from sunfair.market import check_curve, merge_steps

CT = 10_000


def told(energy: Any, limit: Any, **options: int) -> list[str]:
    return [str(fault) for fault in check_curve(energy, limit, **options)]


@pytest.mark.parametrize(
    ("energy", "limit"),
    [
        ([], []),
        ([500], [30 * CT]),
        ([-500], [-3 * CT]),
        ([100] * 8, [CT * i for i in range(8)]),
        ([500, 200, -100, -900], [10 * CT, 12 * CT, 13 * CT, 20 * CT]),
        ([10**9, -(10**9)], [-(10**9), 10**9]),
        (np.array([5, -5], np.int32), np.array([0, CT], np.int32)),
    ],
)
def test_good_curves(energy: Any, limit: Any) -> None:
    assert check_curve(energy, limit) == []


@pytest.mark.parametrize(
    ("energy", "limit", "place", "word"),
    [
        ([100] * 9, [CT * i for i in range(9)], "curve", "9 steps"),
        ([100, 0], [CT, 2 * CT], "energy_wh", "step 1"),
        ([10**9 + 1], [CT], "energy_wh", "1000000001"),
        ([1], [10**9 + CT], "limit", "1000010000"),
        ([1.5], [CT], "energy_wh", "integer"),
        ([True], [CT], "energy_wh", "integer"),
        ([1, 2], [CT, 2 * CT + 1], "limit", "multiple of 10000"),
        ([1, 2], [3 * CT, 3 * CT], "limit", "buy limit 30000"),
        ([-1, -2], [3 * CT, 3 * CT], "limit", "sell limit 30000"),
        ([1, -2], [3 * CT, 3 * CT], "limit", "buys at up to 30000 and sells from 30000"),
        ([1, -2, 3, -4], [CT, 5 * CT, 4 * CT, 2 * CT], "limit", "buys at up to 40000 and sells from 20000"),
        ([1, 2], [CT], "lengths", "2 in energy_wh, 1 in limit"),
        ([1], [[1], [2, 3]], "limit", "integer"),
    ],
)
def test_a_broken_rule_is_named(energy: Any, limit: Any, place: str, word: str) -> None:
    faults = check_curve(energy, limit)
    assert faults[0].place == place
    assert word in str(faults[0])


def test_one_broken_rule_is_one_fault() -> None:
    assert len(told([1, 2], [3 * CT, 3 * CT])) == 1
    assert len(told([1, -2], [3 * CT, 3 * CT])) == 1
    assert len(told([100, 0], [CT, CT])) == 1


def test_all_broken_rules_at_once() -> None:
    faults = told([5] * 6 + [-5, -5, -5], [CT] * 6 + [CT, CT, 2 * CT])
    assert [fault.split(":")[0] for fault in faults] == ["curve", "limit", "limit", "limit"]
    faults = told([0, 2 * 10**9, 1], [CT + 1, 10**10, 5])
    assert [fault.split(":")[0] for fault in faults] == ["energy_wh", "energy_wh", "limit", "limit"]


def test_the_tick_is_the_communitys() -> None:
    assert told([1], [15], tick=5) == []
    assert "multiple of 10" in told([1], [15], tick=10)[0]
    with pytest.raises(InputError, match="tick"):
        check_curve([1], [15], tick=0)


def test_equal_limits_of_a_side_merge() -> None:
    energy, limit = merge_steps([100, -30, 50, 0, -20, 7], [2 * CT, 9 * CT, 2 * CT, CT, 9 * CT, 3 * CT])
    assert energy.tolist() == [150, -50, 7]
    assert limit.tolist() == [2 * CT, 9 * CT, 3 * CT]
    assert check_curve(energy, limit) == []


def test_the_two_sides_never_merge() -> None:
    energy, limit = merge_steps([100, -100], [CT, CT])
    assert (energy.tolist(), limit.tolist()) == ([100, -100], [CT, CT])


def test_nothing_merges_to_nothing() -> None:
    energy, limit = merge_steps([0, 0], [CT, CT])
    assert (energy.tolist(), limit.tolist(), energy.dtype, limit.dtype) == ([], [], np.int64, np.int64)


def test_what_cannot_be_merged_is_refused() -> None:
    with pytest.raises(InputError, match="lengths") as caught:
        merge_steps([1.5, 2], [1])
    assert len(caught.value.faults) == 2
