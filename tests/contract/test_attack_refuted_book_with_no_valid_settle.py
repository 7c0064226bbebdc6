"""Attack: a book is refuted, and what is left is such that no settlement can stand: every next one is refuted too."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boa
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import CLEAN, BookRoom, Street, address, fresh_chain, open_room, row_bytes, street
from court_dockets import DocketRoom, honest_answer, items, open_docket, twin_answer, twin_demand, verdict

from sunfair.settlement.court.docket import Demand
from sunfair.settlement.court.proofs import Kind
from sunfair.settlement.hashing import keccak


@pytest.fixture
def room() -> Iterator[BookRoom]:
    with fresh_chain():
        yield open_room()


@pytest.fixture
def desk() -> Iterator[DocketRoom]:
    with fresh_chain():
        yield open_docket()


def refuted(made: Street) -> Street:
    """The slot is void; the operator settles again: registers as they were, no trade in that slot."""
    dead = replace(made, facts=made.facts.with_void(made.slot))
    rows = {}
    for account in (a for a in made.members if a in made.private):
        data = list(made.private[account])
        place = made.slot - made.from_slot(account)
        kept = {at: made.row(account, made.slot).number(at) for at in (45, 53, 61, 93)}
        data[place] = row_bytes(account, made.slot, kept)
        rows[account] = tuple(data)
    return dead.posted(rows)


def test_attack_refuted_book_with_no_valid_settle(room: BookRoom) -> None:
    """The bad book stays under its anchor for ever; it convicts once."""
    made = street(1, 5, ghost=77)
    room.tell(made)
    assert room.both(made, "refute_opening", *made.start, made.opening(77))[1]
    again = refuted(made)
    room.tell(again)
    assert room.both(again, "refute_opening", *again.start, again.opening(77)) == ("court: void slot", None)
    false = keccak(b"another")
    assert room.both(again, "refute_promise", *again.start, 0, false, again.promise(0, false))[0] == "court: void slot"


def test_every_demand_taken_after_a_refuted_book_has_an_answer(desk: DocketRoom) -> None:
    """Nobody can open the ghost's leaf or show its header's truth: nobody is asked to. All else is answered."""
    made = refuted(street(1, 3, slots=2, at=1, ghost=77))
    desk.tell(made)
    desk.time(made, 0.1)
    answered = 0
    for kind, a, b in items(made):
        if kind in (Demand.OPEN_LEAF, Demand.OPEN_ACCOUNT) and a != made.slot:
            continue
        why = verdict(desk.ask, made, kind, a, b)
        assert why == twin_demand(made, kind, a, b, "utility", boa.env.timestamp)
        if a == made.slot and kind <= Demand.OPEN_ACCOUNT:
            assert why == "docket: void slot"
        if not why:
            answer = honest_answer(made, kind, a, b)
            assert verdict(desk.answer, made, kind, answer) == "" == twin_answer(made, kind, answer)
            answered += 1
    assert answered > 10
    assert desk.open(made) == 0


def test_a_reading_left_out_convicts_and_the_next_settlement_takes_it(room: BookRoom) -> None:
    """After the conviction the row can take the filed reading: it counts for the row although no pool was held for it."""
    base, account = next(
        (made, a)
        for made in (street(seed, 6) for seed in range(20))
        for a in made.members
        if made.row(a, made.slot).number(93) == 1
    )
    last = base.reading(account, base.slot)
    made = base.filed_reading(account, base.slot, (last[0] + 9, last[1]))
    room.tell(made)

    def told(now: Street) -> tuple[object, ...]:
        row = now.row(account, now.slot)
        return now.settlement, account, now.slot, last[0] + 9, last[1], now.leaf(account), row

    convicted = ("", (Kind.FILED_READING, address("operator"), made.slot))
    assert room.both(made, "refute_filed_reading", *told(made)) == convicted
    data = list(made.private[account])
    place = made.slot - made.from_slot(account)
    data[place] = row_bytes(account, made.slot, {45: 9, 53: last[0] + 9, 61: last[1]})
    mended = replace(made, facts=made.facts.with_void(made.slot)).posted({account: tuple(data)})
    room.tell(mended)
    assert room.both(mended, "refute_filed_reading", *told(mended)) == (CLEAN, None)
