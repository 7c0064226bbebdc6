"""What a market needs of an EVM network: the embedded one and every JSON-RPC node are spoken to through this alone.

A transaction returns nothing: a node keeps no return values. What it did stands in the events of its receipt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sunfair.chain.abi import Abi, Event
from sunfair.ports import Keys

__all__ = ["NOBODY", "Log", "Logged", "Network", "Receipt", "events"]

NOBODY = b"\0" * 20
"""The caller of a view when it does not matter who asks."""


@dataclass(frozen=True, slots=True)
class Log:
    """What a contract wrote into a receipt: its 20-byte address, 32-byte topics, data."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Logged:
    """A log and where it stands: its block's number and timestamp (unix s), its transaction's 32-byte hash."""

    log: Log
    number: int
    timestamp: int
    transaction_hash: bytes


class Receipt(Protocol):
    """What became of a transaction: the block that holds it and what it did there."""

    @property
    def number(self) -> int:
        """Number of the block."""
        ...

    @property
    def timestamp(self) -> int:
        """Timestamp of the block, unix s."""
        ...

    @property
    def status(self) -> bool:
        """Whether the contract took it; False leaves nothing behind but a used nonce."""
        ...

    @property
    def logs(self) -> tuple[Log, ...]:
        """What the contracts wrote, in order."""
        ...

    @property
    def created(self) -> bytes | None:
        """20-byte address of the contract it created, None for a call."""
        ...

    @property
    def reason(self) -> str:
        """The contract's own word for a refusal, empty if it gave none."""
        ...

    @property
    def transaction_hash(self) -> bytes:
        """The transaction's 32-byte hash."""
        ...


class Network(Protocol):
    """An EVM network. Addresses have 20 bytes, hashes 32, times are unix seconds."""

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        ...

    @property
    def number(self) -> int:
        """Number of the head block."""
        ...

    @property
    def timestamp(self) -> int:
        """Timestamp of the head block."""
        ...

    def date(self, clock_time: int) -> int:
        """The timestamp that a block made when the caller's clock says `clock_time` has."""
        ...

    def nonce(self, address: bytes) -> int:
        """How many transactions of `address` are in blocks: the nonce of its next one."""
        ...

    def code(self, address: bytes) -> bytes:
        """The code at `address`, empty if there is none."""
        ...

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
    ) -> Receipt:
        """Have a call (`to` None: a creation) executed, signed by a holder of `keys`; returns once a block holds it.

        `value` wei go with it.

        A chain that makes its own time dates the block `timestamp`, the others do not look at it. A transaction with
        a `key` that is not empty is made once, however often and after whatever crash it is asked for. Reverted if a
        contract refused, LedgerError if no block can hold it or the network cannot be reached.
        """
        ...

    def seen(self) -> None:
        """The caller is about to read what stands: whatever is in blocks by now it knows.

        Without a `key`, a call that was cut short (by a crash, a timeout) and is made again is the same call until
        then, and another one after.
        """
        ...

    def call(
        self, to: bytes, data: bytes, *, timestamp: int | None = None, sender: bytes = NOBODY, block: int | None = None
    ) -> bytes:
        """What a call would return on the state of `block` (the head's if None), in a block dated `timestamp`.

        It changes nothing. Reverted if the contract refuses, LedgerError if there is none.
        """
        ...

    def logs(
        self, address: bytes, topics: Sequence[bytes] = (), *, first: int = 0, last: int | None = None
    ) -> list[Logged]:
        """What `address` logged in blocks `first … last` (the head if None), in order.

        With `topics`, only logs whose first topic is one of them.
        """
        ...

    def input(self, transaction_hash: bytes) -> bytes:
        """The data of a transaction that is in a block; LedgerError if no block holds it."""
        ...

    def created(self, transaction_hash: bytes) -> bytes | None:
        """Address of the contract that a transaction in a block created, None if it made none."""
        ...


def events(abi: Abi, logs: Sequence[Log], address: bytes) -> list[Event]:
    """The events of the contract at `address` among a receipt's logs."""
    found = (abi.event(log.topics, log.data) for log in logs if log.address == address)
    return [event for event in found if event is not None]
