"""The standing permission: what it lets anyone do, and that the contract and its twin never differ."""

import random
from dataclasses import astuple, dataclass, field, replace

import pytest
from vault_world import DAY, HOUR, MONEY, Contract, Street, refused

from sunfair.chain.keys import address_of, keccak, sign_digest
from sunfair.settlement.top_up import Permission, TopUps

KEY = keccak(b"payer")
PAYER = address_of(KEY)
AMOUNT, BELOW, BUYER = 20_000_000, 10_000_000, 4


@dataclass
class Desk:
    """A street with the contract, and a payer whose tokens it may take."""

    street: Street
    contract: Contract
    twin: TopUps = field(default_factory=TopUps)

    def permission(self, **changes: object) -> Permission:
        usual = Permission(
            self.street.market.address, BUYER, PAYER, AMOUNT, BELOW, 2 * AMOUNT, 5 * AMOUNT, self.street.now + 30 * DAY
        )
        return replace(usual, **changes)

    def signed(self, permission: Permission, key: bytes = KEY) -> bytes:
        return sign_digest(key, permission.digest(31337, self.contract.address))

    def run(self, permission: Permission, signature: bytes | None = None) -> None:
        signature = self.signed(permission) if signature is None else signature
        self.contract.top_up(astuple(permission), signature, sender=self.street.intruder)

    @property
    def there(self) -> int:
        return self.street.market.balance_of(BUYER) + self.street.market.parked_of(BUYER, 0)


@pytest.fixture
def desk(street: Street) -> Desk:
    contract = street.chain.deploy("StandingTopUp")
    street.fund(PAYER, MONEY)
    street.token.approve(contract, 2**255, sender=PAYER)
    street.wait_for_door(True)
    return Desk(street, contract)


def test_anyone_tops_an_account_up(desk: Desk) -> None:
    permission = desk.permission()
    assert desk.contract.digest_of(astuple(permission)) == permission.digest(31337, desk.contract.address)
    desk.run(permission)
    (event,) = desk.contract.logged("ToppedUp")
    assert (event.payer, event.account, event.amount, event.parked) == (PAYER, BUYER, AMOUNT, False)
    assert desk.there == desk.street.market.balance_of(BUYER) == AMOUNT
    assert desk.street.wallet(PAYER) == MONEY - AMOUNT
    assert desk.contract.taken_of(event.permission) == (AMOUNT, AMOUNT)
    assert (
        desk.street.wallet(desk.contract.address) == desk.street.token.allowance(desk.contract, desk.street.market) == 0
    )


def test_while_the_door_is_shut_it_waits_there(desk: Desk) -> None:
    desk.street.wait_for_door(False)
    desk.run(desk.permission())
    assert desk.street.market.balance_of(BUYER) == 0
    desk.street.wait_for_door(True)
    desk.street.market.credit_parked(BUYER, 0)
    assert desk.street.market.balance_of(BUYER) == AMOUNT


def test_contract_and_twin_never_differ(desk: Desk) -> None:
    chance = random.Random(7)
    market, outcomes = desk.street.market, set[str]()
    seed = desk.permission(expires=desk.street.now + 2 * DAY, in_total=4 * AMOUNT)
    for _ in range(60):
        if chance.random() < 0.1:
            desk.contract.revoke(sender=PAYER)
            desk.twin = desk.twin.revoked(PAYER)
        desk.street.now += chance.randrange(2 * HOUR)
        permission = replace(
            seed,
            below=chance.choice([BELOW, 2 * AMOUNT, 100 * AMOUNT]),
            per_day=chance.choice([AMOUNT - 1, AMOUNT, 2 * AMOUNT]),
            nonce=desk.twin.nonces.get(PAYER, 0) - (chance.random() < 0.1 and desk.twin.nonces.get(PAYER, 0) > 0),
        )
        digest, there = permission.digest(31337, desk.contract.address), desk.there
        why = desk.twin.refusal(digest, permission, there=there, now=desk.street.now)
        if why:
            with refused(why):
                desk.run(permission)
        else:
            desk.run(permission)
            assert desk.there == there + AMOUNT
            desk.twin = desk.twin.made(digest, permission, now=desk.street.now)
        taken = desk.twin.taken.get(digest)
        today = taken.today if taken and taken.day == desk.street.now // DAY else 0
        assert desk.contract.taken_of(digest) == ((taken.total, today) if taken else (0, 0))
        outcomes.add(why)
    assert outcomes >= {"", "top-up: day's cap", "top-up: not low", "top-up: revoked", "top-up: expired"}
    assert market.balance_of(BUYER) + market.parked_of(BUYER, 0) == sum(t.total for t in desk.twin.taken.values())


def test_a_market_that_is_over_takes_nothing(desk: Desk) -> None:
    desk.street.now += 40 * DAY
    with refused():
        desk.run(desk.permission())
    assert desk.street.wallet(PAYER) == MONEY


# Attacks


def test_attack_replay_on_the_same_day(desk: Desk) -> None:
    """Shown again and again, one signature takes no more than its caps, in a day and ever."""
    permission = desk.permission(below=2**62)
    for day in range(4):
        for _ in range(2 if day < 2 else 1 if day == 2 else 0):
            desk.run(permission)
        with refused("top-up: day's cap" if day < 2 else "top-up: total cap"):
            desk.run(permission)
        desk.street.now += DAY
        desk.street.wait_for_door(True)
    assert desk.there == 5 * AMOUNT == MONEY - desk.street.wallet(PAYER)


def test_attack_over_pull_while_the_door_is_shut(desk: Desk) -> None:
    """What waits for the door counts as there: a shut hour does not take the whole day's cap."""
    desk.street.wait_for_door(False)
    desk.run(desk.permission())
    with refused("top-up: not low"):
        desk.run(desk.permission())


def test_attack_over_pull_with_another_amount(desk: Desk) -> None:
    signature = desk.signed(desk.permission())
    for changes in ({"amount": AMOUNT + 1}, {"below": 2**62}, {"account": 3}, {"in_total": 2**62}, {"expires": 2**62}):
        with refused("top-up: signature"):
            desk.run(desk.permission(**changes), signature)
    assert desk.street.wallet(PAYER) == MONEY


def test_attack_somebody_elses_tokens(desk: Desk) -> None:
    """An allowance to the contract is nobody's licence: without the payer's own signature nothing moves."""
    thief = keccak(b"thief")
    with refused("top-up: signature"):
        desk.run(desk.permission(), desk.signed(desk.permission(), thief))
    with refused("top-up: signature"):
        desk.run(desk.permission(payer=bytes(20)), desk.signed(desk.permission(), thief))


def test_attack_replay_at_another_contract_or_chain(desk: Desk) -> None:
    permission = desk.permission()
    elsewhere = (permission.digest(31337, bytes(20)), permission.digest(1, desk.contract.address))
    for digest in elsewhere:
        with refused("top-up: signature"):
            desk.run(permission, sign_digest(KEY, digest))


def test_attack_malleable_permission(desk: Desk) -> None:
    """The other signature that can be made from the first is refused, so caps cannot be had twice by it."""
    signature = desk.signed(desk.permission())
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    other = (order - int.from_bytes(signature[32:64])).to_bytes(32)
    with refused("top-up: signature"):
        desk.run(desk.permission(), signature[:32] + other + bytes([55 - signature[64]]))


def test_attack_front_run_before_the_revocation(desk: Desk) -> None:
    """Whoever sees the revocation pending gains one top-up into the payer's own account, within the caps; then none."""
    desk.run(desk.permission())
    desk.contract.revoke(sender=PAYER)
    with refused("top-up: revoked"):
        desk.run(desk.permission(below=2**62))
    assert desk.there == AMOUNT


def test_attack_false_market_keeps_the_allowance(desk: Desk) -> None:
    """A market that takes less than it was allowed could take the rest out of the next payer's money: all is undone."""
    shy = desk.street.chain.deploy("ShyVault", desk.street.token)
    permission = desk.permission(market=shy.address)
    for part in (AMOUNT - 1, 0):
        shy.take(part)
        with refused("top-up: not taken"):
            desk.run(permission)
    shy.take(AMOUNT)
    desk.run(permission)
    assert desk.street.wallet(shy.address) == AMOUNT


def test_attack_reentrant_market(desk: Desk) -> None:
    """A market that calls back finds the contract locked."""
    shy = desk.street.chain.deploy("ShyVault", desk.street.token)
    permission = desk.permission(market=shy.address)
    shy.take(AMOUNT)
    shy.call_back(desk.contract, desk.contract.data("top_up", astuple(permission), desk.signed(permission)))
    with refused():
        desk.run(permission)
    assert desk.street.wallet(PAYER) == MONEY
