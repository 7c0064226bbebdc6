"""The agents of a street that plan: what they remember, and their steps of a slot.

`look_ahead` plans once an hour; `offer` says what each home would trade in a slot, `traded` notes what came of it;
`dispatch` says after the readings what batteries and cars did, `learn` holds the settled money against the rule's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.asks import asks_of, charger_room
from sunfair.agent.dispatch import Dispatch
from sunfair.agent.dispatch_cars import CarOrders, car_response
from sunfair.agent.dispatch_levels import Bounds, Levels, store_response
from sunfair.agent.dispatch_smart import dispatch_told
from sunfair.agent.explain import explain
from sunfair.agent.explain_smart import Known, explain_planned, explain_returned
from sunfair.agent.fleet import Fleet
from sunfair.agent.forecast import Forecast
from sunfair.agent.household import Household
from sunfair.agent.household_plan import plan_household
from sunfair.agent.offer_owner import ordered_levels, owned_curves
from sunfair.agent.offer_smart import Ladder, SlotSight, offers_smart, rungs_of
from sunfair.agent.rule import RuleAgents
from sunfair.agent.smart_cars import Promises
from sunfair.agent.smart_course import Course, course_of
from sunfair.agent.smart_orders import Orders, Policy, Prospect, plan_orders, residual_futures
from sunfair.agent.smart_prices import MeanPrices, Published, StreetPrices
from sunfair.agent.smart_prospect import prospect_of
from sunfair.agent.smart_shadow import Beside, Shadow
from sunfair.agent.vacation import forecast_away
from sunfair.grid import Asks
from sunfair.model import Curves, Fees, Member, Owner, Strategy, Visits
from sunfair.slots import SlotClock
from sunfair.units import TICK

__all__ = ["SmartAgents"]

Ints = NDArray[np.int64]

AHEAD = 4
"""Slots after the hour for which orders are kept, so that offers for the slots to come find theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class SmartAgents:
    """The agents of n homes at the start of a slot.

    members  : the homes; clock: the site's
    crew     : int64[c], the places of those with something to steer and the strategy `smart`
    state    : batteries and cars as they are, and the rule for all that is not steered
    promises : what the owners of the cars were promised
    household : heat pumps and appliances
    shadow   : the same homes never steered
    street   : what the neighbours' prices were
    orders   : what the crew's devices are told; None before the first look ahead
    prospect : what that rests on
    policy   : how they plan
    traded_wh : what was traded ahead for slots that are not over, int64[n] by slot
    """

    members: tuple[Member, ...]
    clock: SlotClock
    crew: Ints
    state: RuleAgents
    promises: Promises
    household: Household
    shadow: Shadow
    street: StreetPrices
    orders: Orders | None = None
    prospect: Prospect | None = None
    traded_wh: tuple[tuple[int, Ints], ...] = ()
    policy: Policy = field(default_factory=Policy)

    @staticmethod
    def start(
        members: Sequence[Member],
        clock: SlotClock,
        visits: Visits,
        slot: int,
        soc_wh: Ints | None = None,
        *,
        policy: Policy | None = None,
        household: Household | None = None,
    ) -> "SmartAgents":
        """The agents as `slot` begins; without `soc_wh` every battery stands at its reserve, without `household` no
        appliance runs and warmth stands in the middle of its band.
        """
        state = RuleAgents.start(members, clock, visits, slot, soc_wh)
        fleet = state.fleet
        household = household or Household.start(members, clock, slot)
        steerable = (fleet.capacity_wh > fleet.reserve_wh) | (fleet.car_limit_wh > 0)
        steerable[household.homes] = True
        smart = np.array([member.strategy is Strategy.SMART for member in members], np.bool_)
        crew = np.flatnonzero(steerable & smart)
        street, promises = StreetPrices.none(clock.per_day), Promises.none(len(members))
        shadow, policy = Shadow.of(state, household), policy or Policy()
        return SmartAgents(tuple(members), clock, crew, state, promises, household, shadow, street, policy=policy)

    @property
    def slot(self) -> int:
        """The next slot to be dispatched."""
        return self.state.slot

    @property
    def fleet(self) -> Fleet:
        """The devices of all homes."""
        return self.state.fleet

    @property
    def owners(self) -> list[Owner]:
        """What the homes' owners want."""
        return [member.rules for member in self.members]

    def look_ahead(
        self,
        *,
        load_history: NDArray[np.int64],
        pv_history: NDArray[np.int64],
        published: Published,
        fees: Fees,
        own_retail: NDArray[np.float64] | None = None,
        room: NDArray[np.float64] | None = None,
    ) -> "SmartAgents":
        """The agents with orders for the slots to come; they are renewed once an hour, and after a jump of the clock.

        load_history, pv_history : int64[H, n], Wh, their last row is slot ``self.slot − 1``; negative: no reading
        published                : the tariff from ``self.slot`` on as far as it is known, and a day before it
        own_retail               : float64[n, T], µ/kWh, what homes that buy in retailers' markets pay instead, as they
                                   know it; NaN for the others; None: nobody does
        room                     : as for `prospect_of`
        """
        if not len(self.crew) or (self.orders is not None and self._fresh(self.orders)):
            return self
        prospect = prospect_of(
            self.slot,
            load_history[:, self.crew],
            pv_history[:, self.crew],
            published=published,
            street=self.street,
            per_day=self.fleet.per_day,
            policy=self.policy,
            own_retail=None if own_retail is None else own_retail[self.crew],
            room=room,
        )
        household, prospect = plan_household(
            self.household,
            prospect,
            load_history[:, self.crew],
            fleet=self.fleet.take(self.crew),
            soc_wh=self.state.soc_wh[self.crew],
            crew=self.crew,
            steered=self.steered,
            policy=self.policy,
        )
        due = self.promises.due(self.state.cars, self.slot).take(self.crew)
        slots = self._every + AHEAD
        orders = plan_orders(
            self.fleet.take(self.crew),
            prospect,
            self.state.soc_wh[self.crew],
            due,
            slots=slots,
            further=rungs_of(prospect.retail, prospect.feed_in, slots, fees),
            policy=self.policy,
        )
        return replace(self, prospect=prospect, household=household, orders=orders)

    def _fresh(self, orders: Orders) -> bool:
        return orders.first_slot <= self.slot < orders.first_slot + self._every

    @property
    def _every(self) -> int:
        """Slots between two plans."""
        return max(self.policy.every_minutes // self.clock.minutes, 1)

    def offer(
        self,
        slot: int,
        *,
        load_history: NDArray[np.int64],
        pv_history: NDArray[np.int64],
        retail: int,
        feed_in: int,
        fees: Fees,
        tick: int = TICK,
        bounds: Bounds | None = None,
    ) -> Curves:
        """What the homes offer for `slot`; as `RuleAgents.offer`, after `look_ahead`, and inside the `bounds`."""
        sight = SlotSight(*self._sight(slot, load_history, pv_history), retail, feed_in, fees, tick, bounds)
        ladder = Ladder.of(retail, feed_in, fees, tick)
        curves = offers_smart(
            self.fleet, sight, self._levels(slot), ladder, lambda rung: self._rung(slot, rung), self.steered
        )
        return owned_curves(curves, self.owners, fees, tick)

    def asks(self, slot: int, *, load_history: NDArray[np.int64], pv_history: NDArray[np.int64]) -> Asks:
        """What the homes ask of the wires for `slot`, before they offer for it; arguments as for `offer`."""
        known = self._sight(slot, load_history, pv_history)
        return asks_of(self.members, self.fleet, self._levels(slot), *known)

    def _sight(
        self, slot: int, load_history: NDArray[np.int64], pv_history: NDArray[np.int64]
    ) -> tuple[Forecast, Forecast, Ints, Ints]:
        """Use and roofs of `slot`, the store at its start, and what cars, heat pumps and appliances will take."""
        lead, soc = slot - self.slot + 1, self.state.soc_wh
        for ahead in range(1, lead):
            running = self.slot + ahead - 1
            load, pv = self.state.forecast(load_history, pv_history, ahead)
            load = forecast_away(load, load_history, self.owners, running)
            net = load.energy_wh + self._further_plan(running) - pv.energy_wh - self._position(running)
            response = store_response(self.fleet, self._levels(running), net, soc)
            soc = soc + response.stored - response.drawn
        load, pv = self.state.forecast(load_history, pv_history, lead)
        load = forecast_away(load, load_history, self.owners, slot)
        return load, pv, soc, self._further_plan(slot)

    def traded(self, slot: int, ahead_wh: Ints) -> "SmartAgents":
        """With what the homes traded ahead for `slot`, int64[n], Wh, + bought, − sold."""
        return replace(self, traded_wh=(*(each for each in self.traded_wh if each[0] != slot), (slot, ahead_wh)))

    def dispatch(
        self,
        *,
        load_wh: Ints,
        pv_wh: Ints,
        retail: int,
        feed_in: int,
        heat_wh: Ints | None = None,
        bounds: Bounds | None = None,
    ) -> tuple[Dispatch, Ints, "SmartAgents"]:
        """What happens in ``self.slot``, as `RuleAgents.dispatch`; and the agents at the start of the next slot.

        load_wh : use without heat pumps and appliances; heat_wh : int64[n], Wh of warmth asked of heat pumps, negative:
                  no reading. What they and the appliances took is `household.used_wh` of the agents returned.
        """
        agents, cap = self._received(), None if bounds is None else bounds.export_wh
        shadow = self.shadow.live(load_wh=load_wh, pv_wh=pv_wh, heat_wh=heat_wh, retail=retail, export_cap_wh=cap)
        household = self.household.live(self.slot, heat_wh, agents.steered)
        load_wh = load_wh + household.used_wh
        slot, steered = self.slot, agents.steered
        levels, ahead = agents._levels(slot), np.where(steered, agents._position(slot), 0)
        buy, sell = agents._prices(slot, retail, feed_in)
        ev_wh = np.minimum(agents._charge(load_wh - pv_wh - ahead, buy, sell), charger_room(bounds, load_wh - pv_wh))
        done, _ = dispatch_told(
            self.fleet,
            levels,
            load_wh=load_wh,
            pv_wh=pv_wh,
            soc_wh=self.state.soc_wh,
            ev_wh=ev_wh,
            ahead_wh=ahead,
            retail=retail,
            costly=steered & (sell < 0),
            bounds=bounds,
        )
        done = replace(done, marginal_value=agents._worth(slot, done))
        cars = agents.state.garage.charge(agents.state.cars, ev_wh)
        state = replace(agents.state, slot=slot + 1, soc_wh=done.soc_wh, cars=cars)
        left = tuple(each for each in self.traded_wh if each[0] > slot)
        return done, ev_wh, replace(agents, state=state, household=household, shadow=shadow, traded_wh=left)

    def learn(self, prices: MeanPrices, paid: Ints, beside: Beside | None = None) -> "SmartAgents":
        """With what the last slot came to: what a kWh cost and brought in the street, and what each home received (+)
        or paid (−), int64[n], µ; beside it what came of it in retailers' markets, None: nobody buys there.
        """
        street = self.street.learn(self.slot - 1, prices)
        shadow = self.shadow.settle(paid, self.state, self.household, self.owners, prices, beside)
        return replace(self, street=street, shadow=shadow)

    def planned_imports(self) -> tuple[int, tuple[NDArray[np.float64], ...], tuple[float, ...]] | None:
        """From which slot on, futures of what the crew will take from the grid (float64[c, T], Wh), and their chances.

        None without a plan.
        """
        if self.prospect is None or not self._covers(self.slot):
            return None
        due = self.promises.due(self.state.cars, self.slot).take(self.crew)
        seen, soc = self.prospect.since(self.slot), self.state.soc_wh[self.crew]
        futures = residual_futures(self.fleet.take(self.crew), seen, soc, due, policy=self.policy)
        return self.slot, futures, self.prospect.weight

    def course(self) -> Course | None:
        """What the plan of the hour expects of the crew, from its first slot on; None without a plan."""
        if self.orders is None or self.prospect is None:
            return None
        fleet = self.fleet.take(self.crew)
        return course_of(fleet, self.orders, self.prospect, self.state.soc_wh[self.crew])

    def known(self, done: Dispatch, ev_wh: Ints, after: "SmartAgents", *, retail: int, feed_in: int) -> Known:
        """What stood beside the decisions of ``self.slot``: `done` and `ev_wh` came of `dispatch`, and `after`."""
        buy, sell = self._prices(self.slot, retail, feed_in)
        ahead = np.where(self.steered, self._position(self.slot), 0)
        net = done.metered_wh - done.battery_wh - done.curtail_wh - ahead
        drawn, worth = buy * self.fleet.discharge_permille // 1_000, np.zeros_like(buy)
        if after.orders is not None:
            worth[self.crew] = np.rint(after.orders.car_worth).astype(np.int64)
        garage, cars = self.state.garage, after.state.cars
        due = after.promises.due(garage.charge(cars, -ev_wh), self.slot)
        short = due.short(self.slot, self.fleet.car_limit_wh)
        return Known(net, ahead, buy, sell, drawn, ev_wh, cars.remaining_wh, short, worth)

    def explain(self, done: Dispatch, known: Known, *, retail: int, feed_in: int) -> list[str]:
        """Why, a sentence per home."""
        planned = np.flatnonzero(self.steered if self._covers(self.slot) else np.zeros_like(self.steered))
        sentences = explain_planned(explain(done, retail=retail, feed_in=feed_in), done, known, planned)
        return explain_returned(sentences, self.shadow.back_at, self.shadow.lost)

    def _received(self) -> "SmartAgents":
        """With the cars that come in this slot, their promises noted and their homes planned anew."""
        slot, before = self.slot, self.state.cars
        cars = self.state.garage.arrive(before, slot)
        came = np.flatnonzero((cars.depart > slot) & (cars.depart != np.where(before.depart > slot, before.depart, 0)))
        promises = self.promises.arrived(came, cars, slot, self.owners, self.clock)
        agents = replace(self, state=replace(self.state, cars=cars), promises=promises)
        mine = np.flatnonzero(np.isin(self.crew, came))
        if not len(mine) or self.orders is None or self.prospect is None or not self._covers(slot):
            return agents
        homes, since = self.crew[mine], self.prospect.since(slot).take(mine)
        slots = self.orders.end_slot - slot
        renewed = plan_orders(
            self.fleet.take(homes),
            since,
            self.state.soc_wh[homes],
            promises.due(cars, slot).take(homes),
            slots=slots,
            further=self.orders.rungs[-slots:],
            policy=self.policy,
        )
        return replace(agents, orders=self.orders.renewed(mine, renewed))

    def _covers(self, slot: int) -> bool:
        return self.orders is not None and self.orders.first_slot <= slot < self.orders.end_slot

    @property
    def steered(self) -> NDArray[np.bool_]:
        """Who is steered by a plan, bool[n]."""
        return np.isin(np.arange(len(self.members)), self.crew) & self.shadow.steered

    def _levels(self, slot: int) -> Levels:
        """What all batteries are told in `slot`."""
        rule = Levels.rule(self.fleet)
        if self.orders is None or not self._covers(slot):
            return ordered_levels(rule, self.fleet, self.owners, slot)
        told = self.orders.stores(slot, self.fleet.take(self.crew)).spread(self.crew, rule)
        return ordered_levels(told.where(self.steered, rule), self.fleet, self.owners, slot)

    def _rung(self, slot: int, rung: int) -> tuple[Ints, Ints]:
        """Up to which level batteries would store, and above which draw, at a price of the ladder."""
        if self.orders is None or not self._covers(slot):
            rule = Levels.rule(self.fleet)
            return rule.buy_to, rule.sell_from
        return self.orders.rung(slot, rung, self.crew, len(self.members))

    def _further_plan(self, slot: int) -> Ints:
        """What cars that are plugged in, heat pumps and appliances are expected to take in `slot`, int64[n], Wh."""
        expected = self.state.garage.expected(self.state.cars, slot, slot - self.slot)
        further = self.household.expected(self.slot, slot - self.slot + 1, self.steered)[:, -1]
        if self.orders is None or not self._covers(slot):
            return expected + further
        planned = self.orders.cars(slot).spread(self.crew, len(expected)).planned_wh
        return further + np.where(self.steered, np.minimum(planned, self.state.cars.remaining_wh), expected)

    def _charge(self, net_wh: Ints, buy: Ints, sell: Ints) -> Ints:
        """What the cars take in this slot, int64[n], Wh."""
        size, slot = len(self.members), self.slot
        orders = CarOrders.at_once(size)
        if self.orders is not None and self._covers(slot):
            orders = self.orders.cars(slot).spread(self.crew, size).where(self.steered)
        due = self.promises.due(self.state.cars, slot)
        return car_response(orders, due, slot, limit_wh=self.fleet.car_limit_wh, net_wh=net_wh, buy=buy, sell=sell)

    def _position(self, slot: int) -> Ints:
        """What was traded ahead for `slot`, int64[n], Wh."""
        return next((each[1] for each in self.traded_wh if each[0] == slot), np.zeros(len(self.members), np.int64))

    def _prices(self, slot: int, retail: int, feed_in: int) -> tuple[Ints, Ints]:
        """What a kWh more is expected to cost and to bring in `slot`, int64[n], µ/kWh."""
        size = len(self.members)
        if self.prospect is None or not self._covers(slot):
            return np.full(size, retail), np.full(size, feed_in)
        at = slot - self.prospect.first_slot
        buy, sell = (np.full(size, round(part[at])) for part in (self.prospect.buy, self.prospect.sell))
        if self.prospect.own_buy is not None:
            _, own_buy, own_sell = self.prospect.pays
            buy[self.crew] = np.rint(own_buy[:, at]).astype(np.int64)
            sell[self.crew] = np.rint(own_sell[:, at]).astype(np.int64)
        return buy, sell

    def _worth(self, slot: int, done: Dispatch) -> Ints:
        """What a kWh more in store is worth after `slot`, int64[n], µ/kWh."""
        if self.orders is None or not self._covers(slot):
            return done.marginal_value
        worth = done.marginal_value.copy()
        worth[self.crew] = self.orders.worth(slot, self.fleet.take(self.crew), done.soc_wh[self.crew])
        stores = self.fleet.capacity_wh > self.fleet.reserve_wh
        return np.where(self.steered & stores, worth, done.marginal_value)
