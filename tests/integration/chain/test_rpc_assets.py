"""Tokens that cannot be a market's money are refused before anything is deployed, with the reason."""

from typing import Any

import pytest

from sunfair.chain import RpcNetwork, SeededKeys, contract
from sunfair.chain.abi import Abi
from sunfair.chain.anvil import Anvil
from sunfair.chain.assets import check_asset
from sunfair.chain.rpc import RpcRefused

KEYS = SeededKeys(7)

TOKEN = """
# pragma version ==0.4.3
# pragma evm-version cancun
event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256

decimals: public(uint8)
balanceOf: public(HashMap[address, uint256])
fee_bps: uint256
extra: uint256
shut: bool

@deploy
def __init__(decimals_: uint8, fee_bps: uint256, extra: uint256, shut: bool):
    self.decimals = decimals_
    self.fee_bps = fee_bps
    self.extra = extra
    self.shut = shut

@external
def give(to: address, amount: uint256):
    self.balanceOf[to] += amount
    log Transfer(sender=empty(address), receiver=to, value=amount)

@external
def transfer(to: address, amount: uint256) -> bool:
    assert not self.shut, "token: shut"
    self.balanceOf[msg.sender] -= amount + self.extra
    self.balanceOf[to] += amount - amount * self.fee_bps // 10000
    log Transfer(sender=msg.sender, receiver=to, value=amount)
    return True
"""


@pytest.fixture(scope="module")
def compiled() -> tuple[Abi, bytes]:
    from vyper import compile_code

    built = compile_code(TOKEN, output_formats=["abi", "bytecode"])
    return Abi(built["abi"]), bytes.fromhex(built["bytecode"][2:])


def deploy(network: RpcNetwork, compiled: tuple[Abi, bytes], *args: Any, held: int = 1_000_000) -> bytes:
    abi, code = compiled
    receipt = network.transact(KEYS, "operator", None, code + abi.constructor(*args), timestamp=0)
    assert receipt.created is not None
    if held:
        give = abi.call("give", KEYS.address("9"), held)
        network.transact(KEYS, "operator", receipt.created, give, timestamp=0)
    return receipt.created


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        ((6, 0, 0, False), None),
        ((18, 0, 0, False), r"has 18 decimals; balances are µ, so a market's money has exactly 6"),
        ((6, 30, 0, False), r"takes a fee: of a transfer of 1000000, 1000000 leave the sender and 997000 arrive"),
    ],
)
def test_a_token_is_tried(anvil: Anvil, compiled: tuple[Abi, bytes], args: tuple[Any, ...], fault: str | None) -> None:
    anvil.fund(KEYS.address("operator"))
    with RpcNetwork.connect(anvil.rpc) as network:
        token = deploy(network, compiled, *args)
        check = check_asset(network.node, token, "--asset")
        before = network.nonce(KEYS.address("9"))
    assert check.notices == ()
    assert before == 0
    if fault is None:
        assert check.faults == ()
    else:
        (found,) = check.faults
        assert fault in str(found)
        assert f"--asset 0x{token.hex()}" in str(found)


def test_what_could_not_be_tried_is_said(anvil: Anvil, compiled: tuple[Abi, bytes]) -> None:
    anvil.fund(KEYS.address("operator"))
    with RpcNetwork.connect(anvil.rpc) as network:
        empty = check_asset(network.node, deploy(network, compiled, 6, 0, 0, False, held=0), "--token")
        shut = check_asset(network.node, deploy(network, compiled, 6, 0, 0, True), "--token")
    assert empty.faults == shut.faults == ()
    assert "nobody is known to hold it" in empty.notices[0]
    assert "may not transfer" in shut.notices[0]


def test_a_node_that_cannot_simulate_is_said(
    anvil: Anvil, compiled: tuple[Abi, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    anvil.fund(KEYS.address("operator"))
    with RpcNetwork.connect(anvil.rpc) as network:
        token = deploy(network, compiled, 6, 0, 0, False)
        ask = network.node.rpc.call

        def without(method: str, *params: Any) -> Any:
            if method == "eth_simulateV1":
                raise RpcRefused("node", method, -32601, "the method does not exist")
            return ask(method, *params)

        monkeypatch.setattr(network.node.rpc, "call", without)
        check = check_asset(network.node, token, "--token")
    assert check.faults == ()
    assert "cannot simulate" in check.notices[0]


def test_what_is_no_token(anvil: Anvil) -> None:
    anvil.fund(KEYS.address("operator"))
    with RpcNetwork.connect(anvil.rpc) as network:
        (nobody,) = check_asset(network.node, b"\1" * 20, "--asset").faults
        # Code that answers nothing, and code that answers something else.
        anvil.rpc.call("anvil_setCode", "0x" + "02" * 20, "0x00")
        anvil.rpc.call("anvil_setCode", "0x" + "03" * 20, "0x60015ff3")
        (silent,) = check_asset(network.node, b"\2" * 20, "--asset").faults
        (strange,) = check_asset(network.node, b"\3" * 20, "--asset").faults
    assert "there is no contract" in str(nobody)
    assert "no ERC-20" in str(silent)
    assert "no ERC-20" in str(strange)


def test_the_simulated_euro_would_do(anvil: Anvil) -> None:
    anvil.fund(KEYS.address("operator"))
    euro = contract("SimulatedEuro")
    with RpcNetwork.connect(anvil.rpc) as network:
        token = network.transact(KEYS, "operator", None, euro.creation(), timestamp=0).created
        assert token is not None
        network.transact(KEYS, "operator", token, euro.abi.call("issue", 7), timestamp=0)
        check = check_asset(network.node, token, "--asset")
    assert (check.faults, check.notices) == ((), ())
