"""Homes with several stores by a structured interior point: battery and car, heat, more batteries, a price on the peak.

Mehrotra's predictor–corrector (SIAM J. Optim. 2, 1992) on the programme of `highs_lp`. Its normal equations couple a
slot's rows through the meter, and neighbouring slots through each store's level only: with the meter's row eliminated
they are block tridiagonal, K × K for K stores, diagonal off the diagonal, and cost O(T·K³). The peak, which touches
every slot, is a border of one column (Sherman–Morrison).

Numbers stand in flat rows so that the processor takes several at a time. Imported only when such a plan is made.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.kernels import loose_kernel as kernel

__all__ = ["OWN", "solve_homes"]

Floats = NDArray[np.float64]

IMPORT, EXPORT, CURTAIL, OVER, SPARE, TAKEN, GIVEN, LEVEL = 0, 1, 2, 3, 4, 5, 6, 7
"""A home's variables, T each; the last three again for every further store, and at the very end the peak.
SPARE is what the import leaves below the peak."""

OWN = 5
"""Variables of a slot that belong to no store."""

S, Z, W, OVER_X, OVER_S, THETA, G, AT, TURN, DX, DZ, DW, FREE = range(13)
"""Rows of the flat work space: room to the upper bound; the bounds' duals; 1/x and 1/s; weights; the right side of the
dual rows; Aᵀy and Aᵀdy; the step; 1 where a variable may move, else 0."""

RESIDUAL, RIGHT, DY, BORDER = range(4)
"""Tables of the work space by row and slot: what the rows lack, the normal equations' right side, their answer, and the
answer to the peak's column."""

BALANCE, RATIO, ABOVE = range(3)
"""One over the meter's row after the peak's is eliminated, the ratio it was eliminated with, and the peak's own."""

METER, PEAK, STORE = 0, 1, 2
"""Rows of a slot: the meter's balance, the peak, and from there on the level of each store."""

ROUNDS = 80
"""Iterations at most; 10 to 25 are usual."""

STEP = 0.9995
"""Share of the way to the nearest bound that is gone."""


LITTLE = 1e-14
"""Added to every diagonal: a row in which nothing may move stays harmless."""


class Stores(NamedTuple):
    """What a home's stores do with energy: in_eff float64[K, T], out_eff and keep float64[K]; is the peak priced?"""

    in_eff: Floats
    out_eff: Floats
    keep: Floats
    peaked: bool


class Work(NamedTuple):
    """Work space: flat float64[13, V·T + 1], tables float64[4, 2 + K, T], meter float64[3, T].

    coupling, own, link : float64[K, T], of the stores' rows with the meter's, with themselves, with the next slot's
    inverse             : float64[T, K, K], of the blocks
    """

    flat: Floats
    tables: Floats
    meter: Floats
    coupling: Floats
    own: Floats
    link: Floats
    inverse: Floats


@kernel
def solve_homes(
    cost: Floats,
    most: Floats,
    right: Floats,
    in_eff: Floats,
    out_eff: Floats,
    keep: Floats,
    accuracy: float,
    x: Floats,
    y: Floats,
    gap: Floats,
) -> None:
    """Minimise cost·x over 0 ≤ x ≤ most with every row equal to `right`, for each of m homes.

    cost, most : float64[m, V·T + 1], V = 5 + 3·K; units of about 1 kWh and of about 1 per kWh
    right      : float64[m, 2 + K, T]: meter, peak, levels; where the peak has no price its `most` is 0
    in_eff     : float64[m, K, T]; out_eff, keep : float64[m, K]
    accuracy   : share of the cost (or of its unit, if less) that may be missed
    x, y       : written, the solution and the rows' duals, shaped as `most` and `right`
    gap        : written, float64[m], duality gap left; infinite where none was closed
    """
    count, rows, horizon = right.shape
    stores = rows - STORE
    work = Work(
        np.zeros((13, cost.shape[1])),
        np.zeros((4, rows, horizon)),
        np.zeros((3, horizon)),
        np.empty((stores, horizon)),
        np.empty((stores, horizon)),
        np.empty((stores, horizon)),
        np.empty((horizon, stores, stores)),
    )
    for i in range(count):
        home = Stores(in_eff[i], out_eff[i], keep[i], most[i, -1] > 0.0)
        gap[i] = _solve(cost[i], most[i], right[i], home, accuracy, x[i], y[i], work)


@kernel
def _solve(
    cost: Floats, most: Floats, right: Floats, home: Stores, accuracy: float, x: Floats, y: Floats, work: Work
) -> float:
    """One home; returns the gap left."""
    _start(cost, most, x, y, work.flat)
    size = len(x)
    for _ in range(ROUNDS):
        _transpose(y, home, work.flat[AT])
        lacking = _residual(right, home, x, work)
        off, gap, worth = _duality(cost, x, work.flat)
        if max(lacking, off) < accuracy and gap < accuracy * (1.0 + abs(worth)):
            return gap
        mu = gap / (2 * size)
        _weigh(x, work.flat)
        _factor(home, work)
        _aim(cost, x, 0.0, work.flat, False)
        _direction(home, work)
        _transpose(work.tables[DY], home, work.flat[TURN])
        _spread(x, 0.0, work.flat, False)
        target = mu * _centring(x, mu, work.flat)
        _aim(cost, x, target, work.flat, True)
        _direction(home, work)
        _transpose(work.tables[DY], home, work.flat[TURN])
        _spread(x, target, work.flat, True)
        _move(x, y, work)
    return np.inf


@kernel
def _start(cost: Floats, most: Floats, x: Floats, y: Floats, flat: Floats) -> None:
    """A point well inside the bounds; variables without room stay where they are for good."""
    for j in range(len(x)):
        free = most[j] > 1e-9
        flat[FREE, j] = 1.0 if free else 0.0
        x[j] = min(0.5 * most[j], 0.5) if free else 0.0
        flat[S, j] = most[j] - x[j] if free else 0.0
        flat[Z, j] = max(cost[j], 0.0) + 0.1 if free else 0.0
        flat[W, j] = max(-cost[j], 0.0) + 0.1 if free else 0.0
    y[:] = 0.0


@kernel
def _transpose(y: Floats, home: Stores, out: Floats) -> None:
    """Aᵀy into out (float64[V·T + 1])."""
    stores, horizon = home.in_eff.shape
    above = 0.0
    for t in range(horizon):
        meter, peak = y[METER, t], y[PEAK, t]
        above += peak
        out[IMPORT * horizon + t] = meter + peak
        out[EXPORT * horizon + t] = -meter
        out[CURTAIL * horizon + t] = -meter
        out[OVER * horizon + t] = meter + peak
        out[SPARE * horizon + t] = peak
    for k in range(stores):
        taken, given, level = (TAKEN + 3 * k) * horizon, (GIVEN + 3 * k) * horizon, (LEVEL + 3 * k) * horizon
        inverse, keep = 1.0 / home.out_eff[k], home.keep[k]
        for t in range(horizon):
            out[taken + t] = -y[METER, t] - home.in_eff[k, t] * y[STORE + k, t]
            out[given + t] = y[METER, t] + inverse * y[STORE + k, t]
        for t in range(horizon - 1):
            out[level + t] = y[STORE + k, t] - keep * y[STORE + k, t + 1]
        out[level + horizon - 1] = y[STORE + k, horizon - 1]
    out[-1] = -above


@kernel
def _product(v: Floats, home: Stores, out: Floats) -> None:
    """A·v into out (float64[2 + K, T])."""
    stores, horizon = home.in_eff.shape
    peak = v[-1] if home.peaked else 0.0
    for t in range(horizon):
        entering = v[IMPORT * horizon + t] + v[OVER * horizon + t]
        out[METER, t] = entering - v[EXPORT * horizon + t] - v[CURTAIL * horizon + t]
        out[PEAK, t] = entering + v[SPARE * horizon + t] - peak if home.peaked else 0.0
    for k in range(stores):
        taken, given, level = (TAKEN + 3 * k) * horizon, (GIVEN + 3 * k) * horizon, (LEVEL + 3 * k) * horizon
        inverse, keep = 1.0 / home.out_eff[k], home.keep[k]
        for t in range(horizon):
            out[METER, t] += v[given + t] - v[taken + t]
            out[STORE + k, t] = v[level + t] - home.in_eff[k, t] * v[taken + t] + inverse * v[given + t]
        for t in range(1, horizon):
            out[STORE + k, t] -= keep * v[level + t - 1]


@kernel
def _residual(right: Floats, home: Stores, x: Floats, work: Work) -> float:
    """What the rows lack; returns the most of it."""
    lacking, residual = 0.0, work.tables[RESIDUAL]
    _product(x, home, residual)
    rows, horizon = right.shape
    for row in range(rows):
        if row == PEAK and not home.peaked:
            continue
        for t in range(horizon):
            residual[row, t] = right[row, t] - residual[row, t]
            lacking = max(lacking, abs(residual[row, t]))
    return lacking


@kernel
def _duality(cost: Floats, x: Floats, flat: Floats) -> tuple[float, float, float]:
    """How far the dual rows are off, the complementarity gap, and the cost."""
    off, gap, worth = 0.0, 0.0, 0.0
    for j in range(len(x)):
        off = max(off, flat[FREE, j] * abs(cost[j] - flat[AT, j] - flat[Z, j] + flat[W, j]))
        gap += x[j] * flat[Z, j] + flat[S, j] * flat[W, j]
        worth += cost[j] * x[j]
    return off, gap, worth


@kernel
def _weigh(x: Floats, flat: Floats) -> None:
    """The weights θ = 1 / (z/x + w/s) and the inverses of x and s."""
    for j in range(len(x)):
        free = flat[FREE, j]
        fixed = 1.0 - free
        s = flat[S, j]
        both = free / (x[j] * s + fixed)
        flat[OVER_X, j], flat[OVER_S, j] = s * both, x[j] * both
        flat[THETA, j] = free * x[j] * s / (flat[Z, j] * s + flat[W, j] * x[j] + fixed)


@kernel
def _factor(home: Stores, work: Work) -> None:
    """Eliminate the meter's and the peak's rows of every slot, then the stores' blocks in order of time."""
    stores, horizon = home.in_eff.shape
    theta, meter = work.flat[THETA], work.meter
    for t in range(horizon):
        meter[BALANCE, t] = theta[EXPORT * horizon + t] + theta[CURTAIL * horizon + t] + LITTLE
    for k in range(stores):
        taken, given, level = (TAKEN + 3 * k) * horizon, (GIVEN + 3 * k) * horizon, (LEVEL + 3 * k) * horizon
        inverse, keep, before = 1.0 / home.out_eff[k], home.keep[k], 0.0
        for t in range(horizon):
            in_eff, charging, giving = home.in_eff[k, t], theta[taken + t], inverse * theta[given + t]
            meter[BALANCE, t] += charging + theta[given + t]
            work.coupling[k, t] = in_eff * charging + giving
            work.own[k, t] = in_eff * in_eff * charging + inverse * giving + theta[level + t] + LITTLE
            work.link[k, t] = keep * theta[level + t]
        for t in range(horizon):
            work.own[k, t] += keep * before
            before = work.link[k, t]
    for t in range(horizon):
        entering = theta[IMPORT * horizon + t] + theta[OVER * horizon + t]
        above = entering + theta[SPARE * horizon + t] if home.peaked else 1.0
        ratio = entering / above if home.peaked else 0.0
        meter[ABOVE, t], meter[RATIO, t] = above, ratio
        meter[BALANCE, t] = 1.0 / (meter[BALANCE, t] + entering - ratio * entering)
    if stores == 2:
        _blocks_of_two(work)
    else:
        _blocks(work)
    if home.peaked:
        _border(home, work)


@kernel
def _blocks_of_two(work: Work) -> None:
    """The inverse blocks of two stores, in order of time."""
    own, link, coupling, inverse = work.own, work.link, work.coupling, work.inverse
    a, b, c = 0.0, 0.0, 0.0
    first, second = 0.0, 0.0
    for t in range(own.shape[1]):
        g, h, over_balance = coupling[0, t], coupling[1, t], work.meter[BALANCE, t]
        p = own[0, t] - g * g * over_balance - first * first * a
        q = -g * h * over_balance - first * second * b
        r = own[1, t] - h * h * over_balance - second * second * c
        over = 1.0 / (p * r - q * q)
        a, b, c = r * over, -q * over, p * over
        inverse[t, 0, 0], inverse[t, 0, 1], inverse[t, 1, 0], inverse[t, 1, 1] = a, b, b, c
        first, second = link[0, t], link[1, t]


@kernel
def _blocks(work: Work) -> None:
    """The inverse blocks of any number of stores, in order of time (Gauss–Jordan in their place)."""
    stores, horizon = work.own.shape
    inverse = work.inverse
    for t in range(horizon):
        for k in range(stores):
            for other in range(stores):
                value = -work.coupling[k, t] * work.coupling[other, t] * work.meter[BALANCE, t]
                if t:
                    value -= work.link[k, t - 1] * work.link[other, t - 1] * inverse[t - 1, k, other]
                inverse[t, k, other] = value
            inverse[t, k, k] += work.own[k, t]
        for pivot in range(stores):
            scale = 1.0 / inverse[t, pivot, pivot]
            inverse[t, pivot, pivot] = 1.0
            for column in range(stores):
                inverse[t, pivot, column] *= scale
            for row in range(stores):
                if row != pivot:
                    factor = inverse[t, row, pivot]
                    inverse[t, row, pivot] = 0.0
                    for column in range(stores):
                        inverse[t, row, column] -= factor * inverse[t, pivot, column]


@kernel
def _border(home: Stores, work: Work) -> None:
    """The answer to the peak's column, which is −1 in every peak row."""
    right = work.tables[RIGHT]
    right[:] = 0.0
    right[PEAK] = -1.0
    _back_substitute(home, work, work.tables[BORDER])


@kernel
def _back_substitute(home: Stores, work: Work, out: Floats) -> None:
    """Solve the normal equations without the peak's column for table RIGHT, which is used up, into `out`."""
    stores, horizon = home.in_eff.shape
    meter, right, coupling = work.meter, work.tables[RIGHT], work.coupling
    if home.peaked:
        for t in range(horizon):
            right[METER, t] -= meter[RATIO, t] * right[PEAK, t]
    for k in range(stores):
        for t in range(horizon):
            right[STORE + k, t] -= coupling[k, t] * meter[BALANCE, t] * right[METER, t]
    if stores == 2:
        _levels_of_two(work, right, out)
    else:
        _levels(work, right, out)
    for t in range(horizon):
        out[METER, t] = right[METER, t] * meter[BALANCE, t]
    for k in range(stores):
        for t in range(horizon):
            out[METER, t] -= coupling[k, t] * meter[BALANCE, t] * out[STORE + k, t]
    if home.peaked:
        for t in range(horizon):
            out[PEAK, t] = right[PEAK, t] / meter[ABOVE, t] - meter[RATIO, t] * out[METER, t]


@kernel
def _levels_of_two(work: Work, right: Floats, out: Floats) -> None:
    """Forwards and backwards through the blocks of two stores."""
    link, inverse, horizon = work.link, work.inverse, right.shape[1]
    first, second = 0.0, 0.0
    for t in range(horizon):
        p, q = right[STORE, t] + first, right[STORE + 1, t] + second
        a, b = inverse[t, 0, 0] * p + inverse[t, 0, 1] * q, inverse[t, 0, 1] * p + inverse[t, 1, 1] * q
        out[STORE, t], out[STORE + 1, t] = a, b
        first, second = link[0, t] * a, link[1, t] * b
    for t in range(horizon - 2, -1, -1):
        p, q = link[0, t] * out[STORE, t + 1], link[1, t] * out[STORE + 1, t + 1]
        out[STORE, t] += inverse[t, 0, 0] * p + inverse[t, 0, 1] * q
        out[STORE + 1, t] += inverse[t, 0, 1] * p + inverse[t, 1, 1] * q


@kernel
def _levels(work: Work, right: Floats, out: Floats) -> None:
    """Forwards and backwards through the blocks of any number of stores."""
    stores, horizon = work.own.shape
    for t in range(horizon):
        for k in range(stores):
            if t:
                right[STORE + k, t] += work.link[k, t - 1] * out[STORE + k, t - 1]
        for k in range(stores):
            total = 0.0
            for other in range(stores):
                total += work.inverse[t, k, other] * right[STORE + other, t]
            out[STORE + k, t] = total
    for t in range(horizon - 2, -1, -1):
        for k in range(stores):
            total = 0.0
            for other in range(stores):
                total += work.inverse[t, k, other] * work.link[other, t] * out[STORE + other, t + 1]
            out[STORE + k, t] += total


@kernel
def _aim(cost: Floats, x: Floats, target: float, flat: Floats, corrected: bool) -> None:
    """Right side of the dual rows: towards x·z = target, the affine step's own product taken off if `corrected`."""
    for j in range(len(x)):
        z, w = flat[Z, j], flat[W, j]
        lower, upper = target - x[j] * z, target - flat[S, j] * w
        if corrected:
            lower -= flat[DX, j] * flat[DZ, j]
            upper += flat[DX, j] * flat[DW, j]
        off = cost[j] - flat[AT, j] - z + w
        flat[G, j] = flat[FREE, j] * (off - lower * flat[OVER_X, j] + upper * flat[OVER_S, j])


@kernel
def _direction(home: Stores, work: Work) -> None:
    """The rows' step DY for the dual rows' right side G."""
    flat, right, step = work.flat, work.tables[RIGHT], work.tables[DY]
    weighted = flat[TURN]
    for j in range(len(weighted)):
        weighted[j] = flat[THETA, j] * flat[G, j]
    _product(weighted, home, right)
    rows, horizon = right.shape
    for row in range(rows):
        for t in range(horizon):
            right[row, t] += work.tables[RESIDUAL, row, t]
    _back_substitute(home, work, step)
    if home.peaked:
        border, theta = work.tables[BORDER], flat[THETA, -1]
        along, across = 0.0, 0.0
        for t in range(horizon):
            along -= step[PEAK, t]
            across -= border[PEAK, t]
        share = theta * along / (1.0 + theta * across)
        for row in range(rows):
            for t in range(horizon):
                step[row, t] -= share * border[row, t]


@kernel
def _spread(x: Floats, target: float, flat: Floats, corrected: bool) -> None:
    """The step of the variables and their bounds' duals from the rows' step (its Aᵀdy stands in TURN)."""
    for j in range(len(x)):
        z, w = flat[Z, j], flat[W, j]
        lower, upper = target - x[j] * z, target - flat[S, j] * w
        if corrected:
            lower -= flat[DX, j] * flat[DZ, j]
            upper += flat[DX, j] * flat[DW, j]
        dx = flat[THETA, j] * (flat[TURN, j] - flat[G, j])
        flat[DX, j] = dx
        flat[DZ, j] = (lower - z * dx) * flat[OVER_X, j]
        flat[DW, j] = (upper + w * dx) * flat[OVER_S, j]


@kernel
def _reach(x: Floats, flat: Floats) -> tuple[float, float]:
    """How far the step goes to the nearest bound, for the variables and for the bounds' duals, in steps, at most 1."""
    first, second = 1.0, 1.0
    for j in range(len(x)):
        dx, fixed = flat[DX, j], 1.0 - flat[FREE, j]
        first = max(first, -dx * flat[OVER_X, j], dx * flat[OVER_S, j])
        second = max(second, -flat[DZ, j] / (flat[Z, j] + fixed), -flat[DW, j] / (flat[W, j] + fixed))
    return 1.0 / first, 1.0 / second


@kernel
def _centring(x: Floats, mu: float, flat: Floats) -> float:
    """Mehrotra's σ: the cube of what the affine step would leave of the gap."""
    first, second = _reach(x, flat)
    gap = 0.0
    for j in range(len(x)):
        step = first * flat[DX, j]
        gap += (x[j] + step) * (flat[Z, j] + second * flat[DZ, j])
        gap += (flat[S, j] - step) * (flat[W, j] + second * flat[DW, j])
    return (gap / (2 * len(x) * mu)) ** 3


@kernel
def _move(x: Floats, y: Floats, work: Work) -> None:
    """Take the step, almost to the nearest bound."""
    flat, step = work.flat, work.tables[DY]
    first, second = _reach(x, flat)
    first, second = min(1.0, STEP * first), min(1.0, STEP * second)
    for j in range(len(x)):
        x[j] += first * flat[DX, j]
        flat[S, j] -= first * flat[DX, j]
        flat[Z, j] += second * flat[DZ, j]
        flat[W, j] += second * flat[DW, j]
    rows, horizon = y.shape
    for row in range(rows):
        for t in range(horizon):
            y[row, t] += second * step[row, t]
