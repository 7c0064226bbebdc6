"""`bench grid`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.table import Table

from sunfair.bench.grid import EVERY, GRIDS, bench_grid
from sunfair.cli.show import bar, stdout
from sunfair.errors import InputError, ServiceMissing
from sunfair.files import DEFAULT_CODE, default_community, load_scenario, simbench_scenario
from sunfair.model import Scenario

__all__ = ["run_bench_grid", "show_bench_grid"]


def run_bench_grid(tell: Callable[[str], None], *, every: int | None, community: Path | None) -> dict[str, Any]:
    """The figures of the bundled community and, where simbench is installed, of five grids more; or of a file."""
    if every is not None and every < 1:
        raise InputError(f"--every: is {every}; name a number of days from 1 (every day) on")
    scenarios = _bundled(tell) if community is None else {community.parent.name: load_scenario(community)}
    with bar() as progress:
        tasks = {name: progress.add_task(f"{name}, days", total=None) for name in scenarios}
        return bench_grid(
            scenarios,
            lambda name, done, total: progress.update(tasks[name], completed=done, total=total),
            every=EVERY if every is None else every,
        )


def _bundled(tell: Callable[[str], None]) -> dict[str, Scenario]:
    found = {DEFAULT_CODE: default_community()}
    for code in GRIDS:
        if code in found:
            continue
        try:
            found[code] = simbench_scenario(code)
        except ServiceMissing:
            tell("simbench is not installed: the bundled grid alone (with it: uv run --no-group dev --group data …)")
            break
    return found


def show_bench_grid(figures: dict[str, Any]) -> None:
    """The figures as one table for each grid, a column for each way."""
    for grid in figures["grids"]:
        title = (
            f"{grid['grid']}: {grid['homes']} homes, {grid['days']} days, wires bind on {grid['days_bound']} of them"
        )
        table = Table(title=f"{title}; static limit {grid['static_limit_w']:.0f} W")
        table.add_column("", no_wrap=True)
        for way in grid["ways"]:
            table.add_column(_SHORT[way], justify="right", no_wrap=True)
        for label, show in _ROWS.items():
            table.add_row(label, *(show(one) for one in grid["ways"].values()))
        stdout.print(table)
        missed = [name.replace("_", " ") for name, held in grid["reached"].items() if not held]
        stdout.print(f"Targets: {'all reached' if not missed else 'missed: ' + ', '.join(missed)}.")
    for way, what in figures["ways"].items():
        stdout.print(f"{_SHORT[way]:>8}  {what}")


def _number(name: str, digits: int, factor: float = 1.0) -> Callable[[dict[str, Any]], str]:
    def show(one: dict[str, Any]) -> str:
        return "–" if one[name] is None else f"{one[name] * factor:,.{digits}f}"

    return show


_SHORT = {
    "no limits": "none",
    "static limit": "static",
    "static limit, batteries and cars": "static+",
    "pro rata": "pro rata",
    "local prices": "prices",
    "local prices, batteries and cars": "prices+",
}

_ROWS = {
    "outside limits, h": _number("violation_hours", 2),
    "curtailed, %": _number("curtailed_share", 2, 100),
    "  where wires bind": _number("curtailed_share_bound", 2, 100),
    "curtailed, kWh": _number("curtailed_kwh", 0),
    "welfare, currency": _number("welfare", 2, 1e-6),
    "fairness (Jain)": _number("fairness", 4),
    "worst roof keeps": _number("worst_home_keeps", 3),
    "losses, kWh": _number("losses_kwh", 0),
    "neutral, A": _number("mean_neutral_a", 1),
    "unbalance, %": _number("highest_vuf", 2, 100),
    "ms an interval": _number("ms_per_interval", 0),
}
