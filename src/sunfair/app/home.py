"""Use case *audit oneself*: what each household does with its own leaf, rows and money; the utility with everybody's.

It has its own offers with the operator's receipts, its own meter's registers, what it was handed, and what is public.
From these it works out every row itself; where that gives something else than it was handed, the courts' search makes
the evidence.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from sunfair.app.offers import OfferBatch, Receipts
from sunfair.app.published import Opened, PublishedPeriod
from sunfair.model import FIRST_MEMBER, Fees
from sunfair.settlement import Base, Header, PrivateRow, SlotFacts, Tree, curve_bytes, next_row, unpack_amounts
from sunfair.settlement.court import Evidence, EvidenceRefused, MarketFacts, curve_evidence
from sunfair.settlement.court.book_proofs import BookOffer, BookOpening
from sunfair.settlement.court.proofs import Kind
from sunfair.settlement.court.rows_evidence import HandedRows, ShownSlot, find_leaf_faults, find_row_faults
from sunfair.settlement.hashing import Tag, keccak

__all__ = ["Receipt", "acknowledged", "book_faults", "expected_rows", "leaf_due", "settlement_faults"]

Registers = tuple[int, int]
"""Import and export register at a slot's end, Wh."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An offer that the operator acknowledged, and its signed receipt."""

    offer: BookOffer
    first_slot: int
    last_slot: int
    signature: bytes


def acknowledged(batch: OfferBatch, receipts: Receipts, member: int) -> Receipt:
    """The offer of member number `member` in a batch of all members, and what the operator signed for it."""
    curve = curve_bytes(batch.curves.take(np.array([member])))[0].tobytes()
    span = batch.first_slot, batch.last_slot
    offer = BookOffer(FIRST_MEMBER + member, *span, int(batch.nonce[member]), curve)
    return Receipt(offer, *span, receipts.signature[member].tobytes())


def book_faults(
    period: PublishedPeriod, slot: int, account: int, opened: Opened, receipt: Receipt | None
) -> Iterator[Evidence]:
    """What is false in an account's leaf of a slot: not its offer in force, or another curve in the result."""
    index = slot - period.anchor.first_slot
    auction = period.auctions[index]
    if auction is None or opened.leaf < 0:
        return
    row, blind = auction.rows[opened.leaf], opened.blind(account, slot)
    kept, offered = auction.book[opened.leaf], (receipt.offer.curve if receipt else row[32:176])
    if _leaf(blind, row[32:176]) == kept and not _is_stale(opened.nonce, row[32:176], receipt, slot):
        return
    place = period.place(index)
    book = Tree(np.frombuffer(b"".join(auction.book), np.uint8).reshape(-1, 32))
    for curve in {row[32:176], offered}:
        if _leaf(blind, curve) != kept:
            continue
        if curve != row[32:176]:
            with suppress(EvidenceRefused):  # rows that the header does not bind have to be demanded first
                yield curve_evidence(place, auction, opened.leaf, blind, curve)
        path = book.proof(opened.leaf).siblings
        opening = BookOpening(opened.leaf, account, opened.nonce, opened.salt, curve, path)
        if receipt is not None and _is_stale(opening.nonce, curve, receipt, slot):
            at = place.anchor, auction.header, place.path
            signed = receipt.first_slot, receipt.last_slot, receipt.signature
            told = f"account {account}, slot {slot}: the leaf is not the offer that was acknowledged"
            arguments = (*at, opening, receipt.offer, *signed)
            yield Evidence("BookCourt", "refute_receipt", arguments, Kind.RECEIPT, told)


def _leaf(blind: bytes, curve: bytes) -> bytes:
    return keccak(bytes([Tag.BOOK_LEAF]) + blind + curve)


def _is_stale(nonce: int, curve: bytes, receipt: Receipt | None, slot: int) -> bool:
    """Whether a leaf is older than a receipt for its slot, or of its nonce and another curve."""
    if receipt is None or not receipt.first_slot <= slot <= receipt.last_slot:
        return False
    return nonce < receipt.offer.nonce or (nonce == receipt.offer.nonce and curve != receipt.offer.curve)


def expected_rows(
    facts: MarketFacts,
    periods: Sequence[PublishedPeriod],
    account: int,
    opened: Mapping[int, Opened],
    readings: Callable[[int], Registers | None],
    earlier: PrivateRow | None,
) -> list[PrivateRow] | str:
    """An account's rows as they are due, or why there can be none.

    `earlier` is its last row of the settlement applied last; without one the rows begin at its meter's base.
    """
    meter = facts.meter(account, periods[0].anchor.first_slot)
    previous: PrivateRow | Base = Base(account, meter.import_wh, meter.export_wh)
    if earlier is not None:
        previous = Base.after(earlier)
    cap, rows = facts.member(account).cap_wh, []
    for period in periods:
        for index, auction in enumerate(period.auctions):
            slot = period.anchor.first_slot + index
            void = auction is None or facts.is_void(period.anchor, slot)
            meter = facts.meter(account, slot)
            if meter.from_slot == slot and isinstance(previous, PrivateRow):
                previous = Base.new_meter(previous, meter.import_wh, meter.export_wh)
            known = _voided(facts, slot) if auction is None or void else SlotFacts.of(Header.decode(auction.header))
            opening = None if auction is None or void else opened[slot].beside(auction)
            try:
                row = next_row(previous, known, readings(slot), opening, cap_wh=cap)
            except ValueError as error:
                return f"slot {slot}: {error}"
            rows.append(row)
            previous = row
    return rows


def _voided(facts: MarketFacts, slot: int) -> SlotFacts:
    """A slot without trade, at the chain's terms."""
    index = facts.terms_at(slot)
    terms = facts.terms[index or 0]
    return SlotFacts.voided(slot, *terms.tariffs_at(slot), Fees(terms.seller, terms.utility, terms.network))


def leaf_due(last: PrivateRow, balance: int) -> tuple[int, int, int]:
    """Amount, arrears and cover of an account whose last row this is (settlement-spec, "A period")."""
    shortfall = max(0, -(balance + last.running))
    arrears = min(shortfall, last.claims)
    return last.running + shortfall, arrears, shortfall - arrears


def settlement_faults(
    facts: MarketFacts,
    periods: Sequence[PublishedPeriod],
    own: HandedRows,
    words: Sequence[int],
    due: Sequence[PrivateRow] | str,
    earlier: HandedRows | None,
) -> list[Evidence]:
    """What is false in an account's rows and leaf; `due` are the rows it worked out itself, `words` what was posted.

    Empty if all is as it should be, and also where something is wrong that only a demand can bring to light.
    """
    if not isinstance(due, str) and list(own.rows) == [row.encode() for row in due]:
        numbers = _numbers(own.leaf)
        amount = unpack_amounts(words, own.settlement.accounts)[own.account]
        if numbers == leaf_due(due[-1], facts.balance_of(own.account)) and amount == numbers[0]:
            return []
    found = list(find_leaf_faults(facts, own, words))
    return found or list(find_row_faults(facts, own, lambda slot: _shown(periods, slot), earlier))


def _shown(periods: Sequence[PublishedPeriod], slot: int) -> ShownSlot:
    holds = [p for p in periods if p.anchor.first_slot <= slot < p.anchor.first_slot + p.anchor.slots]
    return holds[0].shown(slot)


def _numbers(leaf: bytes) -> tuple[int, int, int]:
    """Amount, arrears and cover that a leaf of 61 bytes states."""
    amount, arrears, cover = (int.from_bytes(leaf[at : at + 8], "big", signed=True) for at in (5, 13, 21))
    return amount, arrears, cover
