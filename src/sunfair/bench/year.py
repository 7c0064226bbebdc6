"""`sunfair bench year`: what planning saves a street in a year, beside the rule, no battery and perfect foresight."""

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.agent import Policy
from sunfair.bench.year_loop import Kind, Ran, run_homes, smart_homes
from sunfair.bench.year_market import Traded, trade_homes
from sunfair.bench.year_perfect import perfect_bill
from sunfair.errors import Fault, InputError
from sunfair.model import Scenario

__all__ = ["bench_year"]

Floats = NDArray[np.float64]
Report = Callable[[str], None]

WARM_DAYS, AFTER_DAYS = 8, 2
"""Days of readings before a block, and days after it over which what is left in stores and cars is used perfectly."""

TARGET_SHARE, TARGET_WORST, TARGET_FLAT = 0.80, 5_000_000, 0.001
TARGET_SECONDS, TARGET_MEGABYTES = 300.0, 4_096.0

ABLATIONS: tuple[tuple[str, Kind, Policy], ...] = (
    ("as it is", Kind.SMART, Policy()),
    ("horizon 24 h", Kind.SMART, Policy(horizon_hours=24)),
    ("set-points instead of worth", Kind.SET_POINTS, Policy()),
    ("ties not early", Kind.SMART, Policy(tie=-1_000.0)),
    ("plans every quarter of an hour", Kind.SMART, Policy(every_minutes=15)),
    ("one course of the sun", Kind.SMART, Policy(futures="mean")),
    ("median forecast", Kind.SMART, Policy(futures="median")),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What n homes pay over a block and what is left after it, float64[n], µ, one for each way of deciding."""

    none: Floats
    rule: Floats
    smart: Floats
    perfect: Floats


def bench_year(
    scenario: Scenario,
    prove: Callable[[Scenario, range], float],
    progress: Report | None = None,
    *,
    weeks: int | None = None,
    dynamic: Scenario | None = None,
    ablations: bool = True,
) -> dict[str, Any]:
    """Measure on this machine, on two cores. Plain JSON values: ``tariffs``, ``ablation``, ``market``.

    scenario : the community under its own tariff; dynamic: the same under one that changes by the hour
    prove    : seconds that so many slots take with all signatures and trees
    weeks    : only so many weeks, spread over the year; None: all of it
    """
    tell = progress or (lambda _: None)
    blocks = _blocks(scenario, weeks)
    tariffs = {"flat": scenario, "time of use": _time_of_use(scenario)}
    if dynamic is not None:
        tariffs["dynamic"] = dynamic
    begun, rows = time.perf_counter(), []
    with ProcessPoolExecutor(2) as pool:
        for name, street in tariffs.items():
            tell(f"{name} tariff: {len(blocks)} block(s), {sum(map(len, blocks)):,} slots")
            parts = list(pool.map(_outcome, [street] * len(blocks), blocks))
            rows.append(_row(name, street, parts))
        hardest = dynamic or scenario
        some = [block[::1][: 7 * scenario.community.clock.per_day] for block in blocks[:4]]
        ablation = _ablation(pool, hardest, some, tell) if ablations else []
        tell("the market's arithmetic")
        market = _market(pool, hardest, blocks, prove)
    kilobytes = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "bench": "year",
        "community": scenario.community.name,
        "homes": scenario.community.size,
        "slots": sum(map(len, blocks)),
        "weeks": weeks,
        "tariffs": rows,
        "ablation": ablation,
        "market": {**market, "megabytes": round(kilobytes / 1024, 1), "target_megabytes": TARGET_MEGABYTES},
        "seconds": round(time.perf_counter() - begun, 1),
    }


def _blocks(scenario: Scenario, weeks: int | None) -> list[range]:
    """The places in the series that are run: two halves of the year, or weeks spread over it."""
    per_day = scenario.community.clock.per_day
    first, end = WARM_DAYS * per_day, len(scenario.series.retail) - AFTER_DAYS * per_day
    week = 7 * per_day
    if end - first < week:
        fault = Fault("series", f"hold {len(scenario.series.retail) // per_day} days", "give at least 17")
        raise InputError("too short a series to measure on", [fault])
    if weeks is None:
        middle = (first + end) // 2
        return [range(first, middle), range(middle, end)]
    most = (end - first) // week
    if not 1 <= weeks <= most:
        raise InputError(f"--weeks is {weeks}; the series hold 1 to {most}")
    starts = [first + week * (most * at // weeks) for at in range(weeks)]
    return [range(start, start + week) for start in starts]


def _time_of_use(scenario: Scenario) -> Scenario:
    """The same community with a cheaper night (22 to 6 o'clock) and a dearer evening (17 to 20)."""
    clock, series = scenario.community.clock, scenario.series
    hours = np.array([clock.local(series.first_slot + at).hour for at in range(len(series.retail))])
    share = np.where((hours >= 22) | (hours < 6), 80, np.where((hours >= 17) & (hours < 20), 130, 100))
    return replace(scenario, series=replace(series, retail=series.retail * share // 100))


def _outcome(scenario: Scenario, block: range) -> Outcome:
    """A block under all ways of deciding, each judged with the days after it."""
    days = AFTER_DAYS * scenario.community.clock.per_day
    after, both = range(block.stop, block.stop + days), range(block.start, block.stop + days)
    worth = float(scenario.series.retail[both.start : both.stop].mean()) * 0.8

    def judged(kind: Kind) -> Floats:
        ran = run_homes(scenario, both, kind)
        return ran.bill - worth * ran.soc_wh / 1_000

    return Outcome(
        judged(Kind.NONE),
        judged(Kind.RULE),
        _planned(scenario, block, after, worth),
        perfect_bill(scenario, both, worth=worth),
    )


def _planned(
    scenario: Scenario, block: range, after: range, worth: float, kind: Kind = Kind.SMART, policy: Policy | None = None
) -> Floats:
    ran: Ran = run_homes(scenario, block, kind, policy)
    return ran.bill + perfect_bill(scenario, after, worth=worth, soc_wh=ran.soc_wh, cars=ran.cars)


def _row(name: str, scenario: Scenario, parts: list[Outcome]) -> dict[str, Any]:
    none, rule, smart, perfect = (
        np.sum([getattr(part, field) for part in parts], axis=0) for field in ("none", "rule", "smart", "perfect")
    )
    lost, worst = smart - rule, int(np.argmax(smart - rule))
    steered = np.array([bool(member.battery or member.car) for member in scenario.community.members])
    share = _share(rule, smart, perfect)
    worse = int((lost > TARGET_FLAT * np.abs(rule)).sum())
    return {
        "tariff": name,
        "bill_none": int(none.sum()),
        "bill_rule": int(rule.sum()),
        "bill_smart": int(smart.sum()),
        "bill_perfect": int(perfect.sum()),
        "saved_against_rule": int(-lost.sum()),
        "saved_against_none": int((none - smart).sum()),
        "share_of_perfect": share,
        "target_share": TARGET_SHARE if name == "dynamic" else None,
        "steered_homes": int(steered.sum()),
        "worst_home": {"id": scenario.community.members[worst].id, "lost": int(lost[worst])},
        "target_worst": TARGET_WORST,
        "homes_worse_by_a_thousandth": worse,
        "reached": bool(
            lost.max() <= TARGET_WORST
            and (name != "dynamic" or (share or 0.0) >= TARGET_SHARE)
            and (name != "flat" or worse == 0)
        ),
    }


def _share(rule: Floats, smart: Floats, perfect: Floats) -> float | None:
    """Of what perfect foresight saves over the rule, the part that planning saves; None where there is nothing."""
    most = float((rule - perfect).sum())
    return round(float((rule - smart).sum()) / most, 4) if most > 1_000 else None


def _ablated(scenario: Scenario, block: range, kind: Kind, policy: Policy) -> tuple[Floats, Floats, Floats]:
    days = AFTER_DAYS * scenario.community.clock.per_day
    after, both = range(block.stop, block.stop + days), range(block.start, block.stop + days)
    worth = float(scenario.series.retail[both.start : both.stop].mean()) * 0.8
    ruled = run_homes(scenario, both, Kind.RULE)
    smart = _planned(scenario, block, after, worth, kind, policy)
    return ruled.bill - worth * ruled.soc_wh / 1_000, smart, perfect_bill(scenario, both, worth=worth)


def _ablation(pool: ProcessPoolExecutor, scenario: Scenario, blocks: list[range], tell: Report) -> list[dict[str, Any]]:
    """The share of perfect foresight's saving with one thing taken away at a time, over some weeks."""
    rows = []
    for name, kind, policy in ABLATIONS:
        tell(f"ablation: {name}")
        many = len(blocks)
        parts = list(pool.map(_ablated, [scenario] * many, blocks, [kind] * many, [policy] * many))
        rule, smart, perfect = (np.sum([part[at] for part in parts], axis=0) for at in range(3))
        rows.append(
            {"what": name, "share_of_perfect": _share(rule, smart, perfect), "worst_lost": int((smart - rule).max())}
        )
    return rows


def _market(
    pool: ProcessPoolExecutor, scenario: Scenario, blocks: list[range], prove: Callable[[Scenario, range], float]
) -> dict[str, Any]:
    """Both sessions and the settlement of every slot on two cores; and a week with all signatures and trees."""
    if len(blocks) == 1:  # as the year's two halves run, so must a week's, or one core would be told for two
        (whole,) = blocks
        middle = len(whole) // 2
        blocks = [whole[:middle], whole[middle:]]
    begun = time.perf_counter()
    planned = list(pool.map(_planned_market, [scenario] * len(blocks), blocks))
    seconds = time.perf_counter() - begun
    ruled = list(pool.map(_ruled_market, [scenario] * len(blocks), blocks))
    paid, paid_rule = (np.sum([each.paid for each in runs], axis=0) for runs in (planned, ruled))
    shadow = np.sum([each.shadow_bill for each in planned], axis=0)
    slots, week = sum(map(len, blocks)), range(blocks[0].start, blocks[-1].stop)[: 7 * scenario.community.clock.per_day]
    return {
        "slots": slots,
        "seconds": round(seconds, 1),
        "seconds_a_year": round(seconds / slots * scenario.community.clock.per_day * 365, 1),
        "target_seconds_a_year": TARGET_SECONDS,
        "traded_ahead_wh": sum(each.ahead_wh for each in planned),
        "traded_pool_wh": sum(each.pool_wh for each in planned),
        "bill_smart": int(-paid.sum()),
        "bill_rule": int(-paid_rule.sum()),
        "bill_shadow": int(shadow.sum()),
        "worst_lost_to_shadow": int((-paid - shadow).max()),
        "worst_lost_to_rule": int((paid_rule - paid).max()),
        "gone_back_to_the_rule": sum(each.gone_back for each in planned),
        "signed_slots": len(week),
        "signed_seconds": round(prove(smart_homes(scenario), week), 1),
    }


def _planned_market(scenario: Scenario, block: range) -> Traded:
    return trade_homes(scenario, block, planned=True)


def _ruled_market(scenario: Scenario, block: range) -> Traded:
    return trade_homes(scenario, block, planned=False)
