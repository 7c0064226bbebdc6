"""The key swap at first boot: what counts afterwards, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from sunfair.app.first_boot import next_day_slot, sign_swap, swap_key
from sunfair.chain import EmbeddedChain, MarketLedger, SeededKeys, deploy_market, keccak, recover
from sunfair.errors import InputError, Reverted
from sunfair.ports import Enrolment
from sunfair.settlement import Domain, reading_digests
from sunfair.settlement.court import Meter
from sunfair.settlement.court.book_proofs import is_read
from sunfair.settlement.key_swap import KeySwap
from sunfair.wiring.adapters import Secp256k1Signatures

SLOT = 900
START = 1_465_948_800  # midnight, UTC
STREET = "street"


class HandClock:
    """A clock that stands until it is set."""

    def __init__(self, time: int) -> None:
        self.time = time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)


class Shipped:
    """A market whose members 3 and 4 have meters with the keys they were shipped with."""

    def __init__(self) -> None:
        self.clock, self.keys = HandClock(START - 1800), SeededKeys(7)
        chain = EmbeddedChain()
        deployment = deploy_market(chain, self.keys, self.clock, keccak(STREET.encode()))
        self.ledger = MarketLedger(chain, deployment, self.keys, self.clock)
        self.domain = Domain(STREET, chain.chain_id, deployment.market)
        self.ledger.open_accounts([self.keys.address(str(account)) for account in (3, 4)], [10_000, 10_000])
        meters = [(account, Meter(self.keys.address(f"set-up {account}"), START // SLOT, 0, 0)) for account in (3, 4)]
        self.ledger.enrol(
            [Enrolment(account, keccak(b"c%d" % account), keccak(b"n%d" % account)) for account in (3, 4)]
        )
        self.ledger.bind_meters(meters)
        self.clock.time = START + 3600
        self.next = next_day_slot(self.clock.time, SLOT)
        self.swap = KeySwap(3, self.keys.address("set-up 3"), self.keys.address("own 3"), self.next)

    def sign(self, swap: KeySwap, set_up: str = "set-up 3", own: str = "own 3") -> tuple[bytes, bytes]:
        return sign_swap(self.keys, set_up, own, swap, self.domain)

    def run(self, swap: KeySwap, signed: tuple[bytes, bytes] | None = None) -> Meter:
        both = self.sign(swap) if signed is None else signed
        return swap_key(swap, *both, domain=self.domain, ledger=self.ledger, signatures=Secp256k1Signatures())

    def counts(self, holder: str, slot: int) -> bool:
        """Whether a reading of account 3 signed by this key is one of its meter's in the slot."""
        digest = reading_digests(self.domain, [3], [slot], [100], [0])[0].tobytes()
        facts = self.ledger.facts()
        return is_read(facts, recover, 3, slot, 100, 0, self.keys.sign(holder, digest))


@pytest.fixture
def shipped() -> Shipped:
    return Shipped()


def refused(shipped: Shipped, swap: KeySwap, signed: tuple[bytes, bytes] | None = None) -> list[str]:
    before = shipped.ledger.record().meters
    with pytest.raises(InputError) as caught:
        shipped.run(swap, signed)
    assert shipped.ledger.record().meters == before
    return [fault.place for fault in caught.value.faults]


def test_after_the_date_the_set_up_key_counts_no_more(shipped: Shipped) -> None:
    assert shipped.counts("set-up 3", shipped.next)
    meter = shipped.run(shipped.swap)
    assert meter == Meter(shipped.keys.address("own 3"), shipped.next, 0, 0)
    for slot in (START // SLOT, shipped.next - 1):
        assert (shipped.counts("set-up 3", slot), shipped.counts("own 3", slot)) == (True, False)
    for slot in (shipped.next, shipped.next + 10**6):
        assert (shipped.counts("set-up 3", slot), shipped.counts("own 3", slot)) == (False, True)


def test_the_message_is_what_any_eip712_library_signs(shipped: Shipped) -> None:
    swap = replace(shipped.swap, import_wh=5, export_wh=7)
    types = {
        "EIP712Domain": [
            ("name", "string"),
            ("version", "string"),
            ("chainId", "uint256"),
            ("verifyingContract", "address"),
        ],
        "KeySwap": [
            ("community", "bytes32"),
            ("account", "uint32"),
            ("old_key", "address"),
            ("new_key", "address"),
            ("from_slot", "uint64"),
            ("import_wh", "uint64"),
            ("export_wh", "uint64"),
        ],
    }
    message = {
        "types": {name: [{"name": key, "type": kind} for key, kind in fields] for name, fields in types.items()},
        "primaryType": "KeySwap",
        "domain": {
            "name": "Sunfair",
            "version": "1",
            "chainId": shipped.domain.chain_id,
            "verifyingContract": "0x" + shipped.domain.market.hex(),
        },
        "message": {
            "community": shipped.domain.community_id,
            "account": 3,
            "old_key": "0x" + swap.old_key.hex(),
            "new_key": "0x" + swap.new_key.hex(),
            "from_slot": swap.from_slot,
            "import_wh": 5,
            "export_wh": 7,
        },
    }
    key = b"\x05" * 32
    signed = Account.sign_message(encode_typed_data(full_message=message), key)
    assert (
        recover(swap.digest(shipped.domain), bytes(signed.signature)).hex() == Account.from_key(key).address[2:].lower()
    )


def test_attack_swap_replayed(shipped: Shipped) -> None:
    """Shown again, at once or when its day has begun, or turned back: it counts once."""
    signed = shipped.sign(shipped.swap)
    shipped.run(shipped.swap, signed)
    assert refused(shipped, shipped.swap, signed) == [
        f"old key 0x{shipped.swap.old_key.hex()}",
        f"new key 0x{shipped.swap.new_key.hex()}",
    ]
    shipped.clock.time += 86_400
    assert f"from_slot {shipped.next}" in refused(shipped, shipped.swap, signed)
    back = KeySwap(3, shipped.swap.new_key, shipped.swap.old_key, shipped.next + 96)
    assert refused(shipped, back, shipped.sign(back, "own 3", "set-up 3")) == [f"new key 0x{back.new_key.hex()}"]


def test_attack_swap_of_another_account_market_or_chain(shipped: Shipped) -> None:
    other = KeySwap(4, shipped.keys.address("set-up 4"), shipped.swap.new_key, shipped.next)
    both = ["signature of the old key", "signature of the new key"]
    assert refused(shipped, other, shipped.sign(shipped.swap)) == both
    for where in (
        replace(shipped.domain, chain_id=1),
        replace(shipped.domain, market=bytes(20)),
        replace(shipped.domain, community="another street"),
    ):
        elsewhere = sign_swap(shipped.keys, "set-up 3", "own 3", shipped.swap, where)
        assert refused(shipped, shipped.swap, elsewhere) == both


def test_attack_thief_without_one_of_the_keys(shipped: Shipped) -> None:
    """Neither who knows the set-up key alone, nor who has a key of its own alone, moves the binding."""
    assert refused(shipped, shipped.swap, shipped.sign(shipped.swap, "set-up 3", "thief")) == [
        "signature of the new key"
    ]
    assert refused(shipped, shipped.swap, shipped.sign(shipped.swap, "thief", "own 3")) == ["signature of the old key"]
    assert refused(shipped, shipped.swap, (b"", b"\0" * 65)) == ["signature of the old key", "signature of the new key"]


def test_attack_neighbours_meter_as_the_new_key(shipped: Shipped) -> None:
    swap = replace(shipped.swap, new_key=shipped.keys.address("set-up 4"))
    assert refused(shipped, swap, shipped.sign(swap, own="set-up 4")) == [f"new key 0x{swap.new_key.hex()}"]


def test_everything_wrong_is_said_at_once(shipped: Shipped) -> None:
    swap = KeySwap(9, shipped.keys.address("set-up 4"), bytes(20), START // SLOT, import_wh=2**63)
    assert refused(shipped, swap) == [
        "signature of the old key",
        "signature of the new key",
        "account 9",
        f"from_slot {START // SLOT}",
        "registers",
    ]
    assert np.array_equal(next_day_slot(START - 1, SLOT), START // SLOT)


def test_the_contract_itself_refuses_a_past_date(shipped: Shipped) -> None:
    with pytest.raises(Reverted, match="dated ahead"):
        shipped.ledger.bind_meters([(3, Meter(shipped.swap.new_key, shipped.next - 1, 0, 0))])
