"""What perfect foresight would have paid: every home's battery and car planned once over all slots, as they were."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import Cars, Fleet, Garage, Homes, Outlook, StoreKind, Stores, plan, plan_stores
from sunfair.model import Scenario, Visits

__all__ = ["perfect_bill"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def perfect_bill(
    scenario: Scenario, slots: range, *, worth: float, soc_wh: Ints | None = None, cars: Cars | None = None
) -> Floats:
    """The least the homes can pay over `slots` (places in the series), float64[n], µ, less `worth` (µ/kWh) for what is
    in store at the end.

    soc_wh, cars : where they start; None: batteries at their reserve, cars charged at once until then
    """
    community, series = scenario.community, scenario.series
    fleet = Fleet.of(community.members, community.clock)
    begin = series.first_slot + slots.start
    start = np.minimum(fleet.reserve_wh, fleet.capacity_wh) if soc_wh is None else soc_wh
    garage = Garage.of(scenario.visits, fleet)
    here = garage.start(begin) if cars is None else cars
    watts = fleet.battery_limit_wh * (fleet.per_day / 24)
    eff = fleet.charge_permille / 1_000, fleet.discharge_permille / 1_000
    homes = Homes(fleet.capacity_wh, start, fleet.reserve_wh, watts, watts, *eff, 0.0, np.inf, np.inf)
    window, seconds = slice(slots.start, slots.stop), 86_400 / fleet.per_day
    load, pv = series.load_wh[window].T, series.pv_wh[window].T
    prices = series.retail[window].astype(np.float64), series.feed_in[window].astype(np.float64)
    outlook = Outlook(load, pv, *prices, worth, slot_seconds=seconds)
    driving = np.flatnonzero(fleet.car_limit_wh > 0)
    alone = np.flatnonzero(fleet.car_limit_wh == 0)
    cost = np.zeros(community.size)
    cost[alone] = plan(homes.take(alone), outlook.take(alone)).cost
    for home in driving.tolist():
        one = np.array([home])
        store = _car(scenario.visits, fleet, here, home, range(begin, begin + len(slots)))
        cost[home] = plan_stores(homes.take(one), outlook.take(one), store).cost[0]
    # The planner counts what is above the reserve, a bill all that is in store.
    return np.asarray(cost - worth * fleet.reserve_wh / 1_000)


def _car(visits: Visits, fleet: Fleet, here: Cars, home: int, slots: range) -> Stores:
    """All visits of a home's car as one store: what it has taken, between what was due and what was asked for."""
    low, high, power = (np.zeros((1, len(slots))) for _ in range(3))
    mine = np.flatnonzero((visits.member == home) & (visits.arrive >= slots.start) & (visits.arrive < slots.stop))
    stays = [(slots.start, int(here.depart[home]), int(here.remaining_wh[home]))]
    stays += [(int(visits.arrive[v]), int(visits.depart[v]), int(visits.need_wh[v])) for v in mine.tolist()]
    limit, asked = int(fleet.car_limit_wh[home]), 0
    for arrive, depart, need in stays:
        begin, end = arrive - slots.start, min(depart, slots.stop) - slots.start
        if end <= begin or need <= 0:
            continue
        # What leaves after the end must by then lack no more than the slots after it can give.
        due = max(min(need, limit * (depart - arrive)) - limit * max(depart - slots.stop, 0), 0)
        power[0, begin:end] = limit * (fleet.per_day / 24)
        high[0, begin:] = asked + need
        low[0, end - 1 :] = asked + due
        asked += due
    none, one = np.zeros((1, len(slots))), np.ones(1)
    return Stores(
        home=np.zeros(1, np.int64),
        kind=np.full(1, int(StoreKind.CAR)),
        start_wh=np.zeros(1),
        low_wh=low,
        high_wh=np.maximum(high, low),
        in_w=power,
        out_w=none,
        in_eff=none + 1.0,
        out_eff=one,
        keep=one,
        draw_wh=none,
        wear=0.0 * one,
        terminal=0.0 * one,
    )
