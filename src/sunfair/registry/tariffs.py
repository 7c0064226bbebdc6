"""What a household's own readings would have cost under an offered tariff. Whole µ and Wh; each line is rounded once.

An offer has standing charges by the day and one of three kinds of unit rates: one rate, rates by time of the civil day,
or a wholesale price series with a factor and an addition. What is paid is rounded up, what is earned down: the sum an
offer shows is never too low by rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.units import BPS

__all__ = ["Band", "Cost", "Offer", "Usage", "compare_offers", "cost_of"]

_WH = 1_000


@dataclass(frozen=True, slots=True)
class Band:
    """A unit rate, µ/kWh, from a local time of day until the next band; `days`: 0 Monday … 6 Sunday."""

    begins: time
    rate: int
    days: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Offer:
    """An offered tariff.

    standing : µ a civil day
    bands    : by time of day; one band from 00:00 is a single rate. Empty where the price is dynamic
    factor_bps, addition, cap : a dynamic price is ``wholesale · factor / 10⁴ + addition`` µ/kWh, at most `cap`
    export   : µ/kWh paid for what is given
    """

    name: str
    standing: int
    bands: tuple[Band, ...] = ()
    factor_bps: int | None = None
    addition: int = 0
    cap: int | None = None
    export: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Usage:
    """Readings of n intervals: local aware starts, import and export int64[n] Wh, wholesale int64[n] µ/kWh or None."""

    starts: Sequence[datetime]
    import_wh: NDArray[np.int64]
    export_wh: NDArray[np.int64]
    wholesale: NDArray[np.int64] | None = None

    @property
    def days(self) -> int:
        """Civil days touched."""
        return len({start.date() for start in self.starts})


@dataclass(frozen=True, slots=True)
class Cost:
    """What an offer would have cost, µ: total = standing + units − export."""

    offer: str
    standing: int
    units: int
    export: int

    @property
    def total(self) -> int:
        """Standing charges and units, less what export earned."""
        return self.standing + self.units - self.export


def compare_offers(usage: Usage, offers: Sequence[Offer]) -> list[Cost]:
    """The cost of each offer, the cheapest first, ties by name; InputError names every offer that cannot be priced."""
    faults = [fault for offer in offers for fault in _faults(offer, usage)]
    if not len(usage.starts):
        faults.append(Fault("readings", "are none"))
    if faults:
        raise InputError("the offers cannot be compared", faults)
    return sorted((cost_of(usage, offer) for offer in offers), key=lambda cost: (cost.total, cost.offer))


def cost_of(usage: Usage, offer: Offer) -> Cost:
    """What one offer would have cost."""
    rates = _rates(usage, offer)
    # Python's integers: 35,000 intervals of 10⁹ µ/kWh and 10⁹ Wh are beyond 63 bits.
    units = sum(wh * rate for wh, rate in zip(usage.import_wh.tolist(), rates, strict=True))
    export = int(usage.export_wh.sum()) * offer.export
    return Cost(offer.name, offer.standing * usage.days, -(-units // _WH), export // _WH)


def _rates(usage: Usage, offer: Offer) -> list[int]:
    """µ/kWh of each interval."""
    if offer.factor_bps is None or usage.wholesale is None:
        return [_band_rate(offer.bands, start) for start in usage.starts]
    prices = [-(-price * offer.factor_bps // BPS) + offer.addition for price in usage.wholesale.tolist()]
    return [price if offer.cap is None else min(price, offer.cap) for price in prices]


def _band_rate(bands: Sequence[Band], start: datetime) -> int:
    """The rate of the band of that day that began last; before the first one the day's last one holds."""
    today = sorted((band for band in bands if start.weekday() in band.days), key=lambda band: band.begins)
    begun = [band for band in today if band.begins <= start.time()]
    return (begun or today)[-1].rate


def _faults(offer: Offer, usage: Usage) -> list[Fault]:
    place = f"offer {offer.name!r}"
    if offer.factor_bps is not None and offer.bands:
        return [Fault(place, "has both bands and a dynamic price", "give one of them")]
    if offer.factor_bps is not None and usage.wholesale is None:
        return [Fault(place, "has a dynamic price", "the readings need a column `wholesale` in µ/kWh")]
    if offer.factor_bps is None and not offer.bands:
        return [Fault(place, "has no unit rate", "give `rate`, `bands` or `factor_bps`")]
    missing = set(range(7)) - {day for band in offer.bands for day in band.days}
    if offer.factor_bps is None and missing:
        return [Fault(place, f"has no rate on day(s) {sorted(missing)} of the week", "0 is Monday")]
    return []
