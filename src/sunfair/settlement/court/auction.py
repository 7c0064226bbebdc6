"""What is public of a slot, refuted: the twin of ``contracts/AuctionCourt.vy``, function by function.

Each `refute_…` takes the market's facts and the contract's arguments in their order (without the market's address). It
returns the kind for which the contract convicts the anchor's operator, or raises `EvidenceRefused` with its reason.
Rules: settlement.md, "After the slot: the result".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sunfair.model import SMALL_COMMUNITY
from sunfair.settlement.court.facts import Anchor, MarketFacts, Terms
from sunfair.settlement.court.proofs import (
    LANE_MAX,
    MEMBERS_MAX,
    NEUTRAL,
    NOT_FALSE,
    CurveNumbers,
    HeaderFields,
    Kind,
    SumStep,
    Words,
    book_leaf,
    check_header,
    check_header_at,
    check_not_void,
    check_plain,
    check_row,
    check_sums,
    check_terms,
    is_curve,
    joined,
    lanes,
    read_curve,
    read_header,
    refuse_unless,
    row_numbers,
    sum_node,
    sum_top,
)
from sunfair.settlement.hashing import ZERO_HASH
from sunfair.settlement.header import MID_MARKET, NETWORK_AHEAD, NO_AHEAD, NO_POOL
from sunfair.settlement.result import BOUND_OFFSET
from sunfair.settlement.tree import plain_root
from sunfair.units import ENERGY_MAX, LIMIT_MAX, NO_BUY, NO_SELL

__all__ = [
    "BOOK",
    "RESULT",
    "header_fault",
    "padding_node",
    "refute_book_leaf",
    "refute_curve",
    "refute_header",
    "refute_node",
    "refute_padding",
    "refute_root",
    "refute_row",
    "refute_terms",
    "row_fault",
    "row_words",
    "terms_fault",
]

RESULT, BOOK = 0, 1
"""Which root `refute_root` opens."""

_NOTHING: Words = (0, NEUTRAL, 0, NEUTRAL)


def refute_header(facts: MarketFacts, anchor: Anchor, header: bytes, path: Sequence[bytes], slot: int) -> Kind:
    """A header that is false by itself, at the place of `slot`."""
    check_header_at(facts, anchor, header, slot, path)
    check_not_void(facts, anchor, slot)
    refuse_unless(bool(header_fault(read_header(header), slot, facts.separator)), NOT_FALSE)
    return Kind.HEADER


def refute_terms(
    facts: MarketFacts, anchor: Anchor, header: bytes, path: Sequence[bytes], index: int, terms: Terms
) -> Kind:
    """A header unlike the terms in force at its slot, which are number `index`."""
    fields = check_header(facts, anchor, header, path)
    check_terms(facts, index, terms, fields.slot)
    refuse_unless(bool(terms_fault(fields, terms)), NOT_FALSE)
    return Kind.TERMS


def refute_root(
    facts: MarketFacts,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    which: int,
    count: int,
    top: bytes,
    sums: Words,
) -> Kind:
    """A root (`RESULT` or `BOOK`) that binds another number of leaves, or other sums, than the header says."""
    fields = check_header(facts, anchor, header, path)
    refuse_unless(0 <= count < 2**32 and which in (RESULT, BOOK), "court: path")
    root = sum_top(count, top, sums) if which == RESULT else plain_root(count, top)
    refuse_unless(root == (fields.result_root if which == RESULT else fields.book_root), "court: path")
    refuse_unless(count != fields.accounts or (which == RESULT and sums != fields.sums), NOT_FALSE)
    return Kind.ROOT


def refute_node(
    facts: MarketFacts,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    level: int,
    index: int,
    stated: Words,
    left: bytes,
    left_sums: Words,
    right: bytes,
    right_sums: Words,
    siblings: Sequence[SumStep],
) -> Kind:
    """A node that does not state what follows from its children, or whose child states 2⁶² or more."""
    fields = check_header(facts, anchor, header, path)
    refuse_unless(level > 0, "court: path")
    node = sum_node(left, left_sums, right, right_sums)
    check_sums(node, stated, level, index, fields.accounts, siblings, fields.result_root)
    high = max(lanes(left_sums) + lanes(right_sums)) >= LANE_MAX
    refuse_unless(high or stated != joined(left_sums, right_sums), NOT_FALSE)
    return Kind.NODE


def refute_padding(
    facts: MarketFacts,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    level: int,
    index: int,
    node: bytes,
    stated: Words,
    siblings: Sequence[SumStep],
) -> Kind:
    """Padding that holds something, or an account's leaf that is padding."""
    fields = check_header(facts, anchor, header, path)
    check_sums(node, stated, level, index, fields.accounts, siblings, fields.result_root)
    if index << level < fields.accounts:
        refuse_unless(level == 0 and node == ZERO_HASH, NOT_FALSE)
    else:
        refuse_unless(node != padding_node(level) or stated != _NOTHING, NOT_FALSE)
    return Kind.PADDING


def refute_row(
    facts: MarketFacts,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    index: int,
    stated: Words,
    row: bytes,
    siblings: Sequence[SumStep],
) -> Kind:
    """A row that is malformed, or whose sums or fills are not what the header gives."""
    fields = check_header(facts, anchor, header, path)
    check_row(fields, index, stated, row, siblings)
    refuse_unless(bool(row_fault(fields, stated, row)), NOT_FALSE)
    return Kind.ROW


def refute_book_leaf(
    facts: MarketFacts,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    index: int,
    stated: Words,
    row: bytes,
    siblings: Sequence[SumStep],
    leaf: bytes,
    leaf_path: Sequence[bytes],
) -> Kind:
    """A row that does not stand beside the leaf of the book at the same place."""
    fields = check_header(facts, anchor, header, path)
    check_row(fields, index, stated, row, siblings)
    check_plain(leaf, index, fields.accounts, leaf_path, fields.book_root)
    refuse_unless(row[:32] != leaf, NOT_FALSE)
    return Kind.BOOK_LEAF


def refute_curve(
    facts: MarketFacts,
    anchor: Anchor,
    header: bytes,
    path: Sequence[bytes],
    index: int,
    stated: Words,
    row: bytes,
    siblings: Sequence[SumStep],
    blind: bytes,
    curve: bytes,
) -> Kind:
    """A row whose curve is not the one under its book leaf."""
    fields = check_header(facts, anchor, header, path)
    check_row(fields, index, stated, row, siblings)
    refuse_unless(len(curve) == 144 and row[:32] == book_leaf(blind, curve), "court: curve")
    refuse_unless(row[32:176] != curve, NOT_FALSE)
    return Kind.CURVE


# --- header ----------------------------------------------------------------------------------------------------------


def header_fault(fields: HeaderFields, slot: int, separator: bytes) -> str:
    """What is false in a header by itself at the place of `slot`, in words; empty if nothing is."""
    alone = MID_MARKET | NO_AHEAD
    small = fields.accounts < SMALL_COMMUNITY and fields.rule & alone != alone
    found = [
        (fields.domain != separator, "it is of another market"),
        (fields.slot != slot, f"it names slot {fields.slot} at the place of {slot}"),
        (fields.accounts > MEMBERS_MAX, f"{fields.accounts} leaves are more than {MEMBERS_MAX}"),
        (not 0 <= fields.k_num <= fields.k_den > 0, f"k is {fields.k_num}/{fields.k_den}"),
        (small, f"{fields.accounts} members do not trade in the pool alone at the mid-market rate"),
        (max(lanes(fields.sums)) >= LANE_MAX, "its sums are out of range"),
    ]
    if told := _first(found):
        return told
    sessions = ((name, _session_fault(fields, session)) for session, name in enumerate(("ahead", "pool")))
    return next((f"{name}: {fault}" for name, fault in sessions if fault), "")


def _session_fault(fields: HeaderFields, session: int) -> str:
    """What is false in the sums and the price of one session, given a k between 0 and 1."""
    sums = lanes(fields.sums)[8 * session :][:8]
    demand_in, demand_at, supply_in, supply_at, bought, sold, low, high = sums
    volume, price = min(demand_in + demand_at, supply_in + supply_at), fields.prices[session]
    lo, hi = low - BOUND_OFFSET, high - BOUND_OFFSET
    inside = max(demand_in, supply_in)
    found: list[tuple[object, str]] = [
        (fields.rule & (NO_AHEAD, NO_POOL)[session] and sums != lanes(_NOTHING)[:8], "the session was not held"),
        (inside > volume, f"{inside} Wh in the money exceed the volume {volume} Wh"),
        (not bought == sold == volume, f"bought {bought} Wh and sold {sold} Wh where the volume is {volume} Wh"),
    ]
    if fields.rule & MID_MARKET:
        due = (fields.retail + fields.feed_in) // 2
        found += [(inside or (lo, hi) != (NO_BUY, NO_SELL), "energy in the money, or a bound, at the mid-market rate")]
    else:
        due = lo + (hi - lo) * fields.k_num // fields.k_den
        bounded = NO_BUY <= lo <= LIMIT_MAX and -LIMIT_MAX <= hi <= NO_SELL
        found += [(not bounded, f"lo {lo} or hi {hi} is out of range")]
    return _first([*found, (price != due, f"the price is {price}, not {due}")])


def _first(found: Sequence[tuple[object, str]]) -> str:
    """The words of the first condition that holds."""
    return next((words for holds, words in found if holds), "")


def terms_fault(fields: HeaderFields, terms: Terms) -> str:
    """In what a header is unlike the terms in force at its slot, in words; empty if in nothing."""
    retail, feed_in = terms.tariffs_at(fields.slot)
    # The terms were set a day ahead; members may have left since.
    small = (MID_MARKET | NO_AHEAD) if fields.accounts < SMALL_COMMUNITY else 0
    pairs = {
        "rule": (fields.rule, terms.rule | small),
        "k": ((fields.k_num, fields.k_den), (terms.k_num, terms.k_den)),
        "shares": (fields.fees, (terms.seller, terms.utility, terms.network)),
        "tariffs": ((fields.retail, fields.feed_in), (retail, feed_in)),
    }
    return "; ".join(f"{name} {own}, the terms say {due}" for name, (own, due) in pairs.items() if own != due)


# --- row -------------------------------------------------------------------------------------------------------------


def padding_node(level: int) -> bytes:
    """The node of this level over padding alone; 32 zero bytes at level 0."""
    node = ZERO_HASH
    for _ in range(level):
        node = sum_node(node, _NOTHING, node, _NOTHING)
    return node


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of one session of a row: limits taken and refused, Wh in and at the money, least and most filled."""

    accepted: list[int]
    rejected: list[int]
    full: int
    at: int
    least: int
    most: int


def _side(steps: list[tuple[int, int]], sign: int, price: int, middle: bool, totals: tuple[int, int, int]) -> _Side:
    """The steps (Wh, limit) of a side (+1 buys, −1 sells); totals: V, and the side's Wh in and at the money."""
    volume, full, group = totals
    own = [(abs(wh), limit, sign * (limit - price)) for wh, limit in steps if wh * sign > 0]
    inside = [] if middle else [(wh, limit) for wh, limit, better in own if better > 0]
    at = [(wh, limit) for wh, limit, better in own if better == 0 or (middle and better > 0)]
    outside = [limit for _, limit, better in own if better < 0]
    shares = [(wh, wh * max(volume - full, 0) // max(group, 1)) for wh, _ in at]
    taken, limits = sum(wh for wh, _ in inside), [limit for _, limit in at]
    return _Side(
        accepted=[limit for _, limit in inside] + (limits if volume > full else []),
        rejected=outside + (limits if volume < full + group else []),
        full=taken,
        at=sum(wh for wh, _ in at),
        least=taken + sum(share for _, share in shares),
        most=taken + sum(min(wh, share + 1) for wh, share in shares),
    )


def _session(
    steps: list[tuple[int, int]], fill: int, price: int, middle: bool, totals: Sequence[int]
) -> tuple[tuple[int, ...], bool]:
    """What a row adds to a session's eight sums, and whether its fill is right; totals: DI, DA, SI, SA."""
    volume = min(totals[0] + totals[1], totals[2] + totals[3])
    buy = _side(steps, 1, price, middle, (volume, totals[0], totals[1]))
    sell = _side(steps, -1, price, middle, (volume, totals[2], totals[3]))
    lo = max(sell.accepted + buy.rejected, default=NO_BUY) if not middle else NO_BUY
    hi = min(buy.accepted + sell.rejected, default=NO_SELL) if not middle else NO_SELL
    bought, sold = max(fill, 0), max(-fill, 0)
    numbers = (buy.full, buy.at, sell.full, sell.at, bought, sold, lo + BOUND_OFFSET, hi + BOUND_OFFSET)
    return numbers, buy.least <= bought <= buy.most and sell.least <= sold <= sell.most


def _pool_step(curve: CurveNumbers, pool_wh: int) -> list[tuple[int, int]]:
    """The pool's step, if the standing limit of its side admits one."""
    limit, never = (curve.pool_buy, NO_BUY) if pool_wh > 0 else (curve.pool_sell, NO_SELL)
    return [(pool_wh, limit)] if pool_wh and limit != never else []


def row_words(fields: HeaderFields, row: bytes) -> tuple[Words, bool]:
    """What a well-formed row must state under this header, and whether its fills are right."""
    curve, (pool_wh, *fills) = read_curve(row[32:176]), row_numbers(row)
    sessions = (list(zip(curve.energy, curve.limit, strict=True)), _pool_step(curve, pool_wh))
    middle, totals = bool(fields.rule & MID_MARKET), lanes(fields.sums)
    stated: list[int] = []
    right = True
    for session, (steps, fill) in enumerate(zip(sessions, fills, strict=True)):
        held = not fields.rule & (NO_AHEAD, NO_POOL)[session]  # steps signed for a session not held count for nothing
        local = session == 0 and fields.rule & NETWORK_AHEAD and not held  # filled as nothing here proves
        price, whole = fields.prices[session], totals[8 * session :][:4]
        numbers, filled = _session(steps if held else [], 0 if local else fill, price, middle, whole)
        # Packed without a mask: a number that does not fit its lane must not pass for another.
        stated += [sum(lane << shift for lane, shift in zip(part, (192, 128, 64, 0), strict=True)) for part in
                   (numbers[:4], numbers[4:])]  # fmt: skip
        right = right and filled
    return (stated[0], stated[1], stated[2], stated[3]), right


def row_fault(fields: HeaderFields, stated: Words, row: bytes) -> str:
    """What is false in a row of 200 bytes whose parent states these sums, in words; empty if nothing is."""
    pool_wh = row_numbers(row)[0]
    if not is_curve(read_curve(row[32:176])):
        return "the curve is malformed"
    if abs(pool_wh) > ENERGY_MAX:
        return f"{pool_wh} Wh in the pool are out of range"
    if pool_wh and fields.rule & NO_POOL:
        return f"{pool_wh} Wh in a pool that was not held"
    due, right = row_words(fields, row)
    if due != stated:
        return "its sums are not those of its curve and fills"
    return "" if right else "a fill is not what the rule gives"
