"""EnergyMarket: every rule and every refusal, one at a time."""

from typing import Any

import boa
import pytest

from sunfair.chain import amounts_hash, keccak
from sunfair.chain.abi import encode

GUARANTOR = 2**32 - 1
HOUR, SLOT, WINDOW, ESCAPE = 3600, 900, 6 * 3600, 3 * 86400
START = 1_465_941_600
FIRST = START // SLOT
MONEY = 1_000_000_000
ROOT = b"\x01" * 32
ZERO = "0x" + "00" * 20
NOTHING = b"\0" * 32

# utility, network, reserve, seller, buyer, guarantor: the buyer pays 100, and 5 less than its debt
AMOUNTS = [10, 4, 1, 90, -100, -5]


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_constructor_keeps_what_it_was_given(world: Any) -> None:
    market = world.market
    assert market.token() == world.credit.address
    assert market.community() == b"street".ljust(32, b"\0")
    assert (market.operator(), market.guarantor()) == (world.operator, world.guarantor)
    assert (market.slot_seconds(), market.window_seconds(), market.escape_seconds()) == (SLOT, WINDOW, ESCAPE)
    assert [market.owner_of(account) for account in range(3)] == world.roles
    assert (market.last_apply(), market.escape_time()) == (START, START + ESCAPE)
    assert (market.anchored(), market.applied(), market.pending(), market.total()) == (0, 0, NOTHING, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"operator": ZERO}, "market: zero address"),
        ({"guarantor": ZERO}, "market: zero address"),
        ({"roles": [ZERO] * 3}, "market: zero address"),
        ({"slot_seconds": 0}, "market: zero slot"),
        ({"window": 0}, "market: zero window"),
        ({"escape": WINDOW + 4 * HOUR}, "market: escape too short"),
    ],
)
def test_constructor_refuses(world: Any, changes: dict[str, Any], reason: str) -> None:
    with boa.reverts(reason):
        world.market_on(world.credit.address, **changes)


def test_shortest_escape_is_taken(world: Any) -> None:
    assert world.market_on(world.credit.address, escape=WINDOW + 4 * HOUR + 1).escape_seconds() > 0


@pytest.mark.parametrize("decimals", [0, 5, 7, 18])
def test_attack_18_decimals_token(world: Any, decimals: int) -> None:
    token = world.deployers["HostileToken"].deploy(decimals)
    with boa.reverts("market: token needs 6 decimals"):
        world.market_on(token.address)


def test_token_must_be_a_token(world: Any) -> None:
    with boa.reverts():
        world.market_on(world.intruder)


def test_any_token_of_6_decimals_will_do(world: Any) -> None:
    assert world.market_on(world.euro.address).token() == world.euro.address


# ── Accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_accounts_are_numbered_in_order(world: Any) -> None:
    assert world.market.accounts() == 5
    assert (world.market.owner_of(3), world.market.owner_of(4)) == (world.seller, world.buyer)
    assert world.market.open_accounts([world.seller, world.intruder], sender=world.operator) == 5
    opened = [(e.account, e.owner) for e in world.market.get_logs() if type(e).__name__ == "AccountOpened"]
    assert opened == [(5, world.seller), (6, world.intruder)]


def test_roles_get_an_event_each(world: Any) -> None:
    market = world.market_on(world.credit.address)
    opened = [(e.account, e.owner) for e in market.get_logs() if type(e).__name__ == "AccountOpened"]
    assert opened == list(enumerate(world.roles))


def test_only_the_operator_opens_accounts(world: Any) -> None:
    for person in (world.intruder, world.guarantor, world.utility, world.seller):
        with boa.reverts("market: not the operator"):
            world.market.open_accounts([person], sender=person)


def test_accounts_need_owners(world: Any) -> None:
    with boa.reverts("market: no owners"):
        world.market.open_accounts([], sender=world.operator)
    with boa.reverts("market: zero address"):
        world.market.open_accounts([world.seller, ZERO], sender=world.operator)
    assert world.market.accounts() == 5


def test_accounts_end_at_the_limit(world: Any) -> None:
    room = world.market.MEMBERS_MAX() - 2
    most = world.market.OPEN_MAX()
    while room:
        count = min(room, most)
        world.market.open_accounts([world.seller] * count, sender=world.operator)
        room -= count
    with boa.reverts("market: full"):
        world.market.open_accounts([world.seller], sender=world.operator)
    assert world.market.accounts() == 1024 + 3
    amounts = [0] * 1028
    amounts[1026], amounts[1025] = 7, -7
    world.deposit(1025)
    world.period(amounts)
    assert (world.market.balance_of(1025), world.market.balance_of(1026)) == (MONEY - 7, 7)


def test_no_accounts_while_a_settlement_is_pending(world: Any) -> None:
    world.settle([0] * 6)
    with boa.reverts("market: settlement pending"):
        world.market.open_accounts([world.intruder], sender=world.operator)
    world.apply([0] * 6)
    assert world.market.open_accounts([world.intruder], sender=world.operator) == 5


@pytest.mark.parametrize("view", ["balance_of", "owner_of", "request_of"])
def test_unknown_accounts_are_refused(world: Any, view: str) -> None:
    for account in (5, 1027, 1028, GUARANTOR - 1, GUARANTOR + 1, 2**256 - 1):
        with boa.reverts("market: no such account"):
            getattr(world.market, view)(account)


def test_guarantor_has_a_balance_of_its_own(world: Any) -> None:
    assert world.market.GUARANTOR() == GUARANTOR
    assert world.market.owner_of(GUARANTOR) == world.guarantor
    world.deposit(GUARANTOR, 9)
    assert world.balances() == [0, 0, 0, 0, 0, 9]


# ── Deposit ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_deposit_pulls_tokens(world: Any) -> None:
    world.deposit(3, 700)
    event = next(e for e in world.market.get_logs() if type(e).__name__ == "Deposited")
    assert (event.account, event.payer, event.amount) == (3, world.seller, 700)
    assert world.market.balance_of(3) == world.market.total() == world.credit.balanceOf(world.market) == 700


def test_anyone_may_pay_for_another(world: Any) -> None:
    world.fund(world.intruder, 50)
    world.market.deposit(4, 50, sender=world.intruder)
    assert world.market.balance_of(4) == 50


def test_deposit_refusals(world: Any) -> None:
    world.fund(world.seller, 50)
    with boa.reverts("market: nothing to deposit"):
        world.market.deposit(3, 0, sender=world.seller)
    with boa.reverts("market: no such account"):
        world.market.deposit(5, 1, sender=world.seller)
    with boa.reverts("erc20: insufficient allowance"):
        world.market.deposit(3, 51, sender=world.seller)
    boa.env.timestamp = START + HOUR
    with boa.reverts("market: door shut"):
        world.market.deposit(3, 50, sender=world.seller)
    boa.env.timestamp = START + ESCAPE
    with boa.reverts("market: over"):
        world.market.deposit(3, 50, sender=world.seller)
    assert world.market.total() == 0


def test_balances_fit_their_place(world: Any, hostile: Any) -> None:
    market = world.market_on(hostile.address)
    hostile.give(world.utility, 2**97)
    hostile.approve(market, 2**256 - 1, sender=world.utility)
    with boa.reverts("market: too much money"):
        market.deposit(0, 2**96, sender=world.utility)
    market.deposit(0, 2**96 - 2, sender=world.utility)
    market.deposit(1, 1, sender=world.utility)
    with boa.reverts("market: too much money"):
        market.deposit(1, 1, sender=world.utility)
    assert [market.balance_of(account) for account in range(3)] == [2**96 - 2, 1, 0]
    assert [market.owner_of(account) for account in range(3)] == world.roles


# ── Anchor ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_anchor_commits_a_period(world: Any) -> None:
    world.anchor()
    event = next(e for e in world.market.get_logs() if type(e).__name__ == "Anchored")
    assert (event.period, event.first_slot, event.slots, event.root) == (0, FIRST, 96, ROOT)
    assert world.market.anchored() == 1
    assert world.market.next_slot() == FIRST + 96
    assert world.market.period_end(0) == START + 96 * SLOT
    packed = encode(["uint256", "uint256", "uint256", "bytes32"], [0, FIRST, 96, ROOT])
    assert world.market.anchor_hash(0) == keccak(packed)


def test_periods_follow_one_another(world: Any) -> None:
    assert [world.anchor(slots) for slots in (96, 92, 50, 1)] == [0, 1, 2, 3]
    assert world.market.next_slot() == FIRST + 239


def test_anchor_refusals(world: Any) -> None:
    operator = world.operator
    world.anchor()
    after = FIRST + 96
    boa.env.timestamp = START + 97 * SLOT
    for args, reason in [
        ((0, FIRST, 96, ROOT), "market: not the next period"),
        ((2, after, 1, ROOT), "market: not the next period"),
        ((1, after, 0, ROOT), "market: no slots"),
        ((1, after - 1, 1, ROOT), "market: not the next slot"),
        ((1, after + 1, 1, ROOT), "market: not the next slot"),
        ((1, after, 1, NOTHING), "market: empty root"),
        ((1, after, 2, ROOT), "market: period not over"),
    ]:
        with boa.reverts(reason):
            world.market.anchor(*args, sender=operator)
    with boa.reverts("market: not the operator"):
        world.market.anchor(1, after, 1, ROOT, sender=world.intruder)
    world.market.anchor(1, after, 1, ROOT, sender=operator)


def test_anchor_may_come_in_the_second_its_period_ends(world: Any) -> None:
    boa.env.timestamp = START + SLOT - 1
    with boa.reverts("market: period not over"):
        world.market.anchor(0, FIRST, 1, ROOT, sender=world.operator)
    boa.env.timestamp = START + SLOT
    world.market.anchor(0, FIRST, 1, ROOT, sender=world.operator)


def test_slots_beyond_all_time_are_refused(world: Any) -> None:
    for first, slots in ((2**256 - 1, 1), (FIRST, 2**256 - 1), (2**255, 1)):
        with boa.reverts():
            world.market.anchor(0, first, slots, ROOT, sender=world.operator)


# ── Settle and apply ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_settle_moves_nothing_yet(world: Any) -> None:
    world.everyone_deposits()
    world.settle(AMOUNTS, cover=5)
    event = next(e for e in world.market.get_logs() if type(e).__name__ == "Settled")
    assert (event.period, event.period_root, event.cover) == (0, ROOT, 5)
    assert event.amounts_hash == world.market.pending() == amounts_hash(tuple(AMOUNTS))
    packed = encode(["uint256", "bytes32", "uint256", "bytes32"], [0, ROOT, 5, amounts_hash(tuple(AMOUNTS))])
    assert world.market.settlement_hash(0) == keccak(packed)
    assert world.balances() == [MONEY] * 6
    assert world.market.apply_time() == boa.env.timestamp + WINDOW


def test_apply_writes_the_amounts(world: Any) -> None:
    world.everyone_deposits()
    world.settle(AMOUNTS, cover=5)
    world.apply(AMOUNTS, sender=world.intruder)
    event = next(e for e in world.market.get_logs() if type(e).__name__ == "Applied")
    assert (event.period, event.amounts_hash) == (0, amounts_hash(tuple(AMOUNTS)))
    assert world.balances() == [MONEY + amount for amount in AMOUNTS]
    assert world.market.total() == 6 * MONEY
    assert (world.market.applied(), world.market.pending(), world.market.apply_time()) == (1, NOTHING, 0)
    assert world.market.last_apply() == boa.env.timestamp


def test_balance_may_fall_to_zero(world: Any) -> None:
    world.everyone_deposits()
    world.period([MONEY, 0, 0, 0, -MONEY, 0])
    assert world.balances() == [2 * MONEY, MONEY, MONEY, MONEY, 0, MONEY]


def test_settle_refusals(world: Any) -> None:
    world.everyone_deposits()

    def refused(reason: str, *args: Any, sender: str = world.operator) -> None:
        with boa.reverts(reason):
            world.market.settle(*args, sender=sender)

    boa.env.timestamp = START + HOUR
    refused("market: not anchored", 0, ROOT, 5, AMOUNTS)
    world.anchor()
    refused("market: door open", 0, ROOT, 5, AMOUNTS)
    world.shut_door()
    refused("market: not the operator", 0, ROOT, 5, AMOUNTS, sender=world.intruder)
    refused("market: not the next period", 1, ROOT, 5, AMOUNTS)
    refused("market: empty root", 0, NOTHING, 5, AMOUNTS)
    refused("market: not one amount per account", 0, ROOT, 5, AMOUNTS[1:])
    refused("market: not one amount per account", 0, ROOT, 5, [*AMOUNTS, 0])
    refused("market: not one amount per account", 0, ROOT, 5, [])
    refused("market: guarantor does not pay cover", 0, ROOT, 4, AMOUNTS)
    refused("market: guarantor does not pay cover", 0, ROOT, 0, AMOUNTS)
    refused("market: guarantor does not pay cover", 0, ROOT, 5, [-10, 0, 0, 0, 5, 5])
    world.market.settle(0, ROOT, 5, AMOUNTS, sender=world.operator)
    refused("market: settlement pending", 0, ROOT, 5, AMOUNTS)
    refused("market: settlement pending", 1, ROOT, 5, AMOUNTS)


def test_periods_settle_one_after_another(world: Any) -> None:
    world.anchor()
    world.anchor()
    world.shut_door()
    with boa.reverts("market: not the next period"):
        world.market.settle(1, ROOT, 0, [0] * 6, sender=world.operator)
    world.period([0] * 6)
    with boa.reverts("market: not the next period"):
        world.market.settle(0, ROOT, 0, [0] * 6, sender=world.operator)
    world.period([0] * 6)
    assert world.market.applied() == 2


def test_apply_refusals(world: Any) -> None:
    with boa.reverts("market: nothing pending"):
        world.market.apply([0] * 6)
    world.everyone_deposits()
    world.settle(AMOUNTS, cover=5)
    boa.env.timestamp = world.market.apply_time() - 1
    with boa.reverts("market: window not over"):
        world.market.apply(AMOUNTS)
    boa.env.timestamp += 1
    for other in ([], AMOUNTS[1:], [*AMOUNTS, 0], [AMOUNTS[1], AMOUNTS[0], *AMOUNTS[2:]], [0] * 6):
        with boa.reverts("market: not the settled amounts"):
            world.market.apply(other)
    world.market.apply(AMOUNTS)
    with boa.reverts("market: nothing pending"):
        world.market.apply(AMOUNTS)


def test_settle_must_leave_time_to_apply(world: Any) -> None:
    world.anchor()
    last = START + ESCAPE - WINDOW
    # The first shut hour in which the window would no longer fit.
    boa.env.timestamp = last
    world.shut_door()
    assert boa.env.timestamp < START + ESCAPE
    with boa.reverts("market: too late to settle"):
        world.market.settle(0, ROOT, 0, [0] * 6, sender=world.operator)


# ── Withdrawal ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_withdrawal_is_due_after_the_following_apply(world: Any) -> None:
    world.everyone_deposits()
    world.anchor()
    # Period 0 is anchored: what is consumed now belongs to period 1.
    world.market.request_withdrawal(3, 600, sender=world.seller)
    event = next(e for e in world.market.get_logs() if type(e).__name__ == "WithdrawalRequested")
    assert (event.account, event.amount, event.period) == (3, 600, 1)
    assert world.market.request_of(3) == (600, 1)
    world.period([0] * 6)
    assert world.market.door_open()
    with boa.reverts("market: not due yet"):
        world.market.withdraw(3)
    world.period([0] * 6)
    assert world.market.withdraw(3, sender=world.intruder) == 600
    event = next(e for e in world.market.get_logs() if type(e).__name__ == "Withdrawn")
    assert (event.account, event.owner, event.amount) == (3, world.seller, 600)
    assert world.credit.balanceOf(world.seller) == 600
    assert world.market.balance_of(3) == MONEY - 600
    assert world.market.total() == world.credit.balanceOf(world.market) == 6 * MONEY - 600
    with boa.reverts("market: nothing requested"):
        world.market.withdraw(3)


def test_request_before_the_anchor_waits_for_that_period_only(world: Any) -> None:
    world.everyone_deposits()
    world.market.request_withdrawal(3, 600, sender=world.seller)
    world.period([0] * 6)
    assert world.market.withdraw(3) == 600


def test_withdrawal_pays_at_most_the_balance(world: Any) -> None:
    world.everyone_deposits()
    world.market.request_withdrawal(4, 2**256 - 1, sender=world.buyer)
    world.period([100, 0, 0, 0, -100, 0])
    assert world.market.withdraw(4) == MONEY - 100
    assert world.market.balance_of(4) == 0


def test_guarantor_withdraws_like_everyone(world: Any) -> None:
    world.everyone_deposits()
    with boa.reverts("market: not the owner"):
        world.market.request_withdrawal(GUARANTOR, 1, sender=world.operator)
    world.market.request_withdrawal(GUARANTOR, 40, sender=world.guarantor)
    with boa.reverts("market: not due yet"):
        world.market.withdraw(GUARANTOR)
    world.period(AMOUNTS, cover=5)
    assert world.market.withdraw(GUARANTOR) == 40
    assert world.credit.balanceOf(world.guarantor) == 40


def test_only_the_owner_requests(world: Any) -> None:
    for person in (world.operator, world.guarantor, world.utility, world.buyer, world.intruder):
        with boa.reverts("market: not the owner"):
            world.market.request_withdrawal(3, 1, sender=person)
    with boa.reverts("market: no such account"):
        world.market.request_withdrawal(5, 1, sender=world.seller)


def test_new_request_replaces_the_old_and_waits_anew(world: Any) -> None:
    world.everyone_deposits()
    world.market.request_withdrawal(3, 600, sender=world.seller)
    world.anchor()
    world.market.request_withdrawal(3, 700, sender=world.seller)
    world.period([0] * 6)
    with boa.reverts("market: not due yet"):
        world.market.withdraw(3)
    world.market.request_withdrawal(3, 0, sender=world.seller)
    world.period([0] * 6)
    with boa.reverts("market: nothing requested"):
        world.market.withdraw(3)


def test_withdrawal_needs_the_open_door(world: Any) -> None:
    world.everyone_deposits()
    world.market.request_withdrawal(3, 600, sender=world.seller)
    world.period([0] * 6)
    boa.env.timestamp += HOUR
    with boa.reverts("market: door shut"):
        world.market.withdraw(3)
    boa.env.timestamp += HOUR
    assert world.market.withdraw(3) == 600


def test_attack_request_used_up_while_the_balance_is_empty(world: Any) -> None:
    world.deposit(3)
    world.market.request_withdrawal(4, 50, sender=world.buyer)
    world.period([0] * 6)
    with boa.reverts("market: empty balance"):
        world.market.withdraw(4, sender=world.intruder)
    world.period([0, 0, 0, -80, 80, 0])
    assert world.market.withdraw(4) == 50


# ── The door ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_door_alternates_from_deployment(world: Any) -> None:
    for hour in range(50):
        for second in (0, 1, HOUR - 1):
            boa.env.timestamp = START + hour * HOUR + second
            assert world.market.door_open() == (hour % 2 == 0)


def test_door_alternates_from_the_end_of_the_oldest_open_period(world: Any) -> None:
    world.anchor(slots=6)  # ends 1.5 h after START
    end = START + 6 * SLOT
    for late, is_open in [(0, True), (HOUR - 1, True), (HOUR, False), (2 * HOUR - 1, False), (2 * HOUR, True)]:
        boa.env.timestamp = end + late
        assert world.market.door_open() == is_open


def test_door_alternates_from_the_apply(world: Any) -> None:
    world.period([0] * 6)
    applied = boa.env.timestamp
    for late, is_open in [(0, True), (HOUR - 1, True), (HOUR, False), (2 * HOUR, True)]:
        boa.env.timestamp = applied + late
        assert world.market.door_open() == is_open


def test_pending_settlement_keeps_the_door_shut(world: Any) -> None:
    world.settle([0] * 6)
    settled = boa.env.timestamp
    for hour in range(WINDOW // HOUR + 5):
        boa.env.timestamp = settled + hour * HOUR
        assert not world.market.door_open()
    world.market.apply([0] * 6)
    assert world.market.door_open()


def test_settle_time_is_when_settle_is_taken(world: Any) -> None:
    with boa.reverts("market: not anchored"):
        world.market.settle_time()
    world.anchor()
    end = boa.env.timestamp
    assert world.market.settle_time() == end + HOUR
    boa.env.timestamp = end + HOUR - 1
    assert world.market.settle_time() == end + HOUR
    with boa.reverts("market: door open"):
        world.market.settle(0, ROOT, 0, [0] * 6, sender=world.operator)
    boa.env.timestamp = end + 2 * HOUR
    assert world.market.settle_time() == end + 3 * HOUR
    boa.env.timestamp = end + 2 * HOUR - 1
    assert world.market.settle_time() == boa.env.timestamp
    world.market.settle(0, ROOT, 0, [0] * 6, sender=world.operator)
    with boa.reverts("market: settlement pending"):
        world.market.settle_time()


# ── Escape ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_escape_opens_on_time(world: Any) -> None:
    assert world.market.escape_time() == START + ESCAPE
    boa.env.timestamp = START + ESCAPE - 1
    assert not world.market.escaped()
    boa.env.timestamp = START + ESCAPE
    assert world.market.escaped()


def test_apply_starts_the_clock_anew(world: Any) -> None:
    world.period([0] * 6)
    applied = boa.env.timestamp
    boa.env.timestamp = START + ESCAPE
    assert not world.market.escaped()
    assert world.market.escape_time() == applied + ESCAPE


def test_after_escape_everything_is_closed_but_the_way_out(world: Any) -> None:
    world.everyone_deposits()
    world.anchor()
    boa.env.timestamp = START + ESCAPE
    market = world.market
    for call in (
        lambda: market.anchor(1, FIRST + 96, 1, ROOT, sender=world.operator),
        lambda: market.settle(0, ROOT, 0, [0] * 6, sender=world.operator),
        lambda: market.apply([0] * 6),
        lambda: market.open_accounts([world.seller], sender=world.operator),
        lambda: market.deposit(3, 1, sender=world.seller),
        market.settle_time,
    ):
        with boa.reverts("market: over"):
            call()
    for hour in range(3):  # whatever the door says
        boa.env.timestamp = START + ESCAPE + hour * HOUR
        assert market.withdraw(hour + 2) == MONEY
    assert market.withdraw(GUARANTOR) == MONEY
    with boa.reverts("market: empty balance"):
        market.withdraw(3)
