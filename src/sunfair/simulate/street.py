"""The street itself: homes that use and make energy as their series say, with agents, batteries, cars and meters."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import (
    Bounds,
    Household,
    MeanPrices,
    Published,
    RuleAgents,
    SmartAgents,
    offers_pool,
    owned_curves,
    published,
    without_buys,
)
from sunfair.app import OfferBatch, Tariff
from sunfair.grid import Asks
from sunfair.model import FIRST_MEMBER, Curves, Scenario, Session
from sunfair.ports import EnvelopeRecord, Keys, PlanRecord, Readings, SlotRecord
from sunfair.settlement import Domain, offer_digests, reading_digests
from sunfair.simulate.diary import Diary
from sunfair.simulate.retailers import Retailers
from sunfair.simulate.wires import Wires

__all__ = ["Street", "bounds_of", "device_of"]

_HISTORY_DAYS = 15


def bounds_of(envelope: EnvelopeRecord | None) -> Bounds | None:
    """A slot's envelopes as the agents take them."""
    return None if envelope is None else Bounds(envelope.caps.import_wh, envelope.caps.export_wh)


def device_of(account: int) -> str:
    """Under which name `ports.Keys` knows the device that measures an account."""
    return f"meter {account}"


class Street:
    """All homes of a scenario under the simulated clock, from one slot on; implements `MeterSource`.

    An agent knows the readings of the slots that are over. The last known slot lies `lead` slots before the one whose
    gate closes (two for quarter-hours: the running one is not known yet).
    """

    def __init__(
        self,
        scenario: Scenario,
        domain: Domain,
        keys: Keys,
        *,
        first_slot: int,
        lead: int,
        wires: Wires | None = None,
    ) -> None:
        """`wires` say what room they are expected to have; None: they carry everything."""
        self._scenario, self._domain, self._keys = scenario, domain, keys
        self._accounts = FIRST_MEMBER + np.arange(scenario.community.size)
        self._nonce, self._room = 0, None if wires is None else wires.room()
        self._import = np.zeros(scenario.community.size, np.int64)
        self._export = np.zeros(scenario.community.size, np.int64)
        self._diary = Diary()
        self.retailers = Retailers(scenario)
        self._plan: PlanRecord | None = None
        self._agents = self._warm_up(first_slot, first_slot - (lead - 1))

    @property
    def steered(self) -> frozenset[int]:
        """The accounts of the homes that a plan steers, those that fell back to the rule included."""
        return frozenset((FIRST_MEMBER + self._agents.crew).tolist())

    def notices(self, span: range) -> list[str]:
        """What owners had to be told of the slots of `span`."""
        community = self._scenario.community
        return self._diary.shortfalls.notices(community.members, community.clock, span)

    def tariff(self, slot: int) -> Tariff:
        """The utility's prices in `slot`."""
        series, at = self._scenario.series, slot - self._scenario.series.first_slot
        return Tariff(int(series.retail[at]), int(series.feed_in[at]))

    def offers(
        self,
        slot: int,
        last_slot: int,
        covered: Callable[[Curves], NDArray[np.bool_]] | None = None,
        empty: NDArray[np.bool_] | None = None,
        bounds: Bounds | None = None,
    ) -> OfferBatch:
        """What every home signs for `slot` (and the slots up to `last_slot`) with what it knows now.

        `covered` says who can cover its curve, bool[n]; who cannot offers nothing.
        `empty` says whose credit is used up, bool[n]: they buy nothing, as who ordered elsewhere for the slot.
        `bounds` are what the meters may show in `slot`: no more is offered.
        """
        tariff, community = self.tariff(slot), self._scenario.community
        retail, feed_in, fees = tariff.retail, tariff.feed_in, community.fees
        self._look_ahead()
        if Session.AHEAD in community.sessions:
            load, pv = self._history()
            curves = self._agents.offer(
                slot, load_history=load, pv_history=pv, retail=retail, feed_in=feed_in, fees=fees, bounds=bounds
            )
        else:
            curves = offers_pool(community.size, retail=retail, feed_in=feed_in, fees=fees)
            curves = owned_curves(curves, self._agents.owners, fees)
        silent = self.retailers.ordered(slot)
        curves = without_buys(curves, silent if empty is None else silent | empty)
        if covered is not None:
            curves = curves.where(covered(curves))
        self._nonce += 1
        nonce = np.full(community.size, self._nonce, np.int64)
        first, last = np.full(community.size, slot), np.full(community.size, last_slot)
        digests = offer_digests(self._domain, self._accounts, curves, first, last, nonce)
        members = np.arange(community.size)
        return OfferBatch(members, curves, slot, last_slot, nonce, self._sign(str, digests))

    def asks(self, slot: int) -> Asks:
        """What the homes ask of the wires for `slot`, before they offer for it."""
        self._look_ahead()
        load, pv = self._history()
        return self._agents.asks(slot, load_history=load, pv_history=pv)

    def read(self, slot: int, bounds: Bounds | None = None) -> Readings:
        """Let the homes live through `slot`, inside what their meters may show, and read the meters at its end."""
        while self._agents.slot < slot:
            self._live()
        metered = self._live(bounds)
        self._import = self._import + np.maximum(metered, 0)
        self._export = self._export + np.maximum(-metered, 0)
        slots = np.full(len(metered), slot)
        digests = reading_digests(self._domain, self._accounts, slots, self._import, self._export)
        return Readings(slot, self._import, self._export, self._sign(device_of, digests))

    def plan(self) -> PlanRecord:
        """What the homes did in the slot that was read last; LookupError before the first reading."""
        if self._plan is None:
            raise LookupError("no slot has been read yet")
        return self._plan

    def traded(self, slot: int, ahead_wh: NDArray[np.int64]) -> None:
        """Tell the agents what their homes traded ahead for `slot`, int64[n], Wh."""
        self._agents = self._agents.traded(slot, ahead_wh)

    def settled(self, record: SlotRecord) -> None:
        """Tell the agents what the slot that was read last came to: its public prices, and each home its money."""
        terms = record.terms
        trades = (terms.price_ahead, record.volume_ahead_wh), (terms.price_pool, record.volume_pool_wh)
        residual = (record.metered_wh - record.traded_ahead_wh - record.traded_pool_wh)[FIRST_MEMBER:]
        prices = MeanPrices.of(trades, residual, terms.retail, terms.feed_in, terms.fees)
        self._agents = self._agents.learn(prices, record.paid[FIRST_MEMBER:], self.retailers.beside(record))
        if self._plan is not None:
            self._plan = self._diary.closed(self._plan, self._agents)

    def _live(self, bounds: Bounds | None = None) -> NDArray[np.int64]:
        """One slot with the use and the roofs that were; returns what the meters show, Wh."""
        slot = self._agents.slot
        at = slot - self._scenario.series.first_slot
        series = self._scenario.series
        load, pv = series.load_wh[at], series.pv_wh[at]
        tariff = self.tariff(slot)
        told = self._look_ahead()
        before = self._agents
        bought = self.retailers.bought(before, told)
        done, ev_wh, self._agents = before.dispatch(
            load_wh=load,
            pv_wh=pv,
            heat_wh=series.heat_wh[at],
            retail=tariff.retail,
            feed_in=tariff.feed_in,
            bounds=bounds,
        )
        self._plan = self._diary.opened(before, self._agents, done, ev_wh, load, pv, tariff, bought)
        return self._plan.net_wh

    def _look_ahead(self) -> Published:
        """Let the agents plan on, with what they know at the start of their slot; the tariff as they know it."""
        load, pv = self._history()
        series, clock = self._scenario.series, self._scenario.community.clock
        told = published(series, self._agents.slot, clock)
        fees = self._scenario.community.fees
        own = self.retailers.own_retail(self._agents.slot, told)
        self._agents = self._agents.look_ahead(
            load_history=load,
            pv_history=pv,
            published=told,
            fees=fees,
            own_retail=own,
            room=None if self._room is None else self._room.ahead(self._agents.slot, load, pv),
        )
        self.retailers.order(self._agents, told, load, pv)
        return told

    def _warm_up(self, first_slot: int, known_to: int) -> SmartAgents:
        """Agents whose devices lived through up to a day before the run, as far as the series reach."""
        community, series = self._scenario.community, self._scenario.series
        start = max(series.first_slot, first_slot - community.clock.per_day)
        agents = RuleAgents.start(community.members, community.clock, self._scenario.visits, start)
        household, nobody = (
            Household.start(community.members, community.clock, start),
            np.zeros(community.size, np.bool_),
        )
        for slot in range(start, known_to):
            at = slot - series.first_slot
            household = household.live(slot, series.heat_wh[at], nobody)
            load = series.load_wh[at] + household.used_wh
            _, _, agents = agents.dispatch(load_wh=load, pv_wh=series.pv_wh[at], retail=int(series.retail[at]))
        homes = community.members, community.clock, self._scenario.visits
        return SmartAgents.start(*homes, agents.slot, agents.soc_wh, household=household)

    def _history(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        series = self._scenario.series
        end = self._agents.slot - series.first_slot
        window = slice(max(0, end - _HISTORY_DAYS * self._scenario.community.clock.per_day), end)
        return series.load_wh[window], series.pv_wh[window]

    def _sign(self, holder: Callable[[int], str], digests: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Each home's signature of its own digest, by the holder of its account's key or its meter's, uint8[n, 65]."""
        accounts = self._accounts.tolist()
        signed = [
            self._keys.sign(holder(account), row.tobytes()) for account, row in zip(accounts, digests, strict=True)
        ]
        return np.frombuffer(b"".join(signed), np.uint8).reshape(-1, 65)
