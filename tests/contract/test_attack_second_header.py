"""Attack: the operator shows homes one book root or header and anchors another, or shows two."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import CLEAN, BookRoom, address, fresh_chain, open_room, street

from sunfair.settlement.court.proofs import Kind
from sunfair.settlement.hashing import keccak
from sunfair.settlement.promises import Promise


@pytest.fixture
def room() -> Iterator[BookRoom]:
    with fresh_chain():
        yield open_room()


@pytest.mark.parametrize("kind", list(Promise))
def test_attack_second_header(room: BookRoom, kind: Promise) -> None:
    """Two promises of one thing: one of them at least is unlike what was anchored, and that one convicts."""
    made, other = street(1, 5), street(2, 5)
    room.tell(made)
    first, second = (
        keccak(shown.header) if kind == Promise.HEADER_HASH else shown.book.root for shown in (made, other)
    )
    assert first != second
    for value, convicts in ((first, False), (second, True)):
        got = room.both(made, "refute_promise", *made.start, kind, value, made.promise(kind, value))
        assert got == (("", (Kind.PROMISE, address("operator"), made.slot)) if convicts else (CLEAN, None))


def test_attack_second_header_of_another_slot(room: BookRoom) -> None:
    """A promise for the neighbouring slot, or of the other kind, is not one for this."""
    made = street(1, 5)
    room.tell(made)
    false = keccak(b"elsewhere")
    for kind, signature in ((0, made.promise(0, false, slot=made.slot + 1)), (1, made.promise(0, false))):
        assert room.both(made, "refute_promise", *made.start, kind, false, signature)[0] == "court: signature"


def test_attack_second_header_in_the_place_of_a_neighbour(room: BookRoom) -> None:
    """The anchor has one place for each slot: a true header is not shown at another's."""
    made = street(1, 5)
    room.tell(made)
    anchor, header, _ = made.start
    false = keccak(b"elsewhere")
    for slot in range(anchor.first_slot, anchor.first_slot + anchor.slots):
        told = (anchor, header, made.at(slot)[2], 0, false, made.promise(0, false))
        assert room.both(made, "refute_promise", *told)[0] == ("" if slot == made.slot else "court: path")
