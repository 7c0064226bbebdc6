"""What may be offered, and what the clearing's arguments may be."""

from typing import Any

import numpy as np
import pytest

from sunfair.errors import InputError
from sunfair.market import Offers, clear_mid_market_rate, clear_uniform, clear_uniform_many

GOOD = Offers([1, 2], [5, -5], [300_000, 100_000])


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint64, object])
def test_any_integers_are_taken(kind: Any) -> None:
    offers = Offers(np.array([1], kind), np.array([100], kind), np.array([7], kind))
    assert (offers.account.dtype, offers.energy_wh.dtype, offers.limit.dtype) == (np.int32, np.int64, np.int64)
    assert (offers.account.tolist(), offers.energy_wh.tolist(), offers.limit.tolist()) == ([1], [100], [7])


@pytest.mark.parametrize("none", [[], (), np.empty(0), np.empty(0, np.int64)])
def test_no_offers_are_offers(none: Any) -> None:
    assert len(Offers(none, none, none)) == 0


def test_the_bounds_themselves_are_allowed() -> None:
    offers = Offers([2**31 - 1, -(2**31)], [10**9, -(10**9)], [-(10**9), 10**9])
    assert clear_uniform(offers).volume_wh == 0


def test_offers_cannot_be_changed_behind_the_check() -> None:
    energy = np.array([5, -5])
    offers = Offers([1, 2], energy, [3, 2])
    energy[0] = 0
    assert offers.energy_wh.tolist() == [5, -5]
    with pytest.raises(ValueError, match="read-only"):
        offers.energy_wh[0] = 0


@pytest.mark.parametrize(
    "wrong",
    [
        [1.0],
        [1.5],
        np.array([1.0]),
        np.array([np.nan]),
        [float("nan")],
        [None],
        ["1"],
        np.array(["1"]),
        [True],
        [5, True][1:],
        np.array([True]),
        np.array([np.bool_(1)], object),
        [[1]],
        [[1], [1, 2]],
        np.array([[1]]),
        1,
        None,
        "1",
        np.array(["2020-01-01"], "datetime64[ns]"),
        [10**30],
        np.array([2**63], np.uint64),
    ],
    ids=repr,
)
@pytest.mark.parametrize("column", ["account", "energy_wh", "limit"])
def test_what_is_no_integer_in_bounds_is_refused(column: str, wrong: Any) -> None:
    columns = {"account": [1], "energy_wh": [1], "limit": [1], column: wrong}
    with pytest.raises(ValueError, match=column):
        Offers(**columns)


def test_a_boolean_among_integers_is_refused() -> None:
    with pytest.raises(ValueError, match="True at step 1"):
        Offers([1, 2], [5, True], [1, 1])


@pytest.mark.parametrize("energy", [0, 10**9 + 1, -(10**9) - 1])
def test_energy_out_of_bounds_is_refused(energy: int) -> None:
    for values in ([energy], np.array([energy])):
        with pytest.raises(ValueError, match="energy_wh"):
            Offers([1], values, [1])


@pytest.mark.parametrize("limit", [10**9 + 1, -(10**9) - 1])
def test_limit_out_of_bounds_is_refused(limit: int) -> None:
    for values in ([limit], np.array([limit])):
        with pytest.raises(ValueError, match="limit"):
            Offers([1], [1], values)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Offers([1.5, 2], [0, 2 * 10**9, "x"], [10**10, 1])
    told = [str(fault) for fault in caught.value.faults]
    assert [line.split(":")[0] for line in told] == [
        "account",
        "energy_wh",
        "energy_wh",
        "energy_wh",
        "limit",
        "lengths",
    ]
    assert "1.5 at step 0" in told[0]
    assert "2 in account, 3 in energy_wh, 2 in limit" in told[5]


def test_many_faults_are_told_briefly() -> None:
    with pytest.raises(ValueError, match="step 0, likewise wrong: 1, 2, 3, 4 and 95 more") as caught:
        Offers(np.arange(100), np.zeros(100, int), np.zeros(100, int))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "k",
    [
        (1, 0),
        (-1, 2),
        (3, 2),
        (0, 0),
        (0, -1),
        (-1, -2),
        (1.0, 2),
        (1, 2.0),
        (True, 1),
        (1,),
        (1, 2, 3),
        0.5,
        None,
        "12",
    ],
    ids=repr,
)
def test_a_k_that_is_no_share_is_refused(k: Any) -> None:
    for offers in (GOOD, Offers([], [], [])):
        with pytest.raises(ValueError, match="k_num"):
            clear_uniform(offers, k=k)
        with pytest.raises(ValueError, match="k_num"):
            clear_uniform_many(offers, [0, len(offers)], k=k)


@pytest.mark.parametrize(
    "start",
    [
        [],
        [0],
        [0, 1],
        [1, 2],
        [0, 3],
        [0, 2, 1, 2],
        [0, -1, 2],
        [0.0, 2.0],
        [False, 2],
        None,
        2,
        [[0, 2]],
        [0, 2, 2**70],
    ],
    ids=repr,
)
def test_book_starts_that_split_nothing_are_refused(start: Any) -> None:
    with pytest.raises(ValueError, match="book_start"):
        clear_uniform_many(GOOD, start)


def test_empty_books_are_books() -> None:
    result = clear_uniform_many(GOOD, [0, 0, 2, 2, 2])
    assert result.price.tolist() == [0, 200_000, 0, 0]
    assert result.volume_wh.tolist() == [0, 5, 0, 0]
    assert result.filled_wh.tolist() == [5, -5]
    nothing = Offers([], [], [])
    for start, books in (([0], 0), ([0, 0, 0], 2)):
        none = clear_uniform_many(nothing, start)
        assert (none.price.tolist(), none.volume_wh.tolist(), len(none.filled_wh)) == ([0] * books, [0] * books, 0)


@pytest.mark.parametrize(
    ("retail", "feed_in"),
    [(1, 2), (0.32, 0.08), (320_000.0, 80_000), (None, 1), (True, 0), (10**9 + 1, 0), (0, -(10**9) - 1)],
)
def test_tariffs_without_a_middle_are_refused(retail: Any, feed_in: Any) -> None:
    with pytest.raises(ValueError, match=r"retail|feed_in"):
        clear_mid_market_rate(GOOD, retail=retail, feed_in=feed_in)


def test_results_have_the_promised_types() -> None:
    one, many = clear_uniform(GOOD), clear_uniform_many(GOOD, [0, 2])
    assert (type(one.price), type(one.volume_wh), one.filled_wh.dtype) == (int, int, np.int64)
    assert {many.price.dtype, many.volume_wh.dtype, many.filled_wh.dtype} == {np.dtype(np.int64)}
