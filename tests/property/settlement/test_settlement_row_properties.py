"""The private rows of all accounts at once against the rule for one account, and what the rule promises.

Slots with gaps, late readings, void slots, negative prices and tariffs, joins, leaves and new meters.
"""

import os
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.model import FIRST_MEMBER, NETWORK, Curves, Fees
from sunfair.settlement import (
    Base,
    Meters,
    Opening,
    PeriodMoney,
    PeriodRows,
    PeriodTree,
    PrivateRow,
    ResultRows,
    SlotFacts,
    SlotTerms,
    blinds,
    book_leaves,
    claims,
    network_row,
    next_row,
    settle_slot,
    slot_lines,
)
from sunfair.settlement.row import NUMBERS

FIRST = 1_000
SMALL_WH = st.integers(0, 40) | st.integers(0, 3_000)
PRICE = st.integers(-400_000, 600_000) | st.integers(-2_000, 2_000)
LONG = os.environ.get("SUNFAIR_LONG_FUZZ") == "1"


def examples(count):
    """So many draws, twenty times as many in the long run."""
    return settings(deadline=None, max_examples=count * (20 if LONG else 1))


@dataclass
class Slot:
    """What happens in one slot, by member."""

    void: bool
    terms: SlotTerms
    caps: list[int]
    came: list[bool]
    late: list[bool]
    moved: list[tuple[int, int]]
    ahead: list[int]
    pooled: list[int]
    nonce: list[int]


@dataclass
class Life:
    """A settlement's slots, who takes part from when to when, and which meters are replaced before which slot."""

    slots: list[Slot]
    active: list[tuple[int, int]]
    bases: list[tuple[int, int]]
    swaps: dict[tuple[int, int], tuple[int, int]]
    pool_held: bool


def balanced(draw, members, energies):
    """What each of these members trades in one session: it sums to zero."""
    traded = dict.fromkeys(members, 0)
    for _ in range(draw(st.integers(0, 3)) if len(members) > 1 else 0):
        buyer, seller, energy = draw(st.sampled_from(members)), draw(st.sampled_from(members)), draw(energies)
        traded[buyer] += energy
        traded[seller] -= energy
    return traded


@st.composite
def lives(draw, joins=True):
    members, count = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    active = [(FIRST, FIRST + count)] * members
    if joins:
        edges = st.tuples(st.integers(0, count), st.integers(0, count)).map(sorted)
        active = [(FIRST + a, FIRST + b) for a, b in (draw(edges) for _ in range(members))]
    share = draw(st.integers(5_001, 10_000))
    utility = draw(st.integers(0, 10_000 - share))
    fees = Fees(share, utility, 10_000 - share - utility)
    slots, swaps = [], {}
    for slot in range(FIRST, FIRST + count):
        here = [a for a in range(members) if active[a][0] <= slot < active[a][1]]
        void = draw(st.integers(0, 5)) == 0
        traded = dict.fromkeys(here, 0) if void else balanced(draw, here, SMALL_WH)
        ahead = [traded.get(a, 0) for a in range(members)]
        feed_in, retail = sorted((draw(PRICE), draw(PRICE)))
        prices = (None, None) if void else (draw(PRICE), draw(PRICE))
        each = [draw(st.tuples(st.integers(0, 3), st.integers(0, 5), SMALL_WH, SMALL_WH)) for _ in range(members)]
        slots.append(
            Slot(
                void=void,
                terms=SlotTerms(*prices, retail, feed_in, fees),
                caps=[draw(st.sampled_from([10**9, 700, 5])) for _ in range(members)],
                came=[part[0] > 0 for part in each],
                late=[part[1] == 0 for part in each],
                moved=[part[2:] for part in each],
                ahead=ahead,
                pooled=[draw(st.integers(0, 10**9)) for _ in range(members)],
                nonce=[draw(st.integers(-1, 9)) for _ in range(members)],
            )
        )
        for a in here:
            if joins and draw(st.integers(0, 7)) == 0:
                swaps[a, slot] = (draw(SMALL_WH), draw(SMALL_WH))
    bases = [(draw(SMALL_WH), draw(SMALL_WH)) for _ in range(members)]
    return Life(slots, active, bases, swaps, draw(st.booleans()))


def pool_fills(offered, wanted):
    """Some fills that the offers allow and that sum to zero."""
    volume = min(int(np.maximum(offered, 0).sum()), int(np.maximum(-offered, 0).sum()), max(wanted))
    fills = np.zeros_like(offered)
    for sign in (1, -1):
        left = volume
        for at in np.flatnonzero(offered * sign > 0):
            part = min(left, abs(int(offered[at])))
            fills[at], left = sign * part, left - part
    return fills


@dataclass
class Lived:
    """The settlement that came of a life: all rows at once, and what a single account is shown."""

    rows: PeriodRows
    facts: list[SlotFacts]
    readings: list[list[tuple[int, int] | None]]
    openings: list[list[Opening | None]]
    starts: dict[tuple[int, int], tuple[int, int]]


def live(life):
    members = len(life.active)
    accounts, zero = np.arange(FIRST_MEMBER, FIRST_MEMBER + members), np.zeros(members, np.int64)
    meters, registers = Meters.at(zero, zero), [list(base) for base in life.bases]
    columns = {name: [] for name in PeriodRows.__dataclass_fields__ if name not in ("slots", "active")}
    lived = Lived(None, [], [], [], {})
    draw = np.random.default_rng(1)
    for slot, one in enumerate(life.slots, start=FIRST):
        here = np.array([a <= slot < b for a, b in life.active])
        for a in range(members):
            if slot == life.active[a][0]:
                lived.starts[a, slot] = tuple(registers[a])
            if (a, slot) in life.swaps:
                lived.starts[a, slot] = life.swaps[a, slot]
                registers[a] = list(life.swaps[a, slot])
            if (a, slot) in lived.starts:
                meters = meters.replaced(np.array([a]), *lived.starts[a, slot])
            if here[a]:
                registers[a] = [register + moved for register, moved in zip(registers[a], one.moved[a], strict=True)]
        came = np.array(one.came) & here
        now = np.array(registers, np.int64).T
        tariff = {"retail": one.terms.retail, "feed_in": one.terms.feed_in}
        meters, delivery = meters.read(came, *now, **tariff, late=np.array(one.late))
        ahead, caps = np.array(one.ahead), np.array(one.caps)
        offered = np.clip(delivery.metered_wh - ahead, -caps, caps) * delivery.pools
        offered = offered * (life.pool_held and not one.void)
        pool = pool_fills(offered, one.pooled)
        nonce, salts = np.array(one.nonce), draw.integers(0, 256, (members, 32), dtype=np.uint8)
        curves = Curves.empty(members)
        curves.energy_wh[:, 0], curves.limit[:, 0] = draw.integers(-9, 9, members), draw.integers(-9, 9, members)
        leaves = book_leaves(blinds(accounts, slot, nonce, salts), curves)
        public = ResultRows(leaves, curves, offered, ahead, pool).public_bytes()
        wide = [np.concatenate([np.zeros(FIRST_MEMBER, np.int64), part]) for part in (ahead, pool, delivery.metered_wh)]
        lived.facts.append(
            SlotFacts.voided(slot, *tariff.values(), one.terms.fees)
            if one.void
            else SlotFacts(
                slot, *tariff.values(), one.terms.fees, one.terms.price_ahead, one.terms.price_pool,
                int(np.maximum(ahead, 0).sum()), int(np.maximum(pool, 0).sum()), life.pool_held,
            )
        )  # fmt: skip
        lived.readings.append([tuple(registers[a]) if came[a] else None for a in range(members)])
        lived.openings.append(
            [
                None if one.void else Opening(7 + a, one.nonce[a], salts[a].tobytes(), public[a].tobytes())
                for a in range(members)
            ]
        )
        if one.void:
            nonce, salts = np.full(members, -1), np.zeros((members, 32), np.uint8)
        leaf = np.full(members, -1) if one.void else 7 + np.arange(members)
        none = np.zeros(FIRST_MEMBER, np.int64)
        state = [meters.import_wh, meters.export_wh, meters.gap_slots, meters.gap_retail, meters.gap_feed_in]
        import_wh, export_wh, *gap = (np.concatenate([none, part]) for part in state)
        institution_salts = np.zeros((FIRST_MEMBER, 32), np.uint8)
        found = [
            *(np.concatenate([none - 1, part]) for part in (leaf, nonce)), *wide, import_wh, export_wh,
            settle_slot(one.terms, *wide, true_up=delivery.true_up).paid,
            claims(one.terms, *wide, delivery.true_up), *gap, np.concatenate([institution_salts, salts]),
        ]  # fmt: skip
        for name, values in zip(columns, found, strict=True):
            columns[name].append(values)
    stacked = [np.stack(values) for values in columns.values()]
    active = np.array([(0, 10**6)] * FIRST_MEMBER + life.active)
    lived.rows = PeriodRows(np.arange(FIRST, FIRST + len(life.slots)), *stacked, active)
    return lived


def one_by_one(life, lived, a):
    """The rows of member `a` by the rule for one account."""
    rows, previous = [], None
    for t in range(life.active[a][0] - FIRST, life.active[a][1] - FIRST):
        slot = FIRST + t
        if previous is None:
            previous = Base(FIRST_MEMBER + a, *lived.starts[a, slot])
        elif (a, slot) in life.swaps:
            previous = Base.new_meter(previous, *life.swaps[a, slot])
        shown = lived.readings[t][a], lived.openings[t][a]
        own = life.slots[t]
        previous = next_row(previous, lived.facts[t], *shown, cap_wh=own.caps[a], late=own.late[a])
        rows.append(previous)
    return rows


@examples(100)
@given(lives())
def test_all_rows_at_once_are_the_rows_of_the_rule(life):
    lived = live(life)
    for a in range(len(life.active)):
        assert lived.rows.rows(FIRST_MEMBER + a) == one_by_one(life, lived, a)
    running = 0
    for t, facts in enumerate(lived.facts):
        row = network_row(running, facts)
        assert row == lived.rows.rows(NETWORK)[t]
        running = row.running


@examples(40)
@given(lives())
def test_a_slot_neither_makes_nor_loses_money(life):
    rows = live(life).rows
    assert (rows.paid.sum(axis=1) == 0).all()
    assert (rows.claimed >= 0).all()
    lines = [rows.total(rows.paid), *(rows.numbers(a)[-1:, 9] for a in range(rows.accounts))]
    assert [int(part.sum()) for part in lines[1:]] == lines[0].tolist()


@examples(40)
@given(lives(joins=False))
def test_what_the_registers_moved_by_is_metered_once(life):
    lived = live(life)
    for a in range(len(life.active)):
        rows = lived.rows.rows(FIRST_MEMBER + a)
        last, base = rows[-1], life.bases[a]
        moved = (last.import_register_wh - base[0]) - (last.export_register_wh - base[1])
        assert sum(row.metered_wh for row in rows) == moved
        assert all(row.metered_wh == 0 for row in rows if row.gap_slots > 0)


@examples(60)
@given(lives(joins=False), st.data())
def test_a_silent_meter_earns_nothing(life, data):
    """With whatever readings missing, a member is paid no more than with all of them, but for the roundings spared."""
    a = data.draw(st.integers(0, len(life.active) - 1))
    quiet = replace(life, pool_held=False)
    quiet.slots[-1].came = [True] * len(
        life.active
    )  # what never was read is never metered: the day ends with a reading
    spoken = replace(quiet, slots=[replace(one, came=[True] * len(life.active)) for one in quiet.slots])
    silent, read = (live(one).rows.rows(FIRST_MEMBER + a)[-1].running for one in (quiet, spoken))
    assert silent <= read + 3 * len(life.slots)


@examples(40)
@given(lives())
def test_a_bill_has_the_gap_on_lines_of_its_own(life):
    """Every Wh and µ of a row stands on a bill, and what a gap moved on its own two lines."""
    rows, accounts = live(life).rows, len(life.active) + FIRST_MEMBER
    meters = Meters.at(*np.zeros((2, accounts - FIRST_MEMBER), np.int64))
    for t, one in enumerate(life.slots):
        registers = (rows.import_register_wh[t, FIRST_MEMBER:], rows.export_register_wh[t, FIRST_MEMBER:])
        came = rows.gap_slots[t, FIRST_MEMBER:] <= 0
        before, (meters, delivery) = (
            meters,
            meters.read(came, *registers, retail=one.terms.retail, feed_in=one.terms.feed_in),
        )
        columns = rows.traded_ahead_wh[t], rows.traded_pool_wh[t], np.concatenate([[0] * 3, delivery.metered_wh])
        energy, amount = slot_lines(one.terms, *columns, delivery.true_up)
        paid = settle_slot(one.terms, *columns, true_up=delivery.true_up).paid
        assert (energy.sum(axis=0) == columns[2]).all()
        assert (amount.sum(axis=0) == paid).all()
        back = set((np.flatnonzero(came & (before.gap_slots > 0)) + FIRST_MEMBER).tolist())
        assert set(np.flatnonzero(energy[6:8].any(axis=0)).tolist()) <= back


@examples(30)
@given(lives())
def test_rows_of_the_tree_are_the_rows_alone(life):
    """The tree over all accounts' rows is made of the single rows' hashes; nobody has one outside of its slots."""
    lived = live(life)
    zero = np.zeros(lived.rows.accounts, np.int64)
    tree = PeriodTree(lived.rows, PeriodMoney(zero, zero, zero, zero))
    for a, (first, end) in enumerate(life.active):
        account = FIRST_MEMBER + a
        assert tree.row_trees[account].count == end - first
        assert (tree.row_roots[account] == bytes(32)) == (first == end)
        for index, row in enumerate(one_by_one(life, lived, a)):
            assert tree.row_proof(account, index).holds(row.digest(), tree.row_roots[account])


NUMBER = st.integers(-(2**63), 2**63 - 1)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(NUMBER, min_size=14, max_size=14), st.binary(min_size=32, max_size=32))
def test_a_row_is_its_bytes(account, numbers, salt):
    row = PrivateRow(account=account, salt=salt, **dict(zip(NUMBERS, numbers, strict=True)))
    data = row.encode()
    assert len(data) == 149
    assert data[0] == 0x13
    assert data[5:117] == b"".join(number.to_bytes(8, "big", signed=True) for number in numbers)
    assert PrivateRow.decode(data) == row
    for wrong in (data[:-1], data + b"\0", b"\x12" + data[1:]):
        with pytest.raises(ValueError, match="149 bytes"):
            PrivateRow.decode(wrong)
