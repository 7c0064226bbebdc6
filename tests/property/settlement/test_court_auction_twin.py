"""AuctionCourt and its twin in Python: the same verdict on the same bytes, honest, falsified by the operator, or forged.

The contract runs on revm. The lies are those of an operator that builds its whole tree, header and anchor over them.
"""

import os
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.market import check_curve
from sunfair.settlement import Header, ResultTree, Rule, result_faults
from sunfair.settlement.court import Kind, curve_evidence
from sunfair.settlement.court.auction import row_words
from sunfair.settlement.court.proofs import LANE_MAX, lanes, read_header

sys.path.insert(0, str(Path(__file__).parents[2] / "contract"))
import court_slots as world

NOT_FALSE = ("court: not false", None)
LONG = os.environ.get("SUNFAIR_LONG_FUZZ") == "1"


def examples(count):
    """So many draws, twenty times as many in the long run."""
    return settings(deadline=None, max_examples=count * (20 if LONG else 1))


HEADER_FIELDS = {
    "tag": (0, 1), "domain": (1, 32), "slot": (33, 8), "accounts": (41, 4), "rule": (45, 1), "k_num": (46, 8),
    "k_den": (54, 8), "seller": (62, 2), "utility": (64, 2), "network": (66, 2), "retail": (68, 8), "feed_in": (76, 8),
    "price_ahead": (84, 8), "price_pool": (92, 8), **{f"sum {lane}": (100 + 8 * lane, 8) for lane in range(16)},
}  # fmt: skip
"""Where each field of a header stands that its hash alone does not decide (roots and data are opened or demanded)."""

ROW_FIELDS = {"book_leaf": (0, 32), **{f"number {at}": (at, 8) for at in range(32, 200, 8)}}


@st.composite
def other(draw, data, at, size):
    """The bytes with another value in one field: one more or less, one bit, a bound, or anything."""
    old = int.from_bytes(data[at : at + size], "big")
    top = 2 ** (8 * size)
    near = st.sampled_from([1, -1, 2, -7, 10**9, -(10**9)]).map(lambda more: old + more)
    flipped = st.integers(0, 8 * size - 1).map(lambda bit: old ^ (1 << bit))
    bounds = st.sampled_from([0, 10**9 + 1, -(10**9) - 1, 10**9 + 2, -(10**9) - 2, 2**62, 2**63, -1])
    new = draw((near | flipped | bounds | st.integers(0, top - 1)).map(lambda value: value % top))
    assume_new = new if new != old else (old + 1) % top
    return data[:at] + assume_new.to_bytes(size, "big") + data[at + size :]


def agreed(case, function, arguments):
    """The verdict of both."""
    return world.courtroom().both(case.facts, function, arguments)


# --- the honest operator ---------------------------------------------------------------------------------------------


@examples(25)
@given(world.slots(largest=60), st.data())
def test_nothing_in_an_honest_slot_can_be_refuted(slot, data):
    case = world.anchored(slot)
    calls = list(world.every_call(case, slot))
    for number in data.draw(st.sets(st.integers(0, len(calls) - 1), max_size=20)) | {0, 1, 2, 3}:
        assert agreed(case, *calls[number]) == NOT_FALSE
    assert {world.judge(case.facts, *call) for call in calls} == {NOT_FALSE}
    assert world.faults(case) == []


@examples(5)
@given(world.slots(largest=200), st.data())
def test_nothing_in_a_large_honest_slot_can_be_refuted(slot, data):
    case = world.anchored(slot)
    assert world.faults(case) == []
    calls = list(world.every_call(case, slot))
    for number in data.draw(st.sets(st.integers(0, len(calls) - 1), max_size=40)):
        assert agreed(case, *calls[number]) == NOT_FALSE


@examples(25)
@given(world.slots(largest=40))
def test_the_courts_sums_of_a_row_are_the_clearing_rooms(slot):
    """`row_words` shares no line with `result.row_sums`."""
    tree = ResultTree(slot.rows, slot.header.ahead, slot.header.pool)
    header = read_header(slot.header.preimage())
    for row, sums in zip(slot.published.rows, tree.leaf_sums.tolist(), strict=True):
        assert row_words(header, row) == (world.words(sums), True)


# --- a lie in every field --------------------------------------------------------------------------------------------


@examples(60)
@given(world.slots(), st.sampled_from(sorted(HEADER_FIELDS)), st.data())
def test_a_header_false_in_any_field_is_convicted(slot, field, data):
    header = data.draw(other(slot.header.preimage(), *HEADER_FIELDS[field]))
    case = world.anchored(slot, replace(slot.published, header=header))
    terms = case.facts.terms[1]
    by_itself = agreed(case, "refute_header", (*case.start, case.place.slot))
    unlike = agreed(case, "refute_terms", (*case.start, 1, terms))
    if field == "tag":
        assert by_itself == unlike == ("court: header", None)
        return
    first = world.convicted(case)
    if first.kind is Kind.ROOT:
        assert by_itself == unlike == NOT_FALSE


@examples(60)
@given(world.slots(), st.data())
def test_a_node_false_in_any_number_is_convicted(slot, data):
    """Leaves, padding and nodes; what stands above the lie, or above its parent, fits it, and so does the header."""
    levels = world.tree_levels(slot, slot.published.rows, {}, {})
    level = data.draw(st.integers(0, len(levels) - 1))
    at = data.draw(st.integers(0, len(levels[level]) - 1))
    lane = data.draw(st.integers(0, 15))
    more = data.draw(st.sampled_from([1, -1, 2**62, 2**63, 10**9]) | st.integers(1, 2**64 - 1))
    stated = {(level, at): world.add(levels[level][at][1], lane, more)}
    if level + 1 < len(levels) and data.draw(st.booleans()):  # the parent states what is true
        stated[level + 1, at // 2] = levels[level + 1][at // 2][1]
    first = world.convicted(world.anchored(slot, world.bind(slot, stated=stated)))
    if first.kind is Kind.NODE:
        high, place = first.arguments[3:5]
        # A monstrous number is in every sum above, up to where it wraps: there the node is convicted for its child.
        monstrous = max(lanes(stated[level, at])) >= LANE_MAX
        assert high in (level, level + 1) or (monstrous and high > level)
        assert place == (at >> high - level)


@pytest.mark.parametrize("lane", range(16))
@pytest.mark.parametrize("parent_true", [False, True])
def test_a_number_that_wraps_is_convicted(lane, parent_true):
    """One below zero, or the most a lane holds: added to what stands beside it, it may come out as a small number."""
    slot = world.made(35, 3, rule=3)
    levels = world.tree_levels(slot, slot.published.rows, {}, {})
    for at, more in ((0, -1), (1, -1), (3, -1), (1, 2**64 - 2), (1, 2**63)):
        stated = {(0, at): world.add(levels[0][at][1], lane, more)}
        if parent_true:
            stated[1, at // 2] = levels[1][at // 2][1]
        world.convicted(world.anchored(slot, world.bind(slot, stated=stated)))


@examples(100)
@given(world.slots(), st.sampled_from(sorted(ROW_FIELDS)), st.booleans(), st.data())
def test_a_row_false_in_any_field_is_convicted(slot, field, restated, data):
    """Found by the court iff the clearing room's own check of a row finds it, or the book has another leaf."""
    index = data.draw(st.integers(0, slot.header.accounts - 1))
    row = data.draw(other(slot.published.rows[index], *ROW_FIELDS[field]))
    stated = {(0, index): row_words(read_header(slot.header.preimage()), row)[0]} if restated else {}
    if any(lane >= 2**63 for lane in lanes(next(iter(stated.values()), (0, 0, 0, 0)))):
        stated = {}
    case = world.anchored(slot, world.bind(slot, rows={index: row}, stated=stated))
    found = world.faults(case)
    for evidence in found[:3]:
        assert agreed(case, evidence.function, evidence.arguments) == ("", evidence.kind)
    if field == "book_leaf" or not clean(case, slot, index):
        assert found
        return
    # The public rules hold whatever the row says here (a limit that decides nothing, a pool quantity nobody takes):
    # whoever knows the blind shows the curve, the account itself the pool quantity (RowCourt).
    assert not found
    if field not in ("number 176", "number 184", "number 192"):
        curve = slot.published.rows[index][32:176]
        evidence = curve_evidence(case.place, case.published, index, slot.blind[index].tobytes(), curve)
        assert agreed(case, evidence.function, evidence.arguments) == ("", Kind.CURVE)


def clean(case, slot, index):
    """Whether `result_faults` finds nothing in the row as it was published."""
    row = case.published.rows[index]
    numbers = np.frombuffer(row[32:], ">i8").astype(np.int64)
    header = Header.decode(case.published.header)
    if (header.rule & world.NO_POOL and numbers[18]) or (header.rule & world.NO_AHEAD and numbers[:16].any()):
        return not world.faults(case)  # the clearing room leaves a session that is not held to the court
    curves = replace(
        slot.rows.at(index).curves, energy_wh=numbers[None, 0:16:2], limit=numbers[None, 1:16:2],
        pool_buy=numbers[16:17], pool_sell=numbers[17:18],
    )  # fmt: skip
    own = replace(
        slot.rows.at(index), curves=curves, pool_wh=numbers[18:19], fill_ahead_wh=numbers[19:20],
        fill_pool_wh=numbers[20:21],
    )  # fmt: skip
    levels = world.tree_levels(slot, case.published.rows, case.published.stated, {})
    proof = ResultTree(slot.rows, Rule(header.mechanism, 0), Rule(header.mechanism, 0)).proof(index)
    above = [levels[level][(index >> level) ^ 1] for level in range(len(levels) - 1)]
    siblings = tuple((node, world.numbers(sums)) for node, sums in above)
    with np.errstate(over="ignore"):
        return not result_faults(header, own, replace(proof, siblings=siblings))


# --- curves ----------------------------------------------------------------------------------------------------------

NUMBERS = st.sampled_from([-2, -1, 0, 1, 2]) | st.sampled_from(
    [10**9, 10**9 + 1, -(10**9), -(10**9) - 1, 2**63 - 1, -(2**63)]
)
POOL_LIMITS = st.sampled_from([-(10**9) - 2, -(10**9) - 1, -(10**9), 0, 10**9, 10**9 + 1, 10**9 + 2, -(2**63)])


@st.composite
def curves(draw):
    """Up to 8 steps (Wh, limit): well formed, or that with one number changed, or any."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.lists(st.tuples(NUMBERS, NUMBERS | st.integers(-9, 9)), max_size=8))
    limits = sorted(draw(st.sets(st.integers(-9, 9) | st.sampled_from([10**9, -(10**9)]), max_size=8)))
    cut = draw(st.integers(0, len(limits)))
    energies = st.integers(1, 5) | st.just(10**9)
    steps = [(draw(energies) * (1 if at < cut else -1), limit) for at, limit in enumerate(limits)]
    steps = draw(st.permutations(steps))
    if steps and draw(st.booleans()):
        at = draw(st.integers(0, len(steps) - 1))
        energy, limit = steps[at]
        near = draw(st.integers(-3, 3)) + limit
        steps[at] = draw(st.sampled_from([(energy, near), (-energy, limit), (energy, steps[0][1]), (0, limit), (0, 0)]))
    return steps


@examples(200)
@given(curves(), st.just(8) | st.integers(0, 8), st.just(5) | POOL_LIMITS, st.just(-5) | POOL_LIMITS)
def test_a_curve_is_malformed_where_the_market_says_so(steps, gap, buy, sell):
    """With no ahead session and nothing in the pool, a row is false for its curve alone; the oracle is `check_curve`."""
    column = [*steps[:gap], *[(0, 0)] * (8 - len(steps)), *steps[gap:]]
    used = [step for step in column if step[0]]
    fits = column == used + [(0, 0)] * (8 - len(used)) and all(abs(limit) < 2**63 for _, limit in used)
    well = fits and not check_curve([wh for wh, _ in used], [limit for _, limit in used], tick=1)
    well = well and -(10**9) - 1 <= buy <= 10**9 and -(10**9) <= sell <= 10**9 + 1
    numbers = [number for step in column for number in step] + [buy, sell, 0, 0, 0]
    row = bytes(32) + b"".join(number.to_bytes(8, "big", signed=True) for number in numbers)
    case = world.anchored(BARE, world.bind(BARE, rows={1: row}), slots=1, at=0)
    case = replace(case, facts=replace(case.facts, terms=()))
    tree = world.tree_levels(BARE, case.published.rows, {}, {})
    call = (*case.start, 1, tree[0][1][1], row, (tree[0][0], tree[1][1]))
    assert agreed(case, "refute_row", call) == (NOT_FALSE if well else ("", Kind.ROW))


BARE = world.made(34, 3, rule=3, offering=0.0)


# --- lies that hide each other ---------------------------------------------------------------------------------------


@examples(60)
@given(world.slots(), st.data())
def test_lies_that_hide_each_other_are_convicted(slot, data):
    """Several rows, nodes and padding leaves at once, with the sums above, or the header's alone, made to fit or not."""
    levels = world.tree_levels(slot, slot.published.rows, {}, {})
    stated, rows = {}, {}
    for _ in range(data.draw(st.integers(1, 4))):
        level = data.draw(st.integers(0, len(levels) - 1))
        at = data.draw(st.integers(0, len(levels[level]) - 1))
        lane, more = data.draw(st.integers(0, 15)), data.draw(st.sampled_from([-5, -2, -1, 1, 2, 5]))
        own = world.add(levels[level][at][1], lane, more)
        stated[level, at] = own if max(lanes(own)) < 2**62 else world.add(levels[level][at][1], lane, abs(more))
        if level and data.draw(st.booleans()):  # the parent states what was true: the lie is to be seen from below only
            stated.setdefault(
                (min(level + 1, len(levels) - 1), at // 2), levels[min(level + 1, len(levels) - 1)][at // 2][1]
            )
    for _ in range(data.draw(st.integers(0, 2))):
        index = data.draw(st.integers(0, slot.header.accounts - 1))
        rows[index] = world.put(
            slot.published.rows[index], data.draw(st.sampled_from([184, 192])), data.draw(st.integers(-3, 3))
        )
    true = all(own == levels[level][at][1] for (level, at), own in stated.items())
    case = world.anchored(slot, world.bind(slot, stated=stated, rows=rows))
    assert not true
    world.convicted(case)


# --- forged evidence -------------------------------------------------------------------------------------------------


def forged(draw, value):
    """A value of the same ABI type that is not the same."""
    if is_dataclass(value):
        field = draw(st.sampled_from(fields(value))).name
        return replace(value, **{field: forged(draw, getattr(value, field))})
    if isinstance(value, int):
        return draw(
            st.sampled_from(
                [(value + 1) % 2**256, max(value - 1, 0), value ^ 1, 0, 7, (value << 1) % 2**256, 2**32, 2**255]
            )
        )
    if isinstance(value, bytes):
        at = draw(st.integers(0, len(value) - 1))
        short = len(value) not in (20, 32) and draw(st.booleans())
        return value[:-1] if short else value[:at] + bytes([value[at] ^ draw(st.integers(1, 255))]) + value[at + 1 :]
    return forged_list(draw, value)


def forged_list(draw, value):
    if len(value) == 4 and all(isinstance(part, int) for part in value):
        lane, more = draw(st.integers(0, 15)), draw(st.sampled_from([1, -1, 2**62, 2**63]))
        return world.add(value, lane, more)
    if not value:
        return value
    at = draw(st.integers(0, len(value) - 1))
    if draw(st.booleans()):
        return draw(st.sampled_from([value[:at] + value[at + 1 :], (*value[:11], value[-1]), value[::-1]]))
    part = value[at]
    new = (forged(draw, part[0]), part[1]) if isinstance(part, tuple) and draw(st.booleans()) else part
    new = (part[0], forged_list(draw, part[1])) if isinstance(part, tuple) and new is part else new
    return (*value[:at], forged(draw, part) if isinstance(part, bytes) else new, *value[at + 1 :])


@examples(200)
@given(st.sampled_from(range(6)), st.data())
def test_forged_evidence_meets_the_same_refusal(which, data):
    """One to three arguments of a call changed, of an honest slot or one that is false somewhere."""
    case, calls = CASES[which]
    function, arguments = data.draw(st.sampled_from(calls))
    changed = list(arguments)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1) | st.integers(2, len(changed) - 1))
        changed[at] = forged(data.draw, changed[at])
    if isinstance(changed[-1], bytes) and function == "refute_curve":
        changed[-1] = changed[-1][:144]
    said, kind = agreed(case, function, tuple(changed))
    assert kind is None or world.faults(case), said


def _cases():
    for slot in (world.made(31, 27), world.made(32, 22, rule=1), world.made(33, 3, rule=3)):
        honest = world.anchored(slot)
        yield honest, list(world.every_call(honest, slot))
        row = world.put(slot.published.rows[1], 192, 1 + slot.rows.fill_pool_wh[1].item())
        false = world.anchored(slot, world.bind(slot, rows={1: row}))
        yield false, list(world.every_call(false, slot))


CASES = list(_cases())
