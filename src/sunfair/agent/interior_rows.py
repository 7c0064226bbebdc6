"""The rows of a home with several stores, and their normal equations, for the interior point.

A slot's rows are coupled through the meter, neighbouring slots through each store's level only: with the meter's row
eliminated the equations are block tridiagonal, K × K for K stores, diagonal off the diagonal, and cost O(T·K³). The
peak, which touches every slot, is a border of one column (Sherman–Morrison).

Imported only when such a plan is made: it compiles.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.kernels import loose_kernel as kernel

__all__ = ["Stores", "Work", "direction", "factor", "product", "transpose"]

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
def transpose(y: Floats, home: Stores, out: Floats) -> None:
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
def product(v: Floats, home: Stores, out: Floats) -> None:
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
def factor(home: Stores, work: Work) -> None:
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
                    scale = inverse[t, row, pivot]
                    inverse[t, row, pivot] = 0.0
                    for column in range(stores):
                        inverse[t, row, column] -= scale * inverse[t, pivot, column]


@kernel
def _border(home: Stores, work: Work) -> None:
    """The answer to the peak's column, which is −1 in every peak row."""
    right = work.tables[RIGHT]
    rows, horizon = right.shape
    for row in range(rows):
        for t in range(horizon):
            right[row, t] = -1.0 if row == PEAK else 0.0
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
def direction(home: Stores, work: Work) -> None:
    """The rows' step DY for the dual rows' right side G."""
    flat, right, step = work.flat, work.tables[RIGHT], work.tables[DY]
    weighted = flat[TURN]
    for j in range(len(weighted)):
        weighted[j] = flat[THETA, j] * flat[G, j]
    product(weighted, home, right)
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
