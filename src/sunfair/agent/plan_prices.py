"""What a plan says of a kWh at the meter: the prices at which the home would use a little more or a little less."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.homes import Homes
from sunfair.agent.outlook import Outlook
from sunfair.agent.plan_flows import CHARGE, DISCHARGE, VALUE
from sunfair.agent.plan_homes import Plans, check_pair
from sunfair.agent.plan_repair import Problem, repair
from sunfair.agent.plan_task import penalty

__all__ = ["load_price", "prices_of"]

Floats = NDArray[np.float64]

_NEAR = 1e-6
"""Wh; a flow within this of a limit or a corner is at it."""


def load_price(homes: Homes, outlook: Outlook, plans: Plans) -> Floats:
    """What one more kWh used in each slot would cost the home, float64[n, T], µ/kWh: from the meter or from the
    battery, whichever is cheaper; more than any price where the import limit is reached.
    """
    check_pair(homes, outlook)
    problem, _ = repair(homes, outlook)
    rows = (plans.charge_wh, plans.discharge_wh, plans.import_wh, plans.export_wh, plans.curtail_wh, plans.over_wh)
    return prices_of(problem, np.stack([*rows, plans.soc_wh, plans.marginal_value]))[1]


def prices_of(problem: Problem, flows: Floats) -> tuple[Floats, Floats]:
    """What one kWh less would save and one more would cost in each slot, float64[n, T] each, µ/kWh.

    flows : float64[8, n, T], an optimal table

    The first is a subgradient of the optimum in the load: no change of the load costs less than it says.
    """
    less, more = _meter(problem, flows)
    charge, discharge, value = flows[CHARGE], flows[DISCHARGE], flows[VALUE]
    into = value * problem.charge_eff[:, None]
    out = value / problem.discharge_eff[:, None] + problem.wear[:, None]
    can_give = discharge < problem.discharge_limit[:, None] - _NEAR
    can_take = charge < problem.charge_limit[:, None] - _NEAR
    giving = np.where(charge > _NEAR, into, np.where(can_give, out, np.inf))
    taking = np.where(discharge > _NEAR, out, np.where(can_take, into, -np.inf))
    stores = problem.capacity[:, None] > 0
    return np.where(stores, np.maximum(less, taking), less), np.where(stores, np.minimum(more, giving), more)


def _meter(problem: Problem, flows: Floats) -> tuple[Floats, Floats]:
    """The prices of the meter just below and just above its net use, µ/kWh: its cost is convex and piecewise linear,
    with pieces for giving, curtailing, taking, and load above the import limit.
    """
    net = problem.load - problem.pv + flows[CHARGE] - flows[DISCHARGE]
    give = np.minimum(problem.export_limit[:, None], problem.pv + problem.discharge_limit[:, None])
    take = np.minimum(problem.import_limit[:, None], problem.load + problem.charge_limit[:, None])
    buy, sell, pv, none = (np.broadcast_to(each, net.shape) for each in (problem.buy, problem.sell, problem.pv, 0.0))
    paid, costly = buy < 0, sell < 0
    second = np.where(costly, -pv, -give)
    corners = (-give - pv, second, np.where(paid, take - pv, none), take, np.maximum(take, problem.load - pv))
    first, middle = np.where(costly, sell, none), np.where(paid, buy, np.where(costly, none, sell))
    dear = np.broadcast_to(penalty(problem)[:, None], net.shape)
    prices = (first, middle, np.where(paid, none, buy), dear)
    more, less = dear, -dear
    for piece in range(3, -1, -1):
        more = np.where(net < corners[piece + 1] - _NEAR, prices[piece], more)
    for piece in range(4):
        less = np.where(net > corners[piece] + _NEAR, prices[piece], less)
    return less, more
