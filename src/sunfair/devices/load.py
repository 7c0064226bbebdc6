"""Many light charge points in one process: what a central system bears, measured from their side."""

import asyncio
import base64
import contextlib
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from sunfair.devices.flood import Flood, flood
from sunfair.devices.line import stamp
from sunfair.errors import Fault, InputError

__all__ = ["Load", "drive", "raise_file_limit"]

_METERS = 3
_BUSY = 8
_SPARE_FILES = 256
_TOGETHER = 32
_DRAIN_S = 10.0
_ENERGY_WH = 30
_FLOODERS, _FLOOD_S = 2, 5


@dataclass(slots=True)
class Load:
    """What came of it: seconds from each message to its answer, what was refused or lost, and how long connecting took.

    `late_s` is how far the sender fell behind its own rate at the end: above a second the machine, not the central
    system, was measured. `flooded` is the same while strangers connected, `floods` what became of those.
    """

    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    connect_s: float = 0.0
    send_s: float = 0.0
    late_s: float = 0.0
    flooded: "Load | None" = None
    floods: list[Flood] = field(default_factory=list)


def raise_file_limit(connections: int | None = None) -> int:
    """Let this process open as many files as the system lets it, and how many that are; InputError if that is too few
    for these connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    if connections is not None and soft != resource.RLIM_INFINITY and soft < connections + _SPARE_FILES:
        what = f"lets a process open {soft} files; {connections} connections need {connections + _SPARE_FILES}"
        raise InputError("there are too few files", [Fault("ulimit -n", what, "raise its hard limit, or take fewer")])
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


async def drive(
    url: str,
    names: Sequence[str],
    password: str,
    *,
    rate: int,
    seconds: int,
    tell: Callable[[str], None],
    strangers: int = 0,
) -> Load:
    """Connect all charge points, then send `rate` messages a second, in turn, for so many seconds; and again for five
    seconds while so many `strangers` a second connect, who may not.

    An eighth plays sessions over and over (1.6: status, authorize, start, registers, stop) and sends two of three
    messages; the others are idle and say that they are there. A charge point waits for its answer before it says
    anything else, and a message for which everybody waits is an error: nothing is hidden by a queue.
    """
    load = Load()
    points = [_Point(name, url, password, load) for name in names]
    begun = time.perf_counter()
    for first in range(0, len(points), _TOGETHER):
        await asyncio.gather(*(point.open() for point in points[first : first + _TOGETHER]))
        if first % (_TOGETHER * 16) == 0:
            tell(f"{min(first + _TOGETHER, len(points)):,} of {len(points):,} are connected")
    load.connect_s = time.perf_counter() - begun
    load.latencies.clear()
    try:
        await _send(points, load, rate, seconds)
        if strangers:
            tell(f"{strangers:,} strangers a second")
            await _under_flood(url, points, load, (rate, strangers))
    finally:
        for point in points:
            point.reader.cancel()
        await asyncio.gather(*(point.reader for point in points), return_exceptions=True)
        await asyncio.gather(*(point.socket.close() for point in points), return_exceptions=True)
    return load


async def _under_flood(url: str, points: list["_Point"], load: Load, rates: tuple[int, int]) -> None:
    """Go on while strangers connect from processes of their own."""
    load.flooded = Load()
    for point in points:
        point.load = load.flooded
    host, _, port = url.rpartition("/")[2].partition(":")
    where, each = (host, int(port), points[0].name), max(rates[1] * _FLOOD_S // _FLOODERS, 1)
    floods = [asyncio.create_task(flood(*where, each, _FLOOD_S)) for _ in range(_FLOODERS)]
    await _send(points, load.flooded, rates[0], _FLOOD_S)
    load.floods = await asyncio.gather(*floods)


async def _send(points: list["_Point"], load: Load, rate: int, seconds: int) -> None:
    busy, idle = _Turn(points[::_BUSY]), _Turn([point for at, point in enumerate(points) if at % _BUSY] or points)
    begun = time.perf_counter()
    skipped = 0
    for number in range(rate * seconds):
        wait = begun + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        load.late_s = max(-wait, 0.0)
        skipped += not (idle.beat() if number % 3 == 2 else busy.play())
        if number % 8 == 0:
            await asyncio.sleep(0)
    load.send_s = time.perf_counter() - begun
    end = time.perf_counter() + _DRAIN_S
    while any(not point.idle for point in points) and time.perf_counter() < end:
        await asyncio.sleep(0.02)
    load.errors += [f"{point.name}: no answer" for point in points if not point.idle]
    load.errors += ["every charge point was waiting"] * skipped


class _Turn:
    """Charge points that take turns; who still waits for an answer is passed over."""

    def __init__(self, points: list["_Point"]) -> None:
        self._points, self._at = points, 0

    def _next(self) -> "_Point | None":
        for _ in self._points:
            point = self._points[self._at]
            self._at = (self._at + 1) % len(self._points)
            if point.idle:
                return point
        return None

    def play(self) -> bool:
        """The next one goes on with its session."""
        point = self._next()
        if point is not None:
            point.say()
        return point is not None

    def beat(self) -> bool:
        """The next one says that it is there."""
        point = self._next()
        if point is not None:
            point.beat()
        return point is not None


class _Point:
    """One charge point: a line and a script."""

    socket: ClientConnection
    reader: "asyncio.Task[None]"

    def __init__(self, name: str, url: str, password: str, load: Load) -> None:
        self.name, self._url, self.load = name, url, load
        pair = base64.b64encode(f"{name}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}"}
        self._sent: float | None = None
        self._step, self._number, self._transaction, self._wh = 0, 0, 0, 0

    @property
    def idle(self) -> bool:
        """Whether it waits for nothing."""
        return self._sent is None

    async def open(self) -> None:
        """Connect and boot."""
        self.socket = await connect(
            f"{self._url}/{self.name}",
            subprotocols=["ocpp1.6"],  # type: ignore[list-item]
            additional_headers=self._headers,
            compression=None,
            ping_interval=None,
            open_timeout=30,
            proxy=None,
        )
        self.reader = asyncio.create_task(self._read())
        self._call("BootNotification", {"chargePointVendor": "Sunfair", "chargePointModel": "Load"})
        while not self.idle and not self.reader.done():
            await asyncio.sleep(0.005)

    def beat(self) -> None:
        """A heartbeat."""
        self._call("Heartbeat", {})

    def say(self) -> None:
        """The next message of the script."""
        at, step, tag = stamp(datetime.now(UTC)), self._step, f"T-{self.name}"[:20]
        self._step = (step + 1) % (_METERS + 4)
        if step == 0:
            status = {"connectorId": 1, "errorCode": "NoError", "status": "Preparing", "timestamp": at}
            self._call("StatusNotification", status)
        elif step == 1:
            self._call("Authorize", {"idTag": tag})
        elif step == 2:
            start = {"connectorId": 1, "idTag": tag, "meterStart": self._wh, "timestamp": at}
            self._call("StartTransaction", start)
        elif step < 3 + _METERS:
            self._wh += _ENERGY_WH
            value = {"timestamp": at, "sampledValue": [{"value": str(self._wh)}]}
            meter = {"connectorId": 1, "transactionId": self._transaction, "meterValue": [value]}
            self._call("MeterValues", meter)
        else:
            stop = {"transactionId": self._transaction, "meterStop": self._wh, "timestamp": at}
            self._call("StopTransaction", stop)

    def _call(self, action: str, payload: dict[str, Any]) -> None:
        self._number += 1
        self._sent = time.perf_counter()
        frame = json.dumps([2, str(self._number), action, payload], separators=(",", ":"))
        self._writing = asyncio.ensure_future(self.socket.send(frame))

    async def _read(self) -> None:
        try:
            async for frame in self.socket:
                kind, _, answer, *rest = json.loads(frame)
                if kind == 2:  # a call of the central system: this light charge point can do nothing
                    await self.socket.send(json.dumps([4, _, "NotSupported", "", {}]))
                    continue
                if self._sent is not None:
                    self.load.latencies.append(time.perf_counter() - self._sent)
                if kind == 4:
                    self.load.errors.append(f"{self.name}: {answer} {rest[:1]}")
                elif "transactionId" in answer:
                    self._transaction = answer["transactionId"]
                self._sent = None
        except (WebSocketException, OSError) as error:
            self.load.errors.append(f"{self.name}: {error}")
