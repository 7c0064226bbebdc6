"""`import csv`, `import grid` and `import simbench`."""

from pathlib import Path

from sunfair.cli.show import stderr, stdout
from sunfair.files import import_csv, import_grid, import_simbench

__all__ = ["from_csv", "from_grid", "from_simbench"]


def from_csv(folder: Path, *, out: Path, unit: str, slot_minutes: int | None, timezone: str) -> None:
    """A community from a folder of CSV files."""
    scenario = import_csv(folder, unit=unit, slot_minutes=slot_minutes, timezone=timezone, out=out)
    for notice in scenario.notices:
        stderr.print(notice, style="dim", markup=False)
    _next(out)


def from_grid(source: Path, *, out: Path) -> None:
    """A network's file from another program's."""
    made = import_grid(source, out)
    for notice in made.notices:
        stderr.print(notice, style="dim", markup=False)
    data = made.root["data"]
    buses, lines, transformers = (len(data[name]) for name in ("node", "line", "transformer"))
    counts = f"{buses} buses, {lines} lines, {transformers} transformers"
    stdout.print(f"Wrote {out}: {counts}. Now: [grid] file in a community.toml beside it", soft_wrap=True, markup=False)


def from_simbench(code: str, *, out: Path, seed: int) -> None:
    """A community from a SimBench grid."""
    made = import_simbench(code, out=out, seed=seed)
    for notice in made.notices:
        stderr.print(notice, style="dim", markup=False)
    _next(out)


def _next(out: Path) -> None:
    stdout.print(f"Wrote {out / 'community.toml'}. Now: sunfair run {out / 'community.toml'}", soft_wrap=True)
