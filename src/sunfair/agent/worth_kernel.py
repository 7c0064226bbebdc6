"""What a kWh in store is worth, slot by slot, in the mean of several futures: the value function itself, not one plan.

Each future is carried backwards exactly, as a plan is (`merge_kernel`). The mean of their falling step functions is
again one, and what a home does follows from where it falls below a price: up to that level it pays to store at that
price, above it to draw.

Imported only when it is asked for: it compiles.
"""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.kernels import kernel
from sunfair.agent.merge_kernel import cut_ends, merge_segments, prepare
from sunfair.agent.merge_slot import FALL, FLOOR, RISE, Home, Sight, Space, add_segments, new_space, read_home

__all__ = ["levels_of_worth"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HALVINGS = 24
"""Of the battery's size: a level is found to a millionth of it."""


@kernel
def levels_of_worth(
    begin: int,
    end: int,
    homes: Floats,
    load: Floats,
    pv: Floats,
    buy: Floats,
    sell: Floats,
    weight: Floats,
    asked: Floats,
    levels: Floats,
    values: Floats,
) -> None:
    """The value functions of the homes from `begin` to before `end` at the end of their first R slots.

    homes     : float64[n, 11] as for `merge_homes`, the energy in store at its reserve
    load, pv  : float64[n, S, T], Wh, S futures
    buy, sell : float64[n or 1, T], µ/kWh
    weight    : float64[n, S], what each future counts; a home's sum to 1
    asked     : float64[n, R, K], µ/kWh, R < T
    levels    : written, float64[n, R, K], Wh: up to where a kWh more in store is worth at least `asked`
    values    : written, float64[n, R, G], µ/kWh: its worth at G levels, evenly from the reserve to the capacity
    """
    futures, horizon, kept = load.shape[1], load.shape[2], asked.shape[1]
    space, no_car = new_space(horizon), np.empty(0)
    most = space.merged.shape[1]
    curves, sizes = np.empty((futures, kept, 2, most)), np.zeros((futures, kept), np.int64)
    for i in range(begin, end):
        buying, selling = buy[i if len(buy) > 1 else 0], sell[i if len(sell) > 1 else 0]
        band = homes[i, 0] - homes[i, 2]
        for s in range(futures):
            if weight[i, s] > 0.0 and band > 0.0:
                sight = Sight(load[i, s], pv[i, s], buying, selling, no_car, 0.0)
                home = read_home(homes, i, sight)
                prepare(home, sight, space)
                _curves(home, sight, space, curves[s], sizes[s])
        for r in range(kept):
            for k in range(asked.shape[2]):
                level = _level(curves, sizes, weight[i], r, asked[i, r, k], band) if band > 0.0 else 0.0
                levels[i, r, k] = homes[i, 2] + level
            for g in range(values.shape[2]):
                level = band * g / max(values.shape[2] - 1, 1)
                values[i, r, g] = _worth(curves, sizes, weight[i], r, level) if band > 0.0 else 0.0


@kernel
def _curves(home: Home, sight: Sight, space: Space, curves: Floats, sizes: Ints) -> None:
    """Carry one future backwards and keep the value function at the end of each of the first slots.

    curves : written, float64[R, 2, …]: levels up to which, Wh above the floor, and values, µ/kWh
    """
    horizon, numbers, kept = len(sight.load), space.numbers, len(sizes)
    now, then = space.merged[:2], space.merged[2:]
    begin, end = 0, 1
    now[0, 0] = home.terminal
    now[1, 0] = home.capacity - numbers[FLOOR, horizon - 1]
    for t in range(horizon - 1, 0, -1):
        if t < kept:
            _keep(now, begin, end, curves[t], sizes, t)
        add_segments(home, sight, t, space)
        end = merge_segments(space, t, now, begin, end, then)
        begin, end = cut_ends(then, end, numbers[RISE, t] + numbers[FLOOR, t - 1] - numbers[FLOOR, t], numbers[FALL, t])
        now, then = then, now
    _keep(now, begin, end, curves[0], sizes, 0)


@kernel
def _keep(now: Floats, begin: int, end: int, curve: Floats, sizes: Ints, slot: int) -> None:
    level = 0.0
    for k in range(begin, end):
        level += now[1, k]
        curve[0, k - begin], curve[1, k - begin] = level, now[0, k]
    sizes[slot] = end - begin


@kernel
def _worth(curves: Floats, sizes: Ints, weight: Floats, slot: int, level: float) -> float:
    """The mean worth of a kWh more at a level above the floor, µ/kWh; at the top, of the last one."""
    total = 0.0
    for s in range(len(weight)):
        if weight[s] > 0.0:
            low, high = 0, sizes[s, slot] - 1
            while low < high:
                middle = (low + high) // 2
                if curves[s, slot, 0, middle] > level:
                    high = middle
                else:
                    low = middle + 1
            total += weight[s] * curves[s, slot, 1, low]
    return total


@kernel
def _level(curves: Floats, sizes: Ints, weight: Floats, slot: int, asked: float, band: float) -> float:
    """Up to which level above the floor a kWh more is worth at least `asked`, Wh."""
    if _worth(curves, sizes, weight, slot, 0.0) < asked:
        return 0.0
    if _worth(curves, sizes, weight, slot, band) >= asked:
        return band
    low, high = 0.0, band
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        if _worth(curves, sizes, weight, slot, middle) >= asked:
            low = middle
        else:
            high = middle
    return high
