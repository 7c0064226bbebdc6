"""`ports.Ledger` on the embedded chain: every call is a transaction, signed by whoever makes it."""

from collections.abc import Sequence
from typing import Any

from sunfair.chain.contracts import contract
from sunfair.chain.deployment import GUARANTOR, Deployment, next_timestamp, transact
from sunfair.chain.embedded import Block, EmbeddedChain
from sunfair.chain.record import read_record
from sunfair.errors import Reverted
from sunfair.ports import ChainRecord, Clock, Keys

__all__ = ["EmbeddedLedger"]

_UNLIMITED = 2**256 - 1
_OPEN_MAX = 128


class EmbeddedLedger:
    """A market on an `EmbeddedChain`. Blocks are dated by `clock`; views answer for a block made now.

    The operator's calls and `apply` are signed by holder `operator`, an account's by its number in decimal, the
    guarantor's by `guarantor`.
    """

    def __init__(self, chain: EmbeddedChain, deployment: Deployment, keys: Keys, clock: Clock) -> None:
        self._chain = chain
        self._deployment = deployment
        self._keys = keys
        self._clock = clock

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return self._chain.chain_id

    @property
    def market(self) -> bytes:
        """Address of the market contract, 20 bytes."""
        return self._deployment.market

    def now(self) -> int:
        """Timestamp of a block made now, unix s: this chain makes its head when somebody asks for one."""
        return next_timestamp(self._chain, self._clock)

    def open_accounts(self, owners: Sequence[bytes]) -> range:
        """Open an account per 20-byte owner address; returns the numbers given."""
        first = int(self._view("accounts"))
        for start in range(0, len(owners), _OPEN_MAX):
            self._transact("operator", "open_accounts", list(owners[start : start + _OPEN_MAX]))
        return range(first, first + len(owners))

    def deposit(self, account: int, amount: int) -> None:
        """Pay `amount` into `account`, signed by its owner, whose wallet is filled with play money as needed."""
        owner = self._view("owner_of", account)
        if not self.door_open():
            # Asked before the wallet is filled: a refused deposit leaves nothing behind.
            raise Reverted(f"deposit into account {account}", "market: door shut")
        self._fund(_holder(account), owner, amount)
        self._transact(_holder(account), "deposit", account, amount)

    def request_withdrawal(self, account: int, amount: int) -> None:
        """Ask for `amount`, signed by the account's owner; due after the apply of the following period."""
        self._transact(_holder(account), "request_withdrawal", account, amount)

    def withdraw(self, account: int) -> int:
        """Pay out what is due to `account`'s owner; returns the amount paid, µ."""
        block = self._transact(_holder(account), "withdraw", account)
        return int(contract("EnergyMarket").abi.result("withdraw", block.output)[0])

    def anchor(self, first_slot: int, slots: int, root: bytes) -> int:
        """Commit the header root of the next period, after its end; returns the period's number."""
        period = int(self._view("anchored"))
        self._transact("operator", "anchor", period, first_slot, slots, root)
        return period

    def settle(self, period: int, period_root: bytes, cover: int, amounts: Sequence[int]) -> None:
        """Post the zero-sum amounts of a period (accounts in order, then the guarantor)."""
        self._transact("operator", "settle", period, period_root, int(cover), [int(amount) for amount in amounts])

    def apply(self, amounts: Sequence[int]) -> None:
        """Write the pending settlement's amounts to the balances once its window is over."""
        self._transact("operator", "apply", [int(amount) for amount in amounts])

    def door_open(self) -> bool:
        """Whether a deposit or a due withdrawal would be taken now."""
        return bool(self._view("door_open"))

    def next_settle_time(self) -> int:
        """Earliest timestamp, unix s, from now on, at which the oldest anchored period can be settled.

        Reverted if none is anchored, a settlement is pending, or the market is over.
        """
        return int(self._view("settle_time"))

    def apply_time(self) -> int | None:
        """Timestamp from which the pending settlement may be applied, None without one."""
        return int(self._view("apply_time")) or None

    def record(self) -> ChainRecord:
        """Everything that stands on chain about this market."""
        return read_record(self._chain, self._deployment)

    def _fund(self, holder: str, owner: bytes, amount: int) -> None:
        """Bring the owner's credits and their allowance to the market up to `amount`."""
        asset, token = self._deployment.asset, self._deployment.token
        missing = amount - self._token_view("EnergyCredit", token, "balanceOf", owner)
        if missing > 0:
            held = self._token_view("SimulatedEuro", asset, "balanceOf", owner)
            if held < missing:
                self._call(holder, "SimulatedEuro", asset, "issue", missing - held)
            if self._token_view("SimulatedEuro", asset, "allowance", owner, token) < missing:
                self._call(holder, "SimulatedEuro", asset, "approve", token, _UNLIMITED)
            self._call(holder, "EnergyCredit", token, "mint", missing)
        if self._token_view("EnergyCredit", token, "allowance", owner, self.market) < amount:
            self._call(holder, "EnergyCredit", token, "approve", self.market, _UNLIMITED)

    def _transact(self, holder: str, function: str, *args: Any) -> Block:
        return self._call(holder, "EnergyMarket", self.market, function, *args)

    def _call(self, holder: str, name: str, to: bytes, function: str, *args: Any) -> Block:
        data = contract(name).abi.call(function, *args)
        try:
            return transact(self._chain, self._keys, self._clock, holder, to, data)
        except Reverted as error:
            raise Reverted(f"{name}.{function} by {holder}", error.reason) from error

    def _view(self, function: str, *args: Any) -> Any:
        """What a view of the market answers in a block made now."""
        abi = contract("EnergyMarket").abi
        output = self._chain.call(self.market, abi.call(function, *args), timestamp=self.now())
        return abi.result(function, output)[0]

    def _token_view(self, name: str, address: bytes, function: str, *args: Any) -> int:
        abi = contract(name).abi
        return int(abi.result(function, self._chain.call(address, abi.call(function, *args)))[0])


def _holder(account: int) -> str:
    """Under which name `ports.Keys` knows an account's owner."""
    return "guarantor" if account == GUARANTOR else str(account)
