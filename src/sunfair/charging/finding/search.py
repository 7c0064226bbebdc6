"""Which chargers near a place are free for a stay, fit the car, and what the stay would cost there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sunfair.charging.finding.geo import distance_m
from sunfair.charging.finding.sites import Connector, Evse, Site
from sunfair.charging.slots import Calendar, day_masks
from sunfair.errors import Fault, InputError

__all__ = ["Estimate", "Found", "Order", "Query", "SiteIndex"]

_GONE = frozenset({"INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED", "BLOCKED"})
"""What nobody can charge at, now or at the time asked for."""

_BUSY = frozenset({"CHARGING", "RESERVED"})
"""What somebody is at now; it says nothing of a later stay."""


class Order(StrEnum):
    """What comes first in a list."""

    DISTANCE = "distance"
    PRICE = "price"
    POWER = "power"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the stay asked for would cost: minor units of a currency, VAT included, ≥ 0."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Query:
    """A driver's question.

    latitude, longitude : degrees; radius_m : > 0
    first, slots : the stay, in quarter-hours of `charging.slots`; slots = 0 asks for any time
    now : whether the stay begins at once, so that an EVSE's present status counts
    standards : OCPI connector types that fit the car, empty for all; power_w : least power
    most : the most that the stay may cost, in its own currency; places whose price is not known are then left out
    """

    latitude: float
    longitude: float
    radius_m: float = 10_000.0
    first: int = 0
    slots: int = 0
    now: bool = False
    standards: frozenset[str] = frozenset()
    power_w: int = 0
    most: Estimate | None = None
    order: Order = Order.DISTANCE
    limit: int = 20

    def __post_init__(self) -> None:
        faults = []
        if not (abs(self.latitude) <= 90 and abs(self.longitude) <= 180):
            faults.append(Fault("place", f"is {self.latitude}, {self.longitude}", "degrees north, then east"))
        if not 0 < self.radius_m <= 20_038_000:
            faults.append(Fault("radius", f"is {self.radius_m:g} m", "more than 0, at most half the Earth's girth"))
        if self.power_w < 0 or self.slots < 0 or self.limit < 1:
            faults.append(
                Fault("query", "has a negative power or stay, or no room for an answer", "give positive numbers")
            )
        if faults:
            raise InputError("that cannot be searched for", faults)


@dataclass(frozen=True, slots=True)
class Found:
    """One connector that fits. `free` is None where nobody keeps a calendar, `price` where no tariff is known."""

    site: Site
    evse: Evse
    connector: Connector
    distance_m: int
    free: bool | None
    price: Estimate | None


@dataclass(frozen=True, slots=True, eq=False)
class SiteIndex:
    """Sites with their coordinates as arrays, float64[n], so that 10,000 are looked through in milliseconds."""

    sites: Sequence[Site]
    latitudes: NDArray[np.float64] = field(repr=False)
    longitudes: NDArray[np.float64] = field(repr=False)

    @staticmethod
    def of(sites: Sequence[Site]) -> "SiteIndex":
        """An index of these sites."""
        north = np.array([site.latitude for site in sites], np.float64)
        return SiteIndex(sites, north, np.array([site.longitude for site in sites], np.float64))

    def search(self, query: Query, calendars: Mapping[str, Calendar], prices: Mapping[str, Estimate]) -> list[Found]:
        """At most `limit` answers, one for each EVSE that is not taken, in the order asked for; ties: distance, id.

        calendars : by EVSE uid; prices : what the stay asked for costs, by tariff id
        """
        metres = distance_m(query.latitude, query.longitude, self.latitudes, self.longitudes)
        near = np.flatnonzero(metres <= query.radius_m)
        near = near[np.argsort(metres[near], kind="stable")]
        looking = _Looking(query, calendars, prices)
        fitting = (fit for at in near.tolist() for fit in looking.fitting(self.sites[at], round(float(metres[at]))))
        # Sites come by distance, so that order needs no sorting; the calendar is looked into last, and no further than
        # the answer reaches.
        ranked = fitting if query.order is Order.DISTANCE else sorted(fitting, key=looking.rank)
        return list(islice(looking.not_taken(ranked), query.limit))


_Fit = tuple[int, Site, Evse, Connector, Estimate | None]
"""Metres away, and what fits there."""


class _Looking:
    """One query's look at site after site; what is the same for all of them is worked out once."""

    def __init__(self, query: Query, calendars: Mapping[str, Calendar], prices: Mapping[str, Estimate]) -> None:
        self._query, self._calendars, self._prices = query, calendars, prices
        self._masks = list(day_masks(query.first, query.slots)) if query.slots else []
        self._priced: dict[tuple[str, ...], Estimate | None] = {}
        self._away = _GONE | _BUSY if query.now else _GONE

    def fitting(self, site: Site, metres: int) -> Iterator[_Fit]:
        """The EVSEs of a site that work, each with its cheapest connector that fits, whether it is taken or not."""
        query = self._query
        for evse in site.evses:
            if evse.status in self._away:
                continue
            best: tuple[Connector, Estimate | None] | None = None
            for plug in evse.connectors:
                if plug.power_w < query.power_w or (query.standards and plug.standard not in query.standards):
                    continue
                pair = plug, self._price(plug.tariffs)
                if _affordable(pair[1], query.most) and (best is None or _cheaper(pair, best)):
                    best = pair
            if best is not None:
                yield metres, site, evse, *best

    def rank(self, fit: _Fit) -> tuple[bool, str, int, int, str, str]:
        """Where a fit stands. Prices of different currencies are not compared: each currency is a list of its own."""
        metres, site, evse, plug, price = fit
        if self._query.order is Order.POWER:
            return (False, "", -plug.power_w, metres, site.id, evse.uid)
        return (price is None, price.currency if price else "", price.amount if price else 0, metres, site.id, evse.uid)

    def not_taken(self, fits: Iterable[_Fit]) -> Iterator[Found]:
        """Those of them that nobody has for the stay."""
        for metres, site, evse, plug, price in fits:
            free = self._free(evse)
            if free is not False:
                yield Found(site, evse, plug, metres, free, price)

    def _free(self, evse: Evse) -> bool | None:
        calendar = self._calendars.get(evse.uid)
        if calendar is not None and self._masks:
            taken, blocked = calendar.taken, calendar.blocked
            return not any(mask & (taken.get(day, 0) | blocked.get(day, 0)) for day, mask in self._masks)
        return True if self._query.now and evse.status == "AVAILABLE" else None

    def _price(self, tariffs: tuple[str, ...]) -> Estimate | None:
        """The cheapest of a connector's tariffs; all tariffs of a site are in one currency."""
        if tariffs not in self._priced:
            known = [self._prices[tariff] for tariff in tariffs if tariff in self._prices]
            self._priced[tariffs] = min(known, key=lambda price: price.amount, default=None)
        return self._priced[tariffs]


def _cheaper(one: tuple[Connector, Estimate | None], other: tuple[Connector, Estimate | None]) -> bool:
    def key(pair: tuple[Connector, Estimate | None]) -> tuple[bool, int, int]:
        return pair[1] is None, pair[1].amount if pair[1] else 0, -pair[0].power_w

    return key(one) < key(other)


def _affordable(price: Estimate | None, most: Estimate | None) -> bool:
    return most is None or (price is not None and price.currency == most.currency and price.amount <= most.amount)
