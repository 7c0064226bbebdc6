"""One slot as the exact plan sees it: the segments it adds to the value of stored energy.

Imported only when a plan is made: it compiles.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.kernels import inline_kernel, kernel

__all__ = ["Home", "Sight", "Space", "add_segments", "metered", "new_space", "read_home"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PIECES = 6
"""Pieces of the meter's cost: giving above the export limit, giving, curtailing, taking, load above the import limit,
and the car's."""

SEGMENTS = 2 * PIECES - 1
"""A slot has at most 5 segments that charge and 6 that discharge."""

LEAST = 1e-9
"""Wh; a shorter segment is rounding."""

FREE, CHARGE_ONLY, DISCHARGE_ONLY = 0, 1, 2

VALUE, LENGTH, LEVEL = 0, SEGMENTS, 2 * SEGMENTS
"""Where a slot's row of segments holds their marginal values (µ/kWh), lengths (Wh) and the store's level above which
each is used (Wh), in order of falling value."""

COUNT, BRIDGE, MODE, BURNING, BEST = 0, 1, 2, 3, 4
"""Rows of a home's whole numbers by slot: segments; the one (or −1) that would pay for burning: it pools charging with
discharging, and only its ends can be done; the side the slot is held to; ±1 where only burning would be optimal; the
sides of the best plan so far."""

FLOOR, SOC, RISE, FALL, LOW, HIGH, BELOW = 0, 1, 2, 3, 4, 5, 6
"""Rows of a home's numbers by slot: least store at its end (Wh), store at its end (Wh), by how much the store rises at
most (Wh), by how much it falls at most (Wh), between which marginal values the slot would do the same (µ/kWh), net use
(Wh, without the car) below which the car takes something."""

PRICE = PIECES + 1
"""Where the prices begin among the corners."""

EARLY = 1e-4
"""µ/kWh by which a car would rather charge a slot earlier."""


class Home(NamedTuple):
    """One home of `Problem`; penalty: µ/kWh by which load above the import limit counts; per_…: 1 / efficiency."""

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
    per_charge: float
    per_discharge: float


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
def new_space(horizon: int) -> Space:
    """Work space for homes of so many slots."""
    return Space(
        np.empty((horizon, 3 * SEGMENTS)),
        np.empty((7, horizon)),
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
        1.0 / homes[i, 5],
        1.0 / homes[i, 6],
    )


@inline_kernel
def add_segments(home: Home, sight: Sight, t: int, space: Space) -> None:
    """Write slot t's segments, and what the car's piece needs to be read off later."""
    pieces = _meter(home, sight, t, space.corners)
    if len(sight.car) and sight.car[t] > 0.0:
        space.numbers[BELOW, t] = _park(sight.worth - EARLY * t, sight.car[t], space.corners, pieces)
        pieces += 1
    _segments(home, sight.load[t] - sight.pv[t], t, space, pieces)


@inline_kernel
def _meter(home: Home, sight: Sight, t: int, corners: Floats) -> int:
    """The meter's cost over net use before curtailment, load − pv + charge − discharge: convex, piecewise linear.

    Writes its corners (Wh) and, from PRICE on, the prices between them (µ/kWh), both ascending: giving (sell),
    curtailing (0), taking (buy), and last the load above the import limit. Returns the number of pieces.
    """
    load, pv, buy, sell = sight.load[t], sight.pv[t], sight.buy[t], sight.sell[t]
    # What other stores give may exceed the load: then it is below 0.
    give = min(home.export_limit, pv + home.discharge_limit + max(0.0, -load))
    car = sight.car[t] if len(sight.car) else 0.0
    take = min(home.import_limit, max(0.0, load + home.charge_limit + car))
    corners[0] = -give - pv
    corners[3] = take
    if buy < 0.0:
        corners[1], corners[2] = -pv, take - pv
        corners[PRICE], corners[PRICE + 1], corners[PRICE + 2] = sell, buy, 0.0
    elif sell < 0.0:
        corners[1], corners[2] = -pv, 0.0
        corners[PRICE], corners[PRICE + 1], corners[PRICE + 2] = sell, 0.0, buy
    else:
        corners[1], corners[2] = -give, 0.0
        corners[PRICE], corners[PRICE + 1], corners[PRICE + 2] = 0.0, sell, buy
    pieces = 3
    if load - pv > take:
        corners[4], corners[PRICE + 3] = load - pv, home.penalty
        pieces = 4
    if load < 0.0 and load - pv - home.discharge_limit < corners[0]:
        _park(-home.penalty, 0.0, corners, pieces)
        corners[0] = load - pv - home.discharge_limit
        pieces += 1
    return pieces


@kernel
def _park(worth: float, most: float, corners: Floats, pieces: int) -> float:
    """Put the car's piece, `most` Wh at `worth`, at its place among the meter's, and move those before it to the left:
    there the car takes all it can. Returns the net use below which it takes something.
    """
    k = pieces
    corners[k + 1] = corners[k]
    while k > 0 and corners[PRICE + k - 1] > worth:
        corners[PRICE + k], corners[k] = corners[PRICE + k - 1], corners[k - 1]
        k -= 1
    corners[PRICE + k] = worth
    below = corners[k]
    for j in range(k + 1):
        corners[j] -= most
    return float(below)


@inline_kernel
def _segments(home: Home, net: float, t: int, space: Space, pieces: int) -> None:
    """The segments of slot t, from charging all it can to discharging all it can, on the battery's side."""
    corners, segments, mode = space.corners, space.segments, space.whole[MODE, t]
    count, most, least = 0, 0.0, 0.0
    end, j = net + home.charge_limit, pieces - 1
    while j >= 0 and corners[j + 1] > net:
        part = (min(corners[j + 1], end) - max(corners[j], net)) * home.charge_eff
        if part > LEAST and mode != DISCHARGE_ONLY:
            segments[t, VALUE + count], segments[t, LENGTH + count] = corners[PRICE + j] * home.per_charge, part
            most += part
            count += 1
        if corners[j] < net:
            break
        j -= 1
    charging, end = count, net - home.discharge_limit
    while j >= 0 and corners[j + 1] > end and mode != CHARGE_ONLY:
        part = (min(corners[j + 1], net) - max(corners[j], end)) * home.per_discharge
        if part > LEAST:
            segments[t, VALUE + count] = (corners[PRICE + j] - home.wear) * home.discharge_eff
            segments[t, LENGTH + count] = part
            least += part
            count += 1
        j -= 1
    space.whole[COUNT, t], space.whole[BRIDGE, t] = count, -1
    space.numbers[RISE, t], space.numbers[FALL, t] = most, least
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
def metered(home: Home, net: float, pv: float, buy: float, sell: float) -> tuple[float, float, float, float]:
    """What is taken, given, curtailed and above the import limit at a net use of load − pv + charge − discharge, Wh.

    Roof energy is left where taking from the grid is paid for, where giving costs, and where the export limit leaves no
    room.
    """
    if buy < 0.0:
        wanted = home.import_limit - net
    elif sell < 0.0:
        wanted = -net
    else:
        wanted = -home.export_limit - net
    curtail = min(max(wanted, 0.0), pv)
    above = max(0.0, net + curtail - home.import_limit)
    return max(0.0, net + curtail - above), max(0.0, -net - curtail), curtail, above
