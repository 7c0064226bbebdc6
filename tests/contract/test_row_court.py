"""RowCourt on revm: the honest operator is never convicted, each false number is, and a challenge stays affordable."""

import sys
from collections import Counter
from dataclasses import replace
from itertools import combinations, islice
from pathlib import Path

import numpy as np
import pytest

from sunfair.settlement import PrivateRow, keccak
from sunfair.settlement.court.proofs import Kind
from sunfair.settlement.court.rows import NOWHERE, before_row, part_of
from sunfair.settlement.court.rows_evidence import PublicRow, find_cover_faults, find_row_faults
from sunfair.settlement.court.rows_rule import Prices, RowNumbers, due_row

sys.path.insert(0, str(Path(__file__).parent))
import court_settlements as world
from court_settlements import FIRST_MEMBER, NETWORK, RESERVE, UTILITY, Ways

NOT_FALSE = ("court: not false", None)
CONVICTION = 45_000
"""What a conviction costs in EnergyMarket, a challenger's first: 37 k measured there, cancelling and slashing."""
CHALLENGE_MAX = 160_000

HONEST = {
    "a street": (1, Ways()),
    "gaps everywhere": (2, Ways(silent=0.7, moving=0)),
    "no reading at all": (3, Ways(silent=1.0)),
    "never a gap": (4, Ways(silent=0.0, late=0.0, void=0.0, replaced=0.0, moving=0.0)),
    "voids everywhere": (5, Ways(void=0.7)),
    "void from a takeover on": (6, Ways(void_to=4, successor=True)),
    "all comes and goes, and new meters": (7, Ways(moving=1.0, replaced=0.7)),
    "negative prices and tariffs": (8, Ways(limits=(-40, -6), tariffs=(-30, -2))),
    "ties": (9, Ways(members=12, limits=(14, 17), energies=12)),
    "largest prices": (10, Ways(limits=(-(10**9), 10**9), tariffs=(-(10**9), 10**9), energies=10**9, cap_wh=10**9)),
    "mid-market, pool only": (11, Ways(rule=3)),
    "no pool": (12, Ways(rule=4)),
    "empty books": (13, Ways(offering=0.0)),
    "one member": (14, Ways(members=1, moving=0.0)),
    "first settlement of the market": (15, Ways(before=0)),
    "nobody can pay": (16, Ways(poor=1.0, tariffs=(20, 30))),
    "a cap below what is used": (17, Ways(cap_wh=100, late=0.0)),
    "odd shares": (18, Ways(fees=(5_001, 4_998, 1))),
    "no meter yet": (19, Ways(silent=1.0, moving=1.0, metered=False)),
}
STREET = world.made(30, Ways(members=9, before=4, slots=(7, 5), silent=0.4, void=0.2, replaced=0.5, moving=0.3))


def every_call(street, account):
    """Calls of the court on each row of a member, with the row before; on some rows also with a wrong one, and none."""
    own, last, facts = street.handed(account), street.last(account), street.facts
    part = part_of(facts, own.settlement, account)
    earlier = NOWHERE
    if last and last.rows:
        before = part_of(facts, last.settlement, account)
        earlier = last.at(before.start + before.count - 1, len(last.rows) - 1)
    for index in range(len(own.rows)):
        slot = part.start + index
        at, shown = own.at(slot, index), street.shown[slot]
        leaf = int.from_bytes(at.row[13:21], "big", signed=True)
        public = shown.public(leaf) if leaf >= 0 else PublicRow()
        beside = (public.stated, public.row, public.siblings)
        right, terms = own.before(index) if index else earlier, facts.terms_at(slot)
        yield "refute_row", (at, right, *shown.place)
        yield "refute_row_trade", (at, *shown.place, *beside)
        yield "refute_void_row", (at, right, shown.anchor, terms, facts.terms[terms])
        if index > 2:
            continue
        for wrong in (earlier, NOWHERE, own.before(max(index - 1, 1)) if len(own.rows) > 1 else NOWHERE):
            yield "refute_row", (at, wrong, *shown.place)
            yield "refute_void_row", (at, wrong, shown.anchor, 1 - terms, facts.terms[1 - terms])
        yield "refute_network_row", (at, right.row, right.row_path, *shown.place)


# ── The honest operator ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_settlement_cannot_be_refuted_by_any_call(name):
    """All rows with right and wrong evidence before the contract; all leaves, the network and the tree."""
    street = world.made(*HONEST[name])
    room, said = world.courtroom(), Counter()
    for account in range(FIRST_MEMBER, len(street.pending.rows)):
        for function, arguments in every_call(street, account):
            verdict = room.both(street.facts, function, arguments)
            assert verdict[1] is None, (function, arguments[0].account, arguments[0].slot)
            said[verdict] += 1
    assert said[NOT_FALSE] or not sum(map(len, street.pending.rows.values()))
    for account in street.pending.rows:
        assert list(world.faults(street, account)) == []
    assert list(find_cover_faults(street.facts, street.pending.settlement, street.pending.tree)) == []


def test_two_hundred_homes():
    """Twin and builder look at every row of 200 homes; the contract at some."""
    street = world.made(31, Ways(members=200, before=2, slots=(3,), moving=0.2, limits=(14, 21)))
    for account in street.pending.rows:
        assert list(world.faults(street, account)) == []
    room = world.courtroom()
    for account in range(FIRST_MEMBER, 203, 40):
        for function, arguments in every_call(street, account):
            assert room.both(street.facts, function, arguments)[1] is None


@pytest.mark.parametrize("account", [UTILITY, NETWORK, RESERVE])
def test_rows_of_institutions_are_not_a_members(account):
    """Nothing in them follows a member's rule; only the network's are looked at, by a rule of their own."""
    own, shown = STREET.handed(account), STREET.shown[STREET.pending.settlement.first_slot]
    at = own.at(STREET.pending.settlement.first_slot, 0)
    calls = [
        ("refute_row", (at, NOWHERE, *shown.place)),
        ("refute_row_trade", (at, *shown.place, (0, 0, 0, 0), b"", ())),
        ("refute_void_row", (at, NOWHERE, shown.anchor, 0, STREET.facts.terms[0])),
    ]
    if account != NETWORK:
        calls.append(("refute_network_row", (at, b"", (), *shown.place)))
    for function, arguments in calls:
        assert world.courtroom().both(STREET.facts, function, arguments) == ("court: account", None)


def test_a_member_that_never_took_part_has_an_empty_leaf():
    street = world.made(7, Ways(moving=1.0))
    absent = [account for account, rows in street.pending.rows.items() if not rows]
    assert absent
    for account in absent:
        assert list(world.faults(street, account)) == []
        for numbers in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0)):
            world.caught(world.repost(street, numbers={account: numbers}), account)
        foreign = world.repost(street, {account: street.pending.rows[NETWORK]}, numbers={account: (0, 0, 0)})
        world.caught(foreign, account)


# ── Rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def kinds_of_rows(street):
    """One row of each kind: (account, index) by what it is."""
    found = {}
    for account in range(FIRST_MEMBER, len(street.pending.rows)):
        rows = [PrivateRow.decode(row) for row in street.pending.rows[account]]
        for index, row in enumerate(rows):
            fresh = street.facts.meter(account, row.slot).from_slot == row.slot
            before = rows[index - 1].gap_slots > 0 if index and not fresh else False
            trade = "trade" if row.traded_ahead_wh else "none"
            void = "void" if street.slots[row.slot].facts.void else trade
            silent = "silent" if row.gap_slots > 0 else "after a gap" if before else "read"
            place = "new meter" if fresh else "first" if index == 0 else "next"
            found.setdefault((void, silent, place), (account, index))
    return found


ROWS = kinds_of_rows(STREET)
FIELDS = [name for name in world.ROW_FIELDS if name not in ("account", "salt")]


def test_the_street_has_rows_of_every_kind():
    assert len(ROWS) >= 19
    assert {part for kind in ROWS for part in kind} >= {"void", "trade", "silent", "after a gap", "first", "new meter"}


def lies_about(row):
    """Every number of a row a little false, alone; and the salt."""
    for name in FIELDS:
        for more in (1, -1, 10**12):
            yield {name: getattr(row, name) + more}
    yield {"salt": keccak(row.salt)}


@pytest.mark.parametrize("kind", ROWS, ids=" ".join)
def test_each_false_number_of_a_row_is_caught(kind):
    """Whatever above it is made to fit; unless the row is what other readings would have given."""
    account, index = ROWS[kind]
    honest = PrivateRow.decode(STREET.pending.rows[account][index])
    caught = Counter()
    for lie in lies_about(honest):
        street = world.spoil(STREET, account, index, **lie)
        if world.is_story(street, account, street.pending.rows[account]):
            assert set(lie) <= {"import_register_wh", "export_register_wh"}
            continue
        caught[next(iter(world.faults(street, account))).function] += 1
    found = world.caught(world.spoil(STREET, account, index, paid=honest.paid + 1), account)
    assert found[0].kind == Kind.PRIVATE_ROW
    assert sum(caught.values()) >= 3 * len(FIELDS) - 5


@pytest.mark.parametrize("kind", list(ROWS)[::3], ids=" ".join)
def test_two_false_numbers_do_not_hide_each_other(kind):
    account, index = ROWS[kind]
    honest = PrivateRow.decode(STREET.pending.rows[account][index])
    stories = 0
    for one, other in combinations(FIELDS, 2):
        for more in (1, -1):
            lie = {one: getattr(honest, one) + 1, other: getattr(honest, other) + more}
            street = world.spoil(STREET, account, index, **lie)
            story = world.is_story(street, account, street.pending.rows[account])
            stories += story
            assert story == (next(iter(world.faults(street, account)), None) is None), lie
    assert stories <= 2  # both registers, or a register and the tariff of nothing


def fitted(kind, **lie):
    """A row of this kind with the lie, all else in it as the rule would give for the lie, and the call that looks at it."""
    account, index = ROWS[kind]
    own, facts = STREET.handed(account), STREET.facts
    part = part_of(facts, own.settlement, account)
    slot = part.start + index
    last, previous = STREET.last(account), NOWHERE
    if index:
        previous = own.before(index)
    elif last.rows:
        ended = part_of(facts, last.settlement, account)
        previous = last.at(ended.start + ended.count - 1, len(last.rows) - 1)
    made, shown = STREET.slots[slot].facts, STREET.shown[slot]
    prices = Prices(made.retail, made.feed_in, made.price_ahead, made.price_pool, made.fees.seller_bps)
    before = before_row(facts, own.at(slot, index), part, previous)
    told = PrivateRow.decode(own.rows[index])
    told = replace(told, **{name: value(told, before) for name, value in lie.items()})
    told = replace(told, metered_wh=due_row(RowNumbers.read(told.encode()), before, prices).metered)
    due = due_row(RowNumbers.read(told.encode()), before, prices)
    money = {"metered_wh": due.metered, "paid": due.paid, "running": due.running, "claims": due.claims}
    street = world.spoil(STREET, account, index, **{**{name: getattr(told, name) for name in lie}, **money})
    own = street.handed(account)
    at, previous = own.at(slot, index), own.before(index) if index else previous
    if made.void:
        terms = facts.terms_at(slot)
        return street, "refute_void_row", (at, previous, shown.anchor, terms, facts.terms[terms])
    return street, "refute_row", (at, previous, *shown.place)


READ = [kind for kind in ROWS if kind[1] != "silent"]


@pytest.mark.parametrize("kind", READ, ids=" ".join)
@pytest.mark.parametrize("side", ["import", "export"])
def test_a_register_that_runs_backwards(kind, side):
    """Whatever it makes of the money: the utility dates a new meter instead."""
    lie = {f"{side}_register_wh": lambda told, before: getattr(before, f"{side}_register") - 1}
    street, function, arguments = fitted(kind, **lie)
    assert world.courtroom().both(street.facts, function, arguments) == ("", Kind.PRIVATE_ROW)
    stays = {f"{side}_register_wh": lambda told, before: getattr(before, f"{side}_register")}
    street, function, arguments = fitted(kind, **stays)
    assert world.courtroom().both(street.facts, function, arguments) == NOT_FALSE


@pytest.mark.parametrize("kind", [kind for kind in ROWS if kind[1] != "read"], ids=" ".join)
def test_a_pool_trade_of_a_silent_meter(kind):
    """In a gap and in the first slot after one nothing is offered in the pool, so nothing can have been traded."""
    for energy in (-7, 7):
        street, function, arguments = fitted(kind, traded_pool_wh=lambda told, before, energy=energy: energy)
        assert world.courtroom().both(street.facts, function, arguments) == ("", Kind.PRIVATE_ROW)
    street, function, arguments = fitted(kind)
    assert world.courtroom().both(street.facts, function, arguments) == NOT_FALSE


def test_a_payment_told_through_to_the_amount_is_caught():
    """A false payment with every sum after it, the leaf and the posted amount made to fit."""
    account, index = ROWS[("trade", "read", "next")]
    rows = STREET.pending.rows[account]
    for more in (-1, 1, -10_000):
        false = world.change(rows[index], paid=PrivateRow.decode(rows[index]).paid + more)
        street = world.repost(STREET, {account: world.resum((*rows[:index], false, *rows[index + 1 :]))})
        found = world.caught(street, account)
        assert {evidence.function for evidence in found} == {"refute_row"}
        assert f"slot {STREET.pending.settlement.first_slot + index}" in found[0].what


def test_the_sums_of_a_settlement_begin_at_nothing():
    for account in range(FIRST_MEMBER, len(STREET.pending.rows)):
        for name in ("running", "claims"):
            rows = [PrivateRow.decode(row) for row in STREET.pending.rows[account]]
            told = tuple(replace(row, **{name: getattr(row, name) + 5}).encode() for row in rows)
            if told:
                street = world.repost(STREET, {account: told})
                assert [e.function for e in world.caught(street, account)] in (["refute_row"], ["refute_void_row"])


def test_the_first_row_of_an_account_without_a_meter():
    """It joins after the settlement applied last and starts from nothing: there is no row before it to show."""
    street = world.made(19, Ways(silent=1.0, moving=1.0, metered=False))
    start = street.pending.settlement.first_slot
    joined = [a for a, m in street.facts.members.items() if m.from_slot >= start and street.pending.rows[a]]
    assert joined
    for account in joined:
        for lie in ({"import_register_wh": 5}, {"paid": 7}, {"gap_slots": 2}):
            assert world.caught(world.spoil(street, account, 0, **lie), account)[0].kind == Kind.PRIVATE_ROW


def test_a_stranger_s_leaf_is_not_mine():
    """The row takes leaf, nonce, salt and trade of another account, or the trade alone; all of it is made to fit."""
    slot = next(
        s for s, made in STREET.slots.items() if len(made.openings) > 3 and s >= STREET.pending.settlement.first_slot
    )
    mine, theirs = islice(STREET.slots[slot].openings, 2)
    for own, other in ((mine, theirs), (theirs, mine)):
        start = part_of(STREET.facts, STREET.pending.settlement, own).start
        index, opening = slot - start, STREET.slots[slot].openings[other]
        trade = {"traded_ahead_wh": opening.fill_ahead_wh, "traded_pool_wh": opening.fill_pool_wh}
        whole = {"leaf": opening.leaf, "nonce": opening.nonce, "salt": opening.salt}
        for lie in (whole, whole | trade, {"leaf": opening.leaf}, {"leaf": opening.leaf} | trade):
            street = world.spoil(STREET, own, index, **lie)
            assert "refute_row_trade" in {evidence.function for evidence in world.caught(street, own)}


@pytest.mark.parametrize("leaf", [-1, -2, 7, 8, 4_096, 2**62, -(2**63)])
def test_a_row_that_names_no_leaf(leaf):
    account, index = ROWS[("trade", "read", "next")]
    street = world.spoil(STREET, account, index, leaf=leaf)
    found = world.caught(street, account)
    assert [evidence.function for evidence in found] == ["refute_row_trade"]


def test_a_void_row_that_names_a_leaf_or_a_trade():
    account, index = next(at for kind, at in ROWS.items() if kind[0] == "void")
    for lie in ({"leaf": 0}, {"nonce": 3}, {"traded_ahead_wh": 5}, {"traded_pool_wh": -5}, {"salt": b"s" * 32}):
        assert world.caught(world.spoil(STREET, account, index, **lie), account)[0].function == "refute_void_row"


def test_a_slot_told_as_void_that_is_not():
    """No trade, all metered is residual: what a void slot would cost, in a slot that is not void."""
    account, index = ROWS[("trade", "read", "next")]
    nothing = {"leaf": -1, "nonce": -1, "salt": bytes(32), "traded_ahead_wh": 0, "traded_pool_wh": 0}
    street = world.spoil(STREET, account, index, **nothing)
    assert "refute_row_trade" in {evidence.function for evidence in world.caught(street, account)}


@pytest.mark.parametrize("lie", ["missing", "twice", "swapped", "first missing", "one more", "of another", "no row"])
def test_rows_that_are_not_one_for_each_slot(lie):
    account = next(a for a in range(FIRST_MEMBER, 12) if len(STREET.pending.rows[a]) == 12)
    rows = STREET.pending.rows[account]
    told = {
        "missing": rows[:-1],
        "twice": (*rows[:4], rows[3], *rows[4:-1]),
        "swapped": (*rows[:4], rows[5], rows[4], *rows[6:]),
        "first missing": rows[1:],
        "one more": (*rows, rows[-1]),
        "of another": STREET.pending.rows[NETWORK],
        "no row": (*rows[:4], b"\x13 is no row", *rows[5:]),
    }[lie]
    found = world.caught(world.repost(STREET, {account: told}), account)
    assert found[0].function in (("refute_rows_root",) if len(told) != len(rows) else ("refute_row", "refute_void_row"))


def test_rows_of_nobody_s_hash_have_to_be_demanded():
    """A rows root without a preimage cannot be shown to be anything."""
    account = FIRST_MEMBER
    street = world.repost(STREET, leaves={account: world.leaf_bytes(account, 0, 0, 0, b"?" * 32)})
    assert [e for e in world.faults(street, account) if e.function != "refute_leaf"] == []


# ── What the public row says of the row ───────────────────────────────────────────────────────────────────────────────


def pool_wh(street, account, slot, quantity):
    """The street with another quantity offered in the pool for an account; no fill changes."""
    leaf = street.slots[slot].openings[account].leaf

    def change(rows):
        offered = rows.pool_wh.copy()
        offered[leaf] = quantity
        return replace(rows, pool_wh=offered)

    return world.restate(street, slot, change)


@pytest.mark.parametrize("kind", [kind for kind in ROWS if kind[0] == "trade"], ids=" ".join)
def test_a_pool_quantity_that_is_not_the_account_s_own(kind):
    account, index = ROWS[kind]
    row = PrivateRow.decode(STREET.pending.rows[account][index])
    due = row.metered_wh - row.traded_ahead_wh
    for quantity in sorted({0, due, due + 1, -due - 1, 10**6, 1}):
        street = pool_wh(STREET, account, row.slot, quantity)
        right = quantity == (max(-1_500, min(due, 1_500)) if row.gap_slots == 0 else 0)
        found = list(
            find_row_faults(street.facts, street.handed(account), street.shown.__getitem__, street.last(account))
        )
        assert bool(found) == (not right), quantity
        assert right == world.is_story(street, account, street.pending.rows[account])
        if not right:
            assert found[0].function == "refute_row_trade"
            world.convicted(street, found[0])


def test_no_pool_quantity_where_no_pool_is_held():
    street = world.made(12, Ways(rule=4, silent=0.0))
    account, rows = next((a, rows) for a, rows in street.pending.rows.items() if a >= FIRST_MEMBER and rows)
    row = next(row for row in map(PrivateRow.decode, rows) if row.leaf >= 0 and row.metered_wh != row.traded_ahead_wh)
    false = pool_wh(street, account, row.slot, row.metered_wh - row.traded_ahead_wh)
    assert world.caught(false, account)[0].function == "refute_row_trade"


# ── The network ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("field", FIELDS)
def test_each_false_number_of_the_network_s_row_is_caught_by_anyone(field):
    rows = [PrivateRow.decode(row) for row in STREET.pending.rows[NETWORK]]
    for index, row in enumerate(rows):
        if index in (0, 1, 5) or STREET.slots[row.slot].facts.void:
            for more in (1, -1):
                street = world.spoil(STREET, NETWORK, index, **{field: getattr(row, field) + more})
                found = world.caught(street, NETWORK)
                assert {e.function for e in found} <= {"refute_network_row", "refute_leaf"}
                assert "refute_network_row" in {e.function for e in found}


def test_the_network_s_amount_told_through():
    rows = STREET.pending.rows[NETWORK]
    false = world.change(rows[2], paid=PrivateRow.decode(rows[2]).paid + 1_000)
    street = world.repost(STREET, {NETWORK: world.resum((*rows[:2], false, *rows[3:]))})
    assert [e.kind for e in world.caught(street, NETWORK)] == [Kind.NETWORK_ROW]
    salted = world.spoil(STREET, NETWORK, 3, salt=b"1" * 32)
    assert [e.kind for e in world.caught(salted, NETWORK)] == [Kind.NETWORK_ROW]


# ── Leaves and the root ───────────────────────────────────────────────────────────────────────────────────────────────


def test_each_false_number_of_a_leaf_is_caught_alone_and_in_pairs():
    """With the posted amount made to fit the leaf, and without."""
    street = world.made(16, Ways(poor=1.0, tariffs=(20, 30), moving=0.0))
    covered = [a for a in street.pending.rows if world.due_leaf(street.facts, a, street.pending.rows[a])[2] > 0]
    for account in {FIRST_MEMBER, NETWORK, UTILITY, RESERVE, *covered[:2]}:
        own = street.handed(account).leaf
        numbers = [int.from_bytes(own[at : at + 8], "big", signed=True) for at in (5, 13, 21)]
        for more in (
            (1, 0, 0),
            (-1, 0, 0),
            (0, 1, 0),
            (0, 0, 1),
            (1, 1, 0),
            (0, 1, -1),
            (0, -1, 1),
            (1, 0, 1),
            (2, 1, 1),
        ):
            told = tuple(number + extra for number, extra in zip(numbers, more, strict=True))
            if min(told[1:]) < 0 or (account in (UTILITY, RESERVE) and not any(more[1:])):
                continue  # their amounts follow from the others'
            found = world.caught(world.repost(street, numbers={account: told}), account)
            assert {e.kind for e in found} == {Kind.PERIOD_LEAF}


def test_a_leaf_unlike_the_posted_amount():
    for account in STREET.pending.rows:
        street = world.repost(STREET, amounts={account: 77_777})
        assert [e.function for e in world.caught(street, account)] == ["refute_leaf"]


def test_a_leaf_in_another_s_place():
    account, other = FIRST_MEMBER, FIRST_MEMBER + 1
    leaves = {account: STREET.pending.leaves[other], other: STREET.pending.leaves[account]}
    for place in leaves:
        assert world.caught(world.repost(STREET, leaves=leaves), place)[0].function == "refute_leaf"
    for data in (b"", b"\x14", b"\x15" + STREET.pending.leaves[account][1:], STREET.pending.leaves[account][:-1]):
        assert world.caught(world.repost(STREET, leaves={account: data}), account)[0].function == "refute_leaf"


def test_a_leaf_for_which_the_tree_states_another_cover():
    for stated in (1, 5, 2**61):
        street = world.repost(STREET, stated={(0, FIRST_MEMBER): stated})
        found = world.caught(street, FIRST_MEMBER)
        assert [e.function for e in found] == ["refute_leaf"]


def cover_faults(street):
    return list(find_cover_faults(street.facts, street.pending.settlement, street.pending.tree))


@pytest.mark.parametrize(
    ("lie", "function"),
    [
        ({"cover": 12_345}, "refute_period_root"),
        ({"count": 11}, "refute_period_root"),
        ({"count": 13}, "refute_period_root"),
        ({"stated": {(4, 0): 12_345}}, "refute_cover_node"),
        ({"stated": {(3, 1): 5}}, "refute_cover_node"),
        ({"stated": {(1, 2): 7}}, "refute_cover_node"),
        ({"stated": {(0, 15): 7}}, "refute_cover_node"),
        ({"stated": {(0, 12): 7, (1, 6): 7}}, "refute_cover_node"),
        ({"hashes": {(0, 14): b"g" * 32}}, "refute_cover_node"),
        ({"stated": {(0, 4): 2**62}}, "refute_period_root"),
        ({"stated": {(0, 4): 2**62, (1, 2): 0}}, "refute_cover_node"),
        ({"stated": {(0, 4): 2**64 - 9, (0, 5): 9}}, "refute_cover_node"),
        ({"stated": {(1, 0): 2**63, (1, 1): 2**63}}, "refute_cover_node"),
        ({"stated": {(4, 0): 2**62}}, "refute_period_root"),
        ({"stated": {(2, 0): 9, (1, 1): 4}}, "refute_cover_node"),
    ],
)
def test_each_false_number_of_the_period_tree_is_caught(lie, function):
    street = world.repost(STREET, **lie)
    found = cover_faults(street)
    assert found, "nobody finds it"
    assert found[0].function == function
    for evidence in found:
        world.convicted(street, evidence)


def test_a_subtree_of_ghosts_behind_the_last_account():
    """Its node states no false sum; the leaves behind do."""
    street = world.repost(STREET, stated={(0, 13): 40, (0, 14): 2})
    functions = Counter(evidence.function for evidence in cover_faults(street))
    assert functions == {"refute_cover_node": 2}


# ── Evidence that proves nothing ──────────────────────────────────────────────────────────────────────────────────────


def test_evidence_has_to_prove():
    """One honest row, everything about it falsified in the evidence: a reason each, never a conviction."""
    account, index = next(at for kind, at in ROWS.items() if kind[0] != "void" and at[1] > 1)
    own, settlement = STREET.handed(account), STREET.pending.settlement
    slot = part_of(STREET.facts, settlement, account).start + index
    at, before, shown = own.at(slot, index), own.before(index), STREET.shown[slot]
    other = STREET.handed(account + 1)
    refusals = {
        "court: settlement": [
            replace(at, settlement=replace(settlement, cover=1)),
            replace(at, settlement=STREET.earlier.settlement),
        ],
        "court: account": [replace(at, account=NETWORK), replace(at, account=99)],
        "court: leaf": [replace(at, leaf=b""), replace(at, leaf=at.leaf[:-1])],
        "court: path": [
            replace(at, leaf=other.leaf),
            replace(at, leaf=other.leaf, leaf_path=other.leaf_path),
            replace(at, leaf_path=at.leaf_path[:-40]),
            replace(at, leaf_path=at.leaf_path[:-1]),
            replace(at, leaf_path=at.leaf_path + bytes(40)),
            replace(at, row_path=at.row_path[:-1]),
            replace(at, row_path=(*at.row_path, bytes(32))),
            replace(at, row_path=()),
            replace(at, slot=slot + 1),
            replace(at, slot=settlement.first_slot - 1),
            replace(at, slot=2**255),
            replace(at, slot=0),
            replace(at, row=STREET.pending.rows[account][index - 1]),
            replace(at, row=b""),
        ],
        "court: lane": [replace(at, leaf_path=at.leaf_path[:32] + b"\x40" + bytes(7) + at.leaf_path[40:])],
    }
    room = world.courtroom()
    for reason, places in refusals.items():
        for place in places:
            assert room.both(STREET.facts, "refute_row", (place, before, *shown.place)) == (reason, None)
    wrong_before = {
        "court: previous row": [replace(before, row=own.before(index - 1).row)],
        "court: path": [NOWHERE, replace(before, row_path=()), own.before(index - 1), other.before(index)],
    }
    for reason, rows in wrong_before.items():
        for row in rows:
            assert room.both(STREET.facts, "refute_row", (at, row, *shown.place))[1] is None, reason
    for place in (
        (shown.anchor, shown.header, ()),
        (shown.anchor, shown.header[:-1], shown.path),
        (shown.anchor, b"", ()),
        (replace(shown.anchor, void_to=slot + 1), shown.header, shown.path),
        STREET.shown[settlement.first_slot].place,
        STREET.shown[slot - 1].place,
    ):
        assert room.both(STREET.facts, "refute_row", (at, before, *place))[1] is None


def test_a_slot_that_became_void_is_not_refuted_as_before():
    account, index = ROWS[("trade", "read", "next")]
    street = world.spoil(STREET, account, index, paid=5)
    found = next(iter(world.faults(street, account)))
    facts = street.facts.with_void(found.arguments[0].slot)
    assert world.courtroom().both(facts, found.function, found.arguments) == ("court: void slot", None)


# ── The row before, of another settlement ─────────────────────────────────────────────────────────────────────────────


def first_row(street):
    """An account whose first row goes on from the settlement applied last."""
    first = street.pending.settlement.first_slot
    return next(
        account
        for account in range(FIRST_MEMBER, len(street.pending.rows))
        if street.earlier.rows[account]
        and street.pending.rows[account]
        and street.facts.meter(account, first).from_slot < first < street.facts.member(account).to_slot
        and not street.slots[first].facts.void
    )


def planted(street, account, operator, **lie):
    """The settlement applied last, by `operator`, ended with another row of the account; the pending one is as it was."""
    rows = street.earlier.rows[account]
    told = {**street.earlier.rows, account: (*rows[:-1], world.change(rows[-1], **lie))}
    old = replace(street.earlier.settlement, operator=operator)
    earlier = world.post(street.facts, old, told)
    facts = replace(street.facts, last=earlier.settlement, pending=street.pending.settlement)
    return replace(street, facts=facts, earlier=earlier, pending=replace(street.pending, facts=facts))


IMPOSSIBLE = [
    {"gap_slots": 1, "gap_retail": 10**9 + 1},
    {"gap_slots": 1, "gap_feed_in": -(2**63)},
    {"gap_slots": -3},
    {"gap_slots": 2**63 - 1},
    {"import_register_wh": -1},
]


@pytest.mark.parametrize("lie", IMPOSSIBLE, ids=str)
def test_what_a_fallen_operator_left_binds_no_successor_where_no_rule_can_have_made_it(lie):
    street = world.made(2, Ways(silent=0.2, moving=0, replaced=0, void=0))
    account = first_row(street)
    left = planted(street, account, b"p" * 20, **lie)
    assert list(world.faults(left, account)) == []
    own, slot = left.handed(account), left.pending.settlement.first_slot
    last = left.last(account)
    at, previous = own.at(slot, 0), last.at(slot - 1, len(last.rows) - 1)
    verdict = world.courtroom().both(left.facts, "refute_row", (at, previous, *left.shown[slot].place))
    assert verdict == ("court: previous row", None)


@pytest.mark.parametrize("lie", [*IMPOSSIBLE[:2], *IMPOSSIBLE[3:], {"import_register_wh": 10**6}], ids=str)
def test_what_an_operator_left_itself_binds_it(lie):
    """Not where it only wrote down how a reading came: from that nothing follows."""
    street = world.made(2, Ways(silent=0.2, moving=0, replaced=0, void=0))
    account = first_row(street)
    world.caught(planted(street, account, world.OPERATOR, **lie), account)


def test_the_row_before_stands_in_the_account_s_own_tree():
    """A fallen operator wrote a row of the home into its friend's tree: it says the right account and slot there, too."""
    street = world.made(2, Ways(silent=0.2, moving=0, replaced=0, void=0, successor=True))
    account = first_row(street)
    friend, slot = account + 1, street.pending.settlement.first_slot
    false = world.change(street.earlier.rows[account][-1], import_register_wh=0)
    told = {**street.earlier.rows, friend: (*street.earlier.rows[friend][:-1], false)}
    earlier = world.post(street.facts, street.earlier.settlement, told)
    facts = replace(street.facts, last=earlier.settlement, pending=street.pending.settlement)
    index = len(told[friend]) - 1
    for place in (friend, account):
        planted = replace(earlier.handed(friend).at(slot - 1, index), account=place)
        call = (street.handed(account).at(slot, 0), planted, *street.shown[slot].place)
        reason = "court: previous row" if place == friend else "court: path"
        assert world.courtroom().both(facts, "refute_row", call) == (reason, None)
    planted = replace(earlier.handed(friend).at(slot - 2, index - 1), account=friend)
    call = (street.handed(account).at(slot, 0), planted, *street.shown[slot].place)
    assert world.courtroom().both(facts, "refute_row", call) == ("court: previous row", None)


def test_a_stated_cover_does_not_wrap():
    """Eight bytes stand in the tree; a larger number with the same last eight is no other way to write them."""
    account = FIRST_MEMBER + 1
    street = world.repost(STREET, stated={(0, account): 2**64 - 9, (0, account ^ 1): 20, (1, account >> 1): 11})
    own = street.handed(account)
    for stated in (2**64 - 9, 2**256 - 9):
        call = (own.settlement, account, stated, own.leaf, own.leaf_path, b"", (), b"", b"")
        assert world.courtroom().both(street.facts, "refute_leaf", call) == ("court: lane", None)


# ── Cost ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def thousand():
    """1000 homes, two settlements of 96 slots; most homes take part in two slots only, which changes no path."""
    ways = Ways(members=3, crowd=997, before=96, slots=(96,), moving=0, replaced=0, silent=0, void=0.05, poor=0.0)
    ways = replace(ways, limits=(-60_000, 400_000), tariffs=(-90_000, 320_000), energies=4_000, cap_wh=9_000)
    start = world.FIRST + 96
    return next(s for s in (world.made(seed, ways) for seed in range(9)) if not s.slots[start].facts.void)


def challenges():
    """What is refuted at 1000 homes, by name: the street and the evidence."""
    street, account = thousand(), FIRST_MEMBER + 1
    rows, start = street.pending.rows[account], street.pending.settlement.first_slot
    void = next(slot for slot in sorted(street.facts.void_slots) if slot > start)

    def first(spoiled, looker, function):
        return spoiled, next(e for e in world.faults(spoiled, looker) if e.function == function)

    def paid(looker, index):
        row = PrivateRow.decode(street.pending.rows[looker][index])
        return world.spoil(street, looker, index, paid=row.paid + 1)

    yield "row", *first(paid(account, 95), account, "refute_row")
    yield "first row", *first(paid(account, 0), account, "refute_row")
    yield "void row", *first(paid(account, void - start), account, "refute_void_row")
    trade = world.spoil(street, account, 0, traded_ahead_wh=12_345)
    yield "trade", *first(trade, account, "refute_row_trade")
    yield "network", *first(paid(NETWORK, 1), NETWORK, "refute_network_row")
    yield "leaf", *first(world.repost(street, numbers={account: (9_999, 0, 0)}), account, "refute_leaf")
    yield "rows root", *first(world.repost(street, {account: rows[:-1]}), account, "refute_rows_root")
    for name, lie in (("period root", {"cover": 5}), ("cover node", {"stated": {(1, 4): 7}})):
        spoiled = world.repost(street, **lie)
        yield name, spoiled, cover_faults(spoiled)[0]


def test_a_challenge_at_a_thousand_homes_is_affordable():
    """The double writes down a long record; what the market pays for a conviction is put in its place."""
    room, gas = world.courtroom(), {}
    for name, street, found in challenges():
        room.tell(street.facts)
        verdict = room.call(found.function, found.arguments)
        assert verdict.said == ("", found.kind)
        data = world.calldata("RowCourt", found.function, (room.market, *found.arguments))
        floor = 21_000 + 10 * sum(4 if byte else 1 for byte in data)
        gas[name] = max(verdict.gas - room.record_gas() + CONVICTION, floor)
    assert max(gas.values()) <= CHALLENGE_MAX, gas


def test_the_court_fits_and_refutes_only():
    functions, code = world.compiled("RowCourt")
    assert {entry["stateMutability"] for entry in functions.values()} == {"nonpayable"}
    assert all(entry["inputs"][0]["name"] == "market" for entry in functions.values())
    assert len(code) < 24_576
    assert np.char.startswith(sorted(functions), "refute_").all()
