"""The optimal key: the least total bill that leaves everyone its guaranteed minimum. Exact, without an LP."""

import numpy as np
from numpy.typing import NDArray

from sunfair.commons.keys import dynamic, static

__all__ = ["share_to_the_dearest"]

_BITS = 30
"""Bits of a use, and of a value: both are at most 10⁹ < 2³⁰."""


def share_to_the_dearest(
    generation: NDArray[np.int64], use: NDArray[np.int64], shares: NDArray[np.int64], value: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Maximise Σ value·shared subject to  static share ≤ shared ≤ use  and  Σ shared ≤ generation: int64[t, n], Wh.

    generation int64[t], use int64[t, n], shares int64[n] (bps), value int64[t, n] (µ/kWh).

    Within a slot every Wh weighs the same in the one constraint that couples the members, so filling from the greatest
    value down is optimal (the fractional knapsack: Dantzig, Operations Research 5 (1957) 266–288,
    doi:10.1287/opre.5.2.266), and with integer bounds it ends in integers. Slots are independent of each other. At the
    value where the output runs out the members share what is left in proportion to what they are short of: any split
    there has the same total, this one depends on no order.
    """
    first = static(generation, use, shares)
    rest = generation - first.sum(axis=1)
    short = np.where(value < 0, 0, use - first)
    worth = np.maximum(value, 0)
    last = _value_of_the_last(rest, short, worth)[:, None]
    whole = np.where(worth > last, short, 0)
    at_last = np.where(worth == last, short, 0)
    return first + whole + dynamic(rest - whole.sum(axis=1), at_last)


def _value_of_the_last(
    rest: NDArray[np.int64], short: NDArray[np.int64], worth: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The value at which `rest` (int64[t]) runs out, filling `short` (int64[t, n]) from the greatest `worth` down.

    int64[t], µ/kWh; the least worth of the slot where there is enough for all.
    """
    # Value and amount in one number: sorting numbers is several times faster than sorting places.
    stacked = worth << _BITS
    stacked |= short
    stacked.sort(axis=1)
    dearest_first = stacked[:, ::-1]
    filled = (dearest_first & (2**_BITS - 1)).cumsum(axis=1)
    place = np.minimum((filled < rest[:, None]).sum(axis=1), short.shape[1] - 1)
    last: NDArray[np.int64] = dearest_first[np.arange(len(rest)), place] >> _BITS
    return last
