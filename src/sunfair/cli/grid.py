"""`sunfair grid …`: names, arguments and help of what is done with the wires alone."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["grid"]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
MaybeScenario = Annotated[
    Path | None, typer.Argument(help="A community.toml; default: the bundled one.", metavar="[SCENARIO.toml]")
]

grid = typer.Typer(help="The wires: which phase for whom, and what happens within seconds.", no_args_is_help=True)


@grid.command("phases")
def phases(
    scenario: MaybeScenario = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for phases.csv, phases.html, phases.json.")] = Path(
        "runs/phases"
    ),
    fit: Annotated[float, typer.Option("--fit", help="Part of the series to learn from; the rest judges.")] = 0.5,
    draws: Annotated[int, typer.Option("--draws", help="Random assignments beside.", min=1, max=1000)] = 200,
    slots: Annotated[int, typer.Option("--slots", help="Most slots to judge on, evenly spread.", min=1)] = 600,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same files.", min=0)] = 7,
    as_json: Json = False,
) -> None:
    """Choose the phase of every single-phase connection, and prove it on time it was not chosen on."""
    from sunfair.cli.phasing import run_phases

    run_phases(scenario, out=out, fit_part=fit, draws=draws, most_slots=slots, seed=seed, as_json=as_json)


class StepEvent(StrEnum):
    """What happens within the slot."""

    CLOUD = "cloud"
    CARS = "cars"


@grid.command("step")
def step(
    scenario: MaybeScenario = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for step.html, step.csv, step.json.")] = Path("runs/step"),
    event: Annotated[StepEvent, typer.Option("--event", help="Sun after a cloud, or all cars.")] = StepEvent.CLOUD,
    silent: Annotated[bool, typer.Option("--silent", help="The feeder's word is not heard.")] = False,
    as_json: Json = False,
) -> None:
    """Play a step change within a slot, second by second: the wires with the fast loop and without."""
    from sunfair.cli.stepping import run_step
    from sunfair.simulate.fast_events import Event

    run_step(scenario, event=Event(event.value), silent=silent, out=out, as_json=as_json)


@grid.command("converters")
def converters(
    scenario: MaybeScenario = None,
    slots: Annotated[int, typer.Option("--slots", help="Most slots to look at, evenly spread.", min=1)] = 12,
    as_json: Json = False,
) -> None:
    """What phases and reactive power of the roofs' converters do where voltages are outside, nothing held back."""
    from sunfair.cli.converting import run_converters

    run_converters(scenario, most_slots=slots, as_json=as_json)
