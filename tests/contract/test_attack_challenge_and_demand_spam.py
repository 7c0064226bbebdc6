"""Attack: the same proof again and again, and demands by the thousand, to stop settlements or to bleed the operator."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boa
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import BookRoom, address, fresh_chain, open_room, plain, street
from court_dockets import RICH, DocketRoom, honest_answer, open_docket, verdict

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


def test_attack_challenge_spam(room: BookRoom) -> None:
    """One error costs one bond: once the slot is void nothing of its auction convicts again, by whatever proof."""
    made = street(1, 6, double=6)
    account = next(a for a in made.offers if a in made.leaf_account)
    newer = replace(made.offers[account], nonce=99)
    false = keccak(b"another")
    made = made.filed(newer, 1, 10**15)
    room.tell(made)
    calls = [
        ("refute_promise", 0, false, made.promise(0, false)),
        ("refute_receipt", made.opening(account), newer, *made.receipt(newer)),
        ("refute_filed_offer", made.opening(account), newer, 1, 10**15),
    ]
    for name, *evidence in calls:
        with boa.env.anchor():
            assert room.both(made, name, *made.start, *evidence)[1]
    dead = replace(made, facts=made.facts.with_void(made.slot))
    room.tell(dead)
    for name, *evidence in calls:
        assert room.both(dead, name, *dead.start, *evidence) == ("court: void slot", None)
    unlike = ("refute_opening", made.opening(account))
    assert room.both(dead, unlike[0], *dead.start, unlike[1]) == ("court: void slot", None)


def test_attack_demand_spam_by_many_askers(desk: DocketRoom) -> None:
    """An item is asked for once, whoever asks; the answer serves everybody, and nobody asks for it again."""
    made = street(1, 4, slots=2, at=1)
    desk.tell(made)
    desk.time(made, 0.1)
    item = (Demand.LEAF, made.slot, 0)
    desk.ask(made, *item, "spammer 0")
    for number in range(5):
        assert verdict(desk.ask, made, *item, f"spammer {number}") == "docket: asked already"
    assert desk.open(made) == 1
    desk.answer(made, item[0], honest_answer(made, *item))
    for number in range(5):
        assert verdict(desk.ask, made, *item, f"spammer {number}") == "docket: asked already"
    assert desk.open(made) == 0


def test_attack_demand_spam_is_paid_for_by_the_spammer(desk: DocketRoom) -> None:
    """Every item of the street is asked for: the answerer is paid for each, the docket keeps nothing."""
    made = street(1, 4, slots=2, at=1)
    desk.tell(made)
    desk.time(made, 0.1)
    asked = [(Demand.LEAF, made.slot, leaf) for leaf in range(4)] + [(Demand.HEADER, made.slot, 0)]
    spammer = plain(address("spammer"))
    for item in asked:
        desk.ask(made, *item, "spammer")
        for b in (1, 2**200):
            assert verdict(desk.ask, made, Demand.HEADER, made.slot, b, "spammer") == "docket: item"
    total = sum(desk.docket.price(item[0]) for item in asked)
    assert boa.env.get_balance(desk.docket.address) == total
    for item in asked:
        desk.answer(made, item[0], honest_answer(made, *item))
    assert (desk.owed("operator"), desk.owed("spammer"), desk.open(made)) == (total, 0, 0)
    assert verdict(desk.docket.claim, sender=spammer) == "docket: nothing owed"
    assert desk.docket.claim(sender=plain(address("operator"))) == total
    assert boa.env.get_balance(desk.docket.address) == 0


def test_attack_one_market_cannot_take_what_was_paid_at_another(desk: DocketRoom) -> None:
    """A false market that says whatever helps reaches only the payments made there."""
    made = street(1, 4, slots=2, at=1)
    desk.tell(made)
    false = replace(desk, market=open_docket().market)
    false.tell(made)
    desk.time(made, 0.1)
    item = (Demand.HEADER, made.slot, 0)
    desk.ask(made, *item, "watcher")
    held = boa.env.get_balance(desk.docket.address)
    assert verdict(false.answer, made, Demand.HEADER, honest_answer(made, *item), "thief") == "docket: not open"
    false.market.set_pending(plain(replace(made.settlement, cover=9)))
    call = (false.market, plain(made.settlement), *item)
    assert verdict(desk.docket.take_back, *call) == "docket: not open"
    # Asked there, given back there: exactly what was paid there.
    false.market.set_pending(plain(made.settlement))
    false.ask(made, *item, "thief", value=held)
    false.market.set_pending(plain(replace(made.settlement, cover=9)))
    for _ in range(2):
        verdict(desk.docket.take_back, *call)
    boa.env.set_balance(plain(address("thief")), 0)
    assert desk.docket.claim(sender=plain(address("thief"))) == held
    assert boa.env.get_balance(desk.docket.address) == held == desk.item(made, *item)[1]
    assert held < RICH
