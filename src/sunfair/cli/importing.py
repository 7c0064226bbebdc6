"""`import csv` and `import simbench`."""

from pathlib import Path

from sunfair.cli.show import stderr, stdout
from sunfair.files import import_csv, import_simbench

__all__ = ["from_csv", "from_simbench"]


def from_csv(folder: Path, *, out: Path, unit: str, slot_minutes: int | None, timezone: str) -> None:
    """A community from a folder of CSV files."""
    scenario = import_csv(folder, unit=unit, slot_minutes=slot_minutes, timezone=timezone, out=out)
    for notice in scenario.notices:
        stderr.print(notice, style="dim", markup=False)
    _next(out)


def from_simbench(code: str, *, out: Path, seed: int) -> None:
    """A community from a SimBench grid."""
    made = import_simbench(code, out=out, seed=seed)
    for notice in made.notices:
        stderr.print(notice, style="dim", markup=False)
    _next(out)


def _next(out: Path) -> None:
    stdout.print(f"Wrote {out / 'community.toml'}. Now: sunfair run {out / 'community.toml'}", soft_wrap=True)
