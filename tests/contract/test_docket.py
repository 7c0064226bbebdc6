"""Docket and Witness beside their Python twin: the inbox, who may ask for what, full answers, silence, and the money."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import boa
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import (
    CLOSED,
    EMPTY,
    FIRST,
    GATE,
    SECONDS,
    WINDOW,
    Street,
    address,
    deployer,
    fresh_chain,
    gas,
    intrinsic,
    plain,
    signer,
    street,
    tell,
)
from court_dockets import (
    ANSWERS,
    NO_OFFER,
    RICH,
    DocketRoom,
    honest_answer,
    items,
    open_docket,
    twin_answer,
    twin_demand,
    twin_says,
    verdict,
)

from sunfair.settlement.court import docket as twin
from sunfair.settlement.court.book_proofs import BookOffer, filed_offer, offer_hash
from sunfair.settlement.court.docket import Demand
from sunfair.settlement.court.proofs import NO_SLOT, Kind
from sunfair.settlement.header import MID_MARKET, NO_AHEAD

HOSTILE = Path(__file__).parent / "hostile" / "HostileToken.vy"

PARKING = """
# pragma version ==0.4.3
from ethereum.ercs import IERC20

struct Member:
    owner: address
    reader: address
    from_slot: uint256
    to_slot: uint256
    cap_wh: uint256
    meter_from: uint256

token: public(address)
community: public(bytes32)
owner: address
takes: uint256
parked: public(HashMap[uint256, HashMap[uint256, uint256]])

@deploy
def __init__(token_: address, community_: bytes32, owner_: address):
    self.token = token_
    self.community = community_
    self.owner = owner_
    self.takes = 100

@external
def set_takes(percent: uint256):
    self.takes = percent

@view
@external
def member(account: uint256) -> Member:
    return Member(owner=self.owner, reader=empty(address), from_slot=0, to_slot=max_value(uint256), cap_wh=1000, meter_from=0)

@external
def park(account: uint256, amount: uint256, not_before: uint256):
    self.parked[account][not_before] += amount
    assert extcall IERC20(self.token).transferFrom(msg.sender, self, amount * self.takes // 100)
"""
"""A market that takes what is parked, or another amount."""


@cache
def home(seed: int = 1, members: int = 6, **rules: Any) -> Street:
    return street(seed, members, **{"slots": 3, "at": 1, **rules})


@pytest.fixture
def room() -> Iterator[DocketRoom]:
    with fresh_chain():
        yield open_docket()


# ── The honest operator ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: home(1, 3), id="a day's middle"),
        pytest.param(lambda: home(2, 4, slots=1, at=0), id="one slot, a member joining after it"),
        pytest.param(lambda: home(3, 1, rule=MID_MARKET | NO_AHEAD), id="one member"),
    ],
)
def test_an_honest_operator_can_answer_every_demand_that_is_taken(room: DocketRoom, made: Any) -> None:
    """Everything that can be thought of is asked for, a step beyond each bound included; each answer is complete."""
    tried = made()
    room.tell(tried)
    room.time(tried, 0.1)
    taken = dict.fromkeys(Demand, 0)
    for kind, a, b in items(tried):
        # Only this slot's book opens: the others' headers are copies.
        if kind in (Demand.OPEN_LEAF, Demand.OPEN_ACCOUNT) and a != tried.slot:
            continue
        refused = verdict(room.ask, tried, kind, a, b)
        assert refused == twin_demand(tried, kind, a, b, "utility", boa.env.timestamp), (kind, a, b)
        if not refused:
            taken[Demand(kind)] += 1
            answer = honest_answer(tried, kind, a, b)
            assert (verdict(room.answer, tried, kind, answer), twin_answer(tried, kind, answer)) == ("", "")
    assert room.open(tried) == 0
    assert all(taken.values()) or len(tried.members) < 1


def test_chunks_of_rows_of_a_long_settlement(room: DocketRoom) -> None:
    """Whole chunks, a last one of any length, a tree smaller than a chunk, and an account with no row at all."""
    for slots in (128, 129, 300):
        made = home(4, 2, slots=slots, at=2)
        room.tell(made)
        room.time(made, 0.2)
        for account in (1, CLOSED, 4):
            chunks = max(-(-len(made.private.get(account, ())) // 128), 1)
            assert verdict(room.ask, made, Demand.ROWS, account, chunks) == "docket: item"
            for chunk in range(chunks):
                room.ask(made, Demand.ROWS, account, chunk)
                answer = honest_answer(made, Demand.ROWS, account, chunk)
                assert twin_answer(made, Demand.ROWS, answer) == ""
                room.answer(made, Demand.ROWS, answer)
        assert room.open(made) == 0


def test_nothing_of_a_void_slots_auction_can_be_demanded(room: DocketRoom) -> None:
    base = home(1)
    dead = replace(base, facts=base.facts.with_void(base.slot))
    fallen = replace(base.anchor, void_to=base.slot + 1)
    for made in (dead, replace(base, anchor=fallen, facts=replace(base.facts, anchors=(fallen,)))):
        room.tell(made)
        room.time(made, 0.1)
        for kind in (Demand.HEADER, Demand.LEAF, Demand.OPEN_LEAF, Demand.OPEN_ACCOUNT):
            b = 5 if kind == Demand.OPEN_ACCOUNT else 0
            assert verdict(room.ask, made, kind, made.slot, b) == "docket: void slot"
            assert twin_demand(made, kind, made.slot, b, "utility", boa.env.timestamp) == "docket: void slot"
    # Its rows and readings are the settlement's, and stand.
    for kind, a, b in ((Demand.READING, 5, base.slot), (Demand.ROWS, 5, 0)):
        room.ask(dead, kind, a, b)
        room.answer(dead, kind, honest_answer(dead, kind, a, b))


def test_a_filed_offer_and_filed_readings_need_no_signature(room: DocketRoom) -> None:
    base = home(1)
    account = next(iter(base.offers))
    offer = base.offers[account]
    silent, slot = next(
        (a, s)
        for a in base.members
        for s in range(base.from_slot(a), FIRST + 3)
        if base.row(a, s).number(93) <= 0 and s > FIRST
    )
    room.tell(base)
    boa.env.timestamp = base.slot * SECONDS - GATE - 700
    room.docket.file_offer(room.market, plain(offer), 0, sender=plain(address(f"owner {account}")))
    filed_at = boa.env.timestamp
    registers = base.reading(silent, slot)
    boa.env.timestamp = (slot + 1) * SECONDS
    room.docket.file_reading(room.market, silent, slot, *registers, b"", sender=plain(address("utility")))
    made = base.filed(offer, filed_at, 0).filed_reading(silent, slot, registers, utility=True)
    room.time(base, 0.1)
    room.ask(base, Demand.OPEN_ACCOUNT, base.slot, account)
    room.ask(base, Demand.READING, silent, slot)
    answer = (*honest_answer(base, Demand.OPEN_ACCOUNT, base.slot, account)[:-1], (b"", filed_at, 0))
    other = (*answer[:-1], (b"", filed_at + 1, 0))
    assert verdict(room.answer, base, Demand.OPEN_ACCOUNT, other) == "witness: not filed"
    assert twin_answer(made, Demand.OPEN_ACCOUNT, other) == "witness: not filed"
    for kind, given in (
        (Demand.OPEN_ACCOUNT, answer),
        (Demand.READING, (*honest_answer(base, Demand.READING, silent, slot)[:-1], b"")),
    ):
        assert (verdict(room.answer, base, kind, given), twin_answer(made, kind, given)) == ("", "")


def test_the_utilitys_signature_answers_for_registers(room: DocketRoom) -> None:
    base = home(1)
    account = next(a for a in base.members if base.row(a, base.slot).number(93) <= 0)
    room.tell(base)
    room.time(base, 0.1)
    room.ask(base, Demand.READING, account, base.slot, asker=f"owner {account}")
    signed = base.reading_signature(account, base.slot, base.reading(account, base.slot), name="utility")
    answer = (*honest_answer(base, Demand.READING, account, base.slot)[:-1], signed)
    assert (verdict(room.answer, base, Demand.READING, answer), twin_answer(base, Demand.READING, answer)) == ("", "")


# ── Half an answer is none ────────────────────────────────────────────────────────────────────────────────────────────


def refused(room: DocketRoom, street: Street, kind: int, a: int, b: int, *answers: Any) -> list[str]:
    """Reasons of contract and twin (they agree) for which answers to one demand are refused; it stays open."""
    room.tell(street)
    room.time(street, 0.1)
    room.ask(street, kind, a, b)
    told = [verdict(room.answer, street, kind, answer) for answer in answers]
    assert told == [twin_answer(street, kind, answer) for answer in answers]
    assert room.item(street, kind, a, b)[1] > 0
    return told


def test_wrong_headers_and_leaves_are_no_answers(room: DocketRoom) -> None:
    base = home(1)
    slot = base.slot
    anchor, _, header, path = honest_answer(base, Demand.HEADER, slot, 0)
    other = replace(anchor, anchored_at=5)
    assert refused(
        room,
        base,
        Demand.HEADER,
        slot,
        0,
        (anchor, slot, header[:-1] + b"x", path),
        (anchor, slot, base.at(slot + 1)[1], path),
        (anchor, slot, header, path[:-1]),
        (anchor, slot, header[1:] + b"\x15", path),
        (other, slot, header, path),
    ) == ["court: path", "court: path", "court: path", "court: header", "court: anchor"]
    anchor, _, _, header, path, stated, row, siblings = honest_answer(base, Demand.LEAF, slot, 1)
    more = (stated[0] + 1, *stated[1:])
    assert refused(
        room,
        base,
        Demand.LEAF,
        slot,
        1,
        (anchor, slot, 1, header, path, *honest_answer(base, Demand.LEAF, slot, 2)[5:]),
        (anchor, slot, 1, header, path, stated, row[:-1] + b"x", siblings),
        (anchor, slot, 1, header, path, more, row, siblings),
        (anchor, slot, 1, header, path, stated, row, siblings[:-1]),
        (anchor, slot, 1, header, path, stated, row[:-1], siblings),
    ) == ["court: path", "court: path", "court: path", "court: path", "court: row"]


def test_wrong_openings_are_no_answers(room: DocketRoom) -> None:
    base = home(1)
    slot = base.slot
    account, other = list(base.offers)[:2]
    silent = next(a for a in base.members if a not in base.offers)
    anchor, _, kind, b, header, path, opening, offer, source = honest_answer(base, Demand.OPEN_ACCOUNT, slot, account)
    head = (anchor, slot, kind, b, header, path)
    newer = replace(offer, nonce=offer.nonce + 1)
    past = replace(offer, last_slot=slot - 1)
    assert refused(
        room,
        base,
        Demand.OPEN_ACCOUNT,
        slot,
        account,
        (*head, base.opening(other), base.offers[other], source),
        (*head, replace(opening, salt=bytes(32)), offer, source),
        (*head, replace(opening, nonce=-1), offer, source),
        (*head, opening, newer, (base.offer_signature(newer), 0, 0)),
        (*head, opening, past, (base.offer_signature(past), 0, 0)),
        (*head, opening, replace(offer, curve=EMPTY), source),
        (*head, opening, replace(offer, account=other), source),
        (*head, opening, offer, (base.offer_signature(offer, "operator"), 0, 0)),
        (*head, opening, offer, (b"", 0, 0)),
    ) == [
        "witness: another leaf",
        "court: path",
        "court: path",
        "witness: another offer",
        "witness: another slot",
        "witness: another offer",
        "witness: another offer",
        "witness: signature",
        "witness: not filed",
    ]
    index = base.leaf_account.index(silent)
    leaf = honest_answer(base, Demand.OPEN_LEAF, slot, index)
    assert refused(
        room,
        base,
        Demand.OPEN_LEAF,
        slot,
        index,
        (*leaf[:6], opening, offer, source),
        (*leaf[:6], replace(leaf[6], index=index + 1), NO_OFFER, source),
    ) == ["witness: another leaf", "witness: another leaf"]


def test_a_leaf_without_an_offer_is_empty(room: DocketRoom) -> None:
    """An operator cannot write a curve into the leaf of a home that offered nothing."""
    honest = home(1)
    silent = next(a for a in honest.members if a not in honest.offers)
    # The nonce −1 is told of a leaf that holds a curve.
    forged = street(1, 6, slots=3, at=1, offers={silent: BookOffer(silent, FIRST, FIRST + 2, -1, _curve(honest))})
    answer = honest_answer(replace(forged, offers={}), Demand.OPEN_ACCOUNT, forged.slot, silent)
    assert refused(room, forged, Demand.OPEN_ACCOUNT, forged.slot, silent, answer) == ["witness: no offer"]


def _curve(made: Street) -> bytes:
    return next(offer.curve for offer in made.offers.values() if offer.curve != EMPTY)


def test_wrong_rows_and_readings_are_no_answers(room: DocketRoom) -> None:
    base = home(4, 2, slots=130, at=2)
    account, _, leaf, rows, path = honest_answer(base, Demand.ROWS, 5, 0)
    short = replace(leaf, path=leaf.path[:-1])
    wide = replace(leaf, path=((leaf.path[0][0], 2**62), *leaf.path[1:]))
    assert refused(
        room,
        base,
        Demand.ROWS,
        5,
        0,
        (account, 0, leaf, rows[:-149], path),
        (account, 0, leaf, rows[149:] + rows[:149], path),
        (account, 0, leaf, rows, ()),
        (account, 0, leaf, rows, (*path, bytes(32))),
        (account, 0, base.leaf(4), rows, path),
        (account, 0, short, rows, path),
        (account, 0, wide, rows, path),
    ) == [
        "witness: rows",
        "court: path",
        "court: path",
        "court: path",
        "court: leaf",
        "court: path",
        "court: lane",
    ]
    slot = next(s for s in range(FIRST + 1, FIRST + 100) if base.row(5, s).number(93) <= 0)
    _, _, leaf, row, signature = honest_answer(base, Demand.READING, 5, slot)
    registers = base.reading(5, slot)
    assert refused(
        room,
        base,
        Demand.READING,
        5,
        slot,
        (5, slot, leaf, base.row(5, slot + 1), signature),
        (5, slot, leaf, base.row(4, slot), signature),
        (5, slot, leaf, row, b""),
        (5, slot, leaf, row, base.reading_signature(5, slot, registers, "meter 4")),
        (5, slot, leaf, row, base.reading_signature(5, slot, (registers[0], registers[1] + 1))),
        (5, slot, leaf, row, base.reading_signature(5, slot + 1, registers)),
    ) == ["court: row", "court: row", *["witness: signature"] * 4]


def test_registers_are_signed_by_the_meter_of_that_slot(room: DocketRoom) -> None:
    """A meter that is replaced does not sign for slots before or after its time."""
    base = home(1)
    account = next(a for a in base.members if a > 4 and base.row(a, base.slot).number(93) <= 0)
    registers = base.reading(account, base.slot)
    for start, name, why in (
        (base.slot, "meter new", ""),
        (base.slot + 1, "meter new", "witness: signature"),
        (base.slot, f"meter {account}", "witness: signature"),
        (base.slot + 1, f"meter {account}", ""),
    ):
        old = base.facts.meters[account]
        dated = (*old, replace(old[0], key=address("meter new"), from_slot=start))
        street = replace(base, facts=replace(base.facts, meters={**base.facts.meters, account: dated}))
        with boa.env.anchor():
            room.tell(street)
            room.time(street, 0.1)
            room.ask(street, Demand.READING, account, base.slot)
            signed = base.reading_signature(account, base.slot, registers, name)
            answer = (*honest_answer(street, Demand.READING, account, base.slot)[:-1], signed)
            got = verdict(room.answer, street, Demand.READING, answer)
            assert got == why == twin_answer(street, Demand.READING, answer)


# ── Who asks, and when ────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_may_ask_for_what(room: DocketRoom) -> None:
    base = home(1)
    room.tell(base)
    room.time(base, 0.1)
    slot = base.slot
    people = ("utility", "owner 5", "reader 5", "owner 6", "stranger", "network")
    rights = {
        (Demand.HEADER, slot, 0): set(people),
        (Demand.LEAF, slot, 0): set(people),
        (Demand.OPEN_LEAF, slot, 0): {"utility"},
        (Demand.OPEN_ACCOUNT, slot, 5): {"utility", "owner 5", "reader 5"},
        (Demand.ROWS, 5, 0): {"utility", "owner 5", "reader 5"},
        (Demand.ROWS, 1, 0): set(people),
        (Demand.ROWS, 2, 0): {"utility"},
        (Demand.ROWS, CLOSED, 0): {"utility"},
        (Demand.READING, 5, slot): {"utility", "owner 5", "reader 5"},
    }
    for (kind, a, b), allowed in rights.items():
        for name in people:
            with boa.env.anchor():
                got = verdict(room.ask, base, kind, a, b, name)
                assert got == ("" if name in allowed else "docket: not yours"), (kind, name)
                assert got == twin_demand(base, kind, a, b, name, boa.env.timestamp)


def test_when_demands_answers_and_silence_count(room: DocketRoom) -> None:
    base = home(1)
    room.tell(base)
    half, late, start = WINDOW // 2, WINDOW * 3 // 4, base.settlement.settled_at
    assert (twin.demand_end(base.facts, base.settlement), twin.answer_end(base.facts, base.settlement)) == (
        start + half,
        start + late,
    )
    item = (Demand.HEADER, base.slot, 0)
    boa.env.timestamp = start + half
    assert verdict(room.ask, base, *item) == "docket: too late" == twin_demand(base, *item, "x", start + half)
    boa.env.timestamp = start + half - 1
    room.ask(base, *item)
    boa.env.timestamp = start + late - 1
    assert verdict(room.convict, base, *item) == "docket: too early"
    with boa.env.anchor():
        room.answer(base, Demand.HEADER, honest_answer(base, *item))
    boa.env.timestamp = start + late
    assert verdict(room.answer, base, Demand.HEADER, honest_answer(base, *item)) == "docket: too late"
    room.convict(base, *item)


def test_only_items_of_the_pending_settlement(room: DocketRoom) -> None:
    base = home(1)
    room.tell(base)
    room.time(base, 0.1)
    other = replace(base, settlement=replace(base.settlement, cover=base.settlement.cover + 1))
    assert verdict(room.ask, other, Demand.HEADER, base.slot, 0) == "docket: settlement"
    wrong = replace(base.anchor, slots=2)
    assert verdict(room.ask, base, Demand.HEADER, base.slot, 0, anchor=wrong) == "court: anchor"
    # An anchor of other slots, although it is the market's.
    earlier = replace(base.anchor, first_slot=FIRST - 3, void_to=FIRST - 3)
    room.market.set_anchor(plain(earlier), True)
    assert verdict(room.ask, base, Demand.HEADER, base.slot, 0, anchor=earlier) == "docket: slot"
    assert verdict(room.ask, base, Demand.HEADER, FIRST - 1, 0, anchor=earlier) == "docket: slot"
    for kind in (0, 7, 2**255):
        assert verdict(room.ask, base, kind, base.slot, 0, anchor=base.anchor, value=10**18) == "docket: kind"


def test_only_the_witness_closes(room: DocketRoom) -> None:
    base = home(1)
    room.tell(base)
    room.time(base, 0.1)
    room.ask(base, Demand.HEADER, base.slot, 0)
    thief = plain(address("thief"))
    call = room.docket.close
    assert (
        verdict(call, room.market, plain(base.settlement), 1, base.slot, 0, thief, sender=thief)
        == "docket: not the witness"
    )


# ── Silence ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_silence_convicts(room: DocketRoom) -> None:
    base = home(1)
    slot = base.slot
    successor = replace(base.settlement, operator=address("successor"))
    made = replace(base, settlement=successor, facts=replace(base.facts, pending=successor))
    room.tell(made)
    asked = {
        (Demand.HEADER, slot, 0): None,
        (Demand.LEAF, slot, 1): (Kind.SILENCE + 2, "operator", slot),
        (Demand.OPEN_LEAF, slot, 1): (Kind.SILENCE + 3, "operator", slot),
        (Demand.OPEN_ACCOUNT, slot, 5): (Kind.SILENCE + 4, "operator", slot),
        (Demand.ROWS, 5, 0): (Kind.SILENCE + 5, "successor", NO_SLOT),
        (Demand.READING, 5, slot): (Kind.SILENCE + 6, "successor", slot),
    }
    for item, expected in asked.items():
        with boa.env.anchor():
            room.time(made, 0.3)
            room.ask(made, *item)
            paid = room.item(made, *item)[1]
            room.time(made, 0.8)
            room.convict(made, *item)
            assert (room.owed("utility"), room.open(made), room.item(made, *item)[1]) == (paid, 0, 0)
            assert verdict(room.convict, made, *item) == "docket: not open"
            kind, offender, voided = twin.silence(made.settlement, made.anchor, *item)
            if expected is None:
                court, _, convicted_kind, challenger = room.market.voidings(0)
                assert (court, convicted_kind) == (room.docket.address, Kind.SILENCE + 1)
                assert room.market.convicted() == 0
            else:
                court, convicted, guilty, challenger, at = room.market.convictions(0)
                expected_kind, name, expected_slot = expected
                assert (convicted, bytes.fromhex(str(guilty)[2:]), at) == (expected_kind, address(name), expected_slot)
                assert (kind, offender, voided) == (expected_kind, address(name), expected_slot)
            assert str(challenger).lower() == plain(address("utility"))


def test_what_was_not_answered_before_a_cancel_is_taken_back(room: DocketRoom) -> None:
    base = home(1)
    room.tell(base)
    room.time(base, 0.1)
    room.ask(base, Demand.HEADER, base.slot, 0, "watcher")
    paid = room.item(base, Demand.HEADER, base.slot, 0)[1]
    call = (room.market, plain(base.settlement), 1, base.slot, 0)
    assert verdict(room.docket.take_back, *call) == "docket: pending"
    room.market.set_pending(plain(replace(base.settlement, settled_at=1)))
    assert verdict(room.answer, base, Demand.HEADER, honest_answer(base, 1, base.slot, 0)) == "docket: settlement"
    room.time(base, 0.9)
    assert verdict(room.convict, base, Demand.HEADER, base.slot, 0) == "docket: settlement"
    room.docket.take_back(*call)
    assert room.owed("watcher") == paid
    assert verdict(room.docket.take_back, *call) == "docket: not open"


# ── Money ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_payments_are_claimed_once_and_never_more(room: DocketRoom) -> None:
    base = home(1)
    room.tell(base)
    room.time(base, 0.1)
    price = room.docket.price(Demand.HEADER)
    fee = boa.env.evm.vm.state.execution_context._base_fee_per_gas
    assert price == twin.price(Demand.HEADER, fee) == 400_000 * fee > 0
    assert verdict(room.ask, base, Demand.HEADER, base.slot, 0, value=price - 1) == "docket: payment"
    room.ask(base, Demand.HEADER, base.slot, 0, "watcher", value=price + 5)
    assert boa.env.get_balance(room.docket.address) == price + 5
    room.answer(base, Demand.HEADER, honest_answer(base, Demand.HEADER, base.slot, 0), by="helper")
    helper = plain(address("helper"))
    boa.env.set_balance(helper, 0)
    assert room.docket.claim(sender=helper) == price + 5 == boa.env.get_balance(helper)
    assert boa.env.get_balance(room.docket.address) == 0
    assert verdict(room.docket.claim, sender=helper) == "docket: nothing owed"


GREEDY = """
# pragma version ==0.4.3
interface IDocket:
    def claim() -> uint256: nonpayable

docket: address
again: bool

@external
@payable
def pay(target: address, message: Bytes[4096]):
    raw_call(target, message, value=msg.value)

@external
def collect(docket: address, again: bool):
    self.docket = docket
    self.again = again
    extcall IDocket(docket).claim()

@external
@payable
def __default__():
    if self.again:
        extcall IDocket(self.docket).claim()
"""


def test_a_claim_cannot_be_entered_again(room: DocketRoom) -> None:
    base = home(1)
    room.tell(base)
    room.time(base, 0.1)
    greedy = boa.loads(GREEDY)
    value = room.docket.price(Demand.LEAF)
    boa.env.set_balance(boa.env.eoa, RICH)
    for leaf in (0, 1):
        room.ask(base, Demand.LEAF, base.slot, leaf, "watcher")
    answer = plain(honest_answer(base, Demand.LEAF, base.slot, 0))
    message = room.witness.answer_leaf.prepare_calldata(
        room.docket.address, room.market.address, plain(base.settlement), *answer
    )
    greedy.pay(room.witness.address, message)
    with boa.reverts():
        greedy.collect(room.docket.address, True)
    greedy.collect(room.docket.address, False)
    assert boa.env.get_balance(greedy.address) == value == boa.env.get_balance(room.docket.address)


# ── Inbox ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_offer_is_filed_by_its_owner_once_and_well_formed(room: DocketRoom) -> None:
    base = home(1)
    room.tell(base)
    account = next(a for a in base.offers if base.offers[a].curve != EMPTY)
    offer = base.offers[account]
    made = base

    def filed(changed: BookOffer, name: str = f"owner {account}", deposit: int = 0) -> str:
        got = verdict(room.docket.file_offer, room.market, plain(changed), deposit, sender=plain(address(name)))
        assert got == twin_says(twin.check_file_offer, made.facts, made.inbox, changed, address(name))
        return got

    assert filed(offer, f"reader {account}") == "docket: not the owner"
    assert filed(offer, "utility") == "docket: not the owner"
    assert filed(replace(offer, account=99)) == "docket: not the owner"
    assert filed(replace(offer, last_slot=offer.first_slot - 1)) == "docket: slots"
    assert filed(replace(offer, last_slot=2**63)) == "docket: slots"
    assert filed(replace(offer, nonce=2**63)) == "docket: nonce"
    assert filed(replace(offer, curve=offer.curve[:-8])) == "docket: curve"
    assert filed(replace(offer, curve=offer.curve[:16] * 2 + EMPTY[32:])) == "docket: curve"
    assert filed(replace(offer, curve=bytes(16) + offer.curve[:16] + EMPTY[32:])) == "docket: curve"
    assert filed(offer) == ""
    word = filed_offer(offer_hash(base.facts.community, offer), boa.env.timestamp, 0)
    assert room.docket.filed_offer(room.market, account, offer.nonce) == word
    made = base.filed(offer, boa.env.timestamp, 0)
    assert filed(replace(offer, curve=EMPTY)) == "docket: filed already"
    assert filed(replace(offer, nonce=offer.nonce + 1)) == ""


def parking(percent: int = 100) -> tuple[Any, Any, Any, BookOffer]:
    """A docket, a market that takes this share of what is parked, its token, and an offer."""
    token = boa.load_partial(str(HOSTILE)).deploy(6)
    witness = deployer("Witness").deploy()
    docket = deployer("Docket").deploy(witness)
    owner = plain(address("owner 5"))
    market = boa.loads(PARKING, token.address, bytes(32), owner)
    market.set_takes(percent)
    token.give(owner, 1_000)
    token.approve(docket.address, 1_000, sender=owner)
    return docket, market, token, BookOffer(5, FIRST, FIRST, 1, EMPTY)


def test_a_deposit_waits_at_the_market_for_its_slot() -> None:
    with fresh_chain():
        docket, market, token, offer = parking()
        docket.file_offer(market, plain(offer), 700, sender=plain(address("owner 5")))
        assert market.parked(5, FIRST) == token.balanceOf(market) == 700
        assert token.balanceOf(docket) == token.allowance(docket, market) == 0


@pytest.mark.parametrize("percent", [0, 99])
def test_a_market_that_takes_another_amount_is_refused(percent: int) -> None:
    with fresh_chain():
        docket, market, token, offer = parking(percent)
        owner = plain(address("owner 5"))
        assert verdict(docket.file_offer, market, plain(offer), 700, sender=owner) == "docket: deposit not parked"
        assert token.balanceOf(owner) == 1_000


def test_a_token_that_keeps_a_fee_or_refuses_is_refused() -> None:
    with fresh_chain():
        docket, market, token, offer = parking()
        owner = plain(address("owner 5"))
        token.set_fee(1, 0)
        call = (market, plain(offer), 700)
        assert verdict(docket.file_offer, *call, sender=owner) == "docket: token moved another amount"
        token.set_fee(0, 0)
        token.set_refuses(True)
        assert verdict(docket.file_offer, *call, sender=owner) == "docket: token refused"
        assert docket.filed_offer(market, 5, 1) == bytes(32)


def test_a_token_that_calls_back_files_nothing_more() -> None:
    with fresh_chain():
        docket, market, token, offer = parking()
        owner = plain(address("owner 5"))
        again = docket.file_offer.prepare_calldata(market.address, plain(replace(offer, nonce=2)), 0)
        token.set_callback(docket.address, again, True)
        with boa.reverts():
            docket.file_offer(market, plain(offer), 700, sender=owner)
        assert docket.filed_offer(market, 5, 2) == bytes(32)


def test_a_reading_is_filed_in_ten_minutes_once_by_owner_and_by_utility(room: DocketRoom) -> None:
    base = home(1)
    room.tell(base)
    slot, registers = base.slot, (500, 7)
    end = (slot + 1) * SECONDS
    made = base

    def filed(numbers: tuple[int, int] = registers, at: int = end, by: str = "owner 5", signed: Any = None) -> str:
        signature = base.reading_signature(5, slot, numbers) if signed is None else signed
        boa.env.timestamp = at
        got = verdict(room.docket.file_reading, room.market, 5, slot, *numbers, signature, sender=plain(address(by)))
        told = (made.facts, made.inbox, signer, 5, slot, numbers, signature, address(by), at)
        assert got == twin_says(twin.check_file_reading, *told)
        return got

    assert filed(at=end - 1) == filed(at=end + 601) == "docket: not now"
    assert filed(by="reader 5") == filed(by="meter 5") == "docket: not the owner"
    assert filed(signed=base.reading_signature(5, slot, (500, 8))) == "docket: signature"
    assert filed(signed=base.reading_signature(5, slot, registers, "owner 5")) == "docket: signature"
    assert filed((2**63, 0), signed=b"") == "docket: registers"
    assert filed(at=end + 600) == ""
    made = made.filed_reading(5, slot, registers)
    assert filed((600, 7)) == "docket: filed already"
    assert filed((600, 7), by="utility", signed=b"") == ""
    made = made.filed_reading(5, slot, (600, 7), utility=True)
    assert filed((700, 7), by="utility", signed=b"") == "docket: filed already"
    assert room.docket.filed_reading(room.market, 5, slot, False) == (1 << 128) | (500 << 64) | 7
    assert room.docket.filed_reading(room.market, 5, slot, True) == (1 << 128) | (600 << 64) | 7


# ── Gas ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_costs_less_than_it_is_paid_for_at_one_base_fee(room: DocketRoom) -> None:
    """The largest book; the longest anchor; a full chunk, reckoned as if no byte of it were zero."""
    wide, long = street(3, 4_089, slots=2, at=1, rowed=9), street(3, 2, slots=4_096, at=4_000, first=1_638_400)
    account = next(a for a in wide.members if a in wide.offers)
    read = next(a for a in wide.members if a < 13 and wide.row(a, wide.slot).number(93) <= 0)
    slot = next(s for s in range(long.slot, long.slot + 50) if long.row(5, s).number(93) <= 0)
    asked = [
        (wide, Demand.HEADER, wide.slot, 0, account),
        (wide, Demand.LEAF, wide.slot, 4_000, account),
        (wide, Demand.OPEN_LEAF, wide.slot, wide.leaf_account.index(account), account),
        (wide, Demand.OPEN_ACCOUNT, wide.slot, account, account),
        (wide, Demand.READING, read, wide.slot, read),
        (long, Demand.HEADER, long.slot, 0, 5),
        (long, Demand.ROWS, 5, 3, 5),
        (long, Demand.READING, 5, slot, 5),
    ]
    fee, operator = twin.price(Demand.HEADER, 1) // 100_000, plain(address("operator"))
    assert fee == 4
    spent: dict[str, int] = {}
    for made, kind, a, b, person in asked:
        members = {number: made.facts.members[number] for number in (0, person)}
        tell(room.market, replace(made.facts, members=members, meters={person: made.facts.meters[person]}))
        room.time(made, 0.1)
        room.ask(made, kind, a, b)
        arguments = (room.docket.address, room.market.address, made.settlement, *honest_answer(made, kind, a, b))
        method = getattr(room.witness, ANSWERS[kind])
        calldata = method.prepare_calldata(*map(plain, arguments))
        total = gas(room.witness, ANSWERS[kind], *arguments, sender=operator)
        full = 21_000 + 16 * len(calldata) + method_gas(room) + 14 * 32 * 16
        worst = max(full, 21_000 + 40 * len(calldata) + 14 * 32 * 40)
        spent[f"{kind.name} {len(made.leaf_account)}"] = total
        assert total <= worst <= twin.price(kind, 1) // 4, (kind, worst)
    assert intrinsic(b"\0\1") == 21_020
    print(spent)


def method_gas(room: DocketRoom) -> int:
    """Gas of the witness's last call without base and calldata."""
    return int(room.witness._computation.get_gas_used())
