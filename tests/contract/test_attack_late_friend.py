"""Attack: the operator's friend waits until the book is closed, sees all other offers, and has its own put in after all."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import CLEAN, GATE, SECONDS, BookRoom, address, fresh_chain, open_room, street

from sunfair.settlement.court.book_proofs import BookOffer
from sunfair.settlement.court.proofs import Kind
from sunfair.settlement.header import MID_MARKET


@pytest.fixture
def room() -> Iterator[BookRoom]:
    with fresh_chain():
        yield open_room()


def test_attack_late_friend(room: BookRoom) -> None:
    """The promised root is of the book without the friend's offer; any home that holds the promise convicts."""
    fair = street(1, 6)
    friend = next(a for a in fair.members if a not in fair.offers)
    curve = fair.offers[next(a for a in fair.offers if a != friend)].curve
    late = BookOffer(friend, fair.slot, fair.slot, 7, curve)
    bent = street(1, 6, offers={friend: late})
    assert bent.nonces[friend] == 7
    assert bent.book.root != fair.book.root
    room.tell(bent)
    promise = (0, fair.book.root, fair.promise(0, fair.book.root))
    convicted = ("", (Kind.PROMISE, address("operator"), bent.slot))
    assert room.both(bent, "refute_promise", *bent.start, *promise) == convicted
    room.tell(fair)
    assert room.both(fair, "refute_promise", *fair.start, *promise) == (CLEAN, None)


def test_attack_late_friend_in_the_inbox(room: BookRoom) -> None:
    """An entry of the last ten minutes forces nobody's hand; at the mid-market rate one of the last day does not."""
    for rule, before in ((0, 600 + GATE), (MID_MARKET, 86_400)):
        base = street(1, 6, rule=rule)
        account = next(iter(base.offers))
        newer = replace(base.offers[account], nonce=99)
        for more, why in ((0, ""), (-1, "court: late")):
            filed_at = base.slot * SECONDS - before - more
            made = base.filed(newer, filed_at, 10**15)
            room.tell(made)
            told = (made.opening(account), newer, filed_at, 10**15)
            assert room.both(made, "refute_filed_offer", *made.start, *told)[0] == why
