"""The exact plan of a home with a battery, carried backwards slot by slot and then read off forwards.

What is left to pay from a slot on, as a function of the energy in store, is convex and piecewise linear: segments of
falling marginal value (µ/kWh) and some length (Wh). A slot adds its own few segments (store surplus, buy and store,
cover the own use, sell from store) at their places in that order, and the battery's band cuts both ends off: an infimal
convolution of convex piecewise-linear functions merges their slopes (Rockafellar, Convex Analysis, §16.4). Nothing is
put on a grid and nothing is lost. For every segment of a slot it is enough to remember the level of the store above
which it is used; from these levels the way forward is read off.

Imported only when a plan is made: it compiles.
"""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.kernels import inline_kernel, kernel
from sunfair.agent.merge_slot import (
    BEST,
    BRIDGE,
    BURNING,
    CHARGE_ONLY,
    COUNT,
    DISCHARGE_ONLY,
    FALL,
    FLOOR,
    FREE,
    HIGH,
    LENGTH,
    LEVEL,
    LOW,
    MODE,
    RISE,
    SOC,
    VALUE,
    Home,
    Sight,
    Space,
    add_segments,
    metered,
    new_space,
    read_home,
)

__all__ = ["backwards", "cut_ends", "forwards", "merge_homes", "merge_segments", "prepare"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEAR = 1e-8
"""Wh; a level within this of a corner is at it."""

DIVES = 12
"""Times a home is planned at most, where a price below zero would pay for burning energy in the battery."""


@kernel
def merge_homes(
    begin: int,
    end: int,
    homes: Floats,
    load: Floats,
    pv: Floats,
    buy: Floats,
    sell: Floats,
    no_car: Floats,
    flows: Floats,
    cost: Floats,
) -> None:
    """Plan the homes from `begin` to before `end`.

    homes : float64[n, 11], the columns of `Home` but the last
    load, pv : float64[n, T]; buy, sell : float64[n or 1, T], as in `Problem`
    no_car : float64[1, 0]
    flows : written, float64[8, n, T], Wh: charge, discharge, import, export, curtail, load above the import limit,
            store at the slot's end; and the marginal value, µ/kWh
    cost  : written, float64[n], µ
    """
    horizon = load.shape[1]
    space = new_space(horizon)
    for i in range(begin, end):
        sight = Sight(load[i], pv[i], buy[i if len(buy) > 1 else 0], sell[i if len(sell) > 1 else 0], no_car[0], 0.0)
        home = read_home(homes, i, sight)
        prepare(home, sight, space)
        best = np.inf
        for dive in range(DIVES + 1):
            backwards(home, sight, space)
            burning = forwards(home, space)
            paid, over = _flows(home, sight, space.numbers, flows[:, i])
            cost[i] = paid
            if dive == DIVES or (burning == 0 and paid + home.penalty * over <= best):
                break
            best = _next_dive(paid + home.penalty * over, best, burning == 0 or dive == DIVES - 1, space.whole)
        _values(home, space.numbers, flows[7, i])


@kernel
def prepare(home: Home, sight: Sight, space: Space) -> None:
    """No slot held to a side yet, and the least energy in store at each slot's end: the reserve, or as near to it as
    charging can come by then.
    """
    level = min(home.soc, home.reserve)
    for t in range(len(sight.load)):
        room = min(home.charge_limit, max(0.0, home.import_limit - sight.load[t] + sight.pv[t]))
        level = min(home.reserve, level + home.charge_eff * room)
        space.numbers[FLOOR, t] = level
        space.whole[MODE, t] = FREE


@kernel
def backwards(home: Home, sight: Sight, space: Space) -> None:
    """Carry the value of stored energy from the end to the first slot, and leave every segment's level."""
    horizon, numbers = len(sight.load), space.numbers
    now, then = space.merged[:2], space.merged[2:]
    begin, end = 0, 1
    now[0, 0] = home.terminal
    now[1, 0] = home.capacity - (numbers[FLOOR, horizon - 1] if horizon else 0.0)
    for t in range(horizon - 1, -1, -1):
        add_segments(home, sight, t, space)
        end = merge_segments(space, t, now, begin, end, then)
        before = numbers[FLOOR, t - 1] if t else home.soc
        begin, end = cut_ends(then, end, numbers[RISE, t] + before - numbers[FLOOR, t], numbers[FALL, t])
        now, then = then, now


@inline_kernel
def merge_segments(space: Space, t: int, now: Floats, begin: int, end: int, then: Floats) -> int:
    """Merge slot t's segments into the function `now`, from `begin` to before `end`; returns the end of `then`.

    now, then : float64[2, …], value and length of the segments of what is left to pay after and before the slot; `now`
                begins at the slot's floor

    Of equal values the store's come first: a tie charges early.
    """
    segments, level, taken, out = space.segments, space.numbers[FLOOR, t], begin, 0
    for k in range(space.whole[COUNT, t]):
        own = segments[t, VALUE + k]
        while taken < end and now[0, taken] >= own:
            level += now[1, taken]
            then[0, out], then[1, out] = now[0, taken], now[1, taken]
            taken += 1
            out += 1
        segments[t, LEVEL + k] = level
        if out and then[0, out - 1] == own:
            then[1, out - 1] += segments[t, LENGTH + k]
        else:
            then[0, out], then[1, out] = own, segments[t, LENGTH + k]
            out += 1
    while taken < end:
        then[0, out], then[1, out] = now[0, taken], now[1, taken]
        taken += 1
        out += 1
    return out


@inline_kernel
def cut_ends(then: Floats, end: int, first: float, last: float) -> tuple[int, int]:
    """Cut `first` Wh off the front and `last` Wh off the end; returns where the rest begins and ends."""
    begin = 0
    while begin < end and then[1, begin] <= first:
        first -= then[1, begin]
        begin += 1
    while begin < end and then[1, end - 1] <= last:
        last -= then[1, end - 1]
        end -= 1
    if begin < end:
        then[1, begin] -= max(first, 0.0)
    if begin < end:
        then[1, end - 1] -= max(last, 0.0)
    return begin, end


@kernel
def forwards(home: Home, space: Space) -> int:
    """Read the plan off the levels; returns in how many slots only burning energy would be optimal."""
    segments, numbers, whole = space.segments, space.numbers, space.whole
    burning, stored = 0, home.soc
    for t in range(numbers.shape[1]):
        change, count, k, inside = -numbers[RISE, t], whole[COUNT, t], 0, False
        while k < count and stored - change > segments[t, LEVEL + k] + NEAR:
            inside = stored - segments[t, LEVEL + k] < change + segments[t, LENGTH + k] - NEAR
            if inside:
                break
            change += segments[t, LENGTH + k]
            k += 1
        level = segments[t, LEVEL + k] if inside else stored - change
        numbers[LOW, t] = segments[t, VALUE + k] if k < count else -np.inf
        numbers[HIGH, t] = numbers[LOW, t] if inside else (segments[t, VALUE + k - 1] if k > 0 else np.inf)
        whole[BURNING, t] = 0
        if inside and k == whole[BRIDGE, t]:
            whole[BURNING, t] = 1 if level >= stored else -1
            burning += 1
        stored = min(max(level, numbers[FLOOR, t]), home.capacity)
        numbers[SOC, t] = stored
    return burning


@kernel
def _next_dive(judged: float, best: float, last: bool, whole: Ints) -> float:
    """Hold each slot in which burning would pay to the side it leans to; at last, all to those of the best plan.

    Returns the least cost so far.
    """
    better = judged < best
    for t in range(whole.shape[1]):
        if better:
            whole[BEST, t] = whole[MODE, t]
        if last:
            whole[MODE, t] = whole[BEST, t]
        elif whole[BURNING, t] != 0:
            whole[MODE, t] = CHARGE_ONLY if whole[BURNING, t] > 0 else DISCHARGE_ONLY
    return judged if better else best


@kernel
def _flows(home: Home, sight: Sight, numbers: Floats, flows: Floats) -> tuple[float, float]:
    """What flows when the store goes its way; returns cost (µ) and load above the import limit (kWh)."""
    cost, over, before = 0.0, 0.0, home.soc
    for t in range(numbers.shape[1]):
        stored = numbers[SOC, t]
        change, buy, sell = stored - before, sight.buy[t], sight.sell[t]
        before = stored
        charge = min(change / home.charge_eff, home.charge_limit) if change > 0.0 else 0.0
        discharge = min(-change * home.discharge_eff, home.discharge_limit) if change < 0.0 else 0.0
        net = sight.load[t] - sight.pv[t] + charge - discharge
        taken, given, curtail, above = metered(home, net, sight.pv[t], buy, sell)
        flows[0, t], flows[1, t], flows[2, t], flows[3, t] = charge, discharge, taken, given
        flows[4, t], flows[5, t], flows[6, t] = curtail, above, stored
        cost += buy * taken - sell * given + home.wear * discharge
        over += above
    return (cost - home.terminal * (before - home.reserve)) / 1000.0, over / 1000.0


@kernel
def _values(home: Home, numbers: Floats, marginal: Floats) -> None:
    """The marginal values that prove the plan: between the slot's own, and equal from slot to slot inside the band.

    First backwards, what the later slots leave possible; then forwards, one of them: at the floor what one more kWh
    would bring, when full what the last one brings.
    """
    low, high, horizon = home.terminal, home.terminal, len(marginal)
    for t in range(horizon - 1, -1, -1):
        empty = numbers[SOC, t] <= numbers[FLOOR, t] + NEAR
        full = numbers[SOC, t] >= home.capacity - NEAR
        low = numbers[LOW, t] if full else max(numbers[LOW, t], low)
        high = numbers[HIGH, t] if empty else min(numbers[HIGH, t], high)
        numbers[LOW, t], numbers[HIGH, t] = low, high
    empty, full, before = True, True, 0.0
    for t in range(horizon):
        low = numbers[LOW, t] if empty else max(numbers[LOW, t], before)
        high = numbers[HIGH, t] if full else min(numbers[HIGH, t], before)
        empty = numbers[SOC, t] <= numbers[FLOOR, t] + NEAR
        full = numbers[SOC, t] >= home.capacity - NEAR
        if low > -np.inf and (empty or high == np.inf):
            before = low
        elif high < np.inf and (full or low == -np.inf):
            before = high
        else:
            before = (low + high) / 2.0 if high < np.inf and low > -np.inf else 0.0
        marginal[t] = before if home.capacity > 0.0 else 0.0
