"""Which chargers near a place are free for a stay, fit the car, and what the stay would cost there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sunfair.charging.finding.geo import distance_m
from sunfair.charging.finding.sites import Connector, Evse, Site
from sunfair.charging.slots import Calendar, day_masks
from sunfair.errors import Fault, InputError

__all__ = ["Estimate", "Found", "Order", "Query", "SiteIndex"]

_GONE = frozenset({"INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED", "BLOCKED"})
"""What nobody can charge at, now or at the time asked for."""

_AWAY = _GONE | {"CHARGING", "RESERVED"}
"""And what somebody is at now; it says nothing of a later stay."""

Ints = NDArray[np.int64]
T = TypeVar("T")


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
    """Sites as arrays, so that 10,000 are looked through in milliseconds. Built once, asked often: `SiteIndex.of`.

    site_* : float64[sites]; evse_* : int64[evses], in the order of their sites; plug_* : int64[plugs], of their EVSEs
    evse_order : where an EVSE stands if all are sorted by their site's id and their own
    status, standard, tariffs : numbers into `statuses`, `standards` and `tariffs`
    """

    places: Sequence[tuple[Site, Evse]] = field(repr=False)
    plugs: Sequence[Connector] = field(repr=False)
    statuses: Mapping[str, int]
    standards: Mapping[str, int]
    tariffs: Mapping[tuple[str, ...], int] = field(repr=False)
    latitudes: NDArray[np.float64] = field(repr=False)
    longitudes: NDArray[np.float64] = field(repr=False)
    evse_site: Ints = field(repr=False)
    evse_status: Ints = field(repr=False)
    evse_order: Ints = field(repr=False)
    plug_evse: Ints = field(repr=False)
    plug_standard: Ints = field(repr=False)
    plug_tariffs: Ints = field(repr=False)
    plug_power_w: Ints = field(repr=False)

    @staticmethod
    def of(sites: Sequence[Site]) -> "SiteIndex":
        """An index of these sites."""
        places = [(site, evse) for site in sites for evse in site.evses]
        plugs = [plug for _, evse in places for plug in evse.connectors]
        statuses, evse_status = _numbered([evse.status for _, evse in places])
        standards, plug_standard = _numbered([plug.standard for plug in plugs])
        tariffs, plug_tariffs = _numbered([plug.tariffs for plug in plugs])
        order = np.empty(len(places), np.int64)
        by_id = sorted(range(len(places)), key=lambda at: (places[at][0].id, places[at][1].uid))
        order[np.array(by_id, np.int64)] = np.arange(len(places))
        return SiteIndex(
            places,
            plugs,
            statuses,
            standards,
            tariffs,
            np.array([site.latitude for site in sites], np.float64),
            np.array([site.longitude for site in sites], np.float64),
            _repeated([len(site.evses) for site in sites]),
            evse_status,
            order,
            _repeated([len(evse.connectors) for _, evse in places]),
            plug_standard,
            plug_tariffs,
            np.array([plug.power_w for plug in plugs], np.int64),
        )

    def search(self, query: Query, calendars: Mapping[str, Calendar], prices: Mapping[str, Estimate]) -> list[Found]:
        """At most `limit` answers, one for each EVSE that is not taken, in the order asked for; ties: distance, id.

        calendars : by EVSE uid; prices : what the stay asked for costs, by tariff id
        """
        metres = distance_m(query.latitude, query.longitude, self.latitudes, self.longitudes)
        costs = _Costs.of([_cheapest(ids, prices) for ids in self.tariffs], query.most)
        best = self._best(query, metres, costs)
        # The calendar is looked into last, and no further than the answer reaches.
        ranked = best[self._ranked(query, metres, costs, best)]
        return list(islice(self._not_taken(query, ranked, metres, calendars, costs), query.limit))

    def _best(self, query: Query, metres: NDArray[np.float64], costs: "_Costs") -> Ints:
        """The plug that fits best of each EVSE near by that works, whether it is taken or not: the cheapest, of those
        the strongest, of those the first.
        """
        gone = [number for status, number in self.statuses.items() if status in (_AWAY if query.now else _GONE)]
        evse = (metres <= query.radius_m)[self.evse_site] & ~np.isin(self.evse_status, gone)
        fits = evse[self.plug_evse] & (self.plug_power_w >= query.power_w) & costs.affordable[self.plug_tariffs]
        if query.standards:
            fits &= np.isin(
                self.plug_standard, [self.standards[name] for name in query.standards & set(self.standards)]
            )
        plugs = np.flatnonzero(fits)
        if not len(plugs):
            return plugs
        order = np.lexsort((-self.plug_power_w[plugs], costs.dearness[self.plug_tariffs[plugs]], self.plug_evse[plugs]))
        first = np.diff(self.plug_evse[plugs[order]], prepend=-1) != 0
        best: Ints = plugs[order[first]]
        return best

    def _ranked(self, query: Query, metres: NDArray[np.float64], costs: "_Costs", best: Ints) -> Ints:
        """The order of an answer. Prices of different currencies are not compared: each is a list of its own."""
        evse = self.plug_evse[best]
        away = metres[self.evse_site[evse]]
        if query.order is Order.DISTANCE:
            return np.argsort(away, kind="stable")
        first = -self.plug_power_w[best] if query.order is Order.POWER else costs.rank[self.plug_tariffs[best]]
        return np.lexsort((self.evse_order[evse], np.rint(away), first))

    def _not_taken(
        self,
        query: Query,
        plugs: Ints,
        metres: NDArray[np.float64],
        calendars: Mapping[str, Calendar],
        costs: "_Costs",
    ) -> Iterator[Found]:
        """Those of them that nobody has for the stay."""
        masks = list(day_masks(query.first, query.slots)) if query.slots else []
        for plug in plugs.tolist():
            at = int(self.plug_evse[plug])
            site, evse = self.places[at]
            free = _free(evse, calendars.get(evse.uid), masks, query.now)
            if free is not False:
                away = round(float(metres[self.evse_site[at]]))
                yield Found(site, evse, self.plugs[plug], away, free, costs.prices[self.plug_tariffs[plug]])


@dataclass(frozen=True, slots=True, eq=False)
class _Costs:
    """What the stay costs by each combination of tariffs that a plug has, int64 or bool of their number.

    dearness : order within an EVSE; rank : order in a list, by currency first. What is not known comes last.
    """

    prices: Sequence[Estimate | None]
    affordable: NDArray[np.bool_]
    dearness: Ints
    rank: Ints

    @staticmethod
    def of(prices: Sequence[Estimate | None], most: Estimate | None) -> "_Costs":
        dearness = [(price is None, price.amount if price else 0) for price in prices]
        rank = [(price is None, price.currency if price else "", price.amount if price else 0) for price in prices]
        affordable = np.array([_affordable(price, most) for price in prices], np.bool_)
        return _Costs(prices, affordable, _dense(dearness), _dense(rank))


def _repeated(counts: Sequence[int]) -> Ints:
    """0, 1, 2 …, each so many times."""
    return np.repeat(np.arange(len(counts)), np.array(counts, np.int64))


def _dense(keys: Sequence[Any]) -> Ints:
    """The place of each key among all that differ."""
    places = {key: at for at, key in enumerate(sorted(set(keys)))}
    return np.array([places[key] for key in keys], np.int64)


def _numbered(values: Sequence[T]) -> tuple[dict[T, int], Ints]:
    """A number for each value that differs, and the numbers."""
    numbers: dict[T, int] = {}
    return numbers, np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)


def _cheapest(tariffs: tuple[str, ...], prices: Mapping[str, Estimate]) -> Estimate | None:
    """The cheapest of a connector's tariffs; all tariffs of a site are in one currency."""
    known = [prices[tariff] for tariff in tariffs if tariff in prices]
    return min(known, key=lambda price: price.amount, default=None)


def _free(evse: Evse, calendar: Calendar | None, masks: Sequence[tuple[int, int]], now: bool) -> bool | None:
    if calendar is not None and masks:
        taken, blocked = calendar.taken, calendar.blocked
        return not any(mask & (taken.get(day, 0) | blocked.get(day, 0)) for day, mask in masks)
    return True if now and evse.status == "AVAILABLE" else None


def _affordable(price: Estimate | None, most: Estimate | None) -> bool:
    return most is None or (price is not None and price.currency == most.currency and price.amount <= most.amount)
