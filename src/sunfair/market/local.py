"""What a book on wires comes to: fills, and a price at every connection and phase with the parts it is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.market.clearing import Clearing
from sunfair.model import FIRST_MEMBER

__all__ = ["LocalClearing", "LocalPrices"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LocalPrices:
    """Prices of one slot at n members, µ/kWh: what a Wh more taken on a phase would cost the community.

    energy : the price where no limit and no loss counts, the same everywhere (so it is at the feeder's head)
    losses, voltage, congestion : int64[n, 3], what the place adds for losses, voltage limits and loading limits
    connection : int64[n], the price a member trades at: of its phase, or the mean over all three
    """

    energy: int
    losses: Ints
    voltage: Ints
    congestion: Ints
    connection: Ints

    @property
    def price(self) -> Ints:
        """The price of each phase, int64[n, 3], the sum of its parts."""
        whole: Ints = self.energy + self.losses + self.voltage + self.congestion
        return whole

    @staticmethod
    def one(price: int, members: int) -> "LocalPrices":
        """One price everywhere."""
        nothing = np.zeros((members, 3), np.int64)
        return LocalPrices(price, nothing, nothing, nothing, np.full(members, price, np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class LocalClearing(Clearing):
    """The result of one book of n steps on wires. `price` is the mean by volume of what buyers pay, rounded down.

    step_price : int64[n], µ/kWh, the price at which each step trades, that of its member's connection
    local      : the prices by member and phase; None where nothing traded
    rent       : Σ price · fill, 10⁻³ µ, ≥ 0: what buyers pay beyond what sellers are due, the wires' scarcity
    rounds     : how often the wires were linearised, 0 where the uniform auction's fills already fit
    notice     : what went otherwise than planned, in words; empty if nothing did
    """

    step_price: Ints
    local: LocalPrices | None
    rent: int
    rounds: int
    notice: str

    def account_prices(self) -> tuple[int, ...] | None:
        """The prices at which accounts trade, institutions first (theirs is the head's); None where nothing traded."""
        if self.local is None:
            return None
        return (*[self.local.energy] * FIRST_MEMBER, *self.local.connection.tolist())
