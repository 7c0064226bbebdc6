"""A charge point's connection as both versions of the protocol use it: book, clock, and the calls alike in both."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sunfair.app.charge_sessions import restart_point
from sunfair.charging import Recover
from sunfair.devices.desk import Desk
from sunfair.devices.peer import Handler, Payload
from sunfair.ports import Clock
from sunfair.ports.charge_points import ChargingBook, Connector, Note

__all__ = ["HEARTBEAT_S", "Line", "Order", "stamp"]

HEARTBEAT_S = 300
"""How often a charge point says that it is there."""

T = TypeVar("T")
Order = Callable[[Mapping[str, Any]], tuple[str, Payload]]
"""A command's arguments → OCPP action and payload."""

_TEXT_MAX = 300
_OK_STATES = ("NoError", "")


class Line:
    """One charge point on line since an instant."""

    def __init__(self, point: str, protocol: str, desk: Desk, clock: Clock, recover: Recover) -> None:
        self.point, self.protocol, self.since, self.recover = point, protocol, clock.now(), recover
        self._desk, self._clock = desk, clock

    def now(self) -> datetime:
        """The central system's time."""
        return self._clock.now()

    async def do(self, work: Callable[[ChargingBook, datetime], T]) -> T:
        """Work on the book at the time it is now; the charge point was heard of."""
        now = self._clock.now()

        def keep(book: ChargingBook) -> T:
            book.seen(self.point, now)
            return work(book, now)

        return await self._desk.do(keep)

    def connector(self, book: ChargingBook, connector: Connector, now: datetime) -> None:
        """Keep what a connector said; a fault is written down."""
        book.put_connector(connector)
        if connector.error not in _OK_STATES or connector.status == "Faulted":
            what = f"connector {connector.connector}: {connector.status}, {connector.error}"
            book.note(Note(self.point, now, "fault", what))

    async def boot(self, payload: Payload) -> Payload:
        """It started: what ran on it was cut off. Its clock is set by the answer."""

        def keep(book: ChargingBook, now: datetime) -> Payload:
            book.seen(self.point, now, protocol=self.protocol, about=payload)
            point = book.point(self.point)
            if point is not None:
                restart_point(book, now, point)
            return {"status": "Accepted", "currentTime": stamp(now), "interval": HEARTBEAT_S}

        return await self.do(keep)

    async def heartbeat(self, payload: Payload) -> Payload:
        """It is there, and asks what time it is."""
        return await self.do(lambda book, now: {"currentTime": stamp(now)})

    async def data_transfer(self, payload: Payload) -> Payload:
        """A vendor's own message: none is known."""
        return {"status": "UnknownVendorId"}

    async def refuse_certificate(self, payload: Payload) -> Payload:
        """Certificates are made by the operator's own authority, not asked for over the line."""
        return {"status": "Rejected"}

    def noting(self, action: str) -> Handler:
        """A handler that writes down what was told, in short."""

        async def note(payload: Payload) -> Payload:
            text = ", ".join(f"{key} {value}" for key, value in payload.items() if isinstance(value, str | int))

            def keep(book: ChargingBook, now: datetime) -> Payload:
                book.note(Note(self.point, now, action, text[:_TEXT_MAX]))
                return {}

            return await self.do(keep)

        return note

    async def ignore(self, payload: Payload) -> Payload:
        """Reports that nobody asked for are taken and left."""
        return {}


def stamp(at: datetime) -> str:
    """An instant as OCPP writes it, UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
