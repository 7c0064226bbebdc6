"""A home's problem as a linear programme for HiGHS: the way without compiled kernels, and the oracle they are held to.

Minimise   Σ buy·import − sell·export + wear·given + penalty·over − terminal·level_T + peak_price·(peak − peak_known)
subject to import − export + over − curtail − taken + given = load − pv          every slot
           level_t − keep·level_{t−1} − in_eff·taken + given / out_eff = − draw  every slot and store
           import ≤ peak                                                         where there is a price for the peak
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.plan_task import Task

__all__ = ["HomeProgramme", "Optimum"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """What HiGHS found. taken, given, level, value : float64[K, T]; imported … over, price : float64[T]; Wh, µ/kWh.

    value : of one more kWh in store at the slot's end; price : of one more kWh used in the slot
    objective : µ, the penalty counted
    """

    taken: Floats
    given: Floats
    level: Floats
    value: Floats
    imported: Floats
    exported: Floats
    curtailed: Floats
    over: Floats
    price: Floats
    objective: float


class HomeProgramme:
    """The programme of homes with T slots and K stores, built once; each home then changes its numbers and starts from
    the last one's basis.

    Columns, T of each: import, export, curtail, over; of every store taken, given, level; last the peak, if it has a
    price. Rows, T of each: the meter's balance; of every store its level; import up to the peak.
    """

    def __init__(self, horizon: int, stores: int, *, peak: bool = False) -> None:
        self._slots, self._stores, self._peak = horizon, stores, int(peak)
        self._columns = np.arange((4 + 3 * stores) * horizon + peak, dtype=np.int32)
        self._rows = np.arange((1 + stores + peak) * horizon, dtype=np.int32)
        self._places = self._layout()
        self._entries: Floats = np.zeros(0)
        self._highs: Any = None

    def solve(self, task: Task, sides: NDArray[np.int64] | None = None) -> Optimum | None:
        """The optimum of one home; None if HiGHS finds none.

        sides : int64[K, T], where > 0 a store may only charge, where < 0 only discharge; None: even both at once
        """
        self._write(task)
        highs = self._highs
        highs.changeColsCost(len(self._columns), self._columns, self._costs(task))
        highs.changeColsBounds(len(self._columns), self._columns, *self._bounds(task, sides))
        highs.changeRowsBounds(len(self._rows), self._rows, *self._sums(task))
        highs.run()
        optimal = type(highs.getModelStatus()).kOptimal
        if highs.getModelStatus() != optimal:
            highs.clearSolver()
            highs.run()
        return self._read(task) if highs.getModelStatus() == optimal else None

    def _layout(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Row and column of every entry of the matrix, in the order of `_values`."""
        slots = np.arange(self._slots)
        pairs = [(0, group) for group in range(4)]
        rows, columns = [], []
        for k in range(self._stores):
            pairs += [(0, 4 + 3 * k), (0, 5 + 3 * k)]
        if self._peak:
            pairs += [(1 + self._stores, 0), (1 + self._stores, 3)]
        for k in range(self._stores):
            pairs += [(1 + k, 4 + 3 * k), (1 + k, 5 + 3 * k), (1 + k, 6 + 3 * k)]
        for row, group in pairs:
            rows.append(row * self._slots + slots)
            columns.append(group * self._slots + slots)
        for k in range(self._stores):  # the level before
            rows.append((1 + k) * self._slots + slots[1:])
            columns.append((6 + 3 * k) * self._slots + slots[:-1])
        if self._peak:
            rows.append((1 + self._stores) * self._slots + slots)
            columns.append(np.full(self._slots, len(self._columns) - 1))
        return np.concatenate(rows).astype(np.int32), np.concatenate(columns).astype(np.int32)

    def _values(self, task: Task) -> Floats:
        """The matrix's entries: of the balances (and the peak's rows) ±1, of the stores their efficiencies."""
        one = np.ones(self._slots)
        parts = [one, -one, -one, one, *[-one, one] * self._stores, *[one, one] * self._peak]
        for k in range(self._stores):
            parts += [-task.in_eff[k], one / task.out_eff[k], one]
        parts += [-one[1:] * task.keep[k] for k in range(self._stores)]
        parts += [-one] * self._peak
        return np.concatenate(parts)

    def _write(self, task: Task) -> None:
        """Bring the matrix to this task's efficiencies; the first one builds it."""
        values = self._values(task)
        if self._highs is None:
            self._highs = self._build(values)
        else:
            rows, columns = self._places
            for place in np.flatnonzero(values != self._entries).tolist():
                self._highs.changeCoeff(int(rows[place]), int(columns[place]), float(values[place]))
        self._entries = values

    def _build(self, values: Floats) -> Any:
        """HiGHS with the matrix in it, told to be silent, to use one thread, and to keep what it learns."""
        import highspy  # noqa: PLC0415  half a second, and only needed here

        rows, columns = self._places
        order = np.lexsort((rows, columns))
        programme = highspy.HighsLp()
        programme.num_col_, programme.num_row_ = len(self._columns), len(self._rows)
        programme.col_cost_ = programme.col_lower_ = np.zeros(len(self._columns))
        programme.col_upper_ = np.full(len(self._columns), np.inf)
        programme.row_lower_ = programme.row_upper_ = np.zeros(len(self._rows))
        programme.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        programme.a_matrix_.start_ = np.searchsorted(columns[order], np.arange(len(self._columns) + 1)).astype(np.int32)
        programme.a_matrix_.index_, programme.a_matrix_.value_ = rows[order], values[order]
        highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off"), ("solver", "simplex")):
            highs.setOptionValue(option, value)
        highs.passModel(programme)
        return highs

    def _costs(self, task: Task) -> Floats:
        """µ per Wh of every column."""
        none = np.zeros(self._slots)
        parts = [task.buy, -task.sell, none, np.full(self._slots, task.penalty)]
        for k in range(self._stores):
            end = none.copy()
            end[-1:] = -task.terminal[k]
            parts += [none, np.full(self._slots, task.wear[k]), end]
        parts += [np.array([task.peak_price * 1000.0])] * self._peak
        return np.concatenate(parts) / 1000.0

    def _bounds(self, task: Task, sides: NDArray[np.int64] | None) -> tuple[Floats, Floats]:
        """Least and most of every column, Wh."""
        none = np.zeros(self._slots)
        side = np.zeros((self._stores, self._slots), np.int64) if sides is None else sides
        low = [none] * 4
        high = [np.full(self._slots, task.import_limit), np.full(self._slots, task.export_limit)]
        high += [task.pv, task.over_most]
        for k in range(self._stores):
            low += [none, none, task.low[k]]
            high += [np.where(side[k] < 0, 0.0, task.in_most[k]), np.where(side[k] > 0, 0.0, task.out_most[k])]
            high += [task.high[k]]
        low += [np.array([task.peak_known])] * self._peak
        high += [np.array([np.inf])] * self._peak
        return np.concatenate(low), np.concatenate(high)

    def _sums(self, task: Task) -> tuple[Floats, Floats]:
        """What every row must come to, Wh."""
        parts = [task.load - task.pv]
        for k in range(self._stores):
            due = -task.draw[k]
            due[:1] += task.keep[k] * task.start[k]
            parts.append(due)
        most = np.concatenate([*parts, *[np.zeros(self._slots)] * self._peak])
        least = np.concatenate([*parts, *[np.full(self._slots, -np.inf)] * self._peak])
        return least, most

    def _read(self, task: Task) -> Optimum:
        """HiGHS's answer; rows' duals are µ per Wh."""
        solution = self._highs.getSolution()
        size = (4 + 3 * self._stores) * self._slots
        columns = np.array(solution.col_value)[:size].reshape(4 + 3 * self._stores, self._slots)
        duals = np.array(solution.row_dual).reshape(1 + self._stores + self._peak, self._slots) * 1000.0
        fixed = -task.peak_price * task.peak_known if self._peak else 0.0
        return Optimum(
            taken=columns[4::3],
            given=columns[5::3],
            level=columns[6::3],
            value=-duals[1 : 1 + self._stores],
            imported=columns[0],
            exported=columns[1],
            curtailed=columns[2],
            over=columns[3],
            price=duals[0],
            objective=float(self._highs.getInfo().objective_function_value) + fixed,
        )
