"""The central system on this machine: its database, clock, sockets and the recovery of signers in one place."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sunfair.chain import recover
from sunfair.devices import CentralSystem, Listener, Pace
from sunfair.devices.load import raise_file_limit
from sunfair.errors import ServiceMissing
from sunfair.ports import Clock
from sunfair.store import database_url, open_database
from sunfair.store.charging import ChargingRepository

__all__ = ["LiveClock", "open_charging", "serve_charging"]


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
) -> None:
    """Be the central system until SIGINT or SIGTERM. ServiceMissing if another one serves the same database."""
    raise_file_limit()
    with open_charging() as store, store.sole_keeper() as alone:
        if not alone:
            raise ServiceMissing("another central system serves this database; stop it, or set DATABASE_URL to another")
        central = CentralSystem(store, clock or LiveClock(), recover, pace)
        asyncio.run(_until_told(central, listeners, ready))


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
