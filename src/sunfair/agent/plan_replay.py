"""The independent check of a plan: its decisions are played through the devices anew, and every limit is looked at.

It shares nothing with the solvers but the repaired input. A plan that does not hold is not published.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.plan_flows import CHARGE, CURTAIL, DISCHARGE, EXPORT, IMPORT, OVER, SOC
from sunfair.agent.plan_repair import Problem

__all__ = ["NEAR_WH", "Replay", "play"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEAR_WH = 1e-6
"""Wh by which rounding may miss a limit or a sum; in a home with more than 1 kWh in store or in a slot, that much per
kWh."""

NEAR_COST = 1e-9
"""Share of the money moved or held by which a cost may miss what its flows come to; at least a millionth of a µ."""


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """What n homes' plans come to when played.

    soc_wh : float64[n, T], Wh, battery side, at the slot's end
    cost   : float64[n], µ, as `plan` defines it
    holds  : bool[n], every limit is kept and the plan's own figures are those of the replay
    broken : what does not hold, and bool[n] for whom
    """

    soc_wh: Floats
    cost: Floats
    holds: Bools
    broken: tuple[tuple[str, Bools], ...]


def play(problem: Problem, flows: Floats, cost: Floats) -> Replay:
    """Play the decisions in `flows` (float64[8, n, T], rows of `plan_flows`) and hold them against every limit."""
    charge, discharge = flows[CHARGE], flows[DISCHARGE]
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is told as that
        stored = charge * problem.charge_eff[:, None] - discharge / problem.discharge_eff[:, None]
        soc = problem.soc[:, None] + np.cumsum(stored, axis=1)
        metered = problem.load - problem.pv + flows[CURTAIL] + charge - discharge
        due, moved = _cost(problem, soc, metered, discharge)
        near = NEAR_WH * np.maximum(1.0, np.maximum(problem.capacity, np.abs(metered).max(axis=1, initial=0.0)) / 1e3)
        found = [
            ("a figure is not finite", ~np.isfinite(flows).all(axis=(0, 2)) | ~np.isfinite(cost)),
            *_decisions(problem, flows, near[:, None]),
            *_band(problem, soc, flows, near[:, None]),
            *_meter(problem, flows, metered, near[:, None]),
            ("cost is not what the flows cost", np.abs(cost - due) > NEAR_COST * moved + 1e-6),
        ]
    holds = ~np.logical_or.reduce([where for _, where in found])
    return Replay(soc, due, holds, tuple((what, where) for what, where in found if where.any()))


def _cost(problem: Problem, soc: Floats, metered: Floats, discharge: Floats) -> tuple[Floats, Floats]:
    """The cost of each home's plan and the money moved or held on the way to it, float64[n], µ."""
    taken, given = np.clip(metered, 0.0, problem.import_limit[:, None]), np.maximum(-metered, 0.0)
    worn, end = problem.wear[:, None] * discharge, soc[:, -1] if soc.shape[1] else problem.soc
    paid = problem.buy * taken - problem.sell * given + worn
    cost = (paid.sum(axis=1) - problem.terminal * (end - problem.reserve)) / 1000.0
    # What is metered may be the small difference of large numbers.
    turned = (
        np.maximum(np.abs(problem.buy), np.abs(problem.sell)) * (np.abs(problem.load) + problem.pv + discharge) + worn
    )
    moved = (turned.sum(axis=1) + np.abs(problem.terminal) * (np.abs(end) + problem.reserve)) / 1000.0
    return cost, moved


def _decisions(problem: Problem, flows: Floats, near: Floats) -> list[tuple[str, Bools]]:
    """Device limits of what is decided: battery power in and out, never both, and the roof."""
    charge, discharge, curtail = flows[CHARGE], flows[DISCHARGE], flows[CURTAIL]
    return [
        ("charges more than its power", _outside(charge, 0.0, problem.charge_limit[:, None], near)),
        ("discharges more than its power", _outside(discharge, 0.0, problem.discharge_limit[:, None], near)),
        ("charges and discharges in one slot", ((charge > 0) & (discharge > 0)).any(axis=1)),
        ("curtails more than the roof gives", _outside(curtail, 0.0, problem.pv, near)),
    ]


def _band(problem: Problem, soc: Floats, flows: Floats, near: Floats) -> list[tuple[str, Bools]]:
    """The store's level is what its flows come to, inside the band, and below the reserve it never falls."""
    before = np.hstack([problem.soc[:, None], soc[:, :-1]]) if soc.shape[1] else soc
    least = np.minimum(problem.reserve[:, None], before)
    return [
        ("the store is not what its flows come to", (np.abs(soc - flows[SOC]) > near).any(axis=1)),
        ("the store leaves its band", _outside(soc, least, problem.capacity[:, None], near)),
    ]


def _meter(problem: Problem, flows: Floats, metered: Floats, near: Floats) -> list[tuple[str, Bools]]:
    """Energy is conserved in every slot, the connection's limits hold, and above them there is nothing but load."""
    taken, given, over = flows[IMPORT], flows[EXPORT], flows[OVER]
    load_above = np.maximum(problem.load - problem.pv - problem.import_limit[:, None], 0.0)
    return [
        ("energy is not conserved", (np.abs(taken + over - given - metered) > near).any(axis=1)),
        ("takes and gives in one slot", ((taken > near) & (given > near)).any(axis=1)),
        ("takes more than the import limit", _outside(taken, 0.0, problem.import_limit[:, None], near)),
        ("gives more than the export limit", _outside(given, 0.0, problem.export_limit[:, None], near)),
        ("takes above the import limit what is not load", _outside(over, 0.0, load_above, near)),
    ]


def _outside(values: Floats, low: Floats | float, high: Floats, near: Floats) -> Bools:
    """Where a home's values leave [low, high] in any slot, bool[n]."""
    return np.asarray(((values < low - near) | (values > high + near)).any(axis=1))
