"""Attack: a meter says nothing for some slots, to shift energy in time, or to hide what it owes.

By the rule a slot without a reading counts as nothing metered; what the registers moved by in the gap is settled at the gap's
dearest retail and cheapest feed-in. So silence earns nothing, and a gap told wrong is shown by two neighbouring rows.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sunfair.model import Fees
from sunfair.settlement import PrivateRow
from sunfair.settlement.row import AFTER_GAP, Base, Opening, SlotFacts, member_paid, next_row

sys.path.insert(0, str(Path(__file__).parent))
import court_settlements as world
from court_settlements import FIRST_MEMBER, Ways


class _Traded(Opening):
    """An opening of an ahead trade; that it opens is not the question here."""

    def opens(self, account, slot):
        return True


def traded(energy):
    """Traded so much ahead, nothing in the pool."""
    numbers = b"".join(number.to_bytes(8, "big", signed=True) for number in (0, energy, 0))
    return _Traded(0, 1, bytes(32), bytes(176) + numbers)


def bill(random, slots, silent):
    """What a home was paid over some slots with everything read, and with some readings withheld but the last."""
    tariffs = [sorted((int(t) for t in random.integers(-20, 40, 2)), reverse=True) for _ in range(slots)]
    ahead = [int(energy) for energy in random.integers(-30, 30, slots)]
    moves = [(int(a), int(b)) for a, b in random.integers(0, 40, (slots, 2)) * random.integers(0, 2, (slots, 2))]
    facts = [SlotFacts(at, *tariffs[at], Fees(), 12, 0) for at in range(slots)]
    paid = []
    for hidden in (set(), silent - {slots - 1}):
        row, registers = Base(3, 0, 0), (0, 0)
        for at in range(slots):
            registers = registers[0] + moves[at][0], registers[1] + moves[at][1]
            row = next_row(row, facts[at], None if at in hidden else registers, traded(ahead[at]))
        paid.append(row.running)
    return paid


def test_silence_never_earns():
    """Trade and tariffs at will; up to a rounding of each part, a home is never better off for a slot not read."""
    for seed in range(400):
        random = np.random.default_rng(seed)
        slots = int(random.integers(1, 7))
        silent = {at for at in range(slots) if random.random() < 0.5}
        read, withheld = bill(random, slots, silent)
        assert withheld <= read + 3 * slots, (seed, read, withheld)


STREET = world.made(44, Ways(members=8, silent=0.6, moving=0.0, replaced=0.2, void=0.1))


def gaps(first):
    """Rows in a gap or after one (account, index); `first`: those of the first slot, whose gap began a settlement before."""
    found = []
    for account in range(FIRST_MEMBER, 11):
        rows = [PrivateRow.decode(row) for row in STREET.pending.rows[account]]
        last = STREET.earlier.rows[account]
        for index, row in enumerate(rows):
            before = rows[index - 1] if index else PrivateRow.decode(last[-1])
            fresh = STREET.facts.meter(account, row.slot).from_slot == row.slot
            if before.gap_slots > 0 and not fresh and (index == 0) == first:
                found.append((account, index))
    return found


@pytest.mark.parametrize("at", gaps(True) + gaps(False)[:8], ids=str)
def test_a_gap_told_shorter_or_cheaper(at):
    """Over the border of a settlement, too."""
    account, index = at
    row = PrivateRow.decode(STREET.pending.rows[account][index])
    lies = [{"gap_slots": row.gap_slots + 1}, {"gap_retail": row.gap_retail - 1}, {"gap_feed_in": row.gap_feed_in + 1}]
    if row.gap_slots > 0:
        facts = STREET.slots[row.slot].facts
        forgotten = {"gap_slots": 1, "gap_retail": facts.retail, "gap_feed_in": facts.feed_in}
        lies += [forgotten] if forgotten["gap_slots"] != row.gap_slots else []
    else:
        metered = row.metered_wh - row.traded_ahead_wh - row.traded_pool_wh
        facts = STREET.slots[row.slot].facts
        residual = ((metered, facts.retail, facts.feed_in),)
        usual = member_paid(facts, row.traded_ahead_wh, row.traded_pool_wh, residual)
        lies += [{"paid": usual}] if usual != row.paid else []
    for lie in lies:
        street = world.spoil(STREET, account, index, **lie)
        found = world.caught(street, account)
        assert found[0].function in ("refute_row", "refute_void_row")
        assert found[0].arguments[0].slot == row.slot


def test_energy_of_a_gap_offered_in_the_pool():
    """Its registers moved over several slots: the first reading after it offers none."""
    account, index = next(
        (a, i)
        for a, i in gaps(False)
        if (row := PrivateRow.decode(STREET.pending.rows[a][i])).gap_slots == AFTER_GAP
        and row.leaf >= 0
        and abs(row.metered_wh - row.traded_ahead_wh) in range(1, 1_500)
    )
    row = PrivateRow.decode(STREET.pending.rows[account][index])

    def change(rows):
        offered = rows.pool_wh.copy()
        offered[row.leaf] = row.metered_wh - row.traded_ahead_wh
        return replace(rows, pool_wh=offered)

    found = world.caught(world.restate(STREET, row.slot, change), account)
    assert [evidence.function for evidence in found] == ["refute_row_trade"]
    denied = world.spoil(STREET, account, index, gap_slots=0)
    assert world.caught(denied, account)[0].function in ("refute_row", "refute_void_row")


def test_a_reading_that_nobody_signed_is_for_the_docket():
    """Registers as they were, told as read: no two rows contradict that, the signed reading has to be demanded."""
    account, index = next(
        (a, i)
        for a in range(FIRST_MEMBER, 11)
        for i, row in enumerate(map(PrivateRow.decode, STREET.pending.rows[a]))
        if row.gap_slots == 1 and i == len(STREET.pending.rows[a]) - 1
    )
    row = PrivateRow.decode(STREET.pending.rows[account][index])
    before = PrivateRow.decode(STREET.pending.rows[account][index - 1])
    made = STREET.slots[row.slot]
    read = next_row(
        before,
        made.facts,
        (row.import_register_wh, row.export_register_wh),
        made.openings.get(account),
        cap_wh=STREET.facts.member(account).cap_wh,
    )
    rows = (*STREET.pending.rows[account][:index], read.encode())
    street = world.repost(STREET, {account: rows})
    assert read != row
    assert list(world.faults(street, account)) == []
