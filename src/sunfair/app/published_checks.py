"""What anybody can hold against the public part: every auction cleared again, and the institutions' amounts.

What is found false comes in words, with its slot and leaf, and with the evidence that convicts where there is some: not
all that is false can be shown with what was published. Then it has to be demanded.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.app.published import PublishedPeriod
from sunfair.app.watch import auction_faults, is_cleared
from sunfair.model import FIRST_MEMBER, NETWORK, RESERVE
from sunfair.settlement import Header, Tree, data_hash
from sunfair.settlement.court import (
    AuctionPlace,
    Evidence,
    EvidenceRefused,
    Kind,
    MarketFacts,
    PublishedAuction,
    Settlement,
    row_proof,
)
from sunfair.settlement.court.proofs import read_header
from sunfair.settlement.court.rows_rule import network_share
from sunfair.settlement.public import ROW_BYTES

__all__ = ["Told", "is_book_bound", "period_told", "settlement_told", "slot_told"]

_LEAF_KINDS = (Kind.ROW, Kind.BOOK_LEAF, Kind.CURVE)
_OTHER_BOOK = "the published book leaves do not lead to the anchored book root: a home has to demand its opening"
"""No answered demand of a watcher's shows a path to the book root."""

_OTHER_RESULT = "the published rows do not lead to the anchored result root: demand them"
_INDEX = 3
"""Where the leaf stands among the arguments of a call about a row: after anchor, header and path."""


@dataclass(frozen=True, slots=True)
class Told:
    """One false thing of the public part: its slot, its leaf if it is one leaf's, and the evidence if there is some.

    demand : only an answer of the operator can bring it to light, and anybody may ask for it
    opening : only the opening of a leaf can, for which its home, that home's reader or the utility has to ask
    """

    slot: int
    leaf: int | None
    what: str
    evidence: Evidence | None = None
    demand: bool = False
    opening: bool = False

    def __str__(self) -> str:
        place = f"slot {self.slot}" if self.leaf is None else f"slot {self.slot} leaf {self.leaf}"
        return f"{place}: {self.what}"


def period_told(facts: MarketFacts, period: PublishedPeriod) -> Iterator[Told]:
    """What is false in an anchored period's auctions, slot by slot; void slots bind nothing and are passed over."""
    for index, auction in enumerate(period.auctions):
        slot = period.anchor.first_slot + index
        if facts.is_void(period.anchor, slot):
            continue
        if auction is None:
            yield Told(slot, None, "no header was anchored for it, and it is not void: demand the header", demand=True)
        else:
            yield from slot_told(facts, period.place(index), auction)


def slot_told(facts: MarketFacts, place: AuctionPlace, auction: PublishedAuction) -> list[Told]:
    """What is false in one slot's public part, the nearest to the cause last; empty if it clears as published."""
    found = [Told(place.slot, None, what) for what in _header_told(facts, place.slot, auction)]
    if is_cleared(facts, place.slot, auction):
        return found
    if not is_book_bound(auction):
        found.append(Told(place.slot, None, _OTHER_BOOK, opening=True))
    if not _is_result_bound(auction):
        found.append(Told(place.slot, None, _OTHER_RESULT, demand=True))
    with suppress(EvidenceRefused, ValueError, OverflowError):
        found += [_told(place.slot, evidence) for evidence in auction_faults(facts, place, auction)]
    return found or [Told(place.slot, None, "clearing the published curves again gives another result")]


def _header_told(facts: MarketFacts, slot: int, auction: PublishedAuction) -> Iterator[str]:
    """What no court asks of a header by itself: one leaf for each account, and the hash of the rows."""
    fields, rows = read_header(auction.header), _bytes(auction)
    active = sum(a >= FIRST_MEMBER and m.from_slot <= slot < m.to_slot for a, m in facts.members.items())
    if fields.accounts != active:
        yield f"the header has {fields.accounts} leaves where {active} accounts take part"
    if data_hash(rows, auction.envelope_root) != fields.data_hash:
        yield "the published rows and envelope root are not those of the header's data hash"


def _is_result_bound(auction: PublishedAuction) -> bool:
    """Whether the published rows lead to the header's result root: with others nobody can be convicted."""
    try:
        row_proof(auction, 0)
    except (EvidenceRefused, ValueError, OverflowError):
        return False
    return True


def is_book_bound(auction: PublishedAuction) -> bool:
    """Whether the published book leaves lead to the header's book root."""
    return Tree(_bytes(auction)[:, :32].copy()).root == read_header(auction.header).book_root


def _bytes(auction: PublishedAuction) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(auction.rows), np.uint8).reshape(-1, ROW_BYTES)


def _told(slot: int, evidence: Evidence) -> Told:
    """Evidence in words, with its leaf where it is about one."""
    leaf = evidence.arguments[_INDEX] if evidence.kind in _LEAF_KINDS else None
    return Told(slot, leaf, evidence.what.removeprefix(f"row {leaf}: "), evidence)


def settlement_told(
    facts: MarketFacts, settlement: Settlement, amounts: Sequence[int], periods: Sequence[PublishedPeriod]
) -> list[Told]:
    """What is false in posted amounts (accounts, then the guarantor), as far as anybody can see it.

    `periods` are the settlement's, in order, if all of them are known; without them the network's amount is not looked
    at: it follows from their headers.
    """
    reserve_most = 2 * settlement.slots * (settlement.accounts - FIRST_MEMBER + 2)
    wrong = [
        (sum(amounts), f"the posted amounts sum to {sum(amounts)} µ, not to zero"),
        (amounts[-1] + settlement.cover, f"the guarantor's amount is {amounts[-1]} µ, the cover {settlement.cover} µ"),
        (
            not 0 <= amounts[RESERVE] <= reserve_most,
            f"the reserve's amount is {amounts[RESERVE]} µ; rounding leaves 0 to {reserve_most} µ",
        ),
    ]
    last = settlement.first_slot + settlement.slots - 1
    found = [Told(last, None, told) for holds, told in wrong if holds]
    if sum(period.anchor.slots for period in periods) == settlement.slots:
        due = sum(_network_due(facts, period) for period in periods)
        if amounts[NETWORK] != due and not any(map(_is_local, periods)):
            told = f"the network's amount is {amounts[NETWORK]} µ; the headers give {due} µ: demand its rows"
            found.append(Told(last, None, told, demand=True))
    return found


def _is_local(period: PublishedPeriod) -> bool:
    """Whether a period traded ahead at local prices, of which no header says what the network has."""
    return any(auction is not None and Header.decode(auction.header).local_ahead for auction in period.auctions)


def _network_due(facts: MarketFacts, period: PublishedPeriod) -> int:
    """The network's shares of a period's volumes, µ."""
    return sum(
        network_share(read_header(auction.header))
        for index, auction in enumerate(period.auctions)
        if auction is not None and not facts.is_void(period.anchor, period.anchor.first_slot + index)
    )
