"""What steered homes offer for a slot: what they will need or have over, and what their batteries would trade besides.

A kWh in store is worth what the plan says, so every price at which somebody might trade has an answer: down to which
level the battery would sell at it, up to which it would buy. Only what could be delivered on each of the last seven
days, had it come again, is offered; the prices are the same few for every home.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.dispatch_levels import Bounds, Levels
from sunfair.agent.fleet import Fleet
from sunfair.agent.forecast import Forecast
from sunfair.agent.offer import meter_flows, offers_rule, pool_limits
from sunfair.model import Curves, Fees
from sunfair.units import BPS, NO_BUY, NO_SELL, STEPS_MAX, TICK

__all__ = ["RUNGS", "Ladder", "SlotSight", "offers_smart", "rungs_of"]

Ints = NDArray[np.int64]

RUNGS = 4
"""Prices at which batteries offer on each side."""

_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Ladder:
    """The limits at which batteries offer in a slot, µ/kWh, multiples of the tick; ascending.

    sell, buy : limits, some of them none (`NO_SELL`, `NO_BUY`); gain, cost : what a kWh then brings and costs the home
    """

    sell: tuple[int, ...]
    buy: tuple[int, ...]
    gain: tuple[int, ...]
    cost: tuple[int, ...]

    @staticmethod
    def of(retail: int, feed_in: int, fees: Fees, tick: int = TICK) -> "Ladder":
        """Prices spread evenly between the standing limits of the pool: the same for every home of the street."""
        buy, sell = pool_limits(retail, feed_in, fees, tick)
        if buy == NO_BUY or sell == NO_SELL or buy < sell:
            return Ladder((NO_SELL,) * RUNGS, (NO_BUY,) * RUNGS, (0,) * RUNGS, (0,) * RUNGS)
        steps = (buy - sell) // tick
        rungs = [sell + tick * (steps * (2 * at + 1) // (2 * RUNGS)) for at in range(RUNGS)]
        gain = tuple(price * fees.seller_bps // BPS if price > 0 else price for price in rungs)
        cost = tuple(price if price > 0 else price * fees.seller_bps // BPS for price in rungs)
        return Ladder(tuple(rungs), tuple(rungs), gain, cost)

    @property
    def prices(self) -> tuple[int, ...]:
        """What a kWh at the meter brings, then what it costs, rung by rung, µ/kWh: what levels are asked for."""
        return self.gain + self.cost


def rungs_of(retail: NDArray[np.float64], feed_in: NDArray[np.float64], slots: int, fees: Fees) -> NDArray[np.float64]:
    """The prices of each slot's ladder at the meter, float64[slots, 2 · RUNGS], µ/kWh."""
    pairs = zip(retail[:slots], feed_in[:slots], strict=True)
    ladders = [Ladder.of(int(high), int(low), fees).prices for high, low in pairs]
    return np.array(ladders, np.float64).reshape(slots, 2 * RUNGS)


@dataclass(frozen=True, slots=True)
class SlotSight:
    """What n homes know of the slot they offer for; as in `offers_rule`."""

    load: Forecast
    pv: Forecast
    soc_wh: Ints
    ev_wh: Ints
    retail: int
    feed_in: int
    fees: Fees
    tick: int = TICK
    bounds: Bounds | None = None


def offers_smart(
    fleet: Fleet,
    sight: SlotSight,
    levels: Levels,
    ladder: Ladder,
    rungs: Callable[[int], tuple[Ints, Ints]],
    steered: NDArray[np.bool_],
) -> Curves:
    """Curves and standing limits of all homes.

    levels  : what the batteries will be told in the slot if nothing more is traded
    ladder  : the prices at which they offer besides
    rungs   : for the place of a price in `ladder.prices`: up to which level the battery would store at it and above
              which it would draw, int64[n] each, Wh
    steered : bool[n], who offers from its battery; the others as under the simple rule
    """
    base = offers_rule(
        fleet,
        load=sight.load,
        pv=sight.pv,
        soc_wh=sight.soc_wh,
        ev_expected_wh=sight.ev_wh,
        retail=sight.retail,
        feed_in=sight.feed_in,
        fees=sight.fees,
        tick=sight.tick,
        levels=levels,
        bounds=sight.bounds,
    )
    stores = np.flatnonzero(steered & fleet.ahead & (fleet.capacity_wh > fleet.reserve_wh))
    if not len(stores) or ladder.sell[0] == NO_SELL:
        return base
    sells, buys = _besides(fleet, sight, levels, rungs)
    energy = np.concatenate([base.energy_wh.T, -sells, buys])[:, stores]
    limit = np.concatenate(
        [base.limit.T, *(np.broadcast_to(np.array(side)[:, None], sells.shape) for side in (ladder.sell, ladder.buy))]
    )
    steps, limits = _curve(energy, limit[:, stores])
    curves = base.energy_wh.copy(), base.limit.copy()
    curves[0][stores], curves[1][stores] = steps, limits
    return replace(base, energy_wh=curves[0], limit=curves[1])


def _besides(
    fleet: Fleet, sight: SlotSight, levels: Levels, rungs: Callable[[int], tuple[Ints, Ints]]
) -> tuple[Ints, Ints]:
    """What each rung adds to what the ones before it sell and buy on every day: int64[RUNGS, n] each, Wh ≥ 0."""

    def flows(told: Levels) -> Ints:
        metered, there = meter_flows(
            fleet, told, load=sight.load, pv=sight.pv, soc_wh=sight.soc_wh, ev_wh=sight.ev_wh, bounds=sight.bounds
        )
        return np.where(there, metered, _FAR)

    idle = flows(levels)
    unknown = (idle == _FAR).all(axis=0)
    sold, bought = [], []
    for rung in range(RUNGS):
        store_to, draw_from = rungs(rung)
        told = replace(
            levels, store_to=np.minimum(levels.store_to, store_to), sell_from=np.minimum(levels.sell_from, draw_from)
        )
        sold.append(np.where(unknown, 0, _least(idle, flows(told))))
        store_to, draw_from = rungs(RUNGS + rung)
        told = replace(
            levels, buy_to=np.maximum(levels.buy_to, store_to), cover_to=np.maximum(levels.cover_to, draw_from)
        )
        bought.append(np.where(unknown, 0, _least(flows(told), idle)))
    # A seller gives more the higher the price, a buyer takes more the lower it is.
    selling = np.maximum.accumulate(np.array(sold), axis=0)
    buying = np.maximum.accumulate(np.array(bought)[::-1], axis=0)
    return np.diff(selling, axis=0, prepend=0), np.diff(buying, axis=0, prepend=0)[::-1]


def _least(more: Ints, less: Ints) -> Ints:
    """By how much `more` is above `less` on every day there is, int64[n], ≥ 0."""
    apart = np.where(more == _FAR, _FAR, more - np.where(more == _FAR, 0, less))
    return np.asarray(np.maximum(apart.min(axis=0), 0))


def _curve(energy: Ints, limit: Ints) -> tuple[Ints, Ints]:
    """Steps int64[k, n] of both sides as an offer holds them, int64[n, 8]: equal ones of a side merged, none that could
    trade with another; of too many the largest.
    """
    buy, sell = energy > 0, energy < 0
    highest = np.where(buy, limit, NO_BUY).max(axis=0)
    energy = np.where(sell & (limit <= highest), 0, energy)
    side = np.sign(energy)
    # One key orders sides and limits alike, so equal steps stand next to each other.
    order = np.lexsort((limit.T, side.T), axis=1).T
    energy, limit, side = (np.take_along_axis(part, order, axis=0) for part in (energy, limit, side))
    for at in range(len(energy) - 1, 0, -1):
        same = (limit[at] == limit[at - 1]) & (side[at] == side[at - 1])
        energy[at - 1] += np.where(same, energy[at], 0)
        energy[at] = np.where(same, 0, energy[at])
    largest = np.argsort(-abs(energy), axis=0, kind="stable")[:STEPS_MAX]
    steps = np.take_along_axis(energy, largest, axis=0).T
    return steps, np.where(steps != 0, np.take_along_axis(limit, largest, axis=0).T, 0)
