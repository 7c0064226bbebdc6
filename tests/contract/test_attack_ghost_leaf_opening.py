"""Attack: a leaf in the book that belongs to nobody who could be billed, or that nobody can open."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boa
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from court_books import CLOSED, BookRoom, Street, address, deployer, fresh_chain, open_room, plain, reason, street
from court_dockets import NO_OFFER, DocketRoom, honest_answer, open_docket, twin_answer, verdict

from sunfair.settlement.court.docket import Demand
from sunfair.settlement.court.proofs import Kind

FORGETFUL = """
# pragma version ==0.4.3
struct Anchor:
    period: uint256
    first_slot: uint256
    slots: uint256
    void_to: uint256
    operator: address
    anchored_at: uint256
    root: bytes32

void_slot: public(HashMap[uint256, bool])
convicted: public(uint256)

@view
@external
def is_anchor(anchor: Anchor) -> bool:
    return True

@external
def convict(kind: uint256, offender: address, challenger: address, slot: uint256):
    self.convicted += 1
"""
"""A market that reverts when it is asked for an account that it does not have."""


@pytest.fixture
def room() -> Iterator[BookRoom]:
    with fresh_chain():
        yield open_room()


@pytest.fixture
def desk() -> Iterator[DocketRoom]:
    with fresh_chain():
        yield open_docket()


@pytest.mark.parametrize("ghost", [0, 1, 2, CLOSED, 77, 2**32 - 1])
def test_attack_ghost_leaf_opening(room: BookRoom, ghost: int) -> None:
    """Institutions, a member that left, a number never given, the guarantor: whoever opens the leaf convicts."""
    made = street(1, 5, ghost=ghost)
    room.tell(made)
    opening = made.opening(ghost)
    convicted = ("", (Kind.OPENING, address("operator"), made.slot))
    assert room.both(made, "refute_opening", *made.start, opening) == convicted


def test_attack_ghost_leaf_of_a_number_the_market_reverts_on() -> None:
    """A market that reverts for unknown accounts does not shelter the leaf; nor can gas be held back from an honest one."""
    with fresh_chain():
        made = street(1, 5, ghost=77)
        court = deployer("BookCourt").deploy(deployer("stand_in").deploy())
        market = boa.loads(FORGETFUL)
        court.refute_opening(market, *map(plain, (*made.start, made.opening(77))))
        assert market.convicted() == 1


def test_attack_gas_held_back_from_the_question_who_a_leaf_belongs_to(room: BookRoom) -> None:
    made = street(1, 5)
    room.tell(made)
    arguments = tuple(map(plain, (*made.start, made.opening(made.members[0]))))
    for gas in range(20_000, 90_000, 1_500):
        try:
            room.court.refute_opening(room.market, *arguments, gas=gas)
        except boa.BoaError as error:
            reason(error)
        assert room.market.convicted() == 0


def test_attack_leaf_that_nobody_opens(desk: DocketRoom) -> None:
    """The operator can answer the utility neither with the ghost nor with another leaf: silence convicts."""
    made = street(1, 5, ghost=77)
    desk.tell(made)
    desk.time(made, 0.1)
    place = made.leaf_account.index(77)
    desk.ask(made, Demand.OPEN_LEAF, made.slot, place)
    ghost = honest_answer(made, Demand.OPEN_LEAF, made.slot, place)
    other = honest_answer(made, Demand.OPEN_LEAF, made.slot, place + 1)
    told = [
        (ghost, "witness: not active"),
        ((*ghost[:6], *other[6:]), "witness: another leaf"),
        ((*ghost[:6], replace(other[6], index=place), *other[7:]), "court: path"),
        ((*ghost[:6], replace(ghost[6], account=5), NO_OFFER, (b"", 0, 0)), "court: path"),
    ]
    for answer, why in told:
        assert (
            verdict(desk.answer, made, Demand.OPEN_LEAF, answer) == why == twin_answer(made, Demand.OPEN_LEAF, answer)
        )
    convict(desk, made, Demand.OPEN_LEAF, place)


def test_attack_account_left_out_of_the_book(desk: DocketRoom) -> None:
    """Whose leaf gave way to the ghost asks for its own: there is none to show."""
    honest, made = street(1, 5), street(1, 5, ghost=77)
    gone = next(a for a in honest.members if a not in made.leaf_account)
    desk.tell(made)
    desk.time(made, 0.1)
    desk.ask(made, Demand.OPEN_ACCOUNT, made.slot, gone, f"owner {gone}")
    answer = honest_answer(honest, Demand.OPEN_ACCOUNT, made.slot, gone)
    told = (*made.start[:1], *answer[1:4], *made.start[1:], *answer[6:])
    why = verdict(desk.answer, made, Demand.OPEN_ACCOUNT, told)
    assert why == twin_answer(made, Demand.OPEN_ACCOUNT, told) == "court: path"
    convict(desk, made, Demand.OPEN_ACCOUNT, gone)


def convict(desk: DocketRoom, made: Street, kind: Demand, b: int) -> None:
    """Nobody answered in time."""
    desk.time(made, 0.76)
    desk.convict(made, kind, made.slot, b)
    _, convicted, offender, _, slot = desk.market.convictions(0)
    assert (convicted, str(offender).lower(), slot) == (Kind.SILENCE + kind, plain(address("operator")), made.slot)
