"""`demo --switching`."""

from pathlib import Path

import typer

from sunfair.cli.show import print_json, stderr, stdout
from sunfair.errors import Fault, InputError
from sunfair.wiring.simulation import default_folder
from sunfair.wiring.switching_story import tell_switching

__all__ = ["run_switching"]

HOMES = 12
"""How many homes the street has unless told otherwise: every turn of the story happens to one of the first six."""


def run_switching(*, homes: int | None, seed: int, out: Path | None, rpc: str | None, as_json: bool) -> None:
    """Tell the story; exit 1 if a point ends at another supplier than it should."""
    count = HOMES if homes is None else homes
    if not 1 <= count <= 1_000:
        raise InputError("there is no such street", [Fault("--homes", f"is {count}", "1 … 1000")])
    folder = out or default_folder("switching")
    if folder.exists():
        raise InputError("nothing is overwritten", [Fault(str(folder), "is there already", "name another --out")])
    told = tell_switching(folder, homes=count, seed=seed, tell=lambda text: stderr.print(f"[dim]{text}[/]"), rpc=rpc)
    if as_json:
        print_json({"folder": str(folder), **told.plain()})
    else:
        stdout.print(
            f"[bold]Points[/]       {len(told.points)}: {told.switched} changed, {told.stayed} stayed, ", end=""
        )
        stdout.print(f"{told.returned} went there and back", soft_wrap=True)
        for name, why in told.refused_readings.items():
            stdout.print(f"[bold]Refused[/]      a reading of the {name} device: {why}", soft_wrap=True)
        right = "every point at the right supplier at every midnight, in the register and on the chain"
        stdout.print(f"[bold]Suppliers[/]    {'; '.join(told.wrong) or right}", soft_wrap=True)
        stdout.print(f"\nReport   {folder / 'report.html'}", soft_wrap=True)
    if told.wrong:
        raise typer.Exit(1)
