"""A plant's output, shared out among its members slot by slot."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.commons.checks import read_order
from sunfair.commons.keys import dynamic, hybrid, priority, static
from sunfair.commons.optimal import share_to_the_dearest

__all__ = ["KEYS", "Allocation", "Key", "allocate"]

Key = Literal["static", "dynamic", "hybrid", "priority", "table", "optimal"]
"""The name of a sharing key."""

KEYS: tuple[Key, ...] = get_args(Key)
"""All sharing keys."""

_CELLS = 2**16
"""Slots times members worked on at once: a dozen working arrays of half a MB, however long the year."""

Wh = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Who got how much of a plant's output, and what nobody got; the arrays are read-only.

    shared_wh  : int64[T, n], Wh ≥ 0, never more than the member used in that slot
    surplus_wh : int64[T], Wh ≥ 0; ``shared_wh.sum(axis=1) + surplus_wh`` is the generation, exactly
    """

    shared_wh: Wh
    surplus_wh: Wh


def allocate(
    key: Key,
    generation_wh: ArrayLike,
    use_wh: ArrayLike,
    shares: ArrayLike | None,
    *,
    value: ArrayLike | None = None,
) -> Allocation:
    """Share a plant's output among its `n` members in each of `T` slots, in whole Wh.

    key           : ``"static" | "dynamic" | "hybrid" | "priority" | "table" | "optimal"``
    generation_wh : integers[T], Wh, 0 … 10⁹: what the plant gave
    use_wh        : integers[T, n], Wh, 0 … 10⁹: what each member took; n is 1 … 100,000
    shares        : integers[n], bps, 0 … 10⁴, summing to exactly 10⁴; for ``"table"`` integers[T, n], each slot summing
                    to 10⁴; for ``"priority"`` the members' places 0 … n − 1, first served first; ``"dynamic"`` reads
                    none: None will do
    value         : integers[T, n], µ/kWh, ±10⁹: what a shared kWh saves the member; only ``"optimal"`` reads it; None:
                    all alike

    * static, table: ``⌊generation·share/10⁴⌋``, the Wh left by rounding one each to the largest remainders (ties to the
      first member); each part is then cut at the member's use, and what is cut off is surplus.
    * dynamic: the generation, at most Σ use, in proportion to use, rounded likewise.
    * hybrid: static; what that leaves then dynamically among those still short of their use.
    * priority: each is served its whole use in turn until nothing is left.
    * optimal: the greatest Σ value·shared in which everyone has at least its static part (cut at its use). What static
      leaves goes to the greatest values first, among equal values in proportion to what they are short of. At a value
      of 0 the plant still serves; where the value is negative it gives no more than the guaranteed minimum.

    Raises InputError naming every fault: an unknown key, shapes that differ, gaps (NaN, None, masked), numbers that are
    negative or too large or no integers, shares that do not sum to 10⁴ or are no ranking.

    Sources: Orden TED/1247/2021, Spain (static; a table of coefficients β per hour, Σβ = 1, fixed beforehand);
    ElWOG 2010 §§ 16a, 16e, Austria (static and dynamic, per quarter-hour, within a member's own use); Enedis, France
    (static; dynamic by use; by the organiser's own rule).
    """
    order = read_order(key, KEYS, generation_wh, use_wh, shares, value)
    slots, members = order.use.shape
    shared = np.zeros((slots, members), np.int64)
    surplus = order.generation.astype(np.int64)
    lit = np.flatnonzero(surplus)  # at night there is nothing to share
    step = max(1, _CELLS // members)
    for rows in (lit[at : at + step] for at in range(0, len(lit), step)):
        keyed = order.shares[rows] if order.shares.ndim == 2 else order.shares
        worth = None if order.value is None else _int64(order.value[rows])
        part = _share(key, surplus[rows], _int64(order.use[rows]), _int64(keyed), worth)
        shared[rows] = part
        surplus[rows] -= part.sum(axis=1)
    shared.setflags(write=False)
    surplus.setflags(write=False)
    return Allocation(shared, surplus)


def _share(key: Key, generation: Wh, use: Wh, shares: Wh, value: Wh | None) -> Wh:
    """What each member gets in some slots, int64[t, n]: generation int64[t], use and value int64[t, n]."""
    match key:
        case "static" | "table":
            return static(generation, use, shares)
        case "dynamic":
            return dynamic(generation, use)
        case "priority":
            return priority(generation, use, shares)
        case "optimal" if value is not None:
            return share_to_the_dearest(generation, use, shares, value)
        case _:  # with all values alike the optimal key is the hybrid one
            return hybrid(generation, use, shares)


def _int64(values: NDArray[np.integer]) -> Wh:
    return values.astype(np.int64, copy=False)
