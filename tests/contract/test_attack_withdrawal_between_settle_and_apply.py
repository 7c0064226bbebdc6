"""A buyer watches its debit being posted and runs for the door."""

import pytest
from vault_world import HOUR, MONEY, WINDOW, Street, refused


@pytest.fixture
def debit(busy: Street) -> Street:
    """The buyer's whole balance is due to leave, and then posted as a debit."""
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.period()
    return busy


def test_door_is_shut_until_the_debit_is_paid(debit: Street) -> None:
    settlement = debit.settle({0: MONEY, 4: -MONEY})
    for hour in range(WINDOW // HOUR + 3):
        debit.now = settlement.settled_at + hour * HOUR
        with refused("market: door shut"):
            debit.market.withdraw(4, sender=debit.buyer)
    debit.apply(settlement)
    with refused("market: empty balance"):
        debit.market.withdraw(4, sender=debit.buyer)
    assert debit.solvent()


def test_nothing_leaves_just_before_settle(debit: Street) -> None:
    debit.anchor()
    debit.now = debit.market.settle_time()
    with refused("market: door shut"):
        debit.market.withdraw(4, sender=debit.buyer)
    debit.post({0: MONEY, 4: -MONEY})


def test_a_cancelled_settlement_moved_nothing(debit: Street) -> None:
    debit.settle({0: MONEY, 4: -MONEY})
    before = debit.balances()
    debit.convict()
    assert debit.balances() == before | {2: debit.balances()[2]}
    assert debit.market.withdraw(4) == MONEY  # it was due, and the door is open: honest debits come from the cover


def test_request_after_the_energy_was_used_waits_for_its_bill(busy: Street) -> None:
    busy.anchor()  # the day the buyer lived in is anchored, the next one runs
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.period({0: 100, 4: -100})
    with refused("market: not due yet"):
        busy.market.withdraw(4, sender=busy.buyer)
    busy.period({0: 200, 4: -200})
    with refused("market: not due yet"):
        busy.market.withdraw(4, sender=busy.buyer)
    busy.period({0: 300, 4: -300})
    assert busy.market.withdraw(4, sender=busy.buyer) == MONEY - 600
