"""`demo --charging`."""

from importlib.resources import as_file, files
from pathlib import Path

import typer

from sunfair.cli.show import bar, print_json, stderr, stdout
from sunfair.errors import Fault, InputError
from sunfair.wiring.charging_story import tell_charging
from sunfair.wiring.simulation import default_folder

__all__ = ["run_charging_demo"]


def run_charging_demo(*, seed: int, out: Path | None, as_json: bool) -> None:
    """Tell the story; exit 1 if anything does not add up."""
    folder = out or default_folder("charging")
    if folder.exists():
        raise InputError("nothing is overwritten", [Fault(str(folder), "is there already", "name another --out")])
    with as_file(files("sunfair").joinpath("data", "hotels", "hotels.toml")) as hotels, bar() as progress:
        task = progress.add_task("A day of charging", total=96)
        told = tell_charging(
            folder, hotels=hotels, seed=seed, tell=lambda done, _: progress.update(task, completed=done)
        )
    outcome = told.outcome
    if as_json:
        print_json({"folder": str(folder), "stays": outcome.stays, "hotels": outcome.hotels, "wrong": list(told.wrong)})
    else:
        for hotel in outcome.hotels:
            energy = f"{hotel['energy_wh'] / 1000:.1f} kWh"
            stdout.print(f"[bold]{hotel['name']}[/], {hotel['city']}: {energy} for {hotel['fees']}", soft_wrap=True)
            if "finance" in hotel:
                paid = hotel["finance"]
                stdout.print(f"  repaid {paid['repaid']} of {paid['of']}, payoff in about {paid['days']} such days")
        stdout.print(f"Check    sunfair audit {folder / 'market'}", soft_wrap=True)
        stdout.print(f"Report   {folder / 'report.html'}", soft_wrap=True)
    for words in told.wrong:
        stderr.print(words, style="red", markup=False)
    if told.wrong:
        raise typer.Exit(1)
