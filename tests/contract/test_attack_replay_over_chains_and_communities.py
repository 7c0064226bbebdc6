"""Attack: what was signed for one chain, market, community, account or slot is shown where it was not meant."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import DOMAIN, BookRoom, Street, fresh_chain, open_room, sign, street
from court_dockets import DocketRoom, honest_answer, open_docket, twin_answer, verdict

from sunfair.settlement.court.book_proofs import digest, offer_hash, promise_hash, reading_hash, receipt_hash
from sunfair.settlement.court.docket import Demand
from sunfair.settlement.hashing import keccak
from sunfair.settlement.messages import Domain

ELSEWHERE = {
    "another chain": Domain(DOMAIN.community, 1, DOMAIN.market),
    "another market": Domain(DOMAIN.community, DOMAIN.chain_id, b"\x5b" * 20),
    "another community": replace(DOMAIN, community="Next Street"),
}


@pytest.fixture
def room() -> Iterator[BookRoom]:
    with fresh_chain():
        yield open_room()


@pytest.fixture
def desk() -> Iterator[DocketRoom]:
    with fresh_chain():
        yield open_docket()


@pytest.mark.parametrize("where", list(ELSEWHERE))
def test_attack_replay_of_receipts_and_promises(room: BookRoom, where: str) -> None:
    made, there = street(1, 5), ELSEWHERE[where]
    room.tell(made)
    account = next(iter(made.offers))
    newer, slot = replace(made.offers[account], nonce=99), made.slot
    offered = digest(there.separator, offer_hash(there.community_id, newer))
    receipt = sign("operator", digest(there.separator, receipt_hash(offered, slot, slot)))
    told = (made.opening(account), newer, slot, slot, receipt)
    assert room.both(made, "refute_receipt", *made.start, *told) == ("court: signature", None)
    false = keccak(b"another")
    promise = sign("operator", digest(there.separator, promise_hash(there.community_id, slot, 0, false)))
    assert room.both(made, "refute_promise", *made.start, 0, false, promise) == ("court: signature", None)


@pytest.mark.parametrize("where", list(ELSEWHERE))
def test_attack_replay_of_offers_and_readings(desk: DocketRoom, where: str) -> None:
    """An operator cannot answer a demand with what a home signed elsewhere."""
    made, there = street(1, 5), ELSEWHERE[where]
    desk.tell(made)
    desk.time(made, 0.1)
    account = next(iter(made.offers))
    read = next(a for a in made.members if made.row(a, made.slot).number(93) <= 0)
    offer, registers = made.offers[account], made.reading(read, made.slot)
    signed = sign(f"owner {account}", digest(there.separator, offer_hash(there.community_id, offer)))
    told = reading_hash(there.community_id, read, made.slot, *registers)
    metered = sign(f"meter {read}", digest(there.separator, told))
    refuse(desk, made, Demand.OPEN_ACCOUNT, made.slot, account, (signed, 0, 0))
    refuse(desk, made, Demand.READING, read, made.slot, metered)


def refuse(desk: DocketRoom, made: Street, kind: Demand, a: int, b: int, last: Any) -> None:
    """The answer fails with this in the place of its last argument, and not without."""
    desk.ask(made, kind, a, b)
    answer = honest_answer(made, kind, a, b)
    told = (*answer[:-1], last)
    assert verdict(desk.answer, made, kind, told) == "witness: signature" == twin_answer(made, kind, told)
    assert verdict(desk.answer, made, kind, answer) == ""


def test_attack_replay_of_a_neighbours_reading(desk: DocketRoom) -> None:
    """A reading of another slot or another account does not stand for this one."""
    made = street(1, 5)
    desk.tell(made)
    desk.time(made, 0.1)
    read = next(a for a in made.members if made.row(a, made.slot).number(93) <= 0)
    registers = made.reading(read, made.slot)
    refuse(desk, made, Demand.READING, read, made.slot, made.reading_signature(read, made.slot - 1, registers))
    slot = next(
        s for s in range(made.from_slot(read), made.slot + 3) if s != made.slot and made.row(read, s).number(93) <= 0
    )
    other = made.reading_signature(read + 1, slot, made.reading(read, slot), name=f"meter {read}")
    refuse(desk, made, Demand.READING, read, slot, other)


def test_attack_replay_of_what_was_filed_at_another_market(room: BookRoom) -> None:
    """The inbox is kept by market: an entry of the same account number elsewhere is none here."""
    base = street(1, 5)
    account = next(iter(base.offers))
    newer = replace(base.offers[account], nonce=99)
    made = base.filed(newer, 1, 10**15)
    word = made.inbox.offer(account, 99)
    room.tell(base)
    room.docket.set_offer("0x" + 40 * "7", account, 99, word)
    told = (base.opening(account), newer, 1, 10**15)
    assert room.both(base, "refute_filed_offer", *base.start, *told) == ("court: not filed", None)
