"""Filing, demands and their answers: the twin of ``contracts/Docket.vy`` and ``contracts/Witness.vy``.

A `check_…` returns nothing where the contract goes on, and raises `EvidenceRefused` with its reason where it reverts.
Who holds the data builds answers with `rows_answer` and with the trees' own proofs. Times are unix seconds.
Rules: docs/settlement-spec.md, "Demands".
"""

from collections.abc import Sequence
from enum import IntEnum

from sunfair.model import NETWORK
from sunfair.settlement.court.book_proofs import (
    CHUNK_ROWS,
    CURVE_BYTES,
    ROW_BYTES,
    AccountLeaf,
    BookOffer,
    BookOpening,
    Inbox,
    Recover,
    RowProof,
    check_leaf,
    check_opening,
    check_row_at,
    climb,
    counts,
    digest,
    filed_offer,
    is_active,
    is_read,
    is_signed,
    offer_hash,
    reading_digest,
    rows_root,
    span,
)
from sunfair.settlement.court.facts import Anchor, MarketFacts, Settlement
from sunfair.settlement.court.proofs import (
    NO_SLOT,
    HeaderFields,
    Kind,
    SumStep,
    Words,
    check_header_at,
    check_row,
    is_curve,
    is_depth,
    read_curve,
    read_header,
    refuse_unless,
)
from sunfair.settlement.hashing import ZERO_HASH, Tag, keccak
from sunfair.settlement.tree import depth, plain_root
from sunfair.units import NO_BUY, NO_SELL

__all__ = [
    "READING_SECONDS",
    "Demand",
    "answer_end",
    "check_demand",
    "check_file_offer",
    "check_file_reading",
    "check_header_answer",
    "check_leaf_answer",
    "check_opening_answer",
    "check_reading_answer",
    "check_rows_answer",
    "demand_end",
    "price",
    "rows_answer",
    "silence",
]

READING_SECONDS = 600
"""A reading can be filed this long after its slot's end: the pool is cleared after that."""

_LEAVES_MAX = 4_096
_NO_CURVE = bytes(128) + NO_BUY.to_bytes(8, "big", signed=True) + NO_SELL.to_bytes(8, "big", signed=True)
_FEE_TIMES = 4


class Demand(IntEnum):
    """What can be asked for, and by whom; what a and b are stands beside it."""

    HEADER = 1  # slot, 0: anyone
    LEAF = 2  # slot, leaf: anyone
    OPEN_LEAF = 3  # slot, leaf: utility
    OPEN_ACCOUNT = 4  # slot, account: owner, reader, utility
    ROWS = 5  # account, chunk of 128 rows: owner, reader, utility; the network's: anyone
    READING = 6  # account, slot: owner, reader, utility


_ANSWER_GAS = {
    Demand.HEADER: 100_000,
    Demand.LEAF: 200_000,
    Demand.OPEN_LEAF: 160_000,
    Demand.OPEN_ACCOUNT: 160_000,
    Demand.ROWS: 1_000_000,
    Demand.READING: 140_000,
}
"""What an answer costs at the largest size, were none of its bytes zero."""


def price(kind: Demand, base_fee: int) -> int:
    """Least payment for a demand, wei: four times the base fee for an answer at the largest size."""
    return max(_FEE_TIMES * base_fee * _ANSWER_GAS[kind], 1)


def demand_end(facts: MarketFacts, settlement: Settlement) -> int:
    """From when no demand is taken: half the window."""
    return settlement.settled_at + facts.window_seconds // 2


def answer_end(facts: MarketFacts, settlement: Settlement) -> int:
    """From when no answer counts: three quarters of the window."""
    return settlement.settled_at + facts.window_seconds * 3 // 4


# --- the inbox -------------------------------------------------------------------------------------------------------


def check_file_offer(facts: MarketFacts, inbox: Inbox, offer: BookOffer, sender: bytes) -> None:
    """Refuse an offer that the docket does not take from this address."""
    refuse_unless(sender == facts.member(offer.account).owner, "docket: not the owner")
    refuse_unless(offer.first_slot <= offer.last_slot < 2**63, "docket: slots")
    refuse_unless(offer.nonce < 2**63, "docket: nonce")
    refuse_unless(len(offer.curve) == CURVE_BYTES and is_curve(read_curve(offer.curve)), "docket: curve")
    refuse_unless(inbox.offer(offer.account, offer.nonce) == bytes(32), "docket: filed already")


def check_file_reading(
    facts: MarketFacts,
    inbox: Inbox,
    recover: Recover,
    account: int,
    slot: int,
    registers: tuple[int, int],
    signature: bytes,
    sender: bytes,
    now: int,
) -> None:
    """Refuse a reading (import, export, Wh) that the docket does not take from this address at this time."""
    refuse_unless(max(registers) < 2**63, "docket: registers")
    end = (slot + 1) * facts.slot_seconds
    refuse_unless(end <= now <= end + READING_SECONDS, "docket: not now")
    by_utility = sender == facts.utility
    if not by_utility:
        refuse_unless(sender == facts.member(account).owner, "docket: not the owner")
        refuse_unless(is_read(facts, recover, account, slot, *registers, signature), "docket: signature")
    refuse_unless((account, slot, by_utility) not in inbox.readings, "docket: filed already")


# --- demands ---------------------------------------------------------------------------------------------------------


def check_demand(
    facts: MarketFacts,
    settlement: Settlement,
    anchor: Anchor | None,
    kind: int,
    a: int,
    b: int,
    sender: bytes,
    now: int,
) -> None:
    """Refuse a demand that the docket does not take from this address at this time; `anchor` is that of the slot."""
    refuse_unless(facts.is_pending(settlement), "docket: settlement")
    refuse_unless(now < demand_end(facts, settlement), "docket: too late")
    refuse_unless(kind in tuple(Demand), "docket: kind")
    if kind <= Demand.OPEN_ACCOUNT:
        _check_covered(settlement, a)
        refuse_unless(anchor is not None and facts.is_anchor(anchor), "court: anchor")
        assert anchor is not None
        refuse_unless(anchor.first_slot <= a < anchor.first_slot + anchor.slots, "docket: slot")
        refuse_unless(not facts.is_void(anchor, a), "docket: void slot")
    _check_exists(facts, settlement, Demand(kind), a, b)
    refuse_unless(_may_ask(facts, Demand(kind), a, b, sender), "docket: not yours")


def _check_covered(settlement: Settlement, slot: int) -> None:
    covered = settlement.first_slot <= slot < settlement.first_slot + settlement.slots
    refuse_unless(covered, "docket: slot")


def _check_exists(facts: MarketFacts, settlement: Settlement, kind: Demand, a: int, b: int) -> None:
    """Refuse where nobody could have an answer; that a leaf is behind the last one is itself an answer."""
    if kind == Demand.HEADER:
        refuse_unless(b == 0, "docket: item")
    elif kind in (Demand.LEAF, Demand.OPEN_LEAF):
        refuse_unless(b < _LEAVES_MAX, "docket: item")
    elif kind == Demand.OPEN_ACCOUNT:
        refuse_unless(is_active(facts.member(b), b, a), "docket: not active")
    elif kind == Demand.ROWS:
        refuse_unless(a < settlement.accounts, "docket: item")
        chunks = -(-span(facts, settlement, a).slots // CHUNK_ROWS)
        refuse_unless(b == 0 or b < chunks, "docket: item")
    else:
        refuse_unless(a < settlement.accounts, "docket: item")
        _check_covered(settlement, b)
        refuse_unless(is_active(facts.member(a), a, b), "docket: not active")


def _may_ask(facts: MarketFacts, kind: Demand, a: int, b: int, sender: bytes) -> bool:
    if kind in (Demand.HEADER, Demand.LEAF) or (kind == Demand.ROWS and a == NETWORK) or sender == facts.utility:
        return True
    member = facts.member(b if kind == Demand.OPEN_ACCOUNT else a)
    return kind != Demand.OPEN_LEAF and sender in (member.owner, member.reader)


def silence(settlement: Settlement, anchor: Anchor, kind: Demand, a: int, b: int) -> tuple[int, bytes, int]:
    """What an unanswered demand convicts for: the kind, the offender, and the slot made void (`NO_SLOT`: none).

    An unanswered `HEADER` makes the whole anchor void.
    """
    slot = {Demand.HEADER: NO_SLOT, Demand.ROWS: NO_SLOT, Demand.READING: b}.get(kind, a)
    return Kind.SILENCE + kind, settlement.operator if kind >= Demand.ROWS else anchor.operator, slot


# --- answers ---------------------------------------------------------------------------------------------------------


def check_header_answer(
    facts: MarketFacts, anchor: Anchor, slot: int, header: bytes, path: Sequence[bytes]
) -> HeaderFields:
    """The header at the slot's place under the anchor."""
    check_header_at(facts, anchor, header, slot, path)
    return read_header(header)


def check_leaf_answer(
    facts: MarketFacts,
    anchor: Anchor,
    slot: int,
    index: int,
    header: bytes,
    path: Sequence[bytes],
    stated: Words,
    row: bytes,
    siblings: Sequence[SumStep],
) -> None:
    """The public row at this place; the header alone, if it has no such place."""
    fields = check_header_answer(facts, anchor, slot, header, path)
    if index < fields.accounts:
        check_row(fields, index, stated, row, siblings)


def check_opening_answer(
    facts: MarketFacts,
    inbox: Inbox,
    recover: Recover,
    anchor: Anchor,
    slot: int,
    kind: int,
    b: int,
    header: bytes,
    path: Sequence[bytes],
    opening: BookOpening,
    offer: BookOffer,
    source: tuple[bytes, int, int],
) -> None:
    """What opens the leaf to an account of the slot, and the offer it holds.

    `source` is (signature, 0, 0) of a signed offer, (empty, filed at, deposit) of a filed one.
    """
    refuse_unless(kind in (Demand.OPEN_LEAF, Demand.OPEN_ACCOUNT), "witness: kind")
    fields = check_header_answer(facts, anchor, slot, header, path)
    if kind == Demand.OPEN_LEAF and b >= fields.accounts:
        return
    refuse_unless(b == (opening.index if kind == Demand.OPEN_LEAF else opening.account), "witness: another leaf")
    check_opening(fields, opening, slot)
    member = facts.member(opening.account)
    refuse_unless(is_active(member, opening.account, slot), "witness: not active")
    if opening.nonce == -1:
        refuse_unless(opening.curve == _NO_CURVE, "witness: no offer")
        return
    named = (offer.account, offer.nonce) == (opening.account, opening.nonce)
    refuse_unless(named, "witness: another offer")
    hashed = offer_hash(facts.community, offer)
    refuse_unless(offer.curve == opening.curve, "witness: another offer")
    refuse_unless(counts(fields, offer, slot), "witness: another slot")
    signature, filed_at, deposit = source
    if not signature:
        kept = inbox.offer(offer.account, offer.nonce)
        refuse_unless(kept == filed_offer(hashed, filed_at, deposit), "witness: not filed")
    else:
        signed = is_signed(recover, digest(facts.separator, hashed), signature, member.owner)
        refuse_unless(signed, "witness: signature")


def check_rows_answer(
    facts: MarketFacts,
    settlement: Settlement,
    account: int,
    chunk: int,
    leaf: AccountLeaf,
    rows: bytes,
    path: Sequence[bytes],
) -> None:
    """The account's period leaf and a chunk of its rows, one behind the other; the leaf alone, if it has none."""
    check_leaf(settlement, account, leaf)
    count = span(facts, settlement, account).slots
    if count == 0:
        return
    held = min(CHUNK_ROWS, count - chunk * CHUNK_ROWS)
    refuse_unless(len(rows) == held * ROW_BYTES, "witness: rows")
    top = _chunk_top([rows[at : at + ROW_BYTES] for at in range(0, len(rows), ROW_BYTES)], count)
    fits = is_depth(count, 7 + len(path)) if count > CHUNK_ROWS else not path
    refuse_unless(fits, "court: path")
    refuse_unless(plain_root(count, climb(top, chunk, path)) == rows_root(leaf), "court: path")


def _chunk_top(rows: Sequence[bytes], count: int) -> bytes:
    """Top of the tree over a chunk: padded to the whole tree, if that is smaller than a chunk, else to the chunk."""
    width = min(1 << depth(count), CHUNK_ROWS)
    nodes = [keccak(row) for row in rows] + [ZERO_HASH] * (width - len(rows))
    while len(nodes) > 1:
        nodes = [keccak(bytes([Tag.NODE]) + nodes[at] + nodes[at + 1]) for at in range(0, len(nodes), 2)]
    return nodes[0]


def rows_answer(rows: Sequence[bytes], path: Sequence[bytes], chunk: int) -> tuple[bytes, tuple[bytes, ...]]:
    """A chunk of an account's rows and its path, from all its rows and the path of the chunk's first row."""
    held = rows[chunk * CHUNK_ROWS : (chunk + 1) * CHUNK_ROWS]
    return b"".join(held), tuple(path[7:])


def check_reading_answer(
    facts: MarketFacts,
    inbox: Inbox,
    recover: Recover,
    settlement: Settlement,
    account: int,
    slot: int,
    leaf: AccountLeaf,
    row: RowProof,
    signature: bytes,
) -> None:
    """The account's row, and the signature of its registers by meter or utility unless one of them filed them."""
    check_leaf(settlement, account, leaf)
    check_row_at(span(facts, settlement, account), account, slot, leaf, row)
    if row.number(93) > 0:
        return
    registers = row.number(53), row.number(61)
    refuse_unless(min(registers) >= 0, "witness: registers")
    if inbox.has_reading(account, slot, *registers) or is_read(facts, recover, account, slot, *registers, signature):
        return
    told = reading_digest(facts, account, slot, *registers)
    refuse_unless(is_signed(recover, told, signature, facts.utility), "witness: signature")
