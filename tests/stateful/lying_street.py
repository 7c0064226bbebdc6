"""A small street with a real operator: offers, auctions, meters, anchors and settlements, true or false, on a real chain.

Not a test: the files beside it import it.
"""

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from lying_rule import FIRST_MEMBER, GUARANTOR, Meter, Told, amounts

from sunfair.app import OfferBatch, OrderBook, Posted, Settler, SlotRunner, Tariff, resettled, terms_of
from sunfair.app.home import Receipt
from sunfair.app.published import PublishedPeriod, opened_of, published_of
from sunfair.chain import EmbeddedChain, MarketLedger, SeededKeys, deploy_market, keccak
from sunfair.chain.contracts import contract
from sunfair.model import Community, Curves, Fees, Member
from sunfair.ports import Enrolment, Readings, SlotRecord
from sunfair.settlement import Domain, curve_bytes, offer_digests
from sunfair.settlement.court import Meter as Device
from sunfair.settlement.court import PublishedAuction
from sunfair.settlement.court.book_proofs import BookOffer
from sunfair.simulate import SeededChance, VirtualClock
from sunfair.simulate.auditors import Auditors, Known
from sunfair.slots import SlotClock
from sunfair.units import NO_BUY, NO_SELL, TICK
from sunfair.wiring import Secp256k1Signatures

HOMES, CAP, HOUR, BOND = 20, 2_000, 3600, 50_000_000
START = datetime(2016, 6, 14, 14, tzinfo=UTC)
ACCOUNTS = range(FIRST_MEMBER, FIRST_MEMBER + HOMES)
KEYS = SeededKeys(3)
FEES = Fees(8_000, 1_200, 800)
TARIFFS = [(320_000, 80_000), (250_000, 250_000), (90_000, -60_000), (-20_000, -70_000)]

Auction = Callable[[SlotRecord], PublishedAuction]
Statement = Callable[[Any, Any], tuple[Any, Any]]


class Silence:
    """A store that keeps nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **named: None


class Street:
    """Twenty homes. `friends` are the operator's and never look; in their place the utility does, if it `looks`."""

    def __init__(self, seed: int, friends: Collection[int] = (), looks: bool = True) -> None:
        self.random, self.friends = np.random.default_rng(seed), frozenset(friends)
        self.clock = VirtualClock(START)
        self.chain = EmbeddedChain(funded={KEYS.address(str(account)): 10**18 for account in ("watcher", 0, *ACCOUNTS)})
        members = tuple(Member(f"home {account}", f"meter {account}") for account in ACCOUNTS)
        self.community = Community("Small Street", members, SlotClock(60, "UTC"), fees=FEES)
        named = keccak(self.community.name.encode())
        self.deployment = deploy_market(
            self.chain, KEYS, self.clock, named, slot_seconds=HOUR, window_seconds=4 * HOUR, bond_amount=BOND
        )
        self.ledger = MarketLedger(self.chain, self.deployment, KEYS, self.clock)
        self.slot = (int(START.timestamp()) // 86_400 + 1) * 24
        self._set_up(SeededChance(seed))
        names = {a: "the utility" if a in self.friends else f"home {a}" for a in ACCOUNTS}
        self.auditors = Auditors(self.ledger, names, self.friends)
        self.lookers = [a for a in ACCOUNTS if looks or a not in self.friends]
        self.told: dict[int, Told] = {}
        self.void: set[int] = set()
        self.false: dict[int, set[int]] = {}
        self.published: dict[int, PublishedPeriod] = {}
        self.known: dict[int, Known] = {}
        self.readings: dict[int, Readings] = {}
        self.receipts: dict[int, tuple[OfferBatch, Any]] = {}
        self.earlier: Posted | None = None
        self.statement: Statement = lambda rows, money: (rows, money)
        self.withheld: tuple[int, ...] = ()
        self.paid_in, self.paid_out = sum(self.balances.values()), 0

    def _set_up(self, chance: SeededChance) -> None:
        drawn = self.random.integers(0, len(TARIFFS), 48)
        self.tariffs = {self.slot + at: TARIFFS[drawn[at]] for at in range(48)}
        pairs = np.array(list(self.tariffs.values()))
        for terms in terms_of(self.community, self.slot, pairs[:, 0], pairs[:, 1]):
            self.ledger.set_terms(terms)
        owners = [KEYS.address(str(account)) for account in ACCOUNTS]
        self.ledger.open_accounts(owners, [CAP] * HOMES)
        self.ledger.enrol(
            [Enrolment(account, keccak(b"c%d" % account), keccak(b"n%d" % account)) for account in ACCOUNTS]
        )
        self.ledger.bind_meters([(a, Device(key, self.slot, 0, 0)) for a, key in zip(ACCOUNTS, owners, strict=True)])
        poor = self.random.random(HOMES) < 0.2
        self.balances = {0: 10**11, 1: 0, 2: 0, GUARANTOR: 10**9}
        self.balances |= {a: int(self.random.integers(1, 400_000)) if poor[a - 3] else 10**8 for a in ACCOUNTS}
        for account, amount in self.balances.items():
            if amount:
                self.ledger.deposit(account, amount)
        self.ledger.post_bond(BOND)
        domain = Domain(self.community.name, self.ledger.chain_id, self.ledger.market)
        caps, block = np.full(HOMES, CAP), np.frombuffer(b"".join(owners), np.uint8).reshape(-1, 20)
        self.domain, self.runner = domain, SlotRunner(self.community, domain, chance, caps=caps)
        self.book = OrderBook(domain, block, keys=KEYS, signatures=Secp256k1Signatures(), caps=caps)
        self.meters = {account: Meter() for account in ACCOUNTS}
        self.registers = np.zeros((2, HOMES), np.int64)
        known = np.array([self.balances[a] for a in range(FIRST_MEMBER + HOMES)])
        self.settler = Settler(
            self.ledger,
            Silence(),  # type: ignore[arg-type]
            known,
            self.runner.meters,
            statement=self._state,
        )

    def _state(self, rows: Any, money: Any) -> tuple[Any, Any]:
        return self.statement(rows, money)

    # ── Slots ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def trade(self, count: int, lies: Sequence[tuple[int, Auction]] = ()) -> PublishedPeriod:
        """Run `count` slots and anchor them, slot number i of them as `lies` have it; everybody looks at what is public."""
        records = [self._run_slot() for _ in range(count)]
        auctions = [published_of(record) for record in records]
        for at, lie in lies:
            auctions[at] = lie(records[at])
        self.refill()
        digests = [keccak(auction.header) for auction in auctions]  # type: ignore[union-attr]
        shown = [replace(r, anchored=a.header) for r, a in zip(records, auctions, strict=True)]  # type: ignore[union-attr]
        anchor = self.settler.close_period(START.date(), shown, digests).anchor
        period = PublishedPeriod(anchor, tuple(auctions), tuple(digests))
        self.published[anchor.period] = period
        self.false[anchor.period] = {records[at].slot for at, _ in lies}
        own = {account: self._handed(account, records) for account in self.lookers}
        self.known[anchor.period] = own  # type: ignore[assignment]
        self.auditors.after_anchor(period, own)
        return period

    def _run_slot(self) -> SlotRecord:
        slot, self.slot = self.slot, self.slot + 1
        tariff = Tariff(*self.tariffs.get(slot, list(self.tariffs.values())[-1]))
        batch = self._offers(slot)
        self.receipts[slot] = batch, self.book.submit(batch, open_from=slot, open_to=slot)
        book = self.runner.close_book(slot, self.book.in_force(slot))
        ahead = self.runner.clear_ahead(book, tariff)
        self.clock.advance(self.community.clock.end(slot))
        moved = self.random.integers(0, 700, (2, HOMES)) * (self.random.random((2, HOMES)) < 0.6)
        self.registers = self.registers + moved
        valid, late = self.random.random(HOMES) > 0.08, self.random.random(HOMES) < 0.05
        readings = Readings(slot, *self.registers, np.zeros((HOMES, 65), np.uint8), valid, late & valid)
        record = self.runner.deliver(book, ahead, tariff, readings)
        self.readings[slot], self.told[slot] = readings, _told(record)
        return record

    def _offers(self, slot: int) -> OfferBatch:
        made, random = Curves.empty(HOMES), self.random
        sells, steps = random.random(HOMES) < 0.5, random.integers(0, 3, HOMES)
        for step in range(2):
            used = steps > step
            wh = random.integers(1, 600, HOMES)
            made.energy_wh[used, step] = np.where(sells, -wh, wh)[used]
            limit = (random.integers(-5, 30, HOMES) + 40 * step) * TICK
            made.limit[used, step] = limit[used]
        made.pool_buy[:] = np.where(random.random(HOMES) < 0.8, random.integers(5, 30, HOMES) * TICK, NO_BUY)
        made.pool_sell[:] = np.where(random.random(HOMES) < 0.8, random.integers(-5, 20, HOMES) * TICK, NO_SELL)
        nonce, span = np.full(HOMES, slot), np.full(HOMES, slot)
        digests = offer_digests(self.domain, np.array(ACCOUNTS), made, span, span, nonce)
        signed = [KEYS.sign(str(a), digest.tobytes()) for a, digest in zip(ACCOUNTS, digests, strict=True)]
        block = np.frombuffer(b"".join(signed), np.uint8).reshape(-1, 65)
        return OfferBatch(np.arange(HOMES), made, slot, slot, nonce, block)

    def _handed(self, account: int, records: Sequence[SlotRecord]) -> Known:
        member = account - FIRST_MEMBER
        opened = {record.slot: opened_of(record, member) for record in records}
        receipts = {record.slot: self._receipt(member, record.slot) for record in records}

        def readings(slot: int) -> tuple[int, int] | None:
            taken = self.readings[slot]
            return (int(taken.import_wh[member]), int(taken.export_wh[member])) if taken.valid[member] else None

        return Known(opened, receipts, readings)

    def _receipt(self, member: int, slot: int) -> Receipt:
        batch, receipts = self.receipts[slot]
        curve = curve_bytes(batch.curves.take(np.array([member])))[0].tobytes()
        offer = BookOffer(FIRST_MEMBER + member, slot, slot, int(batch.nonce[member]), curve)
        return Receipt(offer, slot, slot, receipts.signature[member].tobytes())

    # ── Settlements ───────────────────────────────────────────────────────────────────────────────────────────────────

    def go_to(self, time: int) -> None:
        self.clock.advance(datetime.fromtimestamp(time, UTC))

    def settle(self, statement: Statement | None = None, withheld: Sequence[int] = ()) -> bool:
        """Post the oldest open period, as `statement` tells it; everybody looks. Whether it still stands."""
        due = self.settler.due()
        assert due is not None
        self.go_to(due)
        self.settling = self.settler.open[0]
        if statement is not None:
            self.statement = statement
        try:
            self.settler.tick()
        finally:
            self.statement = lambda rows, money: (rows, money)
        posted = self.settler.posted
        assert posted is not None
        number = posted.settlement.first_period
        periods = [self.published[number]]
        self.auditors.after_settlement(posted, periods, self.known[number], self.earlier, withheld)  # type: ignore[arg-type]
        while (due := self.auditors.due()) is not None:
            self.go_to(due)
            self.auditors.tick()
        return self.ledger.is_pending(posted.settlement)

    def apply(self) -> dict[int, int]:
        """Wait the window out and have the amounts written; what the rule gives for the same slots."""
        posted = self.settler.posted
        assert posted is not None
        self.go_to(self.settler.due() or 0)
        self.settler.tick()
        assert self.settler.posted is None
        self.earlier = posted
        slots = [self.told[slot.slot] for slot in posted.period.slots]
        return amounts(slots, self.void, self.meters, self.balances)

    def due(self) -> dict[int, int]:
        """What the rule gives for the slots of the pending settlement."""
        posted = self.settler.posted
        assert posted is not None
        slots = [self.told[slot.slot] for slot in posted.period.slots]
        return amounts(slots, self.void, deepcopy(self.meters), self.balances)

    def again(self, why: str) -> None:
        """The market itself refused what was posted: the period is open as before."""
        assert why.startswith("market: ")
        assert self.settler.posted is None
        number = self.settling.anchor.period
        if all(period.anchor.period != number for period in self.settler.open):
            self.settler.open.appendleft(self.settling)

    def take_out(self, account: int, amount: int) -> None:
        """A withdrawal, as the settler has to know of it."""
        self.balances[account] -= amount
        self.settler.balances[account] -= amount

    def cancelled(self) -> None:
        """The settler learns that its settlement was cancelled."""
        posted = self.settler.posted
        if posted is not None and not self.ledger.is_pending(posted.settlement):
            self.settler._cancelled(posted)

    def refill(self) -> int:
        """Post what lacks of the bond."""
        have, full = self.ledger.bond_of(self.ledger.operator())
        if have < full:
            self.ledger.post_bond(full - have, holder=self.settler.holder)
        return full - have

    def succeed(self) -> None:
        """Nothing is applied for the takeover time: another party takes over, what is open is void."""
        self.go_to(self.ledger.takeover_time())
        self.ledger.post_bond(BOND, holder="successor")
        self.ledger.take_over(holder="successor")
        self.settler.holder = "successor"
        open_slots = [slot for period in self.settler.open for slot in period.slots]
        self.settler.open.clear()
        here = int(self.clock.now().timestamp()) // HOUR
        while self.slot <= here:
            open_slots.append(self._run_slot())
        void = {slot.slot for slot in open_slots}
        self.void |= void
        empty = [replace(slot, header=None, anchored=None) for slot in resettled(open_slots, void, self.settler.meters)]
        anchor = self.settler.close_period(START.date(), empty).anchor
        nothing = (None,) * len(empty)
        self.published[anchor.period] = PublishedPeriod(anchor, nothing, tuple(slot.digest for slot in empty))
        self.known[anchor.period] = {a: self._handed(a, empty) for a in self.lookers}  # type: ignore[assignment]

    # ── What stands on chain ──────────────────────────────────────────────────────────────────────────────────────────

    def view(self, name: str, *arguments: Any) -> int:
        """What a view of the market answers."""
        abi = contract("EnergyMarket").abi
        return int(abi.result(name, self.chain.call(self.ledger.market, abi.call(name, *arguments)))[0])

    def on_chain(self) -> dict[int, int]:
        """Every account's balance."""
        return {account: self.view("balance_of", account) for account in self.balances}

    def held(self) -> int:
        """Tokens that the market holds."""
        abi = contract("EnergyCredit").abi
        return int(
            abi.result("balanceOf", self.chain.call(self.deployment.token, abi.call("balanceOf", self.ledger.market)))[
                0
            ]
        )

    def owed(self) -> int:
        """All that the market owes: balances, bonds, and what finders have not fetched."""
        finders = {found.convicted.challenger for found in self.auditors.found}
        parties = finders | {KEYS.address(name) for name in ("operator", "successor")}
        bonds = sum(self.view("bond_of", who) + self.view("claims", who) for who in parties)
        return bonds + sum(self.on_chain().values())


def _told(record: SlotRecord) -> Told:
    assert record.header is not None
    header, taken = record.header, record.readings
    fills = {a: (int(record.traded_ahead_wh[a]), int(record.traded_pool_wh[a])) for a in ACCOUNTS}
    registers = {
        a: (int(taken.import_wh[a - 3]), int(taken.export_wh[a - 3])) if taken.valid[a - 3] else None for a in ACCOUNTS
    }
    return Told(record.slot, (header.price_ahead, header.price_pool), (header.retail, header.feed_in), fills, registers)
