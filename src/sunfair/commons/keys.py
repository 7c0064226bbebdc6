"""The keys that look at shares and use alone, each over a block of slots: generation int64[t], use int64[t, n]."""

import numpy as np
from numpy.typing import NDArray

from sunfair.commons.remainder import share_out
from sunfair.units import BPS

__all__ = ["dynamic", "hybrid", "priority", "static"]

Wh = NDArray[np.int64]


def static(generation: Wh, use: Wh, shares: NDArray[np.int64]) -> Wh:
    """Each member's part of the generation by its share (bps, int64[n] or [t, n]), cut at its use: int64[t, n], Wh."""
    return np.minimum(share_out(shares, BPS, generation), use)


def dynamic(generation: Wh, use: Wh) -> Wh:
    """The generation, at most Σ use, in proportion to use: int64[t, n], Wh.

    Nobody gets more than it used: with given ≤ Σ use the exact part is at most the use, and a Wh of rounding only goes
    to a part that is no whole number and so lies below the use.
    """
    total = use.sum(axis=1)
    return share_out(use, total, np.minimum(generation, total))


def hybrid(generation: Wh, use: Wh, shares: NDArray[np.int64]) -> Wh:
    """By static share first; what is left then dynamically among those still short: int64[t, n], Wh."""
    first = static(generation, use, shares)
    return first + dynamic(generation - first.sum(axis=1), use - first)


def priority(generation: Wh, use: Wh, ranking: NDArray[np.int64]) -> Wh:
    """The whole use of each member in turn, first in `ranking` first, until nothing is left: int64[t, n], Wh."""
    in_turn = use[:, ranking]
    taken_before = in_turn.cumsum(axis=1) - in_turn
    served = np.minimum(np.maximum(generation[:, None] - taken_before, 0), in_turn)
    shared = np.empty_like(use)
    shared[:, ranking] = served
    return shared
