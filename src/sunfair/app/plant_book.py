"""What a community plant and each of its holders get of a period: worked out of rows alone, so that anybody can.

The runner pays by it, the audit holds files and chain against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sunfair.commons import Flows, Shared, divided, due_of, forward, owed_of, share_output
from sunfair.model import Plant
from sunfair.settlement import PeriodRows
from sunfair.settlement.row import AFTER_GAP
from sunfair.slots import SlotClock

__all__ = ["HolderShare", "PlantBook", "PlantShare", "note_arrears", "plant_flows"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HolderShare:
    """A holder's part of a period, µ and Wh ≥ 0: its shares, and what of the plant's income is due to it.

    shared_wh, credit : by the plant's key, None without one; paid : what the utility pays of the credit once the
        holder's arrears are made good, None where the plant only sells
    """

    account: int
    shares: int
    due: int
    shared_wh: int | None
    credit: int | None
    paid: int | None


@dataclass(frozen=True, slots=True)
class PlantShare:
    """A plant's period. Money µ, energy Wh ≥ 0.

    earned : Σ paid of its rows; forwarded : what of it its agent sends to the contract; shared_income : what the
    utility sends there, None where the plant only sells; supply, accumulator : of the contract after it
    """

    generation_wh: int
    shared_wh: int | None
    surplus_wh: int | None
    earned: int
    forwarded: int
    shared_income: int | None
    supply: int
    accumulator: int
    holders: tuple[HolderShare, ...]

    @property
    def income(self) -> int:
        """All that reaches the contract."""
        return self.forwarded + (self.shared_income or 0)


@dataclass(slots=True)
class PlantBook:
    """A plant's account, its holders', and what was counted so far: money lost and carried on ≤ 0, µ; owed 2⁻⁶⁴ µ."""

    plant: Plant
    account: int
    holders: tuple[int, ...]
    carried: int = 0
    accumulator: int = 0
    owed: dict[int, int] = field(default_factory=dict)

    def period(
        self, rows: PeriodRows, flows: Flows, shares_bps: Sequence[int], seats: Sequence[int], debts: dict[int, int]
    ) -> tuple[PlantShare, Flows]:
        """The next period, from its rows; the books go on. And what is left to share for the plants that come after.

        shares_bps, seats : of the holders in it; debts : what each account owes the utility, µ ≤ 0: credits make it
        good first
        """
        earned = int(rows.paid[:, self.account].sum())
        sent, self.carried = forward(self.carried, earned)
        shared = share_output(self.plant, shares_bps, flows, self.account, self.holders) if self.plant.key else None
        pays = self.plant.shares_output
        income = int(shared.income.sum()) if shared is not None and pays else None
        before, supply = self.accumulator, sum(seats)
        self.accumulator = divided(before, sent + (income or 0), supply)
        made = int(np.maximum(-rows.metered_wh[:, self.account], 0).sum())
        given = None if shared is None else int(shared.shared_wh.sum())
        left = None if given is None else made - given
        holders = tuple(
            self._holder(at, seat, before, shared, debts if pays else None) for at, seat in enumerate(seats)
        )
        told = PlantShare(made, given, left, earned, sent, income, supply, self.accumulator, holders)
        return told, flows.after(shared, self.holders) if shared is not None and pays else flows

    def _holder(
        self, at: int, seat: int, before: int, shared: Shared | None, debts: dict[int, int] | None
    ) -> HolderShare:
        account = self.holders[at]
        owed = self.owed.get(account, 0)
        self.owed[account] = owed_of(owed, seat, before, self.accumulator)
        due = due_of(1, self.owed[account]) - due_of(1, owed)
        if shared is None:
            return HolderShare(account, seat, due, None, None, None)
        energy, credit, paid = int(shared.shared_wh[:, at].sum()), int(shared.credit[:, at].sum()), None
        if debts is not None:
            paid, debts[account] = forward(debts.get(account, 0), credit)
        return HolderShare(account, seat, due, energy, credit, paid)


def note_arrears(debts: dict[int, int], arrears: Ints) -> None:
    """Add what a period left unpaid to the utility, int64[m], µ ≥ 0: no credit is paid out before it is made good."""
    for account in np.flatnonzero(arrears).tolist():
        debts[account] = debts.get(account, 0) - int(arrears[account])


def plant_flows(rows: PeriodRows, retail: Ints, feed_in: Ints, clock: SlotClock) -> Flows:
    """What rows say of energy that can be shared; tariffs int64[T], µ/kWh.

    A reading after a gap shows what flowed in all of it, so none of it is this slot's: a meter that is silent by night
    and speaks at noon gets no sun for its night.
    """
    metered = np.where(rows.gap_slots == AFTER_GAP, 0, rows.metered_wh)
    hours = np.array([clock.local(slot).hour for slot in rows.slots.tolist()], np.int64)
    return Flows(metered, rows.traded_ahead_wh + rows.traded_pool_wh, retail, feed_in, hours)
