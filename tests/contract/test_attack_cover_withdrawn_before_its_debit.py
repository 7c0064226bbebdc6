"""What covers an offer, or the guarantor's promise, leaves before the debit it is there for."""

from vault_world import BOND, FIRST, GUARANTOR, MONEY, SLOT, Street, refused


def test_guarantor_that_left_is_paid_for_beside_the_bond(busy: Street) -> None:
    busy.market.request_withdrawal(GUARANTOR, MONEY, sender=busy.guarantor)
    busy.period()
    assert busy.market.withdraw(GUARANTOR) == MONEY
    amounts = {3: 100, GUARANTOR: -100}
    busy.anchor()
    busy.now = busy.market.settle_time()
    with refused("market: lack not posted beside the bond"):
        busy.post(amounts)
    busy.post_bond(amount=100)
    busy.apply(busy.post(amounts))
    assert busy.balances()[3] == MONEY + 100
    assert busy.market.bond_of(busy.operator) == BOND


def test_friends_do_not_take_the_bond_home_as_the_guarantors_debt(busy: Street) -> None:
    """Seller and buyer are the operator's, the guarantor is empty: what the seller gets, the operator posts anew."""
    bond = busy.market.bond_of(busy.operator)
    amounts = {3: BOND, GUARANTOR: -BOND}
    busy.anchor()
    busy.now = busy.market.settle_time()
    with refused("market: lack not posted beside the bond"):
        busy.post(amounts)
    assert busy.market.bond_of(busy.operator) == bond


def test_old_request_does_not_take_the_cover_of_an_inbox_offer(busy: Street) -> None:
    """A request for any amount stays due; the money an inbox offer brings would leave by it in the same hour."""
    market = busy.market
    market.request_withdrawal(4, 2**200, sender=busy.buyer)
    busy.period()
    market.withdraw(4)
    market.request_withdrawal(4, 2**200, sender=busy.buyer)
    busy.fund(busy.buyer, 500)
    market.park(4, 500, FIRST + 100, sender=busy.buyer)
    busy.period()
    busy.anchor()
    busy.wait_for_door(True)
    market.credit_parked(4, FIRST + 100)
    assert market.logged("WithdrawalRequested")[0].args == {"account": 4, "amount": 0, "slot": FIRST + 100}
    with refused("market: nothing requested"):
        market.withdraw(4)
    market.request_withdrawal(4, 2**200, sender=busy.buyer)
    with refused("market: not due yet"):
        market.withdraw(4)
    busy.period({0: 500, 4: -500})
    assert market.balance_of(4) == 0


def test_earlier_debit_does_not_eat_the_cover_of_an_inbox_offer(busy: Street) -> None:
    busy.fund(busy.buyer, 500)
    busy.market.park(4, 500, FIRST + 96, sender=busy.buyer)
    busy.anchor()
    for _ in range(4):
        busy.wait_for_door(True)
        with refused("market: not due yet"):
            busy.market.credit_parked(4, FIRST + 96)
        busy.now += 3600
    busy.period({0: MONEY, 4: -MONEY})
    assert busy.market.balance_of(4) == 0
    busy.anchor(2)
    busy.wait_for_door(True)
    assert busy.market.credit_parked(4, FIRST + 96) == 500


def test_late_anchor_makes_no_request_due_a_day_early(busy: Street) -> None:
    """A request counts slots, not anchors: asked on the second day, it waits for the third though none is anchored yet."""
    busy.now = (FIRST + 96 + 50) * SLOT
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.anchor(96)
    busy.period()
    busy.wait_for_door(True)
    with refused("market: not due yet"):
        busy.market.withdraw(4)
    busy.period({0: 5, 4: -5})
    with refused("market: not due yet"):
        busy.market.withdraw(4)
    busy.period({0: 5, 4: -5})
    assert busy.market.withdraw(4) == MONEY - 10


def test_cover_of_the_first_day_stays_for_it(busy: Street) -> None:
    """Asked for before anything is applied, however early: nothing is due before the first apply."""
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.anchor()
    busy.wait_for_door(True)
    with refused("market: not due yet"):
        busy.market.withdraw(4)
    busy.period({0: 30, 4: -30})
    assert busy.market.withdraw(4) == MONEY - 30
