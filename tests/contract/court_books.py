"""A small street with signed offers, opened books, private rows and a pending settlement, for BookCourt and Docket.

Not a test: the files beside it import it. Everything is as an honest operator would have it; tests spoil it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, is_dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import boa
import numpy as np

from sunfair.chain.keys import address_of, recover, sign_digest
from sunfair.market import Offers, clear_mid_market_rate, clear_uniform
from sunfair.model import Curves, Fees, Mechanism
from sunfair.settlement.book import blinds, book_leaves, curve_bytes
from sunfair.settlement.court import EvidenceRefused
from sunfair.settlement.court.book_proofs import (
    AccountLeaf,
    BookOffer,
    BookOpening,
    Inbox,
    RowProof,
    digest,
    filed_offer,
    filed_reading,
    offer_hash,
    promise_hash,
    reading_digest,
    receipt_hash,
    row_before,
)
from sunfair.settlement.court.facts import NOBODY, Anchor, MarketFacts, Member, Meter, Settlement
from sunfair.settlement.court.proofs import read_curve, read_words
from sunfair.settlement.hashing import Tag, keccak
from sunfair.settlement.header import MID_MARKET, NO_AHEAD, NO_POOL, Header, header_price
from sunfair.settlement.messages import Domain
from sunfair.settlement.result import ResultRows, ResultTree, Rule
from sunfair.settlement.row import AFTER_GAP, LATE
from sunfair.settlement.tree import SumTree, Tree
from sunfair.units import NO_BUY, NO_SELL

ROOT = Path(__file__).parents[2]
FIRST = 1_628_880
WINDOW, SECONDS, GATE = 86_400, 900, 300
DOMAIN = Domain("Book Street", 31337, b"\x5a" * 20)
TARIFFS, FEES = (320_000, 80_000), Fees()
CLOSED = 3
"""The account that left before the period: it has a leaf in the period tree, but no rows."""

_ZERO = "0x" + 40 * "0"


def key(name: str) -> bytes:
    """A private key by name."""
    return keccak(name.encode())


@cache
def address(name: str) -> bytes:
    """Its address."""
    return address_of(key(name))


def signer(hashed: bytes, signature: bytes) -> bytes:
    """Who signed, or nobody."""
    try:
        return recover(hashed, signature)
    except ValueError:
        return NOBODY


def sign(name: str, hashed: bytes) -> bytes:
    return sign_digest(key(name), hashed)


def row_bytes(account: int, slot: int, numbers: Mapping[int, int], salt: bytes = bytes(32)) -> bytes:
    """149 bytes of a private row: numbers by their offset, the others zero."""
    fields = {13: -1, 21: -1, **numbers, 5: slot}
    body = b"".join(fields.get(at, 0).to_bytes(8, "big", signed=True) for at in range(5, 117, 8))
    return bytes([Tag.PRIVATE_ROW]) + account.to_bytes(4, "big") + body + salt


@dataclass(frozen=True)
class Street:
    """What operator and homes hold. Account 3 left before; account 4 joined with the period's second slot."""

    facts: MarketFacts
    anchor: Anchor
    settlement: Settlement
    slot: int
    rows: ResultRows
    tree: ResultTree
    headers: tuple[bytes, ...]
    leaf_account: tuple[int, ...]
    nonces: Mapping[int, int]
    salts: Mapping[int, bytes]
    offers: Mapping[int, BookOffer]
    private: Mapping[int, tuple[bytes, ...]]
    period: SumTree
    period_leaves: tuple[bytes, ...]
    last: "Street | None" = None
    inbox: Inbox = field(default_factory=Inbox)

    @cached_property
    def book(self) -> Tree:
        return Tree(self.rows.book_leaf)

    @property
    def header(self) -> bytes:
        return self.headers[self.slot - self.anchor.first_slot]

    @property
    def start(self) -> tuple[Any, ...]:
        """The first three arguments of most calls: anchor, header, its path."""
        return self.at(self.slot)

    def at(self, slot: int) -> tuple[Any, ...]:
        place = slot - self.anchor.first_slot
        digests = np.frombuffer(b"".join(keccak(header) for header in self.headers), np.uint8).reshape(-1, 32)
        return self.anchor, self.headers[place], Tree(digests).proof(place).siblings

    @property
    def members(self) -> tuple[int, ...]:
        return tuple(sorted(self.leaf_account))

    def opening(self, account: int, **changes: Any) -> BookOpening:
        index = self.leaf_account.index(account)
        curve = curve_bytes(self.rows.curves)[index].tobytes()
        made = BookOpening(
            index, account, self.nonces[account], self.salts[account], curve, self.book.proof(index).siblings
        )
        return replace(made, **changes)

    def offer_signature(self, offer: BookOffer, name: str | None = None) -> bytes:
        hashed = digest(self.facts.separator, offer_hash(self.facts.community, offer))
        return sign(name or f"owner {offer.account}", hashed)

    def receipt(
        self, offer: BookOffer, first: int | None = None, last: int | None = None, name: str = "operator"
    ) -> Any:
        """Arguments of a receipt: first slot, last slot, signature."""
        first, last = offer.first_slot if first is None else first, offer.last_slot if last is None else last
        offered = digest(self.facts.separator, offer_hash(self.facts.community, offer))
        return first, last, sign(name, digest(self.facts.separator, receipt_hash(offered, first, last)))

    def promise(self, kind: int, value: bytes, slot: int | None = None, name: str = "operator") -> bytes:
        named = self.slot if slot is None else slot
        return sign(name, digest(self.facts.separator, promise_hash(self.facts.community, named, kind, value)))

    def public(self, index: int) -> tuple[Any, ...]:
        """Stated sums, public row, siblings."""
        proof = self.tree.proof(index)
        siblings = tuple((node, read_words(sums.astype(">i8").tobytes())) for node, sums in proof.siblings)
        own = read_words(self.tree.leaf_sums[index].astype(">i8").tobytes())
        return own, self.rows.public_bytes()[index].tobytes(), siblings

    def leaf(self, account: int) -> AccountLeaf:
        proof = self.period.proof(account)
        path = tuple((node, int(cover[0])) for node, cover in proof.siblings)
        return AccountLeaf(self.period_leaves[account], path)

    def row(self, account: int, slot: int) -> RowProof:
        start = self.from_slot(account)
        data = self.private[account]
        return RowProof(data[slot - start], row_tree(data).proof(slot - start).siblings)

    def row_before(self, account: int, slot: int) -> RowProof:
        """The row of the slot before, as it stands beside the row of this one."""
        full = self.row(account, slot - 1)
        return row_before(slot - 1 - self.from_slot(account), full.data, full.path)

    def from_slot(self, account: int) -> int:
        start = self.settlement.first_slot
        return start if account < 3 else max(start, self.facts.member(account).from_slot)

    def reading(self, account: int, slot: int) -> tuple[int, int]:
        row = self.row(account, slot)
        return row.number(53), row.number(61)

    def reading_signature(self, account: int, slot: int, registers: tuple[int, int], name: str | None = None) -> bytes:
        return sign(name or f"meter {account}", reading_digest(self.facts, account, slot, *registers))

    def filed(self, offer: BookOffer, filed_at: int, deposit: int) -> "Street":
        """The same with this offer in the inbox."""
        word = filed_offer(offer_hash(self.facts.community, offer), filed_at, deposit)
        offers = {**self.inbox.offers, (offer.account, offer.nonce): word}
        return replace(self, inbox=replace(self.inbox, offers=offers))

    def filed_reading(self, account: int, slot: int, registers: tuple[int, int], utility: bool = False) -> "Street":
        """The same with this reading in the inbox."""
        readings = {**self.inbox.readings, (account, slot, utility): filed_reading(*registers)}
        return replace(self, inbox=replace(self.inbox, readings=readings))

    def posted(self, private: Mapping[int, tuple[bytes, ...]]) -> "Street":
        """The same with other private rows of some accounts, under a settlement of their own."""
        return settled(self, {**self.private, **private})


def row_tree(rows: tuple[bytes, ...]) -> Tree:
    return Tree(np.frombuffer(b"".join(map(keccak, rows)), np.uint8).reshape(-1, 32))


def street(
    seed: int = 0,
    members: int = 6,
    *,
    slots: int = 5,
    at: int = 2,
    rule: int = 0,
    offering: float = 0.8,
    first: int = FIRST,
    last: Street | None = None,
    offers: Mapping[int, BookOffer] | None = None,
    double: int | None = None,
    ghost: int | None = None,
    rowed: int = 10**6,
) -> Street:
    """A street of so many members whose slot number `at` of the period is fully cleared.

    `offers` stand in the place of drawn ones; `double` is an account that gets the leaf of its right neighbour in the
    book, `ghost` a number that does. Only the first `rowed` members have private rows.
    """
    random = np.random.default_rng(seed)
    slot = first + at
    accounts = [4 + i for i in range(members)]
    held = [a for a in accounts if a != 4 or at >= 1]
    order = [int(a) for a in random.permutation(held)]
    drawn = {a: _offer(random, a, first, slots, rule) for a in held if random.random() < offering}
    drawn.update(offers or {})
    curves = _curves([drawn[a].curve if a in drawn else EMPTY for a in order])
    facts = _facts(accounts, first, slots, {a: offer.curve for a, offer in drawn.items()})
    rows, prices = _cleared(random, curves, rule, facts, order)
    leaf_account = list(order)
    if double is not None or ghost is not None:
        place = (order.index(double) + 1) % len(order) if double is not None else 0
        leaf_account[place] = double if double is not None else ghost
    nonces = {a: drawn[a].nonce if a in drawn else -1 for a in held} | ({ghost: -1} if ghost is not None else {})
    salts = {a: random.bytes(32) for a in nonces}
    blind = blinds(
        np.array(leaf_account),
        slot,
        np.array([nonces[a] for a in leaf_account]),
        np.frombuffer(b"".join(salts[a] for a in leaf_account), np.uint8).reshape(-1, 32),
    )
    rows = replace(rows, book_leaf=book_leaves(blind, curves))
    mechanism = Mechanism.MID_MARKET_RATE if rule & MID_MARKET else Mechanism.UNIFORM
    tree = ResultTree(rows, *(Rule(mechanism, price) for price in prices))
    root = Tree(rows.book_leaf).root
    header = Header(
        DOMAIN.separator,
        slot,
        len(order),
        rule,
        (1, 2),
        *TARIFFS,
        FEES,
        *prices,
        tree.tree.sums,
        root,
        tree.root,
        bytes(32),
    )
    headers = tuple(replace(header, slot=first + place).preimage() for place in range(slots))
    digests = np.frombuffer(b"".join(map(keccak, headers)), np.uint8).reshape(-1, 32)
    anchor = Anchor(0, first, slots, first, address("operator"), (first + slots) * SECONDS, Tree(digests).root)
    private = _private(random, facts, accounts[:rowed], first, slots, slot, rows, tuple(leaf_account), last)
    made = Street(
        replace(facts, anchors=(anchor,)),
        anchor,
        Settlement(
            0, 1, first, slots, 4 + members, 0, (first + slots) * SECONDS + 3_600, address("operator"), b"", b""
        ),
        slot,
        rows,
        tree,
        headers,
        tuple(leaf_account),
        nonces,
        salts,
        drawn,
        private,
        None,  # type: ignore[arg-type]
        (),
        last,
    )
    return settled(made, private)


EMPTY = bytes(128) + NO_BUY.to_bytes(8, "big", signed=True) + NO_SELL.to_bytes(8, "big", signed=True)


def settled(street: Street, private: Mapping[int, tuple[bytes, ...]]) -> Street:
    """The street with a pending settlement over these rows."""
    leaves, covers = [], []
    for account in range(street.settlement.accounts):
        rows = private.get(account, ())
        root = row_tree(rows).root if rows else bytes(32)
        cover = 7 * account % 5
        numbers = b"".join(number.to_bytes(8, "big", signed=True) for number in (-account, 0, cover))
        leaves.append(bytes([Tag.PERIOD_LEAF]) + account.to_bytes(4, "big") + numbers + root)
        covers.append(cover)
    hashes = np.frombuffer(b"".join(map(keccak, leaves)), np.uint8).reshape(-1, 32)
    period = SumTree(hashes, np.array(covers)[:, None], neutral=np.zeros(1, np.int64), combine=lambda a, b: a + b)
    posted = replace(street.settlement, cover=sum(covers), period_root=period.root, amounts_hash=keccak(period.root))
    before = street.last.settlement if street.last else None
    facts = replace(street.facts, pending=posted, last=before)
    return replace(street, facts=facts, settlement=posted, private=private, period=period, period_leaves=tuple(leaves))


def _facts(accounts: list[int], first: int, slots: int, curves: Mapping[int, bytes]) -> MarketFacts:
    members, meters = {CLOSED: Member(address("owner 3"), NOBODY, 0, first, 1_000)}, {}
    for a in accounts:
        sides = [abs(wh) for wh in read_curve(curves.get(a, EMPTY)).energy]
        cap = max(sum(sides), 1) + a % 3
        start = first + 1 if a == 4 else first - 1_000
        members[a] = Member(address(f"owner {a}"), address(f"reader {a}"), start, 2**256 - 1, cap)
        meters[a] = (Meter(address(f"meter {a}"), start, 0, 0),)
    institutions = {
        number: Member(address(name), NOBODY, 0, 2**256 - 1, 0)
        for number, name in enumerate(("utility", "network", "reserve"))
    }
    return MarketFacts(
        community=DOMAIN.community_id,
        separator=DOMAIN.separator,
        slot_seconds=SECONDS,
        gate_seconds=GATE,
        window_seconds=WINDOW,
        utility=address("utility"),
        members=institutions | members,
        meters=meters,
    )


def _offer(random: Any, account: int, first: int, slots: int, rule: int) -> BookOffer:
    curve = Curves.empty(1)
    if not rule & NO_AHEAD:
        count = int(random.integers(0, 9))
        limits = np.sort(random.choice(np.arange(-3, 40), count, replace=False)) * 10_000
        buys = int(random.integers(0, count + 1))
        signs = np.where(np.arange(count) < buys, 1, -1)
        curve.energy_wh[0, :count] = signs * random.integers(1, 900, count)
        curve.limit[0, :count] = limits
    if random.random() < 0.8:
        curve.pool_buy[0] = int(random.integers(0, 30)) * 10_000
    if random.random() < 0.8:
        curve.pool_sell[0] = int(random.integers(0, 30)) * 10_000
    nonce = int(random.integers(0, 50))
    return BookOffer(account, first, first + slots - 1, nonce, curve_bytes(curve)[0].tobytes())


def _curves(bound: list[bytes]) -> Curves:
    read = [read_curve(data) for data in bound]
    return Curves(
        np.array([curve.energy for curve in read], np.int64),
        np.array([curve.limit for curve in read], np.int64),
        np.array([curve.pool_buy for curve in read], np.int64),
        np.array([curve.pool_sell for curve in read], np.int64),
    )


def _session(energy: Any, limit: Any, mechanism: Mechanism) -> Any:
    row, step = np.nonzero(energy)
    offers = Offers(row.astype(np.int32), energy[row, step], limit[row, step])
    retail, feed_in = TARIFFS
    if mechanism is Mechanism.UNIFORM:
        clearing = clear_uniform(offers)
    else:
        clearing = clear_mid_market_rate(offers, retail=retail, feed_in=feed_in)
    fill = np.zeros(len(energy), np.int64)
    np.add.at(fill, row, clearing.filled_wh)
    return fill, header_price(mechanism, energy, limit, clearing.price, k=(1, 2), retail=retail, feed_in=feed_in)


def _cleared(random: Any, curves: Curves, rule: int, facts: MarketFacts, order: list[int]) -> Any:
    """Both sessions cleared: rows without book leaves, and the two prices. Use is drawn; a third of the homes is late."""
    mechanism = Mechanism.MID_MARKET_RATE if rule & MID_MARKET else Mechanism.UNIFORM
    ahead, price_ahead = _session(curves.energy_wh, curves.limit, mechanism)
    caps = np.array([facts.member(a).cap_wh for a in order])
    moved = random.integers(-500, 500, len(order))
    late = random.random(len(order)) < 1 / 3
    pool_wh = np.where(late | bool(rule & NO_POOL), 0, np.clip(moved, -caps, caps))
    rows = ResultRows(np.zeros((len(order), 32), np.uint8), curves, pool_wh, ahead, np.zeros(len(order), np.int64))
    pool, price_pool = _session(*rows.pool_steps(), mechanism)
    return replace(rows, fill_pool_wh=pool), (price_ahead, price_pool)


def _private(
    random: Any,
    facts: MarketFacts,
    accounts: list[int],
    first: int,
    slots: int,
    slot: int,
    rows: ResultRows,
    leaf_account: tuple[int, ...],
    last: Street | None,
) -> dict[int, tuple[bytes, ...]]:
    """Rows of all accounts: registers that grow, some gaps, the cleared slot's trades."""
    made: dict[int, tuple[bytes, ...]] = {
        a: tuple(row_bytes(a, s, {}) for s in range(first, first + slots)) for a in range(3)
    }
    for a in accounts:
        registers, gap, data = [int(random.integers(0, 10**6)), int(random.integers(0, 10**6))], 0, []
        if last is not None and a in last.private:
            final = RowProof(last.private[a][-1], ())
            registers, gap = [final.number(53), final.number(61)], final.number(93)
        for s in range(max(first, facts.member(a).from_slot), first + slots):
            numbers: dict[int, int] = {}
            if s == slot and a in leaf_account:
                index = leaf_account.index(a)
                numbers = {13: index, 29: int(rows.fill_ahead_wh[index]), 37: int(rows.fill_pool_wh[index])}
            silent = random.random() < 0.25 and not (s == slot and numbers and rows.pool_wh[numbers[13]])
            late = bool(numbers and rows.pool_wh.any() and not rows.pool_wh[numbers[13]])
            came = AFTER_GAP if gap > 0 else LATE * late
            gap = max(gap, 0) + 1 if silent else came
            if not silent:
                moved = [int(random.integers(0, 900)), int(random.integers(0, 900))]
                registers = [registers[0] + moved[0], registers[1] + moved[1]]
                numbers[45] = moved[0] - moved[1]
            numbers |= {53: registers[0], 61: registers[1], 93: gap}
            data.append(row_bytes(a, s, numbers, random.bytes(32)))
        made[a] = tuple(data)
    return made


# ── In court ──────────────────────────────────────────────────────────────────────────────────────────────────────────

STAND_IN = """
# pragma version ==0.4.3
filed_offer: public(HashMap[address, HashMap[uint256, HashMap[uint256, bytes32]]])
filed_reading: public(HashMap[address, HashMap[uint256, HashMap[uint256, HashMap[bool, uint256]]]])

@external
def set_offer(market: address, account: uint256, nonce: uint256, word: bytes32):
    self.filed_offer[market][account][nonce] = word

@external
def set_reading(market: address, account: uint256, slot: uint256, utility: bool, word: uint256):
    self.filed_reading[market][account][slot][utility] = word
"""
"""A docket that keeps what it is told."""


@cache
def deployer(name: str) -> Any:
    """A contract, compiled once."""
    if name == "stand_in":
        return boa.loads_partial(STAND_IN)
    folder = ROOT / "tests" / "contract" if name == "market_facts" else ROOT / "contracts"
    return boa.load_partial(str(folder / f"{name}.vy"))


def plain(value: Any) -> Any:
    """A value as boa's encoder takes it: structs as tuples, addresses (the only 20 bytes here) as text."""
    if is_dataclass(value):
        value = astuple(value)
    if isinstance(value, (tuple, list)):
        return tuple(plain(part) for part in value)
    return "0x" + value.hex() if isinstance(value, bytes) and len(value) == 20 else value


def reason(error: Any) -> str:
    """The contract's word in a failed call."""
    detail = error.stack_trace.last_frame
    return str(getattr(detail, "pretty_vm_reason", "") or detail)


def new_market() -> Any:
    return deployer("market_facts").deploy(
        DOMAIN.community_id, DOMAIN.separator, SECONDS, GATE, WINDOW, _ZERO, plain(address("utility"))
    )


def tell(market: Any, facts: MarketFacts) -> None:
    """Let the market hold these facts."""
    for anchor in facts.anchors:
        market.set_anchor(plain(anchor), True)
    if facts.pending:
        market.set_pending(plain(facts.pending))
    if facts.last:
        market.set_last(plain(facts.last))
    for account, member in facts.members.items():
        market.set_member(account, plain(member))
    for account, meters in facts.meters.items():
        market.clear_meters(account)
        for meter in meters:
            market.add_meter(account, plain(meter))
    for slot in facts.void_slots:
        market.set_void(slot, True)


@dataclass(frozen=True)
class BookRoom:
    """A BookCourt beside a market and a docket that hold what they are told."""

    court: Any
    market: Any
    docket: Any
    watcher: str

    def tell(self, street: Street) -> None:
        tell(self.market, street.facts)
        for (account, nonce), word in street.inbox.offers.items():
            self.docket.set_offer(self.market, account, nonce, word)
        for (account, slot, utility), number in street.inbox.readings.items():
            self.docket.set_reading(self.market, account, slot, utility, number)

    def call(self, function: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
        """The reason of a refusal, or (kind, offender, slot) of the conviction; nothing else may change."""
        before = self.market.convicted()
        try:
            getattr(self.court, function)(self.market, *map(plain, arguments), sender=self.watcher)
        except boa.BoaError as error:
            assert self.market.convicted() == before
            return reason(error), None
        assert self.market.convicted() == before + 1
        court, kind, offender, challenger, slot = self.market.convictions(before)
        assert (court, challenger) == (self.court.address, self.watcher)
        return "", (kind, bytes.fromhex(str(offender)[2:]), slot)

    def both(self, street: Street, function: str, *arguments: Any) -> tuple[str, Any]:
        """The verdict, which contract and twin must share."""
        reason, kind = judge(street, function, arguments)
        refused, conviction = self.call(function, arguments)
        assert (refused, conviction and conviction[0]) == (reason, kind), function
        return refused, conviction


def judge(street: Street, function: str, arguments: tuple[Any, ...]) -> tuple[str, int | None]:
    """The twin's verdict: the reason of a refusal, or the kind of the conviction."""
    from sunfair.settlement.court import book as twin

    needs: dict[str, tuple[Any, ...]] = {
        "refute_receipt": (signer,),
        "refute_promise": (signer,),
        "refute_filed_offer": (street.inbox,),
        "refute_filed_reading": (street.inbox,),
        "refute_unpooled_reading": (street.inbox,),
    }
    try:
        return "", int(getattr(twin, function)(street.facts, *needs.get(function, ()), *arguments))
    except EvidenceRefused as refused:
        return refused.reason, None


@contextmanager
def fresh_chain() -> Iterator[None]:
    """What happens on it is undone, the clock too. Contracts get the same addresses again: forget what lay there."""
    before = boa.env.timestamp
    boa.env.sstore_trace.clear()
    with boa.env.anchor():
        yield
    boa.env.timestamp = before


def open_room() -> BookRoom:
    """A fresh court, market and docket."""
    docket = deployer("stand_in").deploy()
    return BookRoom(deployer("BookCourt").deploy(docket), new_market(), docket, boa.env.generate_address("watcher"))


def intrinsic(calldata: bytes) -> int:
    """Gas of a transaction before its first instruction."""
    return 21_000 + sum(16 if byte else 4 for byte in calldata)


def gas(contract: Any, function: str, *arguments: Any, **keywords: Any) -> int:
    """Gas of one transaction: its base, calldata (at least the floor of EIP-7623) and execution without refunds.

    Places touched by a call before count as warm: a node takes up to 2,500 more for each contract, 2,000 for each word.
    """
    method = getattr(contract, function)
    values = tuple(map(plain, arguments))
    calldata = method.prepare_calldata(*values)
    method(*values, **keywords)
    spent = intrinsic(calldata) + contract._computation.get_gas_used()
    return max(spent, 21_000 + sum(40 if byte else 10 for byte in calldata))


CLEAN = "court: not false"
"""The reason where all evidence proves and nothing is false."""
