"""Finding a market on a network by its address alone: what it was made with, and that its code is the one shipped.

Immutable values stand in a contract's code. So each contract is created again in a call that changes nothing, with the
arguments that it says it has, and the code that this gives has to be the code that stands there.
"""

from collections.abc import Sequence
from typing import Any

from sunfair.chain.abi import encode
from sunfair.chain.contract_set import Charter, numbers_of
from sunfair.chain.contracts import contract
from sunfair.chain.deployment import GUARANTOR, Deployment
from sunfair.chain.keys import keccak
from sunfair.chain.network import NOBODY
from sunfair.chain.remote import RpcNetwork
from sunfair.chain.rpc import RpcRefused, Unreachable, octets, quantity
from sunfair.errors import Fault, InputError, LedgerError

__all__ = ["boards_of", "check_registry", "market_at"]

_COURTS = ("AuctionCourt", "RowCourt", "BookCourt", "Docket", "MeterRegistry")
_SPAN = 10_000
_ANYBODY = bytes(19) + b"\1", bytes(19) + b"\2", tuple(bytes(19) + bytes([at]) for at in (3, 4, 5))
"""Operator, guarantor and owners of the institutions, to create a market with: who they are is not in its code."""


def market_at(network: RpcNetwork, market: bytes, *, first_block: int = 0, board: bytes | None = None) -> Deployment:
    """The deployment whose market stands at a 20-byte address, its events looked for from `first_block` on.

    Without a `board` the one is taken that speaks of this market. The charter's operator is the present one. InputError
    if there is no market there, or one (or courts) of other code than this version ships.
    """
    place = f"0x{market.hex()}"
    if not network.code(market):
        raise _no_market(place, f"no contract stands there on chain {network.chain_id}")
    try:
        courts = _view(network, "EnergyMarket", market, "courts")
        charter = _charter(network, market, bytes(courts[4]))
        token = bytes(_view(network, "EnergyMarket", market, "token"))
        witness = bytes(_view(network, "Docket", courts[3], "witness"))
        asset = _asset(network, token)
    except Unreachable:
        raise
    except (LedgerError, ValueError, LookupError) as error:
        raise _no_market(place, f"what stands there answers as no market does: {error}") from error
    others = {name: bytes(court) for name, court in zip(_COURTS, courts, strict=True)} | {"Witness": witness}
    arguments: dict[str, tuple[Any, ...]] = {
        "EnergyMarket": (token, charter.community, *_ANYBODY, tuple(courts), *charter.times, charter.bond_amount),
        "Docket": (witness,),
        "BookCourt": (others["Docket"],),
        "MeterRegistry": (_ANYBODY[0],),
    }
    for name, address in (("EnergyMarket", market), *others.items()):
        _check_code(network, name, address, arguments.get(name, ()))
    found = [board] if board is not None else boards_of(network, market, first_block)
    others["DataBoard"] = found[0] if found else bytes(20)
    if found:
        _check_code(network, "DataBoard", found[0], ())
    return Deployment(network.chain_id, asset, token, market, charter, others, first_block)


def boards_of(network: RpcNetwork, market: bytes, first_block: int) -> list[bytes]:
    """Addresses with the shipped board's code that spoke of this market, in the order in which they first did."""
    events = ["Published(address,uint256,address,uint256,uint256,uint256)"]
    events += ["Announced(address,uint256,address,uint256,bytes32[])"]
    topics = [["0x" + keccak(event.encode()).hex() for event in events], ["0x" + encode(["address"], [market]).hex()]]
    found: dict[bytes, None] = {}
    first, span, last = first_block, _SPAN, network.number
    while first <= last:
        end = min(first + span - 1, last)
        question = {"topics": topics, "fromBlock": hex(first), "toBlock": hex(end)}
        try:
            logs = network.node.rpc.call("eth_getLogs", question)
        except RpcRefused:
            if span == 1:
                raise
            span = max(1, min(span, end - first + 1) // 2)
            continue
        for address in _addresses(logs):
            found.setdefault(address)
        first = end + 1
    code = _runtime(network, contract("DataBoard").creation())
    return [address for address in found if network.code(address) == code]


def _addresses(logs: Any) -> Sequence[bytes]:
    if not isinstance(logs, list) or not all(isinstance(entry, dict) for entry in logs):
        raise LedgerError("the node gives no list of logs")
    ordered = sorted(logs, key=lambda entry: quantity(entry.get("blockNumber"), "block number"))
    return [octets(entry.get("address"), "log's address", 20) for entry in ordered]


def _charter(network: RpcNetwork, market: bytes, registry: bytes) -> Charter:
    def view(name: str, *args: Any) -> Any:
        return _view(network, "EnergyMarket", market, name, *args)

    owners = [bytes(view("owner_of", account)) for account in (0, 1, 2)]
    roles = owners[0], owners[1], owners[2]
    numbers = numbers_of(lambda name: int(view(name)))
    governor = bytes(_view(network, "MeterRegistry", registry, "governor"))
    parties = view("operator"), view("owner_of", GUARANTOR), roles
    return Charter(view("community"), *parties, *numbers, governor)


def check_registry(network: RpcNetwork, address: bytes) -> bytes:
    """The governor of the register at a 20-byte address; InputError if none of the shipped code stands there."""
    place = f"0x{address.hex()}"
    try:
        due = _runtime(network, contract("MeterRegistry").creation(_ANYBODY[0]))
        if network.code(address) == due:
            return bytes(_view(network, "MeterRegistry", address, "governor"))
    except RpcRefused as error:
        raise _no_registry(place, str(error)) from error
    raise _no_registry(place, "its code is not that of the MeterRegistry which this version ships")


def _no_registry(place: str, what: str) -> InputError:
    mend = "give the address that `sunfair registry deploy` named, or leave it away: one is made"
    return InputError("this is no register of meter points", [Fault(place, what, mend)])


def _asset(network: RpcNetwork, token: bytes) -> bytes:
    """The asset behind the token; 20 zero bytes if it is no EnergyCredit."""
    try:
        return bytes(_view(network, "EnergyCredit", token, "asset"))
    except LedgerError:
        return bytes(20)


def _view(network: RpcNetwork, name: str, address: bytes, function: str, *args: Any) -> Any:
    abi = contract(name).abi
    return abi.result(function, network.call(address, abi.call(function, *args)))[0]


def _check_code(network: RpcNetwork, name: str, address: bytes, arguments: tuple[Any, ...]) -> None:
    try:
        due = _runtime(network, contract(name).creation(*arguments))
    except RpcRefused as error:
        raise _no_market(f"0x{address.hex()}", f"the {name} could not be created as it says it was: {error}") from error
    if network.code(address) != due:
        raise _no_market(f"0x{address.hex()}", f"its code is not that of the {name} which this version ships")


def _runtime(network: RpcNetwork, creation: bytes) -> bytes:
    """The code that a creation leaves behind, without making it."""
    question = {"from": "0x" + NOBODY.hex(), "input": "0x" + creation.hex()}
    return octets(network.node.rpc.call("eth_call", question, "latest"), "created code")


def _no_market(place: str, what: str) -> InputError:
    mend = "give the address that `sunfair chain status` names as the market, and a node of its chain"
    return InputError("this is no Sunfair market", [Fault(place, what, mend)])
