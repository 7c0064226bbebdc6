"""Use case *settle*: anchor a period, post its zero-sum amounts, apply them once the window is over.

Periods settle strictly one after another. `tick` does whatever is due at the ledger's time and nothing twice: each step
follows from what was done before it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sunfair.app.money import resettled
from sunfair.model import FIRST_MEMBER
from sunfair.ports import Ledger, SettlementRecord, SlotRecord, Store
from sunfair.settlement import Meters, PeriodMoney, PeriodRows, PeriodTree, anchor_tree, period_money
from sunfair.settlement.court import Anchor, Settlement

__all__ = ["OpenPeriod", "Posted", "Settler", "period_rows"]


def period_rows(slots: list[SlotRecord]) -> PeriodRows:
    """The private rows of consecutive slots, institutions first, from their records."""

    def members(values: list[NDArray[np.int64]], fill: int = 0) -> NDArray[np.int64]:
        block = np.stack(values)
        return np.concatenate([np.full((len(block), FIRST_MEMBER), fill, np.int64), block], axis=1)

    salts = np.stack([slot.salts for slot in slots])
    none = np.zeros((len(slots), FIRST_MEMBER, 32), np.uint8)
    return PeriodRows(
        slots=np.array([slot.slot for slot in slots], np.int64),
        leaf=members([slot.leaf for slot in slots], -1),
        nonce=members([slot.nonce for slot in slots], -1),
        traded_ahead_wh=np.stack([slot.traded_ahead_wh for slot in slots]),
        traded_pool_wh=np.stack([slot.traded_pool_wh for slot in slots]),
        metered_wh=np.stack([slot.metered_wh for slot in slots]),
        import_register_wh=members([slot.meters.import_wh for slot in slots]),
        export_register_wh=members([slot.meters.export_wh for slot in slots]),
        paid=np.stack([slot.paid for slot in slots]),
        claimed=np.stack([slot.claimed for slot in slots]),
        gap_slots=members([slot.meters.gap_slots for slot in slots]),
        gap_retail=members([slot.meters.gap_retail for slot in slots]),
        gap_feed_in=members([slot.meters.gap_feed_in for slot in slots]),
        salts=np.concatenate([none, salts], axis=1),
    )


@dataclass(frozen=True, slots=True)
class OpenPeriod:
    """A finished period that is not settled yet: its day, its slots, and what was anchored for it."""

    civil: date
    slots: list[SlotRecord]
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Posted:
    """A settlement that waits for its window: what stands on chain, and what it was made from."""

    period: OpenPeriod
    settlement: Settlement
    rows: PeriodRows
    money: PeriodMoney
    tree: PeriodTree

    @property
    def amounts(self) -> list[int]:
        """µ in the order the contract takes them: accounts, then the guarantor."""
        return [*self.money.amounts.tolist(), -self.money.guarantor]


Statement = Callable[[PeriodRows, PeriodMoney], tuple[PeriodRows, PeriodMoney]]
"""What an operator says of the rows and the money it worked out."""


class Settler:
    """Brings finished periods to the chain in order and keeps the balances that stand there.

    A settlement that a court cancels is made again, with the slots void that became so, once the bond is full.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: Store,
        balances: NDArray[np.int64],
        meters: Meters,
        *,
        applied: Callable[[date, list[SlotRecord]], None] = lambda civil, slots: None,
        statement: Statement = lambda rows, money: (rows, money),
        mend: Callable[[list[SlotRecord]], list[SlotRecord]] = lambda slots: slots,
    ) -> None:
        """`balances` are those on chain now, int64[m], µ; `meters` stand before the first slot.

        `applied` is told the slots of each period as they were settled in the end; `statement` is what is said of rows
        and money that were worked out: all of it, by an honest operator; `mend` is what it makes of its records after a
        conviction.
        """
        self._ledger, self._store, self._told = ledger, store, applied
        self._statement, self._mend = statement, mend
        self.balances, self.meters = balances.copy(), meters
        self.open: deque[OpenPeriod] = deque()
        self.posted: Posted | None = None
        self.holder = "operator"

    @property
    def idle(self) -> bool:
        """Whether every period handed in has been applied."""
        return not self.open and self.posted is None

    def paid_in(self, account: int, amount: int) -> None:
        """Note what reached an account's balance on chain beside the settlements, µ."""
        self.balances[account] += amount

    def close_period(self, civil: date, slots: list[SlotRecord], digests: Sequence[bytes] | None = None) -> OpenPeriod:
        """Anchor a finished period's headers (`digests`; None: those of the slots) and queue it for settlement."""
        root = anchor_tree([slot.digest for slot in slots] if digests is None else list(digests)).root
        period = OpenPeriod(civil, slots, self._ledger.anchor(slots[0].slot, len(slots), root, holder=self.holder))
        self.open.append(period)
        return period

    def due(self) -> int | None:
        """Unix seconds at which `tick` next has something to do, None if nothing is open."""
        if self.posted is not None:
            return self.posted.settlement.settled_at + self._ledger.window_seconds
        return self._ledger.next_settle_time() if self.open else None

    def tick(self) -> None:
        """Do what is due now."""
        if self.posted is not None and not self._ledger.is_pending(self.posted.settlement):
            self._cancelled(self.posted)
        due = self.due()
        if due is None or self._ledger.now() < due:
            return
        if self.posted is not None:
            self._apply(self.posted)
        else:
            self._settle(self.open.popleft())

    def post(self, period: OpenPeriod) -> Posted:
        """What a period's settlement says, before it is posted."""
        rows = period_rows(period.slots)
        money = period_money(self.balances, rows.paid.sum(axis=0), rows.claimed.sum(axis=0))
        return self._sent(period, rows, money)

    def _sent(self, period: OpenPeriod, rows: PeriodRows, money: PeriodMoney) -> Posted:
        rows, money = self._statement(rows, money)
        tree = PeriodTree(rows, money)
        amounts = [*money.amounts.tolist(), -money.guarantor]
        settlement = self._ledger.settle(1, tree.root, money.guarantor, amounts, holder=self.holder)
        return Posted(period, settlement, rows, money, tree)

    def _settle(self, period: OpenPeriod) -> None:
        self._fill_bond()
        self.posted = self.post(self._with_voids(period))

    def _fill_bond(self) -> None:
        """After a conviction the operator posts its bond anew, or it may not settle."""
        operator = self._ledger.operator()
        posted, full = self._ledger.bond_of(operator)
        if posted < full:
            self._ledger.post_bond(full - posted, holder=self.holder)

    def _cancelled(self, posted: Posted) -> None:
        """A court undid the settlement: the period is open again."""
        period = posted.period
        self.open.appendleft(OpenPeriod(period.civil, self._mend(period.slots), period.anchor))
        self.posted = None

    def _with_voids(self, period: OpenPeriod) -> OpenPeriod:
        """What became void is settled as residual, the rest stands."""
        facts, anchor = self._ledger.facts(), period.anchor
        now = next((a for a in facts.anchors if a.period == anchor.period), anchor)
        void = {slot.slot for slot in period.slots if facts.is_void(now, slot.slot)}
        if not any(slot.slot in void and not slot.void for slot in period.slots):
            return period
        return OpenPeriod(period.civil, resettled(period.slots, void, self.meters), now)

    def _apply(self, posted: Posted) -> None:
        self._ledger.apply(posted.settlement, posted.amounts)
        self.balances += posted.money.amounts
        self.meters = posted.period.slots[-1].meters
        first = posted.period.slots[-1].slot
        record = SettlementRecord(
            posted.settlement.first_period, posted.period.civil, first, posted.money, posted.tree.root
        )
        self._told(posted.period.civil, posted.period.slots)
        self._store.put_settlement(record)
        self.posted = None
