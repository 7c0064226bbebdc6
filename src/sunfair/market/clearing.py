"""What a cleared book says: price, volume and every step's fill."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Clearing", "Clearings", "PairedClearing"]


@dataclass(frozen=True, slots=True, eq=False)
class Clearing:
    """The result of one book of n steps.

    price     : µ/kWh, None if nothing traded; where every pair has its own, their mean by volume, rounded down
    volume_wh : Wh bought, which are the Wh sold
    filled_wh : int64[n], Wh, signed like the step's energy: ``Σ filled_wh = 0``, ``|filled_wh| ≤ |energy_wh|``
    """

    price: int | None
    volume_wh: int
    filled_wh: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PairedClearing(Clearing):
    """The result of a mechanism that trades pair by pair, m pairs in the order in which they were made.

    buy, sell  : int64[m], the two steps of each pair, as places in the offers
    pair_wh    : int64[m], Wh > 0; per step they sum to |filled_wh|
    pair_price : int64[m], µ/kWh, what this pair trades at
    """

    buy: NDArray[np.int64]
    sell: NDArray[np.int64]
    pair_wh: NDArray[np.int64]
    pair_price: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Clearings:
    """The results of b books that hold n steps together.

    price     : int64[b], µ/kWh; it is 0 and means nothing where the volume is 0
    volume_wh : int64[b], Wh
    filled_wh : int64[n], Wh, signed like the step's energy
    """

    price: NDArray[np.int64]
    volume_wh: NDArray[np.int64]
    filled_wh: NDArray[np.int64]
