"""RowCourt and its twin say the same of whatever they are shown, and both say what `next_row` says of a row."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sunfair.model import Fees
from sunfair.settlement import PrivateRow
from sunfair.settlement.court.proofs import NOT_FALSE
from sunfair.settlement.court.rows import NOWHERE, RowAt, part_of
from sunfair.settlement.court.rows_evidence import PublicRow
from sunfair.settlement.court.rows_rule import Prices, RowNumbers, follows
from sunfair.settlement.row import LATE, Base, Opening, SlotFacts, next_row

sys.path.insert(0, str(Path(__file__).parents[2] / "contract"))
import court_settlements as world
from court_settlements import FIRST_MEMBER, NETWORK, Ways

FIELDS = [name for name in world.ROW_FIELDS if name not in ("account", "salt")]
SLOW = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
I8 = st.integers(-(2**63), 2**63 - 1)
EXTREMES = st.sampled_from([-(2**63), 2**63 - 1, -1, 0, 1, 2**62, 10**9, -(10**9), 2**40])
WAYS = (
    Ways(),
    Ways(silent=0.6, replaced=0.6),
    Ways(void=0.5, void_to=2, successor=True),
    Ways(limits=(-40, -6), tariffs=(-30, -2), rule=4),
    Ways(rule=3, before=0),
    Ways(limits=(-(10**9), 10**9), tariffs=(-(10**9), 10**9), energies=10**9, cap_wh=10**9),
)


@cache
def street_of(kind, seed):
    return world.made(seed, WAYS[kind])


@st.composite
def streets(draw):
    """An honest street, one of a few dozen."""
    return street_of(draw(st.integers(0, len(WAYS) - 1)), draw(st.integers(0, 3)))


@st.composite
def lies(draw, row):
    """A row with up to three numbers falsified, a little or wholly."""
    changed = {}
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=3, unique=True)):
        near = st.integers(-3, 3).map(lambda more, name=name: max(-(2**63), min(getattr(row, name) + more, 2**63 - 1)))
        changed[name] = draw(st.one_of(near, EXTREMES, I8))
    return changed


@st.composite
def posted_rows(draw):
    """A street of which the operator falsified two rows of an account, or the row before in the other settlement."""
    street = draw(streets())
    able = [account for account, rows in street.pending.rows.items() if rows and account not in (0, 2)]
    account = draw(st.sampled_from(able))
    rows = list(street.pending.rows[account])
    index = draw(st.integers(0, len(rows) - 1))
    for place in {index, max(index - 1, 0)}:
        rows[place] = world.change(rows[place], **draw(lies(PrivateRow.decode(rows[place]))))
    street = world.repost(street, {account: tuple(rows)})
    if street.earlier and street.earlier.rows[account] and draw(st.booleans()):
        last = street.earlier.rows[account]
        ended = world.change(last[-1], **draw(lies(PrivateRow.decode(last[-1]))))
        told = {**street.earlier.rows, account: (*last[:-1], ended)}
        earlier = world.post(street.facts, street.earlier.settlement, told)
        facts = replace(street.facts, last=earlier.settlement, pending=street.pending.settlement)
        street = replace(street, facts=facts, earlier=earlier)
    return street, account, index


def flipped(data, place, bit):
    """Bytes with one bit turned; none has none."""
    if not data:
        return data
    at = place % len(data)
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


@st.composite
def spoiled(draw, at: RowAt):
    """Evidence of a row as it is, or with something of it changed."""
    place, bit = draw(st.integers(0, 600)), draw(st.integers(0, 7))
    return draw(
        st.sampled_from(
            [
                *[at] * 6,
                replace(at, slot=at.slot + 1),
                replace(at, slot=max(at.slot - 1, 0)),
                replace(at, account=at.account + 1),
                replace(at, row=flipped(at.row, place, bit)),
                replace(at, row=at.row[:-1]),
                replace(at, leaf=flipped(at.leaf, place, bit)),
                replace(at, leaf=at.leaf[:-1]),
                replace(at, leaf_path=flipped(at.leaf_path, place, bit)),
                replace(at, leaf_path=at.leaf_path[:-40]),
                replace(at, row_path=at.row_path[1:]),
                replace(at, row_path=(*at.row_path, bytes(32))),
                replace(at, settlement=replace(at.settlement, operator=b"x" * 20)),
            ]
        )
    )


@st.composite
def row_calls(draw):
    """A call about a row: right or wrong row before, header, public row, terms."""
    street, account, index = draw(posted_rows())
    own, facts, last = street.handed(account), street.facts, street.last(account)
    slot = part_of(facts, own.settlement, account).start + index
    right = own.before(index) if index else NOWHERE
    others = [NOWHERE, own.before(1) if len(own.rows) > 1 else NOWHERE]
    if last and last.rows and account != NETWORK:
        part = part_of(facts, last.settlement, account)
        ended = last.at(part.start + part.count - 1, len(last.rows) - 1)
        right = right if index else ended
        others.append(draw(spoiled(ended)))
    previous = draw(st.sampled_from([right] * 6 + others))
    at, shown = draw(spoiled(own.at(slot, index))), street.shown[slot]
    if draw(st.integers(0, 9)) == 0:
        shown = street.shown[draw(st.sampled_from(sorted(street.shown)))]
    header = flipped(shown.header, draw(st.integers(0, 323)), 0) if draw(st.integers(0, 19)) == 0 else shown.header
    place = shown.anchor, header, shown.path
    terms = draw(st.integers(0, len(facts.terms) - 1))
    leaf = int.from_bytes(own.rows[index][13:21], "big", signed=True)
    public = shown.public(leaf) if leaf >= 0 else PublicRow()
    if draw(st.integers(0, 9)) == 0:
        public = replace(public, row=flipped(public.row, draw(st.integers(0, 199)), 0))
    return facts, [
        ("refute_row", (at, previous, *place)),
        ("refute_row_trade", (at, *place, public.stated, public.row, public.siblings)),
        ("refute_void_row", (at, previous, shown.anchor, terms, facts.terms[terms])),
        ("refute_network_row", (at, previous.row, previous.row_path, *place)),
    ]


@SLOW
@given(row_calls())
def test_contract_and_twin_say_the_same_of_a_row(case):
    facts, calls = case
    for function, arguments in calls:
        world.courtroom().both(facts, function, arguments)


COVERS = st.one_of(st.integers(0, 9), st.sampled_from([2**62 - 1, 2**62, 2**63, 2**64 - 1]))


@st.composite
def postings(draw):
    """A street whose operator falsified leaves, amounts, or the period tree."""
    street = draw(streets())
    accounts = len(street.pending.rows)
    account = draw(st.integers(0, accounts - 1))
    rows = street.pending.rows[account]
    changes = {
        "numbers": {account: tuple(draw(st.integers(-3, 3)) for _ in range(3))},
        "amounts": {account: draw(st.integers(-(2**61), 2**61))},
        "stated": {(draw(st.integers(0, 3)), draw(st.integers(0, 7))): draw(COVERS) for _ in range(2)},
        "hashes": {(0, draw(st.integers(0, 7))): bytes(31) + b"\1"},
        "cover": draw(COVERS),
        "count": accounts + draw(st.sampled_from([-1, 1])),
        "leaves": {account: flipped(street.pending.leaves[account], draw(st.integers(0, 60)), 0)},
    }
    told = draw(st.lists(st.sampled_from(sorted(changes)), max_size=2, unique=True))
    other = {account: rows[:-1]} if draw(st.booleans()) else {}
    return world.repost(street, other, **{name: changes[name] for name in told}), account


@st.composite
def posting_calls(draw):
    """Calls about leaf, rows root, period root and cover."""
    street, account = draw(postings())
    own, settlement, words = street.handed(account), street.pending.settlement, street.pending.words
    chunk = b"".join(word.to_bytes(32, "big") for word in words[:16])
    hashes = world.keccak(chunk)
    stated = draw(st.sampled_from([own.stated, own.stated, 0, 2**64 - 1, 2**255]))
    last = (own.rows[-1], own.path(len(own.rows) - 1)) if own.rows and draw(st.integers(0, 5)) else (b"", ())
    posted = (chunk, hashes) if draw(st.integers(0, 5)) else (chunk[:-32], hashes)
    levels = street.pending.tree.levels()
    level = draw(st.integers(0, len(levels) - 1))
    index = draw(st.integers(0, len(levels[level]) - 1))
    node, cover = levels[level][index]

    def step(part):
        return part[0] + (part[1] % 2**64).to_bytes(8, "big")

    path = b"".join(step(levels[up][(index >> up - level) ^ 1]) for up in range(level, len(levels) - 1))
    children = b"".join(map(step, levels[level - 1][2 * index : 2 * index + 2])) if level else node
    number = len(street.pending.leaves) + draw(st.sampled_from([0, 0, 1]))
    top, total = levels[-1][0]
    return street.facts, [
        ("refute_leaf", (settlement, account, stated, own.leaf, own.leaf_path, *last, *posted)),
        ("refute_period_root", (settlement, number, top, draw(st.sampled_from([total, total, 0, 2**64])))),
        ("refute_cover_node", (settlement, level, index, cover + draw(st.sampled_from([0, 0, 1])), children, path)),
        *(
            [("refute_rows_root", (settlement, account, own.leaf, own.leaf_path, own.tree.count, own.top))]
            if own.rows
            else []
        ),
    ]


@SLOW
@given(posting_calls())
def test_contract_and_twin_say_the_same_of_leaf_and_tree(case):
    facts, calls = case
    for function, arguments in calls:
        world.courtroom().both(facts, function, arguments)


# ── The rule itself ───────────────────────────────────────────────────────────────────────────────────────────────────

SMALL = st.integers(-40, 40)
TARIFFS = st.tuples(SMALL, SMALL).map(lambda pair: tuple(sorted(pair, reverse=True)))


class _Opened(Opening):
    """An opening that opens: only its numbers matter here."""

    def opens(self, account, slot):
        return True


@st.composite
def steps(draw):
    """What stood before, a slot's facts and one account's part in it."""
    gap = draw(st.integers(0, 2))
    tariffs = draw(TARIFFS) if gap else (0, 0)
    registers = draw(st.tuples(st.integers(0, 90), st.integers(0, 90)))
    base = Base(3, *registers, draw(SMALL), draw(st.integers(0, 40)), gap, *tariffs)
    void = draw(st.booleans())
    prices = (0, 0) if void else (draw(SMALL), draw(SMALL))
    fees = draw(st.sampled_from([Fees(), Fees(5_001, 4_998, 1), Fees(10_000, 0, 0)]))
    facts = SlotFacts(9, *draw(TARIFFS), fees, *prices, pool_held=not void and draw(st.booleans()), void=void)
    reading = None
    if draw(st.booleans()):
        reading = registers[0] + draw(st.integers(0, 50)), registers[1] + draw(st.integers(0, 50))
    ahead, pool, offered = draw(SMALL), 0, 0
    if reading and not gap and facts.pool_held and draw(st.booleans()):
        metered = reading[0] - registers[0] - reading[1] + registers[1]
        offered = max(-30, min(metered - ahead, 30))
        pool = draw(st.integers(min(offered, 0), max(offered, 0)))
    numbers = b"".join(number.to_bytes(8, "big", signed=True) for number in (offered, ahead, pool))
    opening = None if void else _Opened(0, 1, bytes(32), bytes(176) + numbers)
    return base, facts, reading, opening


@settings(deadline=None, max_examples=200)
@given(steps(), st.sampled_from(FIELDS[3:]), st.integers(-3, 3))
def test_a_row_follows_exactly_if_the_next_row_is_so(step, field, more):
    base, facts, reading, opening = step
    row = next_row(base, facts, reading, opening, cap_wh=30)
    before = RowNumbers(
        0, 0, 0, base.import_register_wh, base.export_register_wh, 0, base.running, base.claims,
        base.gap_slots, base.gap_retail, base.gap_feed_in,
    )  # fmt: skip
    prices = Prices(facts.retail, facts.feed_in, facts.price_ahead, facts.price_pool, facts.fees.seller_bps)
    assert follows(RowNumbers.read(row.encode()), before, prices)
    trade = field in ("traded_ahead_wh", "traded_pool_wh")  # the row's own word, which the public row checks
    register = field in ("import_register_wh", "export_register_wh") and row.gap_slots <= 0
    late = field == "gap_slots" and {row.gap_slots, row.gap_slots + more} == {0, LATE}  # likewise
    if more and not trade and not register and not late:
        false = replace(row, **{field: getattr(row, field) + more})
        assert not follows(RowNumbers.read(false.encode()), before, prices)


def test_the_same_word_for_what_is_not_false():
    street = street_of(0, 0)
    account = next(a for a in range(FIRST_MEMBER, 8) if street.pending.rows[a])
    own = street.handed(account)
    count = len(own.rows)
    call = ("refute_rows_root", (own.settlement, account, own.leaf, own.leaf_path, count, own.top))
    assert world.courtroom().both(street.facts, *call) == (NOT_FALSE, None)
