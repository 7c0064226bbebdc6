"""The same question asked another way: simulate the year under a dispatch rule, and search sizes from many starts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.commons.sizing.linear import Solved
from sunfair.commons.sizing.problem import Problem, Size

__all__ = ["Flows", "follow_rule", "rule_cost", "search"]

_PENALTY = 10.0
"""Units of the currency for each kWh imported beyond the limit, in a search: dearer than any grid."""


@dataclass(frozen=True, slots=True)
class Flows:
    """A year under the rule, kWh: imported, exported, and made."""

    imported: float
    exported: float
    made: float


def follow_rule(problem: Problem, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Imported and exported kWh/year, float64[n, 2], of sizes float64[n, 3] (PV kW, battery kWh, kW).

    The rule: what the roof gives beyond the use charges the battery, what is lacking discharges it, the grid does
    the rest.
    """
    costs = problem.costs
    pv, capacity, power = sizes.T
    stored, imported, exported = np.zeros(len(pv)), np.zeros(len(pv)), np.zeros(len(pv))
    for use, made in zip(problem.use_kwh.tolist(), problem.yield_kwh.tolist(), strict=True):
        over = made * pv - use
        charge = np.minimum(np.minimum(np.maximum(over, 0), power), (capacity - stored) / costs.charge_eff)
        discharge = np.minimum(np.minimum(np.maximum(-over, 0), power), stored * costs.discharge_eff)
        stored += charge * costs.charge_eff - discharge / costs.discharge_eff
        rest = over - charge + discharge
        imported += np.maximum(-rest, 0)
        exported += np.maximum(rest, 0)
    return np.stack([imported, exported], axis=1)


def rule_cost(problem: Problem, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """A year's cost of sizes float64[n, 3] under the rule, float64[n]; infinite beyond roof or budget.

    Import beyond the self-sufficiency's limit is charged `_PENALTY`, so that a search finds back.
    """
    costs, bounds = problem.costs, problem.bounds
    flows = follow_rule(problem, sizes)
    annual = np.array([Size(*size).annual(costs) for size in sizes.tolist()])
    capex = np.array([Size(*size).capex(costs) for size in sizes.tolist()])
    most = (1 - bounds.self_sufficiency) * float(problem.use_kwh.sum())
    lacking = np.maximum(flows[:, 0] - most, 0) * _PENALTY
    cost = annual + costs.buy * flows[:, 0] - costs.sell * flows[:, 1] + lacking
    # The edge of roof and budget is where an optimum likes to lie: a mite beyond is rounding.
    allowed = (sizes >= 0).all(axis=1) & (sizes[:, 0] <= bounds.roof_kw + 1e-9) & (capex <= bounds.budget * (1 + 1e-9))
    return np.where(allowed, cost, np.inf)


def search(problem: Problem, *, starts: int = 24, rounds: int = 36, seed: int = 7) -> Solved:
    """The cheapest size under the rule: differential evolution (Storn & Price 1997) from `starts` points at once.

    All points of a round are simulated together. Infeasible sizes are scaled back into roof and budget before they are
    tried. The same seed gives the same size.
    """
    from scipy.optimize import Bounds, differential_evolution  # noqa: PLC0415

    top = _box(problem)

    def price(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return rule_cost(problem, _within(problem, np.atleast_2d(points.T)))

    found = differential_evolution(
        price, Bounds(np.zeros(3), top), vectorized=True, updating="deferred", popsize=starts // 3 + 1,
        maxiter=rounds, tol=1e-4, seed=seed, polish=False, init="sobol",
    )  # fmt: skip
    best = _within(problem, found.x[None])
    return Solved(Size(*best[0].tolist()), float(found.fun), float(follow_rule(problem, best)[0, 0]))


def _box(problem: Problem) -> NDArray[np.float64]:
    """The largest size worth looking at: the roof, a battery for the dearest day, its power for the dearest hours."""
    day = float(problem.use_kwh.reshape(-1, 24).sum(axis=1).max())
    pv = min(problem.bounds.roof_kw, problem.bounds.budget / problem.costs.pv_kw)
    return np.array([max(pv, 1e-6), max(day, 1e-6), max(float(problem.use_kwh.max()) * 1.5, 1e-6)])


def _within(problem: Problem, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points scaled back where they cost more than the budget."""
    costs = problem.costs
    capex = points @ np.array([costs.pv_kw, costs.battery_kwh, costs.battery_kw])
    factor = np.minimum(1.0, problem.bounds.budget / np.maximum(capex, 1e-9))
    within: NDArray[np.float64] = points * factor[:, None]
    return within
