"""`sunfair grid converters`: what phases and reactive power of converters can do without a watt-hour less."""

from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from sunfair.cli.show import print_json, stderr, stdout
from sunfair.files import default_community, load_scenario
from sunfair.simulate.converter_study import study_converters

__all__ = ["run_converters"]

_NAMES = {
    "as_they_are": "as they are",
    "volt_var": "Q(U) of all roofs",
    "three_phase": "phases of 3-phase roofs",
    "three_phase_reactive": "… and their reactive power",
    "all_reactive": "… and that of all roofs",
}


def run_converters(path: Path | None, *, most_slots: int, as_json: bool) -> None:
    """Study and tell."""
    scenario = default_community() if path is None else load_scenario(path)
    found = study_converters(scenario, most_slots=most_slots, say=lambda text: stderr.print(f"[dim]{text}[/]"))
    if as_json:
        print_json({name: asdict(figures) for name, figures in found.items()})
        return
    slots = found["as_they_are"].slots
    table = Table(title=f"{slots} slots whose voltage is outside, nothing held back")
    table.add_column("", no_wrap=True)
    for column in ("U out", "I out", "max pu", "N, A", "VUF %", "loss kW"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, each in found.items():
        shown = (f"{each.max_voltage_pu:.4f}", f"{each.neutral_mean_a:.0f}", f"{each.vuf_max * 100:.2f}")
        counts = str(each.voltage_violations), str(each.loading_violations)
        table.add_row(_NAMES[name], *counts, *shown, f"{each.losses_w / 1000:.1f}")
    stdout.print(table)
    stdout.print("U out: slots with a voltage outside; I out: with an overload. N (neutral), losses: means.")
    stdout.print("VUF: highest voltage unbalance.")
