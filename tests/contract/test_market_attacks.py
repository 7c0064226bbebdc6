"""What somebody would try against EnergyMarket, one test an attack."""

from typing import Any

import boa
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

GUARANTOR = 2**32 - 1
HOUR, SLOT, WINDOW, ESCAPE = 3600, 900, 6 * 3600, 3 * 86400
START = 1_465_941_600
FIRST = START // SLOT
MONEY = 1_000_000_000
ROOT = b"\x01" * 32
AMOUNTS = [10, 4, 1, 90, -100, -5]
KEY = b"\x07" * 32


def solvent(world: Any) -> bool:
    return world.credit.balanceOf(world.market) >= world.market.total() == sum(world.balances())


# ── Money between settle and apply ────────────────────────────────────────────────────────────────────────────────────


def test_attack_withdrawal_between_settle_and_apply(world: Any) -> None:
    """A buyer with a due request watches its debit being posted and runs: the door is shut until it is paid."""
    world.everyone_deposits()
    world.market.request_withdrawal(4, MONEY, sender=world.buyer)
    world.period([0] * 6)
    world.settle([MONEY, 0, 0, 0, -MONEY, 0])
    settled = boa.env.timestamp
    for hour in range(WINDOW // HOUR + 3):
        boa.env.timestamp = settled + hour * HOUR
        with boa.reverts("market: door shut"):
            world.market.withdraw(4, sender=world.buyer)
    world.market.apply([MONEY, 0, 0, 0, -MONEY, 0])
    with boa.reverts("market: empty balance"):
        world.market.withdraw(4, sender=world.buyer)
    assert solvent(world)


def test_attack_deposit_just_before_settle(world: Any) -> None:
    """Balances cannot move in the hour in which `settle` is taken, so what the operator computed stays true."""
    world.everyone_deposits()
    world.fund(world.seller, MONEY)
    world.anchor()
    world.shut_door()
    with boa.reverts("market: door shut"):
        world.market.deposit(3, MONEY, sender=world.seller)
    world.market.settle(0, ROOT, 5, AMOUNTS, sender=world.operator)
    with boa.reverts("market: door shut"):
        world.market.deposit(3, MONEY, sender=world.seller)


def test_attack_withdrawal_just_before_settle(world: Any) -> None:
    world.everyone_deposits()
    world.market.request_withdrawal(4, MONEY, sender=world.buyer)
    world.period([0] * 6)
    world.anchor()
    world.shut_door()
    with boa.reverts("market: door shut"):
        world.market.withdraw(4, sender=world.buyer)


def test_attack_consume_then_withdraw_before_the_bill(world: Any) -> None:
    """A request made after the energy was used waits until that period is paid."""
    world.everyone_deposits()
    world.anchor()  # the period the buyer lived in is over and anchored, its next one runs
    world.market.request_withdrawal(4, MONEY, sender=world.buyer)
    world.period([100, 0, 0, 0, -100, 0])
    with boa.reverts("market: not due yet"):
        world.market.withdraw(4, sender=world.buyer)
    world.period([200, 0, 0, 0, -200, 0])
    assert world.market.withdraw(4, sender=world.buyer) == MONEY - 300


# ── Amounts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_attack_amounts_swapped_at_apply(world: Any) -> None:
    world.everyone_deposits()
    world.settle(AMOUNTS, cover=5)
    boa.env.timestamp = world.market.apply_time()
    swapped = [10, 4, 1, -100, 90, -5]
    with boa.reverts("market: not the settled amounts"):
        world.market.apply(swapped, sender=world.operator)
    assert world.balances() == [MONEY] * 6


@pytest.mark.parametrize(
    "amounts",
    [
        [10, 4, 1, 90, -99, -5],
        [1, 0, 0, 0, 0, 0],
        [-1, 0, 0, 0, 0, 0],
        [2**254, 0, 0, 0, -MONEY, 0],
    ],
)
def test_attack_money_created_by_amounts(world: Any, amounts: list[int]) -> None:
    world.everyone_deposits()
    world.anchor()
    world.shut_door()
    with boa.reverts("market: amounts do not sum to zero"):
        world.market.settle(0, ROOT, -amounts[-1], amounts, sender=world.operator)


@pytest.mark.parametrize(
    "amounts",
    [
        [2**255 - 1, 2**255 - 1, 2, 0, 0, 0],  # sums to zero only where numbers wrap
        [-(2**255), -(2**255), 0, 0, 0, 0],
        [0, 0, 0, 0, 0, -(2**255)],
    ],
)
def test_attack_money_created_by_overflow(world: Any, amounts: list[int]) -> None:
    world.everyone_deposits()
    world.anchor()
    world.shut_door()
    with boa.reverts():
        world.market.settle(0, ROOT, 0, amounts, sender=world.operator)


@pytest.mark.parametrize("account", range(5))
def test_attack_overdraft_amount(world: Any, account: int) -> None:
    world.everyone_deposits()
    world.anchor()
    world.shut_door()
    amounts = [0] * 6
    amounts[account], amounts[(account + 1) % 5] = -MONEY - 1, MONEY + 1
    with boa.reverts("market: overdraft"):
        world.market.settle(0, ROOT, 0, amounts, sender=world.operator)


def test_attack_overdraft_of_the_guarantor(world: Any) -> None:
    world.everyone_deposits()
    world.anchor()
    world.shut_door()
    with boa.reverts("market: overdraft"):
        world.market.settle(0, ROOT, MONEY + 1, [MONEY + 1, 0, 0, 0, 0, -MONEY - 1], sender=world.operator)


def test_attack_guarantor_enriched(world: Any) -> None:
    world.everyone_deposits()
    world.anchor()
    world.shut_door()
    for cover in (0, 1, 2**256 - 1):
        with boa.reverts("market: guarantor does not pay cover"):
            world.market.settle(0, ROOT, cover, [0, 0, 0, 0, -1, 1], sender=world.operator)


def test_attack_settlement_applied_twice(world: Any) -> None:
    world.everyone_deposits()
    world.period(AMOUNTS, cover=5)
    with boa.reverts("market: nothing pending"):
        world.market.apply(AMOUNTS, sender=world.operator)
    assert world.balances() == [MONEY + amount for amount in AMOUNTS]


def test_attack_account_opened_between_settle_and_apply(world: Any) -> None:
    world.everyone_deposits()
    world.settle(AMOUNTS, cover=5)
    with boa.reverts("market: settlement pending"):
        world.market.open_accounts([world.intruder], sender=world.operator)
    world.apply(AMOUNTS)
    assert world.market.balance_of(GUARANTOR) == MONEY - 5


# ── The door ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_attack_door_kept_shut_by_anchoring(world: Any) -> None:
    """Were the hours counted from the last anchor, one-slot anchors, each an hour late, would keep the door shut."""
    world.everyone_deposits()
    world.market.request_withdrawal(4, MONEY, sender=world.buyer)
    world.period([0] * 6)
    boa.env.timestamp += HOUR
    open_minutes = 0
    for _ in range(4 * 12):
        boa.env.timestamp += SLOT
        while world.market.next_slot() * SLOT + SLOT <= boa.env.timestamp - HOUR:
            period, first = world.market.anchored(), world.market.next_slot()
            world.market.anchor(period, first, 1, ROOT, sender=world.operator)
        open_minutes += 15 * world.market.door_open()
    assert open_minutes >= 5 * 60
    while not world.market.door_open():
        boa.env.timestamp += SLOT
    assert world.market.withdraw(4) == MONEY


@pytest.mark.parametrize("slots", [1, 3, 4])
def test_every_apply_is_followed_by_a_whole_open_hour(world: Any, slots: int) -> None:
    """However fast the operator goes on: it anchors and settles at the first moment it can, period after period."""
    world.anchor()
    for _ in range(4):
        world.period([0] * 6)
        applied = boa.env.timestamp
        for late in range(0, HOUR, 300):
            boa.env.timestamp = applied + late
            if (world.market.next_slot() + slots) * SLOT <= boa.env.timestamp:
                first = world.market.next_slot()
                world.market.anchor(world.market.anchored(), first, slots, ROOT, sender=world.operator)
            assert world.market.door_open()
            if world.market.anchored() > world.market.applied():
                with boa.reverts("market: door open"):
                    world.market.settle(world.market.applied(), ROOT, 0, [0] * 6, sender=world.operator)


# ── An operator that is gone, or wants to stay ────────────────────────────────────────────────────────────────────────


def test_attack_operator_gone_members_leave(world: Any) -> None:
    world.everyone_deposits()
    world.period(AMOUNTS, cover=5)
    boa.env.timestamp = world.market.escape_time()
    expected = [MONEY + amount for amount in AMOUNTS]
    assert [world.market.withdraw(a, sender=world.intruder) for a in [*range(5), GUARANTOR]] == expected
    people = [*world.roles, world.seller, world.buyer, world.guarantor]
    assert [world.credit.balanceOf(person) for person in people] == expected
    assert world.credit.balanceOf(world.market) == world.market.total() == 0


def test_attack_settlement_posted_to_block_the_escape(world: Any) -> None:
    """A settlement that nobody applies in time blocks nothing, and cannot be applied after some have left."""
    world.everyone_deposits()
    world.settle([0, 0, 0, MONEY, -MONEY, 0])
    boa.env.timestamp = world.market.escape_time()
    assert world.market.withdraw(4) == MONEY
    with boa.reverts("market: over"):
        world.market.apply([0, 0, 0, MONEY, -MONEY, 0])
    assert world.market.withdraw(3) == MONEY
    assert solvent(world)


def test_attack_escape_undone(world: Any) -> None:
    world.everyone_deposits()
    world.settle([0] * 6)
    boa.env.timestamp = world.market.escape_time()
    with boa.reverts("market: over"):
        world.market.apply([0] * 6, sender=world.operator)
    for _ in range(5):
        boa.env.timestamp += ESCAPE
        assert world.market.escaped()


def test_attack_operator_takes_a_members_money(world: Any) -> None:
    """No call of the operator's pays anyone, whatever the hour."""
    world.everyone_deposits()
    names = {entry["name"] for entry in world.market.abi if entry["type"] == "function"}
    assert not names & {"pause", "set_operator", "set_owner", "transfer_ownership", "sweep", "rescue", "upgrade"}
    with boa.reverts("market: not the owner"):
        world.market.request_withdrawal(3, MONEY, sender=world.operator)
    with boa.reverts("market: nothing requested"):
        world.market.withdraw(3, sender=world.operator)
    assert world.credit.balanceOf(world.operator) == 0


# ── Tokens ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def hostile_market(world: Any, token: Any) -> Any:
    """A market in `token`, where seller and buyer have paid in and may withdraw 400."""
    market = world.market_on(token.address)
    market.open_accounts([world.seller, world.buyer], sender=world.operator)
    for account, owner in ((3, world.seller), (4, world.buyer)):
        token.give(owner, 2_000)
        token.approve(market, 2_000, sender=owner)
        market.deposit(account, 1_000, sender=owner)
        market.request_withdrawal(account, 400, sender=owner)
    boa.env.timestamp = START + SLOT
    market.anchor(0, FIRST, 1, ROOT, sender=world.operator)
    boa.env.timestamp = market.settle_time()
    market.settle(0, ROOT, 0, [0] * 6, sender=world.operator)
    boa.env.timestamp = market.apply_time()
    market.apply([0] * 6)
    return market


def test_attack_fee_on_transfer_token(world: Any, hostile: Any) -> None:
    market = hostile_market(world, hostile)
    hostile.set_fee(1, 0)
    with boa.reverts("market: token moved another amount"):
        market.deposit(3, 100, sender=world.seller)
    assert market.total() == hostile.balanceOf(market) == 2_000


def test_attack_token_takes_more_than_was_paid(world: Any, hostile: Any) -> None:
    market = hostile_market(world, hostile)
    hostile.set_fee(0, 1)
    with boa.reverts("market: token moved another amount"):
        market.withdraw(3)
    assert market.total() == hostile.balanceOf(market) == 2_000


def test_attack_token_that_says_no_and_moves_nothing(world: Any, hostile: Any) -> None:
    market = hostile_market(world, hostile)
    hostile.set_refuses(True)
    with boa.reverts("market: token refused"):
        market.withdraw(3)
    with boa.reverts("market: token refused"):
        market.deposit(3, 100, sender=world.seller)
    assert market.balance_of(3) == 1_000
    hostile.set_refuses(False)
    assert market.withdraw(3) == 400


# Calls the token could make just as well as anyone, were the market not locked.
CALLS_BACK = {
    "withdraw": (4,),
    "deposit": (3, 100),
    "balance_of": (3,),
    "door_open": (),
    "total": (),
}


@pytest.mark.parametrize("insists", [True, False])
@pytest.mark.parametrize("inner", CALLS_BACK)
def test_attack_reentrant_token(world: Any, hostile: Any, inner: str, insists: bool) -> None:
    """The token calls back in the middle of a payment: nothing of the market answers, not even a view."""
    market = hostile_market(world, hostile)
    hostile.give(hostile, 1_000)
    data = getattr(market, inner).prepare_calldata(*CALLS_BACK[inner])
    hostile.set_callback(market, data, insists)
    if insists:
        with boa.reverts():
            market.withdraw(3)
        assert market.total() == hostile.balanceOf(market) == 2_000
    else:
        assert market.withdraw(3) == 400
        assert (hostile.calls(), hostile.answers()) == (1, 0)
        assert market.total() == hostile.balanceOf(market) == 1_600


def test_attack_reentrant_deposit(world: Any, hostile: Any) -> None:
    """One payment must not be counted for two deposits."""
    market = hostile_market(world, hostile)
    hostile.give(hostile, 1_000)
    hostile.set_callback(market, market.deposit.prepare_calldata(4, 100), False)
    market.deposit(3, 100, sender=world.seller)
    assert (hostile.calls(), hostile.answers()) == (1, 0)
    assert market.total() == hostile.balanceOf(market) == 2_100
    # Not in the middle of a payment, the same call is taken.
    hostile.set_callback("0x" + "00" * 20, b"", False)
    market.deposit(4, 100, sender=hostile.address)


def test_attack_gift_is_nobodys(world: Any) -> None:
    """Tokens sent past `deposit` change no balance and cannot be taken out."""
    world.everyone_deposits()
    world.fund(world.intruder, 77)
    world.credit.transfer(world.market, 77, sender=world.intruder)
    assert world.market.total() == 6 * MONEY == world.credit.balanceOf(world.market) - 77
    boa.env.timestamp = world.market.escape_time()
    for account in [*range(5), GUARANTOR]:
        world.market.withdraw(account)
    assert world.credit.balanceOf(world.market) == 77


# ── Permits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def permit(world: Any, value: int, deadline: int) -> tuple[str, tuple[int, bytes, bytes]]:
    owner = Account.from_key(KEY).address
    fields = [("owner", "address"), ("spender", "address"), ("value", "uint256"), ("nonce", "uint256")]
    typed = encode_typed_data(
        {
            "name": "Energy Credit",
            "version": "1",
            "chainId": 31337,
            "verifyingContract": world.credit.address,
        },
        {"Permit": [{"name": name, "type": kind} for name, kind in [*fields, ("deadline", "uint256")]]},
        {
            "owner": owner,
            "spender": world.market.address,
            "value": value,
            "nonce": world.credit.nonces(owner),
            "deadline": deadline,
        },
    )
    signed = Account.sign_message(typed, KEY)
    world.fund(owner, value)
    world.credit.approve(world.market, 0, sender=owner)
    return owner, (signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big"))


def test_deposit_with_permit(world: Any) -> None:
    deadline = START + 60
    owner, signature = permit(world, 500, deadline)
    world.market.deposit_with_permit(3, 500, deadline, *signature, sender=owner)
    assert world.market.balance_of(3) == 500
    assert world.credit.allowance(owner, world.market) == 0


def test_attack_permit_used_by_another_first(world: Any) -> None:
    """Somebody copies the permit out of the mempool and uses it up: the deposit goes through all the same."""
    deadline = START + 60
    owner, signature = permit(world, 500, deadline)
    world.credit.permit(owner, world.market, 500, deadline, *signature, sender=world.intruder)
    world.market.deposit_with_permit(3, 500, deadline, *signature, sender=owner)
    assert world.market.balance_of(3) == 500


def test_attack_permit_of_another_spent(world: Any) -> None:
    """A permit pulls tokens of the caller only."""
    deadline = START + 60
    owner, signature = permit(world, 500, deadline)
    with boa.reverts("erc20: insufficient allowance"):
        world.market.deposit_with_permit(4, 500, deadline, *signature, sender=world.intruder)
    assert world.credit.balanceOf(owner) == 500


def test_attack_malleable_signature(world: Any) -> None:
    """The same permit with the other s (n − s) and the other v is no permit."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    deadline = START + 60
    owner, (v, r, s) = permit(world, 500, deadline)
    twin = (55 - v, r, (order - int.from_bytes(s, "big")).to_bytes(32, "big"))
    with boa.reverts("ecdsa: invalid signature `s` value"):
        world.credit.permit(owner, world.market, 500, deadline, *twin)
    with boa.reverts("erc20: insufficient allowance"):
        world.market.deposit_with_permit(3, 500, deadline, *twin, sender=owner)
    world.market.deposit_with_permit(3, 500, deadline, v, r, s, sender=owner)
