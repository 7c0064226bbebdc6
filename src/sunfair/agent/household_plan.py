"""When appliances start and heat pumps heat: planned around the battery, at the prices a home expects."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.fleet import Fleet
from sunfair.agent.heating import BY_THERMOSTAT
from sunfair.agent.household import Household
from sunfair.agent.machines import Machines, Start
from sunfair.agent.plan_appliances import Appliances, plan_appliances
from sunfair.agent.plan_stores import plan_stores
from sunfair.agent.smart_orders import Policy, Prospect, home_devices, one_outlook
from sunfair.agent.vacation import away_at, quiet_use

__all__ = ["plan_household"]

Ints = NDArray[np.int64]


def plan_household(
    household: Household,
    prospect: Prospect,
    load_history: Ints,
    *,
    fleet: Fleet,
    soc_wh: Ints,
    crew: Ints,
    steered: NDArray[np.bool_],
    policy: Policy,
) -> tuple[Household, Prospect]:
    """The household with its plan renewed, and the prospect with what it will take counted as use.

    prospect, load_history (int64[H, c], Wh), fleet, soc_wh : of the homes at the places `crew`; steered : bool[n]

    While an owner is on vacation the home is expected to use the low quantile of what it used.
    """
    prospect = _while_away(household, prospect, load_history, crew)
    mine = np.flatnonzero(np.isin(crew, household.homes))
    if not len(mine):
        return household, prospect
    part = fleet.take(mine), prospect.take(mine), soc_wh[mine]
    household = _start_machines(household, *part, crew[mine], policy)
    household = _heat(household, *part, crew[mine], policy)
    use = household.expected(prospect.first_slot, prospect.load_wh.shape[1], steered)
    return household, replace(prospect, load_wh=prospect.load_wh + use[crew])


def _while_away(household: Household, prospect: Prospect, load_history: Ints, crew: Ints) -> Prospect:
    owners = [household.owners[home] for home in crew.tolist()]
    away = away_at(owners, prospect.first_slot, prospect.load_wh.shape[1])
    if not away.any():
        return prospect
    return replace(prospect, load_wh=np.where(away, quiet_use(load_history)[:, None], prospect.load_wh))


def _start_machines(
    household: Household, fleet: Fleet, prospect: Prospect, soc_wh: Ints, homes: Ints, policy: Policy
) -> Household:
    """With the starts of all runs whose window lies in sight, each where it is cheapest."""
    machines, slot, horizon = household.machines, prospect.first_slot, prospect.load_wh.shape[1]
    free = replace(machines, planned={})
    runs = [
        run
        for machine in np.flatnonzero(np.isin(machines.home, homes)).tolist()
        for run in free.starts(machine, slot, slot + horizon, steered=False)
        if run.last + len(machines.appliances[machine].profile_wh) <= slot + horizon
    ]
    if not runs:
        return replace(household, machines=free)
    running = machines.running(slot, horizon, household.size)[homes]
    prospect = replace(prospect, load_wh=prospect.load_wh + running)
    outlook = one_outlook(fleet, prospect, np.zeros_like(running), prospect.roof_wh)
    asked = _asked(machines, runs, slot, homes)
    found = plan_appliances(home_devices(fleet, soc_wh, policy.wear), outlook, asked).start
    planned = {(run.machine, run.day): slot + at for run, at in zip(runs, found.tolist(), strict=True) if at >= 0}
    return replace(household, machines=replace(machines, planned=planned))


def _asked(machines: Machines, runs: list[Start], slot: int, homes: Ints) -> Appliances:
    """These runs as a plan of `homes` (places, ascending) from `slot` on takes them."""
    profiles = [machines.appliances[run.machine].profile_wh for run in runs]
    longest = max(map(len, profiles))
    return Appliances(
        np.searchsorted(homes, machines.home[[run.machine for run in runs]]),
        [[*profile, *(0,) * (longest - len(profile))] for profile in profiles],
        [run.first - slot for run in runs],
        [run.last - slot for run in runs],
    )


def _heat(
    household: Household, fleet: Fleet, prospect: Prospect, soc_wh: Ints, homes: Ints, policy: Policy
) -> Household:
    """With what the heat pumps are to take, planned around the battery and the appliances."""
    heating, slot, horizon = household.heating, prospect.first_slot, prospect.load_wh.shape[1]
    places = np.flatnonzero(np.isin(heating.home, homes))
    if not len(places):
        return household
    mine = np.searchsorted(homes, heating.home[places])
    use = household.machines.expected(slot, horizon, _all(household), household.size)[heating.home[places]]
    part = prospect.take(mine)
    part = replace(part, load_wh=part.load_wh + use)
    buy = np.broadcast_to(part.pays[1], part.load_wh.shape)
    stores = heating.stores(household.warmth, slot, places, np.arange(len(places)), buy)
    devices = home_devices(fleet.take(mine), soc_wh[mine], policy.wear)
    outlook = one_outlook(fleet.take(mine), part, np.zeros_like(use), part.roof_wh)
    taken = plan_stores(devices, outlook, stores).taken_wh
    wanted = np.full((len(heating.home), horizon), BY_THERMOSTAT)
    wanted[places] = np.rint(taken).astype(np.int64)
    return replace(household, wanted_wh=wanted, wanted_from=slot)


def _all(household: Household) -> NDArray[np.bool_]:
    return np.ones(household.size, np.bool_)
