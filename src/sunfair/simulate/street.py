"""The street itself: homes that use and make energy as their series say, with agents, batteries, cars and meters."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import RuleAgents, explain, offers_pool
from sunfair.app import OfferBatch, Tariff
from sunfair.model import FIRST_MEMBER, Scenario, Session
from sunfair.ports import Keys, PlanRecord, Readings
from sunfair.settlement import Domain, offer_digests, reading_digests

__all__ = ["Street"]

_HISTORY_DAYS = 8


class Street:
    """All homes of a scenario under the simulated clock, from one slot on; implements `MeterSource`.

    An agent knows the readings of the slots that are over. The last known slot lies `lead` slots before the one whose
    gate closes (two for quarter-hours: the running one is not known yet).
    """

    def __init__(self, scenario: Scenario, domain: Domain, keys: Keys, *, first_slot: int, lead: int) -> None:
        self._scenario, self._domain, self._keys = scenario, domain, keys
        self._accounts = FIRST_MEMBER + np.arange(scenario.community.size)
        self._nonce = 0
        self._import = np.zeros(scenario.community.size, np.int64)
        self._export = np.zeros(scenario.community.size, np.int64)
        self._plan: PlanRecord | None = None
        self._agents = self._warm_up(first_slot, first_slot - (lead - 1))

    def tariff(self, slot: int) -> Tariff:
        """The utility's prices in `slot`."""
        series, at = self._scenario.series, slot - self._scenario.series.first_slot
        return Tariff(int(series.retail[at]), int(series.feed_in[at]))

    def offers(self, slot: int, last_slot: int) -> OfferBatch:
        """What every home signs for `slot` (and the slots up to `last_slot`) with what it knows now."""
        tariff, community = self.tariff(slot), self._scenario.community
        retail, feed_in, fees = tariff.retail, tariff.feed_in, community.fees
        if Session.AHEAD in community.sessions:
            load, pv = self._history()
            curves = self._agents.offer(
                slot, load_history=load, pv_history=pv, retail=retail, feed_in=feed_in, fees=fees
            )
        else:
            curves = offers_pool(community.size, retail=retail, feed_in=feed_in, fees=fees)
        self._nonce += 1
        nonce = np.full(community.size, self._nonce, np.int64)
        first, last = np.full(community.size, slot), np.full(community.size, last_slot)
        digests = offer_digests(self._domain, self._accounts, curves, first, last, nonce)
        members = np.arange(community.size)
        return OfferBatch(members, curves, slot, last_slot, nonce, self._sign(digests))

    def read(self, slot: int) -> Readings:
        """Let the homes live through `slot` and read their meters at its end."""
        while self._agents.slot < slot:
            self._live()
        metered = self._live()
        self._import = self._import + np.maximum(metered, 0)
        self._export = self._export + np.maximum(-metered, 0)
        slots = np.full(len(metered), slot)
        digests = reading_digests(self._domain, self._accounts, slots, self._import, self._export)
        return Readings(slot, self._import, self._export, self._sign(digests))

    def plan(self) -> PlanRecord:
        """What the homes did in the slot that was read last; LookupError before the first reading."""
        if self._plan is None:
            raise LookupError("no slot has been read yet")
        return self._plan

    def _live(self) -> NDArray[np.int64]:
        """One slot with the use and the roofs that were; returns what the meters show, Wh."""
        slot = self._agents.slot
        at = slot - self._scenario.series.first_slot
        load, pv = self._scenario.series.load_wh[at], self._scenario.series.pv_wh[at]
        tariff = self.tariff(slot)
        done, ev_wh, self._agents = self._agents.dispatch(load_wh=load, pv_wh=pv, retail=tariff.retail)
        self._plan = PlanRecord(
            load_wh=load,
            pv_wh=pv,
            battery_wh=done.battery_wh,
            ev_wh=ev_wh,
            curtail_wh=done.curtail_wh,
            soc_wh=done.soc_wh,
            marginal_value=done.marginal_value,
            reason=explain(done, retail=tariff.retail, feed_in=tariff.feed_in),
        )
        return self._plan.net_wh

    def _warm_up(self, first_slot: int, known_to: int) -> RuleAgents:
        """Agents whose batteries and cars lived through up to a day before the run, as far as the series reach."""
        community, series = self._scenario.community, self._scenario.series
        start = max(series.first_slot, first_slot - community.clock.per_day)
        agents = RuleAgents.start(community.members, community.clock, self._scenario.visits, start)
        for slot in range(start, known_to):
            at = slot - series.first_slot
            _, _, agents = agents.dispatch(
                load_wh=series.load_wh[at], pv_wh=series.pv_wh[at], retail=int(series.retail[at])
            )
        return agents

    def _history(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        series = self._scenario.series
        end = self._agents.slot - series.first_slot
        window = slice(max(0, end - _HISTORY_DAYS * self._scenario.community.clock.per_day), end)
        return series.load_wh[window], series.pv_wh[window]

    def _sign(self, digests: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Each home's signature of its own digest, uint8[n, 65]."""
        signed = [
            self._keys.sign(str(account), row.tobytes()) for account, row in zip(self._accounts, digests, strict=True)
        ]
        return np.frombuffer(b"".join(signed), np.uint8).reshape(-1, 65)
