"""Tokens that call back, keep fees, take more, or lie."""

from typing import Any

import pytest
from vault_world import BOND, GUARANTOR, MONEY, Street, refused

# Calls the token could make just as well as anyone, were the market not locked.
CALLS_BACK: dict[str, tuple[Any, ...]] = {
    "withdraw": (4,),
    "deposit": (3, 100),
    "park": (3, 100, 0),
    "credit_parked": (3, 0),
    "post_bond": (BOND,),
    "claim": (),
    "take_over": (),
    "balance_of": (3,),
    "door_open": (),
    "state": (),
}


@pytest.fixture
def due(hostile_street: Street) -> Street:
    """The buyer and the seller may withdraw 400; what the token holds it lets anyone move."""
    street = hostile_street
    for account, owner in ((3, street.seller), (4, street.buyer)):
        street.market.request_withdrawal(account, 400, sender=owner)
    street.period()
    street.token.give(street.token, BOND)
    return street


def held(street: Street) -> int:
    return street.wallet(street.market.address)


def owed(street: Street) -> int:
    return sum(street.balances().values()) + BOND


@pytest.mark.parametrize("insists", [True, False])
@pytest.mark.parametrize("inner", CALLS_BACK)
def test_token_calls_back(due: Street, inner: str, insists: bool) -> None:
    """In the middle of a payment nothing of the market answers, not even a view."""
    due.token.set_callback(due.market, due.market.data(inner, *CALLS_BACK[inner]), insists)
    if insists:
        with refused():
            due.market.withdraw(3)
        assert due.balances()[3] == MONEY
    else:
        assert due.market.withdraw(3) == 400
        assert (due.token.calls(), due.token.answers()) == (1, 0)
    assert held(due) == owed(due)


def test_one_payment_is_not_counted_for_two_deposits(due: Street) -> None:
    due.fund(due.seller, 100)
    due.token.set_callback(due.market, due.market.data("deposit", 4, 100), False)
    due.market.deposit(3, 100, sender=due.seller)
    assert (due.token.calls(), due.token.answers()) == (1, 0)
    assert held(due) == owed(due)
    # Not in the middle of a payment, the same call is taken.
    due.token.transfer(due.buyer, 0, sender=due.seller)
    assert (due.token.calls(), due.token.answers()) == (3, 1)
    assert due.balances()[4] == MONEY + 100
    assert held(due) == owed(due)


@pytest.mark.parametrize("call", ["deposit", "park", "post_bond"])
def test_token_keeps_a_fee(due: Street, call: str) -> None:
    due.fund(due.seller, 2 * BOND)
    due.token.set_fee(1, 0)
    arguments = {"deposit": (3, 100), "park": (3, 100, 0), "post_bond": (BOND,)}[call]
    with refused("market: token moved another amount"):
        getattr(due.market, call)(*arguments, sender=due.seller)
    assert held(due) == owed(due)


def test_token_takes_more_than_was_paid(due: Street) -> None:
    due.token.set_fee(0, 1)
    with refused("market: token moved another amount"):
        due.market.withdraw(3)
    assert held(due) == owed(due)


def test_token_says_no_and_moves_nothing(due: Street) -> None:
    due.token.set_refuses(True)
    with refused("market: token refused"):
        due.market.withdraw(3)
    with refused("market: token refused"):
        due.market.deposit(3, 100, sender=due.seller)
    assert due.balances()[3] == MONEY
    due.token.set_refuses(False)
    assert due.market.withdraw(3) == 400


def test_more_money_than_a_lane_holds(due: Street) -> None:
    """All that is held fits one lane, so no balance can spill into its neighbour's."""
    room = 2**62 - 1 - held(due)
    due.fund(due.seller, 2**63)
    for amount in (room + 1, 2**62, 2**64 + 5):
        with refused("market: too much money"):
            due.market.deposit(3, amount, sender=due.seller)
    due.market.deposit(3, room, sender=due.seller)
    with refused("market: too much money"):
        due.market.deposit(4, 1, sender=due.seller)
    assert due.balances() == {0: MONEY, 1: MONEY, 2: MONEY, 3: MONEY + room, 4: MONEY, GUARANTOR: MONEY}


def test_token_that_loses_money_does_not_make_lanes_spill(due: Street) -> None:
    """It says it holds nothing any more, and so lets more in than a lane can take."""
    due.fund(due.seller, 2**63)
    due.market.deposit(3, 2**61, sender=due.seller)
    due.token.lose(due.market, 2**61)
    with refused("market: too much money"):
        due.market.deposit(3, 2**61, sender=due.seller)
    assert due.balances()[4] == MONEY


def test_gift_is_nobodys(busy: Street) -> None:
    """Tokens sent past `deposit` change no balance and cannot be taken out."""
    busy.fund(busy.intruder, 77)
    busy.token.transfer(busy.market, 77, sender=busy.intruder)
    busy.market.set_meter(3, b"k" * 20, 2**36, 0, 0, sender=busy.registry)
    busy.now = busy.market.escape_time()
    for account in busy.owners:
        busy.market.withdraw(account)
    assert busy.wallet(busy.market.address) == 77
