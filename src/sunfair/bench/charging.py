"""`sunfair bench charging`: a search over ten thousand stations with their calendars, beside plain Python on the same
questions.
"""

import gc
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import quantiles
from typing import Any

from sunfair.charging.finding import Connector, Estimate, Evse, Order, Query, Site, SiteIndex
from sunfair.charging.slots import DAY_SLOTS, Calendar

__all__ = ["bench_charging"]

STATIONS, QUESTIONS = 10_000, 200
TARGET_MS = 100

_PLAIN = 5
"""Questions that plain Python is asked, of each kind."""

_SEED, _DAYS, _FIRST = 7, 3, 20_600 * DAY_SLOTS
_STANDARDS = ("IEC_62196_T2", "IEC_62196_T2_COMBO", "CHADEMO")
_SOUTH, _NORTH, _WEST, _EAST = 36.0, 60.0, -9.0, 25.0
_EVERYWHERE_M = 20_000_000.0
_STAY = 8

Report = Callable[[str], None]


def bench_charging(
    progress: Report | None = None, *, stations: int = STATIONS, questions: int = QUESTIONS
) -> dict[str, Any]:
    """Measure on this machine; some seconds. `progress` is told what comes next.

    Stations lie between 36 and 60° north, 9° west and 25° east, two EVSEs each with two connectors and a calendar of
    three days. Plain JSON values: ``searches`` (milliseconds of one question by the processor's own clock, p50 and p99,
    and the target; how many times longer the same takes in plain Python over dicts, and whether both found the same)
    and ``calendar`` (looks a second into calendars of which a slot in three is taken, beside a set of slots).
    """
    tell = progress or (lambda _: None)
    chance = random.Random(_SEED)
    sites = [_site(at, chance) for at in range(stations)]
    calendars = {evse.uid: _calendar(chance) for site in sites for evse in site.evses}
    prices = {f"t{at}": Estimate(chance.randint(500, 2_500), "EUR") for at in range(50)}
    index = SiteIndex.of(sites)
    plain = _Plain(sites, calendars, prices)
    kinds = {
        "within 100 km, by price": (100_000.0, Order.PRICE),
        "within 100 km, by distance": (100_000.0, Order.DISTANCE),
        "over all, by price": (_EVERYWHERE_M, Order.PRICE),
        "over all, by distance": (_EVERYWHERE_M, Order.DISTANCE),
    }
    searches = []
    for name, (radius, order) in kinds.items():
        tell(name)
        asked = [_query(chance, radius, order) for _ in range(questions)]
        searches.append({"search": name, **_measured(asked, index, plain)})
    return {
        "bench": "charging",
        "stations": stations,
        "evses": len(calendars),
        "searches": searches,
        "calendar": _calendar_looks(list(calendars.values()), chance),
    }


def _site(at: int, chance: random.Random) -> Site:
    def plug(number: int) -> Connector:
        power_w = chance.choice((11_000, 22_000, 50_000, 150_000))
        tariff = f"t{chance.randrange(50)}"
        return Connector(str(number), chance.choice(_STANDARDS), True, "AC_3_PHASE", power_w, (tariff,))

    place = chance.uniform(_SOUTH, _NORTH), chance.uniform(_WEST, _EAST)
    evses = tuple(Evse(f"E{at}-{n}", "AVAILABLE", (plug(1), plug(2))) for n in (1, 2))
    return Site(f"S{at:05d}", "ocpi", "o", "n", "a", "c", "DE", *place, None, evses)


def _calendar(chance: random.Random) -> Calendar:
    """Three days, a third of their slots taken, some of them by the host."""
    calendar = Calendar()
    for slot in range(_FIRST, _FIRST + _DAYS * DAY_SLOTS, 12):
        calendar = (calendar.block if chance.random() < 0.1 else calendar.take)(slot + chance.randrange(8), 4)
    return calendar


def _query(chance: random.Random, radius_m: float, order: Order) -> Query:
    place = chance.uniform(_SOUTH, _NORTH), chance.uniform(_WEST, _EAST)
    first = _FIRST + chance.randrange((_DAYS - 1) * DAY_SLOTS)
    return Query(*place, radius_m, first, _STAY, standards=frozenset(_STANDARDS[:2]), power_w=22_000, order=order)


def _measured(asked: Sequence[Query], index: SiteIndex, plain: "_Plain") -> dict[str, Any]:
    gc.collect()  # what was built for the bench is not to be cleared away during a question
    taken = []
    for query in asked:
        begun = time.process_time()
        index.search(query, plain.calendars, plain.prices)
        taken.append((time.process_time() - begun) * 1_000)
    cuts = quantiles(taken, n=100) if len(taken) > 1 else taken * 99
    short = asked[:_PLAIN]
    begun = time.process_time()
    wanted = [plain.search(query) for query in short]
    reference = (time.process_time() - begun) * 1_000 / len(short)
    found = [[one.evse.uid for one in index.search(query, plain.calendars, plain.prices)] for query in short]
    return {
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
        "target": TARGET_MS,
        "reached": cuts[98] < TARGET_MS,
        "plain_python_ms": round(reference, 1),
        "times_slower": round(reference / cuts[49], 1),
        "same_answers": found == wanted,
    }


class _Plain:
    """The same question answered as one would write it down first: every connector, sets of slots, one sort."""

    def __init__(
        self, sites: Sequence[Site], calendars: Mapping[str, Calendar], prices: Mapping[str, Estimate]
    ) -> None:
        self.calendars, self.prices = calendars, prices
        self._rows: list[dict[str, Any]] = [
            {
                "site": site.id,
                "north": math.radians(site.latitude),
                "east": math.radians(site.longitude),
                "evse": evse.uid,
                "plugs": [(p.standard, p.power_w, prices[p.tariffs[0]].amount) for p in evse.connectors],
                "slots": slots_of(calendars[evse.uid]),
            }
            for site in sites
            for evse in site.evses
        ]

    def search(self, query: Query) -> list[str]:
        """EVSEs by their uid, in the order asked for."""
        north, east = math.radians(query.latitude), math.radians(query.longitude)
        found = []
        for row in self._rows:
            half = math.sin((row["north"] - north) / 2) ** 2
            half += math.cos(north) * math.cos(row["north"]) * math.sin((row["east"] - east) / 2) ** 2
            metres = 2 * 6_371_008.8 * math.asin(math.sqrt(min(half, 1.0)))
            fits = [p for p in row["plugs"] if p[0] in query.standards and p[1] >= query.power_w]
            stay = range(query.first, query.first + query.slots)
            if metres <= query.radius_m and fits and not any(slot in row["slots"] for slot in stay):
                first = min(p[2] for p in fits) if query.order is Order.PRICE else 0
                found.append((first, round(metres), row["site"], row["evse"]))
        return [each[3] for each in sorted(found)[: query.limit]]


def slots_of(calendar: Calendar) -> set[int]:
    """Every slot of a calendar that is taken or kept out, one by one."""
    days = {*calendar.taken, *calendar.blocked}
    masks = {day: calendar.taken.get(day, 0) | calendar.blocked.get(day, 0) for day in days}
    return {day * DAY_SLOTS + at for day, mask in masks.items() for at in range(DAY_SLOTS) if mask >> at & 1}


def _calendar_looks(calendars: Sequence[Calendar], chance: random.Random) -> dict[str, Any]:
    """Looks a second: is a stay of two hours free, and which stays are left in a day."""
    firsts = [_FIRST + chance.randrange((_DAYS - 1) * DAY_SLOTS) for _ in calendars]
    begun = time.process_time()
    free = [calendar.is_free(first, _STAY) for calendar, first in zip(calendars, firsts, strict=True)]
    looks = len(calendars) / (time.process_time() - begun)
    some = calendars[: len(calendars) // 10 or 1]
    begun = time.process_time()
    for calendar in some:
        calendar.gaps(_FIRST, _FIRST + DAY_SLOTS, _STAY)
    gaps = len(some) / (time.process_time() - begun)
    sets = [slots_of(calendar) for calendar in calendars]
    begun = time.process_time()
    same = [
        not any(slot in taken for slot in range(first, first + _STAY))
        for taken, first in zip(sets, firsts, strict=True)
    ]
    reference = len(calendars) / (time.process_time() - begun)
    return {
        "looks_per_second": round(looks),
        "days_of_gaps_per_second": round(gaps),
        "sets_of_slots_looks_per_second": round(reference),
        "same_answers": free == same,
    }
