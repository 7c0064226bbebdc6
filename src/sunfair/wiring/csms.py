"""The central system on this machine: its database, clock, sockets and the recovery of signers in one place."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sunfair.chain import recover
from sunfair.devices import CentralSystem, Listener, Pace
from sunfair.devices.load import raise_file_limit
from sunfair.errors import Fault, InputError, ServiceMissing
from sunfair.ports import Clock
from sunfair.store import database_url, open_database
from sunfair.store.charging import ChargingRepository

__all__ = ["LiveClock", "open_charging", "places", "serve_charging"]

_OWN_FILES = 64
_FILES_MIN = 256
_TURN_S = 0.001
_LOG = logging.getLogger("sunfair.csms")


class LiveClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The present instant, UTC."""
        return datetime.now(UTC)


@contextmanager
def open_charging() -> Iterator[ChargingRepository]:
    """The charging network's records in `DATABASE_URL`, or on the embedded server."""
    engine = open_database(database_url())
    try:
        yield ChargingRepository(engine)
    finally:
        engine.dispose()


def serve_charging(
    listeners: Sequence[Listener],
    ready: Callable[[list[int]], None],
    *,
    clock: Clock | None = None,
    pace: Pace | None = None,
    keep: timedelta | None = None,
) -> None:
    """Be the central system until SIGINT or SIGTERM. ServiceMissing if another one serves the same database, InputError
    if the system lets this process open too few files to serve anybody. keep : how long notes and samples stay.
    """
    pace = places(raise_file_limit(), len(listeners), pace or Pace())
    # The book is kept in a thread of its own, which would else wait its 5 ms for the interpreter at every step of a
    # transaction while strangers keep the sockets' thread busy.
    sys.setswitchinterval(_TURN_S)
    with open_charging() as store, store.sole_keeper() as alone:
        if not alone:
            raise ServiceMissing("another central system serves this database; stop it, or set DATABASE_URL to another")
        with store.open_book() as book:
            registered = len(book.points())
        if registered > pace.connections:
            text = "%d charge points are registered, and `ulimit -n` leaves room for %d at once: raise its hard limit"
            _LOG.warning(text, registered, pace.connections)
        central = CentralSystem(store, clock or LiveClock(), recover, pace, keep)
        asyncio.run(_until_told(central, listeners, ready))


def places(files: int, listeners: int, pace: Pace) -> Pace:
    """A pace with as many connections as fit into so many open files: what is above is refused with HTTP 503, as the
    database, too, needs files. InputError if there are too few for anything.
    """
    if files < _FILES_MIN:
        what = f"lets a process open {files} files; a central system needs {_FILES_MIN} at least"
        raise InputError("there are too few files", [Fault("ulimit -n", what, "raise its hard limit")])
    strangers = min(pace.strangers, files // 4 // max(listeners, 1))
    left = files - _OWN_FILES - strangers * listeners
    return replace(pace, strangers=strangers, connections=min(pace.connections, left))


async def _until_told(
    central: CentralSystem, listeners: Sequence[Listener], ready: Callable[[list[int]], None]
) -> None:
    """Run until a signal; one that ends by itself ends with its error."""
    work = asyncio.create_task(central.run(listeners, ready))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        return
