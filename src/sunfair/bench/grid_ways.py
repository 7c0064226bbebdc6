"""Ways to keep a street's roofs within the wires: each says what every meter shows and what was thrown away."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.bench.grid_days import Street, largest
from sunfair.bench.grid_plan import DayPlan
from sunfair.grid import power_flow, violations
from sunfair.market import HEAD, Feeder, Offers, clear_network

__all__ = ["Done", "by_market", "by_rule", "pro_rata", "static_limit"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_HEAD_WH = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A day one way, int64[T, n], Wh: what meters show, what of the roofs was thrown away, what a store lacked of its
    plan; seconds of each slot that was cleared; µ of price differences.
    """

    net_wh: Ints
    curtailed_wh: Ints
    short_wh: Ints
    seconds: tuple[float, ...] = ()
    rent: int = 0
    notices: tuple[str, ...] = ()

    @staticmethod
    def capped(net_wh: Ints, limit_wh: float) -> "Done":
        """Meters that may give at most `limit_wh`; the roofs are turned down to that."""
        curtailed = np.maximum(-net_wh - int(limit_wh), 0)
        return Done(net_wh + curtailed, curtailed, np.zeros_like(net_wh))


def static_limit(street: Street, slots: Ints) -> float:
    """The most Wh per slot that every meter may give, the same for all, so that these slots hold.

    slots : int64[s], those outside the limits if nobody looks; without any nothing has to be held back
    """
    if not len(slots):
        return float((street.pv_wh - street.load_wh).max(initial=0))
    net = (street.load_wh - street.pv_wh)[slots]
    p_w, q_var = street.powers(slots, net)
    watt = 3600 / street.seconds
    share = p_w.sum(axis=2, keepdims=True)
    spread = np.divide(p_w, share, out=np.zeros_like(p_w), where=share != 0)

    def holds(limit: Floats) -> NDArray[np.bool_]:
        capped = np.maximum(net, -limit[0])[:, :, None] * watt * spread
        return np.array([not violations(power_flow(street.network, capped, q_var)).any()])

    return float(largest(holds, np.zeros(1), np.array([float((-net).max(initial=0))]))[0])


def pro_rata(street: Street, day: range, outside: Ints) -> Done:
    """Where wires bind every roof gives the same part of what it could."""
    load, pv = (part[day.start : day.stop] for part in (street.load_wh, street.pv_wh))
    slots = np.asarray(day)[outside]

    def holds(part: Floats) -> NDArray[np.bool_]:
        net = np.rint(load[outside] - part[:, None] * pv[outside]).astype(np.int64)
        return ~street.see(slots, net).outside

    curtailed = np.zeros_like(pv)
    if len(outside):
        part = largest(holds, np.zeros(len(outside)), np.ones(len(outside)))
        curtailed[outside] = pv[outside] - np.floor(part[:, None] * pv[outside]).astype(np.int64)
    return Done(load - pv + curtailed, curtailed, np.zeros_like(pv))


def by_market(street: Street, day: range, outside: Ints, plan: DayPlan) -> Done:
    """Each slot in which wires may bind is a book: roofs offer at 0, stores what they planned, the utility at the head.

    Household use is in the base: nobody offers to do without light.
    """
    load, pv = (part[day.start : day.stop] for part in (street.load_wh, street.pv_wh))
    curtailed, short = np.zeros_like(pv), np.zeros_like(pv)
    seconds, rent, notices = [], 0, []
    for at in outside.tolist():
        begun = time.perf_counter()
        offers, places = _book(street, day[at], pv[at], plan, at)
        p_w, q_var = street.powers(np.array([day[at]]), load[at : at + 1])
        feeder = Feeder(street.network, street.phases, street.seconds, p_w[0], q_var[0])
        cleared = clear_network(offers, feeder)
        seconds.append(time.perf_counter() - begun)
        left = np.abs(offers.energy_wh - cleared.filled_wh)
        for kind, out in ((0, curtailed), (1, short), (2, short)):
            mine = places[:, 0] == kind
            np.add.at(out[at], places[mine, 1], left[mine])
        rent += cleared.rent // 1000
        notices += [cleared.notice] * bool(cleared.notice)
    missed = np.where(plan.taken_wh > 0, -short, short)
    net = load - pv + curtailed + plan.taken_wh - plan.given_wh + missed
    return Done(net, curtailed, short, tuple(seconds), rent, tuple(notices))


def _book(street: Street, place: int, pv: Ints, plan: DayPlan, at: int) -> tuple[Offers, Ints]:
    """The book of a slot, and of each step its kind (0 roof, 1 charging, 2 drawing, 3 head) and member."""
    accounts = np.array(street.network.accounts)
    series = street.scenario.series
    retail, feed_in = int(series.retail[place]), int(series.feed_in[place])
    steps = [(HEAD, _HEAD_WH, feed_in, 3, 0), (HEAD, -_HEAD_WH, retail, 3, 0)]
    for kind, energy, limit in ((0, -pv, 0), (1, plan.taken_wh[at], retail), (2, -plan.given_wh[at], 0)):
        steps += [(int(accounts[m]), int(energy[m]), limit, kind, m) for m in np.flatnonzero(energy).tolist()]
    table = np.array(steps, np.int64)
    return Offers(table[:, 0].astype(np.int32), table[:, 1], table[:, 2]), table[:, 3:]


def by_rule(street: Street, day: range, limit_wh: float) -> Done:
    """The static limit with the same batteries and cars under simple rules: a battery takes what is over and gives what
    is short, a car charges when it comes. The day is lived twice, so that it begins as it ends.
    """
    load, pv = (part[day.start : day.stop] for part in (street.load_wh, street.pv_wh))
    cars = _charged_at_once(street, day)
    level = np.zeros(load.shape[1])
    used = np.zeros_like(load)
    members = street.scenario.community.members
    hours = street.seconds / 3600
    stores = [home.battery for home in members]
    most = np.array([store.power_w * hours if store else 0.0 for store in stores])
    room = np.array([store.capacity_wh - store.reserve_wh if store else 0.0 for store in stores])
    into = np.array([store.charge_eff_permille / 1000 if store else 1.0 for store in stores])
    out = np.array([store.discharge_eff_permille / 1000 if store else 1.0 for store in stores])
    for _ in range(2):
        for at in range(len(load)):
            net = load[at] + cars[at] - pv[at]
            charge = np.minimum(np.minimum(np.maximum(-net, 0), most), (room - level) / into)
            draw = np.minimum(np.minimum(np.maximum(net, 0), most), level * out)
            level = level + charge * into - draw / out
            used[at] = np.rint(charge - draw)
    return Done.capped(load - pv + cars + used, limit_wh)


def _charged_at_once(street: Street, day: range) -> Ints:
    """Cars that arrive on this day charge with all their power until they have what they need."""
    visits, start = street.scenario.visits, street.scenario.series.first_slot
    charged = np.zeros((len(day), street.network.members), np.int64)
    here = np.flatnonzero((visits.arrive >= start + day.start) & (visits.arrive < start + day.stop))
    for visit in here.tolist():
        member, left = int(visits.member[visit]), int(visits.need_wh[visit])
        car = street.scenario.community.members[member].car
        most = 0 if car is None else car.power_w * street.seconds // 3600
        first = int(visits.arrive[visit])
        for slot in range(first, int(min(visits.depart[visit], first + len(day)))):
            taken = min(most, left)
            charged[(slot - start - day.start) % len(day), member] += taken
            left -= taken
    return charged
