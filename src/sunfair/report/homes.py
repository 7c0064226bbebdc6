"""Each home of the page: what it owns, what it used and paid, and the lines of its bill."""

from collections import defaultdict
from typing import Any

import numpy as np

from sunfair.model import FIRST_MEMBER, Member
from sunfair.report.agents import shadows
from sunfair.report.day import Day
from sunfair.report.neighbours import neighbour_tables
from sunfair.report.run import Numbers, Run
from sunfair.settlement import LINES

__all__ = ["home_list", "institution_totals"]

_SHARES = ("self_consumption", "self_sufficiency")
_BILLS = ("bill_market", "bill_battery_only", "bill_alone")


def home_list(run: Run, day: Day | None) -> list[dict[str, Any]]:
    """The members in account order. Energies Wh, bills µ (+ to pay), shares of 1; what is not known is null."""
    plan = run.ints("plans", ["load_wh", "pv_wh", "ev_wh", "curtail_wh"])
    rows = run.ints("rows", ["traded_ahead_wh", "traded_pool_wh", "paid"])
    traded = rows["traded_ahead_wh"] + rows["traded_pool_wh"]
    totals: dict[str, Numbers] = {
        "use_wh": (plan["load_wh"] + plan["ev_wh"]).sum(axis=0),
        "roof_wh": (plan["pv_wh"] - plan["curtail_wh"]).sum(axis=0),
        "curtailed_wh": plan["curtail_wh"].sum(axis=0),
        "bought_wh": np.maximum(traded, 0).sum(axis=0)[FIRST_MEMBER:],
        "sold_wh": np.maximum(-traded, 0).sum(axis=0)[FIRST_MEMBER:],
        "paid": rows["paid"].sum(axis=0)[FIRST_MEMBER:],
    }
    whole, of_day = _bill_lines(run, day)
    known, neighbours = run.summary.get("homes", {}), neighbour_tables(run)
    shadow = shadows(run)
    return [
        {
            "account": FIRST_MEMBER + at,
            **_described(member),
            **{name: int(values[at]) for name, values in totals.items()},
            **{name: known.get(member.id, {}).get(name) for name in (*_SHARES, *_BILLS)},
            "bill_market": -int(totals["paid"][at]),
            **neighbours[FIRST_MEMBER + at],
            "bill_shadow": None if shadow is None else int(shadow[0][at]),
            **{name: known.get(member.id, {}).get(name, 0) for name in ("statement", "stored")},
            "stored_more_wh": 0 if shadow is None else int(shadow[1][at]),
            "lines": whole[FIRST_MEMBER + at],
            "day_lines": of_day[FIRST_MEMBER + at],
        }
        for at, member in enumerate(run.community.members)
    ]


def institution_totals(run: Run) -> list[int]:
    """What utility, network and reserve received over the run, µ."""
    totals: list[int] = run.ints("rows", ["paid"])["paid"][:, :FIRST_MEMBER].sum(axis=0).tolist()
    return totals


def _described(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "meter": member.meter,
        "bus": member.bus,
        "phase": None if member.phase is None else member.phase.value,
        "pv_wp": member.pv_wp,
        "battery_wh": member.battery.capacity_wh if member.battery else 0,
        "battery_w": member.battery.power_w if member.battery else 0,
        "car_w": member.car.power_w if member.car else 0,
        "strategy": member.strategy.value,
        "neighbour_permille": member.owner.neighbour_permille,
    }


def _bill_lines(run: Run, day: Day | None) -> tuple[dict[int, list[list[int]]], dict[int, list[list[int]]]]:
    """Lines [number in `LINES`, Wh, µ] of every account, over the run and of the day."""
    numbers = {line.value: at for at, line in enumerate(LINES)}
    names = ["account", "period", "line", "energy_wh", "amount"]
    table = run.table("bills", names)
    whole: dict[int, dict[int, list[int]]] = defaultdict(dict)
    of_day: dict[int, list[list[int]]] = defaultdict(list)
    civil = None if day is None else day.civil.isoformat()
    for account, period, line, energy, amount in zip(*(table[name].to_pylist() for name in names), strict=True):
        if line not in numbers:
            continue
        at = numbers[line]
        total = whole[account].setdefault(at, [at, 0, 0])
        total[1] += energy
        total[2] += amount
        if period == civil:
            of_day[account].append([at, energy, amount])
    ordered = defaultdict(list, {account: [lines[at] for at in sorted(lines)] for account, lines in whole.items()})
    return ordered, of_day
