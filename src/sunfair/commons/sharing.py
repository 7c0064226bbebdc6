"""A plant's output by its key for a stretch of slots, and the money that moves by it, in integers.

A plant with a price shares instead of selling: none of its output is offered, so the utility buys all of it at feed-in
and sells the holders what they lack at retail. What the key gives a holder is netted afterwards: out of what the
utility took for it, less what it paid for it, the holder gets all but the price back, and the plant the rest. See
docs/commons-spec.md, "Sharing by key".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from sunfair.commons.allocation import Allocation, Key, allocate
from sunfair.model import Plant

__all__ = ["Flows", "Shared", "share_output"]

_KWH = 1_000

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """What rows say of T slots and m accounts.

    metered_wh, traded_wh : int64[T, m], + taken or bought; traded: ahead and in the pool
    retail, feed_in : int64[T], µ/kWh, feed_in ≤ retail; hours : int64[T], the civil hour, 0 … 23
    shared_wh : int64[T, m] ≥ 0, what other plants of these accounts shared with them already; None: nothing
    """

    metered_wh: Ints
    traded_wh: Ints
    retail: Ints
    feed_in: Ints
    hours: Ints
    shared_wh: Ints | None = None

    def after(self, shared: "Shared", holders: Sequence[int]) -> "Flows":
        """The same for the next plant: a Wh that one shared with its holders (accounts) no other shares with them."""
        before = np.zeros_like(self.metered_wh) if self.shared_wh is None else self.shared_wh.copy()
        before[:, list(holders)] += shared.shared_wh
        return replace(self, shared_wh=before)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What a key gave of T slots, Wh, and what it is worth, µ ≥ 0, to n holders.

    shared_wh : int64[T, n]; surplus_wh : int64[T]
    credit : int64[T, n]: of a plant that sells, what the Wh are worth at retail, a statement; of one that shares, what
        the utility returns to the holder
    income : int64[T], what the utility hands on to the plant, 0 where it sells
    """

    shared_wh: Ints
    surplus_wh: Ints
    credit: Ints
    income: Ints


def share_output(plant: Plant, shares_bps: Sequence[int], flows: Flows, account: int, holders: Sequence[int]) -> Shared:
    """The output of `account` by the plant's key; `shares_bps` hold in these slots, `holders` are accounts.

    generation and use are what the meters show; with a price, no more than what went to and came from the utility:
    energy that somebody traded, or got of another plant, is not shared a second time.
    """
    taken = flows.metered_wh
    if plant.shares_output:
        rest = taken - flows.traded_wh
        same = (rest > 0) == (taken > 0)
        taken = np.where(same, np.sign(taken) * np.minimum(np.abs(rest), np.abs(taken)), 0)
        taken = taken if flows.shared_wh is None else np.where(taken > 0, taken - flows.shared_wh, taken)
    generation, use = np.maximum(-taken[:, account], 0), np.maximum(taken[:, list(holders)], 0)
    shares, value = _read_by(plant, shares_bps, flows.hours, use.shape)
    given = allocate(cast(Key, plant.key), generation, use, shares, value=value)
    if plant.price is None or not plant.shares_output:
        credit = given.shared_wh * np.maximum(flows.retail, 0)[:, None] // _KWH
        return Shared(given.shared_wh, given.surplus_wh, credit, np.zeros_like(generation))
    return _netted(given, plant.price, flows)


def _netted(given: Allocation, price: int, flows: Flows) -> Shared:
    """The money of shared energy: Σ credit + income is, in every slot, the utility's margin to the µ, or nothing.

    Debits are rounded up and credits down as everywhere, each by itself; where that leaves no margin nothing moves, so
    the utility never hands on what it did not take.
    """
    shared, total = given.shared_wh, given.shared_wh.sum(axis=1)
    # Never dearer than the utility and never cheaper than what it pays, so nobody loses by sharing.
    within = np.minimum(np.maximum(price, flows.feed_in), flows.retail)
    took, own = shared * flows.retail[:, None] // _KWH, -(-shared * within[:, None] // _KWH)
    credit, margin = np.maximum(took - own, 0), took.sum(axis=1) + (-total * flows.feed_in // _KWH)
    fits = credit.sum(axis=1) <= margin
    credit = np.where(fits[:, None], credit, 0)
    income = np.where(fits, margin - credit.sum(axis=1), 0)
    return Shared(shared, given.surplus_wh, credit, income)


def _read_by(plant: Plant, shares_bps: Sequence[int], hours: Ints, shape: tuple[int, ...]) -> tuple[Ints, Ints | None]:
    """What the plant's key reads beside generation and use: shares, a ranking or a table; values where there are."""
    if plant.key == "priority":
        return np.array([plant.holders.index(name) for name in plant.ranking], np.int64), None
    if plant.key == "table":
        return np.array(plant.table, np.int64)[hours], None
    values = np.broadcast_to(np.array(plant.values, np.int64), shape) if plant.values else None
    return np.array(shares_bps, np.int64), values
