"""Use case *settle*: anchor a period, post its zero-sum amounts, apply them once the window is over.

Periods settle strictly one after another. `tick` does whatever is due at the ledger's time and nothing twice: each step
follows from what was done before it.
"""

from collections import deque
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sunfair.model import FIRST_MEMBER
from sunfair.ports import Ledger, SettlementRecord, SlotRecord, Store
from sunfair.settlement import (
    PeriodMoney,
    PeriodRows,
    PeriodTree,
    anchor_tree,
    period_money,
    residual_money,
    undelivered_debits,
)

__all__ = ["Settler", "period_debits", "period_rows"]


def period_rows(slots: list[SlotRecord]) -> PeriodRows:
    """The private rows of a period, institutions first, from its slots' records."""

    def members(values: list[NDArray[np.int64]], fill: int) -> NDArray[np.int64]:
        block = np.stack(values)
        return np.concatenate([np.full((len(block), FIRST_MEMBER), fill, np.int64), block], axis=1)

    salts = np.stack([slot.salts for slot in slots])
    none = np.zeros((len(slots), FIRST_MEMBER, 32), np.uint8)
    return PeriodRows(
        slots=np.array([slot.slot for slot in slots], np.int64),
        leaf=members([slot.leaf for slot in slots], -1),
        traded_ahead_wh=np.stack([slot.traded_ahead_wh for slot in slots]),
        traded_pool_wh=np.stack([slot.traded_pool_wh for slot in slots]),
        metered_wh=np.stack([slot.metered_wh for slot in slots]),
        import_register_wh=members([slot.readings.import_wh for slot in slots], 0),
        export_register_wh=members([slot.readings.export_wh for slot in slots], 0),
        paid=np.stack([slot.paid for slot in slots]),
        salts=np.concatenate([none, salts], axis=1),
    )


def period_debits(slots: list[SlotRecord]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Residual debits and, of them, those of undelivered ahead trades: int64[m] each, µ over the period."""
    residual, undelivered = np.zeros_like(slots[0].paid), np.zeros_like(slots[0].paid)
    for slot in slots:
        rest = slot.metered_wh - slot.traded_ahead_wh - slot.traded_pool_wh
        residual += residual_money(rest, slot.terms.retail, slot.terms.feed_in).debits
        undelivered += undelivered_debits(rest, slot.traded_ahead_wh, slot.terms.retail, slot.terms.feed_in)
    return residual, undelivered


@dataclass(frozen=True, slots=True)
class _Open:
    """A finished period that is not settled yet."""

    civil: date
    slots: list[SlotRecord]


@dataclass(frozen=True, slots=True)
class _Pending:
    """A period that was posted and waits for its window."""

    record: SettlementRecord
    money: PeriodMoney


class Settler:
    """Brings finished periods to the chain in order and keeps the balances that stand there."""

    def __init__(self, ledger: Ledger, store: Store, balances: NDArray[np.int64]) -> None:
        """`balances` are those on chain now, int64[m], µ."""
        self._ledger, self._store = ledger, store
        self.balances = balances.copy()
        self._open: deque[tuple[int, _Open]] = deque()
        self._pending: _Pending | None = None

    @property
    def idle(self) -> bool:
        """Whether every period handed in has been applied."""
        return not self._open and self._pending is None

    def close_period(self, civil: date, slots: list[SlotRecord]) -> None:
        """Anchor a finished period's headers and queue it for settlement."""
        root = anchor_tree([slot.header.digest() for slot in slots]).root
        period = self._ledger.anchor(slots[0].slot, len(slots), root)
        self._open.append((period, _Open(civil, slots)))

    def due(self) -> int | None:
        """Unix seconds at which `tick` next has something to do, None if nothing is open."""
        if self._pending is not None:
            return self._ledger.apply_time()
        return self._ledger.next_settle_time() if self._open else None

    def tick(self) -> None:
        """Do what is due now."""
        due = self.due()
        if due is None or self._ledger.now() < due:
            return
        if self._pending is not None:
            self._apply(self._pending)
        else:
            self._settle(*self._open[0])

    def _settle(self, period: int, finished: _Open) -> None:
        rows = period_rows(finished.slots)
        money = period_money(self.balances, rows.paid.sum(axis=0), *period_debits(finished.slots))
        root = PeriodTree(rows, money).root
        self._ledger.settle(period, root, money.guarantor, _posted(money))
        record = SettlementRecord(period, finished.civil, finished.slots[-1].slot, money, root)
        self._store.put_settlement(record)
        self._pending = _Pending(record, money)
        self._open.popleft()

    def _apply(self, pending: _Pending) -> None:
        self._ledger.apply(_posted(pending.money))
        self.balances += pending.money.amounts
        self._pending = None


def _posted(money: PeriodMoney) -> list[int]:
    """Amounts in the order the contract takes them: accounts, then the guarantor."""
    return [*money.amounts.tolist(), -money.guarantor]
