"""What commands print: progress and words on stderr, results on stdout."""

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from sunfair.errors import InputError

__all__ = ["bar", "folder_for", "graceful_stop", "print_json", "stderr", "stdout", "step_teller"]

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


def step_teller() -> Callable[[str, int, int], None]:
    """A function told (what, steps done, of): it tells the first, the last and every tenth part to a log, and all of
    them to a terminal.
    """

    def tell(what: str, done: int, of: int) -> None:
        if stderr.is_terminal or done in (1, of) or done * 10 // of > (done - 1) * 10 // of:
            stderr.print(f"[dim]{what}, {done} of {of}[/]")

    return tell


def folder_for(out: Path) -> None:
    """Make the folder that `--out` names; InputError if it is none that can be written into."""
    mend = "name a folder"
    if out.is_file():
        raise InputError(f"--out {out} is a file: {mend}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out} cannot be made ({error.strerror}): {mend} that can be written") from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise InputError(f"--out {out} may not be written into: {mend} that may")


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
