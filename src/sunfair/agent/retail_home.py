"""A home that buys in retailers' markets: where its next kWh comes from, and what it orders at a gate by its plan."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.market_orders import gate_of
from sunfair.agent.markets import NO_PRICE, Choice, PriceSource, RetailSource, best_prices
from sunfair.model import MarketKind

__all__ = ["Bought", "Futures", "Order", "Otherwise", "RetailHome", "enough"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bought:
    """Where a kWh of a slot is bought, at what, and the cheapest place beside it, µ/kWh; empty where there is none."""

    market: str
    price: int
    instead: str = ""
    instead_price: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Wh > 0 ordered day ahead for a slot, at unix second `ordered`, and why there."""

    slot: int
    energy_wh: int
    ordered: int
    bought: Bought


@dataclass(frozen=True, slots=True, eq=False)
class Futures:
    """What a home's plan takes from the grid, from slot `first` on, if the sun goes one way or another.

    courses : float64[T] each, Wh; chances : of each, together 1
    around  : for a slot, by how much its use was off the mean on each of the last days, float64[d], Wh
    """

    first: int
    courses: Sequence[Floats]
    chances: Sequence[float]
    around: Callable[[int], Floats]

    def uses(self, slot: int) -> tuple[Floats, Floats]:
        """What may be taken in `slot`, float64[S], Wh, and how likely each is; nothing beyond what was planned.

        Where the plan takes nothing the battery covers what is off, too.
        """
        place = slot - self.first
        if not 0 <= place < len(self.courses[0]):
            return np.zeros(0), np.zeros(0)
        planned, off = np.array([course[place] for course in self.courses]), self.around(slot)
        if not len(off):
            return planned, np.array(self.chances)
        uses = np.where(planned[:, None] > 0, np.maximum(planned[:, None] + off, 0), 0).ravel()
        return uses, np.repeat(np.array(self.chances) / len(off), len(off))


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A source that serves only where another has no price."""

    source: PriceSource
    unless: PriceSource

    @property
    def name(self) -> str:
        """See `PriceSource`."""
        return self.source.name

    def prices(self, slots: Ints, known_s: int) -> Ints:
        """See `PriceSource`."""
        there = self.unless.prices(slots, known_s) < NO_PRICE
        return np.where(there, NO_PRICE, self.source.prices(slots, known_s))


@dataclass(frozen=True, slots=True)
class RetailHome:
    """The retailers' markets of one home, in its own order.

    What is not ordered comes from the first real-time market named, wherever that has a price, else from the utility:
    so its statement has it.
    """

    markets: tuple[RetailSource, ...]

    @property
    def day_ahead(self) -> tuple[RetailSource, ...]:
        """Those in which one orders."""
        return tuple(one for one in self.markets if one.market.kind is MarketKind.DAY_AHEAD)

    def unordered(self, tariff: PriceSource) -> tuple[PriceSource, ...]:
        """Where energy comes from that nobody ordered."""
        live = next((one for one in self.markets if one.market.kind is MarketKind.REAL_TIME), None)
        return (tariff,) if live is None else (live, Otherwise(tariff, live))

    def pays(self, slots: Ints, known_s: int, tariff: PriceSource) -> Ints:
        """What a kWh for each slot costs outside the street, by what is known and can still be ordered, int64[T]."""
        return best_prices([*self.day_ahead, *self.unordered(tariff)], slots, known_s).price

    def bought(self, slot: int, known_s: int, tariff: PriceSource, street: PriceSource) -> Bought:
        """Where the residual of a slot that is beginning is bought, nothing being ordered."""
        slots = np.array([slot])
        chosen = best_prices(self.unordered(tariff), slots, known_s)
        name, price, _ = chosen.bought(0)
        return _beside(name, price, best_prices([tariff, street], slots, known_s), 0)

    def orders(
        self,
        now_s: int,
        until_s: int,
        tariff: PriceSource,
        street: PriceSource,
        futures: Futures,
    ) -> list[Order]:
        """The orders for blocks whose gate lies from `now_s` until before `until_s`, by what is known at `now_s`."""
        return [
            order
            for market in self.day_ahead
            for begin in np.unique(market.quotes.first).tolist()
            if now_s <= gate_of(market, begin) < until_s
            for order in self._block(market, begin, now_s, tariff, street, futures)
        ]

    def _block(
        self,
        market: RetailSource,
        begin: int,
        now_s: int,
        tariff: PriceSource,
        street: PriceSource,
        futures: Futures,
    ) -> list[Order]:
        slots = begin + np.arange(market.block_slots)
        others = [one for one in self.day_ahead if one is not market]
        choice = best_prices([market, *others, *self.unordered(tariff), street], slots, now_s)
        found = []
        for at in np.flatnonzero(choice.source == 0).tolist():
            asked = Bought(market.name, int(choice.price[at]))
            name, price = _cheapest(choice.offers[1:, at], choice.names[1:])
            uses, chances = futures.uses(int(slots[at]))
            energy = enough(uses, chances, asked.price, NO_PRICE if price is None else price)
            if energy:
                found.append(Order(int(slots[at]), energy, now_s, Bought(asked.market, asked.price, name, price)))
        return found


def enough(uses_wh: Floats, chances: Floats, price: int, elsewhere: int) -> int:
    """The largest of the uses (float64[S], Wh) that is reached with at least the chance price ÷ elsewhere, Wh.

    An order is paid, used or not: one Wh more costs `price`, and saves `elsewhere` where it is used. At a price of 0 or
    less that is the largest of all.
    """
    wanted = max(price, 0) / max(elsewhere, 1)
    reached = [float(chances[uses_wh >= use].sum()) for use in uses_wh]
    good = [use for use, chance in zip(uses_wh.tolist(), reached, strict=True) if chance >= wanted - 1e-9]
    return int(max(good, default=0.0))


def _cheapest(prices: Ints, names: Sequence[str]) -> tuple[str, int | None]:
    at = int(prices.argmin())
    return (names[at], int(prices[at])) if prices[at] < NO_PRICE else ("", None)


def _beside(name: str, price: int, others: Choice, place: int) -> Bought:
    kept = [at for at, other in enumerate(others.names) if other != name]
    cheapest = _cheapest(others.offers[kept, place], [others.names[at] for at in kept])
    return Bought(name, price, *cheapest)
