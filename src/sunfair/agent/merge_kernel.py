"""The exact plan of a home with a battery, carried backwards slot by slot and then read off forwards.

What is left to pay from a slot on, as a function of the energy in store, is convex and piecewise linear: segments of
falling marginal value (µ/kWh) and some length (Wh). A slot adds its own few segments (store surplus, buy and store,
cover the own use, sell from store) at their places in that order, and the battery's band cuts both ends off: an infimal
convolution of convex piecewise-linear functions merges their slopes (Rockafellar, Convex Analysis, §16.4). Nothing is
put on a grid and nothing is lost. For every segment of a slot it is enough to remember the level of the store above
which it is used; from these levels the way forward is read off.

Imported only when a plan is made: it compiles.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.kernels import kernel

__all__ = ["merge_homes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PIECES = 5
"""Pieces of the meter's cost: giving, curtailing, taking, load above the import limit, and the car's."""

SEGMENTS = 2 * PIECES - 1
"""A slot has at most 4 segments that charge and 5 that discharge."""

LEAST = 1e-9
"""Wh; a shorter segment is rounding."""

NEAR = 1e-8
"""Wh; a level within this of a corner is at it."""

DIVES = 12
"""Times a home is planned at most, where a price below zero would pay for burning energy in the battery."""

FREE, CHARGE_ONLY, DISCHARGE_ONLY = 0, 1, 2

VALUE, LENGTH, LEVEL = 0, SEGMENTS, 2 * SEGMENTS
"""Where a slot's row of segments holds their marginal values (µ/kWh), lengths (Wh) and the store's level above which
each is used (Wh), in order of falling value."""

COUNT, BRIDGE, MODE, BURNING, BEST = 0, 1, 2, 3, 4
"""Rows of a home's whole numbers by slot: segments; the one (or −1) that would pay for burning: it pools charging with
discharging, and only its ends can be done; the side the slot is held to; ±1 where only burning would be optimal; the
sides of the best plan so far."""

FLOOR, SOC, MOST, LOW, HIGH, BELOW = 0, 1, 2, 3, 4, 5
"""Rows of a home's numbers by slot: least store at its end (Wh), store at its end (Wh), by how much the store rises at
most (Wh), between which marginal values the slot would do the same (µ/kWh), net use (Wh, without the car) below which
the car takes something."""

EARLY = 1e-5
"""µ/kWh by which a car would rather charge a slot earlier."""


class Home(NamedTuple):
    """One home of `Problem`; penalty: µ/kWh by which load above the import limit counts."""

    capacity: float
    soc: float
    reserve: float
    charge_limit: float
    discharge_limit: float
    charge_eff: float
    discharge_eff: float
    wear: float
    import_limit: float
    export_limit: float
    terminal: float
    penalty: float


class Sight(NamedTuple):
    """What one home sees coming, float64[T] each; and what its car takes at most (Wh; empty: no car) at which price."""

    load: Floats
    pv: Floats
    buy: Floats
    sell: Floats
    car: Floats
    worth: float


class Space(NamedTuple):
    """Work space for one home at a time: see the rows above; merged float64[4, …], corners float64[2·PIECES + 1]."""

    segments: Floats
    numbers: Floats
    whole: Ints
    merged: Floats
    corners: Floats


@kernel
def merge_homes(
    begin: int, end: int, homes: Floats, load: Floats, pv: Floats, buy: Floats, sell: Floats, flows: Floats, cost: Floats
) -> None:
    """Plan the homes from `begin` to before `end`.

    homes : float64[n, 11], the columns of `Home` but the last
    load, pv : float64[n, T]; buy, sell : float64[n or 1, T]
    flows : written, float64[8, n, T], Wh: charge, discharge, import, export, curtail, load above the import limit,
            store at the slot's end; and the marginal value, µ/kWh
    cost  : written, float64[n], µ
    """
    horizon = load.shape[1]
    space, no_car = new_space(horizon), np.empty(0)
    for i in range(begin, end):
        sight = Sight(load[i], pv[i], buy[i if len(buy) > 1 else 0], sell[i if len(sell) > 1 else 0], no_car, 0.0)
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
def new_space(horizon: int) -> Space:
    """Work space for homes of so many slots."""
    return Space(
        np.empty((horizon, 3 * SEGMENTS)),
        np.empty((6, horizon)),
        np.zeros((5, horizon), np.int64),
        np.empty((4, 1 + SEGMENTS * (horizon + 1))),
        np.empty(2 * PIECES + 1),
    )


@kernel
def read_home(homes: Floats, i: int, sight: Sight) -> Home:
    """The home of a row, with a penalty that no trade in store could ever outweigh."""
    dearest = 0.0
    for t in range(len(sight.buy)):
        dearest = max(dearest, abs(sight.buy[t]), abs(sight.sell[t]))
    return Home(
        homes[i, 0],
        homes[i, 1],
        homes[i, 2],
        homes[i, 3],
        homes[i, 4],
        homes[i, 5],
        homes[i, 6],
        homes[i, 7],
        homes[i, 8],
        homes[i, 9],
        homes[i, 10],
        4.0 * (dearest + abs(homes[i, 10]) + homes[i, 7] + 1.0) / (homes[i, 5] * homes[i, 6]),
    )


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
def _meter(home: Home, sight: Sight, t: int, corners: Floats) -> None:
    """The meter's cost over net use before curtailment, load − pv + charge − discharge: convex, piecewise linear.

    Writes its corners (Wh) and, from PIECES + 1 on, the prices between them (µ/kWh), both ascending: giving (sell),
    curtailing (0), taking (buy), and last the load above the import limit.
    """
    load, pv, buy, sell = sight.load[t], sight.pv[t], sight.buy[t], sight.sell[t]
    give = min(home.export_limit, pv + home.discharge_limit)
    car = sight.car[t] if len(sight.car) else 0.0
    # What other stores give may exceed the load: then it is below 0.
    take = min(home.import_limit, max(0.0, load + home.charge_limit + car))
    corners[0] = -give - pv
    corners[3] = take
    corners[4] = corners[5] = max(take, load - pv)
    corners[9] = corners[10] = home.penalty
    if buy < 0.0:
        corners[1], corners[2] = -pv, take - pv
        corners[6], corners[7], corners[8] = sell, buy, 0.0
    elif sell < 0.0:
        corners[1], corners[2] = -pv, 0.0
        corners[6], corners[7], corners[8] = sell, 0.0, buy
    else:
        corners[1], corners[2] = -give, 0.0
        corners[6], corners[7], corners[8] = 0.0, sell, buy


@kernel
def _park(worth: float, most: float, corners: Floats) -> float:
    """Put the car's piece, `most` Wh at `worth`, at its place among the meter's, and move those before it to the left:
    there the car takes all it can. Returns the net use below which it takes something.
    """
    k = PIECES - 1
    while k > 0 and corners[PIECES + k] > worth:
        corners[PIECES + 1 + k], corners[k + 1] = corners[PIECES + k], corners[k]
        k -= 1
    corners[PIECES + 1 + k], corners[k + 1] = worth, corners[k]
    below = corners[k]
    for j in range(k + 1):
        corners[j] -= most
    return below


@kernel
def _segments(home: Home, net: float, t: int, space: Space) -> None:
    """The segments of slot t, from charging all it can to discharging all it can, on the battery's side."""
    corners, segments, count, most = space.corners, space.segments, 0, 0.0
    if space.whole[MODE, t] != DISCHARGE_ONLY:
        end = net + home.charge_limit
        for j in range(PIECES - 1, -1, -1):
            part = (min(corners[j + 1], end) - max(corners[j], net)) * home.charge_eff
            if part > LEAST:
                segments[t, VALUE + count] = corners[PIECES + 1 + j] / home.charge_eff
                segments[t, LENGTH + count] = part
                most += part
                count += 1
    charging = count
    if space.whole[MODE, t] != CHARGE_ONLY:
        end = net - home.discharge_limit
        for j in range(PIECES - 1, -1, -1):
            part = (min(corners[j + 1], net) - max(corners[j], end)) / home.discharge_eff
            if part > LEAST:
                segments[t, VALUE + count] = (corners[PIECES + 1 + j] - home.wear) * home.discharge_eff
                segments[t, LENGTH + count] = part
                count += 1
    space.whole[COUNT, t], space.whole[BRIDGE, t], space.numbers[MOST, t] = count, -1, most
    if 0 < charging < count and segments[t, VALUE + charging - 1] < segments[t, VALUE + charging]:
        _bridge(segments, space.whole, t, charging)


@kernel
def _bridge(segments: Floats, whole: Ints, t: int, charging: int) -> None:
    """Pool the segments about `charging` until values fall: the convex hull of a slot that pays for burning."""
    count, first, last = whole[COUNT, t], charging - 1, charging
    total, pooled = 0.0, 0.0
    searching = True
    while searching:
        total, pooled = 0.0, 0.0
        for k in range(first, last + 1):
            total += segments[t, LENGTH + k]
            pooled += segments[t, VALUE + k] * segments[t, LENGTH + k]
        pooled /= total
        searching = False
        if first > 0 and segments[t, VALUE + first - 1] < pooled:
            first, searching = first - 1, True
        elif last < count - 1 and segments[t, VALUE + last + 1] > pooled:
            last, searching = last + 1, True
    segments[t, VALUE + first], segments[t, LENGTH + first] = pooled, total
    for k in range(last + 1, count):
        segments[t, VALUE + first + k - last] = segments[t, VALUE + k]
        segments[t, LENGTH + first + k - last] = segments[t, LENGTH + k]
    whole[COUNT, t], whole[BRIDGE, t] = count - (last - first), first


@kernel
def backwards(home: Home, sight: Sight, space: Space) -> None:
    """Carry the value of stored energy from the end to the first slot, and leave every segment's level."""
    horizon, numbers = len(sight.load), space.numbers
    now, then, size = space.merged[:2], space.merged[2:], np.int64(1)
    now[0, 0] = home.terminal
    now[1, 0] = home.capacity - (numbers[FLOOR, horizon - 1] if horizon else 0.0)
    for t in range(horizon - 1, -1, -1):
        _meter(home, sight, t, space.corners)
        if len(sight.car) and sight.car[t] > 0.0:
            numbers[BELOW, t] = _park(sight.worth - EARLY * t, sight.car[t], space.corners)
        _segments(home, sight.load[t] - sight.pv[t], t, space)
        before = numbers[FLOOR, t - 1] if t else home.soc
        drop = max(0.0, numbers[MOST, t] + before - numbers[FLOOR, t])
        size = _merge(space, t, now, size, then, drop, home.capacity - before)
        now, then = then, now


@kernel
def _merge(space: Space, t: int, now: Floats, size: int, then: Floats, drop: float, room: float) -> int:
    """Merge slot t's segments into the function `now`; the first `drop` Wh and what is past `room` are cut off.

    now, then : float64[2, …], value and length of the segments of what is left to pay after and before the slot; `now`
                begins at the slot's floor

    Of equal values the store's come first: a tie charges early. Returns the number of segments in `then`.
    """
    segments, count, level = space.segments, space.whole[COUNT, t], space.numbers[FLOOR, t]
    taken, k, out = np.int64(0), np.int64(0), np.int64(0)
    while room > 0.0 or k < count:
        own = segments[t, VALUE + k] if k < count else -np.inf
        if taken < size and now[0, taken] >= own:
            value, part = now[0, taken], now[1, taken]
            level += part
            taken += 1
        elif k < count:
            value, part = own, segments[t, LENGTH + k]
            segments[t, LEVEL + k] = level
            k += 1
        else:
            break
        cut = min(drop, part)
        drop -= cut
        part = min(part - cut, room)
        if part > 0.0:
            room -= part
            if out and then[0, out - 1] == value:
                then[1, out - 1] += part
            else:
                then[0, out], then[1, out] = value, part
                out += 1
    return out


@kernel
def forwards(home: Home, space: Space) -> int:
    """Read the plan off the levels; returns in how many slots only burning energy would be optimal."""
    segments, numbers, whole = space.segments, space.numbers, space.whole
    burning, stored = 0, home.soc
    for t in range(numbers.shape[1]):
        change, count, k, inside = -numbers[MOST, t], whole[COUNT, t], 0, False
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
        curtail = _curtail(home, net, sight.pv[t], buy, sell)
        metered = net + curtail
        above = max(0.0, metered - home.import_limit)
        taken, given = max(0.0, metered - above), max(0.0, -metered)
        flows[0, t], flows[1, t], flows[2, t], flows[3, t] = charge, discharge, taken, given
        flows[4, t], flows[5, t], flows[6, t] = curtail, above, stored
        cost += buy * taken - sell * given + home.wear * discharge
        over += above
    return (cost - home.terminal * (before - home.reserve)) / 1000.0, over / 1000.0


@kernel
def _curtail(home: Home, net: float, pv: float, buy: float, sell: float) -> float:
    """Roof energy not taken, Wh: where taking is paid for all of it, where giving costs what would be given, and
    always what the export limit leaves no room for.
    """
    if buy < 0.0:
        wanted = home.import_limit - net
    elif sell < 0.0:
        wanted = -net
    else:
        wanted = -home.export_limit - net
    return min(max(wanted, 0.0), pv)


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
