"""When a car that must be ready in time charges, beside a battery: the search for the price that fills it.

At a price for every kWh in the car the exact plan of battery and car is one merge: the car adds a single segment to
each slot in which it is plugged in. What it then takes rises with the price, and the Lagrangian in the price is concave
and piecewise linear, so the price at which it takes what it needs is found in a few steps, each to where the tangents
of both sides meet. There the plans of both sides are optimal, and so is the mixture that takes exactly the need.

Imported only when such a plan is made: it compiles.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.kernels import kernel
from sunfair.agent.merge_kernel import backwards, forwards, prepare
from sunfair.agent.merge_slot import BELOW, EARLY, SOC, Home, Sight, Space, metered, new_space, read_home

__all__ = ["charge_cars"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 60
"""Prices tried at most; 5 to 10 are usual."""

EXACT = 1e-11
"""Share of the cost by which the tangents' meeting point may lie above the Lagrangian and count as reached."""

ENOUGH = 1e-6
"""Wh by which a car's energy may miss its need."""


class Side(NamedTuple):
    """One price that was tried: float64[3], µ/kWh, Lagrangian (µ), what the car takes (Wh); and float64[T], Wh."""

    at: Floats
    taken: Floats


@kernel
def charge_cars(
    begin: int,
    end: int,
    homes: Floats,
    load: Floats,
    pv: Floats,
    buy: Floats,
    sell: Floats,
    most: Floats,
    need: Floats,
    taken: Floats,
    worth: Floats,
    tried: Ints,
) -> None:
    """When the cars of the homes from `begin` to before `end` charge, the battery planned with them.

    homes … sell : as for `merge_homes`
    most  : float64[n, T], Wh a car can take in a slot, 0 where it is away
    need  : float64[n], Wh, at most what `most` sums to
    taken : written, float64[n, T], Wh; sums to `need`, or to less where the import limit leaves no more
    worth : written, float64[n], µ/kWh, price of the last kWh the car takes
    tried : written, int64[n], prices tried
    """
    horizon = load.shape[1]
    space = new_space(horizon)
    low, high, new = _side(horizon), _side(horizon), _side(horizon)
    for i in range(begin, end):
        buying, selling = buy[i if len(buy) > 1 else 0], sell[i if len(sell) > 1 else 0]
        sight = Sight(load[i], pv[i], buying, selling, most[i], 0.0)
        home = read_home(homes, i, sight)
        prepare(home, sight, space)
        if need[i] <= ENOUGH:
            for t in range(horizon):
                taken[i, t] = 0.0
            worth[i], tried[i] = 0.0, 0
            continue
        tried[i] = _search(home, sight, need[i], space, low, high, new)
        share = (need[i] - low.at[2]) / max(high.at[2] - low.at[2], ENOUGH)
        share = min(max(share, 0.0), 1.0)
        for t in range(horizon):
            taken[i, t] = (1.0 - share) * low.taken[t] + share * high.taken[t]
        worth[i] = high.at[0]


@kernel
def _side(horizon: int) -> Side:
    return Side(np.zeros(3), np.zeros(horizon))


@kernel
def _search(home: Home, sight: Sight, need: float, space: Space, low: Side, high: Side, new: Side) -> int:
    """Close in on the price from below (`low`) and from above (`high`); returns the number of prices tried."""
    limit, price = 0.5 * home.penalty, _guess(sight, need)
    step, predicted, below, above = 0.05 * abs(price) + 1.0, np.inf, False, False
    for tried in range(1, ROUNDS + 1):
        _try(home, sight, min(price, limit), need, space, new)
        if abs(new.at[2] - need) <= ENOUGH or (new.at[2] < need and price >= limit):
            _keep(new, low)
            _keep(new, high)
            return tried
        if below and above and new.at[1] >= predicted - EXACT * (1.0 + abs(predicted)):
            return tried
        if new.at[2] < need:
            _keep(new, low)
            below = True
        else:
            _keep(new, high)
            above = True
        if below and above:
            rise, fall = need - low.at[2], need - high.at[2]
            price = (1000.0 * (high.at[1] - low.at[1]) + rise * low.at[0] - fall * high.at[0]) / (rise - fall)
            predicted = low.at[1] + rise * (price - low.at[0]) / 1000.0
        else:
            price = price + step if below else price - step
            step *= 3.0
    return ROUNDS


@kernel
def _guess(sight: Sight, need: float) -> float:
    """The dearest of the cheapest slots that would do if the car were alone, µ/kWh."""
    left, price, worth = need, -np.inf, 0.0
    while left > 0.0 and worth < np.inf:
        worth, there = np.inf, 0.0
        for t in range(len(sight.car)):
            if sight.car[t] > 0.0 and price < sight.buy[t] <= worth:
                there = sight.car[t] + (there if sight.buy[t] == worth else 0.0)
                worth = sight.buy[t]
        if worth < np.inf:
            price = worth
        left -= there
    return price + 2.0 * EARLY * len(sight.car)


@kernel
def _keep(new: Side, side: Side) -> None:
    """What was tried becomes one side."""
    for k in range(3):
        side.at[k] = new.at[k]
    for t in range(len(new.taken)):
        side.taken[t] = new.taken[t]


@kernel
def _try(home: Home, sight: Sight, price: float, need: float, space: Space, new: Side) -> None:
    """The cheapest plan of battery and car if each kWh in the car were worth `price`."""
    backwards(home, Sight(sight.load, sight.pv, sight.buy, sight.sell, sight.car, price), space)
    forwards(home, space)
    cost, total, before = 0.0, 0.0, home.soc
    for t in range(len(sight.load)):
        change = space.numbers[SOC, t] - before
        before = space.numbers[SOC, t]
        charge, discharge = max(change, 0.0) / home.charge_eff, max(-change, 0.0) * home.discharge_eff
        net, taken = sight.load[t] - sight.pv[t] + charge - discharge, 0.0
        if sight.car[t] > 0.0:
            taken = min(max(space.numbers[BELOW, t] - net, 0.0), sight.car[t])
        bought, sold, _, above = metered(home, net + taken, sight.pv[t], sight.buy[t], sight.sell[t])
        cost += sight.buy[t] * bought - sight.sell[t] * sold + home.wear * discharge + home.penalty * above
        cost -= (price - EARLY * t) * taken
        total += taken
        new.taken[t] = taken
    new.at[0] = price
    new.at[1] = (cost + price * need - home.terminal * (before - home.reserve)) / 1000.0
    new.at[2] = total
