"""The sizing as a proposal: two solvers' answers, what it costs, what a member gets, when it has paid for itself."""

from dataclasses import dataclass

import numpy as np

from sunfair.commons.sizing.linear import Solved, solve_days, typical_days, whole_year
from sunfair.commons.sizing.problem import Problem, Size, check_problem
from sunfair.commons.sizing.rule import follow_rule, rule_cost, search

__all__ = ["Economy", "Sizing", "economy", "size_plant"]

PRICE_SPREAD, YIELD_SPREAD = 0.20, 0.08
"""Range of prices, and of a year's yield against the mean (P10 … P90), within which the payback is told."""


AGREE = 0.01
"""Part of the dearer cost by which the two solvers' sizes may differ; beyond it neither is to be trusted."""


@dataclass(frozen=True, slots=True)
class Economy:
    """Units of the currency and years; `payback` is infinite where it never pays."""

    capex: float
    saving: float
    lcoe: float
    payback: float


@dataclass(frozen=True, slots=True)
class Sizing:
    """The answer.

    chosen : the size that is cheaper on the whole year under the rule; linear, searched : both solvers' sizes with
    their own costs; whole_year : the linear size's cost with the best dispatch of the full year; rule_costs : both
    sizes on the full year under the rule; agreement : how far these are apart, part of the dearer; made, imported :
    kWh/year
    """

    chosen: Size
    linear: Solved
    searched: Solved
    whole_year: float
    rule_costs: tuple[float, float]
    agreement: float
    made: float
    imported: float
    self_sufficiency: float
    kwh_per_member: float
    middle: Economy
    worst: Economy
    best: Economy
    alone: float


def size_plant(problem: Problem, members: int, *, typical: int = 14, seed: int = 7) -> Sizing:
    """Size by both solvers, hold one against the other. InputError names what is wrong, or that nothing is feasible."""
    check_problem(problem)
    linear = solve_days(problem, typical_days(problem, typical))
    searched = search(problem, seed=seed)
    checked = solve_days(problem, whole_year(problem), linear.size)
    both = np.array([[s.pv_kw, s.battery_kwh, s.battery_kw] for s in (linear.size, searched.size)])
    costs = rule_cost(problem, both)
    chosen = (linear.size, searched.size)[int(np.argmin(costs))]
    flows = follow_rule(problem, np.array([[chosen.pv_kw, chosen.battery_kwh, chosen.battery_kw]]))[0]
    made, use = chosen.pv_kw * float(problem.yield_kwh.sum()), float(problem.use_kwh.sum())
    imported = float(flows[0])
    low, high = 1 - PRICE_SPREAD, 1 + PRICE_SPREAD
    return Sizing(
        chosen=chosen,
        linear=linear,
        searched=searched,
        whole_year=checked.cost,
        rule_costs=(float(costs[0]), float(costs[1])),
        agreement=float(abs(costs[0] - costs[1]) / max(abs(costs).max(), 1e-9)),
        made=made,
        imported=imported,
        self_sufficiency=1 - imported / use if use else 1.0,
        kwh_per_member=made / members,
        middle=economy(problem, chosen, 1.0, 1.0),
        worst=economy(problem, chosen, low, 1 - YIELD_SPREAD),
        best=economy(problem, chosen, high, 1 + YIELD_SPREAD),
        alone=problem.costs.buy * use,
    )


def economy(problem: Problem, size: Size, price: float, sun: float) -> Economy:
    """What a size saves a year when prices are `price` times and the sun `sun` times what was planned."""
    costs = problem.costs
    year = Problem(problem.use_kwh, problem.yield_kwh * sun, costs, problem.bounds)
    imported, exported = follow_rule(year, np.array([[size.pv_kw, size.battery_kwh, size.battery_kw]]))[0]
    upkeep = costs.upkeep_pv_kw * size.pv_kw
    avoided = float(problem.use_kwh.sum()) - float(imported)
    saving = price * (costs.buy * avoided + costs.sell * float(exported)) - upkeep
    made = size.pv_kw * float(year.yield_kwh.sum())
    lcoe = size.annual(costs) / made if made else 0.0
    capex = size.capex(costs)
    return Economy(capex, saving, lcoe, capex / saving if saving > 0 else float("inf"))
