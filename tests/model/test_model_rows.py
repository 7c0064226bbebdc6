"""Private rows as a local state machine: any false row shows between two neighbours; the first needs the last applied one."""

from dataclasses import dataclass, replace
from itertools import product

import pytest

READ = -99
"""`highest` of a row that was read; the neutral values make the step total: no false row can stop it."""


@dataclass(frozen=True, slots=True)
class Row:
    """Registers, running sum, running claims, and since the last reading the highest retail and lowest feed-in."""

    imported: int = 0
    exported: int = 0
    running: int = 0
    claims: int = 0
    highest: int = READ
    lowest: int = 99


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands outside the row: tariffs, the public ahead and pool fill, the price, and the signed reading or none."""

    retail: int
    feed_in: int
    ahead: int
    pool: int
    price: int
    reading: tuple[int, int] | None


def debit(energy, slot):
    """Residual at the slot's tariffs: + to pay."""
    return energy * (slot.retail if energy > 0 else slot.feed_in)


def step(before: Row, slot: Slot) -> Row:
    """The next row. Without a reading nothing is metered and the ahead trade is settled at once; then the registers in full."""
    trade = -(slot.ahead + slot.pool) * slot.price
    falls = slot.reading is not None and (slot.reading[0] < before.imported or slot.reading[1] < before.exported)
    if slot.reading is None or falls:  # registers that fall are no reading
        value = debit(-slot.ahead, slot)
        worst = max(slot.retail, before.highest)
        least = min(slot.feed_in, before.lowest)
        return Row(before.imported, before.exported, before.running + trade - value, before.claims, worst, least)
    taken, given = slot.reading[0] - before.imported, slot.reading[1] - before.exported
    if before.highest == READ:
        rest = taken - given - slot.ahead - slot.pool
        value, undelivered = debit(rest, slot), 0
        if rest * slot.ahead < 0:
            size = min(abs(rest), abs(slot.ahead))
            undelivered = max(0, debit(size if rest > 0 else -size, slot))
        claims = before.claims + max(0, value) - undelivered
    else:
        gap = taken * max(before.highest, slot.retail) - given * min(before.lowest, slot.feed_in)
        value = debit(-slot.ahead, slot) + gap
        claims = before.claims + max(0, gap)
    return Row(*slot.reading, before.running + trade - value, claims)


SLOTS = [
    Slot(4, 1, 0, 0, 2, (1, 0)),
    Slot(4, 1, -1, 0, 2, None),
    Slot(3, 0, 1, 0, 2, (2, 1)),
    Slot(2, -1, 0, 1, 1, (3, 1)),
]


def chain(start: Row, slots=SLOTS):
    rows = []
    for slot in slots:
        start = step(start, slot)
        rows.append(start)
    return rows


def refuted(rows, start: Row | None):
    """Index of the first row that does not follow from the one before; `start` None: the first row is taken on trust."""
    before = start
    for k, (row, slot) in enumerate(zip(rows, SLOTS, strict=True)):
        if before is not None and row != step(before, slot):
            return k
        before = row
    return None


FIELDS = ["imported", "exported", "running", "claims", "highest", "lowest"]


@pytest.mark.parametrize("field", FIELDS)
def test_any_false_row_shows_between_two_neighbours(field):
    """One field of one row changed, what follows derived from it or left as it was: found at that row."""
    start = Row()
    true = chain(start)
    for k, delta, derived in product(range(len(SLOTS)), (-2, -1, 1, 2), (True, False)):
        false = replace(true[k], **{field: getattr(true[k], field) + delta})
        rest = chain(false, SLOTS[k + 1 :]) if derived else true[k + 1 :]
        assert refuted([*true[:k], false, *rest], start) == k


def test_two_false_rows_that_hide_each_other():
    """A later row that puts right what an earlier one bent is false itself; the first of them is found."""
    true = chain(Row())
    for first, second, delta in product(range(3), range(1, 4), (-1, 1)):
        if first < second:
            rows = list(true)
            rows[first] = replace(true[first], running=true[first].running + delta)
            rows[second] = replace(true[second], running=true[second].running - delta)
            assert refuted(rows, Row()) == first


def test_the_first_row_needs_the_last_applied_one():
    """Taken on trust it may carry any running sum or register: 10 stolen, and nothing to compare with."""
    stolen = replace(step(Row(), SLOTS[0]), running=-10)
    rows = [stolen, *chain(stolen, SLOTS[1:])]
    assert refuted(rows, None) is None
    assert refuted(rows, Row()) == 0


def test_a_false_register_that_was_applied_heals():
    """Registers are cumulative: energy hidden in one applied period is charged in the next."""
    hidden = Row(imported=0)
    shown = Row(imported=3)
    slot = Slot(4, 1, 0, 0, 0, (5, 0))
    assert step(hidden, slot).running == -20
    assert step(shown, slot).running == -8


def test_registers_that_fall_are_no_reading():
    """The signed value lies below the last one: the row is well defined, nothing underflows."""
    before = Row(imported=5, exported=5)
    assert step(before, Slot(4, 1, 0, 0, 0, (4, 6))) == replace(before, highest=4, lowest=1)
