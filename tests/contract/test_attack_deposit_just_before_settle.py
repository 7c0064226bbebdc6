"""Balances change between the operator's computing and its settling, so that an honest settlement becomes false or fails."""

from vault_world import GUARANTOR, MONEY, Street, refused

AMOUNTS = {0: 10, 3: 95, 4: -100, GUARANTOR: -5}


def test_no_deposit_in_the_hour_of_settle(busy: Street) -> None:
    busy.fund(busy.seller, MONEY)
    busy.anchor()
    busy.now = busy.market.settle_time()
    with refused("market: door shut"):
        busy.market.deposit(3, MONEY, sender=busy.seller)
    busy.post(AMOUNTS)
    with refused("market: door shut"):
        busy.market.deposit(3, MONEY, sender=busy.seller)


def test_parked_money_does_not_reach_a_balance_while_the_door_is_shut(busy: Street) -> None:
    busy.fund(busy.seller, 3 * MONEY)
    busy.anchor()
    busy.now = busy.market.settle_time()
    for not_before in (0, busy.state.applied_slot):
        busy.market.park(3, MONEY, not_before, sender=busy.seller)
        with refused("market: door shut"):
            busy.market.credit_parked(3, not_before)
    settlement = busy.post(AMOUNTS)
    with refused("market: door shut"):
        busy.market.credit_parked(3, 0)
    assert busy.balances()[3] == MONEY
    busy.apply(settlement)
    busy.market.credit_parked(3, 0)
    assert busy.balances()[3] == 2 * MONEY + 95


def test_a_slash_between_computing_and_settling_reaches_only_the_reserve(busy: Street) -> None:
    """The one balance that moves at any hour; the amounts, made before, still fit."""
    busy.post_bond(busy.successor)
    busy.anchor()
    busy.now = busy.market.settle_time()
    before = busy.balances()
    busy.convict(busy.successor)
    assert {account for account, balance in busy.balances().items() if balance != before[account]} == {2}
    busy.post(AMOUNTS)


def test_accounts_opened_in_between_make_it_fail_not_false(busy: Street) -> None:
    busy.anchor()
    busy.now = busy.market.settle_time()
    busy.market.open_accounts([busy.intruder] * 3, [1] * 3, sender=busy.operator)
    with refused("market: not one amount per account"):
        busy.market.settle(1, b"\x01" * 32, 5, [0, 0], sender=busy.operator)
