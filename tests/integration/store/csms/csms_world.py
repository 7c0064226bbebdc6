"""A central system on a real PostgreSQL, simulated charge points on real sockets, and a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from sunfair.chain import SeededKeys, recover
from sunfair.devices import CentralSystem, Listener, Pace, Quirk, SimulatedPoint, Spec, make_secret
from sunfair.ports.charge_points import Booked, ChargePoint, Note, Session, SessionState, Tag
from sunfair.store.charging import ChargingRepository

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
PASSWORD = "correct-horse-battery-1"
KEYS = SeededKeys(8)
FAST = Pace(patrol=0.06, commands=0.06, steer=0.2, directory=2, answer=60)


class MovedClock:
    """The time the test says it is."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def pass_(self, **time: float) -> None:
        self.at += timedelta(**time)


class World:
    """What a test needs of a charging network."""

    def __init__(self, engine: Engine, clock: MovedClock) -> None:
        self.store, self.clock, self.url = ChargingRepository(engine), clock, ""
        self.ports: list[int] = []
        self._open: list[SimulatedPoint] = []

    def put(self, *what: ChargePoint | Tag | Booked) -> None:
        with self.store.open_book() as book:
            for each in what:
                if isinstance(each, ChargePoint):
                    book.put_point(each)
                elif isinstance(each, Tag):
                    book.put_tag(each)
                else:
                    book.put_booking(each)

    async def point(
        self, name: str, version: str = "1.6", *quirks: Quirk, signs: bool = False, **about: Any
    ) -> SimulatedPoint:
        """A registered charge point, on line."""
        key = KEYS.address(name) if signs else b""
        kept = ChargePoint(name, 11_000, secret=make_secret(PASSWORD), meter_key=key)
        self.put(replace(kept, **about))
        sign = (lambda digest: KEYS.sign(name, digest)) if signs else None
        connectors = about.get("connectors", 1)
        spec = Spec(name, self.url, version, PASSWORD, connectors=connectors, sign=sign, quirks=frozenset(quirks))
        made = SimulatedPoint(spec, self.clock)
        self._open.append(made)
        await made.go_online()
        return made

    def session(self, point: str) -> Session:
        """The only session of a charge point."""
        with self.store.open_book() as book:
            (found,) = book.sessions(list(SessionState), point)
        return found

    def sessions(self, point: str) -> list[Session]:
        with self.store.open_book() as book:
            return book.sessions(list(SessionState), point)

    def notes(self, kind: str) -> list[Note]:
        with self.store.open_book() as book:
            return [note for note in book.notes() if note.kind == kind]

    def book(self, number: int, point: str, tag: str, begin: float, hours: float = 2, **about: Any) -> Booked:
        """A booking that begins so many minutes from now."""
        at = self.clock.at + timedelta(minutes=begin)
        made = Booked(number, point, about.pop("connector", 1), tag, at, at + timedelta(hours=hours), **about)
        self.put(made)
        return made

    async def until(self, holds: Callable[[], Any], what: str) -> None:
        """Wait for something that the central system does by itself."""
        end = asyncio.get_running_loop().time() + 120
        while asyncio.get_running_loop().time() < end:
            if await asyncio.to_thread(holds):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"never: {what}")

    async def close(self) -> None:
        for point in self._open:
            await point.close()


@asynccontextmanager
async def running(
    engine: Engine, *more: Listener, pace: Pace = FAST, keep: timedelta | None = None
) -> AsyncIterator[World]:
    """A central system that serves."""
    clock = MovedClock()
    world = World(engine, clock)
    ready: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
    central = CentralSystem(world.store, clock, recover, pace, keep)
    task = asyncio.create_task(central.run([Listener("127.0.0.1", 0), *more], ready.set_result))
    try:
        await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        world.ports = ready.result()
        world.url = f"ws://127.0.0.1:{world.ports[0]}"
        yield world
    finally:
        await world.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
