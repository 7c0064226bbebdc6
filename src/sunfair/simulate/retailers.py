"""The homes of a simulated street that buy in retailers' markets: what they know, order, and pay for each slot."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import NO_PRICE, Posted, Published, RetailSource, SmartAgents, best_prices
from sunfair.agent.retail_home import Bought, Futures, Order, RetailHome
from sunfair.agent.smart_shadow import Beside
from sunfair.model import FIRST_MEMBER, Scenario
from sunfair.ports import SlotRecord

__all__ = ["PlannedOrder", "Retailers"]

Ints = NDArray[np.int64]

_LEARNT = 0.999
"""From which share of the spread on the street is taken to have had nothing to sell so far."""


class _Spread:
    """By how much homes' use was off its mean at the same time on the last days."""

    def __init__(self, agents: SmartAgents, load_history: Ints, pv_history: Ints) -> None:
        self._agents, self._histories = agents, (load_history, pv_history)
        self._known: dict[int, Ints] = {}

    def of(self, home: int, slot: int) -> NDArray[np.float64]:
        """float64[d], Wh; empty where nothing is known that far ahead."""
        lead = slot - self._agents.slot + 1
        if not 1 <= lead <= self._agents.fleet.per_day:
            return np.zeros(0)
        if slot not in self._known:
            self._known[slot] = self._agents.state.forecast(*self._histories, lead)[0].days_wh
        days = self._known[slot][:, home]
        days = days[days >= 0]
        return days - days.mean() if len(days) else np.zeros(0)


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order of a home that plans."""

    account: int
    order: Order


class Retailers:
    """Prices and orders of all homes of a scenario. Holds what was ordered, by home and slot."""

    def __init__(self, scenario: Scenario) -> None:
        community = scenario.community
        self._seconds, self._per_day = community.clock.seconds, community.clock.per_day
        self._size = community.size
        sources = {
            market.name: RetailSource(market, quotes, self._seconds)
            for market, quotes in zip(community.markets, scenario.quotes, strict=True)
        }
        self._homes = {
            at: RetailHome(tuple(sources[name] for name in member.markets))
            for at, member in enumerate(community.members)
            if member.markets
        }
        self.orders: list[PlannedOrder] = []
        self._ordered: dict[tuple[int, int], Order] = {}
        self._looked_at: int | None = None

    def own_retail(self, slot: int, published: Published) -> NDArray[np.float64] | None:
        """What each home pays outside the street from `slot` on, float64[n, T], µ/kWh; see `SmartAgents.look_ahead`."""
        if not self._homes:
            return None
        slots = slot + np.arange(2 * self._per_day)
        own, tariff = np.full((self._size, len(slots)), np.nan), self._tariff(slot, published)
        for at, home in self._homes.items():
            own[at] = home.pays(slots, slot * self._seconds, tariff)
            for place, one in enumerate(slots.tolist()):
                if order := self._ordered.get((at, one)):
                    own[at, place] = min(own[at, place], order.bought.price)
        return own

    def order(self, agents: SmartAgents, published: Published, load_history: Ints, pv_history: Ints) -> None:
        """Let homes that plan order for every block whose gate lies in the slot that begins; once in a slot.

        load_history, pv_history : int64[H, n], Wh, up to the slot before
        """
        slot, futures = agents.slot, None
        if slot == self._looked_at:
            return
        self._looked_at = slot
        off = _Spread(agents, load_history, pv_history)
        now, until = slot * self._seconds, (slot + 1) * self._seconds
        for place, at in enumerate(agents.crew.tolist()):
            home = self._homes.get(at)
            if home is None or not agents.steered[at]:
                continue
            futures = futures or agents.planned_imports()
            if futures is None:
                return
            first, courses, chances = futures
            own = Futures(first, [course[place] for course in courses], chances, partial(off.of, at))
            tariff, street = self._tariff(slot, published), self._street(agents, published)
            for order in home.orders(now, until, tariff, street, own):
                self.orders.append(PlannedOrder(FIRST_MEMBER + at, order))
                self._ordered[at, order.slot] = order

    def ordered(self, slot: int) -> NDArray[np.bool_]:
        """Who ordered something for `slot`, bool[n]."""
        return np.array([(at, slot) in self._ordered for at in range(self._size)], np.bool_)

    def bought(self, agents: SmartAgents, published: Published) -> list[Bought | None] | None:
        """Where each home buys what it takes in the slot that begins; None for who pays the tariff, or all do."""
        if not self._homes:
            return None
        slot = agents.slot
        tariff, street = self._tariff(slot, published), self._street(agents, published)
        found: list[Bought | None] = [None] * self._size
        for at, home in self._homes.items():
            order = self._ordered.get((at, slot))
            found[at] = order.bought if order else home.bought(slot, slot * self._seconds, tariff, street)
        return found

    def beside(self, record: SlotRecord) -> Beside | None:
        """What the markets make of a slot, by the prices known at its end; None where nobody buys there."""
        if not self._homes:
            return None
        retail, end = record.terms.retail, (record.slot + 1) * self._seconds
        residual = np.maximum(record.metered_wh - record.traded_ahead_wh - record.traded_pool_wh, 0)[FIRST_MEMBER:]
        amount, own = np.zeros(self._size, np.int64), np.full(self._size, retail)
        tariff = Posted("utility", record.slot, np.array([retail]), self._seconds)
        for at, home in self._homes.items():
            own[at] = best_prices(home.unordered(tariff), np.array([record.slot]), end).price[0]
            order, need = self._ordered.get((at, record.slot)), int(residual[at])
            used = min(need, order.energy_wh) if order else 0
            cost = (need - used) * int(own[at])
            if order:
                cost += used * order.bought.price + (order.energy_wh - used) * max(order.bought.price, 0)
            amount[at] = (need * retail - cost) // 1_000
        return Beside(amount, own)

    def _tariff(self, slot: int, published: Published) -> Posted:
        retail, _ = published.ahead(2 * self._per_day, self._per_day)
        return Posted("utility", slot, np.rint(retail).astype(np.int64), self._seconds)

    def _street(self, agents: SmartAgents, published: Published) -> Posted:
        """What the street is expected to cost; no price where it had nothing to sell so far."""
        retail, feed_in = published.ahead(2 * self._per_day, self._per_day)
        buy, _ = agents.street.ahead(agents.slot, retail, feed_in)
        share = agents.street.buying[(agents.slot + np.arange(len(buy))) % self._per_day]
        price = np.where(share < _LEARNT, np.rint(buy).astype(np.int64), NO_PRICE)
        return Posted("street", agents.slot, price, self._seconds)
