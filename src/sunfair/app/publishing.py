"""Use case *publish*: lay the public part of an anchored period out for everybody, and build it up again from that."""

from collections.abc import Iterable, Sequence

import numpy as np

from sunfair.app.published import PublishedPeriod
from sunfair.errors import InputError
from sunfair.ports import Ledger
from sunfair.settlement import ZERO_HASH, Header, ResultTree, Tag, anchor_tree, data_hash, keccak
from sunfair.settlement.court import Anchor, EvidenceRefused, MarketFacts, PublishedAuction, row_proof
from sunfair.settlement.court.proofs import read_header
from sunfair.settlement.public import ROW_BYTES, PublicSlot, decode_public, encode_public, result_rows

__all__ = ["lay_out", "public_bytes", "rebuilt", "void_period"]


def lay_out(ledger: Ledger, period: PublishedPeriod, *, holder: str = "operator") -> None:
    """Publish what is public of an anchored period where anyone can read it from the chain alone."""
    ledger.publish(period.anchor.first_slot, period.anchor.slots, public_bytes(period.auctions), holder=holder)


def public_bytes(auctions: Sequence[PublishedAuction | None]) -> bytes:
    """Headers and rows of consecutive slots as they are laid out (docs/formats.md); None: there was no auction."""
    return encode_public([_public_slot(auction) for auction in auctions])


def _public_slot(auction: PublishedAuction | None) -> PublicSlot:
    rows = b"" if auction is None else b"".join(auction.rows)
    header = b"" if auction is None else auction.header
    root = ZERO_HASH if auction is None else auction.envelope_root
    return PublicSlot(header, np.frombuffer(rows, np.uint8).reshape(-1, ROW_BYTES), root)


def rebuilt(anchor: Anchor, published: Iterable[bytes]) -> PublishedPeriod | None:
    """The anchored period out of what anyone laid out for its slots; None if no headers in it hash to the anchor.

    Anyone may lay out anything: of two with the right headers, a slot's rows are taken from the one whose rows lead to
    the header's result root. Rows that lead nowhere are kept where there are no better ones: they are looked at.
    """
    found: PublishedPeriod | None = None
    for data in published:
        period = _decoded(anchor, data)
        if period is not None:
            found = period if found is None else _better(found, period)
            if all(auction is None or all(_bound(auction)) for auction in found.auctions):
                break
    return found


def void_period(facts: MarketFacts, anchor: Anchor) -> PublishedPeriod | None:
    """The period if all its slots are void: then nothing of it has to be public. Its digests are not those anchored."""
    slots = range(anchor.first_slot, anchor.first_slot + anchor.slots)
    if not all(facts.is_void(anchor, slot) for slot in slots):
        return None
    return PublishedPeriod(anchor, (None,) * anchor.slots, (ZERO_HASH,) * anchor.slots)


def _decoded(anchor: Anchor, data: bytes) -> PublishedPeriod | None:
    try:
        slots = decode_public(data, slots_max=anchor.slots)
    except InputError:
        return None
    digests = [keccak(slot.header) if slot.header else ZERO_HASH for slot in slots]
    if len(slots) != anchor.slots or anchor_tree(digests).root != anchor.root:
        return None
    return PublishedPeriod(anchor, tuple(_auction(slot) for slot in slots), tuple(digests))


def _auction(slot: PublicSlot) -> PublishedAuction | None:
    """None where none was held, and where the bytes that were anchored are no header: no court reads them."""
    if slot.header[:1] != bytes([Tag.HEADER]):
        return None
    rows = [row.tobytes() for row in slot.rows]
    return PublishedAuction(slot.header, rows, book=[row[:32] for row in rows], envelope_root=slot.envelope_root)


def _better(one: PublishedPeriod, other: PublishedPeriod) -> PublishedPeriod:
    """Slot by slot the one that leads to its root, then the one of its data hash; the first where both are alike."""
    pairs = zip(one.auctions, other.auctions, strict=True)
    chosen = tuple(a if a is None or b is None or _bound(a) >= _bound(b) else b for a, b in pairs)
    return PublishedPeriod(one.anchor, chosen, one.digests)


def _bound(auction: PublishedAuction) -> tuple[bool, bool]:
    """Whether the rows lead to the result root, and whether rows and envelope root are those of the data hash."""
    rows = np.frombuffer(b"".join(auction.rows), np.uint8).reshape(-1, ROW_BYTES)
    return _leads_up(auction), data_hash(rows, auction.envelope_root) == read_header(auction.header).data_hash


def _leads_up(auction: PublishedAuction) -> bool:
    """Whether the rows lead to the result root that the header binds."""
    try:
        header, rows = Header.decode(auction.header), np.frombuffer(b"".join(auction.rows), np.uint8)
        tree = ResultTree(result_rows(rows.reshape(-1, ROW_BYTES)), header.ahead, header.pool)
        if tree.root != header.result_root:
            row_proof(auction, 0)  # slower, and lets the header say other sums than the root
    except (EvidenceRefused, ValueError, OverflowError):
        return False
    return True
