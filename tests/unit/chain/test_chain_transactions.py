"""Transactions against eth-account and the example of EIP-155."""

from typing import Any

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.chain import Transaction, address_of, decode_raw, rlp, sign_digest

KEY = b"\x46" * 32
TO = b"\x35" * 20
EIP_155 = (
    "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a0"
    "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a0"
    "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
)


def legacy(**changes: Any) -> bytes:
    fields = {"nonce": 3, "gasPrice": 0, "gas": 50_000, "to": TO, "value": 1, "data": b"\x01\x02", "chainId": 31337}
    return bytes(Account.sign_transaction(fields | changes, KEY).raw_transaction)


def eip_1559(**changes: Any) -> bytes:
    prices = {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0, "type": 2, "gasPrice": None}
    changed = (
        {"nonce": 3, "gas": 50_000, "to": TO, "value": 1, "data": b"\x01\x02", "chainId": 31337} | prices | changes
    )
    fields = {name: value for name, value in changed.items() if value is not None}
    return bytes(Account.sign_transaction(fields, KEY).raw_transaction)


def test_example_of_eip_155() -> None:
    signed = decode_raw(bytes.fromhex(EIP_155))
    assert signed.sender.hex() == "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"
    assert signed.transaction == Transaction(1, 9, TO, b"", 10**18, 21_000)


@settings(max_examples=30, deadline=None)
@given(
    nonce=st.integers(0, 2**64 - 2),
    to=st.none() | st.binary(min_size=20, max_size=20),
    data=st.binary(max_size=100),
    value=st.integers(0, 2**256 - 1),
    gas=st.integers(0, 2**24),
)
def test_raw_bytes_are_those_of_eth_account(nonce: int, to: bytes | None, data: bytes, value: int, gas: int) -> None:
    transaction = Transaction(31337, nonce, to, data, value, gas)
    raw = transaction.raw(sign_digest(KEY, transaction.digest()))
    expected = eip_1559(nonce=nonce, to=to or b"", data=data, value=value, gas=gas)
    assert raw == expected
    assert decode_raw(raw).transaction == transaction
    assert decode_raw(raw).sender == address_of(KEY)


@pytest.mark.parametrize(
    "raw",
    [legacy(), eip_1559(), eip_1559(type=1, gasPrice=0, maxFeePerGas=None, maxPriorityFeePerGas=None)],
    ids=["legacy", "eip-1559", "eip-2930"],
)
def test_every_kind_is_read(raw: bytes) -> None:
    signed = decode_raw(raw)
    assert signed.transaction == Transaction(31337, 3, TO, b"\x01\x02", 1, 50_000)
    assert signed.sender == address_of(KEY)


def test_attack_transaction_without_chain_id() -> None:
    """Signed before EIP-155, it is valid on every chain."""
    with pytest.raises(ValueError, match="could be replayed on any chain"):
        decode_raw(legacy(chainId=None))


def test_attack_malleable_transaction() -> None:
    """The twin has another hash and the same sender: it would be a second transaction out of one signature."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    fields = list(rlp.decode(eip_1559()[1:]))
    parity, s = rlp.integer(fields[-3]), rlp.integer(fields[-1])
    fields[-3], fields[-1] = rlp.minimal(1 - parity), rlp.minimal(order - s)
    with pytest.raises(ValueError, match="lower half"):
        decode_raw(b"\x02" + rlp.encode(fields))


def changed(index: int, value: Any) -> bytes:
    fields = list(rlp.decode(eip_1559()[1:]))
    fields[index] = value
    return b"\x02" + rlp.encode(fields)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", "transaction type 0"),
        (b"\x03\xc0", "transaction type 3"),
        (b"\x7f", "transaction type 127"),
        (b"\x02\xc0", "a list of 12 fields"),
        (b"\x02\x80", "a list of 12 fields"),
        (b"\xc0", "a list of 9 fields"),
        (eip_1559() + b"\0", "follow the end"),
        (changed(5, b"\x35" * 19), "receiver is no address"),
        (changed(5, [TO]), "receiver is no address"),
        (changed(7, [b"\x01"]), "no bytes"),
        (changed(6, b"\x01" + b"\0" * 32), "more than 256 bits"),
        (changed(1, b"\0"), "leading zeros"),
        (changed(8, [[TO, []]]), "access list"),
        (changed(9, b"\x02"), "out of range"),
        (changed(10, b"\xff" * 33), "out of range"),
        (changed(10, b""), "out of range"),
    ],
)
def test_what_is_no_transaction(raw: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        decode_raw(raw)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_transaction_or_a_value_error(data: bytes) -> None:
    for raw in (data, b"\x02" + data, bytes([*eip_1559()[:40], *data])):
        with pytest.raises(ValueError):  # noqa: PT011 (which fault comes first is chance)
            decode_raw(raw)
