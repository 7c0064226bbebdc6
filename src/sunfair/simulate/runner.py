"""The whole market under a simulated clock: the same use cases a live operator runs, slot by slot.

Order of one slot: at its gate the homes' offers are signed, judged and closed into a book, and the ahead session
clears; after its end the meters are read, the pool clears and the slot settles. The runner keeps the books in between.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sunfair.app import Book, OfferBatch, OrderBook, Posted, Purses, Receipts, Settler, SlotRunner, resettled, terms_of
from sunfair.app.home import acknowledged
from sunfair.app.published import PublishedPeriod
from sunfair.app.publishing import lay_out
from sunfair.market import Clearing
from sunfair.model import FIRST_MEMBER, Scenario, Session
from sunfair.ports import (
    GUARANTOR,
    Chance,
    EnvelopeRecord,
    Keys,
    Ledger,
    PlanRecord,
    PlantOffice,
    Purse,
    Readings,
    Signatures,
    SlotRecord,
    Store,
)
from sunfair.settlement import Domain
from sunfair.settlement.court import Meter
from sunfair.simulate.auditors import Auditors, Known
from sunfair.simulate.credits import Credits, due_of
from sunfair.simulate.enrolling import enrolments
from sunfair.simulate.funding import caps_of, guarantee, opening_deposits
from sunfair.simulate.neighbours import Neighbours
from sunfair.simulate.operator import Operator, as_anchored
from sunfair.simulate.plant_income import PlantIncome
from sunfair.simulate.retailers import PlannedOrder
from sunfair.simulate.span import Span
from sunfair.simulate.street import Street, bounds_of, device_of
from sunfair.simulate.wires import Wires
from sunfair.simulate.world import VirtualClock

__all__ = ["SUCCESSOR", "Simulation", "Span"]

SUCCESSOR = "successor"
"""Under which name `ports.Keys` knows who takes over."""

_PERMITTED = 400 * 86_400  # seconds for which owners sign a standing permission: no run is longer
_ALL = 2**62  # more than any balance


class Simulation:
    """One community's run. `run` does it; everything it learns goes to the store and the ledger."""

    def __init__(
        self,
        scenario: Scenario,
        span: Span,
        *,
        clock: VirtualClock,
        chance: Chance,
        keys: Keys,
        signatures: Signatures,
        ledger: Ledger,
        store: Store,
        received: Callable[[Readings], Readings] = lambda readings: readings,
        operator: Operator | None = None,
        silent: Collection[int] = (),
        publish: bool = False,
        purse: Purse | None = None,
        plants: PlantOffice | None = None,
    ) -> None:
        """The ledger's market stands already, its clock is this clock, and no account of a member is open yet.

        `received` is what reaches the operator of the readings that the meters sent (all of it, in time); `operator` is
        what it shows of what it did (None: honestly all); the accounts in `silent` do not look, so the utility does.
        With `publish` it lays out the public part of each period on the ledger. `purse` is what members pay
        from beside it, `plants` where the contracts of community plants are made.
        """
        community = scenario.community
        self._scenario, self._span, self._clock, self._chance = scenario, span, clock, chance
        self._ledger, self._store, self._keys = ledger, store, keys
        self._domain = Domain(community.name, ledger.chain_id, ledger.market)
        self._received, self._publish = received, publish
        self._lead = community.lead
        wires = self._wires = Wires(scenario)
        self._street = Street(scenario, self._domain, keys, first_slot=span.first_slot, lead=self._lead, wires=wires)
        self.credits = Credits(community, purse)
        self.neighbours = Neighbours(community, self._wires.network, purse)
        self.plants = PlantIncome(community, plants, purse)
        self._caps = caps_of(scenario)
        self._slots = SlotRunner(community, self._domain, chance, caps=self._caps, network=self._wires.network)
        owners = [keys.address(str(FIRST_MEMBER + at)) for at in range(community.size)]
        self._owners = np.frombuffer(b"".join(owners), np.uint8).reshape(-1, 20)
        self._signatures = signatures
        self._operator, self._silent = operator or Operator(), frozenset(silent)
        names = {FIRST_MEMBER + at: f"home {member.id}" for at, member in enumerate(community.members)}
        self.auditors = Auditors(ledger, names | dict.fromkeys(self._silent, "the utility"), self._silent)
        self._receipts: dict[int, tuple[OfferBatch, Receipts]] = {}
        self._readings: dict[int, Readings] = {}
        self._known: dict[int, Known] = {}
        self._public: list[PublishedPeriod] = []
        self._earlier: Posted | None = None
        self._waiting: deque[tuple[Book, Clearing]] = deque()
        self._records: list[SlotRecord] = []
        self._orphaned: list[tuple[date, list[SlotRecord]]] = []
        self._plans: list[PlanRecord] = []

    @property
    def ledger(self) -> Ledger:
        """Where it settles."""
        return self._ledger

    @property
    def notices(self) -> tuple[str, ...]:
        """What went otherwise than planned, in words."""
        clock = self._scenario.community.clock
        span = range(self._span.first_slot, self._span.end_slot)
        told = (*self._slots.notices, *self._wires.notices, *self.auditors.told)
        return (*told, *self.credits.notices(clock), *self._street.notices(span))

    @property
    def orders(self) -> tuple[list[PlannedOrder], frozenset[int]]:
        """What homes that plan ordered in retailers' markets, and the accounts of those homes."""
        return self._street.retailers.orders, self._street.steered

    def run(self, progress: Callable[[int], None], stopped: Callable[[], bool]) -> bool:
        """Run every day and see every period through to its apply; False if `stopped` asked to end early.

        `progress` is told the number of slots done. On an early end the slots that are over are stored; the unfinished
        period is not settled.
        """
        self._set_up()
        done = 0
        last_of = {day[-1]: self._span.first + timedelta(days=at) for at, day in enumerate(self._span.days)}
        for day in self._span.days:
            for slot in day:
                self._gate(slot, day[-1])
                if len(self._waiting) >= self._lead:
                    done += self._deliver(last_of)
                    progress(done)
                if stopped():
                    self._flush()
                    return False
        while self._waiting:
            done += self._deliver(last_of)
            progress(done)
        self._see_through()
        return True

    def _see_through(self) -> None:
        """Let time pass until nothing is left to do on chain."""
        while (due := self._due()) is not None:
            self._advance_to(due)
            self._tick()

    def _due(self) -> int | None:
        """When there is next something to do on chain."""
        dates = [at for at in (self._settler.due(), self.auditors.due()) if at is not None]
        return min(dates, default=None)

    def _set_up(self) -> None:
        """A day before the first slot: rules, accounts, meter points, opening balances, and the operator's bond."""
        series, first = self._scenario.series, self._span.first_slot
        window = slice(first - series.first_slot, self._span.end_slot - series.first_slot)
        for terms in terms_of(self._scenario.community, first, series.retail[window], series.feed_in[window]):
            self._ledger.set_terms(terms)
        accounts = self._ledger.open_accounts([row.tobytes() for row in self._owners], self._caps.tolist())
        since = self._ledger.facts().member(accounts[0]).from_slot
        self._ledger.enrol(enrolments(self._scenario.community, self._chance))
        keys = [(account, self._keys.address(device_of(account))) for account in accounts]
        self._ledger.bind_meters([(account, Meter(key, since, 0, 0)) for account, key in keys])
        deposits = opening_deposits(self._scenario, first, self._span.end_slot, open_slots=self._lead + 1)
        balances = np.zeros(FIRST_MEMBER + self._scenario.community.size, np.int64)
        for account, amount in deposits.items():
            if amount:
                self._ledger.deposit(account, amount)
            balances[account] += amount
        self._ledger.deposit(GUARANTOR, guarantee(deposits))
        self.credits.permit(self._ledger.now() + _PERMITTED)
        self._ledger.post_bond(self._ledger.bond_of(self._ledger.operator())[1])
        self._store.put_deposits(first, deposits)
        self._settler = Settler(
            self._ledger,
            self._store,
            balances,
            self._slots.meters,
            applied=self._applied,
            statement=self._operator.statement,
            mend=self._mend,
        )
        self._open_book(balances[FIRST_MEMBER:])
        self.plants.build(self._clock)

    def _open_book(self, balances: NDArray[np.int64]) -> None:
        """The operator takes offers from now on, as far as these balances of the members cover them."""
        community = self._scenario.community
        self._purses = Purses(
            balances,
            self._caps,
            tariffs=lambda slot: (self._street.tariff(slot).retail, self._street.tariff(slot).feed_in),
            seller_bps=community.fees.seller_bps,
            first_slot=self._span.first_slot,
            period_start=self._span.day_start,
        )
        self._book = OrderBook(
            self._domain,
            self._owners,
            keys=self._keys,
            signatures=self._signatures,
            ahead=Session.AHEAD in community.sessions,
            caps=self._caps,
            purses=self._purses,
        )

    def _applied(self, civil: date, slots: list[SlotRecord]) -> None:
        """A period is in the balances: store it as it was settled in the end."""
        self._purses.applied(slots[-1].slot, self._settler.balances[FIRST_MEMBER:])
        self._keep(civil, slots)
        if self._settler.posted is not None:
            self.plants.applied(self._settler.posted)
            self._pay_agents()

    def _pay_agents(self) -> None:
        """The agents of plants take out what they paid ahead."""
        paid, asked = self.plants.take_back(self._ledger)
        for account, amount in paid.items():
            self._settler.paid_in(account, -amount)
            self._purses.paid_in(account - FIRST_MEMBER, -amount)
        for account, amount in asked.items():
            self._purses.requested(account - FIRST_MEMBER, amount)
        now = self._scenario.community.clock.slot_at(self._clock.now())
        self._store.put_withdrawals(min(now, self._span.end_slot - 1), paid)

    def _keep(self, civil: date, slots: list[SlotRecord], *, repay: bool = True) -> None:
        """Store a period; gifts are repaid where it was settled."""
        plans = [self._plans.pop(0) for _ in slots]
        self._store.put_slots(civil, slots, plans, self._wires.check(slots, plans))
        self.neighbours.settled(slots, repay=repay)

    def _gate(self, slot: int, last_of_day: int) -> None:
        """Closure of a slot's gate: offers in, book closed, ahead session cleared."""
        community = self._scenario.community
        self._clock.advance(community.clock.start(slot) - timedelta(minutes=community.gate_minutes))
        self._tick()
        self._look_at_credit(slot)
        covered = partial(self._purses.covered, slots=range(slot, slot + 1))
        envelope = self._envelope(slot)
        empty = self.credits.empty(community.size)
        batch = self._street.offers(slot, slot, covered, empty, bounds_of(envelope))
        receipts = self._book.submit(batch, open_from=slot, open_to=last_of_day)
        self._store.put_receipts(
            receipts.offer_hash, batch.members + FIRST_MEMBER, batch.nonce, (slot, slot), receipts.signature
        )
        self._receipts[slot] = batch, receipts
        book = self._slots.close_book(slot, self._book.in_force(slot), envelope)
        ahead = self._slots.clear_ahead(book, self._street.tariff(slot))
        self._street.traded(slot, self._slots.ahead_fills(book, ahead))
        self._waiting.append((book, ahead))

    def _envelope(self, slot: int) -> EnvelopeRecord | None:
        """What the homes are told of the wires' room before they offer; None where the community sets no caps."""
        if not self._wires.limited:
            return None
        asks = self._street.asks(slot)
        return self._slots.envelop(slot, asks, self._wires.caps(slot, asks))

    def _look_at_credit(self, slot: int) -> None:
        """What prepaid homes have left before they sign; what they are topped up with is noted as paid in."""
        if not self.credits.followed:
            return
        posted = self._settler.posted
        periods = ([posted.period] if posted else []) + list(self._settler.open)
        records = [record for period in periods for record in period.slots] + self._records
        accounts = FIRST_MEMBER + self._scenario.community.size
        arrived = self.credits.look(slot, due_of(records, accounts), self._ledger.now())
        for account, amount in arrived.items():
            self._settler.paid_in(account, amount)
            self._purses.paid_in(account - FIRST_MEMBER, amount)
        if arrived:
            now = self._scenario.community.clock.slot_at(self._clock.now())
            self._store.put_deposits(max(now, self._span.first_slot), arrived)

    def _deliver(self, last_of: dict[int, date]) -> int:
        """End of the oldest waiting slot: readings, pool, settlement; at a day's last slot the period closes."""
        book, ahead = self._waiting.popleft()
        self._clock.advance(self._scenario.community.clock.end(book.slot))
        if book.slot == self._operator.dies_in:
            self._leave()
        signed = self._street.read(book.slot, bounds_of(book.envelope))
        readings = self._received(signed)
        self._readings[book.slot] = replace(signed, valid=readings.valid, late=readings.late)
        self._records.append(self._slots.deliver(book, ahead, self._street.tariff(book.slot), readings))
        self._street.settled(self._records[-1])
        self._purses.settled(book.slot, self._records[-1].paid[FIRST_MEMBER:])
        plan = self._street.plan()
        self._plans.append(replace(plan, reason=self.credits.said(book.slot, plan.reason)))
        if book.slot in last_of:
            records, self._records = self._records, []
            self._end_day(last_of[book.slot], records)
        return 1

    def _end_day(self, civil: date, records: list[SlotRecord]) -> None:
        """Close a day; those that had no operator wait for a successor."""
        dies_in, last = self._operator.dies_in, records[-1].slot
        if dies_in is None or last < dies_in:
            self._close(civil, records)
            return
        self._orphaned.append((civil, records))
        if last == self._span.end_slot - 1:
            self._succeed()

    def _close(self, civil: date, records: list[SlotRecord]) -> None:
        """Anchor a day and let everyone look at it."""
        auctions = self._operator.auctions(records)
        digests = [self._operator.digest(auction) for auction in auctions]
        records = [as_anchored(record, auction) for record, auction in zip(records, auctions, strict=True)]
        pairs = zip(records, auctions, strict=True)
        records = [replace(record, anchored=None if shown is None else shown.header) for record, shown in pairs]
        anchor = self._settler.close_period(civil, records, digests).anchor
        self._public = [*self._public[-1:], PublishedPeriod(anchor, tuple(auctions), tuple(digests))]
        if self._publish:
            lay_out(self._ledger, self._public[-1], holder=self._settler.holder)
        self._known = {FIRST_MEMBER + at: self._hand_out(at, records) for at in range(len(self._owners))}
        self.auditors.after_anchor(self._public[-1], self._known)

    def _succeed(self) -> None:
        """A bonded party takes over from the operator that fell silent: what is not applied is void, and settled so."""
        self._advance_to(self._ledger.takeover_time())
        self._ledger.post_bond(self._ledger.bond_of(self._ledger.operator())[1], holder=SUCCESSOR)
        self._ledger.take_over(holder=SUCCESSOR)
        self._settler.holder = SUCCESSOR
        for civil, records in self._orphaned:
            void = resettled(records, {record.slot for record in records}, self._settler.meters)
            self._close(civil, [replace(record, header=None) for record in void])
            self._see_through()

    def _mend(self, slots: list[SlotRecord]) -> list[SlotRecord]:
        """After a conviction the operator takes the readings as the meters signed them."""
        return [replace(slot, readings=self._readings[slot.slot]) for slot in slots]

    def _leave(self) -> None:
        """The operator is gone: every home asks for its money."""
        for account in range(FIRST_MEMBER, FIRST_MEMBER + len(self._owners)):
            self._ledger.request_withdrawal(account, _ALL)
            self._purses.requested(account - FIRST_MEMBER, _ALL)

    def pay_out(self) -> dict[int, int]:
        """At the next open door, everything that the homes asked for, µ by account."""
        accounts = range(FIRST_MEMBER, FIRST_MEMBER + len(self._owners))
        balances = self._ledger.record().balances
        paid = {account: self._ledger.withdraw(account) for account in accounts if balances[account]}
        self._store.put_withdrawals(self._span.end_slot - 1, paid)
        return paid

    def _hand_out(self, member: int, records: list[SlotRecord]) -> Known:
        """What a home has of a day: what it was handed, its receipts, its registers."""
        opened = {record.slot: self._operator.opened(record, member) for record in records}
        receipts = {record.slot: acknowledged(*self._receipts[record.slot], member) for record in records}

        def readings(slot: int) -> tuple[int, int] | None:
            taken = self._readings[slot]
            return (int(taken.import_wh[member]), int(taken.export_wh[member])) if taken.valid[member] else None

        return Known(opened, receipts, readings, {r.slot: self._operator.caps(r, member) for r in records})

    def _tick(self) -> None:
        """What is due on chain; and when a settlement was posted, everyone looks at it."""
        self.auditors.tick()
        before = self._settler.posted
        self._settler.tick()
        posted = self._settler.posted
        if posted is None:
            self._earlier = before or self._earlier
        elif posted is not before:
            periods = [period for period in self._public if period.anchor.period == posted.period.anchor.period]
            withheld = self._operator.withholds if not self.auditors.found else ()
            self.auditors.after_settlement(posted, periods, self._known, self._earlier, withheld)

    def _flush(self) -> None:
        """Store what is over and not settled: the run ends here."""
        posted = self._settler.posted
        left = ([posted.period] if posted else []) + list(self._settler.open)
        for period in left:
            self._keep(period.civil, period.slots, repay=False)
        if self._records:
            self._keep(self._scenario.community.clock.date_of(self._records[0].slot), self._records, repay=False)

    def _advance_to(self, unix_seconds: int) -> None:
        epoch = self._scenario.community.clock.start(0)
        self._clock.advance(epoch + timedelta(seconds=unix_seconds))
