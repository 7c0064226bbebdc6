"""From what is expected to what devices are told: the plan of all steered homes as levels of their stores and prices of
their cars, for the next few slots.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.dispatch_cars import CarOrders, Deadlines
from sunfair.agent.dispatch_levels import Levels
from sunfair.agent.fleet import Fleet
from sunfair.agent.homes import Homes
from sunfair.agent.outlook import Outlook
from sunfair.agent.plan_homes import plan, steady
from sunfair.agent.plan_repair import Note, repair
from sunfair.agent.worth import GRID, Worth, worth_of

__all__ = ["Orders", "Policy", "Prospect", "home_devices", "one_outlook", "plan_orders", "residual_futures"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BUY_TO, STORE_TO, COVER_TO, SELL_FROM = range(4)
"""Places among the prices asked in each slot; more may follow."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How agents plan; each default is what measured best.

    horizon_hours : how far a plan looks
    every_minutes : how often it is renewed
    tie           : µ/kWh by which a price must miss the worth of stored energy before the battery lets the nearer use
                    go: surplus is stored and need covered early
    margin        : µ/kWh that a kWh bought for the store, or sold from it to the utility, must gain
    wear          : µ per kWh discharged
    futures       : how the coming days are seen, see `prospect_of`
    """

    horizon_hours: int = 48
    every_minutes: int = 60
    tie: float = 1_000.0
    margin: float = 1_000.0
    wear: float = 0.0
    futures: Literal["courses", "mean", "median"] = "courses"


@dataclass(frozen=True, slots=True, eq=False)
class Prospect:
    """What n homes expect of the T slots from `first_slot` on.

    load_wh       : float64[n, T], Wh, use without car and battery, as it will be in the mean
    pv_wh         : S futures of float64[n, T], Wh; weight: how likely each is
    retail, feed_in : float64[T], µ/kWh, the tariff
    buy, sell     : float64[T], µ/kWh, what a kWh more costs and brings, the street counted in
    own_retail, own_buy : float64[n, T], as retail and buy, of homes that buy in retailers' markets; None: nobody does
    """

    first_slot: int
    load_wh: Floats
    pv_wh: tuple[Floats, ...]
    weight: tuple[float, ...]
    retail: Floats
    feed_in: Floats
    buy: Floats
    sell: Floats
    own_retail: Floats | None = None
    own_buy: Floats | None = None

    @property
    def pays(self) -> tuple[Floats, Floats, Floats]:
        """Retail, buy and sell of each home, float64[n or 1, T], µ/kWh."""
        if self.own_retail is None or self.own_buy is None:
            return self.retail[None], self.buy[None], self.sell[None]
        return self.own_retail, self.own_buy, np.minimum(self.sell, self.own_buy)

    def since(self, slot: int) -> "Prospect":
        """The same from a later slot on."""
        cut = slice(slot - self.first_slot, None)
        roofs = tuple(roof[:, cut] for roof in self.pv_wh)
        prices = (self.retail[cut], self.feed_in[cut], self.buy[cut], self.sell[cut])
        own = (None if part is None else part[:, cut] for part in (self.own_retail, self.own_buy))
        return Prospect(slot, self.load_wh[:, cut], roofs, self.weight, *prices, *own)

    def take(self, homes: Ints) -> "Prospect":
        """The same for the homes at these places."""
        retail, buy = (None if part is None else part[homes] for part in (self.own_retail, self.own_buy))
        roofs = tuple(roof[homes] for roof in self.pv_wh)
        return replace(self, load_wh=self.load_wh[homes], pv_wh=roofs, own_retail=retail, own_buy=buy)

    @property
    def roof_wh(self) -> Floats:
        """What roofs give in the mean, float64[n, T], Wh."""
        mean: Floats = np.sum([share * roof for share, roof in zip(self.weight, self.pv_wh, strict=True)], axis=0)
        return mean


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """What n homes' devices are told for R slots from `first_slot` on.

    levels     : float64[n, R, K], Wh, the levels of `Worth` at the prices asked: the four of `Levels`, then two for
                 each further price
    values     : float64[n, R, G], µ/kWh, worth of a stored kWh at levels from the reserve to the capacity
    car_worth  : float64[n], µ/kWh; car_wh : float64[n, R], Wh, as in `CarOrders`
    rungs      : float64[R, M], µ/kWh, the further prices
    notes      : what had to be repaired
    """

    first_slot: int
    levels: Floats
    values: Floats
    car_worth: Floats
    car_wh: Floats
    rungs: Floats
    notes: tuple[Note, ...] = ()

    @property
    def end_slot(self) -> int:
        """The slot after the last one there are orders for."""
        return self.first_slot + int(self.levels.shape[1])

    def stores(self, slot: int, fleet: Fleet) -> Levels:
        """The batteries' levels in `slot`."""
        at = np.rint(self.levels[:, slot - self.first_slot, :4]).astype(np.int64)
        # Below the reserve the store recovers as soon as it can: it is there for outages.
        buy_to = np.where(fleet.capacity_wh > 0, np.maximum(at[:, BUY_TO], fleet.reserve_wh), 0)
        return Levels(buy_to, np.maximum(at[:, STORE_TO], buy_to), at[:, COVER_TO], at[:, SELL_FROM])

    def cars(self, slot: int) -> CarOrders:
        """The cars' prices in `slot`."""
        planned = np.rint(self.car_wh[:, slot - self.first_slot]).astype(np.int64)
        return CarOrders(np.rint(self.car_worth).astype(np.int64), planned)

    def rung(self, slot: int, rung: int, homes: Ints, size: int) -> tuple[Ints, Ints]:
        """The two levels at a further price, for the homes at these places of `size`; zeros for the others."""
        pair = self.levels[:, slot - self.first_slot, 4 + 2 * rung : 6 + 2 * rung]
        store_to, draw_from = (np.zeros(size, np.int64) for _ in range(2))
        store_to[homes], draw_from[homes] = np.rint(pair.T).astype(np.int64)
        return store_to, draw_from

    def worth(self, slot: int, fleet: Fleet, soc_wh: Ints) -> Ints:
        """What a kWh more in store is worth at the end of `slot`, int64[n], µ/kWh."""
        reserve, capacity = (part.astype(np.float64) for part in (fleet.reserve_wh, fleet.capacity_wh))
        value = Worth(self.levels, self.values, reserve, capacity).at(slot - self.first_slot, soc_wh.astype(np.float64))
        return np.rint(value).astype(np.int64)

    def renewed(self, homes: Ints, other: "Orders") -> "Orders":
        """These, with the orders of `homes` replaced by `other`, of those homes, from the slot on where it begins."""
        cut = slice(other.first_slot - self.first_slot, None)
        levels, values, car_wh = self.levels.copy(), self.values.copy(), self.car_wh.copy()
        car_worth = self.car_worth.copy()
        levels[homes, cut], values[homes, cut], car_wh[homes, cut] = other.levels, other.values, other.car_wh
        car_worth[homes] = other.car_worth
        return replace(self, levels=levels, values=values, car_worth=car_worth, car_wh=car_wh)


def plan_orders(
    fleet: Fleet, prospect: Prospect, soc_wh: Ints, due: Deadlines, *, slots: int, further: Floats, policy: Policy
) -> Orders:
    """Plan all homes of `fleet` and say what their devices are told in the first `slots` slots.

    soc_wh  : int64[n], Wh, at the start of the first slot; due: the cars that are plugged in
    further : float64[slots, M], µ/kWh, more prices a kWh at the meter may have; for each two levels follow the first
              four: up to where it pays to store at that price, and above which it pays to draw
    """
    own = home_devices(fleet, soc_wh, policy.wear)
    taken, car_worth = _cars(fleet, prospect, own, due)
    asked = _asked(fleet, prospect, slots, further, policy)
    levels, values = np.zeros(asked.shape), np.zeros((fleet.size, slots, GRID))
    stores = np.flatnonzero(fleet.capacity_wh > fleet.reserve_wh)
    if not len(stores):
        return Orders(prospect.first_slot, levels, values, car_worth, taken[:, :slots], further)
    alone, sight = fleet.take(stores), prospect.take(stores)
    futures = [one_outlook(alone, sight, taken[stores], roof) for roof in sight.pv_wh]
    worth = worth_of(own.take(stores), futures, prospect.weight, asked[stores])
    levels[stores], values[stores] = worth.levels, worth.values
    return Orders(prospect.first_slot, levels, values, car_worth, taken[:, :slots], further, worth.notes)


def residual_futures(
    fleet: Fleet, prospect: Prospect, soc_wh: Ints, due: Deadlines, *, policy: Policy
) -> tuple[Floats, ...]:
    """What homes will take from the grid by the cheapest plan through each of the futures, float64[n, T] each, Wh."""
    own = home_devices(fleet, soc_wh, policy.wear)
    taken, _ = _cars(fleet, prospect, own, due)
    return tuple(plan(own, one_outlook(fleet, prospect, taken, roof)).import_wh for roof in prospect.pv_wh)


def _cars(fleet: Fleet, prospect: Prospect, own: Homes, due: Deadlines) -> tuple[Floats, Floats]:
    """What `_charge` gives, and nothing for cars that are not plugged in."""
    taken, worth = np.zeros((fleet.size, len(prospect.retail))), np.zeros(fleet.size)
    plugged = np.flatnonzero((due.remaining_wh > 0) & (due.depart > prospect.first_slot) & (fleet.car_limit_wh > 0))
    if len(plugged):
        part = fleet.take(plugged), prospect.take(plugged), own.take(plugged), due.take(plugged)
        taken[plugged], worth[plugged] = _charge(*part)
    return taken, worth


def home_devices(fleet: Fleet, soc_wh: Ints, wear: float) -> Homes:
    """The batteries of `fleet` as a plan takes them; wear: µ per kWh discharged."""
    watts = fleet.battery_limit_wh * (fleet.per_day / 24)
    return Homes(
        capacity_wh=fleet.capacity_wh,
        soc_wh=soc_wh,
        reserve_wh=fleet.reserve_wh,
        charge_w=watts,
        discharge_w=watts,
        charge_eff=fleet.charge_permille / 1_000,
        discharge_eff=fleet.discharge_permille / 1_000,
        wear=wear,
        import_w=np.inf,
        export_w=np.inf,
    )


def one_outlook(fleet: Fleet, prospect: Prospect, taken: Floats, roof: Floats) -> Outlook:
    """One future. What is left at the end is worth what it will save on average."""
    _, buy, sell = prospect.pays
    terminal = buy.mean(axis=1) * fleet.discharge_permille / 1_000
    load, seconds = prospect.load_wh + taken, 86_400 / fleet.per_day
    if prospect.own_buy is None:
        buy, sell = buy[0], sell[0]
    return Outlook(load, roof, buy, sell, terminal, slot_seconds=seconds)


def _asked(fleet: Fleet, prospect: Prospect, slots: int, further: Floats, policy: Policy) -> Floats:
    """At which worth of a stored kWh each level is wanted, float64[n, slots, K], µ/kWh.

    What is bought for the store or sold from it without anybody having ordered it counts at the tariff; what surplus
    would bring and need would cost, at what the street is expected to pay.
    """
    into, out = fleet.charge_permille[:, None] / 1_000, fleet.discharge_permille[:, None] / 1_000
    feed_in = prospect.feed_in[None, :slots]
    retail, buy, sell = (part[:, :slots] for part in prospect.pays)
    tie, margin, wear = policy.tie, policy.margin, policy.wear
    first = [(retail + margin) / into, (sell - tie) / into, (buy - wear + tie) * out, (feed_in - wear - margin) * out]
    more = [
        part for price in further.T[:, None, :] for part in ((price + margin) / into, (price - wear - margin) * out)
    ]
    return np.stack([np.broadcast_to(part, (fleet.size, slots)) for part in (*first, *more)], axis=2)


def _charge(fleet: Fleet, prospect: Prospect, own: Homes, due: Deadlines) -> tuple[Floats, Floats]:
    """When plugged-in cars charge, float64[n, T], Wh, and the price of the last kWh each takes, float64[n], µ/kWh."""
    from sunfair.agent.car_kernel import charge_cars  # noqa: PLC0415  numba takes seconds to come

    size, horizon = prospect.load_wh.shape
    problem, _ = repair(own, one_outlook(fleet, prospect, np.zeros((size, horizon)), prospect.roof_wh))
    leave = np.where(due.early_wh > 0, due.ready, due.depart) - prospect.first_slot
    wanted, limit = np.where(due.early_wh > 0, due.early_wh, due.remaining_wh), fleet.car_limit_wh
    # What can still be taken after the last slot in sight is not in a hurry.
    need = np.clip(wanted - limit * np.maximum(leave - horizon, 0), 0, limit * np.clip(leave, 0, horizon))
    most = np.where(np.arange(horizon) < leave[:, None], limit[:, None], 0).astype(np.float64)
    load, pv, buy, sell = (steady(np.atleast_2d(part)) for part in problem.series())
    taken, worth, tried = np.zeros((size, horizon)), np.zeros(size), np.zeros(size, np.int64)
    devices, wants = steady(problem.devices()), steady(need.astype(np.float64))
    charge_cars(0, size, devices, load, pv, buy, sell, steady(most), wants, taken, worth, tried)
    return taken, worth
