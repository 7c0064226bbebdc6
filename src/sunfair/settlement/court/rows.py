"""Private rows, period leaves and the period root, refuted: the twin of ``contracts/RowCourt.vy``, call by call.

Each `refute_…` takes the market's facts and the contract's arguments in their order (without the market's address). It
returns the kind for which the contract convicts the settlement's operator, or raises `EvidenceRefused` with its reason.
What a row says is in `rows_rule`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sunfair.model import FIRST_MEMBER, NETWORK
from sunfair.settlement.amounts import CHUNK_WORDS, LANE_BIAS, place_of
from sunfair.settlement.court.cover import LANE, STEP, check_cover, cover_root
from sunfair.settlement.court.facts import NOBODY, Anchor, MarketFacts, Settlement, Terms
from sunfair.settlement.court.proofs import (
    LANE_MAX,
    NOT_FALSE,
    HeaderFields,
    Kind,
    SumStep,
    Words,
    check_header,
    check_plain,
    check_row,
    check_terms,
    refuse_unless,
    signed,
    unsigned,
)
from sunfair.settlement.court.rows_rule import (
    Prices,
    RowNumbers,
    follows,
    is_possible,
    is_trade,
    is_without_trade,
    network_share,
    opens,
    row_prices,
)
from sunfair.settlement.hashing import ZERO_HASH, Tag, keccak
from sunfair.settlement.header import NETWORK_AHEAD, NO_POOL
from sunfair.settlement.tree import plain_root

__all__ = [
    "NOWHERE",
    "ROW_BYTES",
    "Part",
    "RowAt",
    "before_row",
    "is_due",
    "is_placed",
    "part_of",
    "refute_cover_node",
    "refute_leaf",
    "refute_network_row",
    "refute_period_root",
    "refute_row",
    "refute_row_trade",
    "refute_rows_root",
    "refute_void_row",
    "start_of",
]

ROW_BYTES = 149
"""Bytes of a private row."""

_LEAF = 61
_LANES = 4


@dataclass(frozen=True, slots=True)
class RowAt:
    """A private row in its place: that of `slot` among the rows of `account`, whose leaf stands under the period root.

    leaf_path holds 40 bytes a step as they stand in the node's preimage: the sibling's hash and its cover; row_path the
    sibling hashes under the leaf's rows root. Nothing of it need be true: that is what a court looks at.
    """

    settlement: Settlement
    account: int
    slot: int
    leaf: bytes
    leaf_path: bytes
    row: bytes
    row_path: tuple[bytes, ...]


NOWHERE = RowAt(Settlement(0, 0, 0, 0, 0, 0, 0, NOBODY, bytes(32), bytes(32)), 0, 0, b"", b"", b"", ())
"""No row: what stands for the row before where there is none, or where it is not needed."""


@dataclass(frozen=True, slots=True)
class Part:
    """An account's part in a settlement: `count` slots from `start` on; its first slot of all, and its cap, Wh."""

    start: int
    count: int
    from_slot: int
    cap_wh: int


# --- the court's functions -------------------------------------------------------------------------------------------


def refute_row(
    facts: MarketFacts, at: RowAt, previous: RowAt, anchor: Anchor, header: bytes, path: Sequence[bytes]
) -> Kind:
    """A member's row that does not follow from the one before, given the trade it states."""
    part = _check_row_at(facts, at, Kind.PRIVATE_ROW)
    holds = False
    if is_placed(at.row, at.account, at.slot):
        prices = row_prices(_check_slot(facts, at.slot, anchor, header, path))
        holds = follows(RowNumbers.read(at.row), before_row(facts, at, part, previous), prices)
    return _judge(Kind.PRIVATE_ROW, holds)


def refute_void_row(
    facts: MarketFacts, at: RowAt, previous: RowAt, anchor: Anchor, terms_index: int, terms: Terms
) -> Kind:
    """`refute_row` for a void slot: no leaf, no trade, all that was metered is residual at the chain's terms."""
    part = _check_row_at(facts, at, Kind.PRIVATE_ROW)
    holds = False
    if is_placed(at.row, at.account, at.slot):
        _check_void(facts, anchor, at.slot)
        check_terms(facts, terms_index, terms, at.slot)
        before = before_row(facts, at, part, previous)
        prices = Prices(*terms.tariffs_at(at.slot))
        holds = is_without_trade(at.row) and follows(RowNumbers.read(at.row), before, prices)
    return _judge(Kind.PRIVATE_ROW, holds)


def refute_row_trade(
    facts: MarketFacts,
    at: RowAt,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    stated: Words,
    public_row: bytes,
    siblings: Sequence[SumStep],
) -> Kind:
    """A member's row unlike the public result: another leaf, another fill, a pool quantity that is not its own."""
    part = _check_row_at(facts, at, Kind.PRIVATE_ROW)
    refuse_unless(is_placed(at.row, at.account, at.slot), "court: row")
    fields = _check_slot(facts, at.slot, anchor, header, path)
    holds, leaf = False, unsigned(at.row, 13)
    if leaf < fields.accounts:
        check_row(fields, leaf, stated, public_row, siblings)
        cap_wh = 0 if fields.rule & NO_POOL else part.cap_wh
        holds = opens(at.row, public_row) and is_trade(RowNumbers.read(at.row), public_row, cap_wh)
    return _judge(Kind.PRIVATE_ROW, holds)


def refute_network_row(
    facts: MarketFacts,
    at: RowAt,
    previous: bytes,
    previous_path: Sequence[bytes],
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
) -> Kind:
    """A row of the network that is not its share of the slot's volumes, added to the sum before."""
    part = _check_row_at(facts, at, Kind.NETWORK_ROW)
    holds = False
    if is_placed(at.row, NETWORK, at.slot):
        paid = running = 0
        if header:
            fields = _check_slot(facts, at.slot, anchor, header, path)
            # Of an ahead session at local prices the header says nothing: what the network had of it, the row says.
            paid = RowNumbers.read(at.row).paid if fields.rule & NETWORK_AHEAD else network_share(fields)
        else:
            _check_void(facts, anchor, at.slot)
        if at.slot > part.start:
            refuse_unless(is_placed(previous, NETWORK, at.slot - 1), "court: previous row")
            _check_place(previous, at.slot - 1, part, previous_path, at.leaf[29:])
            running = RowNumbers.read(previous).running
        due = RowNumbers(paid=paid, running=running + paid)
        holds = is_without_trade(at.row) and RowNumbers.read(at.row) == due
    return _judge(Kind.NETWORK_ROW, holds)


def refute_leaf(
    facts: MarketFacts,
    settlement: Settlement,
    account: int,
    stated: int,
    leaf: bytes,
    leaf_path: bytes,
    last: bytes,
    last_path: Sequence[bytes],
    words: bytes,
    chunks: bytes,
) -> Kind:
    """A leaf of another account, unlike its stated cover, the posted amount, or what last row and balance give."""
    _check_pending(facts, settlement)
    _check_leaf(settlement, account, stated, leaf, leaf_path)
    holds = (
        _is_leaf(leaf, account)
        and unsigned(leaf, 21) == stated
        and signed(leaf, 5) == _posted(settlement.amounts_hash, account, words, chunks)
        and is_due(facts, settlement, account, leaf, last, last_path)
    )
    return _judge(Kind.PERIOD_LEAF, holds)


def refute_rows_root(
    facts: MarketFacts, settlement: Settlement, account: int, leaf: bytes, leaf_path: bytes, count: int, top: bytes
) -> Kind:
    """A rows root of another number of rows than the slots in which the account took part."""
    _check_pending(facts, settlement)
    _check_own_leaf(settlement, account, leaf, leaf_path)
    refuse_unless(count < 2**32 and plain_root(count, top) == leaf[29:], "court: root")
    return _judge(Kind.PERIOD_LEAF, count == part_of(facts, settlement, account).count)


def refute_period_root(facts: MarketFacts, settlement: Settlement, count: int, top: bytes, cover: int) -> Kind:
    """A period root of another number of accounts or another cover than the settlement's."""
    _check_pending(facts, settlement)
    refuse_unless(count < 2**32 and cover < 2**64, "court: root")
    refuse_unless(cover_root(count, top, cover) == settlement.period_root, "court: root")
    holds = (count, cover) == (settlement.accounts, settlement.cover) and cover < LANE_MAX
    return _judge(Kind.PERIOD_ROOT, holds)


def refute_cover_node(
    facts: MarketFacts, settlement: Settlement, level: int, index: int, stated: int, children: bytes, path: bytes
) -> Kind:
    """A node of the period tree that does not state the sum of its children's cover; a leaf behind the last account."""
    _check_pending(facts, settlement)
    if level == 0:
        refuse_unless(index >= settlement.accounts and len(children) == 32, "court: path")
        node, holds = children, children == ZERO_HASH and stated == 0
    else:
        refuse_unless(len(children) == 2 * STEP, "court: path")
        node, covers = keccak(bytes([Tag.SUM_NODE]) + children), (unsigned(children, 32), unsigned(children, 72))
        holds = max(covers) < LANE_MAX and sum(covers) == stated
    check_cover(node, stated, level, index, settlement.accounts, path, settlement.period_root)
    return _judge(Kind.COVER_NODE, holds)


def _judge(kind: Kind, holds: bool) -> Kind:
    refuse_unless(not holds, NOT_FALSE)
    return kind


# --- what the market holds -------------------------------------------------------------------------------------------


def _check_pending(facts: MarketFacts, settlement: Settlement) -> None:
    refuse_unless(facts.is_pending(settlement), "court: settlement")


def _check_slot(facts: MarketFacts, slot: int, anchor: Anchor, header: bytes, path: Sequence[bytes]) -> HeaderFields:
    """The header of `slot` under an anchor not yet applied; refused if the slot is void."""
    fields = check_header(facts, anchor, header, path)
    refuse_unless(fields.slot == slot, "court: header")
    return fields


def _check_void(facts: MarketFacts, anchor: Anchor, slot: int) -> None:
    """Refuse unless the slot is void and this is its anchor, not yet applied."""
    refuse_unless(facts.is_anchor(anchor), "court: anchor")
    refuse_unless(0 <= slot - anchor.first_slot < anchor.slots, "court: path")
    refuse_unless(facts.is_void(anchor, slot), "court: slot not void")


def part_of(facts: MarketFacts, settlement: Settlement, account: int) -> Part:
    """The slots of a settlement in which an account takes part: all for an institution."""
    first, end = settlement.first_slot, settlement.first_slot + settlement.slots
    if account < FIRST_MEMBER:
        return Part(first, settlement.slots, 0, 0)
    member = facts.member(account)
    start = max(first, member.from_slot)
    return Part(start, max(min(end, member.to_slot) - start, 0), member.from_slot, member.cap_wh)


# --- leaves and rows in their places ---------------------------------------------------------------------------------


def _check_leaf(settlement: Settlement, account: int, stated: int, leaf: bytes, path: bytes) -> None:
    """Refuse unless these bytes are the leaf at the place of `account`, stating this cover."""
    refuse_unless(account < settlement.accounts, "court: account")
    check_cover(keccak(leaf), stated, 0, account, settlement.accounts, path, settlement.period_root)


def _check_own_leaf(settlement: Settlement, account: int, leaf: bytes, path: bytes) -> None:
    refuse_unless(len(leaf) == _LEAF, "court: leaf")
    _check_leaf(settlement, account, unsigned(leaf, 21), leaf, path)


def _is_leaf(leaf: bytes, account: int) -> bool:
    return len(leaf) == _LEAF and leaf[:5] == bytes([Tag.PERIOD_LEAF]) + account.to_bytes(4, "big")


def _check_row_at(facts: MarketFacts, at: RowAt, kind: Kind | None) -> Part:
    """The account's part; refused unless the row stands there, in the pending settlement or (None) the last applied."""
    refuse_unless(facts.is_pending(at.settlement) if kind else facts.is_last(at.settlement), "court: settlement")
    rightful = at.account == NETWORK if kind == Kind.NETWORK_ROW else at.account >= FIRST_MEMBER
    refuse_unless(rightful, "court: account")
    _check_own_leaf(at.settlement, at.account, at.leaf, at.leaf_path)
    part = part_of(facts, at.settlement, at.account)
    _check_place(at.row, at.slot, part, at.row_path, at.leaf[29:])
    return part


def _check_place(row: bytes, slot: int, part: Part, path: Sequence[bytes], rows_root: bytes) -> None:
    refuse_unless(slot >= part.start, "court: path")
    check_plain(keccak(row), slot - part.start, part.count, path, rows_root)


def is_placed(row: bytes, account: int, slot: int) -> bool:
    """Whether these bytes are a private row of `account` and `slot`."""
    due = bytes([Tag.PRIVATE_ROW]) + account.to_bytes(4, "big") + slot.to_bytes(8, "big")
    return len(row) == ROW_BYTES and row[:13] == due


def start_of(facts: MarketFacts, settlement: Settlement, part: Part, account: int, slot: int) -> RowNumbers | None:
    """Registers at which a row starts anew, with neither gap nor sums; None where it goes on from the row before.

    A row starts at its meter's base in the account's first slot of all, in its first of the market, and in the first of
    a new meter.
    """
    meter = facts.meter(account, slot)
    first_of_all = slot == part.start and settlement.first_period == 0
    if slot in (meter.from_slot, part.from_slot) or first_of_all:
        return RowNumbers(import_register=meter.import_wh, export_register=meter.export_wh)
    return None


def before_row(facts: MarketFacts, at: RowAt, part: Part, previous: RowAt) -> RowNumbers:
    """What a row starts from: registers, gap and sums of the row before. The sums begin at 0 in every settlement."""
    start, before = start_of(facts, at.settlement, part, at.account, at.slot), RowNumbers()
    first = at.slot == part.start
    if not first:
        _check_place(previous.row, at.slot - 1, part, previous.row_path, at.leaf[29:])
    elif start is None:
        _check_row_at(facts, previous, None)
        refuse_unless((previous.account, previous.slot) == (at.account, at.slot - 1), "court: previous row")
    if not first or start is None:
        refuse_unless(is_placed(previous.row, at.account, at.slot - 1), "court: previous row")
        before = RowNumbers.read(previous.row)
    if first and start is None:
        binds = is_possible(before) or previous.settlement.operator == at.settlement.operator
        refuse_unless(binds, "court: previous row")
    sums = (0, 0) if first else (before.running, before.claims)
    kept = start or before
    gap = max(kept.gap_slots, 0), kept.gap_retail, kept.gap_feed_in
    return RowNumbers(0, 0, 0, kept.import_register, kept.export_register, 0, *sums, *gap)


# --- what a leaf says ------------------------------------------------------------------------------------------------


def _posted(amounts_hash: bytes, account: int, words: bytes, chunks: bytes) -> int:
    """The posted amount of an account, µ; refused unless the words are its chunk of the settlement's amounts."""
    word, lane = divmod(place_of(account), _LANES)
    at, within = 32 * (word // CHUNK_WORDS), 32 * (word % CHUNK_WORDS)
    inside = at < len(chunks) and within < len(words)
    shown = inside and keccak(chunks) == amounts_hash and keccak(words) == chunks[at : at + 32]
    refuse_unless(shown, "court: amounts")
    return (unsigned(words, within, 32) >> 64 * lane & LANE) - LANE_BIAS


def is_due(
    facts: MarketFacts, settlement: Settlement, account: int, leaf: bytes, last: bytes, last_path: Sequence[bytes]
) -> bool:
    """Whether amount, arrears and cover of a leaf are what its rows and the account's balance give.

    Rows of utility and reserve are nobody's concern: their amounts follow from the others'.
    """
    amount, arrears, cover = (signed(leaf, at) for at in (5, 13, 21))
    if account < FIRST_MEMBER and (arrears or cover or account != NETWORK):
        return not arrears and not cover
    part = part_of(facts, settlement, account)
    if part.count == 0:
        return not any(leaf[5:])
    slot = part.start + part.count - 1
    refuse_unless(is_placed(last, account, slot), "court: row")
    _check_place(last, slot, part, last_path, leaf[29:])
    rows = RowNumbers.read(last)
    if account == NETWORK:
        return amount == rows.running
    shortfall = max(0, -(facts.balance_of(account) + rows.running))
    due = min(shortfall, rows.claims)
    return (amount, arrears, cover) == (rows.running + shortfall, due, shortfall - due)
