"""Attack: a home keeps the receipt of an offer it has replaced and shows it against the newer one in the book."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import CLEAN, EMPTY, BookRoom, address, fresh_chain, open_room, street

from sunfair.settlement.court.proofs import Kind


@pytest.fixture
def room() -> Iterator[BookRoom]:
    with fresh_chain():
        yield open_room()


def test_attack_old_receipt(room: BookRoom) -> None:
    """Whatever was acknowledged before: only a receipt newer than the leaf, or of its nonce and unlike it, convicts."""
    made = street(1, 6)
    room.tell(made)
    account = next(a for a in made.members if made.nonces[a] >= 3 and made.offers[a].curve != EMPTY)
    held, opening = made.offers[account], made.opening(account)
    for nonce in (0, 1, held.nonce - 1, held.nonce, held.nonce + 1, 2**63 - 1):
        for curve in (held.curve, EMPTY):
            shown = replace(held, nonce=nonce, curve=curve)
            reason, conviction = room.both(made, "refute_receipt", *made.start, opening, shown, *made.receipt(shown))
            false = nonce > held.nonce or (nonce == held.nonce and curve != held.curve)
            assert (reason, conviction) == (
                ("", (Kind.RECEIPT, address("operator"), made.slot)) if false else (CLEAN, None)
            )


def test_attack_old_receipt_filed_again(room: BookRoom) -> None:
    """The replaced offer is put into the inbox, or another one of the nonce in force: the account signed both."""
    base = street(1, 6)
    account = next(a for a in base.members if base.nonces[a] >= 3)
    held = base.offers[account]
    for shown in (replace(held, nonce=held.nonce - 1), held, replace(held, curve=EMPTY)):
        made = base.filed(shown, 1, 10**15)
        room.tell(made)
        filed = (made.opening(account), shown, 1, 10**15)
        assert room.both(made, "refute_filed_offer", *made.start, *filed) == (CLEAN, None)


def test_attack_old_receipt_of_a_predecessor(room: BookRoom) -> None:
    """What the operator before acknowledged does not bind its successor, who may never have seen it."""
    made = street(1, 6)
    room.tell(made)
    account = next(iter(made.offers))
    newer = replace(made.offers[account], nonce=99)
    receipt = made.receipt(newer, name="predecessor")
    assert room.both(made, "refute_receipt", *made.start, made.opening(account), newer, *receipt) == (
        "court: signature",
        None,
    )


def test_attack_old_receipt_of_another_day(room: BookRoom) -> None:
    """A receipt names its slots, and so does the offer; both have to hold the slot."""
    made = street(1, 6)
    room.tell(made)
    account = next(iter(made.offers))
    newer, slot = replace(made.offers[account], nonce=99), made.slot
    yesterday = replace(newer, first_slot=slot - 96, last_slot=slot - 1)
    for offer, first, last in ((newer, slot - 96, slot - 1), (newer, slot + 1, slot + 96), (yesterday, slot, slot)):
        receipt = made.receipt(offer, first, last)
        assert (
            room.both(made, "refute_receipt", *made.start, made.opening(account), offer, *receipt)[0] == "court: offer"
        )
