"""What accounts want of one slot: their ahead curves and standing pool limits, for all accounts at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.units import NO_BUY, NO_SELL, STEPS_MAX

__all__ = ["Curves"]


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves and standing limits of n accounts for one slot.

    energy_wh : int64[n, 8], Wh, + buys − sells; used steps stand first, an unused step is 0
    limit     : int64[n, 8], µ/kWh, 0 where the step is unused
    pool_buy  : int64[n], µ/kWh, the standing limit at which the account buys in the pool; `NO_BUY` if it does not
    pool_sell : int64[n], µ/kWh, likewise for selling; `NO_SELL` if it does not
    """

    energy_wh: NDArray[np.int64]
    limit: NDArray[np.int64]
    pool_buy: NDArray[np.int64]
    pool_sell: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of accounts, n."""
        return len(self.pool_buy)

    @property
    def steps(self) -> NDArray[np.int64]:
        """Number of used steps of each account, int64[n]."""
        used: NDArray[np.int64] = (self.energy_wh != 0).sum(axis=1, dtype=np.int64)
        return used

    @staticmethod
    def empty(size: int) -> "Curves":
        """`size` accounts that offer nothing, neither ahead nor in the pool."""
        return Curves(
            np.zeros((size, STEPS_MAX), np.int64),
            np.zeros((size, STEPS_MAX), np.int64),
            np.full(size, NO_BUY, np.int64),
            np.full(size, NO_SELL, np.int64),
        )

    def take(self, accounts: NDArray[np.int64]) -> "Curves":
        """The curves of the accounts at these places, in this order."""
        return Curves(self.energy_wh[accounts], self.limit[accounts], self.pool_buy[accounts], self.pool_sell[accounts])

    def where(self, kept: NDArray[np.bool_]) -> "Curves":
        """The same for the accounts in `kept`, bool[n]; the others offer nothing."""
        return Curves(
            np.where(kept[:, None], self.energy_wh, 0),
            np.where(kept[:, None], self.limit, 0),
            np.where(kept, self.pool_buy, NO_BUY),
            np.where(kept, self.pool_sell, NO_SELL),
        )
