"""The linear programme of a book on wires: the most welfare of the fills, balanced, inside linear limits.

Maximise Σ limit·net subject to Σ net = 0, rows·net ≤ room, net = sign·fill, 0 ≤ fill ≤ most.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Optimum", "Programme", "optimum"]

Floats = NDArray[np.float64]

_GROW = 30
"""Times limits are taken in before the programme is given up; each takes in all that the last fills break."""

_BROKEN_WH = 1e-3
"""How far a limit may be missed before it is taken in, in Wh at its most sensitive place."""


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """A book of c columns: steps of one place, side and limit.

    sign : float64[c], +1 buys, −1 sells; limit : float64[c], µ/kWh, what place adds to the price taken off
    most : float64[c], Wh ≥ 0
    rows : float64[m, c], how much a Wh more taken moves each limited quantity
    room : float64[m], ≥ 0: filling nothing is allowed
    """

    sign: Floats
    limit: Floats
    most: Floats
    rows: Floats
    room: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """fill : float64[c], Wh; shadow : float64[m], ≥ 0, µ per kWh and per unit of the row: what room would be worth."""

    fill: Floats
    shadow: Floats


def optimum(programme: Programme) -> Optimum | None:
    """The optimum, or None if HiGHS finds none. Limits are taken in as fills break them: few ever bind."""
    scale = np.abs(programme.rows).max(axis=1, initial=0.0)
    reachable = np.flatnonzero(scale > 0)
    rows, room = programme.rows[reachable] / scale[reachable, None], programme.room[reachable] / scale[reachable]
    taken = np.zeros(len(reachable), np.bool_)
    for _ in range(_GROW):
        found = _solve(programme, rows[taken], room[taken])
        if found is None:
            return None
        fill, worth = found
        broken = ~taken & (rows @ (programme.sign * fill) > room + _BROKEN_WH)
        if not broken.any():
            shadow = np.zeros(len(programme.room))
            shadow[reachable[taken]] = worth / scale[reachable[taken]]
            return Optimum(fill, shadow)
        taken |= broken
    return None


def _solve(programme: Programme, rows: Floats, room: Floats) -> tuple[Floats, Floats] | None:
    """Fills Wh, and what each row's room is worth, µ/kWh per unit of the row."""
    import highspy  # noqa: PLC0415  half a second, and only needed here

    matrix = np.vstack([programme.sign, rows * programme.sign])
    count, columns = matrix.shape
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = columns, count
    model.col_cost_ = -programme.sign * programme.limit / 1000.0  # it minimises; µ per Wh
    model.col_lower_, model.col_upper_ = np.zeros(columns), programme.most
    model.row_lower_ = np.concatenate([[0.0], np.full(count - 1, -np.inf)])
    model.row_upper_ = np.concatenate([[0.0], room])
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    place, row = np.nonzero(matrix.T)
    model.a_matrix_.start_ = np.searchsorted(place, np.arange(columns + 1)).astype(np.int32)
    model.a_matrix_.index_, model.a_matrix_.value_ = row.astype(np.int32), matrix.T[place, row]
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (("output_flag", False), ("threads", 1), ("solver", "simplex")):
        highs.setOptionValue(option, value)
    highs.passModel(model)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = highs.getSolution()
    fill = np.clip(np.array(solution.col_value), 0.0, programme.most)
    return fill, np.maximum(-np.array(solution.row_dual)[1:] * 1000.0, 0.0)
