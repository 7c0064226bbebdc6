"""Withdrawals, covers and settlements in time: can a member take its cover out before its debit? All orders of small acts.

Days 0 … 3. After each day an open hour, then one settlement (with `lag` 1, that of the day before), its apply, another open hour.
The one trade costs 2 and is owed from day `slot_day`; consumption is owed to the utility and takes what the balance has.
"""

from dataclasses import dataclass
from itertools import product

import pytest

DAYS = range(4)
PRICE = 2


@dataclass(frozen=True, slots=True)
class Rules:
    """The mended rules; a test switches one off."""

    by_the_clock: bool = True  # a request counts days, not anchored periods
    one_more: bool = True  # due after the period that follows the request, not after the request's own
    inbox_cancels: bool = True  # an inbox offer cancels the account's request
    inbox_own_period: bool = True  # its deposit is credited when its own period is the oldest not applied
    hold_back: bool = True  # admission keeps room for consumption of the days before the offer's


@dataclass(frozen=True, slots=True)
class Plan:
    """What the member does: offer admitted on `offer_day` for `slot_day` (inbox or not), request, consumption."""

    balance: int
    inbox: bool
    offer_day: int
    slot_day: int
    request_day: int | None
    consume_day: int | None
    lag: int


def plans():
    for balance, inbox, offer, ahead, request, consume, lag in product(
        (0, 2, 4), (False, True), (0, 1, 2), (0, 1), (None, 0, 1, 2), (None, 0, 1, 2), (0, 1)
    ):
        if inbox and ahead:
            continue  # the inbox binds the next book
        yield Plan(balance, inbox, offer, offer + ahead, request, consume, lag)


def due_after(rules, plan, request_day):
    """The period whose apply makes the request due."""
    own = request_day if rules.by_the_clock else request_day - plan.lag
    return own + 1 if rules.one_more else own


def admitted(rules, plan):
    """Whether an honest operator takes the offer: free balance, less a request made before, less what may be consumed."""
    if plan.inbox:
        return True
    free = plan.balance
    if plan.request_day is not None and plan.request_day < plan.offer_day:
        return False  # the request is for everything
    if plan.consume_day is not None and plan.offer_day - plan.lag <= plan.consume_day < plan.offer_day:
        free -= PRICE  # metered, known, not settled yet
    if plan.consume_day is not None and plan.consume_day < plan.offer_day - plan.lag:
        free -= PRICE  # settled
    if rules.hold_back and plan.slot_day > plan.offer_day:
        free -= PRICE  # cap · retail of the rest of the day
    return free >= PRICE


def guarantor_pays(rules, plan):
    """What the guarantor loses on the trade."""
    if not admitted(rules, plan):
        return 0
    balance, escrow, request = plan.balance, 0, None
    for day in [*DAYS, *range(4, 6)]:
        if day == plan.request_day:
            request = due_after(rules, plan, day)
        if plan.inbox and day == plan.offer_day:
            escrow = PRICE
            if rules.inbox_cancels:
                request = None
        settled = day - plan.lag  # the oldest period not applied
        for applied in (settled - 1, settled):  # the open hours before and after this day's settlement
            oldest = applied + 1
            if escrow and (not rules.inbox_own_period or oldest >= plan.slot_day):
                balance, escrow = balance + escrow, 0
            if request is not None and applied >= request and balance:
                balance, request = 0, None
            if applied == settled:
                break
            if settled >= 0:
                owed = PRICE if settled == plan.consume_day else 0
                trade = PRICE if settled == plan.slot_day else 0
                shortfall = max(0, owed + trade - balance)
                arrears = min(shortfall, owed)
                balance = max(0, balance - owed - trade)
                if trade:
                    return shortfall - arrears
    raise AssertionError("the trade was never settled")


def test_no_order_of_acts_costs_the_guarantor():
    assert all(guarantor_pays(Rules(), plan) == 0 for plan in plans())


@pytest.mark.parametrize("dropped", ["by_the_clock", "one_more", "inbox_cancels", "inbox_own_period", "hold_back"])
def test_cover_withdrawn_or_eaten_before_its_debit(dropped):
    """Each rule left out: some order of acts takes the cover away."""
    rules = Rules(**{dropped: False})
    assert any(guarantor_pays(rules, plan) for plan in plans())
