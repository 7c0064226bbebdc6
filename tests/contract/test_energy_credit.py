"""EnergyCredit and SimulatedEuro: every rule, every refusal."""

from typing import Any

import boa
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

MONEY = 5_000_000
KEY = b"\x07" * 32


def hold(world: Any, owner: str, amount: int = MONEY) -> None:
    with boa.env.prank(owner):
        world.euro.issue(amount)
        world.euro.approve(world.credit, amount)
        world.credit.mint(amount)


def check(world: Any) -> None:
    assert world.credit.totalSupply() == world.credit.reserve() <= world.euro.balanceOf(world.credit)


def test_euro_is_issued_by_anyone_to_themself(world: Any) -> None:
    world.euro.issue(MONEY, sender=world.intruder)
    assert world.euro.balanceOf(world.intruder) == world.euro.totalSupply() == MONEY
    assert (world.euro.name(), world.euro.symbol(), world.euro.decimals()) == ("Simulated Euro", "SEUR", 6)


@pytest.mark.parametrize("chain_id", [1, 10, 8453, 11155111, 42161])
def test_euro_is_refused_off_local_chains(world: Any, chain_id: int) -> None:
    boa.env.evm.patch.chain_id = chain_id
    with boa.reverts("euro: only on a local chain"):
        world.deployers["SimulatedEuro"].deploy()


def test_euro_is_taken_on_the_other_local_chain(world: Any) -> None:
    boa.env.evm.patch.chain_id = 1337
    assert world.deployers["SimulatedEuro"].deploy().totalSupply() == 0


def test_credit_describes_itself(world: Any) -> None:
    credit = world.credit
    assert (credit.name(), credit.symbol(), credit.decimals()) == ("Energy Credit", "EC", 6)
    assert credit.asset() == world.euro.address
    assert credit.eip712Domain()[1:5] == ("Energy Credit", "1", 31337, credit.address)


def test_nobody_has_a_role(world: Any) -> None:
    for contract in (world.credit, world.euro):
        names = {entry["name"] for entry in contract.abi if entry["type"] == "function"}
        assert not names & {"owner", "is_minter", "set_minter", "burn", "burn_from", "pause", "transfer_ownership"}
    assert "issue" not in {entry.get("name") for entry in world.credit.abi}


def test_deployer_is_left_without_a_role(world: Any) -> None:
    deployed = world.deployers["EnergyCredit"].deploy(world.euro, "Another", "AN")
    changes = [log for log in deployed.get_logs() if type(log).__name__ == "RoleMinterChanged"]
    assert [log.status for log in changes] == [True, False]


def test_mint_pays_in_one_to_one(world: Any) -> None:
    hold(world, world.seller)
    assert world.credit.balanceOf(world.seller) == MONEY
    assert world.euro.balanceOf(world.credit) == MONEY
    assert world.euro.balanceOf(world.seller) == 0
    check(world)


def test_redeem_pays_out_one_to_one(world: Any) -> None:
    hold(world, world.seller)
    world.credit.redeem(1_999_999, sender=world.seller)
    assert world.credit.balanceOf(world.seller) == MONEY - 1_999_999
    assert world.euro.balanceOf(world.seller) == 1_999_999
    check(world)


def test_mint_and_redeem_leave_events(world: Any) -> None:
    hold(world, world.seller)
    assert ("Minted", world.seller, MONEY) in [named(e) for e in events(world)]
    world.credit.redeem(1, sender=world.seller)
    assert ("Redeemed", world.seller, 1) in [named(e) for e in events(world)]


def events(world: Any) -> list[Any]:
    return [e for e in world.credit.get_logs() if type(e).__name__ in ("Minted", "Redeemed")]


def named(event: Any) -> tuple[str, str, int]:
    return type(event).__name__, event.holder, event.amount


def test_mint_needs_the_asset(world: Any) -> None:
    with boa.reverts("erc20: insufficient allowance"):
        world.credit.mint(1, sender=world.intruder)
    world.euro.approve(world.credit, 1, sender=world.intruder)
    with boa.reverts("erc20: transfer amount exceeds balance"):
        world.credit.mint(1, sender=world.intruder)


def test_mint_and_redeem_refuse_nothing(world: Any) -> None:
    with boa.reverts("credit: nothing to mint"):
        world.credit.mint(0, sender=world.seller)
    with boa.reverts("credit: nothing to redeem"):
        world.credit.redeem(0, sender=world.seller)


def test_redeem_needs_the_credits(world: Any) -> None:
    hold(world, world.seller)
    with boa.reverts("erc20: burn amount exceeds balance"):
        world.credit.redeem(1, sender=world.intruder)
    with boa.reverts("erc20: burn amount exceeds balance"):
        world.credit.redeem(MONEY + 1, sender=world.seller)


def test_transfers_move_credits_and_nothing_else(world: Any) -> None:
    hold(world, world.seller)
    assert world.credit.transfer(world.buyer, 3, sender=world.seller)
    world.credit.approve(world.intruder, 2, sender=world.seller)
    assert world.credit.transferFrom(world.seller, world.reserve, 2, sender=world.intruder)
    assert [world.credit.balanceOf(p) for p in (world.seller, world.buyer, world.reserve)] == [MONEY - 5, 3, 2]
    with boa.reverts("erc20: insufficient allowance"):
        world.credit.transferFrom(world.seller, world.intruder, 1, sender=world.intruder)
    with boa.reverts("erc20: transfer amount exceeds balance"):
        world.credit.transfer(world.seller, 1, sender=world.intruder)
    with boa.reverts("erc20: transfer to the zero address"):
        world.credit.transfer("0x" + "00" * 20, 1, sender=world.seller)
    check(world)


def typed_permit(world: Any, owner: str, spender: str, value: int, deadline: int, **changes: Any) -> dict[str, Any]:
    fields = [("owner", "address"), ("spender", "address"), ("value", "uint256"), ("nonce", "uint256")]
    domain = {
        "name": "Energy Credit",
        "version": "1",
        "chainId": 31337,
        "verifyingContract": world.credit.address,
    }
    message = {"owner": owner, "spender": spender, "value": value, "nonce": world.credit.nonces(owner)}
    return {
        "domain": domain | changes,
        "primaryType": "Permit",
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Permit": [{"name": n, "type": t} for n, t in [*fields, ("deadline", "uint256")]],
        },
        "message": message | {"deadline": deadline},
    }


def sign(typed: dict[str, Any]) -> tuple[int, bytes, bytes]:
    signed = Account.sign_message(encode_typed_data(full_message=typed), KEY)
    return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def test_permit_is_what_wallets_sign(world: Any) -> None:
    owner = Account.from_key(KEY).address
    deadline = boa.env.timestamp + 60
    v, r, s = sign(typed_permit(world, owner, world.buyer, 42, deadline))
    world.credit.permit(owner, world.buyer, 42, deadline, v, r, s, sender=world.intruder)
    assert world.credit.allowance(owner, world.buyer) == 42
    assert world.credit.nonces(owner) == 1


def test_attack_permit_replayed(world: Any) -> None:
    owner = Account.from_key(KEY).address
    deadline = boa.env.timestamp + 60
    v, r, s = sign(typed_permit(world, owner, world.buyer, 42, deadline))
    world.credit.permit(owner, world.buyer, 42, deadline, v, r, s)
    with boa.reverts("erc20: invalid signature"):
        world.credit.permit(owner, world.buyer, 42, deadline, v, r, s)


def test_attack_permit_altered_or_late(world: Any) -> None:
    owner = Account.from_key(KEY).address
    deadline = boa.env.timestamp + 60
    v, r, s = sign(typed_permit(world, owner, world.buyer, 42, deadline))
    with boa.reverts("erc20: invalid signature"):
        world.credit.permit(owner, world.buyer, 43, deadline, v, r, s)
    with boa.reverts("erc20: invalid signature"):
        world.credit.permit(owner, world.intruder, 42, deadline, v, r, s)
    boa.env.timestamp = deadline + 1
    with boa.reverts("erc20: expired deadline"):
        world.credit.permit(owner, world.buyer, 42, deadline, v, r, s)


def test_attack_permit_of_another_token_or_chain(world: Any) -> None:
    owner = Account.from_key(KEY).address
    deadline = boa.env.timestamp + 60
    for changes in ({"chainId": 1}, {"verifyingContract": world.euro.address}, {"version": "2"}):
        v, r, s = sign(typed_permit(world, owner, world.buyer, 42, deadline, **changes))
        with boa.reverts("erc20: invalid signature"):
            world.credit.permit(owner, world.buyer, 42, deadline, v, r, s)


def test_attack_18_decimals_asset(world: Any) -> None:
    dear = world.deployers["HostileToken"].deploy(18)
    with boa.reverts("credit: asset needs 6 decimals"):
        world.deployers["EnergyCredit"].deploy(dear, "Energy Credit", "EC")


def test_asset_must_be_a_token(world: Any) -> None:
    with boa.reverts():
        world.deployers["EnergyCredit"].deploy(world.intruder, "Energy Credit", "EC")


def credit_on(world: Any, asset: Any, amount: int = MONEY) -> Any:
    credit = world.deployers["EnergyCredit"].deploy(asset, "Energy Credit", "EC")
    asset.give(world.seller, 2 * amount)
    asset.approve(credit, 2 * amount, sender=world.seller)
    credit.mint(amount, sender=world.seller)
    return credit


def test_attack_fee_on_transfer_asset(world: Any, hostile: Any) -> None:
    credit = credit_on(world, hostile)
    hostile.set_fee(1, 0)
    with boa.reverts("credit: asset took a fee"):
        credit.mint(100, sender=world.seller)
    assert credit.totalSupply() == credit.reserve() == hostile.balanceOf(credit)


def test_attack_asset_takes_more_than_was_redeemed(world: Any, hostile: Any) -> None:
    credit = credit_on(world, hostile)
    hostile.set_fee(0, 1)
    with boa.reverts("credit: reserve is short"):
        credit.redeem(100, sender=world.seller)


def test_attack_asset_says_no(world: Any, hostile: Any) -> None:
    credit = credit_on(world, hostile)
    hostile.set_refuses(True)
    with boa.reverts("credit: asset refused"):
        credit.mint(1, sender=world.seller)
    with boa.reverts("credit: asset refused"):
        credit.redeem(1, sender=world.seller)


def test_attack_run_on_a_short_reserve(world: Any, hostile: Any) -> None:
    """Nobody gets out first, nobody passes a bad credit on, and anyone can mend it."""
    credit = credit_on(world, hostile)
    hostile.lose(credit, 1)
    credit.approve(world.buyer, 1, sender=world.seller)
    for refused in (
        lambda: credit.redeem(1, sender=world.seller),
        lambda: credit.transfer(world.buyer, 1, sender=world.seller),
        lambda: credit.transferFrom(world.seller, world.buyer, 1, sender=world.buyer),
        lambda: credit.mint(1, sender=world.seller),
    ):
        with boa.reverts("credit: reserve is short"):
            refused()
    hostile.give(credit, 1)
    credit.redeem(MONEY, sender=world.seller)
    assert credit.totalSupply() == 0


@pytest.mark.parametrize("slip", ["self.reserve += 1", "self.reserve -= 1"])
def test_supply_must_be_the_reserve_in_every_call(world: Any, slip: str) -> None:
    """Storage is set wrong by hand: no call leads there."""
    hold(world, world.seller)
    world.euro.issue(MONEY, sender=world.intruder)
    world.euro.transfer(world.credit, MONEY, sender=world.intruder)
    world.credit.eval(slip)
    for call in (world.credit.redeem, lambda amount, sender: world.credit.transfer(world.buyer, amount, sender=sender)):
        with boa.reverts("credit: supply is not the reserve"):
            call(1, sender=world.seller)


def test_gift_to_the_reserve_makes_no_credits(world: Any) -> None:
    hold(world, world.seller)
    world.euro.issue(7, sender=world.intruder)
    world.euro.transfer(world.credit, 7, sender=world.intruder)
    assert world.credit.totalSupply() == MONEY
    assert world.euro.balanceOf(world.credit) == MONEY + 7
    with boa.reverts("erc20: burn amount exceeds balance"):
        world.credit.redeem(7, sender=world.intruder)


@pytest.mark.parametrize("insists", [True, False])
@pytest.mark.parametrize("inner", ["mint", "redeem", "transfer"])
def test_attack_reentrant_asset(world: Any, hostile: Any, inner: str, insists: bool) -> None:
    """The asset itself holds credits and calls back in the middle of a redemption."""
    credit = credit_on(world, hostile)
    credit.transfer(hostile, 1_000, sender=world.seller)
    args = (world.intruder, 1_000) if inner == "transfer" else (1_000,)
    hostile.set_callback(credit, getattr(credit, inner).prepare_calldata(*args), insists)
    if insists:
        with boa.reverts():
            credit.redeem(100, sender=world.seller)
    else:
        credit.redeem(100, sender=world.seller)
        assert hostile.calls() == 1
        assert hostile.answers() == 0
        assert credit.balanceOf(hostile) == 1_000
    assert credit.totalSupply() == credit.reserve() == hostile.balanceOf(credit)
