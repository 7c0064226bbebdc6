"""Homes with several stores by a structured interior point: battery and car, heat, more batteries, a price on the peak.

Mehrotra's predictor–corrector (SIAM J. Optim. 2, 1992) on the programme of `highs_lp`, with the normal equations of
`interior_rows`. Numbers stand in flat rows so that the processor takes several at a time.

Imported only when such a plan is made: it compiles.
"""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.interior_rows import (
    AT,
    DW,
    DX,
    DY,
    DZ,
    FREE,
    OVER_S,
    OVER_X,
    PEAK,
    RESIDUAL,
    STORE,
    THETA,
    TURN,
    G,
    S,
    Stores,
    W,
    Work,
    Z,
    direction,
    factor,
    product,
    transpose,
)
from sunfair.agent.kernels import loose_kernel as kernel

__all__ = ["solve_homes"]

Floats = NDArray[np.float64]

ROUNDS = 80
"""Iterations at most; 10 to 25 are usual."""

STEP = 0.9995
"""Share of the way to the nearest bound that is gone."""


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
        transpose(y, home, work.flat[AT])
        lacking = _residual(right, home, x, work)
        off, gap, worth = _duality(cost, x, work.flat)
        if max(lacking, off) < accuracy and gap < accuracy * (1.0 + abs(worth)):
            return gap
        mu = gap / (2 * size)
        _weigh(x, work.flat)
        factor(home, work)
        _aim(cost, x, 0.0, work.flat, False)
        direction(home, work)
        transpose(work.tables[DY], home, work.flat[TURN])
        _spread(x, 0.0, work.flat, False)
        target = mu * _centring(x, mu, work.flat)
        _aim(cost, x, target, work.flat, True)
        direction(home, work)
        transpose(work.tables[DY], home, work.flat[TURN])
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
    rows, horizon = y.shape
    for row in range(rows):
        for t in range(horizon):
            y[row, t] = 0.0


@kernel
def _residual(right: Floats, home: Stores, x: Floats, work: Work) -> float:
    """What the rows lack; returns the most of it."""
    lacking, residual = 0.0, work.tables[RESIDUAL]
    product(x, home, residual)
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
