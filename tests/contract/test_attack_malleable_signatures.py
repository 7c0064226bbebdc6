"""Attack: a signature bent into another that the chain's recovery takes, or none at all where nobody is asked for."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boa
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import NOBODY, BookRoom, Street, fresh_chain, open_room, street
from court_dockets import DocketRoom, honest_answer, open_docket, twin_answer, verdict

from sunfair.chain.keys import ORDER
from sunfair.settlement.court.docket import Demand
from sunfair.settlement.hashing import keccak


@pytest.fixture
def room() -> Iterator[BookRoom]:
    with fresh_chain():
        yield open_room()


@pytest.fixture
def desk() -> Iterator[DocketRoom]:
    with fresh_chain():
        yield open_docket()


def bent(signature: bytes) -> list[bytes]:
    """The second signature that the curve allows, other forms of v, zeros, and other lengths."""
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    high = (ORDER - s).to_bytes(32, "big")
    zero, order = bytes(32), ORDER.to_bytes(32, "big")
    low = signature[32:64]
    return [
        r + high + bytes([55 - v]),
        r + high + bytes([v]),
        r + low + bytes([v - 27]),
        r + low + bytes([55 - v]),
        r + low + bytes([v + 8]),
        zero + low + bytes([v]),
        r + zero + bytes([v]),
        order + low + bytes([v]),
        r + order + bytes([v]),
        bytes(65),
        bytes(64) + b"\x1b",
        signature[:64],
        b"",
    ]


def test_attack_malleable_receipt_and_promise(room: BookRoom) -> None:
    made = street(1, 5)
    room.tell(made)
    account = next(iter(made.offers))
    newer = replace(made.offers[account], nonce=99)
    first, last, signature = made.receipt(newer)
    false = keccak(b"another")
    for other in bent(signature):
        told = (made.opening(account), newer, first, last, other)
        assert room.both(made, "refute_receipt", *made.start, *told) == ("court: signature", None)
    for other in bent(made.promise(0, false)):
        assert room.both(made, "refute_promise", *made.start, 0, false, other) == ("court: signature", None)
    assert room.both(made, "refute_receipt", *made.start, made.opening(account), newer, *made.receipt(newer))[1]


def test_attack_nobodys_signature_is_nobodys(room: BookRoom) -> None:
    """Recovery gives the zero address for rubbish: an anchor, account or meter of nobody's must not match it."""
    base = street(1, 5)
    nobodys = replace(base.anchor, operator=NOBODY)
    made = replace(base, anchor=nobodys, facts=replace(base.facts, anchors=(nobodys,)))
    room.tell(made)
    false = keccak(b"another")
    for signature in (bytes(65), bytes(64) + b"\x1b", b""):
        assert room.both(made, "refute_promise", *made.start, 0, false, signature) == ("court: signature", None)


def without_keys(base: Street) -> Street:
    """The street whose accounts have neither owner nor meter, and no utility."""
    members = {a: replace(member, owner=NOBODY) for a, member in base.facts.members.items()}
    return replace(base, facts=replace(base.facts, members=members, meters={}))


def test_attack_malleable_answers(desk: DocketRoom) -> None:
    base = street(1, 5)
    account = next(iter(base.offers))
    read = next(a for a in base.members if base.row(a, base.slot).number(93) <= 0)
    for made in (base, without_keys(base)):
        with boa.env.anchor():
            desk.tell(made)
            for number in made.facts.members:
                desk.market.clear_meters(number) if not made.facts.meters else None
            desk.time(made, 0.1)
            desk.ask(made, Demand.OPEN_ACCOUNT, made.slot, account)
            desk.ask(made, Demand.READING, read, made.slot)
            opening = honest_answer(base, Demand.OPEN_ACCOUNT, base.slot, account)
            reading = honest_answer(base, Demand.READING, read, base.slot)
            for other in bent(opening[-1][0]):
                told = (*opening[:-1], (other, 0, 0))
                why = "witness: signature" if other else "witness: not filed"
                assert verdict(desk.answer, made, Demand.OPEN_ACCOUNT, told) == why
                assert twin_answer(made, Demand.OPEN_ACCOUNT, told) == why
            for other in bent(reading[-1]):
                told = (*reading[:-1], other)
                assert verdict(desk.answer, made, Demand.READING, told) == "witness: signature"
                assert twin_answer(made, Demand.READING, told) == "witness: signature"
