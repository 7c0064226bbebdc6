"""Pro rata with largest remainders, exactly: ``base_i = q_i · X // Q``, and the Wh left over one each."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["divide_products", "share_out"]

_Q_BITS = 33
"""Significant bits of Q that the estimate works with: 30 bits of q times 33 of X stay below 2⁶³."""


def share_out(
    energy: NDArray[np.int64], group: NDArray[np.intp], left: NDArray[np.int64], total: NDArray[np.int64]
) -> NDArray[np.int64]:
    """What each of m steps gets when its group has less than it asks.

    energy : int64[m], Wh asked, 0 < energy ≤ 10⁹
    group  : intp[m], the group of each step, 0 … g − 1
    left   : int64[g], Wh to share out in each group, 0 ≤ left ≤ total
    total  : int64[g], Wh asked in each group: Σ energy of its steps

    Returns int64[m], Wh: ``⌊energy·left/total⌋``, and what the floors leave goes one each to the largest remainders,
    ties to the earlier step. They sum to `left` in every group.
    """
    share, remainder = divide_products(energy, group, left, total)
    spare = left.copy()
    np.subtract.at(spare, group, share)
    # One number orders by group, then by falling remainder: the groups' totals stand end to end (Σ Q < 2⁶³).
    last = total.cumsum() - 1
    order = (last[group] - remainder).argsort(kind="stable")
    sizes = np.bincount(group, minlength=len(left))
    first = sizes.cumsum() - sizes
    winners = np.arange(len(group)) < (first + spare).repeat(sizes)
    share[order[winners]] += 1
    return share


def divide_products(
    q: NDArray[np.int64], group: NDArray[np.intp], x: NDArray[np.int64], whole: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``divmod(q_i · x_g, whole_g)`` of each i and its group g, exactly, although the product needs up to 92 bits.

    int64[m] q, 0 ≤ q ≤ 10⁹; intp[m] group; int64[g] x and whole, 0 ≤ x ≤ whole < 2⁶²; whole > 0 where used.

    Write Q for `whole`, s for its bits above 33, X' = x >> s, Q' = Q >> s. Then q·X' < 2³⁰·2³³ fits int64. If s > 0:

    * Q' ≥ 2³², and X' ≤ Q' as x ≤ Q
    * x/Q ≥ X'/(Q' + 1), so  q·X'/Q' − q·x/Q ≤ q·X'/(Q'(Q' + 1)) < q/Q' < 1/4
    * x/Q < (X' + 1)/Q', so  q·x/Q − q·X'/Q' < q/Q' < 1/4

    The estimate ⌊q·X'/Q'⌋ is therefore off by at most one from ⌊q·x/Q⌋ (exact if s = 0), and the remainder it leaves
    lies in −Q … 2Q − 1, within ±2⁶³: it comes out right from products taken modulo 2⁶⁴, and its sign and size say
    which way to correct.
    """
    shift = np.zeros_like(whole)
    while (long := (whole >> shift) >> _Q_BITS > 0).any():
        shift += long
    quotient = q * (x >> shift)[group] // (whole >> shift)[group]
    part, divisor = x[group], whole[group]
    modulo = q.view(np.uint64) * part.view(np.uint64) - quotient.view(np.uint64) * divisor.view(np.uint64)
    remainder = modulo.view(np.int64)
    correction = (remainder >= divisor).astype(np.int64) - (remainder < 0)
    return quotient + correction, remainder - correction * divisor
