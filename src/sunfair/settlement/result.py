"""The public result of a slot: who was filled with what, without names, under sums that decide price and volume.

Per session a node carries eight numbers: energy in the money and at the money on each side (DI, DA, SI, SA), energy
bought and sold, and the two bounds lo and hi of the price. From the root's alone follows all that the auction's rule
asks (settlement.md, "After the slot"), so a row needs only its own curve, the price and two ratios to be checked.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.model import Curves, Mechanism
from sunfair.settlement.book import curve_bytes
from sunfair.settlement.hashing import Tag, hash_rows, int64_bytes, layout
from sunfair.settlement.tree import SumProof, SumTree
from sunfair.units import NO_BUY, NO_SELL

__all__ = [
    "BOUND_OFFSET",
    "NEUTRAL",
    "SUMS",
    "ResultRows",
    "ResultTree",
    "Rule",
    "SessionSums",
    "classify",
    "combine_sums",
    "conditions",
    "energy_sums",
    "header_price",
    "row_sums",
    "session_sums",
]

SUMS = 8
"""Numbers a node carries per session: DI, DA, SI, SA, bought, sold, lo, hi."""

BOUND_OFFSET = 2 * 10**9
"""lo and hi are stored with this added, so that every number of a node is non-negative."""

NEUTRAL = np.array([0, 0, 0, 0, 0, 0, NO_BUY + BOUND_OFFSET, NO_SELL + BOUND_OFFSET] * 2, np.int64)
"""The sums of nothing: of a padding leaf, and of a session that is not held."""


@dataclass(frozen=True, slots=True)
class SessionSums:
    """The root's numbers of one session, and what follows from them. Energies Wh, bounds µ/kWh."""

    demand_in: int
    demand_at: int
    supply_in: int
    supply_at: int
    bought: int
    sold: int
    lo: int
    hi: int

    @property
    def volume(self) -> int:
        """V = min(DI + DA, SI + SA)."""
        return min(self.demand_in + self.demand_at, self.supply_in + self.supply_at)

    @property
    def left(self) -> tuple[int, int]:
        """X: energy left for the buys and for the sells at the money."""
        return self.volume - self.demand_in, self.volume - self.supply_in


@dataclass(frozen=True, slots=True)
class Rule:
    """How a session was cleared: mechanism, its price p (µ/kWh), and k of the uniform auction."""

    mechanism: Mechanism
    price: int
    k: tuple[int, int] = (1, 2)


@dataclass(frozen=True, slots=True)
class ResultRows:
    """The public rows of a slot, in leaf order. pool_wh: the quantity offered in the pool, Wh; fills signed likewise.

    book_leaf : uint8[n, 32]; curves : n; pool_wh, fill_ahead_wh, fill_pool_wh : int64[n]
    """

    book_leaf: NDArray[np.uint8]
    curves: Curves
    pool_wh: NDArray[np.int64]
    fill_ahead_wh: NDArray[np.int64]
    fill_pool_wh: NDArray[np.int64]

    def public_bytes(self) -> NDArray[np.uint8]:
        """Each row as published, uint8[n, 200]: book leaf, curve, pool limits, pool quantity, fills."""
        tail = np.stack([self.pool_wh, self.fill_ahead_wh, self.fill_pool_wh], axis=1)
        return np.concatenate([self.book_leaf, curve_bytes(self.curves), int64_bytes(tail)], axis=1)

    def leaves(self) -> NDArray[np.uint8]:
        """Leaf hashes, uint8[n, 32]."""
        return hash_rows(layout(Tag.RESULT_LEAF, len(self.pool_wh), [self.public_bytes()]))

    def pool_steps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pool's one step per row as (energy, limit) columns int64[n, 1]; energy 0 where there is none."""
        buying = self.pool_wh > 0
        limit = np.where(buying, self.curves.pool_buy, self.curves.pool_sell)
        admitted = np.where(buying, limit != NO_BUY, limit != NO_SELL)
        return np.where(admitted, self.pool_wh, 0)[:, None], limit[:, None]

    def at(self, index: int) -> "ResultRows":
        """The one row at `index`, as rows."""
        place = np.array([index])
        return replace(
            self,
            book_leaf=self.book_leaf[place],
            curves=self.curves.take(place),
            pool_wh=self.pool_wh[place],
            fill_ahead_wh=self.fill_ahead_wh[place],
            fill_pool_wh=self.fill_pool_wh[place],
        )


def combine_sums(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums of a parent from its children's, int64[…, 16]: energies add, lo is the larger, hi the smaller."""
    joined = left + right
    for lo in (6, 14):
        joined[..., lo] = np.maximum(left[..., lo], right[..., lo])
        joined[..., lo + 1] = np.minimum(left[..., lo + 1], right[..., lo + 1])
    return joined


def classify(
    energy: NDArray[np.int64], limit: NDArray[np.int64], rule: Rule
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Each step's Wh as bought in and at the money, sold in and at the money: four arrays ≥ 0 of the steps' shape."""
    buy, sell = np.maximum(energy, 0), np.maximum(-energy, 0)
    if rule.mechanism is Mechanism.MID_MARKET_RATE:  # whoever's limit admits p counts as at the money
        none = np.zeros_like(energy)
        return none, buy * (limit >= rule.price), none, sell * (limit <= rule.price)
    at = limit == rule.price
    return buy * (limit > rule.price), buy * at, sell * (limit < rule.price), sell * at


def energy_sums(
    energy: NDArray[np.int64], limit: NDArray[np.int64], fill: NDArray[np.int64], rule: Rule
) -> NDArray[np.int64]:
    """DI, DA, SI, SA, bought, sold of each row, int64[n, 6], from its steps int64[n, s]."""
    columns = [part.sum(axis=1) for part in classify(energy, limit, rule)]
    return np.stack([*columns, np.maximum(fill, 0), np.maximum(-fill, 0)], axis=1)


def _bounds(
    energy: NDArray[np.int64], limit: NDArray[np.int64], rule: Rule, sums: NDArray[np.int64]
) -> NDArray[np.int64]:
    """lo and hi of each row, offset, int64[n, 2]; `sums` are the session's totals DI, DA, SI, SA."""
    if rule.mechanism is Mechanism.MID_MARKET_RATE:  # the price does not follow from the limits: lo and hi are not used
        return np.tile(NEUTRAL[6:8], (len(energy), 1))
    demand_in, demand_at, supply_in, supply_at = (int(value) for value in sums[:4])
    volume = min(demand_in + demand_at, supply_in + supply_at)
    buy_left, sell_left = volume - demand_in, volume - supply_in
    buy, sell, at = energy > 0, energy < 0, limit == rule.price
    # Of the group at p, never by a row's own fill: accepted iff something is left for it, rejected iff not enough is.
    accepted_buy = buy & ((limit > rule.price) | (at & (buy_left > 0)))
    rejected_buy = buy & ((limit < rule.price) | (at & (buy_left < demand_at)))
    accepted_sell = sell & ((limit < rule.price) | (at & (sell_left > 0)))
    rejected_sell = sell & ((limit > rule.price) | (at & (sell_left < supply_at)))
    lo = np.where(accepted_sell | rejected_buy, limit, NO_BUY).max(axis=1)
    hi = np.where(accepted_buy | rejected_sell, limit, NO_SELL).min(axis=1)
    return np.stack([lo, hi], axis=1) + BOUND_OFFSET


class ResultTree:
    """The tree over a slot's public rows, its sums, and the check that they obey the auction's rule."""

    def __init__(self, rows: ResultRows, ahead: Rule, pool: Rule) -> None:
        self.rows, self.ahead, self.pool = rows, ahead, pool
        self.leaf_sums = row_sums(rows, ahead, pool)
        self.tree = SumTree(rows.leaves(), self.leaf_sums, neutral=NEUTRAL, combine=combine_sums)

    @property
    def root(self) -> bytes:
        """The result root."""
        return self.tree.root

    @property
    def sums(self) -> tuple[SessionSums, SessionSums]:
        """The root's numbers of the ahead and of the pool session."""
        return session_sums(self.tree.sums, 0), session_sums(self.tree.sums, SUMS)

    def proof(self, index: int) -> SumProof:
        """The path of the row at leaf `index`."""
        return self.tree.proof(index)


def session_sums(sums: NDArray[np.int64], start: int) -> SessionSums:
    """The eight numbers from `start` on, bounds without their offset."""
    values = [int(value) for value in sums[start : start + SUMS]]
    lo, hi = (value - BOUND_OFFSET for value in values[6:])
    return SessionSums(values[0], values[1], values[2], values[3], values[4], values[5], lo, hi)


def row_sums(rows: ResultRows, ahead: Rule, pool: Rule, totals: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """What each row adds to the sums, int64[n, 16]; `totals` are the root's (None: the rows are the whole slot)."""
    parts: list[NDArray[np.int64]] = []
    nothing = np.tile(NEUTRAL[:SUMS], (len(rows.pool_wh), 1))
    sessions = (
        (rows.curves.energy_wh, rows.curves.limit, rows.fill_ahead_wh, ahead),
        (*rows.pool_steps(), rows.fill_pool_wh, pool),
    )
    for start, (energy, limit, fill, rule) in zip((0, SUMS), sessions, strict=True):
        if rule.mechanism is Mechanism.NETWORK:  # what the wires allow no row shows: its fills prove nothing here
            parts.append(nothing)
            continue
        own = energy_sums(energy, limit, fill, rule)
        whole = own.sum(axis=0) if totals is None else totals[start : start + 6]
        parts += [own, _bounds(energy, limit, rule, whole)]
    return np.concatenate(parts, axis=1)


def conditions(sums: SessionSums, rule: Rule) -> list[str]:
    """What is wrong with a root's numbers, in words; empty if the rule holds (settlement.md, "After the slot")."""
    wrong: list[str] = []
    if max(sums.demand_in, sums.supply_in) > sums.volume:
        wrong.append(f"{max(sums.demand_in, sums.supply_in)} Wh in the money exceed the volume {sums.volume} Wh")
    if not sums.bought == sums.sold == sums.volume:
        wrong.append(f"bought {sums.bought} Wh and sold {sums.sold} Wh where the volume is {sums.volume} Wh")
    if rule.mechanism is Mechanism.MID_MARKET_RATE:
        if sums.demand_in or sums.supply_in:
            wrong.append("at the mid-market rate no energy is in the money, all of it is at the money")
    elif not 0 <= rule.k[0] <= rule.k[1] or rule.k[1] == 0:
        wrong.append(f"k is {rule.k[0]}/{rule.k[1]}; it lies between 0 and 1")
    elif rule.price != (due := sums.lo + (sums.hi - sums.lo) * rule.k[0] // rule.k[1]):
        wrong.append(f"the price is {rule.price}, the limits give {due}")
    return wrong


def header_price(
    mechanism: Mechanism,
    energy_wh: ArrayLike,
    limit: ArrayLike,
    price: int | None,
    *,
    k: tuple[int, int],
    retail: int,
    feed_in: int,
) -> int:
    """The price, µ/kWh, that stands in the header for one session, also where nothing traded.

    energy_wh (Wh, + buys, − sells, 0 is no step) and limit (µ/kWh) are all steps of the session, int of any one shape;
    `price` is the clearing's, None where its volume is 0. Uniform: that price; with no volume ``lo + (hi − lo)·k``, lo
    the highest buy limit and hi the lowest sell limit, `NO_BUY` and `NO_SELL` where there is none. Mid-market rate:
    always ``(retail + feed_in) // 2``. Network: always that of no steps.
    """
    if mechanism is Mechanism.MID_MARKET_RATE:
        return (retail + feed_in) // 2
    if mechanism is Mechanism.NETWORK:  # as where nobody offers: prices are local, none stands in the header
        energy_wh, limit = (), ()
    elif price is not None:
        return price
    energy, limits = np.asarray(energy_wh, np.int64), np.asarray(limit, np.int64)
    lo = int(limits.max(where=energy > 0, initial=NO_BUY))
    hi = int(limits.min(where=energy < 0, initial=NO_SELL))
    return lo + (hi - lo) * k[0] // k[1]
