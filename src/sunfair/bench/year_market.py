"""The year with the market: offers, both auctions, delivery and settlement of every slot, all of its arithmetic."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import MeanPrices, SmartAgents, published
from sunfair.bench.year_loop import HISTORY_DAYS, rule_homes, smart_homes
from sunfair.market import Offers, clear_uniform
from sunfair.model import FIRST_MEMBER, Curves, Scenario
from sunfair.settlement import SlotTerms, settle_slot
from sunfair.units import NO_BUY, NO_SELL

__all__ = ["Traded", "trade_homes"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Traded:
    """What n homes came to in the market: paid int64[n], µ (+ received); what the rule's shadow would have paid, bill
    int64[n], µ; energy traded, Wh; homes that went back to the rule; and seconds.
    """

    paid: Ints
    shadow_bill: Ints
    ahead_wh: int
    pool_wh: int
    gone_back: int
    seconds: float


def trade_homes(scenario: Scenario, slots: range, *, planned: bool) -> Traded:
    """The homes of `scenario` through `slots` (places in its series) with both sessions; steered by plans or the rule.

    Ties are broken in account order; nothing is signed, salted or hashed.
    """
    street = _Market(smart_homes(scenario) if planned else rule_homes(scenario), slots.start)
    begun = time.perf_counter()
    for at in slots:
        street.gate(at + 1)
        street.deliver(at)
    agents, seconds = street.agents, time.perf_counter() - begun
    gone = int((agents.shadow.back_at >= 0).sum())
    return Traded(street.paid, agents.shadow.bill, street.volume[0], street.volume[1], gone, seconds)


class _Market:
    """One street between the gate of a slot and the end of the one before."""

    def __init__(self, scenario: Scenario, at: int) -> None:
        community, series = scenario.community, scenario.series
        self._scenario, self._accounts = scenario, (FIRST_MEMBER + np.arange(community.size)).astype(np.int32)
        start = series.first_slot + at
        self.agents = SmartAgents.start(community.members, community.clock, scenario.visits, start)
        self.paid, self.volume = np.zeros(community.size, np.int64), [0, 0]
        self._ahead_volume: dict[int, int] = {}
        self._open: dict[int, tuple[Curves, Ints, int | None]] = {
            at: (Curves.empty(community.size), 0 * self.paid, None)
        }

    def gate(self, at: int) -> None:
        """Offers for the slot after the running one, and its ahead session."""
        series, community = self._scenario.series, self._scenario.community
        now = self.agents.slot - series.first_slot
        seen = slice(max(0, now - HISTORY_DAYS * community.clock.per_day), now)
        load, pv = series.load_wh[seen], series.pv_wh[seen]
        told = published(series, self.agents.slot, community.clock)
        self.agents = self.agents.look_ahead(load_history=load, pv_history=pv, published=told, fees=community.fees)
        retail, feed_in = int(series.retail[at]), int(series.feed_in[at])
        slot = series.first_slot + at
        curves = self.agents.offer(
            slot, load_history=load, pv_history=pv, retail=retail, feed_in=feed_in, fees=community.fees
        )
        used = curves.energy_wh != 0
        owner = np.broadcast_to(self._accounts[:, None], used.shape)[used]
        cleared = clear_uniform(Offers(owner, curves.energy_wh[used], curves.limit[used]), k=community.k)
        fills = np.zeros(used.shape, np.int64)
        fills[used] = cleared.filled_wh
        self._open[at] = curves, fills.sum(axis=1), cleared.price
        self.volume[0] += cleared.volume_wh
        self._ahead_volume[at] = cleared.volume_wh
        self.agents = self.agents.traded(slot, fills.sum(axis=1))

    def deliver(self, at: int) -> None:
        """The running slot's end: readings, pool, money."""
        series, community = self._scenario.series, self._scenario.community
        retail, feed_in = int(series.retail[at]), int(series.feed_in[at])
        done, _, self.agents = self.agents.dispatch(
            load_wh=series.load_wh[at], pv_wh=series.pv_wh[at], retail=retail, feed_in=feed_in
        )
        curves, ahead, price = self._open.pop(at)
        beyond = done.metered_wh - ahead
        limit = np.where(beyond > 0, curves.pool_buy, curves.pool_sell)
        offered = np.flatnonzero((beyond != 0) & (limit != NO_BUY) & (limit != NO_SELL))
        cleared = clear_uniform(Offers(self._accounts[offered], beyond[offered], limit[offered]), k=community.k)
        pool = np.zeros_like(beyond)
        pool[offered] = cleared.filled_wh
        self.volume[1] += cleared.volume_wh
        institutions = np.zeros(FIRST_MEMBER, np.int64)
        terms = SlotTerms(price, cleared.price, retail, feed_in, community.fees)
        rows = (np.concatenate([institutions, part]) for part in (ahead, pool, done.metered_wh))
        paid = settle_slot(terms, *rows).paid[FIRST_MEMBER:]
        self.paid = self.paid + paid
        trades = (price, self._ahead_volume.pop(at, 0)), (cleared.price, cleared.volume_wh)
        prices = MeanPrices.of(trades, done.metered_wh - ahead - pool, retail, feed_in, community.fees)
        self.agents = self.agents.learn(prices, paid)
