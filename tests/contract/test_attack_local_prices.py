"""Attack: "it was the wires" — an operator that hides false fills and false money behind prices no court can judge.

Where a book is cleared on the wires, who is filled depends on a power flow that no contract can run. The rule byte says
so (bits 1 and 3), and only what hangs on that is let be: the ahead fill in the public row and the money of the private
one. It counts only if the utility set it a day before; the pool, the book, meters, running sums and leaves are judged
as ever.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sunfair.model import Mechanism
from sunfair.settlement import PrivateRow, ResultTree, Rule
from sunfair.settlement.court import Kind
from sunfair.settlement.header import NETWORK_AHEAD, NO_AHEAD

sys.path.insert(0, str(Path(__file__).parent))
import court_settlements as rows_world
import court_slots as world
from court_settlements import FIRST_MEMBER, NETWORK, Ways

WIRES = NO_AHEAD | NETWORK_AHEAD
NOT_FALSE = ("court: not false", None)
CURVES = world.street((100, 25), (50, 20), (-60, 10), (-30, 20), pool=((70, 30), (-100, 8)))


def on_wires(fills, rule=WIRES):
    """The street's slot with these ahead fills, which no auction would give, under a header that says so."""
    ahead = CURVES.rows.fill_ahead_wh.copy()
    ahead[:] = 0
    ahead[: len(fills)] = fills
    rows = replace(CURVES.rows, fill_ahead_wh=ahead)
    tree = ResultTree(rows, Rule(Mechanism.NETWORK, 0), Rule(Mechanism.UNIFORM, CURVES.header.price_pool))
    header = replace(CURVES.header, rule=rule, price_ahead=0, sums=tree.tree.sums, result_root=tree.root)
    return world.Slot(rows, CURVES.blind, header)


@pytest.mark.parametrize("fills", [(40, 0, -30, -10)])
def test_no_call_convicts_for_fills_that_the_wires_gave(fills):
    slot = on_wires(fills)
    case = world.anchored(slot)
    assert world.faults(case) == []
    for function, arguments in world.every_call(case, slot):
        assert world.courtroom().both(case.facts, function, arguments) == NOT_FALSE, function


def test_the_bit_counts_only_if_the_utility_set_it():
    """The header claims the wires, the chain's terms say uniform: anyone shows that."""
    slot = on_wires((40, 0, -30, -10))
    case = world.anchored(slot)
    terms = replace(case.facts.terms[1], rule=0)
    facts = replace(case.facts, terms=(case.facts.terms[0], terms, case.facts.terms[2]))
    assert world.courtroom().both(facts, "refute_terms", (*case.start, 1, terms)) == ("", Kind.TERMS)


def test_without_the_bit_a_fill_of_a_session_not_held_is_false():
    """The same rows under the same sums, in a header that only says that there was no ahead session."""
    slot, bare = on_wires((40, 0, -30, -10)), on_wires((40, 0, -30, -10), rule=NO_AHEAD)
    case = world.anchored(bare)
    said = [
        world.courtroom().both(case.facts, function, (*case.start, *arguments[3:]))
        for function, arguments in world.every_call(world.anchored(slot), slot)
        if function == "refute_row"
    ]
    filled = bare.rows.fill_ahead_wh != 0
    assert said == [("", Kind.ROW) if own else NOT_FALSE for own in filled]


def test_the_pool_beside_the_wires_is_judged_as_ever():
    slot = on_wires((40, 0, -30, -10))
    lying = world.bind(slot, rows={4: world.put(slot.published.rows[4], 192, 69)})
    assert world.convicted(world.anchored(slot, lying)).kind in (Kind.ROW, Kind.NODE, Kind.HEADER)


def paid_more(street, account, index, more):
    """One row of an account paid more, its running sums to fit."""
    own = list(street.pending.rows[account])
    own[index] = rows_world.change(own[index], paid=PrivateRow.decode(own[index]).paid + more)
    return rows_world.repost(street, {account: rows_world.resum(tuple(own))})


def streets(rule):
    return rows_world.made(41, Ways(members=6, before=0, slots=(5,), silent=0.0, void=0.0, moving=0.0, rule=rule))


def test_money_on_the_wires_is_left_to_the_audit_and_no_other_money_is():
    """The same lie: without the bit the home's court convicts, with it nobody can, as the specification says."""
    account = FIRST_MEMBER
    rows_world.caught(paid_more(streets(NO_AHEAD), account, 2, 7), account)
    street = paid_more(streets(WIRES), account, 2, 7)
    assert list(rows_world.faults(street, account)) == []


@pytest.mark.parametrize("field", ["metered_wh", "import_register_wh", "running", "claims", "traded_pool_wh"])
def test_meters_sums_and_the_pool_on_the_wires_are_judged_as_ever(field):
    street, account = streets(WIRES), FIRST_MEMBER + 1
    number = getattr(PrivateRow.decode(street.pending.rows[account][2]), field)
    rows_world.caught(rows_world.spoil(street, account, 2, **{field: number + 5}), account)


def test_the_networks_share_of_the_wires_is_left_to_the_audit_its_sums_are_not():
    for rule, convicts in ((NO_AHEAD, True), (WIRES, False)):
        street = paid_more(streets(rule), NETWORK, 1, 3)
        assert bool(list(rows_world.faults(street, NETWORK))) == convicts
    street = streets(WIRES)
    running = PrivateRow.decode(street.pending.rows[NETWORK][2]).running
    rows_world.caught(rows_world.spoil(street, NETWORK, 2, running=running + 1), NETWORK)
