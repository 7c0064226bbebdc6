"""Frauds in what is public of a slot, one of each kind, and the evidence that the courts' own search finds for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sunfair.app.published import PublishedPeriod, opened_of, published_of
from sunfair.model import FIRST_MEMBER
from sunfair.ports import SlotRecord
from sunfair.settlement import ZERO_HASH, Header, Tree, keccak
from sunfair.settlement.court import (
    Anchor,
    Evidence,
    MarketFacts,
    PublishedAuction,
    curve_evidence,
    find_auction_faults,
)
from sunfair.settlement.court.auction import RESULT, row_words
from sunfair.settlement.court.proofs import (
    NEUTRAL,
    HeaderFields,
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
from sunfair.settlement.header import NO_AHEAD
from sunfair.settlement.tree import depth

__all__ = ["AUCTION_FRAUDS", "auction_evidence", "period_of", "publish"]

_NOTHING: Words = (0, NEUTRAL, 0, NEUTRAL)
_BOUGHT = 4
"""The lane of the Wh bought ahead."""

_POOL_BUY, _POOL_SELL, _POOL_WH, _FILL_AHEAD, _FILL_POOL = 160, 168, 176, 184, 192
"""Where numbers stand in a public row."""

Fraud = Callable[[PublishedAuction, int], PublishedAuction]
"""A publication falsified, where it can be, at the row of this place."""


def publish(records: Sequence[SlotRecord], frauds: Mapping[int, str]) -> tuple[PublishedAuction, ...]:
    """The auctions of a period as they are published and anchored; `frauds` are kinds by place in the period."""
    auctions = []
    for place, record in enumerate(records):
        auction = _honest(record)
        if kind := frauds.get(place):
            auction = AUCTION_FRAUDS[kind](auction, int(record.leaf[0]))
        auctions.append(auction)
    return tuple(auctions)


def period_of(anchor: Anchor, auctions: tuple[PublishedAuction, ...]) -> PublishedPeriod:
    """These auctions under their anchor."""
    return PublishedPeriod(anchor, auctions, tuple(keccak(auction.header) for auction in auctions))


def auction_evidence(
    facts: MarketFacts, period: PublishedPeriod, records: Sequence[SlotRecord], place: int, kind: str
) -> Evidence:
    """What refutes the fraud of this kind in slot number `place` of the period."""
    at, auction, record = period.place(place), period.auctions[place], records[place]
    assert auction is not None
    if kind == "curve":
        index, blind = int(record.leaf[0]), opened_of(record, 0).blind(FIRST_MEMBER, record.slot)
        return curve_evidence(at, auction, index, blind, _honest(record).rows[index][32:176])
    for found in find_auction_faults(facts, at, auction):
        if _kind_of(found) == kind:
            return found
    raise LookupError(f"the search found no evidence of a false {kind}")


def _kind_of(found: Evidence) -> str:
    if found.function == "refute_root":
        return "result_root" if found.arguments[3] == RESULT else "book_root"
    return found.function.removeprefix("refute_")


def _honest(record: SlotRecord) -> PublishedAuction:
    auction = published_of(record)
    if auction is None:
        raise LookupError(f"slot {record.slot} was not held")
    return auction


# --- frauds ----------------------------------------------------------------------------------------------------------


def _header(auction: PublishedAuction, index: int) -> PublishedAuction:
    return _said(auction, price_pool=Header.decode(auction.header).price_pool + 1)


def _terms(auction: PublishedAuction, index: int) -> PublishedAuction:
    return _said(auction, retail=Header.decode(auction.header).retail + 1)


def _result_root(auction: PublishedAuction, index: int) -> PublishedAuction:
    sums = Header.decode(auction.header).sums.copy()
    sums[_BOUGHT] += 1
    return _said(auction, sums=sums)


def _book_root(auction: PublishedAuction, index: int) -> PublishedAuction:
    book = [*auction.book, keccak(b"a leaf too many")]
    root = Tree(np.frombuffer(b"".join(book), np.uint8).reshape(-1, 32)).root
    return _said(replace(auction, book=book), book_root=root)


def _node(auction: PublishedAuction, index: int) -> PublishedAuction:
    """A node just above the rows states more than its children: the longest path there is."""
    levels = _levels(read_header(auction.header), auction)
    left, right = levels[0][index & ~1], levels[0][index | 1]
    more = list(lanes(joined(left[1], right[1])))
    more[_BOUGHT] += 1
    return _bound(replace(auction, stated={(1, index >> 1): words(more)}))


def _row(auction: PublishedAuction, index: int) -> PublishedAuction:
    """A fill some Wh too large."""
    at = _FILL_POOL if Header.decode(auction.header).rule & NO_AHEAD else _FILL_AHEAD
    fill = _number(auction.rows[index], at)
    return _bound(_with_row(auction, index, _put(auction.rows[index], at, fill + (9 if fill >= 0 else -9))))


def _padding(auction: PublishedAuction, index: int) -> PublishedAuction:
    """Padding where an account's row has to be."""
    return _bound(replace(auction, hashes={(0, index): ZERO_HASH}))


def _book_leaf(auction: PublishedAuction, index: int) -> PublishedAuction:
    return _bound(_with_row(auction, index, keccak(b"another leaf") + auction.rows[index][32:]))


def _curve(auction: PublishedAuction, index: int) -> PublishedAuction:
    """A standing limit that decides nothing in this slot."""
    row = auction.rows[index]
    at = _POOL_SELL if _number(row, _POOL_WH) > 0 else _POOL_BUY
    return _bound(_with_row(auction, index, _put(row, at, _number(row, at) + 1)))


AUCTION_FRAUDS: Mapping[str, Fraud] = {
    "header": _header,
    "terms": _terms,
    "result_root": _result_root,
    "book_root": _book_root,
    "node": _node,
    "row": _row,
    "padding": _padding,
    "book_leaf": _book_leaf,
    "curve": _curve,
}
"""By the kind of challenge."""


# --- binding ---------------------------------------------------------------------------------------------------------


def _said(auction: PublishedAuction, **changes: Any) -> PublishedAuction:
    """The publication with some fields of its header replaced, and nothing else made to fit."""
    return replace(auction, header=replace(Header.decode(auction.header), **changes).preimage())


def _bound(auction: PublishedAuction) -> PublishedAuction:
    """The publication with a header that binds what rows, stated sums and hashes give, as they stand."""
    top, sums = _levels(read_header(auction.header), auction)[-1][0]
    numbers = np.array(lanes(sums), np.uint64).astype(np.int64)
    return _said(auction, result_root=sum_top(len(auction.rows), top, sums), sums=numbers)


def _levels(fields: HeaderFields, auction: PublishedAuction) -> list[list[SumStep]]:
    """Hash and stated sums of every node from the leaves up."""
    count = len(auction.rows)
    rows = [(result_leaf(row), row_words(fields, row)[0]) for row in auction.rows]
    level = _as_published(auction, 0, [*rows, *[(ZERO_HASH, _NOTHING)] * ((1 << depth(count)) - count)])
    levels = [level]
    while len(level) > 1:
        pairs = [(*level[at], *level[at + 1]) for at in range(0, len(level), 2)]
        level = _as_published(auction, len(levels), [(sum_node(*pair), joined(pair[1], pair[3])) for pair in pairs])
        levels.append(level)
    return levels


def _as_published(auction: PublishedAuction, level: int, due: list[SumStep]) -> list[SumStep]:
    return [
        (auction.hashes.get((level, at), node), auction.stated.get((level, at), sums))
        for at, (node, sums) in enumerate(due)
    ]


def _with_row(auction: PublishedAuction, index: int, row: bytes) -> PublishedAuction:
    rows = [*auction.rows[:index], row, *auction.rows[index + 1 :]]
    return replace(auction, rows=rows)


def _number(row: bytes, at: int) -> int:
    return int.from_bytes(row[at : at + 8], "big", signed=True)


def _put(row: bytes, at: int, value: int) -> bytes:
    return row[:at] + value.to_bytes(8, "big", signed=True) + row[at + 8 :]
