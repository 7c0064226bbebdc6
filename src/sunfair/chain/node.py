"""What we ask an Ethereum node, and the answers as values: blocks, receipts, logs, fees, calls.

A node may be slow, busy, wrong or lying: every answer is read strictly, and what does not fit is a LedgerError.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sunfair.chain.abi import revert_reason
from sunfair.chain.fees import GWEI
from sunfair.chain.network import NOBODY, Log, Logged
from sunfair.chain.rpc import JsonRpc, RpcRefused, octets, quantity
from sunfair.errors import LedgerError, Reverted

__all__ = ["Head", "Mined", "Node", "Sent"]

_SPAN = 10_000
_REVERT_CODE = 3


@dataclass(frozen=True, slots=True)
class Head:
    """A block as far as we look at it; `base_fee` in wei per gas."""

    number: int
    hash: bytes
    timestamp: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Mined:
    """`Receipt` of a transaction in a block of a node's chain."""

    transaction_hash: bytes
    number: int
    block_hash: bytes
    timestamp: int
    status: bool
    logs: tuple[Log, ...]
    created: bytes | None
    gas_used: int
    reason: str = ""


class Sent(Enum):
    """What a node said of a transaction it was given."""

    TAKEN = auto()
    NONCE_USED = auto()
    UNDERPRICED = auto()


class Node:
    """One node, asked in the terms of the chain room."""

    def __init__(self, rpc: JsonRpc) -> None:
        self.rpc = rpc
        self._dated_calls = True

    @property
    def place(self) -> str:
        """The node's address, without anything secret."""
        return self.rpc.place

    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return quantity(self.rpc.call("eth_chainId"), "chain id")

    def head(self) -> Head:
        """The newest block."""
        head = self._block("latest")
        if head is None:
            raise LedgerError(f"{self.place} has no block at all: wait until the node is in step")
        return head

    def block(self, number: int) -> Head | None:
        """The block of that number, None if there is none yet."""
        return self._block(hex(number))

    def beacon_root(self, number: int) -> bytes:
        """Root of the beacon block that holds block `number`, which its child names (EIP-4788); zeros without one."""
        child = self.rpc.call("eth_getBlockByNumber", hex(number + 1), False)
        root = child.get("parentBeaconBlockRoot") if isinstance(child, dict) else None
        return bytes(32) if root is None else octets(root, "beacon root", 32)

    def nonce(self, address: bytes, *, pending: bool = False) -> int:
        """Transactions of `address` in blocks, with `pending` also those that wait."""
        tag = "pending" if pending else "latest"
        return quantity(self.rpc.call("eth_getTransactionCount", _hex(address), tag), "transaction count")

    def balance(self, address: bytes) -> int:
        """Native balance, wei."""
        return quantity(self.rpc.call("eth_getBalance", _hex(address), "latest"), "balance")

    def code(self, address: bytes) -> bytes:
        """The code at `address`, empty if there is none."""
        return octets(self.rpc.call("eth_getCode", _hex(address), "latest"), "code")

    def tip(self) -> int:
        """The tip the node thinks is enough, wei per gas; 1 gwei where it has no opinion."""
        try:
            return quantity(self.rpc.call("eth_maxPriorityFeePerGas"), "priority fee")
        except RpcRefused:
            return GWEI

    def blob_base_fee(self) -> int:
        """Wei per blob gas in the next block (EIP-7516); LedgerError where there are no blobs."""
        return quantity(self.rpc.call("eth_blobBaseFee"), "blob base fee")

    def call(
        self, to: bytes, data: bytes, *, timestamp: int | None = None, sender: bytes = NOBODY, block: int | None = None
    ) -> bytes:
        """Output of a call on the state of a block, in a block dated `timestamp` where the node can do that."""
        question = {"from": _hex(sender), "to": _hex(to), "input": _hex(data)}
        tag = "latest" if block is None else hex(block)
        output = self._call(question, tag, timestamp)
        if not output and not self.code(to):
            raise LedgerError(f"there is no contract at {_hex(to)} on this chain")
        return output

    def estimate(
        self, sender: bytes, to: bytes | None, data: bytes, value: int = 0, *, blob_hashes: Sequence[bytes] = ()
    ) -> int:
        """Gas that a transaction needs now; Reverted if the contract would refuse it."""
        question: dict[str, Any] = {"from": _hex(sender), "input": _hex(data), "value": hex(value)}
        if to is not None:
            question["to"] = _hex(to)
        if blob_hashes:
            question["blobVersionedHashes"] = [_hex(item) for item in blob_hashes]
            question["maxFeePerBlobGas"] = hex(2 * self.blob_base_fee())
        try:
            return quantity(self.rpc.call("eth_estimateGas", question), "gas estimate")
        except RpcRefused as error:
            raise _reverted(error, to) from error

    def send(self, raw: bytes) -> Sent:
        """Give the node a signed transaction; LedgerError if it will never take it."""
        try:
            self.rpc.call("eth_sendRawTransaction", _hex(raw))
        except RpcRefused as error:
            return _refusal(error)
        return Sent.TAKEN

    def knows(self, transaction_hash: bytes) -> bool:
        """Whether the transaction is in a block or waits for one."""
        return self.rpc.call("eth_getTransactionByHash", _hex(transaction_hash)) is not None

    def transaction(self, transaction_hash: bytes) -> dict[str, Any]:
        """A transaction in a block, as the node writes it; LedgerError if no block holds it."""
        found = self.rpc.call("eth_getTransactionByHash", _hex(transaction_hash))
        if not isinstance(found, dict) or found.get("blockHash") is None:
            raise LedgerError(f"no block of the chain holds the transaction {_hex(transaction_hash)}")
        if found.get("hash") != _hex(transaction_hash):
            raise LedgerError(f"{self.place} gives another transaction than {_hex(transaction_hash)}")
        return found

    def receipt(self, transaction_hash: bytes) -> Mined | None:
        """The receipt of a transaction, None if no block holds it."""
        found = self.rpc.call("eth_getTransactionReceipt", _hex(transaction_hash))
        if found is None or (isinstance(found, dict) and found.get("blockHash") is None):
            return None
        if not isinstance(found, dict) or found.get("transactionHash") != _hex(transaction_hash):
            raise LedgerError(f"{self.place} gives no receipt of {_hex(transaction_hash)} but something else")
        number = quantity(found.get("blockNumber"), "block number")
        block_hash = octets(found.get("blockHash"), "block hash", 32)
        block = self.block(number)
        if block is None or block.hash != block_hash:
            return None  # of a block that is no longer the chain's
        created, logs = found.get("contractAddress"), found.get("logs")
        return Mined(
            transaction_hash,
            number,
            block_hash,
            block.timestamp,
            quantity(found.get("status"), "status") == 1,
            tuple(_log(entry) for entry in logs) if isinstance(logs, list) else (),
            None if created is None else octets(created, "contract address", 20),
            quantity(found.get("gasUsed"), "gas used"),
        )

    def refusal(self, mined: Mined) -> str:
        """Why a transaction was refused on chain, empty if that cannot be found out.

        Its call is made again on the state before and after its block: what it met lies between.
        """
        found = self.transaction(mined.transaction_hash)
        question = {name: found.get(name) for name in ("from", "to", "input", "value", "gas")}
        for number in (mined.number - 1, mined.number):
            try:
                self._call(question, hex(number), mined.timestamp)
            except Reverted as error:
                return error.reason
            except LedgerError:
                continue
        return ""

    def logs(self, address: bytes, topics: Sequence[bytes], first: int, last: int) -> Iterator[Logged]:
        """Logs of `address` in blocks `first … last`, in order, asked for in spans the node is willing to answer."""
        dates: dict[int, int] = {}
        span = _SPAN
        while first <= last:
            end = min(first + span - 1, last)
            try:
                found = self._logs(address, topics, first, end)
            except RpcRefused:
                if span == 1:
                    raise
                span = max(1, min(span, end - first + 1) // 2)
                continue
            for entry in found:
                yield self._logged(entry, address, dates)
            first = end + 1

    def _logs(self, address: bytes, topics: Sequence[bytes], first: int, last: int) -> list[dict[str, Any]]:
        question: dict[str, Any] = {"address": _hex(address), "fromBlock": hex(first), "toBlock": hex(last)}
        if topics:
            question["topics"] = [[_hex(topic) for topic in topics]]
        found = self.rpc.call("eth_getLogs", question)
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise LedgerError(f"{self.place} gives no list of logs")
        return sorted(found, key=_place)

    def _logged(self, entry: dict[str, Any], address: bytes, dates: dict[int, int]) -> Logged:
        log, number = _log(entry), quantity(entry.get("blockNumber"), "block number")
        if log.address != address:
            raise LedgerError(f"{self.place} gives logs of another contract than {_hex(address)}")
        if number not in dates:
            block = self.block(number)
            if block is None:
                raise LedgerError(f"{self.place} gives a log of block {number}, which it does not have: ask again")
            dates[number] = block.timestamp
        return Logged(log, number, dates[number], octets(entry.get("transactionHash"), "transaction hash", 32))

    def _call(self, question: dict[str, Any], tag: str, timestamp: int | None) -> bytes:
        if timestamp is not None and self._dated_calls:
            try:
                return self._output(question, tag, {}, {"time": hex(timestamp)})
            except RpcRefused:
                # This node knows no block overrides: it answers for the block's own time.
                output = self._output(question, tag)
                self._dated_calls = False
                return output
        return self._output(question, tag)

    def _output(self, question: dict[str, Any], tag: str, *overrides: dict[str, Any]) -> bytes:
        try:
            return octets(self.rpc.call("eth_call", question, tag, *overrides), "call's output")
        except RpcRefused as error:
            if _output_of(error) is None:
                raise
            to = question.get("to")
            raise _reverted(error, None if to is None else octets(to, "address", 20)) from error

    def _block(self, tag: str) -> Head | None:
        found = self.rpc.call("eth_getBlockByNumber", tag, False)
        if found is None:
            return None
        if not isinstance(found, dict):
            raise LedgerError(f"{self.place} gives no block")
        base_fee = found.get("baseFeePerGas")
        if base_fee is None:
            raise LedgerError(f"{self.place} serves a chain without EIP-1559 base fee, which Sunfair does not speak to")
        return Head(
            quantity(found.get("number"), "block number"),
            octets(found.get("hash"), "block hash", 32),
            quantity(found.get("timestamp"), "timestamp"),
            quantity(base_fee, "base fee"),
        )


def _refusal(error: RpcRefused) -> Sent:
    """Nodes have no common codes for this, only words: geth, reth, Nethermind, Besu, Erigon and anvil are read."""
    words = error.message.lower().replace(" ", "")
    if any(word in words for word in ("alreadyknown", "alreadyimported", "knowntransaction", "alreadyexists")):
        return Sent.TAKEN
    if "noncetoolow" in words or "oldnonce" in words:
        return Sent.NONCE_USED
    if any(word in words for word in ("underpriced", "replacementnotallowed", "lessthanblockbasefee", "feetoolow")):
        return Sent.UNDERPRICED
    raise error


def _output_of(error: RpcRefused) -> bytes | None:
    """The output of a reverted call, None if the node's error is about something else."""
    if isinstance(error.data, str):
        start = error.data.find("0x")
        try:
            return bytes.fromhex(error.data[start + 2 :]) if start >= 0 else b""
        except ValueError:
            return b""
    return b"" if error.code == _REVERT_CODE or "revert" in error.message.lower() else None


def _reverted(error: RpcRefused, to: bytes | None) -> LedgerError:
    output = _output_of(error)
    if output is None:
        return error
    return Reverted("creation of a contract" if to is None else f"call of {_hex(to)}", revert_reason(output))


def _log(entry: Any) -> Log:
    if not isinstance(entry, dict) or not isinstance(entry.get("topics"), list) or entry.get("removed") is True:
        raise LedgerError("the node gives a log that is none: ask again")
    topics = tuple(octets(topic, "topic", 32) for topic in entry["topics"])
    return Log(octets(entry.get("address"), "log's address", 20), topics, octets(entry.get("data"), "log's data"))


def _place(entry: dict[str, Any]) -> tuple[int, int]:
    return quantity(entry.get("blockNumber"), "block number"), quantity(entry.get("logIndex"), "log index")


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
