"""Where a home's energy can be bought, what each place asks, and which of them is cheapest slot by slot.

A source says what was known at a time and can still be bought then; it never looks past it. Prices are integers, µ/kWh,
with everything a buyer pays on top.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Market, MarketKind, Quotes
from sunfair.units import LIMIT_MAX

__all__ = ["NO_PRICE", "Choice", "Posted", "PriceSource", "RetailSource", "best_prices", "told"]

NO_PRICE = 4 * LIMIT_MAX
"""Stands where nothing can be bought: above any price, fee and all."""

Prices = NDArray[np.int64]


class PriceSource(Protocol):
    """A place where energy can be bought."""

    @property
    def name(self) -> str:
        """What an owner knows it by."""
        ...

    def prices(self, slots: Prices, known_s: int) -> Prices:
        """What a kWh for each of `slots` (int64[T], ascending) costs by what is known at unix second `known_s`.

        int64[T], µ/kWh; `NO_PRICE` where nothing is known or it is too late to buy there.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Posted:
    """Prices that are known from the start: a tariff, or what a home expects the street's sessions to cost.

    price : int64[T], µ/kWh, of the slots from `first` on; `NO_PRICE` where there is none
    lead_s : s before a slot's begin after which it cannot be bought any more (the street's gate)
    """

    name: str
    first: int
    price: Prices
    slot_seconds: int = 900
    lead_s: int | None = None

    def prices(self, slots: Prices, known_s: int) -> Prices:
        """See `PriceSource`."""
        at = slots - self.first
        there = (at >= 0) & (at < len(self.price))
        if self.lead_s is not None:
            there &= known_s <= slots * self.slot_seconds - self.lead_s
        return np.where(there, self.price[np.where(there, at, 0)], NO_PRICE)


@dataclass(frozen=True, slots=True, eq=False)
class RetailSource:
    """A retailer's market with the prices told so far; its fee is part of what it asks.

    Day ahead a block can be ordered from when its price is told until its gate. In real time a block whose price is not
    told yet is expected to cost what the same hour cost last, up to seven days before.
    """

    market: Market
    quotes: Quotes
    slot_seconds: int = 900

    @property
    def name(self) -> str:
        """The market's name."""
        return self.market.name

    @property
    def block_slots(self) -> int:
        """Slots of a block."""
        return self.market.block_minutes * 60 // self.slot_seconds

    def prices(self, slots: Prices, known_s: int) -> Prices:
        """See `PriceSource`."""
        price, known, begin = told(self.quotes, slots, self.block_slots, known_s)
        if self.market.kind is MarketKind.DAY_AHEAD:
            known &= known_s <= begin * self.slot_seconds - self.market.gate_minutes * 60
        else:
            day = 86_400 // self.slot_seconds
            for days in range(1, 8):
                if known.all():
                    break
                before, there, _ = told(self.quotes, slots - days * day, self.block_slots, known_s)
                price, known = np.where(known, price, before), known | there
        return np.where(known, price + self.market.fee, NO_PRICE)


def told(
    quotes: Quotes, slots: Prices, block_slots: int, known_s: int | None = None
) -> tuple[Prices, NDArray[np.bool_], Prices]:
    """The price told last for each slot by `known_s` (None: ever), whether there is one, and its block's first slot.

    int64[T] µ/kWh without fee (0 where none), bool[T], int64[T].
    """
    nothing = np.zeros(len(slots), np.int64)
    use = slice(None) if known_s is None else quotes.known_s <= known_s
    first, price = quotes.first[use], quotes.price[use]
    if not len(first):
        return nothing, np.zeros(len(slots), np.bool_), nothing.copy()
    # Of a block's prices the last is the newest: they are sorted by block, then by time.
    at = np.searchsorted(first, slots, side="right") - 1
    begin = first[np.maximum(at, 0)]
    there = (at >= 0) & (slots < begin + block_slots)
    return np.where(there, price[np.maximum(at, 0)], 0), there, begin


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The cheapest source of each of T slots among k.

    price  : int64[T], µ/kWh, `NO_PRICE` where nothing can be bought
    source : int64[T], place of the source; −1 where nothing can be bought
    offers : int64[k, T], what each source asks
    names  : the sources' names
    """

    price: Prices
    source: Prices
    offers: Prices
    names: tuple[str, ...]

    def bought(self, place: int) -> tuple[str, int, dict[str, int]]:
        """Where slot `place` is bought, at what, and what the others ask, µ/kWh; no name where nothing can be."""
        chosen = int(self.source[place])
        asked = {
            name: int(self.offers[at, place])
            for at, name in enumerate(self.names)
            if at != chosen and self.offers[at, place] < NO_PRICE
        }
        return self.names[chosen] if chosen >= 0 else "", int(self.price[place]), asked


def best_prices(sources: Sequence[PriceSource], slots: Prices, known_s: int) -> Choice:
    """What the next kWh of each slot costs where it is cheapest, by what is known at unix second `known_s`.

    slots : int64[T], ascending. Among equals the source named first is taken. No source: nothing can be bought.
    """
    names = tuple(source.name for source in sources)
    if not sources:
        none = np.full(len(slots), NO_PRICE, np.int64)
        return Choice(none, np.full(len(slots), -1), np.empty((0, len(slots)), np.int64), names)
    offers = np.stack([source.prices(slots, known_s) for source in sources])
    cheapest = offers.argmin(axis=0)
    price = offers[cheapest, np.arange(len(slots))]
    return Choice(price, np.where(price < NO_PRICE, cheapest, -1), offers, names)
