"""The data board: where the public part of auctions is laid out on a chain, in calldata or in blobs, and read back.

Anyone may lay out anything for any market. What is read here is what somebody said; what of it is true, its hashes say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sunfair.chain.abi import Event
from sunfair.chain.blobs import to_blobs
from sunfair.chain.contracts import contract
from sunfair.chain.deployment import Deployment
from sunfair.chain.network import Logged, Network, events
from sunfair.chain.publishing import Way, publishing_cost, read_blob_data, read_prices
from sunfair.chain.remote import RpcNetwork
from sunfair.chain.rpc import JsonRpc, Unreachable
from sunfair.errors import LedgerError
from sunfair.ports import Keys

__all__ = ["PART_BYTES", "Board", "Laid", "cheaper_way", "publish_public", "read_laid"]

PART_BYTES = 122_880
"""Most bytes of one part in calldata (`DataBoard.PART_MAX`): with its envelope a node takes it."""

_PARTS_MAX = 64
_PUBLISH_GAS = 6_000
"""What a part costs beside its calldata: the event and reading the arguments."""


# --- laying out ------------------------------------------------------------------------------------------------------


def publish_public(
    network: Network,
    keys: Keys,
    holder: str,
    deployment: Deployment,
    span: tuple[int, int],
    data: bytes,
    *,
    timestamp: Callable[[], int],
    way: Way | None = None,
) -> Way:
    """Lay `data` out for the slots of `span` (first slot, number of slots); returns the way that was taken.

    Unless told which `way`, in blobs where the network takes them and they are cheaper, else in calldata. A network
    that prices blobs and then refuses them gets calldata. LedgerError if it cannot be laid out.
    """
    chosen = way or cheaper_way(network, data)
    if chosen is Way.BLOB and isinstance(network, RpcNetwork):
        try:
            _announce(network, keys, holder, deployment, span, data, timestamp())
        except Unreachable:
            raise
        except LedgerError:
            if way is Way.BLOB:
                raise
        else:
            return Way.BLOB
    board, abi = deployment.others["DataBoard"], contract("DataBoard").abi
    parts = [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]
    for part, piece in enumerate(parts):
        call = abi.call("publish", deployment.market, *span, part, len(parts), piece)
        network.transact(keys, holder, board, call, timestamp=timestamp())
    return Way.CALLDATA


def cheaper_way(network: Network, data: bytes) -> Way:
    """Where `data` costs less on this network now: an embedded chain has no blobs."""
    if not isinstance(network, RpcNetwork):
        return Way.CALLDATA
    parts = -(-len(data) // PART_BYTES)
    return publishing_cost(data, read_prices(network.node), parts=parts, execution_gas=_PUBLISH_GAS).way


def _announce(
    network: RpcNetwork,
    keys: Keys,
    holder: str,
    deployment: Deployment,
    span: tuple[int, int],
    data: bytes,
    timestamp: int,
) -> None:
    call = contract("DataBoard").abi.call("announce", deployment.market, *span)
    board, blobs = deployment.others["DataBoard"], to_blobs(data)
    receipt = network.transact(keys, holder, board, call, timestamp=timestamp, blobs=blobs)
    told = [event for event in events(contract("DataBoard").abi, receipt.logs, board) if event.name == "Announced"]
    if not told or len(told[0].args["blobs"]) != len(blobs):
        raise LedgerError("the chain took the blobs and the board names others")


# --- reading back ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Laid:
    """Something whole that was laid out for `slots` slots from `first_slot` on, by `publisher`, in `transactions`."""

    first_slot: int
    slots: int
    publisher: bytes
    way: Way
    transactions: tuple[bytes, ...]


@dataclass
class Board:
    """What was laid out for one market. `tell` takes the board's events one by one, in the chain's order.

    `whole` are those that are whole, in the order in which they became so; `parts` what came of the others, by
    (publisher, first slot, slots, number of parts) and part.
    """

    market: bytes
    whole: list[Laid] = field(default_factory=list)
    parts: dict[tuple[bytes, int, int, int], dict[int, bytes]] = field(default_factory=dict)

    def tell(self, logged: Logged, event: Event) -> None:
        """Take the next event."""
        args = event.args
        if args["market"] != self.market:
            return
        if event.name == "Published":
            self._part(args, logged.transaction_hash)
        elif event.name == "Announced":
            self.whole.append(_laid(args, Way.BLOB, (logged.transaction_hash,)))

    def _part(self, args: Mapping[str, Any], transaction: bytes) -> None:
        key = args["publisher"], args["first_slot"], args["slots"], args["parts"]
        if not args["part"] < args["parts"] <= _PARTS_MAX:
            return
        parts = self.parts.setdefault(key, {})
        parts[args["part"]] = transaction
        if len(parts) == args["parts"]:
            self.whole.append(_laid(args, Way.CALLDATA, tuple(parts[at] for at in sorted(parts))))
            del self.parts[key]

    def of(self, first_slot: int, slots: int, operator: bytes) -> list[Laid]:
        """What is whole of exactly these slots, the operator's own first, of each publisher the newest first."""
        found = [laid for laid in reversed(self.whole) if (laid.first_slot, laid.slots) == (first_slot, slots)]
        return sorted(found, key=lambda laid: laid.publisher != operator)

    def lacks(self, first_slot: int, slots: int) -> str:
        """What is missing of these slots where nothing whole was laid out, in words."""
        for (_, first, count, total), parts in self.parts.items():
            if (first, count) == (first_slot, slots):
                absent = ", ".join(str(at) for at in range(total) if at not in parts)
                return f"part {absent} of {total} (counted from 0) was never laid out"
        return "nothing was laid out"


def _laid(args: Mapping[str, Any], way: Way, transactions: tuple[bytes, ...]) -> Laid:
    return Laid(args["first_slot"], args["slots"], args["publisher"], way, transactions)


def read_laid(network: Network, laid: Laid, beacon: JsonRpc | None) -> bytes:
    """The bytes that were laid out; LedgerError says why they cannot be had."""
    if laid.way is Way.BLOB:
        if not isinstance(network, RpcNetwork):
            raise LedgerError("it lies in blobs, which this chain does not have")
        if beacon is None:
            raise LedgerError("it lies in blobs: name a beacon node that has them (--beacon)")
        return read_blob_data(network.node, beacon, laid.transactions[0])
    return b"".join(_part_of(network, transaction) for transaction in laid.transactions)


def _part_of(network: Network, transaction: bytes) -> bytes:
    called = contract("DataBoard").abi.arguments("publish", network.input(transaction))
    if called is None:
        raise LedgerError(f"the transaction 0x{transaction.hex()} is no plain call of the board")
    return bytes(called[5])
