"""The operator dies, or wants to seem so, and a friend with much money wants its bond back at the escape."""

from vault_world import BOND, ESCAPE, FIRST, MONEY, Street, refused

KEY = b"k" * 20


def test_a_large_balance_gets_no_larger_share(busy: Street) -> None:
    for account in (3, 4):
        busy.market.set_meter(account, KEY, FIRST, 0, 0, sender=busy.registry)
    busy.wait_for_door(True)
    busy.deposit(3, 10**6 * MONEY)
    busy.period({3: MONEY, 4: -MONEY})
    busy.now += ESCAPE
    assert busy.market.withdraw(3) == (10**6 + 2) * MONEY + BOND // 2
    assert busy.market.withdraw(4) == BOND // 2


def test_accounts_without_a_meter_share_nothing(busy: Street) -> None:
    """The operator opens a hundred accounts of its friend's; the utility has installed no meter there."""
    busy.market.set_meter(4, KEY, FIRST, 0, 0, sender=busy.registry)
    busy.market.open_accounts([busy.intruder] * 100, [1] * 100, sender=busy.operator)
    busy.now = busy.market.escape_time()
    with refused("market: empty balance"):
        busy.market.withdraw(5)
    assert busy.market.withdraw(4) == MONEY + BOND


def test_institutions_share_nothing(busy: Street) -> None:
    busy.market.set_meter(4, KEY, FIRST, 0, 0, sender=busy.registry)
    busy.now = busy.market.escape_time()
    assert [busy.market.withdraw(account) for account in (0, 1, 2)] == [MONEY] * 3
    assert busy.market.withdraw(4) == MONEY + BOND


def test_nothing_can_be_changed_once_it_is_over(busy: Street) -> None:
    """No meter, closing, bond or parked coin moves the shares afterwards, and a share is paid once."""
    for account in (3, 4):
        busy.market.set_meter(account, KEY, FIRST, 0, 0, sender=busy.registry)
    busy.fund(busy.seller, 10)
    busy.market.park(3, 10, 0, sender=busy.seller)
    busy.now = busy.market.escape_time()
    assert busy.market.withdraw(3) == MONEY + BOND // 2
    with refused("market: over"):
        busy.market.close_account(3, sender=busy.seller)
    with refused("market: the bond is the members'"):
        busy.market.withdraw_bond(sender=busy.operator)
    busy.convict()
    busy.market.credit_parked(3, 0)
    busy.market.request_withdrawal(3, 5, sender=busy.seller)
    assert busy.market.withdraw(3) == 10
    assert busy.market.withdraw(4) == MONEY + BOND // 2


def test_first_comers_take_nothing_from_late_ones(busy: Street) -> None:
    market = busy.market
    market.open_accounts([busy.chain.person(f"home {at}") for at in range(5)], [1] * 5, sender=busy.operator)
    for account in range(3, 10):
        market.set_meter(account, KEY, FIRST, 0, 0, sender=busy.registry)
    busy.now = market.escape_time()
    shares = []
    for account in range(3, 10):
        market.withdraw(account)
        shares.append(market.logged("Withdrawn")[0].share)
    assert shares == [BOND // 7] * 7
    for account in (0, 1, 2, 2**32 - 1):
        market.withdraw(account)
    assert busy.wallet(market.address) == BOND % 7
