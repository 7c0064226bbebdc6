"""The uniform auction and its public checks in tiny integers, written from the rule alone.

A step is ``(energy, limit)``, energy + buys, − sells; ``None`` is an empty curve. A book is a list of steps.
`clear` works by the definition, Wh by Wh; `sums`, `conditions` and `fill_range` are what a stranger can check.
"""

from dataclasses import dataclass, replace
from itertools import product

NO_BUY, NO_SELL = -99, 99

Step = tuple[int, int] | None


def clear(book: list[Step], k: tuple[int, int] = (1, 2)) -> tuple[int, int, list[int]]:
    """(price, volume, fills) by the definition, each Wh a unit of its own; fills favour the earlier row."""
    buys = sorted((limit for step in book if step and step[0] > 0 for limit in [step[1]] * step[0]), reverse=True)
    sells = sorted(limit for step in book if step and step[0] < 0 for limit in [step[1]] * -step[0])
    volume = sum(1 for buy, sell in zip(buys, sells, strict=False) if buy >= sell)
    low = max([NO_BUY, *sells[:volume], *buys[volume:]])
    high = min([NO_SELL, *buys[:volume], *sells[volume:]])
    price = low + (high - low) * k[0] // k[1]
    return price, volume, _fills(book, price, volume)


def _fills(book: list[Step], price: int, volume: int) -> list[int]:
    fills = [0] * len(book)
    for side in (1, -1):
        rows = [(i, side * s[0], side * (s[1] - price)) for i, s in enumerate(book) if s and side * s[0] > 0]
        left = volume
        for i, energy, above in rows:
            if above > 0:
                fills[i] = side * energy
                left -= energy
        at = [(i, energy) for i, energy, above in rows if above == 0]
        whole = sum(energy for _, energy in at)
        if not whole or left < 0:
            continue
        share = {i: energy * left // whole for i, energy in at}
        extra = left - sum(share.values())
        for i, _energy in sorted(at, key=lambda row: -(row[1] * left % whole))[:extra]:
            share[i] += 1
        for i, got in share.items():
            fills[i] = side * got
    return fills


@dataclass(frozen=True, slots=True)
class Sums:
    """What the root of a session states."""

    demand_in: int = 0
    demand_at: int = 0
    supply_in: int = 0
    supply_at: int = 0
    bought: int = 0
    sold: int = 0
    lo: int = NO_BUY
    hi: int = NO_SELL

    def left(self) -> tuple[int, int]:
        volume = min(self.demand_in + self.demand_at, self.supply_in + self.supply_at)
        return volume - self.demand_in, volume - self.supply_in


@dataclass(frozen=True, slots=True)
class Rules:
    """Which parts of the rule are in force; a test switches one off."""

    demand_in_fits: bool = True
    supply_in_fits: bool = True
    traded_is_volume: bool = True
    price_from_bounds: bool = True
    group_decides: bool = True  # accepted/rejected of the group at the money, not by a row's own fill
    volume_computed: bool = True  # V = min(…), not a declared number


ALL = Rules()


def energies(step: Step, fill: int, price: int) -> Sums:
    """The energies of one row."""
    energy, limit = step or (0, 0)
    bought, sold = max(fill, 0), max(-fill, 0)
    if energy > 0:
        return Sums(energy * (limit > price), energy * (limit == price), 0, 0, bought, sold)
    return Sums(0, 0, -energy * (limit < price), -energy * (limit == price), bought, sold)


def total(rows: list[Sums]) -> Sums:
    """Energies add, lo is the largest, hi the smallest."""
    return Sums(
        *(sum(getattr(row, name) for row in rows) for name in Sums.__slots__[:6]),
        max([NO_BUY, *(row.lo for row in rows)]),
        min([NO_SELL, *(row.hi for row in rows)]),
    )


def bounds(step: Step, fill: int, price: int, whole: Sums, rules: Rules = ALL) -> tuple[int, int]:
    """lo and hi of one row, given the session's energies."""
    energy, limit = step or (0, 0)
    if energy == 0:
        return NO_BUY, NO_SELL
    side = 1 if energy > 0 else -1
    above = side * (limit - price)
    left, group = (whole.left()[0], whole.demand_at) if side > 0 else (whole.left()[1], whole.supply_at)
    if above:
        accepted, rejected = above > 0, above < 0
    elif rules.group_decides:
        accepted, rejected = left > 0, left < group
    else:
        accepted, rejected = fill != 0, abs(fill) < abs(energy)
    lo = limit if (accepted if side < 0 else rejected) else NO_BUY
    hi = limit if (accepted if side > 0 else rejected) else NO_SELL
    return lo, hi


def sums(book: list[Step], fills: list[int], price: int, rules: Rules = ALL) -> Sums:
    """The true sums of the rows as published."""
    rows = [energies(step, fill, price) for step, fill in zip(book, fills, strict=True)]
    whole = total(rows)
    pairs = [bounds(step, fill, price, whole, rules) for step, fill in zip(book, fills, strict=True)]
    return replace(whole, lo=max([NO_BUY, *(lo for lo, _ in pairs)]), hi=min([NO_SELL, *(hi for _, hi in pairs)]))


def conditions(root: Sums, price: int, k: tuple[int, int] = (1, 2), rules: Rules = ALL, declared: int = 0) -> bool:
    """Whether the root's numbers and the price obey the rule."""
    volume = min(root.demand_in + root.demand_at, root.supply_in + root.supply_at)
    if not rules.volume_computed:
        volume = declared
    return (
        (not rules.demand_in_fits or root.demand_in <= volume)
        and (not rules.supply_in_fits or root.supply_in <= volume)
        and (not rules.traded_is_volume or root.bought == root.sold == volume)
        and (not rules.price_from_bounds or price == root.lo + (root.hi - root.lo) * k[0] // k[1])
    )


def fill_range(step: Step, price: int, root: Sums, left: tuple[int, int] | None = None) -> tuple[int, int]:
    """Least and most a row may be filled (absolute), from its curve, the price and two ratios."""
    energy, limit = step or (0, 0)
    if energy == 0:
        return 0, 0
    side = 1 if energy > 0 else -1
    above, size = side * (limit - price), abs(energy)
    if above:
        return (size, size) if above > 0 else (0, 0)
    buy_left, sell_left = left or root.left()
    rest, group = (buy_left, root.demand_at) if side > 0 else (sell_left, root.supply_at)
    if group == 0:
        return 0, 0
    share = size * rest // group
    return share, min(size, share + 1)


def fill_ok(step: Step, fill: int, price: int, root: Sums) -> bool:
    """Whether one row's fill is within the rule."""
    least, most = fill_range(step, price, root)
    side = 1 if step and step[0] > 0 else -1
    return least <= side * fill <= most


def possible_fills(book: list[Step], price: int, root: Sums) -> list[list[int]]:
    """All fill vectors whose rows pass alone."""
    choices = []
    for step in book:
        least, most = fill_range(step, price, root)
        side = 1 if step and step[0] > 0 else -1
        choices.append([side * q for q in range(least, most + 1)])
    return [list(fills) for fills in product(*choices)]
