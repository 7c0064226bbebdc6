"""Battery plans by HiGHS: slower by far, but without compiling anything."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.highs_lp import HomeProgramme, Optimum
from sunfair.agent.plan_flows import SOC, VALUE, flows_along
from sunfair.agent.plan_repair import Problem
from sunfair.agent.plan_task import Task, batteries

__all__ = ["one_sided", "plan_by_highs"]

Floats = NDArray[np.float64]

_DIVES = 12
_BURNT = 1e-6
"""Wh charged and discharged in one slot: more than this is no rounding."""


def plan_by_highs(problem: Problem, flows: Floats, cost: Floats) -> None:
    """Plan every home of `problem`; writes `flows` (float64[8, n, T]) and `cost` (float64[n], µ).

    A home HiGHS finds no optimum for (numerical trouble) gets no number: its plan does not stand its replay.
    """
    soc, value = np.repeat(problem.soc[:, None], problem.horizon, axis=1), np.zeros_like(problem.load)
    if problem.horizon:
        programme, joint = HomeProgramme(problem.horizon, 1), batteries(problem)
        for home in range(problem.size):
            best = one_sided(programme, joint.task(home))
            if best is None:
                soc[home] = np.nan
            else:
                soc[home] = np.clip(best.level[0], joint.low[home, 0], problem.capacity[home])
                value[home] = best.value[0] if problem.capacity[home] > 0 else 0.0
    cost[:] = flows_along(problem, soc, flows)
    flows[SOC], flows[VALUE] = soc, value


def one_sided(programme: HomeProgramme, task: Task) -> Optimum | None:
    """The optimum in which no slot both charges and discharges where that would pay.

    A slot in which it would is held to the side it leans to, and the home is solved again.
    """
    sides = np.zeros_like(task.low, np.int64)
    found = programme.solve(task)
    for _ in range(_DIVES):
        if found is None:
            return None
        burning = (np.minimum(found.taken, found.given) > _BURNT) & (sides == 0)
        if not burning.any():
            return found
        rises = found.taken * task.in_eff >= found.given / task.out_eff[:, None]
        sides = np.where(burning, np.where(rises, 1, -1), sides)
        found = programme.solve(task, sides)
    return found
