"""Proportional shares in whole Wh by the method of the largest remainder, many slots at once."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["share_out"]

_NOBODY = np.uint64(2**64 - 1)


def share_out(weight: NDArray[np.int64], whole: NDArray[np.int64] | int, given: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each member gets of `given`, in proportion to its weight: int64[t, n], Wh, summing to `given` in every slot.

    weight : int64[t, n] or [n], 0 … 10⁹; n ≤ 10⁵
    whole  : Σ weight of a slot, int64[t], or one number for all; 0 only where `given` is 0
    given  : int64[t], Wh, 0 … 10⁹

    ``⌊weight·given/whole⌋``, and what the floors leave goes one each to the largest remainders, ties to the first.
    Everything is exact: ``weight·given ≤ 10¹⁸ < 2⁶³``.
    """
    # A weight of 0 leaves a remainder of 0, and what is left over is less than the number of remainders above 0.
    divisor = whole if isinstance(whole, int) else np.maximum(whole, 1)[:, None]
    product = weight * given[:, None]
    share: NDArray[np.int64] = product // divisor
    product -= share * divisor  # the remainders
    spare = given - share.sum(axis=1)
    if spare.any():
        share += _largest(product, spare)
    return share


def _largest(remainder: NDArray[np.int64], spare: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which members hold the `spare` (int64[t], each below n) largest remainders of their slot, ties to the first.

    One number ranks by remainder, then by place, and no two are alike: so the `spare`-th largest parts the slot, and
    sorting numbers alone is enough. It is below ``10¹⁴·10⁵ < 2⁶⁴``, as a remainder is below Σ weight ≤ n·10⁹.
    """
    slots, n = remainder.shape
    rank = remainder.view(np.uint64) * np.uint64(n)
    rank += np.arange(n - 1, -1, -1, dtype=np.uint64)
    ordered = np.sort(rank, axis=1)
    least = np.where(spare > 0, ordered[np.arange(slots), n - np.maximum(spare, 1)], _NOBODY)
    return rank >= least[:, None]
