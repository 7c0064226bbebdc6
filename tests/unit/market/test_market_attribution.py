"""Who sold to whom, on streets small enough to check by hand."""

from typing import Any

import numpy as np
import pytest

from sunfair.errors import InputError
from sunfair.market import Attribution, attribute

# Accounts 3 … 6 along a street; the distance is how far the houses are apart.
STREET = np.abs(np.subtract.outer(np.arange(7), np.arange(7)))


def told(result: Attribution) -> list[tuple[int, int, int]]:
    columns = (result.seller.tolist(), result.buyer.tolist(), result.energy_wh.tolist())
    return list(zip(*columns, strict=True))


def test_in_input_order_without_a_map() -> None:
    assert told(attribute([3, 4, 5, 6], [-10, 6, -5, 9])) == [(3, 4, 6), (3, 6, 4), (5, 6, 5)]


def test_the_nearest_pair_first() -> None:
    pairs = told(attribute([3, 4, 5, 6], [-10, 10, 5, -5], distance=STREET))
    assert pairs == [(3, 4, 10), (6, 5, 5)]
    pairs = told(attribute([6, 3, 5], [8, -5, -3], distance=STREET))
    assert pairs == [(5, 6, 3), (3, 6, 5)]


def test_equal_distances_in_input_order() -> None:
    flat = np.zeros((7, 7), np.int64)
    account, fills = [5, 3, 6, 4], [-10, 6, 9, -5]
    assert told(attribute(account, fills, distance=flat)) == told(attribute(account, fills))


def test_equal_distances_in_input_order_on_a_long_street() -> None:
    """Few distances among many pairs, against a stable sort of all of them."""
    rng = np.random.default_rng(3)
    account = rng.permutation(80).tolist()
    fills = [5] * 40 + [-5] * 40
    distance = rng.integers(0, 3, (80, 80))
    sellers, buyers = account[40:], account[:40]
    left, expected = dict.fromkeys(account, 5), []
    for seller, buyer in sorted(((s, b) for s in sellers for b in buyers), key=lambda pair: distance[pair]):
        if left[seller] and left[buyer]:
            left[seller] = left[buyer] = 0
            expected.append((seller, buyer, 5))
    assert told(attribute(account, fills, distance=distance)) == expected


def test_a_wish_comes_before_distance() -> None:
    account, fills = [3, 4, 5, 6], [-5, 4, 6, -5]
    pairs = told(attribute(account, fills, preferences={4: [6]}, distance=STREET))
    assert pairs == [(6, 4, 4), (6, 5, 1), (3, 5, 5)]


def test_first_wishes_before_second_and_buyers_before_sellers() -> None:
    account, fills = [3, 4, 5, 6], [-10, 10, -10, 10]
    # 4's second wish is 6's first; 3's own first wish comes after both buyers' first.
    pairs = told(attribute(account, fills, preferences={4: [99, 5], 6: [5], 3: [6]}))
    assert pairs == [(5, 6, 10), (3, 4, 10)]
    assert told(attribute(account, fills, preferences={3: [6]})) == [(3, 6, 10), (5, 4, 10)]


def test_a_wish_for_somebody_who_did_not_trade_is_no_wish() -> None:
    assert told(attribute([3, 4], [-5, 5], preferences={4: [9, 4], 9: [3]})) == [(3, 4, 5)]


def test_an_account_of_several_steps_is_one_party() -> None:
    assert told(attribute([3, 4, 3, 4], [-5, 2, -4, 7])) == [(3, 4, 9)]


@pytest.mark.parametrize("fills", [[], [0, 0, 0]])
def test_nothing_traded(fills: list[int]) -> None:
    account = list(range(3, 3 + len(fills)))
    for options in ({}, {"distance": STREET}, {"preferences": {3: [4]}}):
        result = attribute(account, fills, **options)
        assert told(result) == []
        assert (result.seller.dtype, result.energy_wh.dtype) == (np.int32, np.int64)


@pytest.mark.parametrize(
    ("account", "fills", "options", "places"),
    [
        ([3, 4], [5, -4], {}, ["filled_wh"]),
        ([3], [5, -5], {}, ["lengths"]),
        ([3.0, 4], [5, -5.0], {}, ["account", "filled_wh"]),
        ([3, 4], [5, -5], {"distance": STREET.astype(float)}, ["distance"]),
        ([3, 7], [5, -5], {"distance": STREET}, ["distance"]),
        ([3, 4], [5, -5], {"distance": STREET[:, :5].astype(float)}, ["distance", "distance"]),
        ([-1, 4], [5, -5], {"distance": STREET}, ["account"]),
    ],
)
def test_what_cannot_be_attributed_is_refused(account: Any, fills: Any, options: Any, places: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        attribute(account, fills, **options)
    assert [fault.place for fault in caught.value.faults] == places
