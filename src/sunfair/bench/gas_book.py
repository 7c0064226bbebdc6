"""Evidence against a book and against what was ignored: receipts, filed offers and readings, openings, promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sunfair.app.published import PublishedPeriod
from sunfair.model import FIRST_MEMBER
from sunfair.ports import Keys, SlotRecord
from sunfair.settlement import Domain, Tree, curve_bytes, keccak
from sunfair.settlement.court import Evidence
from sunfair.settlement.court.book import filed_cover
from sunfair.settlement.court.book_proofs import (
    AccountLeaf,
    BookOffer,
    BookOpening,
    RowProof,
    digest,
    offer_hash,
    receipt_hash,
    row_before,
)
from sunfair.settlement.court.proofs import Kind, read_curve
from sunfair.settlement.court.rows_evidence import HandedRows
from sunfair.settlement.promises import Promise, promise_digest

__all__ = ["BookRoom", "account_leaf", "row_proof_of"]

_COURT = "BookCourt"


def account_leaf(own: HandedRows) -> AccountLeaf:
    """An account's leaf as docket and court of books take it."""
    steps = [own.leaf_path[at : at + 40] for at in range(0, len(own.leaf_path), 40)]
    return AccountLeaf(own.leaf, tuple((step[:32], int.from_bytes(step[32:], "big")) for step in steps))


def row_proof_of(own: HandedRows, at: int) -> RowProof:
    """Row number `at` of an account, likewise."""
    return RowProof(own.rows[at], own.path(at))


@dataclass(frozen=True)
class BookRoom:
    """What everybody holds of an anchored period's books. Members are named by their place."""

    domain: Domain
    keys: Keys
    period: PublishedPeriod
    records: Sequence[SlotRecord]

    def start(self, place: int) -> tuple[Any, ...]:
        """Anchor, header and path of a slot, as every call takes them."""
        auction, at = self.period.auctions[place], self.period.place(place)
        assert auction is not None
        return at.anchor, auction.header, at.path

    def opening(self, place: int, member: int, account: int | None = None) -> BookOpening:
        """What opens a member's leaf, as the leaf of `account` (its own)."""
        record = self.records[place]
        index = int(record.leaf[member])
        named = FIRST_MEMBER + member if account is None else account
        path = Tree(record.rows.book_leaf).proof(index).siblings
        salt, nonce = record.salts[member].tobytes(), int(record.nonce[member])
        return BookOpening(index, named, nonce, salt, self.curve(place, member), path)

    def curve(self, place: int, member: int) -> bytes:
        """The 144 bytes of a member's curve in force."""
        return bytes(curve_bytes(self.records[place].curves.take(np.array([member])))[0])

    def offer(self, place: int, member: int, *, newer: int = 0) -> BookOffer:
        """A member's offer for one slot: that in its leaf, or the same with a higher nonce."""
        record = self.records[place]
        nonce = int(record.nonce[member]) + newer
        return BookOffer(FIRST_MEMBER + member, record.slot, record.slot, nonce, self.curve(place, member))

    def offer_digest(self, offer: BookOffer) -> bytes:
        """What the owner of the account signs."""
        return digest(self.domain.separator, offer_hash(self.domain.community_id, offer))

    def receipt(self, place: int, member: int) -> Evidence:
        """The operator acknowledged an offer newer than the leaf."""
        offer = self.offer(place, member, newer=1)
        told = digest(self.domain.separator, receipt_hash(self.offer_digest(offer), offer.first_slot, offer.last_slot))
        signed = offer.first_slot, offer.last_slot, self.keys.sign("operator", told)
        arguments = (*self.start(place), self.opening(place, member), offer, *signed)
        return Evidence(_COURT, "refute_receipt", arguments, Kind.RECEIPT, "an older leaf than acknowledged")

    def deposit(self, place: int, member: int, cap_wh: int) -> int:
        """The cover that a filed offer brings, µ."""
        record = self.records[place]
        tariffs, seller = (record.terms.retail, record.terms.feed_in), record.terms.fees.seller_bps
        return filed_cover(read_curve(self.curve(place, member)), cap_wh, tariffs, seller)

    def filed_offer(self, place: int, member: int, filed_at: int, deposit: int) -> Evidence:
        """An offer newer than the leaf was filed in time."""
        offer = self.offer(place, member, newer=1)
        arguments = (*self.start(place), self.opening(place, member), offer, filed_at, deposit)
        return Evidence(_COURT, "refute_filed_offer", arguments, Kind.FILED_OFFER, "a filed offer was ignored")

    def filed_reading(self, place: int, own: HandedRows, registers: tuple[int, int]) -> Evidence:
        """A reading was filed in time, and the row has none."""
        at = own.settlement, own.account, self.records[place].slot
        arguments = (*at, *registers, account_leaf(own), row_proof_of(own, place))
        return Evidence(_COURT, "refute_filed_reading", arguments, Kind.FILED_READING, "a filed reading was ignored")

    def unpooled_reading(self, place: int, own: HandedRows) -> Evidence:
        """Two readings were filed in time, and the row says that the second came too late for the pool."""
        rows = row_proof_of(own, place), row_before(place - 1, own.rows[place - 1], own.path(place - 1))
        arguments = (own.settlement, own.account, self.records[place].slot, account_leaf(own), *rows)
        told = "an account was kept out of the pool"
        return Evidence(_COURT, "refute_unpooled_reading", arguments, Kind.FILED_READING, told)

    def ghost(self, place: int, member: int, account: int) -> Evidence:
        """A member's leaf opens to an account that takes no part."""
        arguments = (*self.start(place), self.opening(place, member, account))
        return Evidence(_COURT, "refute_opening", arguments, Kind.OPENING, "a leaf of an account that takes no part")

    def double(self, place: int, member: int, other: int) -> Evidence:
        """The leaf of `other` opens to the account of `member`, which has one of its own."""
        openings = self.opening(place, member), self.opening(place, other, FIRST_MEMBER + member)
        arguments = (*self.start(place), *openings)
        return Evidence(_COURT, "refute_double_opening", arguments, Kind.DOUBLE, "two leaves of an account")

    def promise(self, place: int) -> Evidence:
        """The operator promised another book root."""
        value = keccak(b"another book root")
        told = promise_digest(self.domain, self.records[place].slot, Promise.BOOK_ROOT, value)
        arguments = (*self.start(place), int(Promise.BOOK_ROOT), value, self.keys.sign("operator", told))
        return Evidence(_COURT, "refute_promise", arguments, Kind.PROMISE, "another book root than promised")
