"""The street over time, one value per slot (or per day, for runs of more than a week), for the page's plots."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sunfair.report.day import packed
from sunfair.report.flows import home_flows, street_flows
from sunfair.report.limits import home_voltages, unlimited_series
from sunfair.report.run import Numbers, Run, Span

__all__ = ["PER_SLOT_DAYS", "street_series"]

PER_SLOT_DAYS = 7
"""Longer runs are plotted by day."""

_VOLTAGE_SCALE = 100_000
_LOADING_SCALE = 10_000


def street_series(run: Run) -> dict[str, Any]:
    """Prices, flows, stored energy and wires of the street, by slot or by day.

    Energies are Wh per slot or day, prices µ/kWh (by day: means, weighted with the energy traded), stored energy Wh at
    the end, fill levels ‰, voltages 10⁻⁵ pu, loading 10⁻⁴, `unsolved` slots. What is not known is null.
    """
    daily = len(run.days) > PER_SLOT_DAYS
    spans = [span for _, span in run.days] if daily else [Span(at, at + 1) for at in range(len(run.slot))]
    series = {**_prices(run, spans), **_energy(run, spans), **_wires(run, spans)}
    series |= unlimited_series(run, spans, _VOLTAGE_SCALE, _LOADING_SCALE)
    return {
        "by": "day" if daily else "slot",
        "first": int(run.slot[0]) if len(run.slot) else 0,
        "days": [civil.isoformat() for civil, _ in run.days],
        "day_starts": [span.start for _, span in run.days],
        "count": len(spans),
        **{name: packed(values) for name, values in series.items()},
    }


def _sums(values: Numbers, spans: Sequence[Span]) -> list[int]:
    return [int(values[span.places].sum()) for span in spans]


def _prices(run: Run, spans: Sequence[Span]) -> dict[str, list[int | None]]:
    table = run.table("slots", ["retail", "feed_in", "price_ahead", "price_pool", "volume_ahead_wh", "volume_pool_wh"])
    ones = np.ones(len(run.slot), np.int64)
    columns: dict[str, list[int | None]] = {}
    for name in ("retail", "feed_in"):
        columns[name] = _mean(table[name].to_pylist(), ones, spans)
    for name in ("ahead", "pool"):
        volume = np.asarray(table[f"volume_{name}_wh"]).astype(np.int64)
        columns[f"price_{name}"] = _mean(table[f"price_{name}"].to_pylist(), volume, spans)
        columns[f"volume_{name}"] = list(_sums(volume, spans))
    return columns


def _mean(prices: list[int | None], weight: Numbers, spans: Sequence[Span]) -> list[int | None]:
    """The mean price of each span, null where nothing had one."""
    found: list[int | None] = []
    for span in spans:
        known = [(prices[at], int(weight[at])) for at in range(span.start, span.stop) if weight[at]]
        total = sum(part for price, part in known if price is not None)
        money = sum(price * part for price, part in known if price is not None)
        found.append((2 * money + total) // (2 * total) if total else None)
    return found


def _energy(run: Run, spans: Sequence[Span]) -> dict[str, list[Any]]:
    """Flows, curtailment, cars, and what the batteries hold."""
    plan = run.ints("plans", ["load_wh", "pv_wh", "battery_wh", "ev_wh", "curtail_wh", "soc_wh"])
    homes = home_flows(
        use_wh=plan["load_wh"] + plan["ev_wh"],
        roof_wh=plan["pv_wh"] - plan["curtail_wh"],
        battery_wh=plan["battery_wh"],
    )
    columns: dict[str, list[Any]] = {name: _sums(values, spans) for name, values in street_flows(homes).items()}
    columns["curtailed"] = _sums(plan["curtail_wh"], spans)
    columns["ev"] = _sums(plan["ev_wh"], spans)
    last = np.array([span.stop - 1 for span in spans], np.int64)
    columns["stored"] = plan["soc_wh"].sum(axis=1)[last].tolist()
    capacity = np.array([m.battery.capacity_wh if m.battery else 0 for m in run.community.members], np.int64)
    owners = capacity > 0
    if owners.any():
        level = plan["soc_wh"][:, owners] * 1_000 // capacity[owners]
        columns["level_low"] = [int(np.percentile(level[s.places], 10)) for s in spans]
        columns["level_high"] = [int(np.percentile(level[s.places], 90)) for s in spans]
    return columns


def _wires(run: Run, spans: Sequence[Span]) -> dict[str, list[Any]]:
    """Extremes over all buses and branches, those at the homes, and how many slots have no power-flow solution."""
    table = run.table("slots", ["max_voltage_pu", "min_voltage_pu", "max_loading", "losses_wh"])
    losses = np.asarray(table["losses_wh"]).astype(np.int64)
    values = {
        name: table[name].to_numpy(zero_copy_only=False).astype(np.float64)
        for name in ("max_voltage_pu", "min_voltage_pu", "max_loading")
    }
    unsolved = np.isnan(values["max_loading"]).astype(np.int64)
    if not (run.folder / "grid.json").is_file():
        unsolved[:] = 0
    at_homes = home_voltages(run)
    if at_homes is not None:
        values |= {"home_high_pu": at_homes[0], "home_low_pu": at_homes[1]}
    columns: dict[str, list[Any]] = {"losses": _sums(losses, spans), "unsolved": _sums(unsolved, spans)}
    for name, each in values.items():
        fold: Callable[[Any], Any] = np.min if name in ("min_voltage_pu", "home_low_pu") else np.max
        scale = _LOADING_SCALE if name == "max_loading" else _VOLTAGE_SCALE
        known = [part[np.isfinite(part)] for part in (each[span.places] for span in spans)]
        columns[name] = [round(float(fold(part)) * scale) if len(part) else None for part in known]
    return columns
