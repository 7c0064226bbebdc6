"""What is false in a slot's public part, and the evidence for it: topmost first, each refutable by itself.

What an operator publishes may be false in any node of the result tree, so the search takes what nodes state as it was
published, and computes the rest. A false thing counts where everything above it is true; what stands below another
false node cannot be proved, nor need it be.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sunfair.settlement.court.auction import (
    BOOK,
    RESULT,
    header_fault,
    padding_node,
    row_fault,
    row_words,
    terms_fault,
)
from sunfair.settlement.court.facts import Anchor, MarketFacts
from sunfair.settlement.court.proofs import (
    LANE_MAX,
    NEUTRAL,
    Evidence,
    EvidenceRefused,
    HeaderFields,
    Kind,
    SumStep,
    Words,
    joined,
    lanes,
    read_header,
    result_leaf,
    sum_node,
    sum_top,
    words,
)
from sunfair.settlement.hashing import ZERO_HASH
from sunfair.settlement.tree import Tree, depth

__all__ = [
    "AuctionPlace",
    "PublishedAuction",
    "RowProof",
    "book_leaf_evidence",
    "curve_evidence",
    "find_auction_faults",
    "row_proof",
    "row_proofs",
]

_COURT = "AuctionCourt"
_NOTHING: Words = (0, NEUTRAL, 0, NEUTRAL)

Node = tuple[int, int]

RowProof = tuple[Words, bytes, tuple[SumStep, ...]]
"""What a row's parent states of it, its 200 bytes, and its path to the result root."""
"""Level, 0 for the leaves, and place in it."""


@dataclass(frozen=True, slots=True)
class AuctionPlace:
    """Where a header hangs: the anchor, the slot of that place, and the sibling hashes up to the anchor's root."""

    anchor: Anchor
    slot: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PublishedAuction:
    """What an operator published of a slot.

    header : its 324 bytes; rows : 200 bytes each, in leaf order
    stated : what a parent (at the top: the root) states of a node, where it was published; the rest is computed
    hashes : the hash of a node, where it was published; needed only where it is not what stands below it gives
    book : the book's leaves; empty if only those in the rows are known
    envelope_root : what the homes' operating envelopes hang on; no court asks for it
    """

    header: bytes
    rows: Sequence[bytes]
    stated: Mapping[Node, Words] = field(default_factory=dict)
    hashes: Mapping[Node, bytes] = field(default_factory=dict)
    book: Sequence[bytes] = ()
    envelope_root: bytes = ZERO_HASH


class _ResultTree:
    """The result tree as it was published, and what can be shown of it."""

    def __init__(self, published: PublishedAuction, fields: HeaderFields) -> None:
        self.published, self.fields, self.count = published, fields, len(published.rows)
        self.levels = [[self._leaf(index) for index in range(1 << depth(self.count))]]
        while len(self.levels[-1]) > 1:
            self.levels.append([self._above(index) for index in range(len(self.levels[-1]) // 2)])
        self.top = (len(self.levels) - 1, 0)

    def _leaf(self, index: int) -> SumStep:
        if index >= self.count:
            made, due = ZERO_HASH, _NOTHING
        else:
            row = self.published.rows[index]
            made = result_leaf(row)
            due = _NOTHING if (0, index) in self.published.stated else row_words(self.fields, row)[0]
        return self._published((0, index), made, due)

    def _above(self, index: int) -> SumStep:
        node = len(self.levels), index
        (left, left_sums), (right, right_sums) = self.children(node)
        made = sum_node(left, left_sums, right, right_sums)
        return self._published(node, made, joined(left_sums, right_sums))

    def _published(self, node: Node, made: bytes, due: Words) -> SumStep:
        return self.published.hashes.get(node, made), self.published.stated.get(node, words(lanes(due)))

    def at(self, node: Node) -> SumStep:
        """Hash and stated sums of a node."""
        return self.levels[node[0]][node[1]]

    def children(self, node: Node) -> tuple[SumStep, SumStep]:
        """The two nodes below."""
        below = self.levels[node[0] - 1]
        return below[2 * node[1]], below[2 * node[1] + 1]

    def siblings(self, node: Node) -> tuple[SumStep, ...]:
        """The path from a node up."""
        above = range(node[0], self.top[0])
        return tuple(self.levels[level][(node[1] >> level - node[0]) ^ 1] for level in above)


def find_auction_faults(facts: MarketFacts, place: AuctionPlace, published: PublishedAuction) -> Iterator[Evidence]:
    """The false things of a slot, topmost first; none if it is honest. Any one of them convicts.

    Raises `EvidenceRefused` when it has shown what the header alone gives and rows and nodes do not lead to the
    header's result root: then something was published that is not what is bound, or withheld, and has to be demanded.
    """
    fields = read_header(published.header)
    start = (place.anchor, published.header, place.path)
    if what := header_fault(fields, place.slot, facts.separator):
        yield Evidence(_COURT, "refute_header", (*start, place.slot), Kind.HEADER, f"header: {what}")
    if fields.slot != place.slot:
        return
    index = facts.terms_at(place.slot)
    if index is not None and (what := terms_fault(fields, facts.terms[index])):
        arguments = (*start, index, facts.terms[index])
        yield Evidence(_COURT, "refute_terms", arguments, Kind.TERMS, f"header: {what}")
    yield from _book_faults(start, fields, published)
    tree = _bound_tree(published, fields)
    top, sums = tree.at(tree.top)
    if tree.count != fields.accounts or sums != fields.sums:
        told = f"the root binds {tree.count} leaves and sums unlike the header's {fields.accounts} and its own"
        yield Evidence(_COURT, "refute_root", (*start, RESULT, tree.count, top, sums), Kind.ROOT, told)
    if tree.count == fields.accounts and _in_range(sums):
        yield from _tree_faults(start, tree)


def book_leaf_evidence(
    place: AuctionPlace, published: PublishedAuction, index: int, leaf: bytes, path: Sequence[bytes]
) -> Evidence:
    """That row `index` does not stand beside `leaf`, which the book holds at the same place (`path` to its root)."""
    arguments = (*_row_arguments(place, published, index), leaf, tuple(path))
    return Evidence(_COURT, "refute_book_leaf", arguments, Kind.BOOK_LEAF, f"row {index}: its book leaf is another")


def curve_evidence(
    place: AuctionPlace, published: PublishedAuction, index: int, blind: bytes, curve: bytes
) -> Evidence:
    """That row `index` shows another curve than the one under its book leaf (`blind` and the 144 bytes of `curve`)."""
    arguments = (*_row_arguments(place, published, index), blind, curve)
    return Evidence(_COURT, "refute_curve", arguments, Kind.CURVE, f"row {index}: its book leaf binds another curve")


def row_proof(published: PublishedAuction, index: int) -> RowProof:
    """Row `index` as evidence: what its parent states of it, its 200 bytes, and its path to the result root.

    Raises `EvidenceRefused` if what was published does not lead to the root.
    """
    return row_proofs(published)(index)


def row_proofs(published: PublishedAuction) -> Callable[[int], RowProof]:
    """`row_proof` of every row, with the tree made once. Raises `EvidenceRefused` as it does, for all rows alike."""
    tree = _bound_tree(published, read_header(published.header))
    return lambda index: (tree.at((0, index))[1], published.rows[index], tree.siblings((0, index)))


def _row_arguments(place: AuctionPlace, published: PublishedAuction, index: int) -> tuple[object, ...]:
    return place.anchor, published.header, place.path, index, *row_proof(published, index)


def _bound_tree(published: PublishedAuction, fields: HeaderFields) -> _ResultTree:
    """The tree that leads to the header's result root; raises `EvidenceRefused` if none does."""
    tree = _ResultTree(published, fields)
    # What rows state of lo and hi follows from the sums: if the header's are false, from those of the rows themselves.
    again = _ResultTree(published, replace(fields, sums=tree.at(tree.top)[1]))
    again.fields = fields
    for one in (tree, again):
        top, sums = one.at(one.top)
        for bound in (sums, fields.sums):  # a false header may say what the root says, or not
            if sum_top(one.count, top, bound) == fields.result_root:
                one.levels[-1][0] = (top, bound)
                return one
    raise EvidenceRefused("court: path")


def _in_range(sums: Words) -> bool:
    return max(lanes(sums)) < LANE_MAX


def _book_faults(start: tuple[object, ...], fields: HeaderFields, published: PublishedAuction) -> Iterator[Evidence]:
    leaves = _book(published)
    tree = Tree(np.frombuffer(b"".join(leaves), np.uint8).reshape(-1, 32))
    if tree.root == fields.book_root and tree.count != fields.accounts:
        arguments = (*start, BOOK, tree.count, tree.levels[-1][0].tobytes(), (0, 0, 0, 0))
        told = f"the book has {tree.count} leaves, the header says {fields.accounts}"
        yield Evidence(_COURT, "refute_root", arguments, Kind.ROOT, told)


def _book(published: PublishedAuction) -> Sequence[bytes]:
    return published.book or [row[:32] for row in published.rows]


def _tree_faults(start: tuple[object, ...], tree: _ResultTree) -> Iterator[Evidence]:
    """Level by level from the top; nothing below a false node, or below one whose children are not known."""
    level = [tree.top]
    while level:
        following: list[Node] = []
        for node in level:
            found = _node_fault(start, tree, node)
            yield from found
            if not found and node[0] and not _is_padding(tree, node) and _is_open(tree, node):
                following += [(node[0] - 1, 2 * node[1]), (node[0] - 1, 2 * node[1] + 1)]
        level = following


def _is_padding(tree: _ResultTree, node: Node) -> bool:
    return node[1] << node[0] >= tree.count


def _is_open(tree: _ResultTree, node: Node) -> bool:
    (left, left_sums), (right, right_sums) = tree.children(node)
    return sum_node(left, left_sums, right, right_sums) == tree.at(node)[0]


def _node_fault(start: tuple[object, ...], tree: _ResultTree, node: Node) -> list[Evidence]:
    """What is false in one node of which everything above is true."""
    made, stated = tree.at(node)
    siblings = tree.siblings(node)
    if _is_padding(tree, node):
        if made == padding_node(node[0]) and stated == _NOTHING:
            return []
        arguments = (*start, *node, made, stated, siblings)
        return [Evidence(_COURT, "refute_padding", arguments, Kind.PADDING, f"node {node}: padding holds something")]
    if node[0] == 0:
        return _leaf_faults(start, tree, node[1])
    (left, left_sums), (right, right_sums) = tree.children(node)
    true = stated == joined(left_sums, right_sums) and _in_range(left_sums) and _in_range(right_sums)
    if true or not _is_open(tree, node):
        return []
    arguments = (*start, *node, stated, left, left_sums, right, right_sums, siblings)
    return [Evidence(_COURT, "refute_node", arguments, Kind.NODE, f"node {node}: its sums are not its children's")]


def _leaf_faults(start: tuple[object, ...], tree: _ResultTree, index: int) -> list[Evidence]:
    """What is false in a row."""
    made, stated = tree.at((0, index))
    row, siblings = tree.published.rows[index], tree.siblings((0, index))
    if made == ZERO_HASH:
        arguments = (*start, 0, index, made, stated, siblings)
        return [Evidence(_COURT, "refute_padding", arguments, Kind.PADDING, f"row {index}: there is none")]
    if made != result_leaf(row):
        return []
    found = []
    if what := row_fault(tree.fields, stated, row):
        arguments = (*start, index, stated, row, siblings)
        found.append(Evidence(_COURT, "refute_row", arguments, Kind.ROW, f"row {index}: {what}"))
    book = _book(tree.published)
    if len(book) == tree.count and row[:32] != book[index]:
        bound = Tree(np.frombuffer(b"".join(book), np.uint8).reshape(-1, 32))
        if bound.root == tree.fields.book_root:
            arguments = (*start, index, stated, row, siblings, book[index], bound.proof(index).siblings)
            told = f"row {index}: its book leaf is another"
            found.append(Evidence(_COURT, "refute_book_leaf", arguments, Kind.BOOK_LEAF, told))
    return found
