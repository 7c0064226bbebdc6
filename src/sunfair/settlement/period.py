"""A period's settlement: one signed amount per account, summing to zero, each the sum of provable rows.

Per account a plain tree over its rows in slot order; then a sum tree over the accounts' leaves that adds up the cover.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import InputError
from sunfair.model import FIRST_MEMBER, UTILITY
from sunfair.settlement.hashing import ZERO_HASH, Tag, hash_rows, int64_bytes, layout, uint32_bytes
from sunfair.settlement.money import exact_sum
from sunfair.settlement.row import NUMBERS, PrivateRow
from sunfair.settlement.tree import Proof, SumProof, SumTree, Tree

__all__ = ["PeriodMoney", "PeriodRows", "PeriodTree", "period_leaf", "period_money"]


@dataclass(frozen=True, slots=True)
class PeriodRows:
    """The private rows of a settlement: T slots × m accounts, institutions first (0 where they have nothing).

    slots : int64[T], ascending; leaf (place in the secret order) and nonce (of the offer in force), −1 where none;
    traded_*, metered, registers (Wh as last read), paid and claimed (µ of this slot), gap_* (after this slot) :
    int64[T, m]; salts : uint8[T, m, 32]
    active : int64[m, 2], the first slot of each account and the one after its last; None: all of `slots`. What stands
    outside of it is no row.
    """

    slots: NDArray[np.int64]
    leaf: NDArray[np.int64]
    nonce: NDArray[np.int64]
    traded_ahead_wh: NDArray[np.int64]
    traded_pool_wh: NDArray[np.int64]
    metered_wh: NDArray[np.int64]
    import_register_wh: NDArray[np.int64]
    export_register_wh: NDArray[np.int64]
    paid: NDArray[np.int64]
    claimed: NDArray[np.int64]
    gap_slots: NDArray[np.int64]
    gap_retail: NDArray[np.int64]
    gap_feed_in: NDArray[np.int64]
    salts: NDArray[np.uint8]
    active: NDArray[np.int64] | None = None

    @property
    def accounts(self) -> int:
        """Number of accounts, institutions included."""
        return int(self.paid.shape[1])

    def span(self, account: int) -> slice:
        """The places in `slots` at which the account has a row."""
        if self.active is None:
            return slice(0, len(self.slots))
        first, end = (int(np.searchsorted(self.slots, slot)) for slot in self.active[account])
        return slice(first, max(first, end))

    def total(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum of int64[T, m] over each account's own rows, int64[m]."""
        return np.array([values[self.span(a), a].sum() for a in range(self.accounts)], np.int64)

    def numbers(self, account: int) -> NDArray[np.int64]:
        """The account's rows as their 14 numbers (`row.NUMBERS`), int64[t, 14]: each carries the sums so far."""
        at = self.span(account)
        running, owed = (np.cumsum(values[at, account]) for values in (self.paid, self.claimed))
        known = [self.leaf, self.nonce, self.traded_ahead_wh, self.traded_pool_wh, self.metered_wh]
        known += [self.import_register_wh, self.export_register_wh, self.paid]
        gap = (self.gap_slots, self.gap_retail, self.gap_feed_in)
        columns = [self.slots[at], *(values[at, account] for values in known), running, owed]
        return np.stack([*columns, *(values[at, account] for values in gap)], axis=1)

    def rows(self, account: int) -> list[PrivateRow]:
        """The account's rows one by one, in slot order."""
        salts = self.salts[self.span(account), account]
        return [
            PrivateRow(account=account, salt=salt.tobytes(), **dict(zip(NUMBERS, numbers, strict=True)))
            for numbers, salt in zip(self.numbers(account).tolist(), salts, strict=True)
        ]

    def leaves(self, account: int) -> NDArray[np.uint8]:
        """Row hashes of one account in slot order, uint8[t, 32]."""
        numbers = self.numbers(account)
        parts: list[NDArray[np.uint8] | bytes] = [
            account.to_bytes(4, "big"),
            int64_bytes(numbers),
            self.salts[self.span(account), account],
        ]
        return hash_rows(layout(Tag.PRIVATE_ROW, len(numbers), parts))


@dataclass(frozen=True, slots=True)
class PeriodMoney:
    """µ of each account, int64[m]: Σ rows, arrears and cover (≥ 0), and the amount that is posted.

    `cover` of all accounts is the guarantor's, whose own amount is ``−guarantor``.
    """

    rows: NDArray[np.int64]
    arrears: NDArray[np.int64]
    cover: NDArray[np.int64]
    amounts: NDArray[np.int64]

    @property
    def guarantor(self) -> int:
        """What the guarantor pays, µ."""
        return exact_sum(self.cover)


def period_money(balances: NDArray[np.int64], rows: NDArray[np.int64], claims: NDArray[np.int64]) -> PeriodMoney:
    """Amounts of a period (settlement.md, "A period's settlement"); all arguments int64[m], µ, indexed by account.

    rows is each account's Σ paid, claims what of it the utility may claim off chain (`money.claims`, summed).

    A member that cannot pay owes the utility its residual (arrears, a claim off chain, and so much less reaches the
    utility); what it owes its neighbours, the guarantor covers. Raises InputError when an institution itself lacks the
    money.
    """
    shortfall = np.maximum(0, -(balances + rows))
    short = [
        name for name, lack in zip(("utility", "network", "reserve"), shortfall[:FIRST_MEMBER], strict=True) if lack
    ]
    members = np.arange(len(rows)) >= FIRST_MEMBER
    arrears = np.where(members, np.minimum(shortfall, claims), 0)
    cover = np.where(members, shortfall - arrears, 0)
    amounts = rows + arrears + cover
    amounts[UTILITY] -= exact_sum(arrears)
    if balances[UTILITY] + amounts[UTILITY] < 0 or short:
        raise InputError(
            f"the {'/'.join(short) or 'utility'} account cannot pay this period; it must deposit more before settlement"
        )
    return PeriodMoney(rows, arrears, cover, amounts)


def _add(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    return left + right


def period_leaf(account: int, amount: int, arrears: int, cover: int, rows_root: bytes) -> bytes:
    """One account's leaf in a `PeriodTree`, 32 bytes, from its numbers, µ, and the root of its rows."""
    numbers = int64_bytes(np.array([[amount, arrears, cover]], np.int64))
    parts = [uint32_bytes(np.array([account])), numbers, np.frombuffer(rows_root, np.uint8).reshape(1, 32)]
    leaf: bytes = hash_rows(layout(Tag.PERIOD_LEAF, 1, parts))[0].tobytes()
    return leaf


class PeriodTree:
    """Trees of a period: a `rows_root` per account, and the period root over the accounts' leaves.

    A leaf is ``(account, amount, arrears, cover, rows_root)``; nodes add up the cover. An account without a row has a
    rows root of zeros.
    """

    def __init__(self, rows: PeriodRows, money: PeriodMoney) -> None:
        accounts = rows.accounts
        self.row_trees = [Tree(rows.leaves(account)) for account in range(accounts)]
        self.row_roots = [tree.root if tree.count else ZERO_HASH for tree in self.row_trees]
        roots = np.frombuffer(b"".join(self.row_roots), np.uint8).reshape(-1, 32)
        numbers = np.stack([money.amounts, money.arrears, money.cover], axis=1)
        parts = [uint32_bytes(np.arange(accounts)), int64_bytes(numbers), roots]
        self.leaves = hash_rows(layout(Tag.PERIOD_LEAF, accounts, parts))
        self.tree = SumTree(self.leaves, money.cover[:, None], neutral=np.zeros(1, np.int64), combine=_add)

    @property
    def root(self) -> bytes:
        """The period root."""
        return self.tree.root

    def row_proof(self, account: int, index: int) -> Proof:
        """That the account's row number `index` stands under its rows_root; IndexError where it has none."""
        if not 0 <= index < self.row_trees[account].count:
            raise IndexError(f"account {account} has {self.row_trees[account].count} rows, none is number {index}")
        return self.row_trees[account].proof(index)

    def account_proof(self, account: int) -> SumProof:
        """That the account's leaf stands under the period root."""
        return self.tree.proof(account)
