"""What is false in an account's rows and leaf, or in the period tree, and the evidence for it.

An account (its reader, the utility) is handed its rows and its leaf; everything else it takes from what is public. The
search makes every call of RowCourt that this allows and keeps those that convict, so it finds what the court can see.
What was handed over and does not lead to the posted root is no evidence: it has to be demanded.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from sunfair.settlement.amounts import chunk_proof
from sunfair.settlement.court import rows as court
from sunfair.settlement.court.facts import Anchor, MarketFacts, Settlement
from sunfair.settlement.court.proofs import LANE_MAX, Evidence, EvidenceRefused, SumStep, Words, read_header, signed
from sunfair.settlement.court.rows import NOWHERE, ROW_BYTES, RowAt, before_row, is_placed, part_of
from sunfair.settlement.court.rows_rule import Prices, RowNumbers, row_fault, row_prices
from sunfair.settlement.hashing import ZERO_HASH, Tag, keccak
from sunfair.settlement.tree import SumProof, Tree, depth

__all__ = [
    "CoverTree",
    "HandedRows",
    "PublicRow",
    "ShownSlot",
    "cover_path",
    "find_cover_faults",
    "find_leaf_faults",
    "find_network_faults",
    "find_row_faults",
]

_COURT = "RowCourt"
_NOTHING: Words = (0, 0, 0, 0)
_STEP = 40

Node = tuple[int, int]
"""Level of the period tree, 0 for the leaves, and place in it."""


# --- what one has in hand --------------------------------------------------------------------------------------------


def cover_path(proof: SumProof) -> bytes:
    """A path of the period tree as the court takes it: 40 bytes a step, the sibling's hash and its cover."""
    return b"".join(node + int(cover[0]).to_bytes(8, "big", signed=True) for node, cover in proof.siblings)


@dataclass(frozen=True, slots=True)
class PublicRow:
    """A public row in its place: the sums its parent states for it, its 200 bytes, and its path to the result root."""

    stated: Words = _NOTHING
    row: bytes = b""
    siblings: tuple[SumStep, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownSlot:
    """What is public of a slot: its anchor; unless void its header under that, and its rows by their place."""

    anchor: Anchor
    header: bytes = b""
    path: tuple[bytes, ...] = ()
    public: Callable[[int], PublicRow] = lambda _: PublicRow()

    @property
    def place(self) -> tuple[Anchor, bytes, tuple[bytes, ...]]:
        """Anchor, header and path, as every call takes them."""
        return self.anchor, self.header, self.path


@dataclass(frozen=True)
class HandedRows:
    """What an account was handed of one settlement: its leaf, the cover stated for it, its path, and the rows."""

    settlement: Settlement
    account: int
    leaf: bytes
    leaf_path: bytes
    rows: tuple[bytes, ...]
    stated: int | None = None

    @cached_property
    def tree(self) -> Tree:
        """The tree over the rows."""
        return Tree(np.frombuffer(b"".join(map(keccak, self.rows)), np.uint8).reshape(-1, 32))

    @property
    def top(self) -> bytes:
        """The node under the rows root."""
        return bytes(self.tree.levels[-1][0])

    def path(self, index: int) -> tuple[bytes, ...]:
        """The path of row number `index`."""
        return self.tree.proof(index).siblings

    def at(self, slot: int, index: int) -> RowAt:
        """The row number `index` as the one of `slot`."""
        place = self.settlement, self.account, slot
        return RowAt(*place, self.leaf, self.leaf_path, self.rows[index], self.path(index))

    def before(self, index: int) -> RowAt:
        """The row before number `index` ≥ 1, as evidence beside that one."""
        return replace(NOWHERE, row=self.rows[index - 1], row_path=self.path(index - 1))


# --- rows ------------------------------------------------------------------------------------------------------------


def find_row_faults(
    facts: MarketFacts,
    own: HandedRows,
    shown: Callable[[int], ShownSlot],
    earlier: HandedRows | None = None,
) -> Iterator[Evidence]:
    """The false rows of a member, slot by slot; none if all are true. Any one of them convicts.

    `shown` gives what is public of a slot, `earlier` what the account was handed of the settlement applied last.
    """
    yield from _count_faults(facts, own)
    part = part_of(facts, own.settlement, own.account)
    if len(own.rows) != part.count:
        return
    for index in range(part.count):
        slot = part.start + index
        previous = own.before(index) if index else _last(facts, earlier)
        yield from _slot_faults(facts, own.at(slot, index), previous, shown(slot))


def _last(facts: MarketFacts, earlier: HandedRows | None) -> RowAt:
    if earlier is None or not earlier.rows:
        return NOWHERE
    part = part_of(facts, earlier.settlement, earlier.account)
    return earlier.at(part.start + part.count - 1, len(earlier.rows) - 1)


def _slot_faults(facts: MarketFacts, at: RowAt, previous: RowAt, slot: ShownSlot) -> Iterator[Evidence]:
    told = f"account {at.account}, slot {at.slot}: "
    if facts.is_void(slot.anchor, at.slot):
        index = facts.terms_at(at.slot)
        if index is not None:
            terms = facts.terms[index]
            arguments = (at, previous, slot.anchor, index, terms)
            for found in _tried(facts, "refute_void_row", arguments, told):
                yield replace(found, what=told + _row_fault(facts, at, previous, Prices(*terms.tariffs_at(at.slot))))
        return
    for found in _tried(facts, "refute_row", (at, previous, *slot.place), told):
        prices = row_prices(read_header(slot.header))
        yield replace(found, what=told + _row_fault(facts, at, previous, prices))
    leaf = signed(at.row, 13) if len(at.row) == ROW_BYTES else -1
    public = slot.public(leaf) if leaf >= 0 else PublicRow()
    beside = (at, *slot.place, public.stated, public.row, public.siblings)
    yield from _tried(facts, "refute_row_trade", beside, told + "the row is unlike the public result")


def _row_fault(facts: MarketFacts, at: RowAt, previous: RowAt, prices: Prices) -> str:
    """What a false row says, and what was due."""
    if not is_placed(at.row, at.account, at.slot):
        return "the row is not of this account and slot"
    before = before_row(facts, at, part_of(facts, at.settlement, at.account), previous)
    return row_fault(RowNumbers.read(at.row), before, prices) or "the row names a leaf or a trade in a void slot"


def find_network_faults(facts: MarketFacts, own: HandedRows, shown: Callable[[int], ShownSlot]) -> Iterator[Evidence]:
    """The false rows of the network, slot by slot: for anyone, nothing in them is private."""
    yield from _count_faults(facts, own)
    if len(own.rows) != own.settlement.slots:
        return
    for index in range(own.settlement.slots):
        slot = own.settlement.first_slot + index
        before = own.before(index) if index else NOWHERE
        arguments = (own.at(slot, index), before.row, before.row_path, *shown(slot).place)
        yield from _tried(facts, "refute_network_row", arguments, f"slot {slot}: the network's row")


def _count_faults(facts: MarketFacts, own: HandedRows) -> Iterator[Evidence]:
    if own.rows:
        arguments = (own.settlement, own.account, own.leaf, own.leaf_path, own.tree.count, own.top)
        told = f"account {own.account}: {len(own.rows)} rows are not one for each of its slots"
        yield from _tried(facts, "refute_rows_root", arguments, told)


# --- leaf ------------------------------------------------------------------------------------------------------------


def find_leaf_faults(facts: MarketFacts, own: HandedRows, words: Sequence[int]) -> Iterator[Evidence]:
    """What is false in an account's leaf; `words` are the posted amounts. The rows it rests on are looked at apart."""
    proof = chunk_proof(words, own.account)
    posted = b"".join(word.to_bytes(32, "big") for word in proof.words), b"".join(proof.hashes)
    stated = own.stated if own.stated is not None else int.from_bytes(own.leaf[21:29], "big")
    place = own.settlement, own.account, stated, own.leaf, own.leaf_path
    told = f"account {own.account}: the leaf of the period"
    last = (own.rows[-1], own.path(len(own.rows) - 1)) if own.rows else (b"", ())
    yield from _tried(facts, "refute_leaf", (*place, *last, *posted), told)
    yield from _range_faults(facts, own, stated)


def _range_faults(facts: MarketFacts, own: HandedRows, stated: int) -> Iterator[Evidence]:
    """A cover out of range on the path of a leaf: the node above shows it, and no leaf below can be shown."""
    steps = [own.leaf_path[at : at + _STEP] for at in range(0, len(own.leaf_path), _STEP)]
    if max([stated, *(signed(step, 32) % 2**64 for step in steps)]) < LANE_MAX:
        return
    node, cover = keccak(own.leaf), stated
    for level, step in enumerate(steps):
        pair = [(node, cover), (step[:32], signed(step, 32) % 2**64)]
        pair = pair[::-1] if own.account >> level & 1 else pair
        node, cover = _parent(pair), _sum(pair)
        above = (level + 1, own.account >> level + 1, cover, b"".join(map(_step, pair)), b"".join(steps[level + 1 :]))
        told = f"a node above account {own.account} has a cover out of range below it"
        yield from _tried(facts, "refute_cover_node", (own.settlement, *above), told)


# --- cover -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CoverTree:
    """The period tree as far as it is known: the leaves' hashes with the cover stated for each, in order of accounts.

    stated : the cover stated for a node, where it was published; hashes : its hash, likewise; the rest is computed
    count : the number that stands in the root's preimage; None: that of the leaves
    """

    leaves: Sequence[tuple[bytes, int]]
    stated: Mapping[Node, int] = field(default_factory=dict)
    hashes: Mapping[Node, bytes] = field(default_factory=dict)
    count: int | None = None

    def levels(self) -> list[list[tuple[bytes, int]]]:
        """Hash and stated cover of every node, padding included, from the leaves up."""
        padding = (1 << depth(len(self.leaves))) - len(self.leaves)
        level = [self._node((0, at), *leaf) for at, leaf in enumerate([*self.leaves, *[(ZERO_HASH, 0)] * padding])]
        levels = [level]
        while len(level) > 1:
            pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
            level = [self._node((len(levels), at), _parent(pair), _sum(pair)) for at, pair in enumerate(pairs)]
            levels.append(level)
        return levels

    def _node(self, node: Node, made: bytes, cover: int) -> tuple[bytes, int]:
        return self.hashes.get(node, made), self.stated.get(node, cover)


def _step(node: tuple[bytes, int]) -> bytes:
    return node[0] + (node[1] % 2**64).to_bytes(8, "big")


def _parent(pair: Sequence[tuple[bytes, int]]) -> bytes:
    return keccak(bytes([Tag.SUM_NODE]) + _step(pair[0]) + _step(pair[1]))


def _sum(pair: Sequence[tuple[bytes, int]]) -> int:
    return (pair[0][1] + pair[1][1]) % 2**64


def find_cover_faults(facts: MarketFacts, settlement: Settlement, tree: CoverTree) -> Iterator[Evidence]:
    """What is false in the period tree, topmost first: its root, a node's sum, a leaf behind the last account."""
    levels = tree.levels()
    (top, cover), count = levels[-1][0], len(tree.leaves) if tree.count is None else tree.count
    told = f"the period root binds {count} accounts and {cover} µ of cover"
    yield from _tried(facts, "refute_period_root", (settlement, count, top, cover), told)
    for level in range(len(levels) - 1, -1, -1):
        for index, (node, stated) in enumerate(levels[level]):
            if level == 0 and index < settlement.accounts:
                continue
            path = b"".join(_step(levels[up][(index >> up - level) ^ 1]) for up in range(level, len(levels) - 1))
            below = levels[level - 1][2 * index : 2 * index + 2] if level else []
            children = b"".join(map(_step, below)) or node
            told = f"node {level, index} of the period tree states {stated} µ of cover"
            yield from _tried(facts, "refute_cover_node", (settlement, level, index, stated, children, path), told)


def _tried(facts: MarketFacts, function: str, arguments: tuple[Any, ...], what: str) -> Iterator[Evidence]:
    """The call as evidence, if it convicts."""
    try:
        kind = getattr(court, function)(facts, *arguments)
    except EvidenceRefused:
        return
    yield Evidence(_COURT, function, arguments, int(kind), what)
