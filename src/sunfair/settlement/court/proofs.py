"""What every court needs to read evidence; the twin of ``contracts/court_proofs.vy``, function by function.

All arguments are the raw bytes and numbers of the evidence. A check returns nothing where the contract goes on, and
raises `EvidenceRefused` with the contract's own reason where it reverts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, is_dataclass
from enum import IntEnum
from typing import Any

from sunfair.errors import SunfairError
from sunfair.settlement.court.facts import Anchor, MarketFacts, Terms
from sunfair.settlement.hashing import Tag, keccak
from sunfair.settlement.tree import plain_root
from sunfair.units import ENERGY_MAX, LIMIT_MAX, NO_BUY, NO_SELL, STEPS_MAX

__all__ = [
    "LANE_MAX",
    "MEMBERS_MAX",
    "NEUTRAL",
    "NOT_FALSE",
    "NO_SLOT",
    "CurveNumbers",
    "Evidence",
    "EvidenceRefused",
    "HeaderFields",
    "Kind",
    "SumStep",
    "Words",
    "book_leaf",
    "check_header",
    "check_header_at",
    "check_not_void",
    "check_plain",
    "check_row",
    "check_sums",
    "check_terms",
    "is_curve",
    "is_depth",
    "joined",
    "lanes",
    "read_curve",
    "read_header",
    "read_words",
    "refuse_unless",
    "result_leaf",
    "row_numbers",
    "signed",
    "sum_node",
    "sum_top",
    "unsigned",
    "words",
]

Words = tuple[int, int, int, int]
"""The sixteen numbers of a node as they stand in its preimage: four words of four lanes of eight bytes."""

SumStep = tuple[bytes, Words]
"""A step of a path in the result tree: the sibling's hash and what its parent states of it."""

NOT_FALSE = "court: not false"
"""The reason when all evidence proves and shows nothing false."""

NO_SLOT = 2**256 - 1
"""The slot of a conviction that voids none."""

LANE_MAX = 2**62
"""Every lane of an honest node is below it."""

MEMBERS_MAX = 4_092
"""Most members, and so most leaves of a slot."""

SUM_STEPS, PLAIN_STEPS = 12, 14
"""Most steps of a path in a result tree and in a plain tree."""

NEUTRAL = (10**9 - 1 << 64) | (3 * 10**9 + 1)
"""A session's second word where nothing is bought or sold and nothing sets a bound."""

_LANE, _WORD = 2**64 - 1, 2**256 - 1
_ENERGIES, _LO = (2**128 - 1) << 128, _LANE << 64


class Kind(IntEnum):
    """What a conviction was for."""

    HEADER = 1
    TERMS = 2
    ROOT = 3
    NODE = 4
    ROW = 5
    PADDING = 6
    BOOK_LEAF = 7
    CURVE = 8
    PRIVATE_ROW = 20
    PERIOD_LEAF = 21
    PERIOD_ROOT = 22
    COVER_NODE = 23
    NETWORK_ROW = 24
    RECEIPT = 40
    FILED_OFFER = 41
    FILED_READING = 42
    OPENING = 43
    DOUBLE = 44
    PROMISE = 45
    SILENCE = 60


class EvidenceRefused(SunfairError):
    """Evidence that does not prove, or shows nothing false. `reason` is the word with which the contract reverts."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One ready call of a court that convicts: the contract, its function, its arguments behind the market's address.

    what : what is false, in words
    """

    court: str
    function: str
    arguments: tuple[Any, ...]
    kind: int
    what: str

    def values(self) -> tuple[Any, ...]:
        """The arguments as plain values, structs as tuples: as an ABI encoder takes them."""
        return tuple(
            astuple(part) if is_dataclass(part) and not isinstance(part, type) else part for part in self.arguments
        )


def refuse_unless(holds: bool, reason: str) -> None:
    """Raise `EvidenceRefused` unless it holds."""
    if not holds:
        raise EvidenceRefused(reason)


# --- numbers in bytes ------------------------------------------------------------------------------------------------


def unsigned(data: bytes, at: int, size: int = 8) -> int:
    """The big-endian number of `size` bytes at `at`."""
    return int.from_bytes(data[at : at + size], "big")


def signed(data: bytes, at: int) -> int:
    """The number of 8 bytes at `at`, two's complement."""
    return int.from_bytes(data[at : at + 8], "big", signed=True)


def lanes(stated: Words) -> tuple[int, ...]:
    """The sixteen unsigned numbers of four words."""
    return tuple((word >> shift) & _LANE for word in stated for shift in (192, 128, 64, 0))


def words(numbers: Iterable[int]) -> Words:
    """Sixteen numbers as four words."""
    return read_words(b"".join((int(number) & _LANE).to_bytes(8, "big") for number in numbers))


def read_words(data: bytes) -> Words:
    """128 bytes as four words."""
    return unsigned(data, 0, 32), unsigned(data, 32, 32), unsigned(data, 64, 32), unsigned(data, 96, 32)


# --- paths -----------------------------------------------------------------------------------------------------------


def is_depth(count: int, steps: int) -> bool:
    """Whether a path among `count` leaves has `steps` steps, ⌈log₂ count⌉; none for no leaves."""
    return count <= 1 << steps < max(2 * count, 2)


def check_plain(leaf: bytes, index: int, count: int, path: Sequence[bytes], root: bytes) -> None:
    """Refuse unless `leaf` stands at place `index` of the `count` leaves under `root`."""
    fits = 0 <= index < count < 2**32 and len(path) <= PLAIN_STEPS and is_depth(count, len(path))
    refuse_unless(fits, "court: path")
    node, place = leaf, index
    for sibling in path:
        pair = sibling + node if place & 1 else node + sibling
        node, place = keccak(bytes([Tag.NODE]) + pair), place >> 1
    refuse_unless(plain_root(count, node) == root, "court: path")


def joined(left: Words, right: Words) -> Words:
    """What a node states from what its children state: energies add, lo is the larger, hi the smaller.

    Of lanes near 2⁶⁴ a word keeps 256 bits, as the contract's does.
    """
    ahead, pool = (left[0] + right[0]) & _WORD, (left[2] + right[2]) & _WORD
    return ahead, _bounds(left[1], right[1]), pool, _bounds(left[3], right[3])


def _bounds(left: int, right: int) -> int:
    energies = ((left & _ENERGIES) + (right & _ENERGIES)) & _WORD
    return energies | max(left & _LO, right & _LO) | min(left & _LANE, right & _LANE)


def sum_node(left: bytes, left_sums: Words, right: bytes, right_sums: Words) -> bytes:
    """H(0x03 ‖ left ‖ sums(left) ‖ right ‖ sums(right))."""
    return keccak(bytes([Tag.SUM_NODE]) + left + _stated(left_sums) + right + _stated(right_sums))


def sum_top(count: int, top: bytes, sums: Words) -> bytes:
    """H(0x04 ‖ count ‖ top ‖ sums), the root."""
    return keccak(bytes([Tag.SUM_ROOT]) + count.to_bytes(4, "big") + top + _stated(sums))


def _stated(sums: Words) -> bytes:
    return b"".join(word.to_bytes(32, "big") for word in sums)


def _in_range(stated: Words) -> bool:
    return max(lanes(stated)) < LANE_MAX


def check_sums(
    node: bytes, stated: Words, level: int, index: int, count: int, siblings: Sequence[SumStep], root: bytes
) -> None:
    """Refuse unless `node`, stating these sums, stands at place `index` of `level` of the result tree under `root`.

    Level 0 are the leaves, padding included; every node above must state what its children state, all below 2⁶².
    """
    steps = len(siblings)
    fits = level <= SUM_STEPS and steps <= SUM_STEPS and is_depth(count, level + steps) and 0 <= index < 1 << steps
    refuse_unless(fits, "court: path")
    refuse_unless(_in_range(stated) and all(_in_range(sums) for _, sums in siblings), "court: lane")
    top, carried, place = node, stated, index
    for sibling, sums in siblings:
        pair = (sibling, sums, top, carried) if place & 1 else (top, carried, sibling, sums)
        top = sum_node(*pair)
        carried, place = joined(carried, sums), place >> 1
        refuse_unless(_in_range(carried), "court: lane")
    refuse_unless(sum_top(count, top, carried) == root, "court: path")


# --- header ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeaderFields:
    """A header's fields, whatever they say: no value is refused here. `Header` is the honest one's."""

    domain: bytes
    slot: int
    accounts: int
    rule: int
    k_num: int
    k_den: int
    fees: tuple[int, int, int]
    retail: int
    feed_in: int
    prices: tuple[int, int]
    sums: Words
    book_root: bytes
    result_root: bytes
    data_hash: bytes


def read_header(header: bytes) -> HeaderFields:
    """The fields of 324 bytes."""
    return HeaderFields(
        domain=header[1:33],
        slot=unsigned(header, 33),
        accounts=unsigned(header, 41, 4),
        rule=header[45],
        k_num=unsigned(header, 46),
        k_den=unsigned(header, 54),
        fees=(unsigned(header, 62, 2), unsigned(header, 64, 2), unsigned(header, 66, 2)),
        retail=signed(header, 68),
        feed_in=signed(header, 76),
        prices=(signed(header, 84), signed(header, 92)),
        sums=read_words(header[100:228]),
        book_root=header[228:260],
        result_root=header[260:292],
        data_hash=header[292:324],
    )


def check_header_at(facts: MarketFacts, anchor: Anchor, header: bytes, slot: int, path: Sequence[bytes]) -> None:
    """Refuse unless the anchor is the market's and the header hangs under it at the place of `slot`."""
    refuse_unless(facts.is_anchor(anchor), "court: anchor")
    refuse_unless(len(header) == 324 and header[0] == Tag.HEADER, "court: header")
    refuse_unless(slot >= anchor.first_slot, "court: path")
    check_plain(keccak(header), slot - anchor.first_slot, anchor.slots, path, anchor.root)


def check_not_void(facts: MarketFacts, anchor: Anchor, slot: int) -> None:
    """Refuse if a slot of this anchor is void: its auction counts for nothing and is not refuted again."""
    refuse_unless(not facts.is_void(anchor, slot), "court: void slot")


def check_header(facts: MarketFacts, anchor: Anchor, header: bytes, path: Sequence[bytes]) -> HeaderFields:
    """The fields of a header that stands at its own slot's place under an anchor of the market and is not void."""
    refuse_unless(len(header) == 324, "court: header")
    fields = read_header(header)
    check_header_at(facts, anchor, header, fields.slot, path)
    check_not_void(facts, anchor, fields.slot)
    return fields


def check_terms(facts: MarketFacts, index: int, terms: Terms, slot: int) -> None:
    """Refuse unless these are the terms number `index` of the market and the ones in force at `slot`."""
    known = terms.digest() == facts.terms_hash(index)
    last = index + 1 >= len(facts.terms) or slot < facts.terms[index + 1].first_slot
    refuse_unless(known and terms.first_slot <= slot and last, "court: terms")


# --- rows and curves -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CurveNumbers:
    """A curve and standing limits, Wh and µ/kWh, 8 steps; whatever they say."""

    energy: tuple[int, ...]
    limit: tuple[int, ...]
    pool_buy: int
    pool_sell: int


def result_leaf(row: bytes) -> bytes:
    """H(0x12 ‖ row)."""
    return keccak(bytes([Tag.RESULT_LEAF]) + row)


def book_leaf(blind: bytes, curve: bytes) -> bytes:
    """H(0x11 ‖ blind ‖ curve)."""
    return keccak(bytes([Tag.BOOK_LEAF]) + blind + curve)


def check_row(fields: HeaderFields, index: int, stated: Words, row: bytes, siblings: Sequence[SumStep]) -> None:
    """Refuse unless this public row, stating these sums, is leaf `index` of the header's result."""
    refuse_unless(len(row) == 200, "court: row")
    refuse_unless(0 <= index < fields.accounts, "court: path")
    check_sums(result_leaf(row), stated, 0, index, fields.accounts, siblings, fields.result_root)


def row_numbers(row: bytes) -> tuple[int, int, int]:
    """pool_wh, fill_ahead and fill_pool of a public row, Wh."""
    return signed(row, 176), signed(row, 184), signed(row, 192)


def read_curve(bound: bytes) -> CurveNumbers:
    """The curve and standing limits in 144 bytes."""
    numbers = [signed(bound, 8 * i) for i in range(2 * STEPS_MAX + 2)]
    return CurveNumbers(tuple(numbers[0:16:2]), tuple(numbers[1:16:2]), numbers[16], numbers[17])


def is_curve(curve: CurveNumbers) -> bool:
    """Whether a curve and its standing limits are well formed (market.md, "Offers")."""
    steps = list(zip(curve.energy, curve.limit, strict=True))
    used = [step for step in steps if step[0]]
    buys, sells = ([limit for wh, limit in used if wh * sign > 0] for sign in (1, -1))
    return (
        steps == used + [(0, 0)] * (STEPS_MAX - len(used))
        and all(abs(wh) <= ENERGY_MAX and abs(limit) <= LIMIT_MAX for wh, limit in used)
        and len({limit for _, limit in used}) == len(used)
        and max(buys, default=NO_BUY) < min(sells, default=NO_SELL)
        and NO_BUY <= curve.pool_buy <= LIMIT_MAX
        and -LIMIT_MAX <= curve.pool_sell <= NO_SELL
    )
