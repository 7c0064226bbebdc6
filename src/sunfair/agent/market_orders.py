"""What a home orders day ahead in a retailer's market, from what is known at the block's gate and nothing later.

An order is paid, used or not; what it does not cover is bought elsewhere, dearer. So as much is ordered as is used with
the chance at which both sides weigh the same: P(use > order) = price ÷ price elsewhere. The chance comes from seven
futures, what would follow if each of the last seven days came again (`forecast_floor`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.forecast import forecast_floor
from sunfair.agent.markets import NO_PRICE, PriceSource, RetailSource, best_prices

__all__ = ["gate_of", "order_block"]

Ints = NDArray[np.int64]


def gate_of(market: RetailSource, begin: int) -> int:
    """When orders for the block that begins with slot `begin` must stand, unix s."""
    return begin * market.slot_seconds - market.market.gate_minutes * 60


def order_block(
    market: RetailSource, elsewhere: Sequence[PriceSource], bought_wh: Ints, first: int, begin: int
) -> Ints:
    """What one home orders for each slot of a block at its gate, Wh ≥ 0.

    bought_wh : int64[H], Wh ≥ 0, what it bought outside the street in the slots from `first` on; of these, only slots
                that are over at the gate are looked at
    elsewhere : where else it can buy; where this market is not the cheapest nothing is ordered
    """
    gate, per_day = gate_of(market, begin), 86_400 // market.slot_seconds
    over = gate // market.slot_seconds - first
    slots = begin + np.arange(market.block_slots)
    order = np.zeros(len(slots), np.int64)
    if over <= 0:
        return order
    here = market.prices(slots, gate)
    other = best_prices(elsewhere, slots, gate).price
    history = bought_wh[: min(over, len(bought_wh)), None]
    for at in np.flatnonzero((here < NO_PRICE) & (here < other)).tolist():
        lead = int(slots[at]) - (first + len(history) - 1)
        if 1 <= lead <= per_day:
            days = forecast_floor(history, per_day, lead).days_wh[:, 0]
            order[at] = _enough(np.sort(days[days >= 0]), int(here[at]), int(other[at]))
    return order


def _enough(futures: Ints, price: int, other: int) -> int:
    """The largest order that is used with at least the chance price ÷ other, of futures in ascending order."""
    if not len(futures):
        return 0
    if price <= 0:
        return int(futures[-1])
    # Future j of d (the least is 0) is exceeded with the chance (d − j) / (d + 1). With no price elsewhere: the median.
    chance = (price, other) if other < NO_PRICE else (1, 2)
    count = len(futures)
    good = [j for j in range(count) if (count - j) * chance[1] >= chance[0] * (count + 1)]
    return int(futures[good[-1]]) if good else 0
