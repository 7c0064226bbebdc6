"""What BookCourt, Docket and Witness need together; the twin of ``contracts/book_proofs.vy``, function by function.

All arguments are the raw bytes and numbers of the evidence. A check returns nothing where the contract goes on, and
raises `EvidenceRefused` with the contract's own reason where it reverts. The evidence has the contract's structs; so
`astuple` of one is what the contract takes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sunfair.model import FIRST_MEMBER
from sunfair.settlement.court.facts import NOBODY, MarketFacts, Member, Settlement
from sunfair.settlement.court.proofs import (
    LANE_MAX,
    HeaderFields,
    book_leaf,
    check_plain,
    is_depth,
    read_curve,
    refuse_unless,
    signed,
    unsigned,
)
from sunfair.settlement.hashing import Tag, keccak
from sunfair.settlement.header import NETWORK_AHEAD, NO_AHEAD
from sunfair.settlement.messages import OFFER_TYPE, READING_TYPE, RECEIPT_TYPE, STEP_TYPE
from sunfair.settlement.promises import PROMISE_TYPE

__all__ = [
    "CHUNK_ROWS",
    "CURVE_BYTES",
    "LEAF_BYTES",
    "ROW_BYTES",
    "AccountLeaf",
    "BookOffer",
    "BookOpening",
    "CoverStep",
    "Inbox",
    "Recover",
    "RowProof",
    "Span",
    "check_leaf",
    "check_opening",
    "check_row_at",
    "check_row_before",
    "climb",
    "counts",
    "digest",
    "filed_offer",
    "filed_reading",
    "is_active",
    "is_read",
    "is_signed",
    "offer_hash",
    "promise_hash",
    "reading_digest",
    "reading_hash",
    "receipt_hash",
    "row_before",
    "rows_root",
    "span",
]

CURVE_BYTES, LEAF_BYTES, ROW_BYTES = 144, 61, 149

CHUNK_ROWS = 128
"""Rows of one answer to a demand."""

Recover = Callable[[bytes, bytes], bytes]
"""The address (20 bytes) that signed a digest with a signature r ‖ s ‖ v; `NOBODY` if no key can have."""

CoverStep = tuple[bytes, int]
"""A step of a path in the period tree: the sibling's hash and the cover (µ) it states."""

_HALF_ORDER = 0x7FFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_5D576E73_57A4501D_DFE92F46_681B20A0
_OFFER, _STEP, _RECEIPT, _READING, _PROMISE = (
    keccak(kind.encode()) for kind in (OFFER_TYPE, STEP_TYPE, RECEIPT_TYPE, READING_TYPE, PROMISE_TYPE)
)


@dataclass(frozen=True, slots=True)
class BookOffer:
    """An offer as it is signed; `curve` is laid out as in a book leaf (`curve_bytes`)."""

    account: int
    first_slot: int
    last_slot: int
    nonce: int
    curve: bytes


@dataclass(frozen=True, slots=True)
class BookOpening:
    """What opens a leaf of a book: its place, what it hides (nonce −1: no offer), its path under the book root."""

    index: int
    account: int
    nonce: int
    salt: bytes
    curve: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AccountLeaf:
    """An account's leaf of 61 bytes and its path under the period root."""

    data: bytes
    path: tuple[CoverStep, ...]


@dataclass(frozen=True, slots=True)
class RowProof:
    """A private row of 149 bytes and its path under its account's rows root."""

    data: bytes
    path: tuple[bytes, ...]

    def number(self, at: int) -> int:
        """The number of 8 bytes at this offset."""
        return signed(self.data, at)


@dataclass(frozen=True, slots=True)
class Inbox:
    """What the docket keeps of a market: filed offers by (account, nonce), readings by (account, slot, by utility)."""

    offers: Mapping[tuple[int, int], bytes] = field(default_factory=dict)
    readings: Mapping[tuple[int, int, bool], int] = field(default_factory=dict)

    def offer(self, account: int, nonce: int) -> bytes:
        """The word kept of an offer; zero if none was filed."""
        return self.offers.get((account, nonce), bytes(32))

    def has_reading(self, account: int, slot: int, import_wh: int, export_wh: int) -> bool:
        """Whether these registers were filed, by the account or the utility."""
        word = filed_reading(import_wh, export_wh)
        return any(self.readings.get((account, slot, utility)) == word for utility in (False, True))


class Span(NamedTuple):
    """The slots of a settlement in which an account takes part: so many from `start` on."""

    start: int
    slots: int


# --- signed messages -------------------------------------------------------------------------------------------------


def _words(*values: int) -> bytes:
    return b"".join((value % 2**256).to_bytes(32, "big") for value in values)


def offer_hash(community: bytes, offer: BookOffer) -> bytes:
    """EIP-712 hash of the Offer, before the domain; refused if a step behind an unused one is not all zero."""
    refuse_unless(len(offer.curve) == CURVE_BYTES, "court: curve")
    curve = read_curve(offer.curve)
    steps = list(zip(curve.energy, curve.limit, strict=True))
    used = [step for step in steps if step[0]]
    refuse_unless(steps == used + [(0, 0)] * (len(steps) - len(used)), "court: curve")
    hashes = b"".join(keccak(_STEP + _words(*step)) for step in used)
    numbers = _words(offer.account, offer.first_slot, offer.last_slot)
    limits = _words(curve.pool_buy, curve.pool_sell, offer.nonce)
    return keccak(_OFFER + community + numbers + keccak(hashes) + limits)


def digest(separator: bytes, hashed: bytes) -> bytes:
    """What is signed of a message: ``keccak(0x19 0x01 ‖ domain separator ‖ hash of the message)``."""
    return keccak(b"\x19\x01" + separator + hashed)


def receipt_hash(offer_digest: bytes, first_slot: int, last_slot: int) -> bytes:
    """EIP-712 hash of the operator's Receipt."""
    return keccak(_RECEIPT + offer_digest + _words(first_slot, last_slot))


def reading_hash(community: bytes, account: int, slot: int, import_wh: int, export_wh: int) -> bytes:
    """EIP-712 hash of a meter's Reading."""
    return keccak(_READING + community + _words(account, slot, import_wh, export_wh))


def promise_hash(community: bytes, slot: int, kind: int, promised: bytes) -> bytes:
    """EIP-712 hash of the operator's Promise."""
    return keccak(_PROMISE + community + _words(slot, kind) + promised)


def is_signed(recover: Recover, hashed: bytes, signature: bytes, signer: bytes) -> bool:
    """Whether `signature` of a digest is this signer's: v 27 or 28, s in the lower half, and nobody's is nobody's."""
    if len(signature) != 65 or signer == NOBODY or signature[64] not in (27, 28):
        return False
    return unsigned(signature, 32, 32) <= _HALF_ORDER and recover(hashed, signature) == signer


def reading_digest(facts: MarketFacts, account: int, slot: int, import_wh: int, export_wh: int) -> bytes:
    """What is signed of a Reading at this market."""
    return digest(facts.separator, reading_hash(facts.community, account, slot, import_wh, export_wh))


def is_read(
    facts: MarketFacts, recover: Recover, account: int, slot: int, import_wh: int, export_wh: int, signature: bytes
) -> bool:
    """Whether these registers are signed by the meter that the account has in this slot."""
    hashed = reading_digest(facts, account, slot, import_wh, export_wh)
    return is_signed(recover, hashed, signature, facts.meter(account, slot).key)


# --- what was filed --------------------------------------------------------------------------------------------------


def filed_offer(hashed: bytes, filed_at: int, deposit: int) -> bytes:
    """The word the docket keeps of a filed offer, from its EIP-712 hash before the domain."""
    return keccak(hashed + _words(filed_at, deposit))


def filed_reading(import_wh: int, export_wh: int) -> int:
    """The word the docket keeps of a filed reading, never zero; registers below 2⁶³."""
    return 1 << 128 | import_wh << 64 | export_wh


# --- the book --------------------------------------------------------------------------------------------------------


def check_opening(fields: HeaderFields, opening: BookOpening, slot: int) -> None:
    """Refuse unless the opening gives the leaf at its place under the header's book root."""
    fits = 0 <= opening.account < 2**32 and -1 <= opening.nonce < 2**63
    refuse_unless(fits, "court: opening")
    refuse_unless(len(opening.curve) == CURVE_BYTES, "court: curve")
    place = opening.account.to_bytes(4, "big") + slot.to_bytes(8, "big")
    blind = keccak(bytes([Tag.BLIND]) + place + opening.nonce.to_bytes(8, "big", signed=True) + opening.salt)
    check_plain(book_leaf(blind, opening.curve), opening.index, fields.accounts, opening.path, fields.book_root)


def counts(fields: HeaderFields, offer: BookOffer, slot: int) -> bool:
    """Whether the offer's range holds the slot and it fits the sessions held.

    An offer with an ahead curve does not count in a slot without an ahead session, whose book holds no ahead curve.
    """
    held = fields.rule & (NO_AHEAD | NETWORK_AHEAD) != NO_AHEAD
    fits = held or signed(offer.curve, 0) == 0
    return offer.first_slot <= slot <= offer.last_slot and fits


def is_active(member: Member, account: int, slot: int) -> bool:
    """Whether a member of this number takes part in this slot."""
    return account >= FIRST_MEMBER and member.from_slot <= slot < member.to_slot


# --- an account's rows -----------------------------------------------------------------------------------------------


def span(facts: MarketFacts, settlement: Settlement, account: int) -> Span:
    """The slots of a settlement in which an account takes part: all for an institution."""
    start, end = settlement.first_slot, settlement.first_slot + settlement.slots
    if account >= FIRST_MEMBER:
        member = facts.member(account)
        start, end = max(start, member.from_slot), min(end, member.to_slot)
    return Span(start, end - start) if end > start else Span(0, 0)


def _cover(cover: int) -> bytes:
    return cover.to_bytes(8, "big")


def check_leaf(settlement: Settlement, account: int, leaf: AccountLeaf) -> None:
    """Refuse unless this is the leaf of the account, at its place under the period root, stating its own cover."""
    own = len(leaf.data) == LEAF_BYTES and leaf.data[0] == Tag.PERIOD_LEAF
    refuse_unless(own and unsigned(leaf.data, 1, 4) == account, "court: leaf")
    fits = account < settlement.accounts < 2**32 and is_depth(settlement.accounts, len(leaf.path))
    refuse_unless(fits, "court: path")
    node, cover, place = keccak(leaf.data), unsigned(leaf.data, 21), account
    for sibling, beside in leaf.path:
        refuse_unless(cover < LANE_MAX and beside < LANE_MAX, "court: lane")
        pair = [node + _cover(cover), sibling + _cover(beside)]
        if place & 1:
            pair.reverse()
        node = keccak(bytes([Tag.SUM_NODE]) + b"".join(pair))
        cover, place = cover + beside, place >> 1
    refuse_unless(cover < LANE_MAX, "court: lane")
    root = keccak(bytes([Tag.SUM_ROOT]) + settlement.accounts.to_bytes(4, "big") + node + _cover(cover))
    refuse_unless(root == settlement.period_root, "court: path")


def rows_root(leaf: AccountLeaf) -> bytes:
    """Root of the account's rows."""
    return leaf.data[29:]


def check_row_at(held: Span, account: int, slot: int, leaf: AccountLeaf, row: RowProof) -> None:
    """Refuse unless this is the account's row of this slot under its leaf, which was checked before."""
    start, count = held
    refuse_unless(slot >= start, "court: path")
    refuse_unless(_is_row(account, slot, row), "court: row")
    check_plain(keccak(row.data), slot - start, count, row.path, rows_root(leaf))


def _is_row(account: int, slot: int, row: RowProof) -> bool:
    own = len(row.data) == ROW_BYTES and row.data[0] == Tag.PRIVATE_ROW
    return own and unsigned(row.data, 1, 4) == account and unsigned(row.data, 5) == slot


def check_row_before(held: Span, account: int, slot: int, row: RowProof, previous: RowProof) -> None:
    """Refuse unless `previous` is the account's row of the slot before `row`, which was checked and is not the first.

    Its path goes only up to the sibling on the row's path (`row_before` cuts it).
    """
    refuse_unless(_is_row(account, slot - 1, previous), "court: row")
    place, steps = slot - 1 - held.start, len(previous.path)
    fits = place & ((2 << steps) - 1) == (1 << steps) - 1 and steps < len(row.path)
    refuse_unless(fits and climb(keccak(previous.data), place, previous.path) == row.path[steps], "court: path")


def row_before(place: int, data: bytes, path: Sequence[bytes]) -> RowProof:
    """The evidence that a row at `place` stands before the next one, from its whole path."""
    return RowProof(data, tuple(path[: (~place & (place + 1)).bit_length() - 1]))


def climb(node: bytes, place: int, path: Sequence[bytes]) -> bytes:
    """The node to which a path of siblings leads from `node` at `place` of its level."""
    for sibling in path:
        pair = sibling + node if place & 1 else node + sibling
        node, place = keccak(bytes([Tag.NODE]) + pair), place >> 1
    return node
