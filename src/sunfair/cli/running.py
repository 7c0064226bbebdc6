"""`demo` and `run`."""

from datetime import date
from pathlib import Path
from typing import Any

import typer

from sunfair.cli.show import bar, graceful_stop, print_json, stderr, stdout
from sunfair.files import default_community, load_scenario
from sunfair.model import Scenario
from sunfair.units import format_money
from sunfair.wiring import RunResult, default_folder, run_simulation, span_of
from sunfair.wiring.remote import Place

__all__ = ["run_demo", "run_scenario"]

DEMO_DAY = date(2016, 5, 22)
"""The bundled street's usual day: so much sun that its wires would be over their limits for hours if nobody looked."""


def run_demo(
    *,
    days: int,
    homes: int | None,
    seed: int,
    out: Path | None,
    start: str | None,
    dynamic: bool,
    as_json: bool,
    node: tuple[str, Path] | None = None,
) -> None:
    """The bundled community; with a `node` (URL, folder of deployments) settled on that local development node."""
    scenario = default_community(dynamic=dynamic, homes=homes)
    _run_at(node, scenario, days=days, seed=seed, out=out, start=start, usual=DEMO_DAY, as_json=as_json)


def run_scenario(
    path: Path,
    *,
    days: int,
    seed: int,
    out: Path | None,
    start: str | None,
    as_json: bool,
    node: tuple[str, Path] | None = None,
) -> None:
    """A community of the user's own; `node` as for the demo."""
    scenario = load_scenario(path)
    _run_at(node, scenario, days=days, seed=seed, out=out, start=start, usual=None, as_json=as_json)


def _run_at(
    node: tuple[str, Path] | None,
    scenario: Scenario,
    *,
    days: int,
    seed: int,
    out: Path | None,
    start: str | None,
    usual: date | None,
    as_json: bool,
) -> None:
    """Settled on a chain in this process, or on the local development node of that URL and folder of deployments."""
    if node is None:
        _run(scenario, days=days, seed=seed, out=out, start=start, usual=usual, as_json=as_json)
        return
    from sunfair.wiring.remote import development_node

    with development_node(*node) as place:
        _run(scenario, days=days, seed=seed, out=out, start=start, usual=usual, as_json=as_json, place=place)
        stderr.print(f"On chain sunfair audit --rpc {node[0]} --deployment {place.file}", markup=False, soft_wrap=True)


def _run(
    scenario: Scenario,
    *,
    days: int,
    seed: int,
    out: Path | None,
    start: str | None,
    usual: date | None,
    as_json: bool,
    place: Place | None = None,
) -> None:
    span = span_of(scenario, start, days, usual=usual)
    folder = out or default_folder(scenario.community.name)
    with graceful_stop() as stop, bar() as progress:
        task = progress.add_task(f"{scenario.community.name}, {span.first}", total=span.slots)
        result = run_simulation(
            scenario,
            span,
            folder,
            seed=seed,
            progress=lambda done: progress.update(task, completed=done),
            stopped=stop.is_set,
            place=place,
        )
    if as_json:
        print_json({"folder": str(result.folder), **result.summary})
    else:
        _tell(result)
    if not result.whole:
        raise typer.Exit(130)


def _tell(result: RunResult) -> None:
    """The run in a few lines, and what to do next."""
    summary: Any = result.summary
    street, homes = summary["community"], summary["homes"]
    ways = ("bill_market", "bill_battery_only", "bill_alone")
    money = {name: format_money(street[name], summary["currency"]) for name in ways}
    violations = summary["violations"]
    stdout.print(f"\n[bold]{summary['name']}[/]: {len(homes)} homes, {summary['days']} day(s) from {summary['start']}")
    traded, used = (f"{street[name] / 1000:,.1f} kWh" for name in ("traded_wh", "use_wh"))
    stdout.print(f"  traded among neighbours  {traded} net, of {used} used")
    stdout.print(f"  used in the street       {_percent(street['self_consumption'])} of what the roofs made")
    stdout.print(f"  all bills                {money['bill_market']} with the market")
    if street["statement"]:
        both = format_money(street["bill_market"] - street["statement"], summary["currency"])
        stdout.print(f"                           {both} with the retailers' statements beside them")
    stdout.print(f"                           {money['bill_battery_only']} with batteries and no market")
    carried = ", as if the wires carried everything" if summary["envelope"] else ""
    stdout.print(f"                           {money['bill_alone']} with neither{carried}")
    if street["stored"]:
        stored = format_money(abs(street["stored"]), summary["currency"])
        word = "less" if street["stored"] < 0 else "more"
        stdout.print(f"                           {stored} {word} in batteries with the market")
    stdout.print(f"  homes better off         {street['homes_better_off']} of {len(homes)} by trading")
    wires = f"{violations['slots']} slot(s) outside their limits"
    if free := summary["envelope"].get("unlimited"):
        lost = _percent(summary["envelope"]["curtailed_share"])
        wires += f", {free['slots']} if meters had no caps; {lost} of the roofs' energy was turned down"
    stdout.print(f"  wires                    {wires if (result.folder / 'grid.json').exists() else 'no grid given'}")
    stdout.print(f"  took                     {summary['seconds']} s")
    for notice in summary["notices"]:
        stderr.print(f"  {notice}", style="dim", markup=False)
    if not result.whole:
        stdout.print(f"\n[yellow]Stopped early.[/] What was done is in {result.folder} (its last day is not settled).")
        return
    stdout.print(f"\nReport   {result.folder / 'report.html'}", soft_wrap=True)
    stdout.print(f"Check    sunfair audit {result.folder}", soft_wrap=True)


def _percent(ratio: float | None) -> str:
    return "–" if ratio is None else f"{100 * ratio:.0f} %"
