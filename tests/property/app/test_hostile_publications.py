"""Whatever an operator publishes: whoever clears it again is told what is false, and never stopped by it.

The oracle is the courts' twin, held against the contract elsewhere: what is told with evidence convicts.
"""

import os
import random
import sys
import zlib
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.app.published import PublishedPeriod
from sunfair.app.published_checks import period_told
from sunfair.app.publishing import public_bytes, rebuilt
from sunfair.app.watch import period_faults
from sunfair.settlement.court import Kind
from sunfair.settlement.court.auction import row_fault, row_words
from sunfair.settlement.court.proofs import read_header

sys.path.insert(0, str(Path(__file__).parents[2] / "contract"))
import court_slots as world

EXAMPLES = 2_000 if os.environ.get("SUNFAIR_LONG_FUZZ") == "1" else 60
MONSTROUS = [0, 1, -1, 2**61, 2**62 - 1, 2**62, 2**63 - 1, -(2**63), 10**9, 10**9 + 1, -(10**9) - 2, 3 * 10**18]
FIELDS = [(33, 8), (41, 4), (45, 1), (46, 8), (54, 8), (62, 2), (66, 2), *((at, 8) for at in range(68, 228, 8))]
SLOTS = [world.made(size, size, rule=rule) for size, rule in ((1, 3), (3, 3), (5, 3), (20, 0), (21, 4))]


def spoiled_row(dice, row):
    """Garbage, or the row with numbers far out of range in some of its fields."""
    if dice.random() < 0.2:
        return dice.randbytes(200)
    for _ in range(dice.choice([1, 1, 2, 21])):
        row = world.put(row, 32 + 8 * dice.randrange(21), dice.choice(MONSTROUS))
    return row


def spoiled_header(dice, header):
    """Garbage, or the header with other values in some of its fields."""
    if dice.random() < 0.2:
        return header[: dice.choice([0, 1])] + dice.randbytes(324)[: 324 - dice.choice([0, 1])]
    spoiled = bytearray(header)
    for _ in range(dice.choice([1, 1, 3])):
        at, size = dice.choice(FIELDS)
        spoiled[at : at + size] = (dice.choice(MONSTROUS) % 2 ** (8 * size)).to_bytes(size, "big")
    return bytes(spoiled)


def publication(dice):
    """What a hostile operator lays out of a slot, with its roots and sums made to fit or not."""
    slot = dice.choice(SLOTS)
    honest = slot.published.rows
    rows = {at: spoiled_row(dice, honest[at]) for at in dice.sample(range(len(honest)), min(len(honest), 2))}
    made = dice.choice([world.bind, world.bind, world.as_if])(slot, rows=rows)
    header = spoiled_header(dice, made.header) if dice.random() < 0.5 else made.header
    shown = made.rows if dice.random() < 0.8 else (*made.rows[: dice.randint(1, len(honest))], dice.randbytes(200))
    return replace(made, header=header[:324].ljust(324, b"\0"), rows=shown, stated={}, hashes={}, book=())


@settings(deadline=None, max_examples=EXAMPLES)
@given(st.integers(0, 2**64))
def test_whatever_is_published_is_told_and_what_is_told_convicts(seed):
    auction = publication(random.Random(seed))
    case = world.anchored(SLOTS[0], auction, slots=1, at=0)
    facts, anchor = case.facts, case.place.anchor
    period = rebuilt(anchor, [b"\1nothing", public_bytes([auction])])
    told = list(period_told(facts, period))
    for one in told:
        assert f"slot {anchor.first_slot}" in str(one)
        if one.evidence is not None:
            said = world.judge(facts, one.evidence.function, one.evidence.arguments)
            assert said == ("", int(one.evidence.kind)), one
    shown = [one.evidence for one in told if one.evidence is not None]
    assert list(period_faults(facts, period)) == shown
    assert shown or any(one.demand or one.opening for one in told) or harmless(auction)


def harmless(auction):
    """Whether the court itself would find nothing in any row: what was changed decides nothing."""
    fields = read_header(auction.header)
    return not any(row_fault(fields, row_words(fields, row)[0], row) for row in auction.rows)


def test_a_monstrous_pool_quantity_is_no_shelter():
    """2⁶² Wh in the pool cannot be cleared at all: the row is shown for it, whether its limit admits it or not."""
    slot = world.made(5, 5, rule=3)
    row = slot.published.rows[2]
    for limit in (168, 160):  # pool_sell, pool_buy
        own = world.put(world.put(row, 176, -(2**62) if limit == 168 else 2**62), limit, 0)
        never = world.put(world.put(row, 176, 2**62), 160, -(10**9) - 1)
        for bad in (own, never):
            made = world.as_if(slot, {2: bad})
            auction = replace(made, stated={}, hashes={}, book=())
            case = world.anchored(slot, auction, slots=1, at=0)
            period = PublishedPeriod(case.place.anchor, (auction,), (world.keccak(auction.header),))
            kinds = {one.evidence.kind for one in period_told(case.facts, period) if one.evidence is not None}
            assert kinds & {Kind.ROW, Kind.HEADER}


def test_broken_bytes_beside_the_right_ones_are_passed_over():
    slot = world.made(20, 20)
    case = world.anchored(slot, slots=1, at=0)
    good = public_bytes([slot.published])
    body, dice = zlib.decompress(good[1:]), random.Random(5)
    for _ in range(EXAMPLES):
        spoiled = bytearray(dice.choice([good, body]))
        inner = len(spoiled) == len(body)
        for _ in range(dice.choice([1, 2, 9])):
            spoiled[dice.choice([dice.randrange(8), dice.randrange(len(spoiled))])] = dice.randrange(256)
        cut = bytes(spoiled[: dice.choice([len(spoiled), dice.randrange(len(spoiled))])])
        period = rebuilt(case.place.anchor, [b"\1" + zlib.compress(cut, 1) if inner else cut, good])
        assert period is not None
        assert tuple(period.auctions[0].rows) == slot.published.rows
