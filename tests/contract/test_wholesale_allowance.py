"""The wholesale allowance: written off against metered use alone, by contract and twin alike."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from vault_world import COMMUNITY, FIRST, SLOT, Contract, Refused, Street, refused

from sunfair.chain.keys import address_of, keccak, sign_digest
from sunfair.settlement.allowance import TOKEN_WH, Allowance
from sunfair.settlement.court import Meter
from sunfair.settlement.court.book_proofs import digest, reading_hash

SELLER, BUYER = 3, 4
TOKENS = 1_000
OLD, NEW = keccak(b"old meter"), keccak(b"new meter")
SWAP = FIRST + 96
"""The first slot of the new meter."""


@dataclass
class Shop:
    """A street whose retailer promised tokens, the buyer's meters, and the twin of the buyer's allowance."""

    street: Street
    contract: Contract
    twin: Allowance = field(default_factory=Allowance)

    @property
    def retailer(self) -> bytes:
        return self.street.successor

    def meter(self, slot: int) -> Meter:
        return Meter(*self.street.market.meter(BUYER, slot))

    def reading(
        self, slot: int, import_wh: int, key: bytes = OLD, account: int = BUYER, separator: bytes = b""
    ) -> bytes:
        told = reading_hash(COMMUNITY, account, slot, import_wh, 0)
        return sign_digest(key, digest(separator or self.street.market.separator(), told))

    def show(self, slot: int, import_wh: int, key: bytes = OLD, signature: bytes = b"") -> None:
        signed = signature or self.reading(slot, import_wh, key)
        self.contract.show(BUYER, slot, import_wh, 0, signed, sender=self.street.intruder)
        self.twin = self.twin.show(slot, import_wh, self.meter(slot), self.street.state.applied_slot)
        self.same()

    def write_off(self, wh: int, sender: bytes = b"") -> None:
        told = (wh, self.twin.from_slot, self.street.state.applied_slot, keccak(b"a bill"))
        self.contract.write_off(BUYER, *told, sender=sender or self.retailer)
        self.twin = self.twin.write_off(wh, *told[1:3])
        self.same()

    def redeem(self, tokens: int = 1) -> None:
        self.contract.redeem(BUYER, tokens, sender=self.street.buyer)
        self.twin = self.twin.redeem(tokens, self.street.now // SLOT)
        self.same()

    def same(self) -> None:
        twin = self.twin
        kept = twin.from_slot, twin.redeemed_wh, twin.metered_wh, twin.written_off_wh
        assert tuple(self.contract.allowance_of(BUYER)) == kept
        assert twin.written_off_wh <= min(twin.redeemed_wh, twin.metered_wh)


@pytest.fixture
def shop(busy: Street) -> Shop:
    """Two days are applied; the buyer had the old meter on the first of them, then the new one; it holds ten tokens."""
    market = busy.market
    market.set_meter(BUYER, address_of(OLD), FIRST, 1_000, 0, sender=busy.registry)
    market.set_meter(SELLER, address_of(NEW), FIRST, 0, 0, sender=busy.registry)
    contract = busy.chain.deploy("WholesaleAllowance", market, busy.successor, TOKENS, "Wholesale kWh", "WKWH")
    contract.transfer(busy.buyer, 10, sender=busy.successor)
    shop = Shop(busy, contract)
    busy.now = FIRST * SLOT + 10
    shop.redeem()
    market.set_meter(BUYER, address_of(NEW), SWAP, 5, 0, sender=busy.registry)
    busy.period()
    busy.period()
    return shop


def test_tokens_are_made_once(shop: Shop) -> None:
    contract, street = shop.contract, shop.street
    assert (contract.totalSupply(), contract.decimals(), contract.symbol()) == (TOKENS - 1, 0, "WKWH")
    assert contract.balanceOf(street.buyer) == 9
    assert not {"mint", "burn", "burn_from", "set_minter", "owner", "transfer_ownership"} & set(contract.functions)
    assert contract.TOKEN_WH() == TOKEN_WH
    for tokens, holder, why in (
        (0, street.successor, "allowance: tokens out of range"),
        (10**9 + 1, street.successor, "allowance: tokens out of range"),
        (1, bytes(20), "allowance: zero address"),
    ):
        with refused(why):
            street.chain.deploy("WholesaleAllowance", street.market, holder, tokens, "Wholesale kWh", "WKWH")


def test_use_is_written_off_as_far_as_it_was_metered(shop: Shop) -> None:
    shop.show(FIRST, 1_200)
    assert shop.twin.left_wh == 0  # what the first reading shows was used before it
    shop.show(FIRST + 95, 9_200)
    shop.show(SWAP + 5, 2_005, NEW)
    assert shop.twin.left_wh == 8_000 + 2_000
    shop.write_off(9_999)
    (event,) = shop.contract.logged("WrittenOff")
    assert (event.account, event.wh, event.statement) == (BUYER, 9_999, keccak(b"a bill"))
    shop.write_off(1)
    with refused("allowance: not metered"):
        shop.write_off(1)


def test_contract_and_twin_never_differ(shop: Shop) -> None:
    """Readings in any order, doubled or early, and what is written off between them."""
    chance, outcomes = random.Random(11), set[str]()
    registers = {FIRST + at: 1_000 + 9_000 * at for at in range(96)} | {SWAP + at: 5 + 7_000 * at for at in range(130)}
    applied, shown = shop.street.state.applied_slot, {FIRST: list[int](), SWAP: [5]}
    for _ in range(60):
        if chance.random() < 0.5:
            slot = chance.choice(sorted(registers))
            signed = shop.reading(slot, registers[slot], OLD if slot < SWAP else NEW)
            call = ("show", BUYER, slot, registers[slot], 0, signed)
            after = said(lambda slot=slot: shop.twin.show(slot, registers[slot], shop.meter(slot), applied))
        else:
            wh = max(0, shop.twin.left_wh + chance.randrange(-5, 2))
            call = ("write_off", BUYER, wh, FIRST, SWAP, bytes(32))
            after = said(lambda wh=wh: shop.twin.write_off(wh, FIRST, SWAP))
        answer = said(lambda call=call: shop.contract.functions[call[0]](*call[1:], sender=shop.retailer))
        if isinstance(after, Allowance):
            assert answer is None
            shop.twin = after
            if call[0] == "show":
                shown[shop.meter(slot).from_slot].append(registers[slot])
            # Said another way: of each meter what lies between the first and the last of what was shown.
            used = sum(max(seen) - min(seen) for seen in shown.values() if seen)
            assert shop.twin.metered_wh == used
        else:
            assert answer == after
        shop.same()
        outcomes.add(str(answer))
    assert outcomes >= {"None", "allowance: not metered", "allowance: nothing to write off", "allowance: not applied"}


def said(call: Callable[[], Any]) -> Any:
    """What a call gives, or the reason it is refused for."""
    try:
        return call()
    except (Refused, ValueError) as error:
        return str(error)


def test_what_is_left_is_bounded_by_what_was_redeemed(shop: Shop) -> None:
    shop.show(FIRST, 1_000)
    shop.show(FIRST + 95, 1_000 + 2 * TOKEN_WH)
    assert shop.twin.left_wh == TOKEN_WH
    shop.write_off(TOKEN_WH)
    with refused("allowance: not redeemed"):
        shop.write_off(1)
    shop.redeem(2)
    shop.write_off(TOKEN_WH)


def test_refusals_of_a_redemption(shop: Shop) -> None:
    redeem, street = shop.contract.redeem, shop.street
    for account, tokens, why in (
        (BUYER, 0, "allowance: nothing to redeem"),
        (2, 1, "allowance: no member"),
        (9, 1, None),
        (BUYER, 10, None),
    ):
        with refused(why):
            redeem(account, tokens, sender=street.buyer)


# Attacks


def test_attack_use_of_before_the_redemption(shop: Shop) -> None:
    """Old use is not bought again at wholesale: neither by an old reading nor by what the meter began with."""
    with refused("allowance: before the redemption"):
        shop.show(shop.twin.from_slot - 1, 1_000)
    shop.show(FIRST + 1, 50_000)
    with refused("allowance: not metered"):
        shop.write_off(1)


def test_attack_spent_twice_by_the_same_reading(shop: Shop) -> None:
    shop.show(FIRST, 1_000)
    for _ in range(2):
        shop.show(FIRST + 9, 3_000)
    shop.write_off(2_000)
    shop.show(FIRST + 9, 3_000)
    with refused("allowance: not metered"):
        shop.write_off(1)


def test_attack_late_first_reading_hides_no_use(shop: Shop) -> None:
    """Who shows a late reading first takes nothing from the account: an earlier one still counts afterwards."""
    shop.show(FIRST + 90, 90_000)
    shop.show(FIRST, 1_000)
    assert shop.twin.left_wh == 89_000


def test_attack_reading_not_yet_applied(shop: Shop) -> None:
    """Within the window somebody may still refute it."""
    slot = shop.street.state.applied_slot
    with refused("allowance: not applied"):
        shop.show(slot, 10**6, NEW)
    shop.street.settle()
    with refused("allowance: not applied"):
        shop.show(slot, 10**6, NEW)


def test_attack_forged_and_borrowed_readings(shop: Shop) -> None:
    """Another key, the meter that was replaced or is not yet in force, a neighbour's reading, another market's: none counts."""
    elsewhere = keccak(b"another market")
    for slot, signature in (
        (FIRST, shop.reading(FIRST, 9_999, keccak(b"intruder"))),
        (FIRST, shop.reading(FIRST, 9_999, NEW)),
        (SWAP, shop.reading(SWAP, 9_999, OLD)),
        (SWAP, shop.reading(SWAP, 9_999, NEW, SELLER)),
        (FIRST, shop.reading(FIRST, 9_999, OLD, BUYER, elsewhere)),
        (FIRST, shop.reading(FIRST, 9_998)),
        (FIRST, bytes(65)),
    ):
        with refused("allowance: signature"):
            shop.show(slot, 9_999, signature=signature)


def test_attack_register_below_where_it_began(shop: Shop) -> None:
    """A meter that runs backwards would count the same energy twice."""
    with refused("allowance: register out of range"):
        shop.show(SWAP, 4, NEW)
    with refused("allowance: register out of range"):
        shop.show(SWAP, 2**63, NEW)


def test_attack_written_off_by_somebody_else(shop: Shop) -> None:
    shop.show(FIRST, 1_000)
    shop.show(FIRST + 9, 3_000)
    for thief in (shop.street.operator, shop.street.buyer, shop.street.utility, shop.street.intruder):
        with refused("allowance: not the retailer"):
            shop.write_off(1, thief)
    with refused("allowance: slots"):
        shop.contract.write_off(BUYER, 1, FIRST + 1, FIRST, bytes(32), sender=shop.retailer)
    with refused("allowance: slots"):
        shop.contract.write_off(BUYER, 1, shop.twin.from_slot - 1, FIRST, bytes(32), sender=shop.retailer)


def test_attack_allowance_of_an_account_that_redeemed_nothing(shop: Shop) -> None:
    with refused("allowance: nothing redeemed"):
        shop.contract.show(SELLER, FIRST, 0, 0, shop.reading(FIRST, 0, NEW, SELLER))
    with refused("allowance: not redeemed"):
        shop.contract.write_off(SELLER, 1, FIRST, FIRST, bytes(32), sender=shop.retailer)
