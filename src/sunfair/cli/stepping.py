"""`sunfair grid step`: seconds within a slot, with the fast loop and without."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from sunfair.cli.show import folder_for, print_json, stderr, stdout
from sunfair.files import default_community, load_scenario
from sunfair.grid import LOADING_MAX, VOLTAGE_MAX_PU, VOLTAGE_MIN_PU
from sunfair.grid.fast_control import FastSettings
from sunfair.report.step import step_page
from sunfair.simulate.fast_events import CALM_S, EVENT_S, Event, event_scene
from sunfair.simulate.fast_loop import FastTrace, play

__all__ = ["run_step"]

_WORDS = {
    Event.CLOUD: "the sun comes back at once and goes again after three minutes",
    Event.CARS: "every car begins to charge at once and ends after three minutes",
}

_SETTLED_S = 20
"""The last seconds of the event, in which nothing may move any more."""


def run_step(path: Path | None, *, event: Event, silent: bool, out: Path, as_json: bool) -> None:
    """Play the event twice, write `step.html`, `step.csv`, `step.json` into `out`, and tell."""
    folder_for(out)
    scenario = default_community() if path is None else load_scenario(path)
    scene, slot = event_scene(scenario, event, silent_from_s=CALM_S if silent else None)
    stderr.print("[dim]without the loop[/]")
    without = play(scene, None)
    stderr.print("[dim]with the loop[/]")
    held = play(scene, FastSettings())
    when = scenario.community.clock.local(slot).strftime("%Y-%m-%d %H:%M")
    figures = {
        "community": scenario.community.name,
        "slot": slot,
        "local_time": when,
        "event": event.value,
        "silent": silent,
        "without": _figures(without),
        "with": _figures(held),
    }
    lines = _lines(without, held)
    (out / "step.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (out / "step.csv").write_text(_csv(lines), encoding="utf-8")
    lead = f"{scenario.community.name}, {when}: {_WORDS[event]}."
    if silent:
        lead += f" From second {CALM_S} on no home hears the feeder; each walks to its safe limits by itself."
    seconds = np.arange(len(without.loading), dtype=np.float64)
    band = (VOLTAGE_MIN_PU, VOLTAGE_MAX_PU)
    (out / "step.html").write_text(step_page("Seconds on the wires", lead, seconds, lines, band), encoding="utf-8")
    if as_json:
        print_json(figures)
    else:
        _tell(lead, figures, out)


def _figures(trace: FastTrace) -> dict[str, Any]:
    event = slice(CALM_S, CALM_S + EVENT_S)
    outside = (trace.high_pu > VOLTAGE_MAX_PU) | (trace.low_pu < VOLTAGE_MIN_PU) | (trace.loading > LOADING_MAX)
    settled = slice(CALM_S + EVENT_S - _SETTLED_S, CALM_S + EVENT_S)
    return {
        "highest_pu": float(trace.high_pu.max()),
        "lowest_pu": float(trace.low_pu.min()),
        "highest_loading": float(trace.loading.max()),
        "seconds_outside": int(outside.sum()),
        "held_back_kwh": float(trace.withheld_w[event].sum() / 3.6e6),
        "settled_pu": [float(trace.low_pu[settled].min()), float(trace.high_pu[settled].max())],
        "settled_loading": float(trace.loading[settled].max()),
        "settled_swing_pu": float(np.ptp(trace.high_pu[settled])),
        "failed_steps": trace.failed.tolist(),
    }


def _lines(without: FastTrace, held: FastTrace) -> dict[str, NDArray[np.float64]]:
    found: dict[str, NDArray[np.float64]] = {}
    for name, trace in (("without", without), ("with", held)):
        found |= {f"high_{name}": trace.high_pu, f"low_{name}": trace.low_pu, f"loading_{name}": trace.loading}
        found[f"power_{name}"] = trace.power_w.sum(axis=1) / 1000
    return {**found, "withheld": held.withheld_w.sum(axis=1) / 1000, "word": held.reaction}


def _csv(lines: dict[str, NDArray[np.float64]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["second", *lines])
    for second, row in enumerate(zip(*lines.values(), strict=True)):
        writer.writerow([second, *(f"{value:.6g}" for value in row)])
    return text.getvalue()


def _tell(lead: str, figures: dict[str, Any], out: Path) -> None:
    table = Table(title=lead)
    table.add_column("", no_wrap=True)
    for name in ("highest pu", "lowest pu", "highest loading", "seconds outside", "loading when settled"):
        table.add_column(name, justify="right")
    for name, key in (("without the loop", "without"), ("with it", "with")):
        each = figures[key]
        values = (f"{each['highest_pu']:.4f}", f"{each['lowest_pu']:.4f}", f"{each['highest_loading']:.2f}")
        table.add_row(name, *values, str(each["seconds_outside"]), f"{each['settled_loading']:.2f}")
    stdout.print(table)
    stdout.print(f"held back during the event: {figures['with']['held_back_kwh']:.1f} kWh of all homes")
    stdout.print(f"written to {out}: step.html, step.csv, step.json", soft_wrap=True)
