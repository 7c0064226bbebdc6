"""What the homes offer for a slot under the simple rule: curves ahead of it and standing limits for the pool after it.

Two promises. By price: at any price at which a step trades, the home does at least as well as with the utility, the
fee split counted. By quantity: ahead of the slot a home offers only what would have flowed on at least half of the
last seven days, and asks for each part a price at which being wrong as often as those days were still leaves it a gain.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.dispatch_levels import Bounds, Levels, store_response
from sunfair.agent.fleet import Fleet
from sunfair.agent.forecast import DAYS, Forecast
from sunfair.model import Curves, Fees
from sunfair.units import BPS, ENERGY_MAX, LIMIT_MAX, NO_BUY, NO_SELL, STEPS_MAX, TICK

__all__ = ["buy_limit", "meter_flows", "offers_pool", "offers_rule", "pool_limits", "sell_limit", "tidy"]

_PARTS = (DAYS + 1) // 2
"""Steps of a curve at most: what flowed on 7 of 7 days, what on 6, on 5, on 4."""

_FAR = np.iinfo(np.int64).max


def pool_limits(retail: int, feed_in: int, fees: Fees, tick: int = TICK) -> tuple[int, int]:
    """The standing limits (buy, sell), µ/kWh: where the neighbours are no worse than the utility.

    Buying: the highest multiple of `tick` at which a kWh costs at least a tick less than at `retail`. Selling: the
    lowest at which the seller's share brings at least `feed_in`. `NO_BUY` or `NO_SELL` where no limit in range does.
    """
    buy = buy_limit(np.array([retail - tick]), fees, tick)[0]
    sell = sell_limit(np.array([feed_in]), fees, tick)[0]
    return int(buy) if buy >= -LIMIT_MAX else NO_BUY, int(sell) if sell <= LIMIT_MAX else NO_SELL


def offers_pool(size: int, *, retail: int, feed_in: int, fees: Fees, tick: int = TICK) -> Curves:
    """The standing pool limits alone, for `size` homes: all there is to offer where the pool is the only session.

    Nobody offers anything where the lowest price that pays a seller lies above the highest that pays a buyer.
    """
    buy, sell = pool_limits(retail, feed_in, fees, tick)
    if buy < sell:
        return Curves.empty(size)
    return replace(Curves.empty(size), pool_buy=np.full(size, buy, np.int64), pool_sell=np.full(size, sell, np.int64))


def offers_rule(
    fleet: Fleet,
    *,
    load: Forecast,
    pv: Forecast,
    soc_wh: NDArray[np.int64],
    ev_expected_wh: NDArray[np.int64],
    retail: int,
    feed_in: int,
    fees: Fees,
    tick: int = TICK,
    levels: Levels | None = None,
    bounds: Bounds | None = None,
) -> Curves:
    """Ahead curves and standing pool limits of all homes for one slot.

    load, pv        : forecasts of that slot; a home of which either is not known offers in the pool only
    soc_wh          : int64[n], Wh, expected at the slot's start
    ev_expected_wh  : int64[n], Wh, ≥ 0, what the cars are expected to take
    retail, feed_in : µ/kWh, the slot's tariff, `feed_in ≤ retail`
    tick            : µ/kWh, limits are multiples of it
    levels          : what the batteries are told for the slot; None: the simple rule
    bounds          : what the meters may show in it: no more is offered; None: anything

    A home buys or sells ahead, never both; and where `offers_pool` offers nothing, nothing is offered ahead.
    """
    standing = offers_pool(fleet.size, retail=retail, feed_in=feed_in, fees=fees, tick=tick)
    if not fleet.size or standing.pool_buy[0] == NO_BUY:
        return standing
    told = levels or Levels.rule(fleet)
    metered, there = meter_flows(fleet, told, load=load, pv=pv, soc_wh=soc_wh, ev_wh=ev_expected_wh, bounds=bounds)
    flows, days = np.sort(np.where(there, metered, _FAR), axis=0), np.count_nonzero(there, axis=0)
    energy = np.where(fleet.ahead, _parts(flows, days), 0)
    buy_limits, sell_limits = _limits(retail, feed_in, fees, tick)
    limit = np.where(energy.sum(axis=0) > 0, buy_limits[:, days], sell_limits[:, days])
    steps, limits = tidy(np.where(abs(limit) <= LIMIT_MAX, energy, 0), limit)
    return replace(standing, energy_wh=steps, limit=limits)


def meter_flows(
    fleet: Fleet,
    levels: Levels,
    *,
    load: Forecast,
    pv: Forecast,
    soc_wh: NDArray[np.int64],
    ev_wh: NDArray[np.int64],
    bounds: Bounds | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """What the meter would show on each of the last seven days if it came again, the battery answering as it will:
    int64[7, n], Wh, inside the bounds; and whether the day is known, bool[7, n].
    """
    net = load.days_wh - pv.days_wh + ev_wh
    flows = net + store_response(fleet, levels, net, soc_wh, bounds).battery_wh
    if bounds is not None:
        flows = bounds.clip(flows)
    return np.clip(flows, -ENERGY_MAX, ENERGY_MAX), (load.days_wh >= 0) & (pv.days_wh >= 0)


def _parts(flows: NDArray[np.int64], days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Step i is what flowed on all but i of the days and not on all but i − 1: int64[4, n], Wh, + bought, − sold.

    Only while that is at least half of the days, counted as ``(days − i) / (days + 1)``; then no home does both.
    """
    home, place = np.arange(flows.shape[1]), np.arange(_PARTS)[:, None]
    likely = 2 * place < days
    least = np.where(likely, np.maximum(flows[:_PARTS], 0), 0)
    most = np.where(likely, np.minimum(flows[np.maximum(days - 1 - place, 0), home], 0), 0)
    reached = np.maximum.accumulate(least, axis=0) + np.minimum.accumulate(most, axis=0)
    return np.diff(reached, axis=0, prepend=0)


def _limits(retail: int, feed_in: int, fees: Fees, tick: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Limits of step i with d days known, buying and selling, int64[4, 8] each, µ/kWh.

    The flow of a new day exceeds the i-th least of d earlier ones with the chance ``(d − i) / (d + 1)``. A Wh bought
    ahead then saves `retail`, else it is sold at `feed_in`; one sold ahead then forgoes `feed_in`, else it is bought
    back at `retail`. At the limit the expected gain is a tick: when many homes are wrong at once, they are wrong to the
    same side, and the pool's price is against them.
    """
    place, days = np.arange(_PARTS)[:, None], np.arange(DAYS + 1)
    flowing, missing = np.maximum(days - place, 0), place + 1
    saved = (retail * flowing + feed_in * missing) // (flowing + missing)
    forgone = -((-feed_in * flowing - retail * missing) // (flowing + missing))
    return buy_limit(saved - tick, fees, tick), sell_limit(forgone + tick, fees, tick)


def buy_limit(worth: NDArray[np.int64], fees: Fees, tick: int) -> NDArray[np.int64]:
    """The highest multiple of `tick` at which a bought kWh costs at most `worth`, µ/kWh.

    Below zero the buyer receives, and of the price only the seller's share.
    """
    positive = worth // tick
    negative = worth * BPS // (fees.seller_bps * tick)
    return np.where(worth >= 0, positive, negative) * tick


def sell_limit(worth: NDArray[np.int64], fees: Fees, tick: int) -> NDArray[np.int64]:
    """The lowest multiple of `tick` at which a sold kWh brings at least `worth`, µ/kWh.

    Above zero the seller receives its share of the price; below, it pays the price in full.
    """
    positive = -(-worth * BPS // (fees.seller_bps * tick))
    negative = -(-worth // tick)
    return np.where(worth > 0, positive, negative) * tick


def tidy(energy: NDArray[np.int64], limit: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Steps int64[k, n], of one side each home, as an offer holds them, int64[n, 8]: equal limits merged, used steps
    first; equal limits stand next to each other.
    """
    energy = energy.copy()
    for later in range(len(energy) - 1, 0, -1):
        same = limit[later] == limit[later - 1]
        energy[later - 1] += np.where(same, energy[later], 0)
        energy[later] = np.where(same, 0, energy[later])
    order = np.argsort(energy == 0, axis=0, kind="stable")[:STEPS_MAX]
    kept = np.take_along_axis(energy, order, axis=0).T
    steps = np.zeros((energy.shape[1], STEPS_MAX), np.int64)
    limits = np.zeros_like(steps)
    steps[:, : kept.shape[1]] = kept
    limits[:, : kept.shape[1]] = np.where(kept != 0, np.take_along_axis(limit, order, axis=0).T, 0)
    return steps, limits
