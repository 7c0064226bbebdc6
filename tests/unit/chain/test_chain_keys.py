"""Signatures and keys against published vectors and eth-account."""

import hashlib

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.chain import SeededKeys, address_of, check_demo_chain, keccak, recover, sign_digest
from sunfair.errors import LedgerError

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ONE = (1).to_bytes(32, "big")
DIGEST = hashlib.sha256(b"Satoshi Nakamoto").digest()
KEYS = st.integers(1, ORDER - 1).map(lambda key: key.to_bytes(32, "big"))
DIGESTS = st.binary(min_size=32, max_size=32)


def test_keccak_of_nothing() -> None:
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_known_addresses() -> None:
    assert address_of(ONE).hex() == "7e5f4552091a69125d5dfcb7b8c2659029395bdf"
    anvil = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    assert address_of(anvil).hex() == "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"


def test_signature_is_deterministic_rfc_6979() -> None:
    """The vector that Bitcoin's libraries share: key 1, sha256("Satoshi Nakamoto")."""
    signature = sign_digest(ONE, DIGEST)
    assert signature[:32].hex() == "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
    assert signature[32:64].hex() == "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
    assert signature == sign_digest(ONE, DIGEST)


@settings(max_examples=60, deadline=None)
@given(KEYS, DIGESTS)
def test_signatures_are_those_of_eth_account(key: bytes, digest: bytes) -> None:
    signature = sign_digest(key, digest)
    assert signature == bytes(Account.unsafe_sign_hash(digest, key).signature)
    assert recover(digest, signature) == address_of(key) == bytes.fromhex(Account.from_key(key).address[2:])


@settings(max_examples=40, deadline=None)
@given(KEYS, DIGESTS)
def test_attack_malleable_signature(key: bytes, digest: bytes) -> None:
    """(r, n − s) with the other v is the same signature to the curve; here it is none."""
    signature = sign_digest(key, digest)
    other = (ORDER - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    twin = signature[:32] + other + bytes([55 - signature[64]])
    with pytest.raises(ValueError, match="lower half"):
        recover(digest, twin)


@pytest.mark.parametrize("v", [0, 1, 26, 29, 30, 255])
def test_v_is_27_or_28(v: int) -> None:
    with pytest.raises(ValueError, match="v of a signature"):
        recover(DIGEST, sign_digest(ONE, DIGEST)[:64] + bytes([v]))


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (ORDER, 1), (1, ORDER // 2 + 1), (1, ORDER), (2**256 - 1, 1)])
def test_r_and_s_are_in_range(r: int, s: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        recover(DIGEST, r.to_bytes(32, "big") + s.to_bytes(32, "big") + b"\x1b")


def test_r_must_be_on_the_curve() -> None:
    with pytest.raises(ValueError, match="no key"):  # 5 is no x coordinate of secp256k1
        recover(DIGEST, (5).to_bytes(32, "big") + ONE + b"\x1b")


@pytest.mark.parametrize(("digest", "length"), [(DIGEST, 64), (DIGEST, 66), (DIGEST, 0), (DIGEST[1:], 65)])
def test_lengths_are_checked(digest: bytes, length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes and a signature 65"):
        recover(digest, b"\x1b" * length)


def test_only_digests_are_signed() -> None:
    with pytest.raises(ValueError, match="hash the message first"):
        sign_digest(ONE, b"pay 5 to the intruder")


def test_another_digest_is_another_signer() -> None:
    assert recover(keccak(b"other"), sign_digest(ONE, DIGEST)) != address_of(ONE)


def test_seeded_keys_repeat_and_differ() -> None:
    holders = ["operator", "guarantor", *map(str, range(50))]
    first = [SeededKeys(7).address(holder) for holder in holders]
    assert first == [SeededKeys(7).address(holder) for holder in holders]
    assert len(set(first + [SeededKeys(8).address(holder) for holder in holders])) == 2 * len(holders)
    # A seed and a holder never run into each other.
    assert SeededKeys(1).address("23") != SeededKeys(12).address("3")


def test_seeded_keys_sign_with_the_holders_key() -> None:
    keys = SeededKeys(7)
    assert recover(DIGEST, keys.sign("3", DIGEST)) == keys.address("3") != keys.address("4")


@pytest.mark.parametrize("chain_id", [1, 10, 100, 8453, 42161, 11155111, 0, 31338])
def test_demo_keys_are_refused_off_local_chains(chain_id: int) -> None:
    with pytest.raises(LedgerError, match="anyone can derive them"):
        SeededKeys(7, chain_id)
    with pytest.raises(LedgerError, match="anyone can derive them"):
        check_demo_chain(chain_id)


@pytest.mark.parametrize("chain_id", [31337, 1337])
def test_demo_keys_are_taken_on_local_chains(chain_id: int) -> None:
    assert len(SeededKeys(7, chain_id).address("operator")) == 20
