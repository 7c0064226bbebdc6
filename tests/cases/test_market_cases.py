"""Every golden case of the uniform auction: alone, and all those of one k in one batch."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sunfair.market import Clearing, Offers, clear_uniform, clear_uniform_many

FOLDER = Path(__file__).parent / "market"
CASES = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]


def offers_of(cases: list[dict[str, Any]]) -> Offers:
    steps = [step for case in cases for step in case["offers"]]
    return Offers(*([step[name] for step in steps] for name in ("account", "energy_wh", "limit")))


def told(clearing: Clearing) -> dict[str, Any]:
    return {"price": clearing.price, "volume_wh": clearing.volume_wh, "filled_wh": clearing.filled_wh.tolist()}


def batch(cases: list[dict[str, Any]], k: tuple[int, int]) -> list[dict[str, Any]]:
    """The cases cleared as books of one call, in the form of their expectations."""
    start = np.cumsum([0, *(len(case["offers"]) for case in cases)])
    result = clear_uniform_many(offers_of(cases), start, k=k)
    volumes, prices = result.volume_wh.tolist(), result.price.tolist()
    fills = [result.filled_wh[a:b].tolist() for a, b in pairwise(start.tolist())]
    return [
        {"price": price if volume else None, "volume_wh": volume, "filled_wh": filled}
        for price, volume, filled in zip(prices, volumes, fills, strict=True)
    ]


def test_cases_are_there() -> None:
    assert len(CASES) == 41


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_alone(case: dict[str, Any]) -> None:
    assert told(clear_uniform(offers_of([case]), k=tuple(case["k"]))) == case["expected"], case["why"]


@pytest.mark.parametrize("k", sorted({tuple(case["k"]) for case in CASES}))
def test_in_one_batch(k: tuple[int, int]) -> None:
    cases = [case for case in CASES if tuple(case["k"]) == k]
    assert batch(cases, k) == [case["expected"] for case in cases]


def test_in_one_batch_backwards() -> None:
    """No book's result depends on what stands before it."""
    cases = [case for case in reversed(CASES) if case["k"] == [1, 2]]
    assert batch(cases, (1, 2)) == [case["expected"] for case in cases]


def test_a_later_book_does_not_overwrite_a_price() -> None:
    """Seen in the field: a later product overwrites the clearing price."""
    pair = [case for case in CASES if case["name"].startswith("defect-overwritten-price")]
    assert [result["price"] for result in batch(pair, (1, 2))] == [200000, None]
    assert [result["price"] for result in batch(pair[::-1], (1, 2))] == [None, 200000]
