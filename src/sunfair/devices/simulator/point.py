"""A simulated charge point: OCPP over a real socket, a meter that signs, and the faults met on real ones."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from sunfair.devices.peer import SUBPROTOCOLS, CallRefused, Payload, Peer
from sunfair.devices.simulator.dialects import DIALECTS, Charge
from sunfair.devices.simulator.meter import Mark, Meter, Sign
from sunfair.ports import Clock

__all__ = ["NO_LINE", "Quirk", "SimulatedPoint", "Spec"]

NO_LINE = OSError, InvalidHandshake, InvalidURI
"""What `SimulatedPoint.go_online` raises where there is no central system, or one that does not take it."""


class Quirk(StrEnum):
    """What a real charge point was seen to do."""

    IGNORES_RESERVATIONS = "starts an intruder's RemoteStart on another's reservation"
    KEEPS_CHARGING = "goes on when its transaction is refused"
    ZERO_REGISTER = "its register restarts at zero in each session"
    WH_AS_KWH = "labels Wh as kWh"
    DOUBLE_STOP = "tells the end of a transaction twice"
    END_SIGNED_ONLY = "signs the reading at the end only"
    CLOCK_AHEAD = "its clock is an hour ahead"
    DEAF_TO_LIMITS = "rejects charging profiles in W"


@dataclass(frozen=True, slots=True)
class Spec:
    """A charge point as it is built: `url` is the central system's, without the identity; `sign` its meter's key."""

    id: str
    url: str
    version: str = "1.6"
    password: str = ""
    tls: ssl.SSLContext | None = None
    rated_w: int = 11_000
    connectors: int = 1
    sign: Sign | None = None
    quirks: frozenset[Quirk] = frozenset()


@dataclass(slots=True)
class _Place:
    """A connector: what is plugged in, what it draws at most, and what limits it."""

    plugged: bool = False
    reserved_for: str = ""
    reservation: int | None = None
    charge: Charge | None = None
    limits: list[tuple[datetime, int]] = field(default_factory=list)


class SimulatedPoint:
    """Runs on an event loop; what drivers do to it are its methods. Messages of transactions wait while it is off
    line.
    """

    def __init__(self, spec: Spec, clock: Clock) -> None:
        self.spec, self._clock = spec, clock
        self.meter = Meter(f"M-{spec.id}", spec.sign)
        self.places = {number: _Place() for number in range(1, spec.connectors + 1)}
        self.heard: list[tuple[str, Payload]] = []
        """Every call of the central system, with its payload."""
        self._dialect = DIALECTS[spec.version]
        self._socket: ClientConnection | None = None
        self._peer: Peer | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waiting: list[Callable[[], tuple[str, Payload]]] = []
        self._answers: list[Callable[[Payload], None]] = []

    # ── The line ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def go_online(self, *, boot: bool = True) -> None:
        """Connect, say who it is, tell what it could not tell meanwhile."""
        name = next(name for name, version in SUBPROTOCOLS.items() if version == self.spec.version)
        headers = {}
        if self.spec.password:
            pair = base64.b64encode(f"{self.spec.id}:{self.spec.password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        self._socket = await connect(
            f"{self.spec.url}/{self.spec.id}",
            subprotocols=[name],  # type: ignore[list-item]
            additional_headers=headers,
            ssl=self.spec.tls,
            compression=None,
            proxy=None,
            open_timeout=60,  # many of them share a machine
        )
        handlers = {action: self._hearing(action) for action in self._dialect.heard}
        self._peer = Peer(self.spec.id, self.spec.version, _Frames(self._socket), handlers)
        self._later(_until_closed(self._peer))
        if boot:
            await self._call(*self._dialect.boot())
            for number in self.places:
                await self._status(number)
        await self._flush()

    async def go_offline(self) -> None:
        """The line drops; what runs goes on."""
        socket, self._socket, self._peer = self._socket, None, None
        if socket is not None:
            await socket.close()

    async def cut_power(self) -> None:
        """Everything stops at once; a transaction's end is told when power is back."""
        now = self.now()
        for number, place in self.places.items():
            if place.charge is not None:
                self._end(number, place.charge, "PowerLoss", "P", now)
        await self.go_offline()

    async def close(self) -> None:
        """Leave, and end its tasks."""
        await self.go_offline()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def restart(self) -> None:
        """It is reset: what runs ends, and it comes back."""
        for number in self.places:
            await self.stop(number, "Reboot" if self.spec.version == "1.6" else "ImmediateReset")
        await self.go_offline()
        await self.go_online()

    @property
    def ignores_reservations(self) -> bool:
        """Whether another's reservation bars nobody."""
        return Quirk.IGNORES_RESERVATIONS in self.spec.quirks

    @property
    def deaf_to_watts(self) -> bool:
        """Whether it takes profiles in amperes only."""
        return Quirk.DEAF_TO_LIMITS in self.spec.quirks

    @property
    def online(self) -> bool:
        """Whether its line is up."""
        return self._socket is not None

    def now(self) -> datetime:
        """Its own clock."""
        ahead = timedelta(hours=1) if Quirk.CLOCK_AHEAD in self.spec.quirks else timedelta()
        return self._clock.now() + ahead

    # ── What drivers do ───────────────────────────────────────────────────────────────────────────────────────────────

    async def plug_in(self, connector: int = 1) -> None:
        """A car is plugged in."""
        self.places[connector].plugged = True
        await self._status(connector)

    async def unplug(self, connector: int = 1) -> None:
        """A car is unplugged; if it charges, that ends first."""
        if self.places[connector].charge is not None:
            await self.stop(connector, "EVDisconnected")
        self.places[connector].plugged = False
        await self._status(connector)

    async def authorize(self, tag: str) -> str:
        """The central system's verdict on a tag."""
        answer = await self._call(*self._dialect.authorize(tag))
        return self._dialect.verdict(answer)

    async def start(self, tag: str, connector: int = 1, *, remote: int | None = None) -> str:
        """Begin a transaction; returns the verdict, empty while it is off line. A refused one ends at once."""
        place, now = self.places[connector], self.now()
        if Quirk.ZERO_REGISTER in self.spec.quirks:
            self.meter.register_ws = 0
        begin = Mark(now, self.meter.read(now), "B")
        signed = "" if Quirk.END_SIGNED_ONLY in self.spec.quirks else self.meter.record(self.spec.id, tag, [begin])
        charge = Charge(connector, tag, begin, signed, self._kilo, reservation=place.reservation, remote=remote)
        place.charge, place.plugged = charge, True
        self._power(now)
        verdicts: list[str] = []

        def told(answer: Payload) -> None:
            self._dialect.started(charge, answer)
            verdicts.append(self._dialect.verdict(answer))

        await self._tell(lambda: self._dialect.start(charge), told)
        await self._status(connector)
        if verdicts and verdicts[0] != "Accepted" and Quirk.KEEPS_CHARGING not in self.spec.quirks:
            await self.stop(connector, "DeAuthorized")
        return verdicts[0] if verdicts else ""

    async def stop(self, connector: int = 1, reason: str = "Local") -> None:
        """End the transaction of a connector."""
        place = self.places[connector]
        if place.charge is not None:
            self._end(connector, place.charge, reason, "R" if reason == "Remote" else "E", self.now())
            await self._flush()
            await self._status(connector)

    async def report(self) -> None:
        """Tell the registers of everything that charges."""
        now = self.now()
        self._power(now)
        for place in self.places.values():
            if place.charge is not None:
                await self._tell(partial(self._dialect.meter, place.charge, now, self.meter.read(now)), None)

    # ── Within ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _kilo(self) -> bool:
        return Quirk.WH_AS_KWH in self.spec.quirks

    def _power(self, now: datetime) -> None:
        """What flows follows from who charges and what limits it; the meter is common to all connectors."""
        total = 0
        for place in self.places.values():
            if place.charge is not None:
                limit = [watts for begin, watts in place.limits if begin <= now]
                total += min([self.spec.rated_w, *limit[-1:]])
        self.meter.set_power(total, now)

    def _end(self, connector: int, charge: Charge, reason: str, why: str, now: datetime) -> None:
        """The transaction is over here; its end waits to be told."""
        place = self.places[connector]
        end = Mark(now, self.meter.read(now), why)
        place.charge, place.limits, place.reservation, place.reserved_for = None, [], None, ""
        self._power(now)
        marks = [end] if Quirk.END_SIGNED_ONLY in self.spec.quirks else [charge.begin, end]
        signed = self.meter.record(self.spec.id, charge.tag, marks)
        for _ in range(2 if Quirk.DOUBLE_STOP in self.spec.quirks else 1):
            self._put(lambda: self._dialect.stop(charge, end, signed, reason), None)

    async def _status(self, connector: int) -> None:
        if self.online:
            place = self.places[connector]
            status = "Charging" if place.charge else "Preparing" if place.plugged else "Available"
            if not place.plugged and place.reserved_for:
                status = "Reserved"
            await self._call(*self._dialect.status(connector, status, self.now()))

    async def _call(self, action: str, payload: Payload) -> Payload:
        if self._peer is None:
            raise CallRefused(action, "Offline", self.spec.id)
        return await self._peer.call(action, payload)

    async def _tell(self, make: Callable[[], tuple[str, Payload]], told: Callable[[Payload], None] | None) -> None:
        """Tell something of a transaction, now or once the line is up, in order."""
        self._put(make, told)
        await self._flush()

    def _put(self, make: Callable[[], tuple[str, Payload]], told: Callable[[Payload], None] | None) -> None:
        self._waiting.append(make)
        self._answers.append(told or (lambda _: None))

    async def _flush(self) -> None:
        while self._waiting and self._peer is not None:
            if not await self._send_first():
                return

    async def _send_first(self) -> bool:
        """Send what waits longest; it stays if the line drops meanwhile."""
        make, told = self._waiting[0], self._answers[0]
        try:
            answer = await self._call(*make())
        except (ConnectionClosed, CallRefused) as error:
            if isinstance(error, ConnectionClosed) or error.code in ("Offline", "Closed", "Timeout"):
                self._peer = None
                return False
            answer = {}
        if self._waiting and self._waiting[0] is make:
            self._waiting.pop(0)
            self._answers.pop(0)
            told(answer)
        return True

    def _hearing(self, action: str) -> Callable[[Payload], Awaitable[Payload]]:
        async def hear(payload: Payload) -> Payload:
            self.heard.append((action, payload))
            answer, then = self._dialect.hear(self, action, payload)
            if then is not None:
                self._later(then)
            return answer

        return hear

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Frames:
    """A client's WebSocket as a `Socket`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def recv(self) -> str | bytes:
        return await self._connection.recv()

    async def send(self, message: str) -> None:
        await self._connection.send(message)


async def _until_closed(peer: Peer) -> None:
    with contextlib.suppress(ConnectionClosed):
        await peer.run()
