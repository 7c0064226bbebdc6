"""`sunfair bench planning`: how fast homes are planned and how far from the optimum, beside HiGHS in the same run.

A home here is a day of a community's measured use and roofs under its prices, with a battery of that community at some
state of charge (`planning_days`).
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import Peaks, Stores, plan, plan_stores
from sunfair.agent.highs_lp import HomeProgramme
from sunfair.agent.plan_repair import repair
from sunfair.agent.plan_task import Joint, batteries
from sunfair.agent.stores_fit import fit_stores
from sunfair.agent.stores_joint import join_stores
from sunfair.bench.planning_days import Days
from sunfair.files import default_community
from sunfair.model import Scenario

__all__ = ["PUBLISHED", "bench_planning"]

PUBLISHED: tuple[dict[str, Any], ...] = (
    {"peer": "EMHASS, whole call", "homes_per_second": "1 to 4"},
    {"peer": "cvxpy + Clarabel", "homes_per_second": 102},
    {"peer": "HiGHS, model built once, warm", "homes_per_second": 973},
    {"peer": "dynamic programme, 51 levels", "homes_per_second": 5_800, "lost": "70 % of the whole saving"},
    {"peer": "dynamic programme, 201 levels", "homes_per_second": 450, "lost": "15 % of the whole saving"},
    {"peer": "prototype, exact slope merge, battery", "homes_per_second": 43_000},
    {"peer": "prototype, structured interior point, battery and car", "homes_per_second": 5_100},
)
"""Measured on one core, 96 slots of 15 minutes."""

SOURCE = "design page agent.md, “Plan”"

_BLOCK = 100

Floats = NDArray[np.float64]
Report = Callable[[str], None]


def bench_planning(
    progress: Report | None = None, *, other: Scenario | None = None, homes: int = 2_000, many: int = 100_000
) -> dict[str, Any]:
    """Measure planning on this machine, on the bundled community and on `other`, if one is given; about a minute.

    homes, many : homes of the fleet that is held against HiGHS, and of the one that is only timed

    Returns plain JSON values: ``communities``, each with ``cases`` (homes per second of one core beside warm HiGHS,
    both by the processor's own clock and the best of several blocks of homes, and the worst cost above or below its
    optimum); ``fleet`` (seconds for `many` homes of the bundled community on two cores); ``published``.
    """
    tell = progress or (lambda _: None)
    bundled, *others = (
        Days(scenario, np.random.default_rng(7))
        for scenario in (default_community(dynamic=True), *([other] if other else []))
    )
    return {
        "bench": "planning",
        "communities": [_community(days, homes, tell) for days in (bundled, *others)],
        "fleet": _fleet(bundled, many, tell),
        "published": {"source": SOURCE, "peers": [dict(peer) for peer in PUBLISHED]},
    }


def _community(days: Days, homes: int, tell: Report) -> dict[str, Any]:
    """All cases on one community's days."""
    tell(days.name)
    few = max(homes // 20, 10)
    return {
        "name": days.name,
        "slots": days.slots,
        "cases": [
            _batteries(days, homes, tell),
            _with_stores("battery and car", days, max(homes // 5, 10), tell, cars=True, target=5),
            _with_stores("battery, car and heat pump", days, few, tell, cars=True, heat=True),
            _with_stores("battery and a price on the peak", days, few, tell, peak=True),
        ],
    }


def _batteries(days: Days, count: int, tell: Report) -> dict[str, Any]:
    """Homes with a battery alone: the exact merge beside HiGHS."""
    tell(f"{count:,} homes with a battery")
    homes, outlook = days.draw(count)
    plan(homes.take(slice(0, 2)), outlook.take(slice(0, 2)))  # compiles
    parts = [(homes.take(block), outlook.take(block)) for block in _blocks(count)]
    rate, found = _rate(parts, lambda part: plan(*part).cost)
    problem, _ = repair(homes, outlook)
    highs, optimum = _highs(batteries(problem), tell)
    optimum += problem.terminal * problem.reserve / 1000.0
    gap = float(np.abs(found - optimum).max())
    return {
        "case": "battery",
        "homes": count,
        "homes_per_second": round(rate),
        "highs_homes_per_second": round(highs),
        "times_faster": round(rate / highs, 1),
        "target_times_faster": 20,
        "worst_gap_micro": gap,
        "target_gap_micro": 1.0,
        "reached": bool(rate >= 20 * highs and gap <= 1.0),
    }


def _with_stores(
    name: str,
    days: Days,
    count: int,
    tell: Report,
    *,
    cars: bool = False,
    heat: bool = False,
    peak: bool = False,
    target: float | None = None,
) -> dict[str, Any]:
    """Homes that fill more than a battery, or pay for their peak, beside HiGHS; `target`: how many times as fast."""
    tell(f"{count:,} homes with {name}")
    homes, outlook = days.draw(count)
    kinds = [*([days.cars(count)] if cars else []), *([days.heat(count)] if heat else [])]
    price, known = (np.full(count, value if peak else 0.0) for value in (5e6, 2_000.0))
    parts = []
    for block in _blocks(count):
        part = homes.take(block), outlook.take(block), _stores_of(kinds, block, days.slots)
        parts.append((*part, Peaks(price[block], known[block])))
    plan_stores(parts[0][0], parts[0][1], parts[0][2], peaks=parts[0][3])  # compiles
    rate, found = _rate(parts, lambda part: plan_stores(part[0], part[1], part[2], peaks=part[3]).cost)
    problem, _ = repair(homes, outlook)
    fit, _ = fit_stores(_stores_of(kinds, slice(0, count), days.slots), days.hours)
    members = np.arange(count)[:, None] + count * np.arange(len(kinds))
    joint = join_stores(problem, fit, members, price / (1000.0 * days.hours), known * days.hours)
    highs, optimum = _highs(joint, tell)
    optimum += problem.terminal * problem.reserve / 1000.0
    gap = float(np.abs(found - optimum).max()) / 1e6
    return {
        "case": name,
        "homes": count,
        "homes_per_second": round(rate),
        "highs_homes_per_second": round(highs),
        "times_faster": round(rate / highs, 1),
        "target_times_faster": target,
        "worst_gap_currency_a_day": gap,
        "target_gap_currency_a_day": 1e-4,
        "reached": bool(rate >= (target or 0.0) * highs and gap <= 1e-4),
    }


def _fleet(days: Days, count: int, tell: Report) -> dict[str, Any]:
    """Seconds of one call for many homes, on two cores."""
    tell(f"{count:,} homes with a battery on two cores")
    homes, outlook = days.draw(count)
    begun, worked = time.perf_counter(), time.process_time()
    cost = plan(homes, outlook, threads=2).cost
    seconds, core_seconds = time.perf_counter() - begun, time.process_time() - worked
    return {
        "homes": count,
        "seconds": seconds,
        "core_seconds": core_seconds,
        "homes_per_second": round(count / seconds),
        "finite": bool(np.isfinite(cost).all()),
        "target_seconds": 10.0,
        "reached": seconds <= 10.0,
    }


def _blocks(count: int) -> list[slice]:
    return [slice(begin, min(begin + _BLOCK, count)) for begin in range(0, count, _BLOCK)]


def _stores_of(kinds: Iterable[Stores], homes: slice, slots: int) -> Stores:
    """The stores of a range of homes; every kind has one per home."""
    parts = [kind.take(np.arange(homes.start, homes.stop), shift=homes.start) for kind in kinds]
    return Stores.join(parts) if parts else Stores.none(slots)


def _rate(parts: list[Any], work: Callable[[Any], Floats], rounds: int = 3) -> tuple[float, Floats]:
    """Homes per second of the fastest part, and the costs of all."""
    best, costs = 0.0, []
    for turn in range(rounds):
        for part in parts:
            begun = time.process_time()
            cost = work(part)
            best = max(best, len(cost) / (time.process_time() - begun))
            if turn == 0:
                costs.append(cost)
    return best, np.concatenate(costs)


def _highs(joint: Joint, tell: Report) -> tuple[float, Floats]:
    """Homes per second of HiGHS's fastest block, each model built once and warm, and the optima, float64[n], µ."""
    tell(f"the same {len(joint.load):,} homes by HiGHS")
    priced = bool((joint.peak_price > 0).any())
    programme = HomeProgramme(joint.load.shape[1], joint.low.shape[1], peak=priced)
    tasks = [joint.task(home) for home in range(len(joint.load))]
    programme.solve(tasks[0])
    best, optimum = 0.0, np.full(len(tasks), np.nan)
    for block in _blocks(len(tasks)):
        begun = time.process_time()
        for home in range(block.start, block.stop):
            found = programme.solve(tasks[home])
            if found is not None:
                optimum[home] = found.objective
        best = max(best, (block.stop - block.start) / (time.process_time() - begun))
    return best, optimum
