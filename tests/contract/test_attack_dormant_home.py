"""Attack: the operator takes from a home that does not look.

What the design admits: if neither the home, nor a reader it named, nor the utility looks within the window, its whole balance
can be taken. If one of them looks, one transaction undoes it.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sunfair.settlement import PrivateRow
from sunfair.settlement.court import Kind
from sunfair.settlement.court.rows_evidence import find_cover_faults

sys.path.insert(0, str(Path(__file__).parent))
import court_settlements as world
from court_settlements import FIRST_MEMBER, NETWORK, Ways

STREET = world.made(9, Ways(members=5, moving=0.0, replaced=0.0, void=0.0, silent=0.2, poor=0.0))
HOME, FRIEND = FIRST_MEMBER + 1, FIRST_MEMBER + 3
BALANCE = STREET.facts.balance_of(HOME)


def robbed():
    """All the home has goes to the friend; rows, sums and leaves of both are made to fit."""
    due = world.due_leaf(STREET.facts, HOME, STREET.pending.rows[HOME])[0]
    rows = {}
    for account, more in ((HOME, -(BALANCE + due)), (FRIEND, BALANCE + due)):
        own = list(STREET.pending.rows[account])
        own[0] = world.change(own[0], paid=PrivateRow.decode(own[0]).paid + more)
        rows[account] = world.resum(tuple(own))
    return world.repost(STREET, rows)


ROBBED = robbed()


def test_the_whole_balance_is_taken():
    assert int.from_bytes(ROBBED.pending.leaves[HOME][5:13], "big", signed=True) == -BALANCE


def test_nothing_public_shows_it():
    """Watchers, and every other account, find nothing: the tree of the period and the network's rows are true."""
    settlement, tree = ROBBED.pending.settlement, ROBBED.pending.tree
    assert list(find_cover_faults(ROBBED.facts, settlement, tree)) == []
    for account in (NETWORK, *(a for a in range(FIRST_MEMBER, 8) if a not in (HOME, FRIEND))):
        assert list(world.faults(ROBBED, account)) == []


@pytest.mark.parametrize("looker", ["home", "reader", "utility"])
def test_one_look_is_enough(looker):
    """Home and reader see the home's rows, the utility also the friend's: each finds it by itself."""
    for account in (HOME, FRIEND) if looker == "utility" else (HOME,):
        found = world.caught(ROBBED, account)
        assert found[0].kind == Kind.PRIVATE_ROW
        assert str(BALANCE)[:6] in found[0].what or "paid" in found[0].what


def test_after_the_window_it_stands():
    """Applied is final: the same evidence finds no pending settlement. So a home's agent looks, or names who does."""
    found = next(world.faults(ROBBED, HOME))
    facts = replace(ROBBED.facts, last=ROBBED.facts.pending, pending=None)
    room = world.courtroom()
    reason = ("court: settlement", None)
    assert world.judge(facts, found.function, found.arguments) == reason
    other = world.repost(STREET).facts
    assert room.both(replace(other, last=ROBBED.facts.pending), found.function, found.arguments) == reason


def test_false_registers_that_nobody_looked_at_are_where_the_next_settlement_begins():
    """The next one has to go on from them, also in the hands of an honest successor; the utility dates a new meter."""
    last = STREET.earlier.rows[HOME]
    raised = world.change(last[-1], import_register_wh=10**6)
    earlier = world.post(STREET.facts, STREET.earlier.settlement, {**STREET.earlier.rows, HOME: (*last[:-1], raised)})
    facts = replace(STREET.facts, last=earlier.settlement, pending=STREET.pending.settlement)
    street = replace(STREET, facts=facts, earlier=earlier)
    assert "register" in world.caught(street, HOME)[0].what
    first = STREET.pending.settlement.first_slot
    meter = replace(street.facts.meters[HOME][0], from_slot=first, import_wh=PrivateRow.decode(last[-1]).import_register_wh,
                    export_wh=PrivateRow.decode(last[-1]).export_register_wh)  # fmt: skip
    dated = replace(facts, meters={**facts.meters, HOME: (*facts.meters[HOME], meter)})
    renewed = replace(street, facts=dated)
    assert PrivateRow.decode(last[-1]).gap_slots == 0
    assert list(world.faults(renewed, HOME)) == []
