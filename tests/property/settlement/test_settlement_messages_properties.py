"""Digests of the signed messages against eth-account's own encoder of EIP-712 typed data."""

import numpy as np
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.model import Curves
from sunfair.settlement import (
    OFFER_TYPE,
    READING_TYPE,
    RECEIPT_TYPE,
    Domain,
    offer_digests,
    reading_digests,
    receipt_digests,
)
from sunfair.units import NO_BUY, NO_SELL, STEPS_MAX

TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "Step": [{"name": "energy_wh", "type": "int64"}, {"name": "limit", "type": "int64"}],
    "Offer": [
        {"name": "community", "type": "bytes32"},
        {"name": "account", "type": "uint32"},
        {"name": "first_slot", "type": "uint64"},
        {"name": "last_slot", "type": "uint64"},
        {"name": "steps", "type": "Step[]"},
        {"name": "pool_buy", "type": "int64"},
        {"name": "pool_sell", "type": "int64"},
        {"name": "nonce", "type": "uint64"},
    ],
    "Receipt": [
        {"name": "offer", "type": "bytes32"},
        {"name": "first_slot", "type": "uint64"},
        {"name": "last_slot", "type": "uint64"},
    ],
    "Reading": [
        {"name": "community", "type": "bytes32"},
        {"name": "account", "type": "uint32"},
        {"name": "slot", "type": "uint64"},
        {"name": "import_wh", "type": "uint64"},
        {"name": "export_wh", "type": "uint64"},
    ],
}

NEEDED = {kind: ["EIP712Domain", kind] for kind in ("Receipt", "Reading")} | {
    "Offer": ["EIP712Domain", "Offer", "Step"]
}

DOMAINS = st.builds(
    Domain,
    community=st.text(max_size=40),
    chain_id=st.integers(1, 2**64),
    market=st.binary(min_size=20, max_size=20),
)
ACCOUNTS = st.integers(0, 2**32 - 1)
UINTS = st.integers(0, 2**63 - 1)
NUMBERS = st.integers(-(10**9), 10**9)
STEPS = st.lists(st.tuples(NUMBERS.filter(bool), NUMBERS), max_size=STEPS_MAX)
OFFERS = st.tuples(ACCOUNTS, STEPS, UINTS, UINTS, NUMBERS | st.just(NO_BUY), NUMBERS | st.just(NO_SELL), UINTS)


def typed(domain, kind, message):
    """What a wallet is given to sign."""
    return {
        "types": {name: TYPES[name] for name in NEEDED[kind]},
        "primaryType": kind,
        "domain": {
            "name": "Sunfair",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": "0x" + domain.market.hex(),
        },
        "message": message,
    }


def digest(domain, kind, message):
    signable = encode_typed_data(full_message=typed(domain, kind, message))
    return keccak(b"\x19" + signable.version + signable.header + signable.body), signable.header


def curves_of(offers):
    energy, limit = np.zeros((2, len(offers), STEPS_MAX), np.int64)
    for i, offer in enumerate(offers):
        for j, step in enumerate(offer[1]):
            energy[i, j], limit[i, j] = step
    return Curves(energy, limit, np.array([o[4] for o in offers], np.int64), np.array([o[5] for o in offers], np.int64))


@settings(deadline=None, max_examples=100)
@given(DOMAINS, st.lists(OFFERS, min_size=1, max_size=5))
def test_offers(domain, offers):
    accounts, first, last, nonce = ([offer[i] for offer in offers] for i in (0, 2, 3, 6))
    digests = offer_digests(domain, accounts, curves_of(offers), first, last, nonce)
    assert digests.shape == (len(offers), 32)
    for offer, ours in zip(offers, digests, strict=True):
        message = {
            "community": keccak(domain.community.encode()),
            "account": offer[0],
            "first_slot": offer[2],
            "last_slot": offer[3],
            "steps": [{"energy_wh": energy, "limit": limit} for energy, limit in offer[1]],
            "pool_buy": offer[4],
            "pool_sell": offer[5],
            "nonce": offer[6],
        }
        theirs, separator = digest(domain, "Offer", message)
        assert ours.tobytes() == theirs
        assert domain.separator == separator


@settings(deadline=None, max_examples=50)
@given(DOMAINS, st.lists(st.tuples(st.binary(min_size=32, max_size=32), UINTS, UINTS), min_size=1, max_size=5))
def test_receipts(domain, receipts):
    offers = np.array([list(offer) for offer, _, _ in receipts], np.uint8)
    first, last = ([receipt[i] for receipt in receipts] for i in (1, 2))
    for (offer, a, b), ours in zip(receipts, receipt_digests(domain, offers, first, last), strict=True):
        message = {"offer": offer, "first_slot": a, "last_slot": b}
        assert ours.tobytes() == digest(domain, "Receipt", message)[0]


@settings(deadline=None, max_examples=50)
@given(DOMAINS, st.lists(st.tuples(ACCOUNTS, UINTS, UINTS, UINTS), min_size=1, max_size=5))
def test_readings(domain, readings):
    columns = [list(column) for column in zip(*readings, strict=True)]
    for (account, slot, taken, given_), ours in zip(readings, reading_digests(domain, *columns), strict=True):
        message = {
            "community": keccak(domain.community.encode()),
            "account": account,
            "slot": slot,
            "import_wh": taken,
            "export_wh": given_,
        }
        assert ours.tobytes() == digest(domain, "Reading", message)[0]


def test_a_wallet_signs_what_the_market_checks():
    """A signature by eth-account over the typed data recovers from the digest made here."""
    domain = Domain("Sonnenstraße 1–99", 31_337, bytes(range(20)))
    key = "0x" + "11" * 32
    message = {"offer": b"\x01" * 32, "first_slot": 1, "last_slot": 96}
    signed = Account.sign_typed_data(key, full_message=typed(domain, "Receipt", message))
    ours = receipt_digests(domain, np.full((1, 32), 1, np.uint8), [1], [96])[0].tobytes()
    assert signed.message_hash == ours
    assert Account._recover_hash(ours, signature=signed.signature) == Account.from_key(key).address


def test_type_strings_are_those_of_the_formats():
    def declared(kind):
        return f"{kind}({','.join(field['type'] + ' ' + field['name'] for field in TYPES[kind])})"

    assert declared("Offer") + declared("Step") == OFFER_TYPE
    assert declared("Receipt") == RECEIPT_TYPE
    assert declared("Reading") == READING_TYPE
