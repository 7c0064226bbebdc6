"""When to start what runs once and cannot be stopped: washing, drying, a boiler that is on or off.

Every start in the window is priced against the plan's own marginal prices. What a plan costs is convex in the load, so
that price is the least a start can cost: starts are planned in full in this order, the battery answering, until the
next one's least is no less than the best one's cost. What is found is the best of all starts.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.agent.homes import Homes, read_floats
from sunfair.agent.outlook import Outlook
from sunfair.agent.plan_flows import OVER
from sunfair.agent.plan_homes import Method, Plans, check_pair, plans_of, solve, unheld
from sunfair.agent.plan_prices import prices_of
from sunfair.agent.plan_repair import Note, Problem, repair
from sunfair.agent.plan_task import penalty
from sunfair.errors import Fault, InputError

__all__ = ["AppliancePlans", "Appliances", "plan_appliances"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MATTERS = 1e-3
"""µ by which a start must be cheaper to be taken instead of an earlier choice."""


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Appliances:
    """k runs of appliances in any homes.

    home             : int64[k], place of the home
    profile_wh       : float64[k, L], Wh (AC) used in each slot from the start on, 0 after the run's end
    earliest, latest : int64[k], first and last slot it may start in; what does not fit the outlook is told
    """

    home: Ints
    profile_wh: Floats
    earliest: Ints
    latest: Ints

    def __init__(self, home: ArrayLike, profile_wh: ArrayLike, earliest: ArrayLike, latest: ArrayLike) -> None:
        faults: list[Fault] = []
        profile = read_floats(faults, "profile_wh", profile_wh, (2,))
        columns = {}
        for name, value in (("home", home), ("earliest", earliest), ("latest", latest)):
            columns[name] = read_floats(faults, name, value, (1,))
            if len(columns[name]) != len(profile) or not np.isfinite(columns[name]).all():
                faults.append(Fault(name, f"is not {len(profile)} whole numbers", "give one per run"))
        if not (np.isfinite(profile).all() and (profile >= 0).all()):
            faults.append(Fault("profile_wh", "is below 0 or not finite", "give what the appliance uses in each slot"))
        if faults:
            raise InputError("these appliances cannot be planned", faults)
        object.__setattr__(self, "profile_wh", profile)
        for name, column in columns.items():
            object.__setattr__(self, name, column.astype(np.int64))

    def __len__(self) -> int:
        return len(self.home)


@dataclass(frozen=True, slots=True, eq=False)
class AppliancePlans:
    """start : int64[k], the slot each run starts in, −1 where none was possible; use_wh : float64[n, T], Wh, what they
    use; plans : the homes' plans with it in their load.
    """

    start: Ints
    use_wh: Floats
    plans: Plans


def plan_appliances(
    homes: Homes, outlook: Outlook, appliances: Appliances, *, method: Method = "auto"
) -> AppliancePlans:
    """The start of every appliance and the plan of every home around them; a home's largest appliance is placed first.

    Raises InputError where the numbers of homes differ or an appliance is of no home.
    """
    check_pair(homes, outlook)
    if len(appliances) and not (appliances.home.min() >= 0 and appliances.home.max() < len(homes)):
        raise InputError("these appliances cannot be planned", [Fault("home", f"is outside 0 … {len(homes) - 1}")])
    problem, notes = repair(homes, outlook)
    start, bare, total = np.full(len(appliances), -1), problem.load, appliances.profile_wh.sum(axis=1)
    order = np.lexsort((-total, appliances.home))
    rank = np.arange(len(order)) - np.searchsorted(appliances.home[order], appliances.home[order])
    flows, cost, broken = solve(problem, method)
    for turn in range(int(rank.max(initial=-1)) + 1):
        runs = order[rank == turn]
        start[runs], use = _place(problem, (flows, cost), appliances, runs, method)
        problem = _with_load(problem, appliances.home[runs], use)
        flows, cost, broken = solve(problem, method)
    lost = Note(
        "appliances", "no start fits its window and the outlook; not planned", np.unique(appliances.home[start < 0])
    )
    notes = (*notes, *unheld(flows, broken), *((lost,) if len(lost.homes) else ()))
    return AppliancePlans(start, problem.load - bare, plans_of(flows, cost, notes))


def _with_load(problem: Problem, homes: Ints, use: Floats) -> Problem:
    """`problem` with `use` (float64[len(homes), T], Wh) added to the loads of these homes, each named once."""
    load = problem.load.copy()
    load[homes] += use
    return replace(problem, load=load)


def _place(
    problem: Problem, solved: tuple[Floats, Floats], appliances: Appliances, runs: Ints, method: Method
) -> tuple[Ints, Floats]:
    """The best start of each of these runs, in different homes, and what it uses then: int64[r], float64[r, T].

    solved : table and cost of the plans without them
    """
    part, table = problem.take(appliances.home[runs]), solved[0][:, appliances.home[runs]]
    starts, least = _by_price(prices_of(part, table)[0], appliances, runs)
    best, worst = np.full(len(runs), -1), np.full(len(runs), np.inf)
    use, weight = np.zeros_like(part.load), penalty(part) / 1000.0
    before = solved[1][appliances.home[runs]] + weight * table[OVER].sum(axis=1)
    for turn in range(starts.shape[1]):
        going = np.flatnonzero(before + least[:, turn] < worst - _MATTERS)
        if not len(going):
            break
        homes = part.take(going)
        trial = _shifted(appliances.profile_wh[runs[going]], starts[going, turn], problem.horizon)
        flows, cost, _ = solve(replace(homes, load=homes.load + trial), method)
        cost = cost + weight[going] * flows[OVER].sum(axis=1)
        better = cost < worst[going] - _MATTERS
        chosen = going[better]
        best[chosen], worst[chosen], use[chosen] = starts[chosen, turn], cost[better], trial[better]
    return best, use


def _by_price(price: Floats, appliances: Appliances, runs: Ints) -> tuple[Ints, Floats]:
    """All starts of each run, cheapest first at the given prices, and what they cost at least: int64[r, T] and
    float64[r, T], µ; infinite where a start is outside its window or the run would outlast the slots.
    """
    profile = appliances.profile_wh[runs]
    horizon, longest = price.shape[1], profile.shape[1]
    slots = np.arange(horizon)
    length = np.where(profile > 0, np.arange(1, longest + 1), 0).max(axis=1, initial=0)
    first, last = np.maximum(appliances.earliest[runs], 0), np.minimum(appliances.latest[runs], horizon - length)
    fits = (slots >= first[:, None]) & (slots <= last[:, None])
    ahead = np.hstack([price, np.zeros((len(price), longest))])
    worth = sum((profile[:, [at]] * ahead[:, at : at + horizon] for at in range(longest)), np.zeros_like(price))
    worth = np.where(fits, worth / 1000.0, np.inf)
    order = np.argsort(worth, axis=1, kind="stable")
    return order, np.take_along_axis(worth, order, axis=1)


def _shifted(profile: Floats, starts: Ints, horizon: int) -> Floats:
    """Each profile from its start on, float64[r, T]."""
    place = np.arange(horizon) - starts[:, None]
    inside = (place >= 0) & (place < profile.shape[1])
    taken = np.take_along_axis(profile, np.clip(place, 0, profile.shape[1] - 1), axis=1)
    return np.asarray(np.where(inside, taken, 0.0))
