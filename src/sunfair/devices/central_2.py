"""The central system's side of OCPP 2.0.1 and 2.1: transactions are events, and the charge point names them."""

from collections.abc import Mapping
from datetime import datetime

from sunfair.app.charge_access import Admission, may_charge, running_sessions
from sunfair.app.charge_sessions import Begin, End, Progress, begin_session, end_session, meter_session, unplugged
from sunfair.charging import Verdict
from sunfair.devices.line import Line, Order, stamp
from sunfair.devices.peer import Handler, Payload
from sunfair.devices.profiles import profile_2
from sunfair.devices.readings import MeterReading, instant_of, read_2
from sunfair.ports.charge_points import ChargingBook, Connector, SessionState

__all__ = ["handlers_2", "orders_2"]

_NOTED = ("FirmwareStatusNotification", "LogStatusNotification", "ReservationStatusUpdate", "SecurityEventNotification")
_LEFT = (
    "ClearedChargingLimit",
    "MeterValues",
    "NotifyChargingLimit",
    "NotifyCustomerInformation",
    "NotifyDisplayMessages",
    "NotifyEvent",
    "NotifyMonitoringReport",
    "NotifyReport",
    "PublishFirmwareStatusNotification",
    "ReportChargingProfiles",
)
_GONE = ("Available", "Unavailable")


def handlers_2(line: Line) -> Mapping[str, Handler]:
    """What answers each call of a 2.0.1 or 2.1 charge point."""
    desk = _Desk2(line)
    return {
        **{action: line.noting(action) for action in _NOTED},
        **dict.fromkeys(_LEFT, line.ignore),
        "Authorize": desk.authorize,
        "BootNotification": line.boot,
        "DataTransfer": line.data_transfer,
        "Heartbeat": line.heartbeat,
        "SignCertificate": line.refuse_certificate,
        "StatusNotification": desk.status,
        "TransactionEvent": desk.transaction,
    }


class _Desk2:
    """Handlers of one connection."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def authorize(self, payload: Payload) -> Payload:
        """May this token charge here?"""

        def decide(book: ChargingBook, now: datetime) -> Payload:
            return {"idTokenInfo": _info(self._verdict(book, payload["idToken"]["idToken"], now))}

        return await self._line.do(decide)

    async def status(self, payload: Payload) -> Payload:
        """A connector's state; the EVSE is what is booked."""

        def keep(book: ChargingBook, now: datetime) -> Payload:
            evse, status = payload["evseId"], payload["connectorStatus"]
            since = min(instant_of(payload["timestamp"]) or now, now)
            self._line.connector(book, Connector(self._line.point, evse, status, "", since), now)
            if evse and status in _GONE:
                unplugged(book, now, self._line.point, evse)
            return {}

        return await self._line.do(keep)

    async def transaction(self, payload: Payload) -> Payload:
        """A transaction began, went on or ended. Events may come late, twice and out of order."""
        reading = read_2(payload.get("meterValue", ()))
        kind = payload["eventType"]

        def keep(book: ChargingBook, now: datetime) -> Payload:
            name = payload["transactionInfo"]["transactionId"]
            at = instant_of(payload["timestamp"]) or now
            answer: Payload = {}
            known = book.session(self._line.point, name)
            named = known is not None and known.state is SessionState.WAITING and "idToken" in payload
            if (known is None and (kind == "Started" or "evse" in payload)) or (named and kind != "Ended"):
                answer = self._begin(book, now, payload, at, reading)
            elif "idToken" in payload:
                refused = known is not None and known.state is SessionState.REFUSED and kind != "Ended"
                answer = {"idTokenInfo": _info(Admission(Verdict.BLOCKED if refused else Verdict.ACCEPTED))}
            if kind == "Ended":
                self._end(book, now, payload, at, reading)
            else:
                meter_session(book, now, Progress(self._line.point, name, reading.registers, reading.signed[0]))
            return answer

        return await self._line.do(keep)

    def _begin(
        self, book: ChargingBook, now: datetime, payload: Payload, at: datetime, reading: MeterReading
    ) -> Payload:
        first = reading.registers[0][1] if reading.registers else None
        begin = Begin(
            self._line.point,
            payload.get("evse", {}).get("id", 1),
            payload.get("idToken", {}).get("idToken", ""),
            at,
            self._line.since,
            first if reading.begin_wh is None else reading.begin_wh,
            payload["transactionInfo"]["transactionId"],
            reading.signed[0],
        )
        _, admission = begin_session(book, now, begin)
        return {"idTokenInfo": _info(admission)} if "idToken" in payload else {}

    def _end(self, book: ChargingBook, now: datetime, payload: Payload, at: datetime, reading: MeterReading) -> None:
        about = payload["transactionInfo"]
        last = reading.registers[-1][1] if reading.registers else None
        end = End(
            self._line.point,
            about["transactionId"],
            at,
            self._line.since,
            last if reading.end_wh is None else reading.end_wh,
            about.get("stoppedReason", "Local"),
            reading.signed,
        )
        end_session(book, now, end, self._line.recover)

    def _verdict(self, book: ChargingBook, tag: str, now: datetime) -> Admission:
        running = running_sessions(book, self._line.point)
        # The token of a running session ends it: to refuse that would keep the driver plugged in.
        if any(session.tag.lower() == tag.lower() for session in running):
            return Admission(Verdict.ACCEPTED)
        return may_charge(book, self._line.point, tag, now, connector=None, running=running)


def _info(admission: Admission) -> Payload:
    group = {"groupIdToken": {"idToken": admission.group, "type": "Central"}} if admission.group else {}
    return {"status": str(admission.verdict), **group}


def _token(tag: str) -> Payload:
    return {"idToken": tag, "type": "Central"}


def orders_2() -> Mapping[str, Order]:
    """What a command becomes: from its arguments to action and payload."""
    return {
        "start": lambda a: (
            "RequestStartTransaction",
            {"idToken": _token(a["tag"]), "remoteStartId": a["number"], "evseId": a["connector"]},
        ),
        "stop": lambda a: ("RequestStopTransaction", {"transactionId": a["transaction"]}),
        "reset": lambda a: ("Reset", {"type": "Immediate" if a.get("hard") else "OnIdle"}),
        "unlock": lambda a: ("UnlockConnector", {"evseId": a["connector"], "connectorId": 1}),
        "diagnostics": lambda a: (
            "GetLog",
            {
                "logType": "DiagnosticsLog",
                "requestId": a["number"],
                "log": {"remoteLocation": a["location"]},
            },
        ),
        "availability": lambda a: ("ChangeAvailability", _availability(a["connector"], a["operative"])),
        "reserve": lambda a: (
            "ReserveNow",
            {
                "id": a["reservation"],
                "expiryDateTime": stamp(datetime.fromisoformat(a["expiry"])),
                "idToken": _token(a["tag"]),
                **({"evseId": a["connector"]} if a["connector"] else {}),
            },
        ),
        "unreserve": lambda a: ("CancelReservation", {"reservationId": a["reservation"]}),
        "limit": lambda a: ("SetChargingProfile", profile_2(a)),
    }


def _availability(evse: int, operative: bool) -> Payload:
    status = "Operative" if operative else "Inoperative"
    return {"operationalStatus": status, **({"evse": {"id": evse}} if evse else {})}
