"""Homes with several stores: how they are put before the interior point or HiGHS, and how the answer is read."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.highs_lp import HomeProgramme
from sunfair.agent.plan_highs import one_sided
from sunfair.agent.plan_repair import Problem
from sunfair.agent.plan_task import Joint, batteries
from sunfair.agent.stores_fit import Fit

__all__ = ["join_stores", "solve_by_highs", "solve_by_interior"]

Floats = NDArray[np.float64]

ACCURACY = 1e-7
"""Share of a home's cost, or of one unit of the currency if it is less, that the interior point may miss."""

_WH = 1e-3
"""kWh per Wh: the solver's numbers are near 1."""

_OWN, _EACH = 5, 3
"""Variables of a slot that belong to no store, and those of every store (`interior_kernel`)."""


def join_stores(
    problem: Problem, fit: Fit, members: NDArray[np.int64], peak_price: Floats, peak_known: Floats
) -> Joint:
    """The tasks of the homes of `problem`, each with its battery and the stores in its row of `members`.

    members    : int64[n, k], places in `fit`
    peak_price : float64[n], µ per Wh per slot of import above `peak_known`, float64[n], Wh per slot
    """
    base = batteries(problem)
    joined = {
        name: np.concatenate([getattr(base, name), getattr(fit, name)[members]], axis=1)
        for name in (
            "low",
            "high",
            "start",
            "in_most",
            "out_most",
            "in_eff",
            "out_eff",
            "keep",
            "draw",
            "wear",
            "terminal",
        )
    }
    # Any store may have to take above the import limit for want of anything else; what it may not is cut off later.
    over = problem.load + joined["in_most"].sum(axis=1)
    return base._replace(**joined, over_most=over, peak_price=peak_price, peak_known=peak_known)


def solve_by_highs(joint: Joint) -> tuple[Floats, Floats, Floats]:
    """What every store takes and gives, float64[n, K, T], Wh, and the peak of the import, float64[n], Wh per slot."""
    homes, stores, horizon = joint.low.shape
    taken, given = np.zeros(joint.low.shape), np.zeros(joint.low.shape)
    peak = joint.peak_known.copy()
    programmes: dict[bool, HomeProgramme] = {}
    for home in range(homes):
        priced = bool(joint.peak_price[home] > 0)
        if priced not in programmes:
            programmes[priced] = HomeProgramme(horizon, stores, peak=priced)
        found = one_sided(programmes[priced], joint.task(home))
        if found is not None:
            taken[home], given[home] = found.taken, found.given
            peak[home] = max(peak[home], (found.imported + found.over).max(initial=0.0))
    return taken, given, peak


def solve_by_interior(joint: Joint) -> tuple[Floats, Floats, Floats]:
    """The same by the structured interior point; homes it closes no gap for are asked of HiGHS."""
    from sunfair.agent.interior_kernel import solve_homes  # noqa: PLC0415  numba takes seconds to come

    joint = _two_at_least(joint)
    homes, stores, horizon = joint.low.shape
    unit = 1.0 / (1.0 + np.abs(np.stack([joint.buy, joint.sell])).max(axis=(0, 2), initial=0.0))
    cost, most = _columns(joint, unit[:, None])
    x, y, gap = np.zeros_like(cost), np.empty((homes, 2 + stores, horizon)), np.empty(homes)
    solve_homes(cost, most, _rows(joint), joint.in_eff, joint.out_eff, joint.keep, ACCURACY, x, y, gap)
    table = x[:, :-1].reshape(homes, _OWN + _EACH * stores, horizon) / _WH
    taken, given = table[:, _OWN::_EACH].copy(), table[:, _OWN + 1 :: _EACH].copy()
    peak = np.maximum(joint.peak_known, (table[:, 0] + table[:, 3]).max(axis=1, initial=0.0))
    failed = np.flatnonzero(~np.isfinite(gap))
    if len(failed):
        taken[failed], given[failed], peak[failed] = solve_by_highs(Joint(*(column[failed] for column in joint)))
    return taken, given, peak


def _two_at_least(joint: Joint) -> Joint:
    """With a store that can do nothing beside the only one: the kernel is fastest for two."""
    if joint.low.shape[1] > 1:
        return joint
    nothing = {
        name: np.concatenate([getattr(joint, name), 0.0 * getattr(joint, name)], axis=1)
        for name in ("low", "high", "start", "in_most", "out_most", "draw", "wear", "terminal")
    }
    same = {name: np.repeat(getattr(joint, name), 2, axis=1) for name in ("in_eff", "out_eff", "keep")}
    return joint._replace(**nothing, **same)


def _columns(joint: Joint, unit: Floats) -> tuple[Floats, Floats]:
    """Cost and upper bound of every variable, in kWh and in prices of about 1: float64[n, V·T + 1] each."""
    homes, stores, horizon = joint.low.shape
    cost, most = (np.zeros((homes, (_OWN + _EACH * stores) * horizon + 1)) for _ in range(2))
    costs, mosts = (array[:, :-1].reshape(homes, _OWN + _EACH * stores, horizon) for array in (cost, most))
    into, out = joint.in_most.sum(axis=1), joint.out_most.sum(axis=1)
    costs[:, 0], costs[:, 1], costs[:, 3] = joint.buy * unit, -joint.sell * unit, joint.penalty[:, None] * unit
    costs[:, _OWN + 1 :: _EACH] = joint.wear[:, :, None] * unit[:, :, None]
    costs[:, _OWN + 2 :: _EACH, -1:] = -joint.terminal[:, :, None] * unit[:, :, None]
    mosts[:, 0] = np.minimum(joint.import_limit[:, None], joint.load + into)
    mosts[:, 1] = np.minimum(joint.export_limit[:, None], joint.pv + out)
    mosts[:, 2], mosts[:, 3] = joint.pv, np.minimum(joint.over_most, joint.load + into)
    mosts[:, _OWN::_EACH], mosts[:, _OWN + 1 :: _EACH] = joint.in_most, joint.out_most
    mosts[:, _OWN + 2 :: _EACH] = joint.high - joint.low
    priced = joint.peak_price > 0
    highest = np.where(priced, (mosts[:, 0] + mosts[:, 3]).max(axis=1, initial=0.0), 0.0)
    mosts[:, 4] = np.where(priced, highest + joint.peak_known, 0.0)[:, None]
    cost[:, -1], most[:, -1] = joint.peak_price * 1000.0 * unit[:, 0], highest
    most *= _WH
    return cost, most


def _rows(joint: Joint) -> Floats:
    """What every row must come to, kWh: the meter's, the peak's, and each level counted from its floor."""
    homes, stores, horizon = joint.low.shape
    right = np.empty((homes, 2 + stores, horizon))
    right[:, 0] = joint.load - joint.pv
    right[:, 1] = joint.peak_known[:, None]
    before = np.concatenate([joint.start[:, :, None], joint.low[:, :, :-1]], axis=2)
    right[:, 2:] = joint.keep[:, :, None] * before - joint.draw - joint.low
    return right * _WH
