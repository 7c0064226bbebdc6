"""Honest slots for the courts' tests, cleared by the market itself, and ways to spoil what an operator publishes of them.

Not a test: the files beside it import it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass, is_dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import vault_world
from hypothesis import strategies as st
from pyrevm import EVM, Env

from sunfair.chain.abi import decode, encode, revert_reason
from sunfair.market import Offers, clear_mid_market_rate, clear_uniform
from sunfair.model import Curves, Fees, Mechanism
from sunfair.settlement import (
    Header,
    ResultRows,
    ResultTree,
    Rule,
    Tree,
    blinds,
    book_leaves,
    header_price,
    keccak,
)
from sunfair.settlement.court import (
    Anchor,
    AuctionPlace,
    Evidence,
    EvidenceRefused,
    MarketFacts,
    PublishedAuction,
    Terms,
    find_auction_faults,
)
from sunfair.settlement.court import auction as twin
from sunfair.settlement.court.auction import row_words
from sunfair.settlement.court.proofs import (
    Words,
    joined,
    lanes,
    read_header,
    read_words,
    result_leaf,
    sum_node,
    sum_top,
    words,
)
from sunfair.units import NO_BUY, NO_SELL, STEPS_MAX

MID_MARKET, NO_AHEAD, NO_POOL = 1, 2, 4
SMALL = 20
DOMAIN = keccak(b"a market on a chain")
SLOT = 1_628_880
FEES = Fees()


# ── An honest slot ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Slot:
    """A slot as an honest operator clears and publishes it."""

    rows: ResultRows
    blind: Any
    header: Header

    @property
    def published(self) -> PublishedAuction:
        """All of it; the nodes' sums are left to be computed."""
        rows = tuple(row.tobytes() for row in self.rows.public_bytes())
        return PublishedAuction(self.header.preimage(), rows, book=tuple(row[:32] for row in rows))


def clear(
    curves: Curves,
    pool_wh: Any,
    *,
    rule: int = 0,
    k: tuple[int, int] = (1, 2),
    tariffs: tuple[int, int] = (30, 7),
    slot: int = SLOT,
) -> Slot:
    """The market's own clearing of these curves and pool quantities."""
    size = curves.size
    blind = blinds(np.arange(3, 3 + size), slot, np.full(size, 1), _salts(size))
    rows = ResultRows(book_leaves(blind, curves), curves, np.asarray(pool_wh, np.int64), *np.zeros((2, size), np.int64))
    mechanism = Mechanism.MID_MARKET_RATE if rule & MID_MARKET else Mechanism.UNIFORM
    ahead, price_ahead = _session(curves.energy_wh, curves.limit, mechanism, k, tariffs)
    pool, price_pool = _session(*rows.pool_steps(), mechanism, k, tariffs)
    rows = replace(rows, fill_ahead_wh=ahead, fill_pool_wh=pool)
    tree = ResultTree(rows, Rule(mechanism, price_ahead, k), Rule(mechanism, price_pool, k))
    root = Tree(rows.book_leaf).root
    sums = tree.tree.sums
    header = Header(
        DOMAIN, slot, size, rule, k, *tariffs, FEES, price_ahead, price_pool, sums, root, tree.root, bytes(32)
    )
    return Slot(rows, blind, header)


def _salts(size: int) -> Any:
    return np.arange(size * 32, dtype=np.uint32).astype(np.uint8).reshape(size, 32)


def _session(energy: Any, limit: Any, mechanism: Mechanism, k: tuple[int, int], tariffs: tuple[int, int]) -> Any:
    row, step = np.nonzero(energy)
    offers = Offers(row.astype(np.int32), energy[row, step], limit[row, step])
    retail, feed_in = tariffs
    if mechanism is Mechanism.UNIFORM:
        clearing = clear_uniform(offers, k=k)
    else:
        clearing = clear_mid_market_rate(offers, retail=retail, feed_in=feed_in)
    fill = np.zeros(len(energy), np.int64)
    np.add.at(fill, row, clearing.filled_wh)
    return fill, header_price(mechanism, energy, limit, clearing.price, k=k, retail=retail, feed_in=feed_in)


@st.composite
def slots(draw: Any, *, largest: int = 40, rule: int | None = None) -> Slot:
    """Slots of up to `largest` members with many ties, negative limits and tariffs, nothing offered, no pool."""
    seed = draw(st.integers(0, 2**32 - 1))
    size = draw(st.integers(1, largest))
    if rule is None:
        rule = draw(st.sampled_from([0, 0, MID_MARKET, NO_POOL])) if size >= SMALL else MID_MARKET | NO_AHEAD
    energies = draw(st.sampled_from([4, 1_000, 10**9]))
    limits = draw(st.sampled_from([(14, 21), (-6, 40), (-(10**9), 10**9)]))
    offering = draw(st.sampled_from([0.0, 0.2, 0.9]))
    k = draw(st.sampled_from([(1, 2), (0, 1), (1, 1), (1, 3), (617, 1_000)]))
    tariffs = draw(st.sampled_from([(30, 7), (25, 20), (10, -11), (-3, -8), (0, 0), (10**9, -(10**9)), (19, 18)]))
    return made(seed, size, rule=rule, k=k, tariffs=tariffs, energies=energies, limits=limits, offering=offering)


def made(
    seed: int,
    size: int,
    *,
    rule: int = 0,
    k: tuple[int, int] = (1, 2),
    tariffs: tuple[int, int] = (30, 7),
    energies: int = 1_000,
    limits: tuple[int, int] = (-6, 40),
    offering: float = 0.9,
    steps: int = STEPS_MAX,
    slot: int = SLOT,
) -> Slot:
    """A slot whose offers are drawn from a seeded generator."""
    random = np.random.default_rng(seed)
    curves = Curves.empty(size)
    pool_wh = np.zeros(size, np.int64)
    for home in range(size):
        if random.random() < offering and not rule & NO_AHEAD:
            _draw_curve(random, curves, home, energies, limits, steps)
        if random.random() < offering:
            curves.pool_buy[home] = random.integers(*limits, endpoint=True) if random.random() < 0.9 else NO_BUY
            curves.pool_sell[home] = random.integers(*limits, endpoint=True) if random.random() < 0.9 else NO_SELL
        if random.random() < offering and not rule & NO_POOL:
            pool_wh[home] = random.integers(-energies, energies, endpoint=True)
    return clear(curves, pool_wh, rule=rule, k=k, tariffs=tariffs, slot=slot)


def _draw_curve(random: Any, curves: Curves, home: int, energies: int, limits: tuple[int, int], steps: int) -> None:
    chosen = np.unique(random.integers(*limits, random.integers(1, steps, endpoint=True), endpoint=True))
    cut = random.integers(0, len(chosen), endpoint=True)
    sign = np.where(np.arange(len(chosen)) < cut, 1, -1)
    order = random.permutation(len(chosen))
    curves.energy_wh[home, : len(chosen)] = (sign * random.integers(1, energies, len(chosen), endpoint=True))[order]
    curves.limit[home, : len(chosen)] = chosen[order]


def street(*steps: tuple[int, int], pool: tuple[tuple[int, int], ...] = (), size: int = SMALL, rule: int = 0) -> Slot:
    """One home per step (Wh, limit), then one per pool quantity at its standing limit, then homes that offer nothing."""
    curves = Curves.empty(size)
    pool_wh = np.zeros(size, np.int64)
    for home, (energy, limit) in enumerate(steps):
        curves.energy_wh[home, 0], curves.limit[home, 0] = energy, limit
    for home, (energy, limit) in enumerate(pool, start=len(steps)):
        pool_wh[home] = energy
        (curves.pool_buy if energy > 0 else curves.pool_sell)[home] = limit
    return clear(curves, pool_wh, rule=rule)


# ── Under an anchor ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Case:
    """What an operator anchored and published of one slot, and the market that holds it."""

    facts: MarketFacts
    place: AuctionPlace
    published: PublishedAuction

    @property
    def start(self) -> tuple[Any, ...]:
        return self.place.anchor, self.published.header, self.place.path


def terms_of(header: Header) -> Terms:
    """The terms an honest header follows: set for its slot alone, one slot before and one after it."""
    pairs = ((header.retail + 1, header.feed_in), (header.retail, header.feed_in), (header.retail, header.feed_in - 1))
    tariffs = b"".join(price.to_bytes(8, "big", signed=True) for pair in pairs for price in pair)
    shares = header.fees.seller_bps, header.fees.utility_bps, header.fees.network_bps
    return Terms(header.slot - 1, header.slot + 1, header.rule, *header.k, *shares, tariffs)


def anchored(
    slot: Slot, published: PublishedAuction | None = None, *, slots: int = 5, at: int = 3, operator: bytes = b"o" * 20
) -> Case:
    """The slot's header at place `at` of an anchor over `slots` headers."""
    published = published or slot.published
    digests = [keccak(bytes([number % 256])) for number in range(slots)]
    digests[at] = keccak(published.header)
    tree = Tree(np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32))
    anchor = Anchor(0, slot.header.slot - at, slots, slot.header.slot - at, operator, 1_465_941_600, tree.root)
    before = replace(terms_of(slot.header), first_slot=slot.header.slot - 9, last_slot=slot.header.slot - 5, rule=7)
    after = replace(before, first_slot=slot.header.slot + 2, last_slot=slot.header.slot + 2)
    facts = MarketFacts(separator=DOMAIN, anchors=(anchor,), terms=(before, terms_of(slot.header), after))
    return Case(facts, AuctionPlace(anchor, slot.header.slot, tree.proof(at).siblings), published)


# ── Spoiled by its operator ───────────────────────────────────────────────────────────────────────────────────────────


NOTHING: Mapping[Any, Any] = MappingProxyType({})


def bind(
    slot: Slot,
    *,
    rows: Mapping[int, bytes] = NOTHING,
    stated: Mapping[tuple[int, int], Words] = NOTHING,
    hashes: Mapping[tuple[int, int], bytes] = NOTHING,
    change: Callable[[Header], Header] = lambda header: header,
    sums: bool = True,
) -> PublishedAuction:
    """The publication of an operator that builds its whole tree over falsified rows, node sums and padding.

    The header is made to fit: result root, and (unless `sums` is False) the root's sums; `change` then falsifies it.
    """
    spoiled = tuple(rows.get(index, row) for index, row in enumerate(slot.published.rows))
    levels = tree_levels(slot, spoiled, stated, hashes)
    top, total = levels[-1][0]
    header = replace(slot.header, result_root=sum_top(len(spoiled), top, total))
    if sums:
        header = replace(header, sums=numbers(total))
    full = {(level, at): own for level, nodes in enumerate(levels) for at, (_, own) in enumerate(nodes)}
    return PublishedAuction(change(header).preimage(), spoiled, full, hashes, slot.published.book)


def numbers(sums: Words) -> Any:
    """The sixteen numbers of four words, int64[16]."""
    return np.frombuffer(b"".join(word.to_bytes(32, "big") for word in sums), ">i8").astype(np.int64)


def put(data: bytes, at: int, value: int) -> bytes:
    """The bytes with the i8 at `at` replaced."""
    return data[:at] + value.to_bytes(8, "big", signed=True) + data[at + 8 :]


def add(sums: Words, lane: int, more: int) -> Words:
    """Four words with something added to one of the sixteen lanes; a lane wraps within itself."""
    changed = list(lanes(sums))
    changed[lane] = (changed[lane] + more) % 2**64
    return words(changed)


def as_if(slot: Slot, rows: Mapping[int, bytes], **prices: int) -> PublishedAuction:
    """What an operator publishes that tells these rows and prices for true, and states everything to fit them.

    Only the rule itself can then refute it: no sum is unlike another.
    """
    header = replace(slot.header, sums=np.zeros(16, np.int64), **prices)
    spoiled = tuple(rows.get(index, row) for index, row in enumerate(slot.published.rows))
    for _ in range(2):  # which side of the group at p counts as accepted follows from the totals
        fields = read_header(header.preimage())
        stated = {(0, index): words(lanes(row_words(fields, row)[0])) for index, row in enumerate(spoiled)}
        published = bind(replace(slot, header=header), rows=rows, stated=stated)
        header = Header.decode(published.header)
    return published


def tree_levels(
    slot: Slot,
    rows: tuple[bytes, ...],
    stated: Mapping[tuple[int, int], Words],
    hashes: Mapping[tuple[int, int], bytes],
) -> list[list[tuple[bytes, Words]]]:
    """Hash and stated sums of every node: as falsified, else as they follow; rows keep the honest rows' sums."""
    tree = ResultTree(slot.rows, slot.header.ahead, slot.header.pool).tree
    leaves, sums = tree.levels[0]
    level: list[tuple[bytes, Words]] = []
    for index in range(len(leaves)):
        made = result_leaf(rows[index]) if index < len(rows) else bytes(32)
        own = read_words(sums[index].astype(">i8").tobytes())
        level.append((hashes.get((0, index), made), stated.get((0, index), own)))
    levels = [level]
    while len(level) > 1:
        pairs = [(*level[at], *level[at + 1]) for at in range(0, len(level), 2)]
        height = len(levels)
        level = [
            (hashes.get((height, at), sum_node(*pair)), stated.get((height, at), joined(pair[1], pair[3])))
            for at, pair in enumerate(pairs)
        ]
        levels.append(level)
    return levels


# ── In court ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def compiled(name: str) -> tuple[dict[str, Any], bytes]:
    """Functions by name, and creation code, of a contract as its source stands."""
    abi, code = vault_world.compiled(name)
    return {entry["name"]: entry for entry in abi if entry["type"] == "function"}, code


def calldata(name: str, function: str, arguments: tuple[Any, ...]) -> bytes:
    """A call of a contract's function, as a transaction carries it."""
    types = [_kind(part) for part in compiled(name)[0][function]["inputs"]]
    return keccak(f"{function}({','.join(types)})".encode())[:4] + encode(types, [plain(part) for part in arguments])


def _kind(part: dict[str, Any]) -> str:
    if not part["type"].startswith("tuple"):
        return str(part["type"])
    return f"({','.join(_kind(inner) for inner in part['components'])}){part['type'][5:]}"


@dataclass(frozen=True)
class Verdict:
    """What a court said: the reason of a refusal, or the kind of the conviction; and the gas of the transaction."""

    reason: str
    kind: int | None
    gas: int = 0

    @property
    def said(self) -> tuple[str, int | None]:
        return self.reason, self.kind


class Courtroom:
    """An AuctionCourt beside a market that holds whatever facts it is told, on revm under Prague's rules."""

    def __init__(self, court: str = "AuctionCourt") -> None:
        self.name = court
        self.evm = EVM(Env(), gas_limit=2**40, spec_id="PRAGUE")
        self.watcher = b"w" * 20
        self.court = self._deploy(court)
        setup = encode(
            ["bytes32", "bytes32", "uint256", "uint256", "uint256", "address", "address"],
            [bytes(32), DOMAIN, 900, 300, 86_400, bytes(20), bytes(20)],
        )
        self.market = self._deploy("market_facts", setup)
        self.told: MarketFacts | None = None
        self.fresh = self.evm.snapshot()

    def _deploy(self, name: str, arguments: bytes = b"") -> bytes:
        return bytes.fromhex(self.evm.deploy(_hex(self.watcher), compiled(name)[1] + arguments)[2:])

    def _call(self, to: bytes, name: str, function: str, *arguments: Any) -> bytes:
        self.evm.reset_transient_storage()
        return bytes(self.evm.message_call(_hex(self.watcher), _hex(to), calldata(name, function, arguments)))

    def tell(self, facts: MarketFacts) -> None:
        """Let the market hold these facts, and nothing of what it was told before."""
        if facts is self.told:
            return
        self.evm.revert(self.fresh)
        self.fresh = self.evm.snapshot()
        for anchor in facts.anchors:
            self._call(self.market, "market_facts", "set_anchor", anchor, True)
        for terms in facts.terms:
            self._call(self.market, "market_facts", "add_terms", *plain(terms))
        for slot in facts.void_slots:
            self._call(self.market, "market_facts", "set_void", slot, True)
        self.told = facts

    def call(self, function: str, arguments: tuple[Any, ...]) -> Verdict:
        """Call the court; a conviction is read from the market and undone."""
        before = self.evm.snapshot()
        try:
            self._call(self.court, self.name, function, self.market, *arguments)
        except RuntimeError as error:
            self.evm.revert(before)
            return Verdict(refusal(str(error)), None)
        used = int(self.evm.result.gas_used)
        count = int.from_bytes(self._call(self.market, "market_facts", "convicted"), "big")
        record = self._call(self.market, "market_facts", "convictions", 0)
        self.evm.revert(before)
        court, kind, offender, challenger, slot = decode(["address"] + 4 * ["bytes32"], record)
        anchor = arguments[0]
        assert count == 1
        assert (court, challenger[12:], offender[12:]) == (self.court, self.watcher, anchor.operator)
        assert anchor.first_slot <= int.from_bytes(slot, "big") < anchor.first_slot + anchor.slots
        return Verdict("", int.from_bytes(kind, "big"), used)

    def both(self, facts: MarketFacts, function: str, arguments: tuple[Any, ...]) -> tuple[str, int | None]:
        """The verdict, which contract and twin must share."""
        self.tell(facts)
        ours = judge(facts, function, arguments)
        assert self.call(function, arguments).said == ours, function
        return ours


def refusal(text: str) -> str:
    """The contract's word in revm's account of a failed call."""
    found = re.search(r"output: 0x([0-9a-f]*)", text)
    assert found, text
    return revert_reason(bytes.fromhex(found[1]))


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def judge(facts: MarketFacts, function: str, arguments: tuple[Any, ...]) -> tuple[str, int | None]:
    """The twin's verdict: the reason of a refusal, or the kind of the conviction."""
    try:
        return "", int(getattr(twin, function)(facts, *arguments))
    except EvidenceRefused as refused:
        return refused.reason, None


def plain(value: Any) -> Any:
    """A value as an ABI encoder takes it: structs as tuples."""
    return astuple(value) if is_dataclass(value) and not isinstance(value, type) else value


@cache
def courtroom() -> Courtroom:
    """The one court of a test run."""
    return Courtroom()


def faults(case: Case) -> list[Evidence]:
    """All that the search finds."""
    return list(find_auction_faults(case.facts, case.place, case.published))


def convicted(case: Case) -> Evidence:
    """The topmost false thing; contract and twin both convict for it."""
    first = next(find_auction_faults(case.facts, case.place, case.published))
    assert courtroom().both(case.facts, first.function, first.arguments) == ("", int(first.kind)), first.what
    return first


def every_call(case: Case, slot: Slot) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every call of the court on every row, node, padding and leaf of a slot that leads to its root."""
    published, count = case.published, len(case.published.rows)
    levels = tree_levels(slot, tuple(published.rows), published.stated, published.hashes)
    book = Tree(np.frombuffer(b"".join(published.book), np.uint8).reshape(-1, 32))
    top, sums = levels[-1][0]
    index = case.facts.terms_at(case.place.slot)
    yield "refute_header", (*case.start, case.place.slot)
    yield "refute_terms", (*case.start, index, case.facts.terms[index])
    yield "refute_root", (*case.start, 0, count, top, sums)
    yield "refute_root", (*case.start, 1, count, book.levels[-1][0].tobytes(), sums)
    for level, nodes in enumerate(levels):
        for at, (node, stated) in enumerate(nodes):
            above = tuple(levels[high][(at >> high - level) ^ 1] for high in range(level, len(levels) - 1))
            yield "refute_padding", (*case.start, level, at, node, stated, above)
            if level:
                children = (*levels[level - 1][2 * at], *levels[level - 1][2 * at + 1])
                yield "refute_node", (*case.start, level, at, stated, *children, above)
            elif at < count:
                leaf = (*case.start, at, stated, published.rows[at], above)
                yield "refute_row", leaf
                yield "refute_book_leaf", (*leaf, published.book[at], book.proof(at).siblings)
                yield "refute_curve", (*leaf, slot.blind[at].tobytes(), published.rows[at][32:176])
