"""What a simulated charge point says and hears in OCPP 1.6 and 2.0.1."""

import base64
import uuid
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sunfair.devices.line import stamp
from sunfair.devices.peer import Payload
from sunfair.devices.readings import instant_of
from sunfair.devices.simulator.meter import Mark

__all__ = ["DIALECTS", "Charge", "Dialect"]

Then = Coroutine[Any, Any, Any] | None
_ABOUT = {"vendor": "Sunfair", "model": "Simulated charge point"}


@dataclass(slots=True)
class Charge:
    """A transaction at a connector: `begin` its first reading, `signed` the record of it, `kilo` if Wh are told as
    kWh.
    """

    connector: int
    tag: str
    begin: Mark
    signed: str
    kilo: bool = False
    reservation: int | None = None
    remote: int | None = None
    transaction: str = field(default_factory=lambda: str(uuid.uuid4()))
    told: int = 0


class Dialect(Protocol):
    """One version of the protocol, from the charge point's side."""

    heard: tuple[str, ...]

    def boot(self) -> tuple[str, Payload]:
        """It started."""
        ...

    def status(self, connector: int, status: str, at: datetime) -> tuple[str, Payload]:
        """A connector's state."""
        ...

    def authorize(self, tag: str) -> tuple[str, Payload]:
        """May this tag charge?"""
        ...

    def start(self, charge: Charge) -> tuple[str, Payload]:
        """A transaction began."""
        ...

    def started(self, charge: Charge, answer: Payload) -> None:
        """What was answered to that."""
        ...

    def meter(self, charge: Charge, at: datetime, wh: int) -> tuple[str, Payload]:
        """A register during it."""
        ...

    def stop(self, charge: Charge, end: Mark, signed: str, reason: str) -> tuple[str, Payload]:
        """It ended."""
        ...

    def verdict(self, answer: Payload) -> str:
        """The verdict on a tag in an answer; accepted if there is none."""
        ...

    def hear(self, point: Any, action: str, payload: Payload) -> tuple[Payload, Then]:
        """The answer to a call of the central system, and what is done after it."""
        ...


class _Dialect16:
    heard: tuple[str, ...] = (
        "CancelReservation",
        "ChangeAvailability",
        "GetDiagnostics",
        "RemoteStartTransaction",
        "RemoteStopTransaction",
        "ReserveNow",
        "Reset",
        "SetChargingProfile",
        "UnlockConnector",
    )

    def boot(self) -> tuple[str, Payload]:
        return "BootNotification", {
            "chargePointVendor": _ABOUT["vendor"],
            "chargePointModel": _ABOUT["model"][:20],
        }

    def status(self, connector: int, status: str, at: datetime) -> tuple[str, Payload]:
        about = {"connectorId": connector, "status": status, "errorCode": "NoError", "timestamp": stamp(at)}
        return "StatusNotification", about

    def authorize(self, tag: str) -> tuple[str, Payload]:
        return "Authorize", {"idTag": tag}

    def start(self, charge: Charge) -> tuple[str, Payload]:
        about = {
            "connectorId": charge.connector,
            "idTag": charge.tag,
            "meterStart": charge.begin.wh,
            "timestamp": stamp(charge.begin.at),
        }
        return "StartTransaction", about

    def started(self, charge: Charge, answer: Payload) -> None:
        charge.transaction = str(answer.get("transactionId", 0))

    def meter(self, charge: Charge, at: datetime, wh: int) -> tuple[str, Payload]:
        sample = {"value": str(wh), "unit": "kWh" if charge.kilo else "Wh"}
        value = {"timestamp": stamp(at), "sampledValue": [sample]}
        about = {"connectorId": charge.connector, "transactionId": int(charge.transaction), "meterValue": [value]}
        return "MeterValues", about

    def stop(self, charge: Charge, end: Mark, signed: str, reason: str) -> tuple[str, Payload]:
        values = [
            {
                "timestamp": stamp(at),
                "sampledValue": [{"value": record, "format": "SignedData", "context": f"Transaction.{context}"}],
            }
            for at, record, context in ((charge.begin.at, charge.signed, "Begin"), (end.at, signed, "End"))
            if record
        ]
        about = {
            "transactionId": int(charge.transaction),
            "meterStop": end.wh,
            "timestamp": stamp(end.at),
            "reason": reason,
            **({"transactionData": values} if values else {}),
        }
        return "StopTransaction", about

    def verdict(self, answer: Payload) -> str:
        return str(answer.get("idTagInfo", {}).get("status", "Accepted"))

    def hear(self, point: Any, action: str, payload: Payload) -> tuple[Payload, Then]:
        if action == "RemoteStartTransaction":
            number = payload.get("connectorId", 1)
            return _start(point, number, payload["idTag"], None)
        if action == "RemoteStopTransaction":
            return _stop(point, str(payload["transactionId"]))
        if action == "ReserveNow":
            about = payload["connectorId"], payload["idTag"], payload["reservationId"]
            return _reserve(point, *about)
        if action == "SetChargingProfile":
            schedule = payload["csChargingProfiles"]["chargingSchedule"]
            return _limit(point, payload["connectorId"], schedule)
        return _other(point, action, payload)


class _Dialect2:
    heard: tuple[str, ...] = (
        "CancelReservation",
        "ChangeAvailability",
        "GetLog",
        "RequestStartTransaction",
        "RequestStopTransaction",
        "ReserveNow",
        "Reset",
        "SetChargingProfile",
        "UnlockConnector",
    )

    def boot(self) -> tuple[str, Payload]:
        station = {"vendorName": _ABOUT["vendor"], "model": _ABOUT["model"][:20]}
        return "BootNotification", {"reason": "PowerUp", "chargingStation": station}

    def status(self, connector: int, status: str, at: datetime) -> tuple[str, Payload]:
        known = {"Charging": "Occupied", "Preparing": "Occupied"}
        about = {
            "evseId": connector,
            "connectorId": 1,
            "connectorStatus": known.get(status, status),
            "timestamp": stamp(at),
        }
        return "StatusNotification", about

    def authorize(self, tag: str) -> tuple[str, Payload]:
        return "Authorize", {"idToken": _token(tag)}

    def start(self, charge: Charge) -> tuple[str, Payload]:
        about = self._event(charge, "Started", "Authorized", charge.begin.at)
        reading = [_value(charge, charge.begin.at, charge.begin.wh, "Transaction.Begin", charge.signed)]
        # Deliberately without `reservationId`: it is often missing.
        remote = {} if charge.remote is None else {"remoteStartId": charge.remote}
        about["transactionInfo"].update(remote)
        return "TransactionEvent", {
            **about,
            "evse": {"id": charge.connector, "connectorId": 1},
            "idToken": _token(charge.tag),
            "meterValue": reading,
        }

    def started(self, charge: Charge, answer: Payload) -> None:
        """The charge point has named it itself."""

    def meter(self, charge: Charge, at: datetime, wh: int) -> tuple[str, Payload]:
        about = self._event(charge, "Updated", "MeterValuePeriodic", at)
        return "TransactionEvent", {**about, "meterValue": [_value(charge, at, wh, "Sample.Periodic", "")]}

    def stop(self, charge: Charge, end: Mark, signed: str, reason: str) -> tuple[str, Payload]:
        trigger = {"Remote": "RemoteStop", "DeAuthorized": "Deauthorized", "EVDisconnected": "EVDeparted"}
        about = self._event(charge, "Ended", trigger.get(reason, "StopAuthorized"), end.at)
        about["transactionInfo"]["stoppedReason"] = reason
        return "TransactionEvent", {**about, "meterValue": [_value(charge, end.at, end.wh, "Transaction.End", signed)]}

    def verdict(self, answer: Payload) -> str:
        return str(answer.get("idTokenInfo", {}).get("status", "Accepted"))

    def hear(self, point: Any, action: str, payload: Payload) -> tuple[Payload, Then]:
        if action == "RequestStartTransaction":
            number = payload.get("evseId", 1)
            return _start(point, number, payload["idToken"]["idToken"], payload["remoteStartId"])
        if action == "RequestStopTransaction":
            return _stop(point, payload["transactionId"])
        if action == "ReserveNow":
            return _reserve(point, payload.get("evseId", 1), payload["idToken"]["idToken"], payload["id"])
        if action == "SetChargingProfile":
            return _limit(point, payload["evseId"], payload["chargingProfile"]["chargingSchedule"][0])
        return _other(point, action, payload)

    def _event(self, charge: Charge, kind: str, trigger: str, at: datetime) -> Payload:
        number, charge.told = charge.told, charge.told + 1
        return {
            "eventType": kind,
            "timestamp": stamp(at),
            "triggerReason": trigger,
            "seqNo": number,
            "transactionInfo": {"transactionId": charge.transaction},
        }


def _value(charge: Charge, at: datetime, wh: int, context: str, signed: str) -> Payload:
    sample: Payload = {
        "value": wh,
        "context": context,
        "measurand": "Energy.Active.Import.Register",
        "unitOfMeasure": {"unit": "kWh" if charge.kilo else "Wh"},
    }
    if signed:
        sample["signedMeterValue"] = {
            "signedMeterData": base64.b64encode(signed.encode()).decode(),
            "signingMethod": "ECDSA-secp256k1-SHA256",
            "encodingMethod": "OCMF",
            "publicKey": "",
        }
    return {"timestamp": stamp(at), "sampledValue": [sample]}


def _token(tag: str) -> Payload:
    return {"idToken": tag, "type": "Central"}


def _start(point: Any, connector: int, tag: str, remote: int | None) -> tuple[Payload, Then]:
    """A remote start; another's reservation bars it, unless this charge point does not mind."""
    place = point.places.get(connector)
    barred = place is None or place.charge is not None
    barred = barred or bool(place.reserved_for and place.reserved_for != tag and not point.ignores_reservations)
    if barred:
        return {"status": "Rejected"}, None
    return {"status": "Accepted"}, point.start(tag, connector, remote=remote)


def _stop(point: Any, transaction: str) -> tuple[Payload, Then]:
    for number, place in point.places.items():
        if place.charge is not None and place.charge.transaction == transaction:
            return {"status": "Accepted"}, point.stop(number, "Remote")
    return {"status": "Rejected"}, None


def _reserve(point: Any, connector: int, tag: str, number: int) -> tuple[Payload, Then]:
    place = point.places.get(connector or 1)
    if place is None:
        return {"status": "Rejected"}, None
    if place.plugged:
        return {"status": "Occupied"}, None
    place.reserved_for, place.reservation = tag, number
    return {"status": "Accepted"}, None


def _limit(point: Any, connector: int, schedule: Mapping[str, Any]) -> tuple[Payload, Then]:
    """Follow a profile: watts, or amperes on so many phases of 230 V."""
    watts = schedule["chargingRateUnit"] == "W"
    if watts and point.deaf_to_watts:
        return {"status": "Rejected"}, None
    begin = instant_of(schedule["startSchedule"])
    if begin is None or connector not in point.places:
        return {"status": "Rejected"}, None
    point.places[connector].limits = [
        (
            begin + timedelta(seconds=each["startPeriod"]),
            int(each["limit"] if watts else each["limit"] * 230 * each.get("numberPhases", 3)),
        )
        for each in schedule["chargingSchedulePeriod"]
    ]
    return {"status": "Accepted"}, point.report()


def _other(point: Any, action: str, payload: Payload) -> tuple[Payload, Then]:
    if action == "UnlockConnector":
        number = payload.get("evseId", payload["connectorId"])
        return {"status": "Unlocked"}, point.unplug(number) if number in point.places else None
    if action == "CancelReservation":
        held = [place for place in point.places.values() if place.reservation == payload["reservationId"]]
        for place in held:
            place.reserved_for, place.reservation = "", None
        return {"status": "Accepted" if held else "Rejected"}, None
    if action == "GetDiagnostics":
        return {"fileName": f"{point.spec.id}.log"}, None
    if action == "GetLog":
        return {"status": "Accepted", "filename": f"{point.spec.id}.log"}, None
    if action == "Reset":
        return {"status": "Accepted"}, point.restart()
    return {"status": "Accepted"}, None


DIALECTS: Mapping[str, Dialect] = {"1.6": _Dialect16(), "2.0.1": _Dialect2(), "2.1": _Dialect2()}
