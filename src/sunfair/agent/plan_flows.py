"""What flows at the meter when a store goes a given way, and what it costs: the plain arithmetic, without compiling."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.plan_repair import Problem

__all__ = ["CHARGE", "CURTAIL", "DISCHARGE", "EXPORT", "FLOWS", "IMPORT", "OVER", "SOC", "VALUE", "flows_along"]

Floats = NDArray[np.float64]

CHARGE, DISCHARGE, IMPORT, EXPORT, CURTAIL, OVER, SOC, VALUE = range(8)
"""Rows of the table float64[8, n, T] every solver writes: flows and store in Wh, last the marginal value in µ/kWh."""

FLOWS = 8


def flows_along(problem: Problem, soc: Floats, flows: Floats) -> Floats:
    """Write the flows that follow from the stores `soc` (float64[n, T], Wh, at the slots' ends) into rows 0 … 6 of
    `flows`; returns the cost, float64[n], µ.

    Roof energy is left where taking from the grid is paid for, where giving costs, and where the export limit leaves no
    room. Load above the import limit is no part of the cost.
    """
    change = np.diff(soc, axis=1, prepend=problem.soc[:, None])
    charge = np.minimum(np.maximum(change, 0.0) / problem.charge_eff[:, None], problem.charge_limit[:, None])
    discharge = np.minimum(np.maximum(-change, 0.0) * problem.discharge_eff[:, None], problem.discharge_limit[:, None])
    net = problem.load - problem.pv + charge - discharge
    most, least = problem.import_limit[:, None] - net, -problem.export_limit[:, None] - net
    wanted = np.where(problem.buy < 0, most, np.where(problem.sell < 0, -net, least))
    curtail = np.clip(wanted, 0.0, problem.pv)
    metered = net + curtail
    over = np.maximum(metered - problem.import_limit[:, None], 0.0)
    taken, given = np.maximum(metered - over, 0.0), np.maximum(-metered, 0.0)
    for row, flow in enumerate((charge, discharge, taken, given, curtail, over, soc)):
        flows[row] = flow
    paid = problem.buy * taken - problem.sell * given + problem.wear[:, None] * discharge
    end = soc[:, -1] if soc.shape[1] else problem.soc
    cost: Floats = (paid.sum(axis=1) - problem.terminal * (end - problem.reserve)) / 1000.0
    return cost
