"""Frauds in what is public of a slot, one of each kind, and the evidence that the search of the courts finds for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sunfair.app.published import PublishedPeriod, published_of
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
from sunfair.settlement.tree import depth

__all__ = ["AUCTION_FRAUDS", "auction_evidence", "publish"]

_NOTHING: Words = (0, NEUTRAL, 0, NEUTRAL)
_POOL_WH, _FILL_AHEAD, _FILL_POOL, _POOL_BUY = 176, 184, 192, 160

Fraud = Callable[[SlotRecord, PublishedAuction], PublishedAuction]


def publish(records: Sequence[SlotRecord], frauds: Mapping[int, str]) -> tuple[PublishedAuction, ...]:
    """The slots as they are published and anchored; `frauds` says which fraud stands in which place of them."""
    auctions = []
    for place, record in enumerate(records):
        auction = published_of(record)
        if auction is None:
            raise ValueError(f"slot {record.slot} has no auction")
        auctions.append(AUCTION_FRAUDS[frauds[place]](record, auction) if place in frauds else auction)
    return tuple(auctions)


def auction_evidence(
    facts: MarketFacts, anchor: Anchor, auctions: tuple[PublishedAuction, ...], records: Sequence[SlotRecord], place: int, kind: str
) -> Evidence:
    """What refutes the fraud of this kind in slot number `place` of the anchor."""
    digests = tuple(keccak(auction.header) for auction in auctions)
    at, auction, record = PublishedPeriod(anchor, auctions, digests).place(place), auctions[place], records[place]
    if kind == "curve":
        index = int(record.leaf[0])
        own = published_of(record)
        assert own is not None
        blind = _blind(record, 0)
        return curve_evidence(at, auction, index, blind, own.rows[index][32:176])
    functions = {"result_root": "refute_root", "book_root": "refute_root"}
    wanted = functions.get(kind, f"refute_{kind}")
    for found in find_auction_faults(facts, at, auction):
        if found.function == wanted and (wanted != "refute_root" or (found.arguments[3] == RESULT) == (kind == "result_root")):
            return found
    raise LookupError(f"no evidence of {kind} was found")


def _blind(record: SlotRecord, member: int) -> bytes:
    from sunfair.app.published import opened_of

    return opened_of(record, member).blind(member + 3, record.slot)


# --- binding ---------------------------------------------------------------------------------------------------------
