"""Where public data is cheaper on chain: in calldata or in blobs. Costs are wei, worked out from the protocol's rules.

Calldata (EIP-7623): a zero byte counts one token, another byte four; a transaction pays 21,000 gas and the greater of
4 gas a token plus what it executes, and 10 gas a token. Calldata stays readable from any node's history.
Blobs (EIP-4844): 131,072 blob gas each, whole blobs only, at the blob base fee, beside the transaction's 21,000 gas.
Beacon nodes drop them after about 18 days: blobs are cheaper, and somebody must keep a copy.
"""

from dataclasses import dataclass
from enum import StrEnum

from sunfair.chain.blobs import BLOBS_MAX, GAS_PER_BLOB, blobs_needed, fetch_blobs, from_blobs
from sunfair.chain.node import Node
from sunfair.chain.rpc import JsonRpc, RpcRefused, octets
from sunfair.errors import LedgerError

__all__ = ["Prices", "PublishingCost", "Way", "calldata_gas", "publishing_cost", "read_blob_data", "read_prices"]

_BASE, _TOKEN, _FLOOR = 21_000, 4, 10


class Way(StrEnum):
    """How data gets on chain."""

    CALLDATA = "calldata"
    BLOB = "blob"


@dataclass(frozen=True, slots=True)
class Prices:
    """Wei per gas (base fee and tip together) and per blob gas; None where the chain takes no blobs."""

    gas: int
    blob_gas: int | None


@dataclass(frozen=True, slots=True)
class PublishingCost:
    """Both costs of the same data, wei; `blob` is None where it cannot go in blobs. `way` is the cheaper one."""

    calldata: int
    blob: int | None
    blobs: int

    @property
    def way(self) -> Way:
        """Calldata unless blobs are really cheaper: it is readable for longer."""
        return Way.BLOB if self.blob is not None and self.blob < self.calldata else Way.CALLDATA


def calldata_gas(data: bytes, *, execution_gas: int = 0) -> int:
    """Gas of a transaction with `data` as its calldata that executes `execution_gas` (EIP-7623)."""
    zeros = data.count(0)
    tokens = zeros + 4 * (len(data) - zeros)
    return _BASE + max(_TOKEN * tokens + execution_gas, _FLOOR * tokens)


def publishing_cost(data: bytes, prices: Prices, *, parts: int = 1, execution_gas: int = 0) -> PublishingCost:
    """What `data` costs in `parts` transactions of calldata and in one of blobs, each executing `execution_gas`."""
    count = blobs_needed(len(data))
    gas = calldata_gas(data, execution_gas=parts * execution_gas) + (parts - 1) * _BASE
    blob = None
    if prices.blob_gas is not None and count <= BLOBS_MAX:
        blob = (_BASE + execution_gas) * prices.gas + count * GAS_PER_BLOB * prices.blob_gas
    return PublishingCost(gas * prices.gas, blob, count)


def read_prices(node: Node) -> Prices:
    """The prices of the next block, as the node sees them."""
    gas = node.head().base_fee + node.tip()
    try:
        return Prices(gas, node.blob_base_fee())
    except RpcRefused:
        return Prices(gas, None)


def read_blob_data(node: Node, beacon: JsonRpc, transaction_hash: bytes) -> bytes:
    """The bytes that a transaction published in blobs, from a beacon node, checked against the transaction.

    LedgerError if it carries none, the beacon node has them no more, or they are not written as `to_blobs` does.
    """
    found = node.transaction(transaction_hash)
    hashes = found.get("blobVersionedHashes") or []
    if not isinstance(hashes, list) or not hashes:
        raise LedgerError(f"the transaction 0x{transaction_hash.hex()} carries no blobs")
    mined = node.receipt(transaction_hash)
    if mined is None:
        raise LedgerError(f"no block of the chain holds the transaction 0x{transaction_hash.hex()}")
    root = node.beacon_root(mined.number)
    # A development node has no beacon chain: it serves blobs by the number of its own block.
    block = f"0x{root.hex()}" if any(root) else str(mined.number)
    try:
        return from_blobs(fetch_blobs(beacon, block, [octets(item, "blob hash", 32) for item in hashes]))
    except ValueError as error:
        raise LedgerError(f"the blobs of 0x{transaction_hash.hex()} cannot be read: {error}") from error
