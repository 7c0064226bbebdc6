"""The markets of retailers that homes may buy in beside the community's: what they are, and the prices told so far."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Market", "MarketKind", "Quotes"]


class MarketKind(StrEnum):
    """How a retailer sells.

    `day_ahead`: at a price told before, for the energy ordered before the block's gate, used or not. `real_time`: at
    the price of the block itself, for what was used.
    """

    DAY_AHEAD = "day_ahead"
    REAL_TIME = "real_time"


@dataclass(frozen=True, slots=True)
class Market:
    """A retailer's market with a price per block of `block_minutes`, whole slots.

    `fee` µ/kWh comes on top of each price; what is ordered `gate_minutes` before its block stands.
    """

    name: str
    kind: MarketKind
    fee: int = 0
    block_minutes: int = 60
    gate_minutes: int = 60


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Prices of one market as they became known: r of them, by block and then by time. A later one corrects an earlier.

    first   : int64[r], the slot with which the block begins; blocks do not overlap
    known_s : int64[r], unix s, from when on this price was known (of a real-time price often the block's end)
    price   : int64[r], µ/kWh, without the market's fee; may be negative
    """

    first: NDArray[np.int64]
    known_s: NDArray[np.int64]
    price: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.price)

    @staticmethod
    def none() -> "Quotes":
        """No price at all."""
        empty = np.empty(0, np.int64)
        return Quotes(empty, empty.copy(), empty.copy())
