"""`sunfair bench grid`: what keeping a street's roofs within its wires costs, way by way, checked by AC flow."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.bench.grid_days import Street
from sunfair.bench.grid_plan import DayPlan, plan_day
from sunfair.bench.grid_ways import Done, by_market, by_rule, pro_rata, static_limit
from sunfair.errors import InputError
from sunfair.model import Scenario

__all__ = ["EVERY", "GRIDS", "WAYS", "bench_grid"]

Ints = NDArray[np.int64]

EVERY = 21
"""Every so many-th day of the year is measured if nothing else is asked for."""

GRIDS = tuple(f"1-LV-{name}--2-sw" for name in ("rural1", "rural2", "rural3", "semiurb4", "semiurb5", "urban6"))
"""The SimBench low-voltage grids, future scenario."""

WAYS: Mapping[str, str] = {
    "no limits": "roofs less use, nobody looks",
    "static limit": "one export limit for all meters, the highest with which no slot of the year breaks a limit",
    "static limit, batteries and cars": "the same limit with the default mix of batteries and cars by simple rules",
    "pro rata": "where wires bind, every roof gives the same part of what it could",
    "local prices": "the book on wires: roofs alone answer",
    "local prices, batteries and cars": "the book on wires, batteries and cars planned for the day, all foreseen",
}

TARGET_MS, TARGET_CURTAILED = 300.0, 0.024
REFERENCE = {"static limit": 0.097, "pro rata": 0.059, "local prices": 0.048}
"""Measured before, on rural2 over a year: part of the roofs' energy that is thrown away (design page of the grid)."""


class _Tally:
    """What one way comes to over the days measured."""

    def __init__(self, street: Street) -> None:
        self._street = street
        self.outside, self.short, self.rent, self.curtailed_bound = 0, 0, 0, 0
        self.curtailed = np.zeros(street.network.members, np.int64)
        self.worst = np.zeros(3)
        self.losses, self.neutral, self.slots, self.welfare = 0.0, 0.0, 0, 0
        self.seconds: list[float] = []
        self.notices = 0

    def add(self, day: range, outside: Ints, done: Done) -> None:
        """One day more; `outside` are its slots in which wires bind if nobody looks."""
        seen, series = self._street.see(day, done.net_wh), self._street.scenario.series
        self.outside += int(seen.outside.sum())
        self.curtailed += done.curtailed_wh.sum(axis=0)
        self.curtailed_bound += int(done.curtailed_wh[outside].sum())
        self.short += int(done.short_wh.sum())
        self.rent += done.rent
        self.worst = np.maximum(self.worst, [seen.highest_pu.max(), seen.loading.max(), seen.vuf.max()])
        self.losses += float(np.nansum(seen.losses_wh))
        self.neutral += float(np.nansum(seen.neutral_a))
        self.slots += len(day)
        head = done.net_wh.sum(axis=1)
        retail, feed_in = (part[day.start : day.stop] for part in (series.retail, series.feed_in))
        self.welfare -= int((np.maximum(head, 0) * retail + np.minimum(head, 0) * feed_in).sum()) // 1000
        self.seconds += done.seconds
        self.notices += len(done.notices)

    def figures(self, pv: Ints) -> dict[str, Any]:
        """Plain JSON values; `pv` is what each roof could give, Wh, over all days measured."""
        roofs = pv > 0
        kept = 1 - self.curtailed[roofs] / pv[roofs]
        timed = 1000 * np.array(self.seconds)
        return {
            "violation_hours": self.outside * self._street.seconds / 3600,
            "curtailed_kwh": round(float(self.curtailed.sum()) / 1000, 1),
            "curtailed_share": round(float(self.curtailed.sum()) / float(pv.sum()), 5),
            "curtailed_share_bound": round(self.curtailed_bound / float(pv.sum()), 5),
            "stores_short_kwh": round(self.short / 1000, 2),
            "welfare": self.welfare,
            "rent": self.rent,
            "highest_pu": round(float(self.worst[0]), 4),
            "highest_loading": round(float(self.worst[1]), 4),
            "highest_vuf": round(float(self.worst[2]), 4),
            "mean_neutral_a": round(self.neutral / max(self.slots, 1), 2),
            "losses_kwh": round(self.losses / 1000, 1),
            "fairness": round(float(kept.sum() ** 2 / (len(kept) * (kept**2).sum())), 5) if len(kept) else None,
            "worst_home_keeps": round(float(kept.min()), 4) if len(kept) else None,
            "fallbacks": self.notices,
            "ms_per_interval": round(float(timed.mean()), 1) if len(timed) else None,
            "ms_worst": round(float(timed.max()), 1) if len(timed) else None,
        }


def bench_grid(
    scenarios: Mapping[str, Scenario],
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
    *,
    every: int = EVERY,
) -> dict[str, Any]:
    """Measure on this machine: for each community with a grid, the ways of `WAYS`. Plain JSON values.

    scenarios : by name; every : every so many-th day of the series, 1 for all; progress : told (name, days done, of)

    The year's violation hours without limits and the static limit are of all days, everything else of those measured.
    Raises InputError for
    every < 1 or more than the days there are, and a community without a grid.
    """
    begun = time.perf_counter()
    return {
        "bench": "grid",
        "every": every,
        "ways": dict(WAYS),
        "grids": [_grid(name, Street.of(scenario), every, progress) for name, scenario in scenarios.items()],
        "target": {"ms_per_interval": TARGET_MS, "curtailed_share": TARGET_CURTAILED, "violation_hours": 0},
        "reference_curtailed_share_rural2": dict(REFERENCE),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def _grid(name: str, street: Street, every: int, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    days = street.days(every) if every >= 1 else []
    if not days:
        raise InputError(f"--every is {every}; the series hold {len(street.load_wh) // street.per_day} days")
    progress(name, 0, len(days))
    net = street.load_wh - street.pv_wh
    year = street.see(range(len(net)), net).outside
    broken = np.flatnonzero(year)
    limit = static_limit(street, broken)
    tallies = {way: _Tally(street) for way in WAYS}
    bound = 0
    for at, day in enumerate(days):
        outside = np.flatnonzero(year[day.start : day.stop])
        bound += len(outside) > 0
        for way, done in _ways(street, day, outside, limit).items():
            tallies[way].add(day, outside, done)
        progress(name, at + 1, len(days))
    pv = np.sum([street.pv_wh[day.start : day.stop].sum(axis=0) for day in days], axis=0)
    figures = {way: tally.figures(pv) for way, tally in tallies.items()}
    best, plain = figures["local prices, batteries and cars"], figures["static limit, batteries and cars"]
    return {
        "grid": name,
        "homes": street.network.members,
        "buses": street.network.buses,
        "days": len(days),
        "days_bound": bound,
        "violation_hours_a_year_without_limits": len(broken) * street.seconds / 3600,
        "static_limit_w": round(limit * 3600 / street.seconds, 1),
        "ways": figures,
        "reached": {
            "no_violation": best["violation_hours"] == 0,
            "curtailed": best["curtailed_share"] <= TARGET_CURTAILED,
            "welfare_above_static": best["welfare"] >= plain["welfare"],
            "ms_per_interval": (best["ms_per_interval"] or 0.0) < TARGET_MS,
        },
    }


def _ways(street: Street, day: range, outside: Ints, limit: float) -> dict[str, Done]:
    """A day by every way."""
    net = (street.load_wh - street.pv_wh)[day.start : day.stop]
    nothing = np.zeros_like(net)
    plan = plan_day(street, day, outside)
    planned = net + plan.taken_wh - plan.given_wh
    later = np.union1d(outside, np.flatnonzero(street.see(day, planned).outside))
    return {
        "no limits": Done(net, nothing, nothing),
        "static limit": Done.capped(net, limit),
        "static limit, batteries and cars": by_rule(street, day, limit),
        "pro rata": pro_rata(street, day, outside),
        "local prices": by_market(street, day, outside, DayPlan(nothing, nothing)),
        "local prices, batteries and cars": by_market(street, day, later, plan),
    }
