"""The operator sees its conviction coming and tries to be gone, with its bond, before it."""

import pytest
from vault_world import BOND, DAY, FIRST, TAKEOVER, WINDOW, Street, refused


def test_operator_cannot_withdraw_its_bond(busy: Street) -> None:
    busy.anchor()
    for _ in range(3):
        with refused("market: still in office"):
            busy.market.withdraw_bond(sender=busy.operator)
        busy.now += DAY


def test_resigning_does_not_free_the_bond(busy: Street) -> None:
    """All up to its last slot has to be anchored and to outlive its window first."""
    busy.anchor()
    busy.market.resign(sender=busy.operator)
    settlement = busy.settle()
    for time in (settlement.settled_at, settlement.settled_at + WINDOW):
        busy.now = time
        with refused("market: still in office"):
            busy.market.withdraw_bond(sender=busy.operator)
    busy.convict(slot=FIRST)
    assert busy.market.claims(busy.intruder) == BOND // 5


def test_friend_cannot_relieve_a_resigned_operator_early(busy: Street) -> None:
    """Nor drop what it anchored: that would undo the day and leave nothing to convict of."""
    busy.market.resign(sender=busy.operator)
    busy.anchor()
    busy.post_bond(busy.successor)
    settlement = busy.settle()
    with refused("market: settlement pending"):
        busy.market.take_over(sender=busy.successor)
    busy.apply(settlement)
    busy.market.take_over(sender=busy.successor)
    assert busy.state.applied_slot == FIRST + 96


def test_former_operator_is_slashed_until_its_bond_is_out(busy: Street) -> None:
    busy.market.resign(sender=busy.operator)
    busy.period()
    busy.post_bond(busy.successor)
    busy.market.take_over(sender=busy.successor)
    busy.now += WINDOW - 1
    with refused("market: window not over"):
        busy.market.withdraw_bond(sender=busy.operator)
    settlement = busy.settle(sender=busy.successor)
    busy.convict(busy.operator, slot=FIRST)
    assert busy.market.claims(busy.intruder) == BOND // 5
    assert busy.market.is_pending(settlement)
    with refused("market: no bond"):
        busy.market.withdraw_bond(sender=busy.operator)


@pytest.mark.parametrize("anchored", [True, False])
def test_falling_silent_costs_the_bond(busy: Street, anchored: bool) -> None:
    """A friend takes over and the bad day is void: a fifth comes back to the friends, the rest is the members'."""
    busy.period()
    if anchored:
        busy.anchor()
    busy.post_bond(busy.successor)
    reserve = busy.balances()[2]
    busy.now = busy.state.last_apply + TAKEOVER
    busy.market.take_over(sender=busy.successor)
    assert busy.market.bond_of(busy.operator) == 0
    assert busy.balances()[2] == reserve + BOND - BOND // 5
    assert busy.market.claims(busy.successor) == BOND // 5


def test_convicting_oneself_returns_a_fifth(busy: Street) -> None:
    busy.auction.convict(busy.market, 1, busy.operator, busy.operator, FIRST)
    assert busy.market.claim(sender=busy.operator) == BOND // 5
    assert busy.wallet(busy.operator) == BOND // 5


def test_lack_is_not_taken_from_the_bond_to_empty_it_before_the_slash(busy: Street) -> None:
    busy.post_bond(amount=300)
    settlement = busy.settle({0: -(10**9) - 300, 3: 10**9 + 300})
    busy.convict()
    assert busy.market.claims(busy.intruder) == (BOND + 300) // 5
    with refused("market: not the pending settlement"):
        busy.now = settlement.settled_at + WINDOW
        busy.market.apply(settlement, busy.words)


def test_taking_over_again_is_no_way_out(busy: Street) -> None:
    """Back in office, the bond is bound again."""
    busy.market.resign(sender=busy.operator)
    busy.period()
    busy.post_bond(busy.successor)
    busy.market.take_over(sender=busy.successor)
    busy.now = (busy.now // 900 + 1) * 900 + TAKEOVER
    busy.market.take_over(sender=busy.operator)
    busy.now += WINDOW
    with refused("market: still in office"):
        busy.market.withdraw_bond(sender=busy.operator)
