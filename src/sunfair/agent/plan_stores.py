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
from sunfair.agent.plan import Method, Plans, check_pair, plans_of, solve, steady
from sunfair.agent.plan_flows import IMPORT, OVER, SOC, flows_along
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

    Never infeasible: a band that cannot be held is held as nearly as can be, and the shortfall is told; where the import
    limit leaves no room for a store, the store waits. Raises InputError where the numbers of homes or slots differ.
    """
    check_pair(homes, outlook)
    check_stores(stores, len(homes), outlook.horizon)
    problem, notes = repair(homes, outlook)
    hours = outlook.slot_seconds / 3600
    fit, more = fit_stores(stores, hours)
    price, known = _peaks(peaks, problem.size, hours)
    taken, given, peak = _decide(problem, fit, price, known, method)
    taken, given, level = roll(fit, taken, given)
    taken, given, level, flows, cost, last = _around(problem, fit, taken, given, peak, price > 0, method)
    highest = np.maximum(known, (flows[IMPORT] + flows[OVER]).max(axis=1, initial=0.0))
    total = cost + price * (highest - known) + _own_cost(fit, given, level, problem.size)
    short = np.maximum(fit.asked - level, 0.0).max(axis=1, initial=0.0)
    notes = (*notes, *more, *last, *_shortfall(fit, short))
    plans = plans_of(flows, cost, notes)
    return StorePlans(plans, taken, given, level, short, highest / hours, total, notes)
