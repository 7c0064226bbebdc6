"""A buyer has its offers for tomorrow acknowledged, with cover, then asks for its money: it would leave with today's apply."""

from datetime import date

import pytest
from vault_world import FIRST, GUARANTOR, MONEY, SLOT, TAKEOVER, Street, refused

from sunfair.slots import SlotClock

TOMORROW = {0: MONEY, 4: -MONEY}


@pytest.mark.parametrize("at", [0, 48, 95, 99], ids=["first slot", "noon", "hour 24", "hour 25"])
@pytest.mark.parametrize("today", [96, 100], ids=["24 h", "25 h"])
def test_money_waits_for_the_day_after_the_request(busy: Street, today: int, at: int) -> None:
    """Asked for after the offers were acknowledged, and due only when the last slot they can count for is applied."""
    busy.now = (FIRST + min(at, today - 1)) * SLOT
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.anchor(today)
    busy.period()
    busy.wait_for_door(True)
    with refused("market: not due yet"):
        busy.market.withdraw(4)
    busy.period(TOMORROW)  # the buyer pays its neighbour itself: the guarantor's share is none
    assert busy.balances()[4] == 0
    assert busy.balances()[GUARANTOR] == MONEY


def test_money_is_due_after_tomorrow_at_the_latest_two_hours_into_the_next(busy: Street) -> None:
    busy.now = (FIRST + 91) * SLOT
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.period()
    busy.period()
    assert busy.market.withdraw(4) == MONEY


def test_the_notice_reaches_into_the_next_day_of_every_site(busy: Street) -> None:
    """Whatever the day's length: the slot that is waited for lies after the request's day, and not two days after it."""
    busy.market.request_withdrawal(4, 1, sender=busy.buyer)
    notice = busy.market.request_of(4)[1] - busy.now // SLOT
    for zone in ("Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"):
        clock = SlotClock(15, zone)
        days = clock.days(date(2016, 1, 1), 367)
        for day, after, third in zip(days, days[1:], days[2:], strict=False):
            assert after[0] <= day[0] + notice
            assert day[-1] + notice <= third[7]


def test_days_without_an_operator_pass_for_the_request(busy: Street) -> None:
    """A successor settles what nobody ran, and who asked when it began is paid with that."""
    busy.period()
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.post_bond(busy.successor)
    busy.now += TAKEOVER
    busy.market.take_over(sender=busy.successor)
    for _ in range(2):
        busy.anchor(sender=busy.successor)
    busy.period(periods=2, sender=busy.successor)
    assert busy.market.withdraw(4) == MONEY


def test_nobody_waits_for_the_escape_any_longer(busy: Street) -> None:
    busy.period()
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.now = busy.market.escape_time()
    assert busy.market.withdraw(4) == MONEY
