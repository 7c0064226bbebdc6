"""AuctionCourt on revm: the honest operator is never convicted, evidence has to prove, and a challenge stays affordable."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sunfair.settlement import Header, keccak
from sunfair.settlement.court import (
    Anchor,
    Kind,
    MarketFacts,
    PublishedAuction,
    Terms,
    curve_evidence,
    find_auction_faults,
)
from sunfair.settlement.court import auction as twin
from sunfair.settlement.court.proofs import NEUTRAL, book_leaf, lanes, sum_top
from sunfair.settlement.tree import plain_root
from sunfair.units import NO_BUY, NO_SELL

sys.path.insert(0, str(Path(__file__).parent))
import court_slots as world
import vault_world as vault

NOT_FALSE = ("court: not false", None)
CHALLENGE_MAX = 160_000
CHALLENGES = {
    "header": Kind.HEADER,
    "terms": Kind.TERMS,
    "root": Kind.ROOT,
    "node": Kind.NODE,
    "padding": Kind.PADDING,
    "row": Kind.ROW,
    "book leaf": Kind.BOOK_LEAF,
    "curve": Kind.CURVE,
}

HONEST = {
    "200 homes": world.made(1, 200),
    "70 homes, ties": world.made(2, 70, limits=(14, 21), energies=3),
    "90 homes, mid-market": world.made(3, 90, rule=1, limits=(14, 22)),
    "40 homes, no pool": world.made(4, 40, rule=4),
    "65 homes, negative prices": world.made(5, 65, limits=(-40, -6), tariffs=(-3, -8)),
    "mid-market at an odd negative sum": world.made(6, 40, rule=1, limits=(-20, 5), tariffs=(-3, -12)),
    "20 homes, largest numbers": world.made(7, 20, energies=10**9, limits=(-(10**9), 10**9)),
    "20 homes offer nothing": world.made(8, 20, offering=0.0),
    "20 homes offer nothing, k = 0": world.made(8, 20, offering=0.0, k=(0, 1)),
    "only buyers": world.street((5, 9), (7, 12), (5, 9), pool=((7, 9), (8, -4), (-3, NO_SELL))),
    "only sellers": world.street((-5, 9), (-7, -12), (-5, 9), pool=((-7, 9), (-8, -4), (3, NO_BUY))),
    "19 homes": world.made(9, 19, rule=3),
    "two homes": world.made(10, 2, rule=3, offering=1.0),
    "one home": world.made(11, 1, rule=3, offering=1.0),
    "one home, nothing held": world.made(12, 1, rule=7),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_slot_cannot_be_refuted_by_any_call(name):
    """Every row, node, padding, leaf and curve, the roots, the header and the terms."""
    slot = HONEST[name]
    case = world.anchored(slot)
    room = world.courtroom()
    calls = list(world.every_call(case, slot))
    assert len(calls) >= 6 * slot.header.accounts
    for function, arguments in calls:
        assert room.both(case.facts, function, arguments) == NOT_FALSE, (function, arguments[3:5])
    assert world.faults(case) == []


@pytest.mark.parametrize("ghost", [0, 5])
def test_a_slot_without_members(ghost):
    """Its tree is one padding leaf; energy in it is a ghost's."""
    stated = world.words([0, ghost, 0, ghost, ghost, ghost, 10**9 - 1, 3 * 10**9 + 1] * 2)
    honest = world.made(11, 1, rule=3).header
    roots = {"book_root": plain_root(0, bytes(32)), "result_root": sum_top(0, bytes(32), stated)}
    header = replace(honest, accounts=0, sums=world.numbers(stated), **roots)
    slot = world.Slot(None, None, header)
    case = world.anchored(slot, PublishedAuction(header.preimage(), (), {(0, 0): stated}))
    call = (*case.start, 0, 0, bytes(32), stated, ())
    said = world.courtroom().both(case.facts, "refute_padding", call)
    assert said == (("", Kind.PADDING) if ghost else ("court: not false", None))
    if ghost and world.courtroom().both(case.facts, "refute_header", (*case.start, world.SLOT))[1] is None:
        assert world.convicted(case).kind is Kind.PADDING


# ── Evidence has to prove ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def slot():
    return world.made(21, 40)


@pytest.fixture(scope="module")
def lie(slot):
    """The fill of row 7 falsified, and the call that convicts for it."""
    row = slot.published.rows[7]
    case = world.anchored(slot, world.bind(slot, rows={7: world.put(row, 184, 10**6)}))
    evidence = world.convicted(case)
    assert (evidence.function, evidence.kind) == ("refute_row", Kind.ROW)
    return case, evidence.arguments


def refused(case, arguments, function="refute_row"):
    said, kind = world.courtroom().both(case.facts, function, arguments)
    assert kind is None
    return said


def test_a_stranger_anchor_is_none(lie):
    case, arguments = lie
    for field, value in (("slots", 6), ("operator", b"x" * 20), ("void_to", case.place.slot + 9), ("root", bytes(32))):
        other = replace(case.place.anchor, **{field: value})
        assert refused(case, (other, *arguments[1:])) == "court: anchor"
    assert refused(replace(case, facts=replace(case.facts, anchors=())), arguments) == "court: anchor"


def test_a_void_slot_is_not_refuted_again(lie):
    case, arguments = lie
    assert refused(replace(case, facts=case.facts.with_void(case.place.slot)), arguments) == "court: void slot"
    for beyond, said in ((0, ("", Kind.ROW)), (1, ("court: void slot", None))):
        anchor = replace(case.place.anchor, void_to=case.place.slot + beyond)
        facts = replace(case.facts, anchors=(anchor,))
        assert world.courtroom().both(facts, "refute_row", (anchor, *arguments[1:])) == said


def test_another_header_proves_nothing(lie):
    case, (anchor, header, path, *rest) = lie
    assert refused(case, (anchor, header[:-1], path, *rest)) == "court: header"
    assert refused(case, (anchor, b"\x14" + header[1:], path, *rest)) == "court: header"
    assert refused(case, (anchor, header[:-1] + b"\x01", path, *rest)) == "court: path"
    assert refused(case, (anchor, header, path[:-1], *rest)) == "court: path"
    assert refused(case, (anchor, header, (*path, bytes(32)), *rest)) == "court: path"
    assert refused(case, (anchor, header, path[::-1], *rest)) == "court: path"


def test_a_header_is_of_its_own_place(slot):
    """Under the anchor of other slots, or shown for the slot beside it, it proves nothing there."""
    case = world.anchored(slot)
    anchor, header, path = case.start
    for beside in (-4, -1, 1, 2**64):
        assert refused(case, (anchor, header, path, case.place.slot + beside), "refute_header") == "court: path"


def test_another_row_place_or_path_proves_nothing(lie):
    case, (anchor, header, path, index, stated, row, siblings) = lie
    start = (anchor, header, path)
    assert refused(case, (*start, index, stated, row[:-1], siblings)) == "court: row"
    assert refused(case, (*start, index, stated, row[:-1] + b"\x07", siblings)) == "court: path"
    assert refused(case, (*start, index ^ 1, stated, row, siblings)) == "court: path"
    assert refused(case, (*start, index + 64, stated, row, siblings)) == "court: path"
    assert refused(case, (*start, index, world.add(stated, 3, 1), row, siblings)) == "court: path"
    assert refused(case, (*start, index, world.add(stated, 3, 2**62), row, siblings)) == "court: lane"
    assert refused(case, (*start, index, stated, row, siblings[:-1])) == "court: path"
    assert refused(case, (*start, index, stated, row, (*siblings, siblings[-1]))) == "court: path"
    spoiled = ((siblings[0][0], world.add(siblings[0][1], 15, 1)), *siblings[1:])
    assert refused(case, (*start, index, stated, row, spoiled)) == "court: path"


@pytest.mark.parametrize("lane", [0, 1, 2, 3, 4, 5, 8, 11, 12])
def test_lanes_that_would_carry_are_refused(slot, lane):
    """Two lanes of 2⁶³ more vanish in a sum of 256 bits, or add one to their neighbour: the parent may state just that."""
    levels = world.tree_levels(slot, slot.published.rows, {}, {})
    (_, left), (_, right) = levels[0][4:6]
    stated = {(0, 4): world.add(left, lane, 2**63), (0, 5): world.add(right, lane, 2**63)}
    stated[1, 2] = world.add(levels[1][2][1], lane - 1, 1) if lane % 4 else levels[1][2][1]
    stated[2, 1] = levels[2][1][1]
    for parent in (stated, {node: sums for node, sums in stated.items() if node != (1, 2)} | {(1, 2): levels[1][2][1]}):
        case = world.anchored(slot, world.bind(slot, stated=parent))
        first = world.convicted(case)
        assert first.kind is Kind.NODE
        assert first.arguments[3:5] == ((1, 2) if parent[1, 2] == levels[1][2][1] else (2, 1))
        own = world.tree_levels(slot, slot.published.rows, parent, {})
        above = tuple(own[level][(4 >> level) ^ 1] for level in range(len(own) - 1))
        row = (*case.start, 4, parent[0, 4], case.published.rows[4], above)
        assert refused(case, row) == "court: lane"
        node = (*case.start, 1, 2, parent[1, 2], *own[0][4], *own[0][5], above[1:])
        if parent[1, 2] == levels[1][2][1]:
            assert world.courtroom().both(case.facts, "refute_node", node) == ("", Kind.NODE)


def test_terms_have_to_be_the_ones_in_force(slot):
    case = world.anchored(slot, world.bind(slot, change=lambda header: replace(header, retail=header.retail + 1)))
    before, now, after = case.facts.terms
    for index, terms in ((0, before), (2, after), (1, before), (0, now), (7, now), (1, replace(now, seller=7_999))):
        assert refused(case, (*case.start, index, terms), "refute_terms") == "court: terms"
    assert world.convicted(case).function == "refute_terms"
    last = replace(case.facts, terms=(before, now))
    assert world.courtroom().both(last, "refute_terms", (*case.start, 1, now)) == ("", Kind.TERMS)


def test_members_may_leave_after_the_terms_were_set():
    """Terms are set a day ahead; below 20 members the header holds the pool alone at the mid-market rate all the same."""
    FALSE = ("", Kind.TERMS)
    for terms_rule, header_rule, members, due in (
        (0, 3, 19, NOT_FALSE),
        (4, 7, 19, NOT_FALSE),
        (3, 3, 19, NOT_FALSE),
        (4, 3, 19, FALSE),
        (0, 7, 19, FALSE),
        (0, 3, 20, FALSE),
    ):
        case = world.anchored(world.made(9, members, rule=header_rule, offering=0.0))
        before, now, after = case.facts.terms
        now = replace(now, rule=terms_rule)
        facts = replace(case.facts, terms=(before, now, after))
        verdict = world.courtroom().both(facts, "refute_terms", (*case.start, 1, now))
        assert verdict == due, (terms_rule, header_rule, members)


def test_a_root_has_to_be_the_headers(slot):
    case = world.anchored(slot, world.bind(slot, change=lambda header: replace(header, accounts=41)))
    found = [evidence for evidence in world.faults(case) if evidence.function == "refute_root"]
    assert [evidence.arguments[3] for evidence in found] == [1, 0]
    for evidence in found:
        start, (which, count, top, sums) = evidence.arguments[:3], evidence.arguments[3:]
        assert world.courtroom().both(case.facts, "refute_root", evidence.arguments) == ("", Kind.ROOT)
        assert refused(case, (*start, which, count + 1, top, sums), "refute_root") == "court: path"
        assert refused(case, (*start, 1 - which, count, top, sums), "refute_root") == "court: path"
        assert refused(case, (*start, 2, count, top, sums), "refute_root") == "court: path"
        assert refused(case, (*start, which, 2**32 + count, top, sums), "refute_root") == "court: path"


def test_a_curve_unlike_the_book(slot):
    """Whoever knows the blind shows what the leaf binds; another blind, or the row's own curve, shows nothing."""
    row = slot.published.rows[3]
    bound = world.put(row[32:176], 128, 11)
    blind = keccak(b"blind")
    leaf = book_leaf(blind, bound)
    case = world.anchored(slot, world.bind(slot, rows={3: leaf + row[32:]}))
    evidence = curve_evidence(case.place, case.published, 3, blind, bound)
    assert world.courtroom().both(case.facts, evidence.function, evidence.arguments) == ("", Kind.CURVE)
    start = evidence.arguments[:-2]
    assert refused(case, (*start, bytes(32), bound), "refute_curve") == "court: curve"
    assert refused(case, (*start, blind, row[32:176]), "refute_curve") == "court: curve"
    assert refused(case, (*start, blind, bound[:-1]), "refute_curve") == "court: curve"


# ── The rule ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("k", [(0, 1), (1, 2), (1, 3), (2, 3), (1, 1), (2**64 - 2, 2**64 - 1)])
@pytest.mark.parametrize(("lo", "hi"), [(5, -2), (-1, -8), (10**9, -(10**9)), (NO_BUY, -7), (-7, NO_SELL), (3, 4)])
def test_the_price_rounds_down_whatever_the_sign(lo, hi, k):
    """Also where false data has lo above hi: Python's floor, not the machine's truncation."""
    slot = world.made(8, 20, offering=0.0, k=k)
    stated = world.words([0, 0, 0, 0, 0, 0, lo + 2 * 10**9, hi + 2 * 10**9, *[0] * 6, NEUTRAL >> 64, NEUTRAL % 2**64])
    due = lo + (hi - lo) * k[0] // k[1]
    for off, said in ((0, NOT_FALSE), (1, ("", Kind.HEADER)), (-1, ("", Kind.HEADER))):
        header = replace(slot.header, sums=world.numbers(stated), price_ahead=due + off)
        case = world.anchored(slot, replace(slot.published, header=header.preimage()))
        assert world.courtroom().both(case.facts, "refute_header", (*case.start, case.place.slot)) == said


@pytest.mark.parametrize(("lo", "hi"), [
    (10**9 + 1, 5), (-(10**9) - 2, 5), (5, 10**9 + 2), (5, -(10**9) - 1), (2**61, 2**61), (-(2 * 10**9), 5),
])  # fmt: skip
def test_a_bound_no_limit_can_set(lo, hi):
    """Though the price is what these bounds give."""
    slot = world.made(8, 20, offering=0.0)
    stated = world.words([*[0] * 6, NEUTRAL >> 64, NEUTRAL % 2**64, *[0] * 6, lo + 2 * 10**9, hi + 2 * 10**9])
    assert shown(slot, sums=world.numbers(stated), price_pool=lo + (hi - lo) // 2) == ("", Kind.HEADER)


def shown(own, /, **changes):
    """The verdict on a slot's header with these changes."""
    slot = own
    header = replace(slot.header, **changes)
    case = world.anchored(slot, replace(slot.published, header=header.preimage()))
    return world.courtroom().both(case.facts, "refute_header", (*case.start, case.place.slot))


@pytest.mark.parametrize("changes", [
    {"domain": keccak(b"another market")}, {"slot": world.SLOT + 1}, {"accounts": 4_093}, {"accounts": 2**32 - 1},
    {"k": (2, 1)}, {"k": (0, 0)}, {"accounts": 19}, {"price_ahead": 0}, {"price_pool": -1}, {"rule": 2}, {"rule": 4},
    {"price_ahead": 2**63 - 1}, {"price_pool": -(2**63)},
])  # fmt: skip
def test_a_header_false_in_one_field(slot, changes):
    assert shown(slot, **changes) == ("", Kind.HEADER)


@pytest.mark.parametrize("lane", range(16))
@pytest.mark.parametrize("more", [1, -1, 2**61, 2**62, -(2**63)])
def test_a_header_false_in_one_sum(slot, lane, more):
    """A number that the price does not hang on may be off by a little; then the root's preimage convicts."""
    sums = world.numbers(world.add(world.words(slot.header.sums), lane, more))
    if shown(slot, sums=sums) != ("", Kind.HEADER):
        assert abs(more) < 2**62
        case = world.anchored(slot, world.bind(slot, change=lambda header: replace(header, sums=sums)))
        assert world.convicted(case).kind is Kind.ROOT


@pytest.mark.parametrize("rule", [0, 1, 2, 4, 5, 6])
def test_a_small_community_trades_in_the_pool_alone_at_the_mid_market_rate(rule):
    small = world.made(9, 19, rule=3, offering=0.0)
    assert shown(small, rule=3) == NOT_FALSE
    assert shown(small, rule=7) == NOT_FALSE
    assert shown(small, rule=rule) == ("", Kind.HEADER)


def test_steps_signed_for_a_session_not_held_count_for_nothing():
    """Standing offers outlive a change of the rule: such a row states neutral sums and is filled with nothing."""
    slot = world.made(3, 20, rule=1)
    slot = replace(slot, header=replace(slot.header, rule=3))
    rows = {index: world.put(row, 184, 0) for index, row in enumerate(slot.published.rows)}
    assert any(row[32:160] != bytes(128) for row in rows.values())
    case = world.anchored(slot, world.as_if(slot, rows))
    assert world.faults(case) == []
    for function, arguments in world.every_call(case, slot):
        assert world.courtroom().both(case.facts, function, arguments) == NOT_FALSE


def test_a_session_not_held_fills_nobody():
    """A fill, or sums as if it had been held, in one row: whether the header says so too or the nodes above do not."""
    slot = world.made(3, 20, rule=1)
    told = world.tree_levels(slot, slot.published.rows, {}, {})
    slot = replace(slot, header=replace(slot.header, rule=3))
    rows = {index: world.put(row, 184, 0) for index, row in enumerate(slot.published.rows)}
    assert (
        world.convicted(world.anchored(slot, world.as_if(slot, rows | {0: world.put(rows[0], 184, 1)}))).kind
        is Kind.HEADER
    )
    whole = world.as_if(slot, rows)
    trading = next(at for at in range(20) if told[0][at][1][0])
    for lie in ({(0, trading): told[0][trading][1]}, {}):
        stated = {node: sums for node, sums in whole.stated.items() if node[0] == 0 or node[0] == 1} | lie
        falsified = rows | ({} if lie else {trading: world.put(rows[trading], 184, 1)})
        case = world.anchored(slot, world.bind(slot, rows=falsified, stated=stated))
        assert world.convicted(case).kind is (Kind.NODE if lie else Kind.ROW)
        assert lie or world.convicted(case).arguments[3] == trading
    one = world.made(3, 1, rule=3, offering=0.0)
    case = world.anchored(one, world.bind(one, rows={0: world.put(one.published.rows[0], 184, 1)}))
    assert world.convicted(case).kind is Kind.ROW


@pytest.mark.parametrize("quantity", [1, -1, 10**9, 10**9 + 1, -(10**9) - 1, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("rule", [0, 4])
def test_a_pool_quantity_that_no_limit_admits(rule, quantity):
    """It adds nothing to the sums; out of range it is false all the same, and so is any where no pool was held."""
    slot = world.made(4, 20, rule=rule, offering=0.0)
    case = world.anchored(slot, world.bind(slot, rows={9: world.put(slot.published.rows[9], 176, quantity)}))
    if rule or abs(quantity) > 10**9:
        assert world.convicted(case).kind is Kind.ROW
    else:
        assert world.faults(case) == []


# ── What it costs ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def street():
    """The market itself, with this court; its terms are set for a day, slot by slot."""
    made = vault.Street()
    made.court = made.chain.deploy("AuctionCourt")
    made.market = made.market_on(made.token, courts=[made.court, *made.courts[1:], made.registry])
    made.market.open_accounts([made.seller, made.buyer], [vault.CAP] * 2, sender=made.operator)
    made.set_terms(tariffs=DAY.tariffs, seller=DAY.seller, utility=DAY.utility, network=DAY.network)
    made.post_bond()
    made.everyone_deposits()
    return made


DAY = Terms(
    vault.FIRST,
    vault.FIRST + 95,
    *(0, 1, 2),
    *(8_000, 1_200, 800),
    vault.tariff_bytes([(320_000 + abs(at - 40), 80_000 - abs(at - 40)) for at in range(96)]),
)
"""A thousand homes' day: 96 pairs of tariffs."""


@pytest.fixture(scope="module")
def thousand(street):
    tariffs, slot = (320_000, 80_000), vault.FIRST + 40
    made = world.made(1, 1000, offering=1.0, energies=10**6, limits=(50_000, 350_000), tariffs=tariffs, slot=slot)
    return replace(made, header=replace(made.header, domain=street.market.separator()))


def challenges(slot):
    """One false thing of each kind in a slot of a thousand homes, each shown from the bottom of the tree."""
    rows = slot.published.rows
    index = max(range(len(rows)), key=lambda at: sum(bool(rows[at][32 + 16 * step]) for step in range(8)))
    levels = world.tree_levels(slot, rows, {}, {})
    beside = {(1, 8): world.add(levels[1][8][1], 6, 1), (1, 9): world.add(levels[1][9][1], 6, 1)}
    beside[2, 4] = levels[2][4][1]
    bound = world.put(rows[index][32:176], 136, 77)
    leaf = book_leaf(bytes(32), bound)

    def search(case):
        return next(find_auction_faults(case.facts, case.place, case.published))

    def change(**changes):
        return world.bind(slot, change=lambda header: replace(header, **changes))

    yield "header", (change(price_pool=slot.header.price_pool + 1), search)
    yield "terms", (change(feed_in=slot.header.feed_in + 1), search)
    yield "root", (change(accounts=999), search)
    yield "node", (world.bind(slot, stated=beside), search)
    yield "padding", (world.bind(slot, hashes={(0, 1001): keccak(b"ghost")}), search)
    yield "row", (world.bind(slot, rows={index: world.put(rows[index], 192, 1)}), search)
    yield "book leaf", (world.bind(slot, rows={index: keccak(b"leaf") + rows[index][32:]}), search)
    curve = world.bind(slot, rows={index: leaf + rows[index][32:]})
    yield "curve", (curve, lambda case: curve_evidence(case.place, curve, index, bytes(32), bound))


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("name", CHALLENGES)
def test_any_challenge_at_a_thousand_homes_stays_below_the_bound(street, thousand, name, pending):
    """Prague's rules, the whole transaction: calldata and its floor, evidence, conviction in the market."""
    evm, now = street.chain.evm, street.now
    fresh = evm.snapshot()
    published, find = dict(challenges(thousand))[name]
    case = world.anchored(thousand, published, slots=96, at=40)
    anchor = Anchor(*street.anchor(root=case.place.anchor.root))
    case = world.Case(
        MarketFacts(separator=thousand.header.domain, anchors=(anchor,), terms=(DAY,)),
        replace(case.place, anchor=anchor),
        published,
    )
    if pending:
        street.settle()
    found = find(case)
    assert found.kind == CHALLENGES[name] == getattr(twin, found.function)(case.facts, *found.arguments)
    arguments = (street.market, *found.values())
    getattr(street.court, found.function)(*arguments, sender=street.intruder)
    data = street.court.data(found.function, *arguments)
    floor = 21_000 + 10 * sum(4 if byte else 1 for byte in data)
    assert max(street.chain.gas, floor) <= CHALLENGE_MAX
    assert street.market.void_slot(thousand.header.slot)
    assert street.market.bond_of(street.operator) == 0
    assert street.market.claims(street.intruder) == vault.BOND // 5
    assert street.state.pending == 0
    evm.revert(fresh)
    street.now = now


def test_the_court_can_be_called_by_its_published_names():
    """The functions take the market first and the anchor second, and nothing but refutations changes state."""
    functions, code = world.compiled("AuctionCourt")
    assert {entry["stateMutability"] for entry in functions.values()} == {"nonpayable"}
    assert all([part["name"] for part in entry["inputs"]][:2] == ["market", "anchor"] for entry in functions.values())
    assert len(code) < 24_576
    assert json.dumps(sorted(functions))


def test_a_header_decodes_as_the_court_reads_it(slot):
    """The layout of docs/formats.md, read by two programs."""
    data = slot.header.preimage()
    fields = world.read_header(data)
    decoded = Header.decode(data)
    assert (fields.slot, fields.accounts, fields.rule) == (decoded.slot, decoded.accounts, decoded.rule)
    assert (fields.retail, fields.feed_in, *fields.prices) == (30, 7, decoded.price_ahead, decoded.price_pool)
    assert list(lanes(fields.sums)) == decoded.sums.tolist()
    top, sums = world.tree_levels(slot, slot.published.rows, {}, {})[-1][0]
    assert sum_top(40, top, sums) == fields.result_root
