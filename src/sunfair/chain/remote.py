"""`Network` on any Ethereum node that speaks JSON-RPC: anvil, a layer 2, the main network."""

from collections.abc import Sequence
from pathlib import Path
from threading import RLock
from types import TracebackType

from sunfair.chain.keys import DEMO_CHAINS, SeededKeys, check_demo_chain
from sunfair.chain.network import NOBODY, Logged
from sunfair.chain.node import Mined, Node
from sunfair.chain.outbox import Outbox
from sunfair.chain.rpc import JsonRpc, octets
from sunfair.chain.sending import Policy, Request, Sender
from sunfair.errors import LedgerError, Reverted
from sunfair.ports import Keys

__all__ = ["RpcNetwork"]


class RpcNetwork:
    """An EVM network behind a node. Threads take turns to send.

    `steered`: a development node (anvil) whose blocks are dated by the caller's clock, for simulated time.
    """

    def __init__(self, node: Node, outbox: Outbox, chain_id: int, *, policy: Policy, steered: bool = False) -> None:
        if steered and chain_id not in DEMO_CHAINS:
            raise LedgerError(f"the time of chain {chain_id} is not ours to set: only local chains {DEMO_CHAINS} obey")
        self.node = node
        self.outbox = outbox
        self._chain_id = chain_id
        self._sender = Sender(node, chain_id, outbox, policy)
        self._steered = steered
        self._lock = RLock()

    @classmethod
    def connect(
        cls,
        rpc: JsonRpc,
        *,
        chain_id: int | None = None,
        outbox: Path | None = None,
        policy: Policy | None = None,
        steered: bool = False,
    ) -> "RpcNetwork":
        """Ask a node who it is, and take up what the outbox holds (in memory alone if None).

        LedgerError if the node is not on `chain_id`, or does not answer.
        """
        try:
            node = Node(rpc)
            found = node.chain_id()
            if chain_id is not None and found != chain_id:
                raise LedgerError(
                    f"{node.place} is a node of chain {found}, not of chain {chain_id}: point ETH_RPC_URL at a node of "
                    "the chain on which the contracts stand"
                )
            box = Outbox(outbox, found)
        except LedgerError:
            rpc.close()
            raise
        try:
            network = cls(node, box, found, policy=policy or Policy(), steered=steered)
            network.seen()
        except LedgerError:
            rpc.close()
            box.close()
            raise
        return network

    def __enter__(self) -> "RpcNetwork":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give connection and outbox back."""
        self.node.rpc.close()
        self.outbox.close()

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return self._chain_id

    @property
    def number(self) -> int:
        """Number of the head block."""
        return self.node.head().number

    @property
    def timestamp(self) -> int:
        """Timestamp of the head block, unix s."""
        return self.node.head().timestamp

    def date(self, clock_time: int) -> int:
        """The timestamp of a block made when the clock says `clock_time`: about that, but never before the head's."""
        return max(self.timestamp, clock_time)

    def nonce(self, address: bytes) -> int:
        """How many transactions of `address` are in blocks."""
        return self.node.nonce(address)

    def code(self, address: bytes) -> bytes:
        """The code at `address`, empty if there is none."""
        return self.node.code(address)

    def transact(
        self,
        keys: Keys,
        holder: str,
        to: bytes | None,
        data: bytes,
        *,
        timestamp: int,
        key: str = "",
        value: int = 0,
        blobs: Sequence[bytes] = (),
    ) -> Mined:
        """`Network.transact`; with `blobs` (see `sunfair.chain.blobs`), which no embedded chain takes."""
        if isinstance(keys, SeededKeys):
            check_demo_chain(self._chain_id)
        request = Request(keys, holder, to, data, key, value, tuple(blobs))
        with self._lock:
            if self._steered:
                self.node.rpc.call("evm_setNextBlockTimestamp", timestamp)
            mined = self._sender.send(request)
        if not mined.status:
            what = "creation of a contract" if to is None else f"call of 0x{to.hex()}"
            raise Reverted(what, self.node.refusal(mined))
        return mined

    def follow(self) -> None:
        """Look after what is on its way; a live market does so every few blocks. See `Sender.follow`."""
        with self._lock:
            self._sender.follow()

    def seen(self) -> None:
        """`Network.seen`."""
        with self._lock:
            self._sender.seen()

    def call(
        self, to: bytes, data: bytes, *, timestamp: int | None = None, sender: bytes = NOBODY, block: int | None = None
    ) -> bytes:
        """What a call would return; see `Network.call`. A node that knows no block overrides uses its own time."""
        return self.node.call(to, data, timestamp=timestamp, sender=sender, block=block)

    def logs(
        self, address: bytes, topics: Sequence[bytes] = (), *, first: int = 0, last: int | None = None
    ) -> list[Logged]:
        """What `address` logged in blocks `first … last` (the head if None), in order; see `Network.logs`."""
        return list(self.node.logs(address, topics, first, self.number if last is None else last))

    def input(self, transaction_hash: bytes) -> bytes:
        """The data of a transaction; LedgerError if no block holds it."""
        return octets(self.node.transaction(transaction_hash).get("input"), "transaction's input")

    def created(self, transaction_hash: bytes) -> bytes | None:
        """Address of the contract that a transaction created, None if it made none; see `Network.created`."""
        receipt = self.node.receipt(transaction_hash)
        if receipt is None:
            raise LedgerError(f"no block of the chain holds the transaction 0x{transaction_hash.hex()}")
        return receipt.created
