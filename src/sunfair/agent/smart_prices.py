"""What a kWh more or less at the meter costs in the slots to come: the tariff, and the street's prices as learnt.

A tariff is known as far as it is published. What the street pays is not known before, but it is public afterwards: the
agent remembers, for every time of day, how far between the utility's two prices a kWh came.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Fees
from sunfair.units import BPS

__all__ = ["MeanPrices", "Published", "StreetPrices"]

Floats = NDArray[np.float64]

LEARNT = 0.25
"""Share of what is remembered of a time of day that a new day replaces."""


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """The utility's tariff as it is known at the start of a slot, int64, µ/kWh.

    past_retail, past_feed_in : the slots before, newest last; at most a day of them is looked at, none is needed
    retail, feed_in           : the slots from this one on, as far as they are published, at least this one
    """

    past_retail: NDArray[np.int64]
    past_feed_in: NDArray[np.int64]
    retail: NDArray[np.int64]
    feed_in: NDArray[np.int64]

    def ahead(self, horizon: int, per_day: int) -> tuple[Floats, Floats]:
        """Retail and feed-in over `horizon` slots, float64[horizon] each: what is not published is as a day before."""
        return (
            _ahead(self.past_retail, self.retail, horizon, per_day),
            _ahead(self.past_feed_in, self.feed_in, horizon, per_day),
        )


def _ahead(past: NDArray[np.int64], known: NDArray[np.int64], horizon: int, per_day: int) -> Floats:
    series = np.concatenate([past[len(past) - min(len(past), per_day) :], known]).astype(np.float64)
    begin = len(series) - len(known)
    while len(series) < begin + horizon:
        series = np.concatenate([series, series[-per_day:]])
    return series[begin : begin + horizon]


@dataclass(frozen=True, slots=True, eq=False)
class StreetPrices:
    """How far between feed-in (0) and retail (1) a kWh came in the street's mean, by time of day; float64[per_day].

    buying  : what who took one paid, the utility's counted in; 1 where nobody had one to give
    selling : what who gave one received after fees, the utility's counted in; 0 where nobody wanted one
    seen    : how often each time of day was seen
    """

    buying: Floats
    selling: Floats
    seen: Floats

    @staticmethod
    def none(per_day: int) -> "StreetPrices":
        """Nothing learnt yet: the tariff is all there is."""
        return StreetPrices(np.ones(per_day), np.zeros(per_day), np.zeros(per_day))

    def learn(self, slot: int, paid: "MeanPrices") -> "StreetPrices":
        """With what a slot came to."""
        at, spread = slot % len(self.buying), paid.retail - paid.feed_in
        if spread <= 0:
            return self
        part = max(LEARNT, 1.0 / (self.seen[at] + 1.0))
        buying, selling, seen = self.buying.copy(), self.selling.copy(), self.seen.copy()
        buying[at] += part * (min(max((paid.buy - paid.feed_in) / spread, 0.0), 1.0) - buying[at])
        selling[at] += part * (min(max((paid.sell - paid.feed_in) / spread, 0.0), 1.0) - selling[at])
        seen[at] += 1.0
        return replace(self, buying=buying, selling=selling, seen=seen)

    def own(self, slot: int, own: Floats, retail: Floats, buy: Floats) -> Floats:
        """What a kWh more costs homes that pay `own` (float64[n, T], µ/kWh) where the others pay `retail`.

        buy : float64[T], what it costs those; of a dearer price as much is borne as was bought at retail so far.
        """
        share = self.buying[(slot + np.arange(len(retail))) % len(self.buying)]
        return np.where(own <= retail, np.minimum(own, buy), buy + share * (own - retail))

    def ahead(self, slot: int, retail: Floats, feed_in: Floats) -> tuple[Floats, Floats]:
        """What a kWh is expected to cost and to bring after fees in the slots from `slot` on, float64[T], µ/kWh.

        retail, feed_in : float64[T], µ/kWh, the tariff over those slots. Neither is worse than the tariff.
        """
        at = (slot + np.arange(len(retail))) % len(self.buying)
        spread = np.maximum(retail - feed_in, 0.0)
        buy = np.minimum(feed_in + self.buying[at] * spread, retail)
        return buy, np.minimum(np.maximum(feed_in + self.selling[at] * spread, np.minimum(feed_in, buy)), buy)


@dataclass(frozen=True, slots=True)
class MeanPrices:
    """What a kWh cost who took one and brought who gave one in a slot, in the street's mean, and the tariff; µ/kWh."""

    buy: int
    sell: int
    retail: int
    feed_in: int

    @staticmethod
    def of(
        trades: Sequence[tuple[int | None, int]], residual_wh: NDArray[np.int64], retail: int, feed_in: int, fees: Fees
    ) -> "MeanPrices":
        """From each session's price (µ/kWh, None: no trade) and volume (Wh), and what each home settled with the
        utility, int64[n], Wh, + taken.
        """
        taken, given = int(np.maximum(residual_wh, 0).sum()), int(np.maximum(-residual_wh, 0).sum())
        cost, gain, moved = retail * taken, feed_in * given, 0
        for price, volume in trades:
            if price is not None:
                pays, gets = (BPS, fees.seller_bps) if price > 0 else (fees.seller_bps, BPS)
                cost, gain, moved = (
                    cost + price * pays // BPS * volume,
                    gain + price * gets // BPS * volume,
                    moved + volume,
                )
        buy = cost // (taken + moved) if taken + moved else retail
        sell = gain // (given + moved) if given + moved else feed_in
        return MeanPrices(min(buy, retail), max(sell, feed_in), retail, feed_in)
