"""Nobody keeps a member from leaving with its money."""

from vault_world import BOND, DAY, FIRST, GUARANTOR, MONEY, NO_SLOT, SLOT, Street, refused


def test_nobody_cancels_anothers_request(busy: Street) -> None:
    """Dated money cancels a request; a µ of it for each home and day would keep the whole street in."""
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    for person in (busy.intruder, busy.operator, busy.utility):
        busy.fund(person, 5)
        with refused("market: not the owner"):
            busy.market.park(4, 1, 1, sender=person)
        busy.market.park(4, 1, 0, sender=person)
    busy.period()
    assert busy.market.credit_parked(4, 0, sender=busy.operator) == 3
    assert busy.market.withdraw(4) == MONEY


def test_far_dated_money_does_not_hold_other_money_back(busy: Street) -> None:
    busy.fund(busy.buyer, 100)
    busy.market.park(4, 1, 2**250, sender=busy.buyer)
    busy.market.park(4, 99, FIRST, sender=busy.buyer)
    busy.period()
    assert busy.market.credit_parked(4, FIRST) == 99


def test_only_the_owner_requests_and_only_the_owner_is_paid(busy: Street) -> None:
    for person in (busy.operator, busy.utility, busy.guarantor):
        with refused("market: not the owner"):
            busy.market.request_withdrawal(4, 0, sender=person)
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    busy.period()
    assert busy.market.withdraw(4, sender=busy.operator) == MONEY
    assert (busy.wallet(busy.buyer), busy.wallet(busy.operator)) == (MONEY, 0)


def test_no_power_over_members_money(busy: Street) -> None:
    names = set(busy.market.functions)
    for forbidden in ("pause", "set_operator", "set_owner", "transfer_ownership", "sweep", "rescue", "upgrade"):
        assert forbidden not in names


def test_operator_gone_members_leave(busy: Street) -> None:
    busy.period({0: 10, 3: 95, 4: -100, GUARANTOR: -5})
    expected = busy.balances()
    busy.now = busy.market.escape_time()
    assert {account: busy.market.withdraw(account, sender=busy.intruder) for account in busy.owners} == expected
    assert {account: busy.wallet(owner) for account, owner in busy.owners.items()} == expected


def test_settlement_posted_to_block_the_escape(busy: Street) -> None:
    """One that nobody applies in time blocks nothing, and cannot be applied after some have left."""
    settlement = busy.settle({3: MONEY, 4: -MONEY})
    busy.now = busy.market.escape_time()
    assert busy.market.withdraw(4) == MONEY
    with refused("market: over"):
        busy.market.apply(settlement, busy.words)
    assert busy.market.withdraw(3) == MONEY
    assert busy.solvent()


def test_escape_cannot_be_undone(busy: Street) -> None:
    settlement = busy.settle()
    busy.post_bond(busy.successor)
    busy.now = busy.market.escape_time()
    for _ in range(5):
        with refused("market: over"):
            busy.market.apply(settlement, busy.words)
        with refused("market: over"):
            busy.market.take_over(sender=busy.successor)
        busy.docket.convict(busy.market, 1, busy.operator, busy.intruder, NO_SLOT)
        assert busy.market.escaped()
        busy.now += DAY


def test_one_giant_period_is_refused(busy: Street) -> None:
    """An operator that anchors a quarter of a year at once would have nobody's request due before."""
    street = Street(escape=80 * DAY).open_for_business()
    street.now = (FIRST + 5_000) * SLOT
    with refused("market: slots out of range"):
        street.market.anchor(FIRST, 4_097, b"\x01" * 32, sender=street.operator)
    street.market.anchor(FIRST, 4_096, b"\x01" * 32, sender=street.operator)


def test_pending_claims_and_bonds_leave_after_the_escape_too(busy: Street) -> None:
    busy.post_bond(busy.successor)
    busy.convict()
    busy.now = busy.market.escape_time()
    assert busy.market.claim(sender=busy.intruder) == BOND // 5
    assert busy.market.withdraw_bond(sender=busy.successor) == BOND
