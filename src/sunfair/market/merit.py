"""Merit order: the steps of many books in one sort, and the cumulated energies from which volume and price follow.

Within a book the steps stand by limit, cheapest first, and at one limit the sells before the buys. So at the last sell
of a limit everything that sells at it or cheaper lies behind and everything that buys at it or dearer lies ahead: the
largest ``min(sold so far, still wanted)`` over *steps* is the largest over *prices*, and ties need no grouping.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.market.offers import Offers
from sunfair.units import NO_BUY, NO_SELL

__all__ = ["Merit", "merit_order"]


@dataclass(frozen=True, slots=True, eq=False)
class Merit:
    """n steps of b books in merit order.

    key   : int64[n], ascending; from the top down it packs the book, the limit above `lowest`, and a tail of
            `tail_bits` that puts sells before buys
    start, end : int64[b], book i is steps ``start[i] … end[i] − 1``
    sells, buys : int64[n + 1], Wh sold and bought by all steps before this one, of earlier books too
    """

    key: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    sells: NDArray[np.int64]
    buys: NDArray[np.int64]
    lowest: int
    limit_bits: int
    tail_bits: int

    def volumes(self) -> NDArray[np.int64]:
        """int64[b]: the most Wh that can trade at one price, ``max_p min(D≥(p), S≤(p))``, in each book."""
        start, end = self.start, self.end
        # Along a book "sold up to and with this step" only grows and "wanted from this step on" only shrinks, so
        # min(…) peaks where they cross: at the first step that has sold ≥ wanted, or at the one before it. All books
        # are searched at once: the crossing never lies past `end` (nothing is wanted there), and before `start` only
        # if no buy lies between; then the first term is 0 and the second not above it.
        crossed = (self.sells[1:] + self.buys[:-1]).searchsorted(self.sells[start] + self.buys[end])
        volumes: NDArray[np.int64] = np.maximum(
            self.buys[end] - self.buys[crossed], self.sells[crossed] - self.sells[start]
        )
        return volumes

    def price_intervals(
        self, book: NDArray[np.intp], volume: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """p_low and p_high, µ/kWh, of each of these books, whose volumes are above 0."""
        start, end = self.start[book], self.end[book]
        sold, kept = self.sells[start] + volume, self.buys[end] - volume
        accepted_sell = self.sells[1:].searchsorted(sold)  # the first step with S≤ ≥ V …
        rejected_sell = self.sells[1:].searchsorted(sold, "right")  # … and with S≤ > V: the same if accepted in part
        accepted_buy = self.buys.searchsorted(kept, "right") - 1  # the last step with D≥ ≥ V …
        rejected_buy = self.buys.searchsorted(kept) - 1  # … and with D≥ > V: the same if accepted in part
        next_buy = np.where(rejected_buy >= start, self._limit_at(rejected_buy), NO_BUY)
        next_sell = np.where(rejected_sell < end, self._limit_at(rejected_sell), NO_SELL)
        low = np.maximum(self._limit_at(accepted_sell), next_buy)
        return low, np.minimum(self._limit_at(accepted_buy), next_sell)

    def _limit_at(self, step: NDArray[np.intp]) -> NDArray[np.int64]:
        """The limit, µ/kWh, of the steps at these places of the order (of any other step for a place outside it)."""
        above = (self.key.take(step, mode="clip") >> self.tail_bits) & ((1 << self.limit_bits) - 1)
        return above + self.lowest


def merit_order(offers: Offers, start: NDArray[np.int64], book: NDArray[np.intp]) -> Merit:
    """Sort the steps (at least one) of the books; `start` is their int64[b + 1], `book[i]` step i's book.

    Sums of Wh stay below 2⁶³ up to 9·10⁹ steps, and so do the keys up to 2³⁰ books.
    """
    lowest, least = int(offers.limit.min()), int(offers.energy_wh.min())
    limit_bits = (int(offers.limit.max()) - lowest).bit_length()
    tail_bits = (int(offers.energy_wh.max()) - least).bit_length()
    head = (book << limit_bits) | (offers.limit - lowest)
    if (len(start) - 2).bit_length() + limit_bits + tail_bits <= 63:
        # The energy itself fits below the limit: sorting values is several times faster than sorting places.
        key = (head << tail_bits) | (offers.energy_wh - least)
        key.sort()
        energy = (key & ((1 << tail_bits) - 1)) + least
    else:
        tail_bits = 1
        key = (head << 1) | (offers.energy_wh > 0)
        order = key.argsort()
        key, energy = key[order], offers.energy_wh[order]
    buys, sells = np.zeros((2, len(energy) + 1), np.int64)
    np.maximum(energy, 0).cumsum(out=buys[1:])
    np.subtract(buys[1:], energy.cumsum(), out=sells[1:])
    return Merit(key, start[:-1], start[1:], sells, buys, lowest, limit_bits, tail_bits)
