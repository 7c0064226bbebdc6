"""A period's settlement: one signed amount per account, summing to zero, each the sum of provable rows.

Per account a plain tree over its rows in slot order; then a sum tree over the accounts' leaves that adds up the cover.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import InputError
from sunfair.model import FIRST_MEMBER, UTILITY
from sunfair.settlement.hashing import Tag, hash_rows, int64_bytes, layout, uint32_bytes
from sunfair.settlement.money import exact_sum
from sunfair.settlement.tree import Proof, SumProof, SumTree, Tree

__all__ = ["PeriodMoney", "PeriodRows", "PeriodTree", "period_money"]


@dataclass(frozen=True, slots=True)
class PeriodRows:
    """The private rows of a period: T slots × m accounts (institutions first; 0 where they have nothing).

    slots : int64[T]; leaf (place in the secret order), traded_*, metered, registers (Wh at the slot's end), paid (µ) :
    int64[T, m]; salts : uint8[T, m, 32]
    """

    slots: NDArray[np.int64]
    leaf: NDArray[np.int64]
    traded_ahead_wh: NDArray[np.int64]
    traded_pool_wh: NDArray[np.int64]
    metered_wh: NDArray[np.int64]
    import_register_wh: NDArray[np.int64]
    export_register_wh: NDArray[np.int64]
    paid: NDArray[np.int64]
    salts: NDArray[np.uint8]

    def leaves(self, account: int) -> NDArray[np.uint8]:
        """Row hashes of one account in slot order, uint8[T, 32]; each row carries the sum of what was paid so far."""
        numbers = np.stack(
            [
                self.slots,
                self.leaf[:, account],
                self.traded_ahead_wh[:, account],
                self.traded_pool_wh[:, account],
                self.metered_wh[:, account],
                self.import_register_wh[:, account],
                self.export_register_wh[:, account],
                self.paid[:, account],
                np.cumsum(self.paid[:, account]),
            ],
            axis=1,
        )
        count = len(self.slots)
        parts: list[NDArray[np.uint8] | bytes] = [
            account.to_bytes(4, "big"),
            int64_bytes(numbers),
            self.salts[:, account],
        ]
        return hash_rows(layout(Tag.PRIVATE_ROW, count, parts))


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


def period_money(
    balances: NDArray[np.int64],
    rows: NDArray[np.int64],
    residual_debits: NDArray[np.int64],
    undelivered: NDArray[np.int64],
) -> PeriodMoney:
    """Amounts of a period (settlement.md, "A period's settlement"); all arguments int64[m], µ, indexed by account.

    A member that cannot pay owes the utility its residual (arrears, a claim off chain, and so much less reaches the
    utility); what it owes its neighbours, the guarantor covers. Raises InputError when an institution itself lacks the
    money.
    """
    shortfall = np.maximum(0, -(balances + rows))
    short = [
        name for name, lack in zip(("utility", "network", "reserve"), shortfall[:FIRST_MEMBER], strict=True) if lack
    ]
    members = np.arange(len(rows)) >= FIRST_MEMBER
    arrears = np.where(members, np.minimum(shortfall, residual_debits - undelivered), 0)
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


class PeriodTree:
    """Trees of a period: a `rows_root` per account, and the period root over the accounts' leaves.

    A leaf is ``(account, amount, arrears, cover, rows_root)``; nodes add up the cover.
    """

    def __init__(self, rows: PeriodRows, money: PeriodMoney) -> None:
        accounts = rows.paid.shape[1]
        self.row_trees = [Tree(rows.leaves(account)) for account in range(accounts)]
        roots = np.frombuffer(b"".join(tree.root for tree in self.row_trees), np.uint8).reshape(-1, 32)
        numbers = np.stack([money.amounts, money.arrears, money.cover], axis=1)
        parts = [uint32_bytes(np.arange(accounts)), int64_bytes(numbers), roots]
        self.leaves = hash_rows(layout(Tag.PERIOD_LEAF, accounts, parts))
        self.tree = SumTree(self.leaves, money.cover[:, None], neutral=np.zeros(1, np.int64), combine=_add)

    @property
    def root(self) -> bytes:
        """The period root."""
        return self.tree.root

    def row_proof(self, account: int, index: int) -> Proof:
        """That the account's row of the period's slot number `index` stands under its rows_root."""
        return self.row_trees[account].proof(index)

    def account_proof(self, account: int) -> SumProof:
        """That the account's leaf stands under the period root."""
        return self.tree.proof(account)
