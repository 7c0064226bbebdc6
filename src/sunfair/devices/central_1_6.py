"""The central system's side of OCPP 1.6J: what charge points tell, and what is asked of them."""

from collections.abc import Mapping
from datetime import datetime

from sunfair.app.charge_access import may_charge, running_sessions
from sunfair.app.charge_sessions import Begin, End, Progress, begin_session, end_session, meter_session, unplugged
from sunfair.charging import Verdict
from sunfair.devices.line import Line, Order, stamp
from sunfair.devices.peer import Handler, Payload
from sunfair.devices.profiles import profile_1_6
from sunfair.devices.readings import instant_of, read_1_6, wh_of
from sunfair.ports.charge_points import ChargingBook, Connector

__all__ = ["handlers_1_6", "orders_1_6"]

_GONE = ("Available", "Unavailable")
_FREE_OF_MEANING = (
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "SecurityEventNotification",
    "SignedFirmwareStatusNotification",
)


def handlers_1_6(line: Line) -> Mapping[str, Handler]:
    """What answers each call of a 1.6 charge point."""
    desk = _Desk16(line)
    told = {action: line.noting(action) for action in _FREE_OF_MEANING}
    return {
        **told,
        "Authorize": desk.authorize,
        "BootNotification": line.boot,
        "DataTransfer": line.data_transfer,
        "Heartbeat": line.heartbeat,
        "MeterValues": desk.meter,
        "SignCertificate": line.refuse_certificate,
        "StartTransaction": desk.start,
        "StatusNotification": desk.status,
        "StopTransaction": desk.stop,
    }


class _Desk16:
    """Handlers of one connection."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def authorize(self, payload: Payload) -> Payload:
        """May this tag charge here?"""
        return await self._line.do(lambda book, now: {"idTagInfo": self._verdict(book, payload["idTag"], now, None)})

    async def status(self, payload: Payload) -> Payload:
        """A connector's state; a free one has no car on it."""
        said = instant_of(payload.get("timestamp", ""))

        def keep(book: ChargingBook, now: datetime) -> Payload:
            number, status = payload["connectorId"], payload["status"]
            since = min(said or now, now)
            self._line.connector(book, Connector(self._line.point, number, status, payload["errorCode"], since), now)
            if number and status in _GONE:
                unplugged(book, now, self._line.point, number)
            return {}

        return await self._line.do(keep)

    async def start(self, payload: Payload) -> Payload:
        """A transaction began; it gets its number, also if it should not have begun."""

        def keep(book: ChargingBook, now: datetime) -> Payload:
            at = instant_of(payload["timestamp"]) or now
            begin = Begin(
                self._line.point,
                payload["connectorId"],
                payload["idTag"],
                at,
                self._line.since,
                wh_of(payload["meterStart"]),
            )
            number, admission = begin_session(book, now, begin)
            return {"transactionId": int(number), "idTagInfo": _info(admission.verdict, admission.group)}

        return await self._line.do(keep)

    async def meter(self, payload: Payload) -> Payload:
        """Registers of a transaction; those of none are read and left."""
        reading = read_1_6(payload["meterValue"])

        def keep(book: ChargingBook, now: datetime) -> Payload:
            transaction = payload.get("transactionId")
            if transaction is not None:
                name = str(transaction)
                meter_session(book, now, Progress(self._line.point, name, reading.registers, reading.signed[0]))
            return {}

        return await self._line.do(keep)

    async def stop(self, payload: Payload) -> Payload:
        """A transaction ended: always accepted, settled once (1.6 § 5.10: it cannot be prevented)."""
        reading = read_1_6(payload.get("transactionData", ()))

        def keep(book: ChargingBook, now: datetime) -> Payload:
            end = End(
                self._line.point,
                str(payload["transactionId"]),
                instant_of(payload["timestamp"]) or now,
                self._line.since,
                wh_of(payload["meterStop"]),
                payload.get("reason", "Local"),
                reading.signed,
            )
            end_session(book, now, end, self._line.recover)
            tag = payload.get("idTag")
            return {} if tag is None else {"idTagInfo": _info(Verdict.ACCEPTED, "")}

        return await self._line.do(keep)

    def _verdict(self, book: ChargingBook, tag: str, now: datetime, connector: int | None) -> Payload:
        running = running_sessions(book, self._line.point)
        # The tag of a running session ends it: to refuse that would keep the driver plugged in.
        if any(session.tag.lower() == tag.lower() for session in running):
            return _info(Verdict.ACCEPTED, "")
        admission = may_charge(book, self._line.point, tag, now, connector=connector, running=running)
        return _info(admission.verdict, admission.group)


def _info(verdict: Verdict, group: str) -> Payload:
    return {"status": str(verdict), **({"parentIdTag": group} if group else {})}


def orders_1_6() -> Mapping[str, Order]:
    """What a command becomes: from its arguments to action and payload."""
    return {
        "start": lambda a: ("RemoteStartTransaction", {"idTag": a["tag"], "connectorId": a["connector"]}),
        "stop": lambda a: ("RemoteStopTransaction", {"transactionId": int(a["transaction"])}),
        "reset": lambda a: ("Reset", {"type": "Hard" if a.get("hard") else "Soft"}),
        "unlock": lambda a: ("UnlockConnector", {"connectorId": a["connector"]}),
        "diagnostics": lambda a: ("GetDiagnostics", {"location": a["location"]}),
        "availability": lambda a: (
            "ChangeAvailability",
            {"connectorId": a["connector"], "type": "Operative" if a["operative"] else "Inoperative"},
        ),
        "reserve": lambda a: (
            "ReserveNow",
            {
                "connectorId": a["connector"],
                "expiryDate": stamp(datetime.fromisoformat(a["expiry"])),
                "idTag": a["tag"],
                "reservationId": a["reservation"],
            },
        ),
        "unreserve": lambda a: ("CancelReservation", {"reservationId": a["reservation"]}),
        "limit": lambda a: ("SetChargingProfile", profile_1_6(a)),
    }
