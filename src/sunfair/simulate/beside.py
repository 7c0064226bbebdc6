"""The same days without caps, beside a run that has them: what the wires would have had to carry.

The homes, their agents and both auctions are the same, to the same seed; nothing is signed, settled or committed, for
nothing of it happens.
"""

from collections import deque
from dataclasses import replace

import numpy as np

from sunfair.app import Book, InForce, SlotRunner
from sunfair.market import Clearing
from sunfair.model import Scenario, Sharing
from sunfair.ports import Chance, FlowRecord, PlanRecord, SlotRecord
from sunfair.settlement import Domain
from sunfair.simulate.funding import caps_of
from sunfair.simulate.span import Span
from sunfair.simulate.street import Street, bounds_of
from sunfair.simulate.wires import Wires

__all__ = ["Unsettled", "unlimited"]


class _Unsigned:
    """Keys of nobody: what is not settled needs no signature."""

    def address(self, holder: str) -> bytes:
        return bytes(20)

    def sign(self, holder: str, digest: bytes) -> bytes:
        return bytes(65)


class Unsettled:
    """A community's slots through offers, auctions and delivery, and the power flow of them."""

    def __init__(self, scenario: Scenario, span: Span, chance: Chance) -> None:
        """`span` are the slots to live through; `chance` draws the order of the books, which breaks ties."""
        community = scenario.community
        domain = Domain(community.name, 0, bytes(20))
        lead = community.lead
        self._span, self._lead = span, lead
        self._wires = Wires(scenario)
        self._street = Street(scenario, domain, _Unsigned(), first_slot=span.first_slot, lead=lead, wires=self._wires)
        self._slots = SlotRunner(community, domain, chance, caps=caps_of(scenario), network=self._wires.network)
        self._waiting: deque[tuple[Book, Clearing]] = deque()
        self.records: list[SlotRecord] = []
        self.plans: list[PlanRecord] = []

    def run(self) -> None:
        """Live through all slots."""
        for slot in range(self._span.first_slot, self._span.end_slot):
            self._gate(slot)
            if len(self._waiting) >= self._lead:
                self._deliver()
        while self._waiting:
            self._deliver()

    def flow(self) -> FlowRecord:
        """What flowed in the slots that were lived through."""
        return self._wires.check(self.records, self.plans)

    def _gate(self, slot: int) -> None:
        envelope = None
        if self._wires.limited:
            asks = self._street.asks(slot)
            envelope = self._slots.envelop(slot, asks, self._wires.caps(slot, asks))
        batch = self._street.offers(slot, slot, bounds=bounds_of(envelope))
        size = len(batch.members)
        unsigned = np.zeros((size, 32), np.uint8), np.zeros((size, 65), np.uint8)
        book = self._slots.close_book(slot, InForce(batch.curves, *unsigned, batch.nonce), envelope)
        ahead = self._slots.clear_ahead(book, self._street.tariff(slot))
        self._street.traded(slot, self._slots.ahead_fills(book, ahead))
        self._waiting.append((book, ahead))

    def _deliver(self) -> None:
        book, ahead = self._waiting.popleft()
        readings = self._street.read(book.slot, bounds_of(book.envelope))
        self.records.append(self._slots.deliver(book, ahead, self._street.tariff(book.slot), readings))
        self._street.settled(self.records[-1])
        self.plans.append(self._street.plan())


def unlimited(scenario: Scenario, span: Span, chance: Chance) -> Unsettled | None:
    """The days of `span` lived through by the same homes whose meters may show anything.

    None where the scenario sets no caps.
    """
    if scenario.network_json is None or scenario.community.envelope is Sharing.NONE:
        return None
    free = replace(scenario, community=replace(scenario.community, envelope=Sharing.NONE))
    days = Unsettled(free, span, chance)
    days.run()
    return days
