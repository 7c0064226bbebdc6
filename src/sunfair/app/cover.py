"""Cover: what an account has to hold for an offer before the operator acknowledges it, and what it has left for one.

Whatever clears within an offer's limits can cost its account at most the offer's cover. As long as the cover of all
open offers is held, a neighbour's claim is paid out of the balance, and the guarantor pays nothing.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Curves
from sunfair.settlement.court.book import filed_cover
from sunfair.settlement.court.proofs import CurveNumbers
from sunfair.units import NO_BUY, NO_SELL

__all__ = ["Purses", "Tariffs", "covers"]

Tariffs = Callable[[int], tuple[int, int]]
"""Retail and feed-in of a slot, µ/kWh."""


_KWH = 1_000

# A home reckons before it signs, the operator before it acknowledges, and both again what is held: of the same curves.
_cover = lru_cache(maxsize=10_000)(filed_cover)


def covers(curves: Curves, caps: NDArray[np.int64], tariffs: tuple[int, int], seller_bps: int) -> NDArray[np.int64]:
    """The cover of each curve for one slot at these tariffs (retail, feed_in), µ ≥ 0, int64[n]; 0 for an empty one.

    caps : int64[n], Wh, what the accounts may trade on a side. The rule is `settlement.court.book.filed_cover`, the one
    by which an offer of the inbox is judged.
    """
    empty = (curves.steps == 0) & (curves.pool_buy == NO_BUY) & (curves.pool_sell == NO_SELL)
    columns = (part.tolist() for part in (curves.energy_wh, curves.limit, curves.pool_buy, curves.pool_sell))
    due = [
        _cover(CurveNumbers(tuple(energy), tuple(limit), buy, sell), cap, tariffs, seller_bps)
        for energy, limit, buy, sell, cap in zip(*columns, caps.tolist(), strict=True)
    ]
    return np.where(empty, 0, np.array(due, np.int64))


class Purses:
    """What n members can cover offers with: balance, less what they asked to withdraw, what slots that are over and not
    yet applied cost them, and the cover of their open offers.

    An offer for a later period leaves beside that what an account can use until then: a period is settled before the
    next, and what it takes for use would be missing from the next one's trade. Within a period trade comes first.
    """

    def __init__(
        self,
        balances: NDArray[np.int64],
        caps: NDArray[np.int64],
        *,
        tariffs: Tariffs,
        seller_bps: int,
        first_slot: int,
        period_start: Callable[[int], int],
    ) -> None:
        """`balances` are the members' on chain, µ, int64[n]; `caps` theirs, Wh, int64[n].

        `first_slot` is the first that is not settled; `period_start` names the first slot of the period of a slot.
        """
        self._balances, self._caps = balances.copy(), caps
        self._tariffs, self._seller_bps = tariffs, seller_bps
        self._next, self._period_start = first_slot, period_start
        self._requested = np.zeros_like(balances)
        self._debits: dict[int, NDArray[np.int64]] = {}
        self._open: dict[int, NDArray[np.int64]] = {}

    def free(self) -> NDArray[np.int64]:
        """What is left of each balance, µ, int64[n]; below 0 where an account owes more than it has."""
        left: NDArray[np.int64] = np.maximum(self._balances - self._requested, 0)
        for held in (*self._debits.values(), *self._open.values()):
            left = left - held
        return left

    def needed(self, members: NDArray[np.int64], curves: Curves, slots: range) -> NDArray[np.int64]:
        """The cover of these members' curves for all of `slots`, µ, int64[m]."""
        total = np.zeros(len(members), np.int64)
        for due in self._due(members, curves, slots).values():
            total += due
        return total

    def lacking(self, members: NDArray[np.int64], curves: Curves, slots: range) -> NDArray[np.int64]:
        """What these members lack to cover their curves for `slots`, µ ≥ 0, int64[m]; an empty curve lacks nothing.

        The cover of what they offered for the same slots before is free for it: the newer offer takes its place.
        """
        last = max([*self._open, *slots], default=self._next)
        needed, free = self.needed(members, curves, slots), (self.free() - self._use_before(last))[members]
        for slot in slots:
            if slot in self._open:
                free = free + self._open[slot][members]
        return np.where(needed > 0, np.maximum(needed - np.maximum(free, 0), 0), 0)

    def covered(self, curves: Curves, *, slots: range) -> NDArray[np.bool_]:
        """Which of the n members can cover its curve for `slots`, in place of what it offered for them before."""
        members = np.arange(len(self._balances))
        enough: NDArray[np.bool_] = self.lacking(members, curves, slots) == 0
        return enough

    def hold(self, members: NDArray[np.int64], curves: Curves, slots: range) -> None:
        """Hold the cover of acknowledged offers until each slot is settled."""
        for slot, due in self._due(members, curves, slots).items():
            self._open.setdefault(slot, np.zeros_like(self._balances))[members] = due

    def settled(self, slot: int, paid: NDArray[np.int64]) -> None:
        """A slot is over: in place of its cover stands what it costs; `paid` is the members', µ, int64[n], + received.

        What it brings counts only once it is applied: until then the slot can become void.
        """
        self._open.pop(slot, None)
        self._next = max(self._next, slot + 1)
        self._debits[slot] = np.maximum(-paid, 0)

    def applied(self, last_slot: int, balances: NDArray[np.int64]) -> None:
        """All slots up to `last_slot` are in these balances, µ, int64[n]."""
        self._balances = balances.copy()
        self._debits = {slot: due for slot, due in self._debits.items() if slot > last_slot}

    def paid_in(self, member: int, amount: int) -> None:
        """What reached a member's balance on chain between settlements, µ."""
        self._balances[member] += amount

    def requested(self, member: int, amount: int) -> None:
        """A member asked for `amount` µ ≥ 0; a newer request takes the place of an older one, 0 withdraws it."""
        self._requested[member] = amount

    def _use_before(self, slot: int) -> NDArray[np.int64]:
        """What each member can be charged for energy of its own until the period of `slot` begins, µ, int64[n]."""
        total = np.zeros_like(self._balances)
        for earlier in range(self._next, self._period_start(slot)):
            retail, feed_in = self._tariffs(earlier)
            total += -(-self._caps * (max(retail, 0) + max(-feed_in, 0)) // _KWH)
        return total

    def _due(self, members: NDArray[np.int64], curves: Curves, slots: range) -> dict[int, NDArray[np.int64]]:
        """The cover by slot; slots of one tariff share it."""
        caps, known = self._caps[members], dict[tuple[int, int], NDArray[np.int64]]()
        due = {}
        for slot in slots:
            tariffs = self._tariffs(slot)
            if tariffs not in known:
                known[tariffs] = covers(curves, caps, tariffs, self._seller_bps)
            due[slot] = known[tariffs]
        return due
