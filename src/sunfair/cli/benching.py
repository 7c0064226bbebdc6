"""`bench`."""

import json

import typer

from sunfair.bench import bench_clearing
from sunfair.cli.show import print_json, stderr
from sunfair.errors import InputError

__all__ = ["run_bench"]

_BENCHES = {"clearing": bench_clearing}


def run_bench(name: str, *, as_json: bool) -> None:
    """Measure one thing and print the figures."""
    if name not in _BENCHES:
        raise InputError(f"there is no benchmark {name!r}; choose one of: {', '.join(_BENCHES)}")
    figures = _BENCHES[name](lambda text: stderr.print(f"[dim]{text}[/]"))
    if as_json:
        print_json(figures)
    else:
        typer.echo(json.dumps(figures, indent=2, ensure_ascii=False))
