"""What commands that sign and send have in common: the clock, the node, the keystore's password."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import typer

from sunfair.errors import Fault, InputError, LedgerError

__all__ = ["NoKeys", "WallClock", "asked_password", "ended_by_signals", "look_on", "node_url"]


class WallClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The present instant, UTC."""
        return datetime.now(UTC)


class NoKeys:
    """Keys of somebody who only looks."""

    def address(self, holder: str) -> bytes:
        """Nobody's."""
        raise LedgerError(f"'{holder}' has no key here: nothing is signed by looking")

    def sign(self, holder: str, digest: bytes) -> bytes:
        """Never."""
        raise LedgerError(f"'{holder}' has no key here: nothing is signed by looking")


def node_url(url: str | None) -> str:
    """The node's address, or InputError if none is named."""
    if not url:
        fault = Fault("ETH_RPC_URL", "is not set", "name a node, e.g. http://127.0.0.1:8545")
        raise InputError("no network is named", [fault])
    return url


def asked_password() -> str | None:
    """The keystore's password, asked for at a terminal if no file is named."""
    if os.environ.get("ETH_PASSWORD") or not os.isatty(0):
        return None
    answer: str = typer.prompt("Password of the keystore", hide_input=True, err=True)
    return answer


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def look_on(look: Callable[[], None], every: float) -> None:
    """Look every so many seconds until interrupted; a node that fails is told of once and asked again."""
    failed = ""
    try:
        while True:
            try:
                look()
                if failed:
                    typer.echo("the node answers again; going on where it stopped", err=True)
                failed = ""
            except LedgerError as error:
                if str(error) != failed:
                    typer.echo(f"{error} (asked again every {every:g} s)", err=True)
                failed = str(error)
            time.sleep(every)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
