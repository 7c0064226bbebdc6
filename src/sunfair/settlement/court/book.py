"""Leaves of a book, filed readings and promises, refuted: the twin of ``contracts/BookCourt.vy``, function by function.

Each `refute_…` takes the market's facts, what the docket keeps and who recovers signers where it needs them, and then
the contract's arguments in their order (without the market's address). It returns the kind for which the contract
convicts, or raises `EvidenceRefused` with its reason.
Rules: docs/settlement-spec.md, "What one transaction can refute".
"""

from collections.abc import Sequence

from sunfair.settlement.court.book_proofs import (
    AccountLeaf,
    BookOffer,
    BookOpening,
    Inbox,
    Recover,
    RowProof,
    check_leaf,
    check_opening,
    check_row_at,
    check_row_before,
    counts,
    digest,
    filed_offer,
    is_active,
    is_signed,
    offer_hash,
    promise_hash,
    receipt_hash,
    span,
)
from sunfair.settlement.court.facts import Anchor, MarketFacts, Settlement
from sunfair.settlement.court.proofs import (
    NOT_FALSE,
    CurveNumbers,
    HeaderFields,
    Kind,
    check_header,
    read_curve,
    refuse_unless,
)
from sunfair.settlement.hashing import keccak
from sunfair.settlement.header import MID_MARKET
from sunfair.settlement.promises import Promise
from sunfair.settlement.row import LATE
from sunfair.units import BPS, ENERGY_MAX

__all__ = [
    "FIXED_SECONDS",
    "INBOX_SECONDS",
    "filed_cover",
    "refute_double_opening",
    "refute_filed_offer",
    "refute_filed_reading",
    "refute_opening",
    "refute_promise",
    "refute_receipt",
    "refute_unpooled_reading",
    "sides",
]

INBOX_SECONDS = 600
"""A filed offer binds the books whose gate is at least this far away: an ordinary transaction gets in meanwhile."""

FIXED_SECONDS = 86_400
"""At the mid-market rate limits are fixed so long before the slot: whoever looks last at so small a book gains."""

_KWH_BPS = 1_000 * BPS
_ROUNDINGS = 3


def refute_receipt(
    facts: MarketFacts,
    recover: Recover,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    opening: BookOpening,
    offer: BookOffer,
    first_slot: int,
    last_slot: int,
    signature: bytes,
) -> Kind:
    """A leaf older than an offer that the operator acknowledged for this slot, or of its nonce with another curve."""
    fields = check_header(facts, anchor, header, path)
    check_opening(fields, opening, fields.slot)
    offer_digest = digest(facts.separator, offer_hash(facts.community, offer))
    refuse_unless(offer.account == opening.account, "court: offer")
    refuse_unless(counts(fields, offer, fields.slot) and first_slot <= fields.slot <= last_slot, "court: offer")
    receipt = digest(facts.separator, receipt_hash(offer_digest, first_slot, last_slot))
    refuse_unless(is_signed(recover, receipt, signature, anchor.operator), "court: signature")
    refuse_unless(offer.nonce < 2**63, "court: offer")
    unlike = opening.nonce == offer.nonce and opening.curve != offer.curve
    refuse_unless(opening.nonce < offer.nonce or unlike, NOT_FALSE)
    return Kind.RECEIPT


def refute_filed_offer(
    facts: MarketFacts,
    inbox: Inbox,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    opening: BookOpening,
    offer: BookOffer,
    filed_at: int,
    deposit: int,
) -> Kind:
    """A leaf older than an offer filed in time, within the cap and with cover for all its slots."""
    fields = check_header(facts, anchor, header, path)
    check_opening(fields, opening, fields.slot)
    hashed = offer_hash(facts.community, offer)
    kept = inbox.offer(offer.account, offer.nonce)
    refuse_unless(kept == filed_offer(hashed, filed_at, deposit), "court: not filed")
    refuse_unless(offer.account == opening.account and counts(fields, offer, fields.slot), "court: offer")
    in_time = offer.first_slot >= anchor.first_slot and _is_in_time(facts, fields, filed_at)
    refuse_unless(in_time, "court: late")
    curve, cap_wh = read_curve(offer.curve), facts.member(offer.account).cap_wh
    refuse_unless(max(sides(curve)) <= cap_wh, "court: cap")
    slots = offer.last_slot - offer.first_slot + 1
    due = filed_cover(curve, cap_wh, (fields.retail, fields.feed_in), fields.fees[0])
    refuse_unless(deposit >= slots * due, "court: cover")
    refuse_unless(opening.nonce < offer.nonce, NOT_FALSE)
    return Kind.FILED_OFFER


def refute_filed_reading(
    facts: MarketFacts,
    inbox: Inbox,
    settlement: Settlement,
    account: int,
    slot: int,
    import_wh: int,
    export_wh: int,
    leaf: AccountLeaf,
    row: RowProof,
) -> Kind:
    """A row without a reading though one was filed in time that the operator had to take."""
    refuse_unless(facts.is_pending(settlement), "court: settlement")
    _check_filed(inbox, account, slot, import_wh, export_wh)
    check_leaf(settlement, account, leaf)
    check_row_at(span(facts, settlement, account), account, slot, leaf, row)
    refuse_unless(0 <= import_wh - row.number(53) <= ENERGY_MAX, "court: reading")
    refuse_unless(0 <= export_wh - row.number(61) <= ENERGY_MAX, "court: reading")
    refuse_unless(row.number(93) > 0, NOT_FALSE)
    return Kind.FILED_READING


def refute_unpooled_reading(
    facts: MarketFacts,
    inbox: Inbox,
    settlement: Settlement,
    account: int,
    slot: int,
    leaf: AccountLeaf,
    row: RowProof,
    previous: RowProof,
) -> Kind:
    """A row kept out of the pool as read too late, though its reading and that of the slot before it were filed."""
    refuse_unless(facts.is_pending(settlement), "court: settlement")
    check_leaf(settlement, account, leaf)
    held = span(facts, settlement, account)
    check_row_at(held, account, slot, leaf, row)
    refuse_unless(slot > held.start, "court: path")
    check_row_before(held, account, slot, row, previous)
    _check_taken(inbox, account, slot, row)
    _check_taken(inbox, account, slot - 1, previous)
    refuse_unless(row.number(93) == LATE and row.number(45) != row.number(29), NOT_FALSE)
    return Kind.FILED_READING


def refute_opening(
    facts: MarketFacts, anchor: Anchor, header: bytes, path: Sequence[bytes], opening: BookOpening
) -> Kind:
    """A leaf of an account that takes no part in the slot, or with more Wh on a side than its cap."""
    fields = check_header(facts, anchor, header, path)
    check_opening(fields, opening, fields.slot)
    member = facts.member(opening.account)
    within = max(sides(read_curve(opening.curve))) <= member.cap_wh
    refuse_unless(not (is_active(member, opening.account, fields.slot) and within), NOT_FALSE)
    return Kind.OPENING


def refute_double_opening(
    facts: MarketFacts,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    first: BookOpening,
    second: BookOpening,
) -> Kind:
    """Two leaves of one account in one book."""
    fields = check_header(facts, anchor, header, path)
    check_opening(fields, first, fields.slot)
    check_opening(fields, second, fields.slot)
    refuse_unless(first.index != second.index and first.account == second.account, NOT_FALSE)
    return Kind.DOUBLE


def refute_promise(
    facts: MarketFacts,
    recover: Recover,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    kind: int,
    promised: bytes,
    signature: bytes,
) -> Kind:
    """A slot anchored with another book root, or another header, than its operator promised."""
    fields = check_header(facts, anchor, header, path)
    refuse_unless(kind in tuple(Promise), "court: promise")
    told = digest(facts.separator, promise_hash(facts.community, fields.slot, kind, promised))
    refuse_unless(is_signed(recover, told, signature, anchor.operator), "court: signature")
    kept = keccak(header) if kind == Promise.HEADER_HASH else fields.book_root
    refuse_unless(promised != kept, NOT_FALSE)
    return Kind.PROMISE


# --- what a filed offer has to be ------------------------------------------------------------------------------------


def sides(curve: CurveNumbers) -> tuple[int, int]:
    """Wh that a curve buys and sells at most, both ≥ 0."""
    return sum(max(wh, 0) for wh in curve.energy), sum(max(-wh, 0) for wh in curve.energy)


def filed_cover(curve: CurveNumbers, cap_wh: int, tariffs: tuple[int, int], seller_bps: int) -> int:
    """The most that one slot of an offer can cost its account beyond its own use, µ, rounded up.

    tariffs : (retail, feed_in) of the slot, µ/kWh. Cover of each Wh: settlement.md, "Before the slot: the book". One
    side of a curve trades; the pool's one step is of one sign and within the cap.
    """
    retail, feed_in = tariffs
    buys = sells = 0
    for wh, limit in zip(curve.energy, curve.limit, strict=True):
        gross, net = limit * BPS, limit * seller_bps
        if wh > 0:
            back = (gross if limit > 0 else net) - min(feed_in, 0) * BPS
            buys += wh * max(gross, back, 0)
        else:
            short = retail * BPS - (net if limit > 0 else gross)
            sells += -wh * max(-gross, short, 0)
    pool = max(curve.pool_buy, -curve.pool_sell, 0) * BPS * min(cap_wh, ENERGY_MAX)
    return (max(buys, sells) + pool) // _KWH_BPS + _ROUNDINGS


def _is_in_time(facts: MarketFacts, fields: HeaderFields, filed_at: int) -> bool:
    start = fields.slot * facts.slot_seconds
    ahead = FIXED_SECONDS if fields.rule & MID_MARKET else INBOX_SECONDS + facts.gate_seconds
    return filed_at + ahead <= start


def _check_filed(inbox: Inbox, account: int, slot: int, import_wh: int, export_wh: int) -> None:
    refuse_unless(0 <= import_wh < 2**63 and 0 <= export_wh < 2**63, "court: reading")
    refuse_unless(inbox.has_reading(account, slot, import_wh, export_wh), "court: not filed")


def _check_taken(inbox: Inbox, account: int, slot: int, row: RowProof) -> None:
    """Refuse unless the row takes a reading that was filed in time."""
    refuse_unless(row.number(93) <= 0, "court: reading")
    _check_filed(inbox, account, slot, row.number(53), row.number(61))
