"""Limits by time → OCPP charging profiles."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sunfair.devices.peer import Payload

__all__ = ["PERIODS_MAX", "in_amperes", "profile_1_6", "profile_2"]

PERIODS_MAX = 24
"""Periods of one profile: few charge points take more (`ChargingScheduleMaxPeriods`)."""

_STACK = 1
_VOLTS = 230
_PHASES = 3
_AMPERES_MIN = 6


def profile_1_6(arguments: Mapping[str, Any]) -> Payload:
    """`SetChargingProfile.req` for a transaction (1.6 § 5.16)."""
    transaction = int(arguments["transaction"])
    profile = {
        "chargingProfileId": 1 + transaction % (2**31 - 1),
        "transactionId": transaction,
        "stackLevel": _STACK,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": _schedule(arguments),
    }
    return {"connectorId": arguments["connector"], "csChargingProfiles": profile}


def profile_2(arguments: Mapping[str, Any]) -> Payload:
    """`SetChargingProfileRequest` for a transaction (2.0.1 K01)."""
    profile = {
        "id": 1,
        "stackLevel": _STACK,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "transactionId": arguments["transaction"],
        "chargingSchedule": [{"id": 1, **_schedule(arguments)}],
    }
    return {"evseId": arguments["connector"], "chargingProfile": profile}


def in_amperes(payload: Payload) -> Payload:
    """The same profile in amperes on three phases of 230 V or one, rounded down: some take nothing else."""
    key = "csChargingProfiles" if "csChargingProfiles" in payload else "chargingProfile"
    profile = payload[key]
    schedule = profile["chargingSchedule"]
    turned = [_amperes(each) for each in schedule] if isinstance(schedule, list) else _amperes(schedule)
    return {**payload, key: {**profile, "chargingSchedule": turned}}


def _amperes(schedule: Payload) -> Payload:
    periods = []
    for each in schedule["chargingSchedulePeriod"]:
        # Below 6 A on each phase a car stops: little power goes over one.
        phases = _PHASES if each["limit"] >= _AMPERES_MIN * _VOLTS * _PHASES else 1
        least = _AMPERES_MIN if each["limit"] else 0  # nothing at all is meant as such
        amperes = max(int(each["limit"]) // (_VOLTS * phases), least)
        periods.append({**each, "limit": amperes, "numberPhases": phases})
    return {**schedule, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}


def _schedule(arguments: Mapping[str, Any]) -> Payload:
    told = [(datetime.fromisoformat(begin), limit) for begin, limit in arguments["periods"][:PERIODS_MAX]]
    start = told[0][0]
    until = datetime.fromisoformat(arguments["until"])
    # What does not fit into the profile is sent when its time comes: until then the last limit holds.
    return {
        "duration": max(int((until - start).total_seconds()), 1),
        "startSchedule": start.isoformat().replace("+00:00", "Z"),
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [
            {"startPeriod": int((begin - start).total_seconds()), "limit": limit} for begin, limit in told
        ],
    }
