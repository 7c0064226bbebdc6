"""The day-ahead plan of homes with a battery: `plan(homes, outlook)`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.homes import Homes
from sunfair.agent.kernels import has_numba
from sunfair.agent.outlook import Outlook
from sunfair.agent.plan_flows import CHARGE, CURTAIL, DISCHARGE, EXPORT, FLOWS, IMPORT, OVER, SOC, VALUE, flows_along
from sunfair.agent.plan_repair import Note, Problem, repair
from sunfair.agent.plan_replay import NEAR_WH, Replay, play
from sunfair.errors import Fault, InputError

__all__ = ["Method", "Plans", "check_pair", "plan", "plans_of", "replay", "solve", "steady", "unheld"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

Method = Literal["auto", "merge", "highs"]

_CHUNK = 512
"""Homes solved and replayed at a time: their arrays stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """Plans of n homes over T slots; float64[n, T], Wh, ≥ 0, AC side, if not said otherwise.

    charge_wh, discharge_wh : into and out of the battery; never both in one slot
    import_wh, export_wh    : through the meter, within its limits; never both in one slot
    curtail_wh              : roof energy not taken
    over_wh                 : load above the import limit: served, and no part of `import_wh` or `cost`
    soc_wh                  : battery side, at the slot's end
    marginal_value          : µ/kWh, −∂cost/∂soc: what one more kWh in store at the slot's end would save; where load
                              above the import limit is at stake, higher than any price; 0 for a home without a battery
    cost                    : float64[n], µ: Σ buy·import − sell·export + wear·discharge − terminal·(soc_T − reserve)
    notes                   : what was repaired on the way, and which limits could not be held

    ``import + over − export = load − pv + curtail + charge − discharge`` in every slot.
    """

    charge_wh: Floats
    discharge_wh: Floats
    import_wh: Floats
    export_wh: Floats
    curtail_wh: Floats
    over_wh: Floats
    soc_wh: Floats
    marginal_value: Floats
    cost: Floats
    notes: tuple[Note, ...]

    def __len__(self) -> int:
        return len(self.cost)


def plan(homes: Homes, outlook: Outlook, *, method: Method = "auto", threads: int = 1) -> Plans:
    """The cheapest plan of every home, replayed through its devices before it is returned.

    method : "merge" is exact (`merge_kernel`), in machine code with numba and in slow Python without; "highs" solves
             the same as a linear programme; "auto" merges with numba and asks HiGHS without
    threads : how many processor cores the homes may be shared out to; the plans do not depend on it

    Never infeasible. Values no home can have are repaired; a start below the reserve recovers as fast as charging
    within the import limit allows; load above the import limit is met from the battery first, whatever it costs, and
    what is left of it is served all the same. `Plans.notes` says where any of this happened. Where a negative price
    would pay for burning energy in the battery the plan is one that can be done, not the relaxed optimum.

    Raises InputError (a ValueError) where `homes` and `outlook` differ in their number of homes.
    """
    check_pair(homes, outlook)
    problem, notes = repair(homes, outlook)
    flows, cost, broken = solve(problem, method, threads)
    return plans_of(flows, cost, (*notes, *unheld(flows, broken)))


def replay(homes: Homes, outlook: Outlook, plans: Plans) -> Replay:
    """What `plans` come to when played through the devices again, and whether every limit holds.

    Takes the decisions (charge, discharge, curtail) and recomputes all else; see `Replay`.
    """
    check_pair(homes, outlook)
    problem, _ = repair(homes, outlook)
    faults = [Fault("plans", f"are of {plans.charge_wh.shape}, the homes and slots are {problem.load.shape}")]
    if plans.charge_wh.shape != problem.load.shape:
        raise InputError("these plans are not of these homes", faults)
    rows = (plans.charge_wh, plans.discharge_wh, plans.import_wh, plans.export_wh, plans.curtail_wh, plans.over_wh)
    return play(problem, np.stack([*rows, plans.soc_wh, plans.marginal_value]), plans.cost)


def check_pair(homes: Homes, outlook: Outlook) -> None:
    """One outlook per home."""
    if len(homes) != len(outlook):
        faults = [Fault("outlook", f"has {len(outlook)} homes where homes has {len(homes)}", "give one row per home")]
        raise InputError("these homes cannot be planned", faults)


def solve(problem: Problem, method: Method, threads: int = 1) -> tuple[Floats, Floats, Bools]:
    """Solve and replay: the table float64[8, n, T] (rows of `plan_flows`), the cost, and whose plan did not hold."""
    flows, cost = np.empty((FLOWS, problem.size, problem.horizon)), np.empty(problem.size)
    merges = method == "merge" or (method == "auto" and has_numba())
    solver = _merge(problem, flows, cost) if merges else _highs(problem, flows, cost)
    broken = np.zeros(problem.size, np.bool_)

    def work(begin: int) -> None:
        homes = slice(begin, min(begin + _CHUNK, problem.size))
        solver(homes)
        broken[homes] = ~play(problem.take(homes), flows[:, homes], cost[homes]).holds

    _share_out(work, range(0, problem.size, _CHUNK), threads)
    for home in np.flatnonzero(broken).tolist():
        _stand_still(problem, slice(home, home + 1), flows, cost)
    return flows, cost, broken


def _share_out(work: Callable[[int], None], parts: Sequence[int], threads: int) -> None:
    """Do all parts of the work, several at a time if there are several threads; each writes to a place of its own."""
    if threads <= 1 or len(parts) <= 1:
        for part in parts:
            work(part)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  only where it is asked for

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, parts):
            pass


def _merge(problem: Problem, flows: Floats, cost: Floats) -> Callable[[slice], None]:
    """Plans a range of homes by the exact merge."""
    from sunfair.agent.merge_kernel import merge_homes  # noqa: PLC0415  numba takes seconds to come

    devices = steady(problem.devices())
    load, pv, buy, sell = (steady(each) for each in problem.series())
    none = steady(np.zeros((1, 0)))
    return lambda homes: merge_homes(homes.start, homes.stop, devices, load, pv, buy, sell, none, flows, cost)


def _highs(problem: Problem, flows: Floats, cost: Floats) -> Callable[[slice], None]:
    """Plans a range of homes by HiGHS."""
    from sunfair.agent.plan_highs import plan_by_highs  # noqa: PLC0415  HiGHS comes only where it is needed

    return lambda homes: plan_by_highs(problem.take(homes), flows[:, homes], cost[homes])


def steady(array: Floats) -> Floats:
    """The same numbers as a read-only array without gaps: one kind of array, one compiled kernel."""
    view = np.ascontiguousarray(array).view()
    view.setflags(write=False)
    return view


def _stand_still(problem: Problem, homes: slice, flows: Floats, cost: Floats) -> None:
    """The plan that is always possible: the battery does nothing."""
    part = problem.take(homes)
    cost[homes] = flows_along(part, np.repeat(part.soc[:, None], part.horizon, axis=1), flows[:, homes])
    flows[VALUE, homes] = 0.0


def unheld(flows: Floats, broken: Bools) -> list[Note]:
    """Notes on limits that could not be held and plans that did not hold."""
    above = (flows[OVER] > NEAR_WH).any(axis=1)
    found = [
        ("import_w", "load above the import limit in some slots, more than the battery can cover; served", above),
        ("plan", "did not stand its replay; the battery does nothing", broken),
    ]
    return [Note(field, what, np.flatnonzero(where)) for field, what, where in found if where.any()]


def plans_of(flows: Floats, cost: Floats, notes: tuple[Note, ...]) -> Plans:
    """A table of flows as `Plans`."""
    return Plans(
        charge_wh=flows[CHARGE],
        discharge_wh=flows[DISCHARGE],
        import_wh=flows[IMPORT],
        export_wh=flows[EXPORT],
        curtail_wh=flows[CURTAIL],
        over_wh=flows[OVER],
        soc_wh=flows[SOC],
        marginal_value=flows[VALUE],
        cost=cost,
        notes=notes,
    )
