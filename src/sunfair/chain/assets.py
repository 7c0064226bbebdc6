"""Whether somebody else's token can be the money of a market: asked, and tried, before anything is deployed on it."""

from dataclasses import dataclass
from typing import Any

from sunfair.chain.abi import decode, encode
from sunfair.chain.keys import keccak
from sunfair.chain.node import Node
from sunfair.chain.rpc import RpcRefused, octets, quantity
from sunfair.errors import Fault, LedgerError, Reverted

__all__ = ["DECIMALS", "AssetCheck", "check_asset"]

DECIMALS = 6
"""Decimals of the money: a balance of 1 is 1 µ."""

_TRANSFER = keccak(b"Transfer(address,address,uint256)")
_LOOK_BACK = (20, 500, 5_000)
_STRANGER = keccak(b"sunfair: whoever gets the trial transfer")[12:]


@dataclass(frozen=True, slots=True)
class AssetCheck:
    """What is wrong with a token (nothing: it may be used), and what could not be found out."""

    faults: tuple[Fault, ...]
    notices: tuple[str, ...] = ()


def check_asset(node: Node, address: bytes, option: str) -> AssetCheck:
    """Look whether the token at `address`, named by `option`, has 6 decimals and moves exactly what it is told to.

    A transfer by a present holder is tried in a simulated block (`eth_simulateV1`); nothing is sent.
    """
    place = f"{option} 0x{address.hex()}"
    if not node.code(address):
        return AssetCheck((Fault(place, "there is no contract", "look whether it is of this chain"),))
    decimals = _view(node, address, "decimals()")
    if decimals is None:
        return AssetCheck((Fault(place, "does not say its decimals: it is no ERC-20 token", "name another"),))
    if decimals != DECIMALS:
        why = f"has {decimals} decimals; balances are µ, so a market's money has exactly {DECIMALS}"
        return AssetCheck((Fault(place, why, "name a stablecoin with 6 decimals, or wrap this one in such a token"),))
    return _try_transfer(node, address, place)


def _try_transfer(node: Node, address: bytes, place: str) -> AssetCheck:
    """Whether a transfer moves all that it is asked to move, no more and no less, from both sides."""
    holder = _holder(node, address)
    if holder is None:
        return AssetCheck((), (f"{place}: nobody is known to hold it, so no transfer could be tried",))
    who, amount = holder
    balances = [_call("balanceOf(address)", ["address"], [at]) for at in (who, _STRANGER)]
    calls = [*balances, _call("transfer(address,uint256)", ["address", "uint256"], [_STRANGER, amount]), *balances]
    try:
        answers = _simulate(node, who, address, calls)
    except RpcRefused:
        return AssetCheck(
            (), (f"{place}: the node cannot simulate, so no transfer was tried (a fee would show there)",)
        )
    (_, his), (_, other), (moved, _), (_, his_then), (_, other_then) = answers
    if not moved:
        return AssetCheck((), (f"{place}: its holder 0x{who.hex()} may not transfer, so no transfer could be tried",))
    taken, arrived = _number(his) - _number(his_then), _number(other_then) - _number(other)
    if (taken, arrived) != (amount, amount):
        why = f"takes a fee: of a transfer of {amount}, {taken} leave the sender and {arrived} arrive"
        return AssetCheck((Fault(place, why, "name a token whose transfers move exactly what they are asked to"),))
    return AssetCheck(())


def _holder(node: Node, address: bytes) -> tuple[bytes, int] | None:
    """Somebody who holds the token now, and how much: the receiver of one of its last transfers."""
    head = node.head().number
    for blocks in _LOOK_BACK:
        try:
            logs = list(node.logs(address, [_TRANSFER], max(0, head - blocks), head))
        except LedgerError:
            return None
        receivers = {logged.log.topics[2][12:]: None for logged in reversed(logs) if len(logged.log.topics) == 3}
        for who in list(receivers)[:10]:
            held = _view(node, address, "balanceOf(address)", ["address"], [who]) or 0
            if any(who) and held:
                return who, held
    return None


def _view(
    node: Node, to: bytes, signature: str, types: list[str] | None = None, args: list[Any] | None = None
) -> int | None:
    """A number that a contract answers, None if it answers none."""
    try:
        return _number(node.call(to, _call(signature, types or [], args or [])))
    except Reverted:
        return None
    except LedgerError as error:
        if isinstance(error, RpcRefused) or "is not (uint256)" not in str(error):
            raise
        return None


def _simulate(node: Node, sender: bytes, to: bytes, calls: list[bytes]) -> list[tuple[bool, bytes]]:
    """Status and output of calls one after the other in a block that is never made (geth, reth, Nethermind, anvil)."""
    questions = [{"from": "0x" + sender.hex(), "to": "0x" + to.hex(), "input": "0x" + data.hex()} for data in calls]
    found = node.rpc.call("eth_simulateV1", {"blockStateCalls": [{"calls": questions}]}, "latest")
    try:
        answers = found[0]["calls"]
        read = [(quantity(a["status"], "status") == 1, octets(a["returnData"], "call's output")) for a in answers]
    except (LookupError, TypeError) as error:
        raise LedgerError(f"{node.place} answers eth_simulateV1 with something else") from error
    if len(read) != len(calls):
        raise LedgerError(f"{node.place} simulates {len(read)} calls where {len(calls)} were asked for")
    return read


def _call(signature: str, types: list[str], args: list[Any]) -> bytes:
    return keccak(signature.encode())[:4] + encode(types, args)


def _number(output: bytes) -> int:
    return int(decode(["uint256"], output)[0])
