"""The judge: an EVM network on which anchors, settlements and balances stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["GUARANTOR", "Anchored", "ChainRecord", "Ledger", "Settled", "Transfer"]


GUARANTOR = 2**32 - 1
"""The account number under which the operator's guarantor deposits and withdraws; it stands in no file and no tree."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """A period's header root as it stands on chain: slots ``first_slot … first_slot + slots − 1``."""

    period: int
    first_slot: int
    slots: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement as it stands on chain; `amounts[account]`, µ, the last one is the guarantor's (= −cover)."""

    period: int
    period_root: bytes
    cover: int
    amounts: tuple[int, ...]
    applied: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that entered (`deposit`, amount > 0) or left (`withdrawal`, amount < 0) an account's balance, µ."""

    account: int
    kind: str
    amount: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """All that the chain itself says about a market: read from its events and storage, from nothing else.

    `owners[account]` are 20-byte addresses, `balances[account]` µ. The guarantor stands apart.
    """

    chain_id: int
    market: bytes
    community: bytes
    operator: bytes
    slot_seconds: int
    owners: tuple[bytes, ...]
    balances: tuple[int, ...]
    guarantor_balance: int
    anchors: tuple[Anchored, ...]
    settlements: tuple[Settled, ...]
    transfers: tuple[Transfer, ...]


class Ledger(Protocol):
    """What the operator and the members do on chain. Amounts µ, integers; accounts as numbered by the market.

    Every call that writes returns once the chain has taken it, and raises `Reverted` (the contract refused) or
    `LedgerError` (not reached) otherwise; nothing is half done. The guarantor is addressed as `GUARANTOR`.
    """

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        ...

    @property
    def market(self) -> bytes:
        """Address of the market contract, 20 bytes: the EIP-712 verifying contract of every offer."""
        ...

    def now(self) -> int:
        """Timestamp that a transaction sent now would have, unix s."""
        ...

    def open_accounts(self, owners: Sequence[bytes]) -> range:
        """Open an account per 20-byte owner address; returns the numbers given. Operator only."""
        ...

    def deposit(self, account: int, amount: int) -> None:
        """Pay `amount` into `account` out of its owner's tokens, signed by the owner. Open door only."""
        ...

    def request_withdrawal(self, account: int, amount: int) -> None:
        """Ask for `amount`, signed by the account's owner; due after the apply of the following period."""
        ...

    def withdraw(self, account: int) -> int:
        """Pay out what is due to `account`'s owner; returns the amount paid. Open door only."""
        ...

    def anchor(self, first_slot: int, slots: int, root: bytes) -> int:
        """Commit the header root of the next period, after its end; returns the period's number (0, 1, …)."""
        ...

    def settle(self, period: int, period_root: bytes, cover: int, amounts: Sequence[int]) -> None:
        """Post the zero-sum amounts of a period (accounts in order, then the guarantor). Shut door only."""
        ...

    def apply(self, amounts: Sequence[int]) -> None:
        """Write the pending settlement's amounts to the balances once its window is over."""
        ...

    def door_open(self) -> bool:
        """Whether deposits and withdrawals may touch balances now."""
        ...

    def next_settle_time(self) -> int:
        """Earliest timestamp, unix s, at which `settle` of the oldest open anchored period can be taken.

        Raises Reverted when nothing is anchored, a settlement is pending, or the market is over.
        """
        ...

    def apply_time(self) -> int | None:
        """Timestamp from which the pending settlement may be applied, None without one."""
        ...

    def record(self) -> ChainRecord:
        """Everything that stands on chain about this market."""
        ...
