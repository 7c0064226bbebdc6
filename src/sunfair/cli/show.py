"""What commands print: progress and words on stderr, results on stdout."""

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from types import FrameType

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

__all__ = ["bar", "graceful_stop", "print_json", "stderr", "stdout"]

stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)


class _Rate(ProgressColumn):
    """Slots per second."""

    def render(self, task: Task) -> Text:
        return Text("– slots/s" if task.speed is None else f"{task.speed:.0f} slots/s", style="cyan")


def bar() -> Progress:
    """A progress bar with rate and time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=stderr,
        transient=False,
    )


def print_json(value: Mapping[str, object]) -> None:
    """One JSON object on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False))


@contextmanager
def graceful_stop() -> Iterator[Event]:
    """An event that the first Ctrl-C sets; the second one interrupts at once."""
    asked = Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        stderr.print("[yellow]stopping after this slot; Ctrl-C again stops at once[/]")

    previous = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, previous)
