"""What a plant earns in the market on its way to its holders: forwarded whole, divided by an accumulator per share.

The contract `CommunitySolar` counts the same in the same integers (docs/commons-spec.md, "Income").
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sunfair.commons.allocation import Allocation, Key, allocate

__all__ = ["credits_of", "divided", "due_of", "forward"]

_SCALE_BITS = 64


def forward(carried: int, earned: int) -> tuple[int, int]:
    """What the plant's agent forwards after a period in which it earned `earned`, and what it carries on, µ ≤ 0.

    A period that cost money (a negative feed-in price) is made good by those that follow before anything is forwarded:
    Σ forwarded + carried = Σ earned.
    """
    total = carried + earned
    return max(total, 0), min(total, 0)


def divided(accumulator: int, income: int, supply: int) -> int:
    """The accumulator, 2⁻⁶⁴ µ a share, after `income` µ was divided among `supply` shares; rounded down."""
    return accumulator + (income << _SCALE_BITS) // supply


def due_of(shares: int, accumulator: int) -> int:
    """What a seat that held `shares` from the start is owed in all, whole µ, rounded down."""
    return (shares * accumulator) >> _SCALE_BITS


def credits_of(
    key: Key, metered_wh: NDArray[np.int64], plant: int, holders: Sequence[int], shares_bps: Sequence[int],
    retail: NDArray[np.int64],
) -> tuple[Allocation, NDArray[np.int64]]:  # fmt: skip
    """The plant's metered output by a sharing key, and each holder's credit, int64[n], µ ≥ 0.

    metered_wh : int64[T, m], + taken; plant, holders : columns of it; shares_bps sum to 10,000
    retail : int64[T], µ/kWh; a shared Wh is worth what the holder's utility takes for it, each slot rounded down; a
        negative price is worth nothing
    """
    generation, use = np.maximum(-metered_wh[:, plant], 0), np.maximum(metered_wh[:, list(holders)], 0)
    shared = allocate(key, generation, use, np.array(shares_bps, np.int64))
    worth = shared.shared_wh * np.maximum(retail, 0)[:, None] // 1_000
    return shared, worth.sum(axis=0)
