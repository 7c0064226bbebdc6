"""The central system: charge points connect by WebSocket, what they say is kept, what is due is asked of them."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from sunfair.app.charge_watch import patrol, steer, tidy
from sunfair.charging import Recover
from sunfair.devices.central_1_6 import handlers_1_6
from sunfair.devices.central_2 import handlers_2
from sunfair.devices.credentials import identity_of, is_let_in
from sunfair.devices.desk import Desk
from sunfair.devices.doorway import AT_ONCE, Doorway, open_doorways
from sunfair.devices.line import Line
from sunfair.devices.orders import carry_out
from sunfair.devices.peer import SUBPROTOCOLS, Peer
from sunfair.errors import ServiceMissing
from sunfair.ports import Clock
from sunfair.ports.charge_points import ChargePoint, ChargingBook, ChargingStore

__all__ = ["CentralSystem", "Listener", "Pace"]

_FRAME_MAX = 256 * 1024
_QUEUE = 8
_PRUNED = 500
_LOG = logging.getLogger("sunfair.csms")
_NO_PROTOCOL = 1002
_REPLACED = 4000


@dataclass(frozen=True, slots=True)
class Listener:
    """Where charge points connect; with TLS if there is a context."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are done, s of the machine's time: what is due, commands, limits, pruning, the list of charge
    points; how long an answer may take, and a handshake; how many may be connected, and how many more of whom it is not
    known yet who they are.
    """

    patrol: float = 1.0
    commands: float = 0.25
    steer: float = 60.0
    prune: float = 3_600.0
    directory: float = 2.0
    answer: float = 30.0
    handshake: float = 10.0
    connections: int = 20_000
    strangers: int = 1_000


@dataclass(frozen=True, slots=True)
class _Attended:
    """A charge point on line."""

    peer: Peer
    connection: ServerConnection
    since: datetime


class CentralSystem:
    """Serves charge points until it is stopped. `recover` is the recovery of a signer (`chain.recover`); `keep` is how
    long notes and samples of what is settled stay, None for ever.
    """

    def __init__(
        self,
        store: ChargingStore,
        clock: Clock,
        recover: Recover,
        pace: Pace | None = None,
        keep: timedelta | None = None,
    ) -> None:
        self._desk, self._clock, self._recover = Desk(store), clock, recover
        self._pace, self._keep = pace or Pace(), keep
        self._points: dict[str, ChargePoint] = {}
        self._lines: dict[str, _Attended] = {}
        self._reading: asyncio.Future[None] | None = None
        self._read_again = 0.0
        self._asked: set[asyncio.Task[None]] = set()
        self._doors: list[Doorway] = []

    async def run(self, listeners: Iterable[Listener], ready: Callable[[list[int]], None] | None = None) -> None:
        """Serve until cancelled; `ready` is told the ports. ServiceMissing if one of them is taken."""
        async with AsyncExitStack() as stack:
            # Ended in the reverse order: what asks by itself, then the sockets, and the desk when nobody asks any more.
            desk = asyncio.create_task(self._desk.run())
            stack.push_async_callback(_end, [desk])
            await self._desk.do(lambda book: book.retake())
            await self._read_directory()
            ports = [await self._listen(each, stack) for each in listeners]
            pace = self._pace
            tasks = [
                asyncio.create_task(_every(pace.directory, self._read_directory)),
                asyncio.create_task(_every(pace.patrol, self._patrol)),
                asyncio.create_task(_every(pace.steer, self._steer)),
                asyncio.create_task(_every(pace.commands, self._carry_out)),
                asyncio.create_task(_every(pace.prune, self._prune)),
            ]
            stack.push_async_callback(_end, tasks)
            if ready is not None:
                ready(ports)
            await asyncio.wait([desk, *tasks], return_when=asyncio.FIRST_COMPLETED)

    async def _listen(self, listener: Listener, stack: AsyncExitStack) -> int:
        """Listen at every address of a listener's host; the port."""
        try:
            doors = await open_doorways(listener.host, listener.port, self._pace.strangers)
            for door in doors:
                await stack.enter_async_context(self._serve(listener, door))
        except OSError as error:
            where = f"{listener.host}:{listener.port}"
            raise ServiceMissing(f"nobody can listen at {where}: {error.strerror}; choose another --port") from error
        self._doors += doors
        port: int = doors[0].getsockname()[1]
        return port

    def _serve(self, listener: Listener, door: Doorway) -> Server:
        return serve(
            self._attend,
            sock=door,
            ssl=listener.tls,
            process_request=self._admit,
            select_subprotocol=_choose,
            compression=None,  # a charge point's messages are short, and compression costs 100 KB a connection
            max_size=_FRAME_MAX,
            max_queue=_QUEUE,
            open_timeout=self._pace.handshake,
            ping_interval=120,
            ping_timeout=60,
            server_header=None,
            backlog=AT_ONCE,
        )

    # ── Connections ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Before the handshake: who it is, and whether it may (OCPP-J: 404 for the unknown, 401 without
        credentials).
        """
        if len(self._lines) >= self._pace.connections:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many are connected\n")
        name = identity_of(request.path)
        if name is not None and name not in self._points:
            await self._read_soon()
        point = None if name is None else self._points.get(name)
        if point is None:
            return connection.respond(HTTPStatus.NOT_FOUND, "no charge point of this identity is registered\n")
        tls = connection.transport.get_extra_info("ssl_object")
        if not is_let_in(point, _headers(request), _common_name(tls), tls=tls is not None):
            answer = connection.respond(HTTPStatus.UNAUTHORIZED, "the charge point's credentials are needed\n")
            answer.headers["WWW-Authenticate"] = 'Basic realm="charging"'
            return answer
        return None

    async def _attend(self, connection: ServerConnection) -> None:
        """One charge point, from its handshake to its end."""
        if connection.subprotocol is None:  # 1.6J § 3.2: complete the handshake, then close
            await connection.close(_NO_PROTOCOL, "offer ocpp1.6, ocpp2.0.1 or ocpp2.1")
            return
        request = connection.request
        name = identity_of(request.path) if request is not None else None
        if name is None:
            return
        for door in self._doors:
            door.knows(connection.transport)
        version = SUBPROTOCOLS[connection.subprotocol]
        line = Line(name, version, self._desk, self._clock, self._recover)
        handlers = handlers_1_6(line) if version == "1.6" else handlers_2(line)
        peer = Peer(name, version, _Frames(connection), handlers, timeout_s=self._pace.answer)
        before = self._lines.get(name)
        held = self._lines[name] = _Attended(peer, connection, line.since)
        if before is not None:  # after a drop it comes back before the old connection is known to be dead
            self._detach(before.connection.close(_REPLACED, "the charge point connected anew"))
        try:
            await line.do(lambda book, now: book.seen(name, now, protocol=version))
            await peer.run()
        except ConnectionClosed:
            pass
        finally:
            if self._lines.get(name) is held:
                del self._lines[name]

    # ── What is done by itself ────────────────────────────────────────────────────────────────────────────────────────

    async def _read_directory(self) -> None:
        points = await self._desk.do(lambda book: book.points())
        self._points = {point.id: point for point in points}
        for name, held in list(self._lines.items()):
            if name not in self._points:
                self._detach(held.connection.close(1008, "no longer registered"))

    async def _read_soon(self) -> None:
        """Somebody unknown is here, perhaps registered a moment ago. Strangers cause few readings a second."""
        now = asyncio.get_running_loop().time()
        if self._reading is None or (self._reading.done() and now >= self._read_again):
            self._read_again = now + self._pace.directory / 4
            self._reading = asyncio.ensure_future(self._read_directory())
        await asyncio.shield(self._reading)

    async def _patrol(self) -> None:
        connected = {name: held.since for name, held in self._lines.items()}
        await self._at_now(lambda book, now: patrol(book, now, connected))

    async def _steer(self) -> None:
        connected = set(self._lines)
        await self._at_now(lambda book, now: steer(book, now, connected))
        await self._at_now(lambda book, now: tidy(book, now, self._recover))

    async def _carry_out(self) -> None:
        """Commands of charge points that are here: one task each, so that a silent one keeps nobody waiting."""
        connected = list(self._lines)
        for command in await self._at_now(lambda book, now: book.take(connected, now)):
            held = self._lines.get(command.point)
            self._detach(carry_out(command, None if held is None else held.peer, self._desk, self._clock))

    async def _prune(self) -> None:
        """Forget what is old, some of it at a time: messages come between."""
        keep = self._keep
        if keep is None:
            return
        while any((await self._at_now(lambda book, now: book.prune(now - keep, _PRUNED))).values()):
            pass

    async def _at_now(self, work: Callable[[ChargingBook, datetime], Any]) -> Any:
        now = self._clock.now()
        return await self._desk.do(lambda book: work(book, now))

    def _detach(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)


class _Frames:
    """A WebSocket as a `Socket`."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    async def recv(self) -> str | bytes:
        return await self._connection.recv()

    async def send(self, message: str) -> None:
        await self._connection.send(message)


def _choose(connection: ServerConnection, offered: Any) -> Any:
    """The first of the charge point's own subprotocols that is known: it names them by preference."""
    return next((name for name in offered if name in SUBPROTOCOLS), None)


def _headers(request: Request) -> dict[str, str]:
    """The one header that counts; a request that has it twice has none."""
    found = request.headers.get_all("Authorization")
    return {"Authorization": found[0]} if len(found) == 1 else {}


def _common_name(tls: Any) -> str | None:
    """The name in the client certificate that TLS has verified."""
    certificate = None if tls is None else tls.getpeercert()
    subject = (certificate or {}).get("subject", ())
    names = [value for part in subject for key, value in part if key == "commonName"]
    return names[0] if len(names) == 1 else None


async def _every(seconds: float, work: Callable[[], Any]) -> None:
    """Do it again and again; a failure is logged and does not end it."""
    while True:
        try:
            await work()
        except Exception:
            _LOG.exception("%s failed", getattr(work, "__name__", "work"))
        await asyncio.sleep(seconds)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
