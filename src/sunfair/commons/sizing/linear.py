"""Size and dispatch in one linear program (HiGHS): over typical days, or over the whole year at a given size."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.commons.sizing.problem import Problem, Size
from sunfair.errors import InputError

__all__ = ["Days", "Solved", "solve_days", "typical_days", "whole_year"]

DAY = 24
FLOWS = 4
"""Per hour: charge, discharge, import, state of charge (export and curtailment are what is left, sold or lost)."""


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """Days that stand for a year: use and yield of one kW, kWh, float64[k, 24]; how many days each stands for, [k]."""

    use: NDArray[np.float64]
    made: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Solved:
    """A size, what it costs a year with the energy (units of the currency), and how much is imported, kWh/year."""

    size: Size
    cost: float
    imported: float


def typical_days(problem: Problem, count: int = 14) -> Days:
    """`count` clusters of the year's days (k-means on use and yield, seeded), each by its mean and its number.

    Σ weight = 365, and Σ weight · day is the year's use and yield exactly.
    """
    from scipy.cluster.vq import kmeans2  # noqa: PLC0415

    use, made = problem.use_kwh.reshape(-1, DAY), problem.yield_kwh.reshape(-1, DAY)
    scaled = np.hstack([use / max(float(use.max()), 1e-9), made / max(float(made.max()), 1e-9)])
    _, labels = kmeans2(scaled, count, iter=30, seed=7, minit="++", missing="warn")
    groups = [np.flatnonzero(labels == at) for at in range(count) if (labels == at).any()]
    means = [(use[group].mean(axis=0), made[group].mean(axis=0), float(len(group))) for group in groups]
    return Days(np.array([m[0] for m in means]), np.array([m[1] for m in means]), np.array([m[2] for m in means]))


def whole_year(problem: Problem) -> Days:
    """The year as one long day: nothing is averaged, and the battery carries over midnight."""
    return Days(problem.use_kwh[None], problem.yield_kwh[None], np.ones(1))


def solve_days(problem: Problem, days: Days, size: Size | None = None) -> Solved:
    """The cheapest size and its dispatch over `days`; with `size`, the cheapest dispatch of that size.

    minimise annual(size) + Σ weight · (buy·import − sell·export), where what is neither used nor stored is exported,
    subject to the balance of every hour, the battery's limits (cyclic within a day), roof, budget and
    self-sufficiency. InputError if nothing is feasible.
    """
    from scipy.optimize import linprog  # noqa: PLC0415

    program = _program(problem, days, size)
    found = linprog(**program, method="highs")
    if found.status != 0:
        raise InputError("no plant meets the self-sufficiency within roof and budget: lower it, or raise them")
    best = Size(*(max(float(value), 0.0) for value in found.x[:3])) if size is None else size
    flows = found.x[3:].reshape(len(days.weight), -1, FLOWS)
    bought = float((days.weight[:, None] * flows[:, :, 2]).sum())
    return Solved(best, float(found.fun + _constant(problem, days)), bought)


def _constant(problem: Problem, days: Days) -> float:
    """The part of the cost no variable moves: use is not sold."""
    return problem.costs.sell * float((days.weight[:, None] * days.use).sum())


def _program(problem: Problem, days: Days, size: Size | None) -> dict[str, Any]:
    """Arguments of `scipy.optimize.linprog`: variables are the size, then the flows hour by hour."""
    from scipy import sparse  # noqa: PLC0415

    costs, bounds = problem.costs, problem.bounds
    hours = days.use.size
    cost, use, made = np.zeros(3 + FLOWS * hours), days.use.ravel(), days.made.ravel()
    weight = np.repeat(days.weight, days.use.shape[1])
    at = np.arange(hours)
    charge, discharge, imported, stored = (3 + FLOWS * at + flow for flow in range(FLOWS))
    # export = made·pv + discharge + import − charge − use ≥ 0, and it earns `sell`
    annual = Size(1, 0, 0).annual(costs), Size(0, 1, 0).annual(costs), Size(0, 0, 1).annual(costs)
    cost[:3] = annual
    cost[0] -= costs.sell * float(weight @ made)
    cost[charge], cost[discharge] = costs.sell * weight, -costs.sell * weight
    cost[imported] = (costs.buy - costs.sell) * weight
    rows = _Rows()
    one, zero = np.ones(hours), np.zeros(hours, np.int64)
    rows.add([(zero, -made), (discharge, -one), (imported, -one), (charge, one)], -use)
    rows.add([(charge, one), (zero + 2, -one)], np.zeros(hours))
    rows.add([(discharge, one), (zero + 2, -one)], np.zeros(hours))
    rows.add([(stored, one), (zero + 1, -one)], np.zeros(hours))
    limits = sparse.vstack([rows.matrix(len(cost)), _totals(problem, weight, imported, len(cost))])
    most = float(weight @ use) * (1 - bounds.self_sufficiency)
    length = days.use.shape[1]
    before = stored.reshape(-1, length)[:, np.r_[length - 1, : length - 1]].ravel()
    balance = _Rows()
    balance.add(
        [(stored, one), (before, -one), (charge, -costs.charge_eff * one), (discharge, one / costs.discharge_eff)],
        np.zeros(hours),
    )
    sizes: list[tuple[float, float | None]] = [(0, bounds.roof_kw), (0, None), (0, None)]
    if size is not None:
        sizes = [(value, value) for value in (size.pv_kw, size.battery_kwh, size.battery_kw)]
        most = max(most, float(weight @ use))  # what it is, it is: the limit is looked at, not enforced
    return {
        "c": cost,
        "A_ub": limits,
        "b_ub": np.r_[rows.bound(), bounds.budget if size is None else size.capex(costs) + 1, most],
        "A_eq": balance.matrix(len(cost)),
        "b_eq": balance.bound(),
        "bounds": [*sizes, *[(0, None)] * (FLOWS * hours)],
    }


def _totals(problem: Problem, weight: NDArray[np.float64], imported: NDArray[np.int64], width: int) -> Any:
    """The rows of budget and import."""
    from scipy import sparse  # noqa: PLC0415

    costs = problem.costs
    rows = np.zeros((2, width))
    rows[0, :3] = costs.pv_kw, costs.battery_kwh, costs.battery_kw
    rows[1, imported] = weight
    return sparse.csr_array(rows)


class _Rows:
    """Rows of a sparse matrix, block by block."""

    def __init__(self) -> None:
        self._parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
        self._bounds: list[NDArray[np.float64]] = []
        self._count = 0

    def add(self, terms: list[tuple[NDArray[np.int64], NDArray[np.float64]]], bound: NDArray[np.float64]) -> None:
        """One row for each element of `bound`: Σ coefficient · variable."""
        rows = self._count + np.arange(len(bound))
        self._parts += [(rows, columns, values) for columns, values in terms]
        self._bounds.append(bound)
        self._count += len(bound)

    def matrix(self, width: int) -> Any:
        """All of them."""
        from scipy import sparse  # noqa: PLC0415

        rows, columns, values = (np.concatenate([part[at] for part in self._parts]) for at in range(3))
        return sparse.csr_array((values, (rows, columns)), shape=(self._count, width))

    def bound(self) -> NDArray[np.float64]:
        """Their right-hand sides."""
        return np.concatenate(self._bounds)
