"""Meter values as charge points send them → registers in Wh. What cannot be read is left out and counted."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

__all__ = ["MeterReading", "instant_of", "read_1_6", "read_2", "wh_of"]

_REGISTER = "Energy.Active.Import.Register"
_FACTOR = {"Wh": 0, "kWh": 3}
_MOST_WH = 10**15
_SIGNED_MAX = 8_000
_CONTEXT = {"Transaction.Begin": "begin", "Transaction.End": "end"}


@dataclass(frozen=True, slots=True)
class MeterReading:
    """What a list of meter values says.

    registers : instant and imported energy, Wh, in order of time
    begin_wh, end_wh : the registers told as those of the transaction's begin and end
    signed    : the meter's signed records told as those of begin and end, empty where there are none
    unread    : how many values were not understood
    """

    registers: tuple[tuple[datetime, int], ...] = ()
    begin_wh: int | None = None
    end_wh: int | None = None
    signed: tuple[str, str] = ("", "")
    unread: int = 0


def read_1_6(values: Iterable[Mapping[str, Any]]) -> MeterReading:
    """OCPP 1.6 § 7.33: values are text, Wh and the imported register unless they say otherwise."""
    samples = []
    for value in values:
        for sample in value["sampledValue"]:
            signed = str(sample["value"]) if sample.get("format") == "SignedData" else ""
            exponent = _FACTOR.get(sample.get("unit", "Wh"))
            samples.append((value["timestamp"], sample, sample["value"], exponent, signed))
    return _read(samples)


def read_2(values: Iterable[Mapping[str, Any]]) -> MeterReading:
    """OCPP 2.0.1 § 2.46: values are numbers times ten to the multiplier; signed data are base64 of the record."""
    samples = []
    for value in values:
        for sample in value["sampledValue"]:
            unit = sample.get("unitOfMeasure", {})
            exponent = _FACTOR.get(unit.get("unit", "Wh"))
            if exponent is not None:
                exponent += max(-12, min(12, unit.get("multiplier", 0)))
            signed = _decode(sample.get("signedMeterValue", {}).get("signedMeterData", ""))
            samples.append((value["timestamp"], sample, sample["value"], exponent, signed))
    return _read(samples)


def _read(samples: Iterable[tuple[str, Mapping[str, Any], Any, int | None, str]]) -> MeterReading:
    registers: dict[datetime, int] = {}
    marked: dict[str, int] = {}
    signed = {"begin": "", "end": ""}
    unread = 0
    for timestamp, sample, number, exponent, record in samples:
        if sample.get("measurand", _REGISTER) != _REGISTER or "phase" in sample:
            continue
        mark = _CONTEXT.get(sample.get("context", ""), "")
        if record:
            # A record without a mark is the one at the end, if there is none that says so.
            signed[mark or "end"] = record[:_SIGNED_MAX] if mark or not signed["end"] else signed["end"]
        if sample.get("format") == "SignedData":
            continue
        at, wh = instant_of(timestamp), None if exponent is None else wh_of(number, exponent)
        if at is None or wh is None:
            unread += 1
            continue
        registers[at] = wh
        if mark:
            marked[mark] = wh
    ordered = tuple(sorted(registers.items()))
    return MeterReading(ordered, marked.get("begin"), marked.get("end"), (signed["begin"], signed["end"]), unread)


def wh_of(number: object, exponent: int = 0) -> int | None:
    """A number × 10^exponent in whole Wh, rounded down; None if it is none, negative, or beyond any meter."""
    text = str(number)
    try:
        value = Decimal(text) if len(text) <= 40 else None
    except InvalidOperation:
        return None
    if value is None or not value.is_finite() or value.is_signed() or value.adjusted() + exponent > 15:
        return None
    wh = int(value.scaleb(exponent).to_integral_value(ROUND_FLOOR))
    return wh if wh <= _MOST_WH else None


def instant_of(text: str) -> datetime | None:
    """An ISO 8601 instant in UTC; without an offset it is UTC (OCPP 1.6 § 3.13). None if it is none."""
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _decode(text: str) -> str:
    if len(text) > 2 * _SIGNED_MAX:
        return ""
    if text.startswith("OCMF|"):
        return text  # some leave it as it is
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
