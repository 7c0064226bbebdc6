"""Plans of homes that fill more than a battery: `plan_stores(homes, outlook, stores)`.

Three ways, each home the cheapest that is right for it. A home without a further store: the exact merge. With one car
that must be ready in time: the exact merge inside a search for the price that fills the car. Anything else, and a price
on the peak: a structured interior point. Whatever decided when the stores are filled, the battery is then planned
exactly around it, so its marginal values, its replay and its promises are those of `plan`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.homes import Homes
from sunfair.agent.kernels import has_numba
from sunfair.agent.outlook import Outlook
from sunfair.agent.plan_flows import EXPORT, IMPORT, OVER
from sunfair.agent.plan_homes import Method, Plans, check_pair, plans_of, solve, steady, unheld
from sunfair.agent.plan_repair import Note, Problem, repair
from sunfair.agent.plan_replay import play
from sunfair.agent.stores import Stores
from sunfair.agent.stores_fit import Fit, check_stores, fit_stores, reach, roll
from sunfair.agent.stores_joint import join_stores, solve_by_highs, solve_by_interior
from sunfair.errors import Fault, InputError

__all__ = ["Peaks", "StorePlans", "plan_stores"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CUTS = 4
"""Times a schedule is mended at most where the import limit leaves no room for it."""

_TOUCH = 1e-6
"""Wh: less is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """A price on the highest import of the billing period (a capacity tariff).

    price   : float64[n], µ per kW above what is known, ≥ 0
    known_w : float64[n], W, the highest import so far in this period, mean over a slot
    """

    price: Floats
    known_w: Floats


@dataclass(frozen=True, slots=True, eq=False)
class StorePlans:
    """Plans of n homes with m further stores over T slots.

    plans     : the homes' batteries and meters with the stores' use in their load
    taken_wh  : float64[m, T], Wh, AC side, into every store
    given_wh  : float64[m, T], Wh, AC side, out of it; never both in one slot
    level_wh  : float64[m, T], Wh in store at the slot's end
    short_wh  : float64[m], Wh, most by which a store stays below its band (a car not ready, a room too cold)
    peak_w    : float64[n], W, highest import, with what was known before
    cost      : float64[n], µ: `plans.cost` + Σ wear·given − Σ terminal·level_T + price·(peak − known)
    notes     : everything repaired or not held, here and in `plans`
    """

    plans: Plans
    taken_wh: Floats
    given_wh: Floats
    level_wh: Floats
    short_wh: Floats
    peak_w: Floats
    cost: Floats
    notes: tuple[Note, ...]


def plan_stores(
    homes: Homes, outlook: Outlook, stores: Stores, *, peaks: Peaks | None = None, method: Method = "auto"
) -> StorePlans:
    """The cheapest plan of every home with its battery and all its stores.

    method : as in `plan`; "highs" solves every home with a store as one linear programme

    Never infeasible: a band that cannot be held is held as nearly as can be, and the shortfall is told; where the
    import limit leaves no room for a store, the store waits. Raises InputError where the numbers of homes or slots
    differ.
    """
    check_pair(homes, outlook)
    check_stores(stores, len(homes), outlook.horizon)
    problem, notes = repair(homes, outlook)
    hours = outlook.slot_seconds / 3600
    fit, more = fit_stores(stores, hours)
    price, known = _peaks(peaks, problem.size, hours)
    taken, given, peak = _decide(problem, fit, price, known, method)
    taken, given, level = roll(fit, taken, given)
    taken, given, level, flows, cost, broken = _around(problem, fit, taken, given, peak, method)
    highest = np.maximum(known, (flows[IMPORT] + flows[OVER]).max(axis=1, initial=0.0))
    total = cost + price * (highest - known) + _own_cost(fit, given, level, problem.size)
    short = np.maximum(fit.asked - level, 0.0).max(axis=1, initial=0.0)
    notes = (*notes, *more, *unheld(flows, broken), *_shortfall(fit, short))
    plans = plans_of(flows, cost, notes)
    return StorePlans(plans, taken, given, level, short, highest / hours, total, notes)


def _peaks(peaks: Peaks | None, size: int, hours: float) -> tuple[Floats, Floats]:
    """Price, µ per Wh per slot, and the peak known, Wh per slot; float64[n] each. What is no number counts as none."""
    if peaks is None:
        return np.zeros(size), np.zeros(size)
    columns = [np.asarray(column, np.float64) for column in (peaks.price, peaks.known_w)]
    faults = [
        Fault("peaks", f"are of {column.shape}, the homes are {size}") for column in columns if column.shape != (size,)
    ]
    if faults:
        raise InputError("these peaks cannot be planned with", faults)
    price, known = (np.where(np.isfinite(column), np.maximum(column, 0.0), 0.0) for column in columns)
    return price / (1000.0 * hours), known * hours


def _decide(problem: Problem, fit: Fit, price: Floats, known: Floats, method: Method) -> tuple[Floats, Floats, Floats]:
    """What every store takes and gives, float64[m, T], Wh, and the import every home keeps below, float64[n]."""
    taken, given, peak = np.zeros_like(fit.low), np.zeros_like(fit.low), np.full(problem.size, np.inf)
    moving = (fit.in_most + fit.out_most).max(axis=1, initial=0.0) > 0
    count = np.bincount(fit.home[moving], minlength=problem.size)
    compiled = method != "highs" and (has_numba() or method == "merge")
    alone = moving & (count[fit.home] == 1) & (price[fit.home] == 0) & compiled
    cars = np.flatnonzero(alone & _is_car(fit))
    if len(cars):
        taken[cars] = _fill_cars(problem, fit, cars)
    count[fit.home[cars]] = -1
    order = np.flatnonzero(moving)[np.argsort(fit.home[moving], kind="stable")]
    for stores in np.unique(count[(count > 0) | ((count == 0) & (price > 0))]).tolist():
        homes = np.flatnonzero((count == stores) & ((stores > 0) | (price > 0)))
        members = order[np.isin(fit.home[order], homes)].reshape(len(homes), stores)
        joint = join_stores(problem.take(homes), fit, members, price[homes], known[homes])
        solution = solve_by_interior(joint) if compiled else solve_by_highs(joint)
        taken[members], given[members] = solution[0][:, 1 : 1 + stores], solution[1][:, 1 : 1 + stores]
        peak[homes] = np.where(price[homes] > 0, solution[2], np.inf)
    taken[taken < 10 * _TOUCH], given[given < 10 * _TOUCH] = 0.0, 0.0  # what an interior point leaves everywhere
    return taken, given, peak


def _is_car(fit: Fit) -> NDArray[np.bool_]:
    """Stores that only have to be full in the end, bool[m]: what the search for a price takes."""
    slots = np.arange(fit.low.shape[1])
    last = np.where(fit.in_most > 0, slots, -1).max(axis=1, initial=-1)
    early = np.where(slots < last[:, None], fit.low, -np.inf).max(axis=1, initial=-np.inf)
    end = fit.low[:, -1] if fit.low.shape[1] else fit.start
    return np.asarray(
        (fit.out_most.max(axis=1, initial=0.0) == 0)
        & (fit.keep == 1)
        & (fit.draw.max(axis=1, initial=0.0) == 0)
        & (np.ptp(fit.in_eff, axis=1) == 0 if fit.in_eff.shape[1] else False)
        & (fit.terminal == 0)
        & (early <= fit.start)
        & (fit.high[:, -1:] - end[:, None] <= _TOUCH).all(axis=1)
        & (fit.high.min(axis=1, initial=np.inf) >= fit.start)
    )


def _fill_cars(problem: Problem, fit: Fit, cars: Ints) -> Floats:
    """When each of these cars, one per home, charges: float64[len(cars), T], Wh."""
    from sunfair.agent.car_kernel import charge_cars  # noqa: PLC0415  numba takes seconds to come

    homes = problem.take(fit.home[cars])
    need = np.clip((fit.low[cars, -1] - fit.start[cars]) / fit.in_eff[cars, 0], 0.0, fit.in_most[cars].sum(axis=1))
    taken, worth, tried = np.zeros((len(cars), homes.horizon)), np.zeros(len(cars)), np.zeros(len(cars), np.int64)
    load, pv, buy, sell = (steady(each) for each in homes.series())
    devices, most = steady(homes.devices()), steady(fit.in_most[cars])
    charge_cars(0, len(cars), devices, load, pv, buy, sell, most, steady(need), taken, worth, tried)
    return taken


def _around(
    problem: Problem, fit: Fit, taken: Floats, given: Floats, peak: Floats, method: Method
) -> tuple[Floats, Floats, Floats, Floats, Floats, NDArray[np.bool_]]:
    """The batteries planned around what the stores do, and the stores held back where the connection is full."""
    level = np.zeros_like(taken)
    for cut in range(_CUTS):
        taken, given, level = roll(fit, taken, given)
        use = problem.load.copy()
        np.add.at(use, fit.home, taken - given)
        flows, cost, broken = _below(replace(problem, load=use), peak, method)
        less, fewer, held = _too_much(problem, fit, taken, given, flows, last=cut == _CUTS - 2)
        if cut == _CUTS - 1 or not (less.any() or fewer.any()):
            break
        taken, given = taken * (1.0 - less), given * (1.0 - fewer)
        in_most = np.where((less > 0) | held, taken, fit.in_most)
        out_most = np.where((fewer > 0) | held, given, fit.out_most)
        fit = reach(fit._replace(in_most=in_most, out_most=out_most))
    return taken, given, level, flows, cost, broken


def _too_much(
    problem: Problem, fit: Fit, taken: Floats, given: Floats, flows: Floats, *, last: bool
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The shares of what every store takes and gives that the connection has no room for, float64[m, T] each, and the
    stores that may do no more than now in any slot, bool[m, 1].

    last : a home that still has too much keeps no store that needs another's help, so that nothing can go wrong again
    """
    alone = problem.load - problem.pv
    over = flows[OVER] - np.maximum(alone - problem.import_limit[:, None], 0.0)
    full = flows[EXPORT] - problem.export_limit[:, None]
    strict = np.zeros((problem.size, 1), np.bool_)
    if last:
        strict = ((over > 0.1 * _TOUCH) | (full > 0.1 * _TOUCH)).any(axis=1, keepdims=True)
        room = np.maximum(problem.import_limit[:, None] - alone, 0.0)
        over = np.where(strict, _of_homes(fit.home, taken, alone.shape) - room, over)
        room = problem.export_limit[:, None] + problem.load
        full = np.where(strict, _of_homes(fit.home, given, alone.shape) - room, full)
    return _share(fit.home, taken, over), _share(fit.home, given, full), strict[fit.home]


def _of_homes(home: Ints, moved: Floats, shape: tuple[int, ...]) -> Floats:
    """What all stores of each home move, float64[n, T], Wh."""
    whole = np.zeros(shape)
    np.add.at(whole, home, moved)
    return whole


def _share(home: Ints, moved: Floats, above: Floats) -> Floats:
    """The share of what every store moves that has to go where a home (float64[n, T], Wh) has `above` too much."""
    whole = _of_homes(home, moved, above.shape)
    share = np.divide(above, whole, out=np.zeros_like(above), where=(above > 0.1 * _TOUCH) & (whole > 0))
    return np.asarray(np.minimum(share, 1.0)[home])


def _below(problem: Problem, peak: Floats, method: Method) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The batteries' plans with the import kept below `peak` where that is finite; load above it still flows."""
    priced = np.flatnonzero(np.isfinite(peak))
    limit = np.minimum(problem.import_limit, peak * (1.0 + 1e-9) + 1e-5)
    flows, cost, broken = solve(replace(problem, import_limit=limit), method)
    if len(priced):
        part, table = problem.take(priced), flows[:, priced]
        moved = np.minimum(table[OVER], part.import_limit[:, None] - table[IMPORT])
        table[IMPORT] += moved
        table[OVER] -= moved
        cost[priced] += (part.buy * moved).sum(axis=1) / 1000.0
        broken[priced] |= ~play(part, table, cost[priced]).holds
        flows[:, priced] = table
    return flows, cost, broken


def _own_cost(fit: Fit, given: Floats, level: Floats, homes: int) -> Floats:
    """Wear of what the stores give, less what is left in them, float64[n], µ."""
    end = level[:, -1] if level.shape[1] else fit.start
    own = (fit.wear * given.sum(axis=1) - fit.terminal * end) / 1000.0
    return np.bincount(fit.home, weights=own, minlength=homes).astype(np.float64)


def _shortfall(fit: Fit, short: Floats) -> list[Note]:
    """A note for the homes in which a store stays below its band."""
    where = np.unique(fit.home[short > _TOUCH])
    what = "stays below its band in some slots: too little time, power or room below the import limit"
    return [Note("stores.low_wh", what, where)] if len(where) else []
