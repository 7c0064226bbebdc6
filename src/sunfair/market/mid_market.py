"""The mid-market rate: one price half way between the utility's two, whatever the offers say."""

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.market.clearing import Clearing
from sunfair.market.integers import integer
from sunfair.market.offers import Offers
from sunfair.market.rationing import share_out
from sunfair.units import LIMIT_MAX

__all__ = ["clear_mid_market_rate", "mid_market_rate"]


def mid_market_rate(retail: int, feed_in: int) -> int:
    """``(retail + feed_in) // 2``, µ/kWh; InputError unless both are integers, |each| ≤ 10⁹ and feed_in ≤ retail."""
    faults: list[Fault] = []
    retail = integer("retail", retail, -LIMIT_MAX, LIMIT_MAX, faults)
    feed_in = integer("feed_in", feed_in, -LIMIT_MAX, LIMIT_MAX, faults)
    if not faults and feed_in > retail:
        faults.append(Fault("feed_in", f"is {feed_in}, above retail {retail}", "feed_in ≤ retail"))
    if faults:
        raise InputError("there is no mid-market rate", faults)
    return (retail + feed_in) // 2


def clear_mid_market_rate(offers: Offers, *, retail: int, feed_in: int) -> Clearing:
    """Clear one book at the mid-market rate p of the utility's retail and feed-in price, µ/kWh.

    A buy step with limit ≥ p and a sell step with limit ≤ p takes part, and all that do count as *at the money*:
    the volume is the smaller side's energy; the larger side shares it pro rata with largest remainders, ties to the
    earlier step. Without volume there is no price. Reference mechanism of the literature, and the rule of small
    communities. Raises InputError for tariffs that are no integers, out of ±10⁹, or feed_in > retail.
    """
    price = mid_market_rate(retail, feed_in)
    buys = np.flatnonzero((offers.energy_wh > 0) & (offers.limit >= price))
    sells = np.flatnonzero((offers.energy_wh < 0) & (offers.limit <= price))
    wanted, given = int(offers.energy_wh[buys].sum()), -int(offers.energy_wh[sells].sum())
    volume = min(wanted, given)
    filled = np.zeros(len(offers), np.int64)
    if volume == 0:
        return Clearing(None, 0, filled)
    filled[buys] = _share(offers.energy_wh[buys], volume, wanted)
    filled[sells] = -_share(-offers.energy_wh[sells], volume, given)
    return Clearing(price, volume, filled)


def _share(energy: NDArray[np.int64], left: int, total: int) -> NDArray[np.int64]:
    """`share_out` to one side."""
    return share_out(energy, np.zeros(len(energy), np.intp), np.array([left]), np.array([total]))
