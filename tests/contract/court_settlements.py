"""Honest settlements for RowCourt's tests, row by row as `next_row` gives them, and ways to post something else.

Not a test: the files beside it import it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any

import court_slots as auction
import numpy as np
from court_slots import calldata, compiled, plain, refusal
from pyrevm import EVM, Env

from sunfair.chain.abi import decode, encode
from sunfair.model import Curves, Fees, Mechanism
from sunfair.settlement import (
    ZERO_HASH,
    Header,
    PrivateRow,
    ResultRows,
    ResultTree,
    Rule,
    Tag,
    Tree,
    blinds,
    book_leaves,
    keccak,
)
from sunfair.settlement.amounts import amounts_hash, pack_amounts
from sunfair.settlement.court import Anchor, Evidence, EvidenceRefused, MarketFacts, Member, Meter, Settlement, Terms
from sunfair.settlement.court import rows as twin
from sunfair.settlement.court.proofs import NO_SLOT, read_words
from sunfair.settlement.court.rows import RowAt
from sunfair.settlement.court.rows_evidence import (
    CoverTree,
    HandedRows,
    PublicRow,
    ShownSlot,
    find_leaf_faults,
    find_network_faults,
    find_row_faults,
)
from sunfair.settlement.row import LATE, Base, Opening, SlotFacts, institution_row, network_row, next_row

FIRST, OPERATOR, OPEN = 1_628_832, b"o" * 20, 2**40 - 1
UTILITY, NETWORK, RESERVE, FIRST_MEMBER = range(4)
NOTHING: Mapping[Any, Any] = MappingProxyType({})
ROW_FIELDS = PrivateRow.__dataclass_fields__


# ── A street and its honest operator ──────────────────────────────────────────────────────────────────────────────────


@dataclass
class Ways:
    """How a street is drawn. Shares are of slots or accounts."""

    members: int = 5
    before: int = 3
    slots: tuple[int, ...] = (4, 2)
    rule: int = 0
    silent: float = 0.25
    late: float = 0.15
    void: float = 0.12
    void_to: int = 0
    moving: float = 0.3
    replaced: float = 0.3
    limits: tuple[int, int] = (-6, 40)
    tariffs: tuple[int, int] = (-9, 30)
    energies: int = 1_000
    offering: float = 0.8
    poor: float = 0.5
    cap_wh: int = 1_500
    fees: tuple[int, int, int] = (8_000, 1_200, 800)
    successor: bool = False
    metered: bool = True
    crowd: int = 0
    """Accounts beside the members that take part in the first two slots of the pending settlement alone."""


@dataclass
class SlotMade:
    """One slot as it was cleared, or void."""

    slot: int
    facts: SlotFacts
    header: Header | None = None
    tree: ResultTree | None = None
    openings: dict[int, Opening] = field(default_factory=dict)

    def public(self, index: int) -> PublicRow:
        """The public row at a place; nothing where there is none."""
        if self.tree is None or not 0 <= index < self.tree.tree.count:
            return PublicRow()
        proof, words = self.tree.proof(index), read_words(self.tree.leaf_sums[index].astype(">i8").tobytes())
        siblings = tuple((node, read_words(sums.astype(">i8").tobytes())) for node, sums in proof.siblings)
        return PublicRow(words, self.tree.rows.public_bytes()[index].tobytes(), siblings)


@dataclass
class Street:
    """Two settlements one after another: the first applied, the second pending. Rows by account, in slot order."""

    facts: MarketFacts
    slots: dict[int, SlotMade]
    shown: dict[int, ShownSlot]
    earlier: "Posting | None"
    pending: "Posting"

    def handed(self, account: int) -> HandedRows:
        """What the account was handed of the pending settlement."""
        return self.pending.handed(account)

    def last(self, account: int) -> HandedRows | None:
        """What it was handed of the one applied last."""
        return self.earlier.handed(account) if self.earlier else None


def made(seed: int, ways: Ways | None = None) -> Street:
    """A street drawn from a seeded generator, settled by an honest operator."""
    ways = ways or Ways()
    random = np.random.default_rng(seed)
    total = ways.before + sum(ways.slots)
    members = _members(random, ways, total)
    meters = _meters(random, ways, members, total) if ways.metered else {}
    balances = {a: int(random.integers(0, 90) if random.random() < ways.poor else 10**12) for a in members}
    balances |= {UTILITY: 10**15, NETWORK: 0, RESERVE: 0}
    terms = _terms(random, ways, total)
    facts = MarketFacts(separator=auction.DOMAIN, members=members, meters=meters, balances=balances, terms=terms)
    rows: dict[int, list[PrivateRow]] = {account: [] for account in range(FIRST_MEMBER + ways.members + ways.crowd)}
    drawn = _Drawn(random, ways, facts, rows)
    slots = {slot: drawn.slot(slot) for slot in range(FIRST, FIRST + total)}
    return _posted(ways, facts, slots, {account: tuple(told) for account, told in rows.items()})


def _members(random: Any, ways: Ways, total: int) -> dict[int, Member]:
    members = {}
    for account in range(FIRST_MEMBER, FIRST_MEMBER + ways.members):
        first, end = FIRST - 40, OPEN
        if random.random() < ways.moving:
            first = FIRST + int(random.integers(0, total))
        if random.random() < ways.moving:
            end = max(first, FIRST) + int(random.integers(0, total))
        members[account] = Member(account.to_bytes(20, "big"), bytes(20), first, end, ways.cap_wh)
    start = FIRST + ways.before
    for account in range(FIRST_MEMBER + ways.members, FIRST_MEMBER + ways.members + ways.crowd):
        members[account] = Member(account.to_bytes(20, "big"), bytes(20), start, start + 2, ways.cap_wh)
    return members


def _meters(random: Any, ways: Ways, members: Mapping[int, Member], total: int) -> dict[int, tuple[Meter, ...]]:
    meters = {}
    for account, member in members.items():
        own = [Meter(b"k" * 20, member.from_slot, *(int(r) for r in random.integers(0, 5_000, 2)))]
        while random.random() < ways.replaced:
            at = FIRST + int(random.integers(0, total))
            if at > own[-1].from_slot:
                own.append(Meter(b"m" * 20, at, *(int(r) for r in random.integers(0, 5_000, 2))))
        meters[account] = tuple(own)
    return meters


def _terms(random: Any, ways: Ways, total: int) -> tuple[Terms, ...]:
    """Two entries, the second from the middle on, each with fewer pairs than slots."""
    middle = FIRST + total // 2
    entries = []
    for first, last in ((FIRST - 3, middle - 1), (middle, FIRST + total)):
        pairs = [sorted((int(p) for p in random.integers(*ways.tariffs, 2)), reverse=True) for _ in range(total // 2)]
        tariffs = b"".join(price.to_bytes(8, "big", signed=True) for pair in pairs for price in pair)
        entries.append(Terms(first, last, ways.rule, 1, 2, *ways.fees, tariffs))
    return tuple(entries)


@dataclass
class _Drawn:
    """The operator's day, slot by slot."""

    random: Any
    ways: Ways
    facts: MarketFacts
    rows: dict[int, list[PrivateRow]]

    def slot(self, slot: int) -> SlotMade:
        """Book, auction, readings, pool, rows of one slot."""
        index = self.facts.terms_at(slot)
        assert index is not None
        tariffs = self.facts.terms[index].tariffs_at(slot)
        shut = 0 <= slot - FIRST - self.ways.before < self.ways.void_to
        void = shut or self.random.random() < self.ways.void
        active = [a for a, m in self.facts.members.items() if m.from_slot <= slot < m.to_slot]
        if void or not active:
            made = SlotMade(slot, SlotFacts.voided(slot, *tariffs, Fees(*self.ways.fees)))
            readings = {account: self._reading(account, slot) for account in active}
        else:
            made, readings = self._cleared(slot, tariffs, active)
        for account in active:
            opening = made.openings.get(account)
            previous, reading = self._previous(account, slot), readings[account]
            row = next_row(previous, made.facts, reading, opening, cap_wh=self.ways.cap_wh)
            self.rows[account].append(row)
        running = self.rows[NETWORK][-1].running if self.rows[NETWORK] and not self._first(slot) else 0
        self.rows[NETWORK].append(network_row(running, made.facts))
        for account in (UTILITY, RESERVE):
            self.rows[account].append(institution_row(account, slot, 0, 0))
        return made

    def _first(self, slot: int) -> bool:
        return slot in (FIRST, FIRST + self.ways.before)

    def _previous(self, account: int, slot: int) -> Base | PrivateRow:
        """What the row of this slot starts from."""
        meter, own = self.facts.meter(account, slot), self.rows[account]
        if not own:
            return Base(account, meter.import_wh, meter.export_wh)
        if meter.from_slot == slot and self._first(slot):
            return Base(account, meter.import_wh, meter.export_wh)
        if meter.from_slot == slot:
            return Base.new_meter(own[-1], meter.import_wh, meter.export_wh)
        return Base.after(own[-1]) if self._first(slot) else own[-1]

    def _reading(self, account: int, slot: int) -> tuple[int, int] | None:
        if self.random.random() < self.ways.silent:
            return None
        base = self._previous(account, slot)
        used, given = (int(wh) for wh in self.random.integers(0, self.ways.energies, 2) * (self.random.random(2) < 0.7))
        return base.import_register_wh + used, base.export_register_wh + given

    def _cleared(self, slot: int, tariffs: tuple[int, int], active: list[int]) -> tuple[SlotMade, dict[int, Any]]:
        random, ways = self.random, self.ways
        order = [int(account) for account in random.permutation(active)]
        size = len(order)
        nonces, salts = random.integers(-1, 9, size), random.integers(0, 256, (size, 32)).astype(np.uint8)
        curves = self._curves(size)
        blind = blinds(np.array(order), slot, nonces, salts)
        rows = ResultRows(book_leaves(blind, curves), curves, *np.zeros((3, size), np.int64))
        mechanism = Mechanism.MID_MARKET_RATE if ways.rule & auction.MID_MARKET else Mechanism.UNIFORM
        k = (1, 2)
        ahead, price_ahead = auction._session(curves.energy_wh, curves.limit, mechanism, k, tariffs)
        readings = {account: self._reading(account, slot) for account in order}
        pool_wh = np.array([self._pool(a, slot, readings[a], int(ahead[at])) for at, a in enumerate(order)], np.int64)
        rows = replace(rows, pool_wh=pool_wh)
        pool, price_pool = auction._session(*rows.pool_steps(), mechanism, k, tariffs)
        rows = replace(rows, fill_ahead_wh=ahead, fill_pool_wh=pool)
        tree = ResultTree(rows, Rule(mechanism, price_ahead, k), Rule(mechanism, price_pool, k))
        prices = (price_ahead, price_pool)
        roots = Tree(rows.book_leaf).root, tree.root, bytes(32)
        fees = Fees(*ways.fees)
        header = Header(
            auction.DOMAIN, slot, size, ways.rule, k, *tariffs, fees, *prices, tree.tree.sums, *roots
        )  # fmt: skip
        public = rows.public_bytes()
        openings = {
            account: Opening(at, int(nonces[at]), salts[at].tobytes(), public[at].tobytes())
            for at, account in enumerate(order)
        }
        return SlotMade(slot, SlotFacts.of(header), header, tree, openings), readings

    def _curves(self, size: int) -> Curves:
        random, ways, curves = self.random, self.ways, Curves.empty(size)
        for home in range(size):
            if random.random() < ways.offering and not ways.rule & auction.NO_AHEAD:
                auction._draw_curve(random, curves, home, max(ways.energies // 4, 2), ways.limits, 4)
            if random.random() < ways.offering:
                curves.pool_buy[home] = random.integers(*ways.limits, endpoint=True)
                curves.pool_sell[home] = random.integers(*ways.limits, endpoint=True)
        return curves

    def _pool(self, account: int, slot: int, reading: Any, ahead: int) -> int:
        base = self._previous(account, slot)
        if reading is None or base.gap_slots > 0 or self.ways.rule & auction.NO_POOL:
            return 0
        if self.random.random() < self.ways.late:
            return 0
        metered = reading[0] - base.import_register_wh - (reading[1] - base.export_register_wh)
        return max(-self.ways.cap_wh, min(metered - ahead, self.ways.cap_wh))


def _posted(ways: Ways, facts: MarketFacts, slots: dict[int, SlotMade], rows: dict[int, tuple[Any, ...]]) -> Street:
    first, shown, anchors = FIRST, {}, []
    for period, count in enumerate((ways.before, *ways.slots) if ways.before else ways.slots):
        inside = range(first, first + count)
        digests = [made.header.digest() if (made := slots[s]).header else keccak(b"%d" % s) for s in inside]
        tree = Tree(np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32))
        void_to = min(max(first, FIRST + ways.before + ways.void_to), first + count)
        anchors.append(Anchor(period, first, count, void_to, OPERATOR, 1_465_941_600 + period, tree.root))
        for at, slot in enumerate(inside):
            header = slots[slot].header
            sides = (header.preimage(), tree.proof(at).siblings, slots[slot].public) if header else ()
            shown[slot] = ShownSlot(anchors[-1], *sides)
        first += count
    voided = frozenset(slot for slot, made in slots.items() if made.facts.void and slot >= shown[slot].anchor.void_to)
    facts = replace(facts, void_slots=voided, anchors=tuple(anchors[bool(ways.before) :]))
    cut = FIRST + ways.before
    encoded = [
        {account: tuple(row.encode() for row in own if (row.slot < cut) is old) for account, own in rows.items()}
        for old in (True, False)
    ]
    earlier = None
    if ways.before:
        operator = b"p" * 20 if ways.successor else OPERATOR
        earlier = post(facts, Settlement(0, 1, FIRST, ways.before, 0, 0, 7, operator, b"", b""), encoded[0])
        facts = replace(facts, last=earlier.settlement)
    start = int(bool(ways.before)), len(ways.slots), FIRST + ways.before, sum(ways.slots)
    pending = post(facts, Settlement(*start, 0, 0, 9, OPERATOR, b"", b""), encoded[1])
    return Street(pending.facts, slots, shown, earlier, pending)


def previous_of(street: Street, account: int, slot: int, before: PrivateRow | None) -> Base | PrivateRow:
    """What a member's row of this slot starts from; `before` is the row of the slot before, if there is one."""
    meter, settlement = street.facts.meter(account, slot), street.pending.settlement
    if before is None or (slot == settlement.first_slot and meter.from_slot == slot):
        return Base(account, meter.import_wh, meter.export_wh)
    if meter.from_slot == slot:
        return Base.new_meter(before, meter.import_wh, meter.export_wh)
    return Base.after(before) if slot == settlement.first_slot else before


def is_story(street: Street, account: int, rows: tuple[bytes, ...]) -> bool:
    """Whether these are the rows that `next_row` gives for some readings: those they state themselves."""
    member, settlement = street.facts.member(account), street.pending.settlement
    start = max(member.from_slot, settlement.first_slot)
    if len(rows) != max(0, min(member.to_slot, settlement.first_slot + settlement.slots) - start):
        return False
    last = street.last(account)
    before = PrivateRow.decode(last.rows[-1]) if last and last.rows and start == settlement.first_slot else None
    for slot, data in enumerate(rows, start):
        row, made = PrivateRow.decode(data), street.slots[slot]
        reading = None if row.gap_slots > 0 else (row.import_register_wh, row.export_register_wh)
        base = previous_of(street, account, slot, before)
        try:
            opening, late = made.openings.get(account), row.gap_slots == LATE
            due = next_row(base, made.facts, reading, opening, cap_wh=member.cap_wh, late=late)
        except ValueError:
            return False
        if due != row:
            return False
        before = row
    return True


def restate(street: Street, slot: int, change: Any) -> Street:
    """The operator publishes other public rows of a slot (`change` makes them), and anchors a header to fit."""
    made = street.slots[slot]
    assert made.header is not None and made.tree is not None
    tree = ResultTree(change(made.tree.rows), made.header.ahead, made.header.pool)
    header = replace(made.header, result_root=tree.root, sums=tree.tree.sums)
    public = tree.rows.public_bytes()
    openings = {a: replace(own, public=public[own.leaf].tobytes()) for a, own in made.openings.items()}
    slots = {**street.slots, slot: SlotMade(slot, made.facts, header, tree, openings)}
    old = street.shown[slot].anchor
    inside = range(old.first_slot, old.first_slot + old.slots)
    digests = [own.digest() if (own := slots[s].header) else keccak(b"%d" % s) for s in inside]
    headers = Tree(np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32))
    anchor = replace(old, root=headers.root)
    shown = dict(street.shown)
    for at, inner in enumerate(inside):
        own = slots[inner].header
        sides = (own.preimage(), headers.proof(at).siblings, slots[inner].public) if own else ()
        shown[inner] = ShownSlot(anchor, *sides)
    anchors = tuple(anchor if a == old else a for a in street.facts.anchors)
    facts = replace(street.facts, anchors=anchors)
    return replace(street, facts=facts, slots=slots, shown=shown, pending=replace(street.pending, facts=facts))


# ── Posting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Posting:
    """A settlement as it was posted, and all that its operator knows of it. `facts` hold it as pending."""

    facts: MarketFacts
    settlement: Settlement
    rows: Mapping[int, tuple[bytes, ...]]
    leaves: tuple[bytes, ...]
    tree: CoverTree
    words: tuple[int, ...]

    def handed(self, account: int) -> HandedRows:
        """What the account is handed."""
        levels = self.tree.levels()
        path = b"".join(
            level[(account >> up) ^ 1][0] + (level[(account >> up) ^ 1][1] % 2**64).to_bytes(8, "big")
            for up, level in enumerate(levels[:-1])
        )
        stated = levels[0][account][1]
        return HandedRows(self.settlement, account, self.leaves[account], path, self.rows[account], stated)


def leaf_bytes(account: int, amount: int, arrears: int, cover: int, rows_root: bytes) -> bytes:
    """A period leaf; numbers wrap to eight bytes."""
    numbers = b"".join((number % 2**64).to_bytes(8, "big") for number in (amount, arrears, cover))
    return bytes([Tag.PERIOD_LEAF]) + account.to_bytes(4, "big") + numbers + rows_root


def due_leaf(facts: MarketFacts, account: int, rows: tuple[bytes, ...]) -> tuple[int, int, int]:
    """Amount, arrears and cover that an account's rows and balance give."""
    if account in (UTILITY, RESERVE) or not rows:
        return 0, 0, 0
    running, claims = (int.from_bytes(rows[-1][at : at + 8], "big", signed=True) for at in (77, 85))
    shortfall = max(0, -(facts.balance_of(account) + running)) if account >= FIRST_MEMBER else 0
    arrears = min(shortfall, claims)
    return running + shortfall, arrears, shortfall - arrears


def post(
    facts: MarketFacts,
    settlement: Settlement,
    rows: Mapping[int, tuple[bytes, ...]],
    *,
    numbers: Mapping[int, tuple[int, int, int]] = NOTHING,
    leaves: Mapping[int, bytes] = NOTHING,
    amounts: Mapping[int, int] = NOTHING,
    stated: Mapping[Any, int] = NOTHING,
    hashes: Mapping[Any, bytes] = NOTHING,
    cover: int | None = None,
    count: int | None = None,
) -> Posting:
    """Post these rows, everything above them as it follows, but where something else is given."""
    told = [numbers.get(account, due_leaf(facts, account, rows[account])) for account in sorted(rows)]
    guarantor = -sum(part[2] for part in told)
    posted = [part[0] for part in told]
    posted[UTILITY] = -(sum(posted[1:]) + guarantor)
    if UTILITY not in numbers:
        told[UTILITY] = (posted[UTILITY], 0, 0)
    for account, amount in amounts.items():
        posted[account] = amount
    words = tuple(pack_amounts([max(1 - 2**62, min(amount, 2**62 - 1)) for amount in (*posted, guarantor)]))
    roots = [_rows_root(rows[account]) for account in sorted(rows)]
    made = tuple(leaves.get(a, leaf_bytes(a, *part, roots[a])) for a, part in enumerate(told))
    tree = CoverTree(
        [(keccak(leaf), part[2] % 2**64) for leaf, part in zip(made, told, strict=True)], stated, hashes, count
    )
    top, total = tree.levels()[-1][0]
    number = len(made) if count is None else count
    root = keccak(bytes([Tag.SUM_ROOT]) + number.to_bytes(4, "big") + top + (total % 2**64).to_bytes(8, "big"))
    settlement = replace(
        settlement,
        accounts=len(made),
        cover=total if cover is None else cover,
        period_root=root,
        amounts_hash=amounts_hash(words),
    )
    return Posting(replace(facts, pending=settlement), settlement, rows, made, tree, words)


def _rows_root(rows: tuple[bytes, ...]) -> bytes:
    if not rows:
        return ZERO_HASH
    return Tree(np.frombuffer(b"".join(map(keccak, rows)), np.uint8).reshape(-1, 32)).root


def repost(street: Street, rows: Mapping[int, tuple[bytes, ...]] = NOTHING, **others: Any) -> Street:
    """The street with another pending settlement: these rows in place of the honest ones, and whatever else is given."""
    pending = post(street.facts, street.pending.settlement, {**street.pending.rows, **rows}, **others)
    return replace(street, facts=pending.facts, pending=pending)


def change(row: bytes, **fields: Any) -> bytes:
    """A row with other fields."""
    return replace(PrivateRow.decode(row), **fields).encode()


def spoil(street: Street, account: int, index: int, **fields: Any) -> Street:
    """The operator falsifies one row of an account and builds everything above it to fit."""
    own = street.pending.rows[account]
    return repost(street, {account: (*own[:index], change(own[index], **fields), *own[index + 1 :])})


def resum(rows: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Rows of one settlement with running sums made to fit what they were paid."""
    running, told = 0, []
    for row in map(PrivateRow.decode, rows):
        running += row.paid
        told.append(replace(row, running=running).encode())
    return tuple(told)


# ── In court ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Verdict:
    """The reason of a refusal, or the kind of the conviction; and the gas of the call."""

    reason: str
    kind: int | None
    gas: int = 0

    @property
    def said(self) -> tuple[str, int | None]:
        return self.reason, self.kind


class RowRoom:
    """A RowCourt beside a market that holds whatever facts it is told, on revm under Prague's rules."""

    def __init__(self) -> None:
        self.evm = EVM(Env(), gas_limit=2**40, spec_id="PRAGUE")
        self.watcher = b"w" * 20
        self.court = self._deploy("RowCourt")
        setup = encode(
            ["bytes32", "bytes32", "uint256", "uint256", "uint256", "address", "address"],
            [bytes(32), auction.DOMAIN, 900, 300, 86_400, bytes(20), bytes(20)],
        )
        self.market = self._deploy("market_facts", setup)
        self.told: MarketFacts | None = None
        self.fresh = self.evm.snapshot()

    def _deploy(self, name: str, arguments: bytes = b"") -> bytes:
        return bytes.fromhex(self.evm.deploy("0x" + self.watcher.hex(), compiled(name)[1] + arguments)[2:])

    def _call(self, to: bytes, name: str, function: str, *arguments: Any) -> bytes:
        self.evm.reset_transient_storage()
        sender, target = "0x" + self.watcher.hex(), "0x" + to.hex()
        return bytes(self.evm.message_call(sender, target, calldata(name, function, arguments)))

    def tell(self, facts: MarketFacts) -> None:
        """Let the market hold these facts, and nothing of what it was told before."""
        if facts is self.told:
            return
        if self.told is None or replace(facts, pending=None) != replace(self.told, pending=None):
            self.evm.revert(self.fresh)
            self.fresh = self.evm.snapshot()
            self._tell_all(facts)
        if facts.pending:
            self._tell("set_pending", facts.pending)
        self.told = facts

    def _tell(self, function: str, *arguments: Any) -> None:
        self._call(self.market, "market_facts", function, *arguments)

    def _tell_all(self, facts: MarketFacts) -> None:
        for anchor in facts.anchors:
            self._tell("set_anchor", anchor, True)
        for terms in facts.terms:
            self._tell("add_terms", *plain(terms))
        for slot in facts.void_slots:
            self._tell("set_void", slot, True)
        for account, member in facts.members.items():
            self._tell("set_member", account, member)
        for account, meters in facts.meters.items():
            for meter in meters:
                self._tell("add_meter", account, meter)
        for account, balance in facts.balances.items():
            self._tell("set_balance", account, balance)
        if facts.last:
            self._tell("set_last", facts.last)

    def call(self, function: str, arguments: tuple[Any, ...]) -> Verdict:
        """Call the court; a conviction is read from the market and undone."""
        before = self.evm.snapshot()
        try:
            self._call(self.court, "RowCourt", function, self.market, *arguments)
        except RuntimeError as error:
            self.evm.revert(before)  # a checkpoint left open counts towards the depth of calls
            return Verdict(refusal(str(error)), None)
        used = int(self.evm.result.gas_used)
        count = int.from_bytes(self._call(self.market, "market_facts", "convicted"), "big")
        record = self._call(self.market, "market_facts", "convictions", 0)
        self.evm.revert(before)
        court, kind, offender, challenger, slot = decode(["address"] + 4 * ["bytes32"], record)
        settlement = arguments[0].settlement if isinstance(arguments[0], RowAt) else arguments[0]
        assert count == 1
        assert (court, challenger[12:], offender[12:]) == (self.court, self.watcher, settlement.operator)
        assert int.from_bytes(slot, "big") == (arguments[0].slot if function == "refute_row_trade" else NO_SLOT)
        return Verdict("", int.from_bytes(kind, "big"), used)

    def record_gas(self) -> int:
        """What the market's double pays for writing down a conviction: that is no part of a challenge."""
        before = self.evm.snapshot()
        arguments = 20, OPERATOR, self.watcher, NO_SLOT
        self._call(self.market, "market_facts", "convict", *arguments)
        used = int(self.evm.result.gas_used)
        self.evm.revert(before)
        data = calldata("market_facts", "convict", arguments)
        return used - 21_000 - sum(16 if byte else 4 for byte in data)

    def both(self, facts: MarketFacts, function: str, arguments: tuple[Any, ...]) -> tuple[str, int | None]:
        """The verdict, which contract and twin must share."""
        self.tell(facts)
        ours = judge(facts, function, arguments)
        theirs = self.call(function, arguments).said
        assert theirs == ours, (function, ours, theirs)
        return ours


def judge(facts: MarketFacts, function: str, arguments: tuple[Any, ...]) -> tuple[str, int | None]:
    """The twin's verdict: the reason of a refusal, or the kind of the conviction."""
    try:
        return "", int(getattr(twin, function)(facts, *arguments))
    except EvidenceRefused as refused:
        return refused.reason, None


@cache
def courtroom() -> RowRoom:
    """The one court of a test run."""
    return RowRoom()


def faults(street: Street, account: int) -> Iterator[Evidence]:
    """What the account (or who looks for it) finds in what it was handed."""
    own, shown = street.handed(account), street.shown.__getitem__
    if account == NETWORK:
        yield from find_network_faults(street.facts, own, shown)
    elif account >= FIRST_MEMBER:
        yield from find_row_faults(street.facts, own, shown, street.last(account))
    yield from find_leaf_faults(street.facts, own, street.pending.words)


def convicted(street: Street, found: Evidence) -> None:
    """Contract and twin both convict for it."""
    assert courtroom().both(street.facts, found.function, found.arguments) == ("", int(found.kind)), found.what


def caught(street: Street, account: int) -> list[Evidence]:
    """All that the account finds, the first of it before the contract."""
    found = list(faults(street, account))
    assert found, f"account {account} finds nothing"
    convicted(street, found[0])
    return found
