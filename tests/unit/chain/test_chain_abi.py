"""The ABI helpers against published selectors and hashes."""

import pytest

from sunfair.chain import GUARANTOR, contract
from sunfair.chain.abi import Abi, decode, encode, revert_reason, signature
from sunfair.chain.keys import keccak
from sunfair.errors import LedgerError
from sunfair.settlement.court import Anchor

TRANSFER = {
    "type": "function",
    "name": "transfer",
    "inputs": [{"name": "to", "type": "address"}, {"name": "amount", "type": "uint256"}],
    "outputs": [{"name": "", "type": "bool"}],
}
EVENT = {
    "type": "event",
    "name": "Transfer",
    "inputs": [
        {"name": "from", "type": "address", "indexed": True},
        {"name": "to", "type": "address", "indexed": True},
        {"name": "value", "type": "uint256", "indexed": False},
    ],
}
ABI = Abi([TRANSFER, EVENT])
ADDRESS = bytes(range(20))


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_call_data_of_a_transfer() -> None:
    assert signature(TRANSFER) == "transfer(address,uint256)"
    data = ABI.call("transfer", ADDRESS, 5)
    assert data == bytes.fromhex("a9059cbb") + b"\0" * 12 + ADDRESS + word(5)
    assert ABI.arguments("transfer", data) == (ADDRESS, 5)
    assert ABI.arguments("transfer", b"\0\0\0\0" + data[4:]) is None


def test_event_of_a_transfer() -> None:
    topic = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
    event = ABI.event([topic, b"\0" * 12 + ADDRESS, word(2)], word(9))
    assert event is not None
    assert (event.name, event.args) == ("Transfer", {"from": ADDRESS, "to": word(2)[12:], "value": 9})
    assert ABI.event([keccak(b"Other()")], b"") is None
    assert ABI.event([], b"") is None


def test_addresses_are_bytes_in_arrays_too() -> None:
    data = encode(["address[3]", "address[]"], [[ADDRESS] * 3, [ADDRESS]])
    assert decode(["address[3]", "address[]"], data) == ((ADDRESS,) * 3, (ADDRESS,))


def test_values_that_do_not_fit() -> None:
    for kind, value in (("uint256", -1), ("int256", 2**255), ("bytes32", b"\0" * 33), ("address", b"\0" * 19)):
        with pytest.raises(ValueError, match="not encodable"):
            encode([kind], [value])


def test_answers_that_are_none() -> None:
    for data in (b"", b"\x01" * 31, b"\xff" * 64):
        with pytest.raises(LedgerError, match="the chain's answer is not"):
            decode(["string"], data)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (bytes.fromhex("08c379a0") + encode(["string"], ["market: door shut"]), "market: door shut"),
        (bytes.fromhex("4e487b71") + word(0x11), "panic 0x11"),
        (b"", ""),
        (b"\x12\x34\x56\x78", "0x12345678"),
        (bytes.fromhex("08c379a0") + b"\xff" * 40, "0x08c379a0" + "ff" * 40),
    ],
)
def test_revert_reasons(output: bytes, reason: str) -> None:
    assert revert_reason(output) == reason


def test_structs_are_tuples_of_their_members() -> None:
    """A struct's signature and code are those of a tuple; a dataclass goes in, a tuple with plain addresses comes out."""
    market = contract("EnergyMarket").abi
    anchor = Anchor(1, 2, 3, 4, ADDRESS, 5, b"\x06" * 32)
    head = keccak(b"is_anchor((uint256,uint256,uint256,uint256,address,uint256,bytes32))")[:4]
    data = head + word(1) + word(2) + word(3) + word(4) + bytes(12) + ADDRESS + word(5) + b"\x06" * 32
    assert market.call("is_anchor", anchor) == data
    assert market.arguments("is_anchor", data) == ((1, 2, 3, 4, ADDRESS, 5, b"\x06" * 32),)


def test_addresses_within_lists_and_structs() -> None:
    kind = "(address,(uint256,address[2])[],bytes)"
    value = (ADDRESS, ((7, (ADDRESS, b"\x01" * 20)),), b"x")
    assert decode([kind], encode([kind], [value])) == (value,)


def test_shipped_contracts_speak() -> None:
    market = contract("EnergyMarket").abi
    assert market.arguments("withdraw", market.call("withdraw", GUARANTOR)) == (2**32 - 1,)
    assert contract("EnergyCredit").abi.call("transfer", ADDRESS, 5) == ABI.call("transfer", ADDRESS, 5)
    people = *[ADDRESS] * 2, [ADDRESS] * 3, [ADDRESS] * 5
    assert contract("EnergyMarket").creation(ADDRESS, ADDRESS + b"\0" * 12, *people, *range(1, 7))
