"""Signed meter records of charge points: the Open Charge Metering Format (S.A.F.E. e.V., OCMF 1.0–1.2), read strictly.

``OCMF|<payload JSON>|<signature JSON>``; signed is the payload, byte for byte. A record that says anything twice, or
in a way this reader does not know for certain, is refused: a signature proves nothing about what a lenient reader
made up.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from sunfair.charging.booking import keccak
from sunfair.errors import Fault, InputError

__all__ = [
    "MICRO_UNITS",
    "WH_OF_UNIT",
    "OcmfRecord",
    "Reading",
    "RecordSignature",
    "key_address",
    "parse_ocmf",
    "parse_time",
]

WH_OF_UNIT: Mapping[str, int] = {"Wh": 1, "kWh": 1_000}
"""Units of energy (OCMF, table 20)."""

MICRO_UNITS = 10**6
"""Values are kept in 10⁻⁶ of their unit: no meter shows more digits."""

RECORD_MAX = 8_192
"""Longest record that is read, bytes."""

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d),(\d{3})([+-])(\d\d)(\d\d) ([UISR])", re.ASCII)
_VALUE = re.compile(r" *(\d{1,12})(?:\.(\d{1,6}))?", re.ASCII)
_PAGE = re.compile(r"T(0|[1-9]\d{0,14})", re.ASCII)
_CARRIED = ("TM", "TX", "RV", "RI", "RU", "RT", "EF", "ST")
_SPKI_SECP256K1 = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a034200")


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: unix s (rounded down), how sure the clock is (U, I, S, R), why it was taken (TX), 10⁻⁶ of its unit.

    wh_scale : Wh of its unit; register : OBIS code; errors : quantities that do not count any more; status : G is good
    """

    time: int
    clock: str
    reason: str
    micro_units: int
    wh_scale: int
    register: str
    errors: str
    status: str


@dataclass(frozen=True, slots=True)
class RecordSignature:
    """ECDSA's two numbers and by which algorithm."""

    algorithm: str
    r: int
    s: int


@dataclass(frozen=True, slots=True)
class OcmfRecord:
    """A record as it was read; `payload` is what is signed, byte for byte.

    page : its number in the meter's stream of transactions; gateway, meter : serial numbers; point_type, point : how it
    names the charge point; identified, tag_type, tag : who was identified
    """

    payload: bytes
    page: int
    gateway: str
    meter: str
    point_type: str
    point: str
    identified: bool
    tag_type: str
    tag: str
    readings: tuple[Reading, ...]
    signature: RecordSignature


def parse_ocmf(text: str) -> OcmfRecord:
    """Read one record; InputError naming everything that is wrong with it."""
    sections = text.strip().split("|")
    if len(sections) != 3 or sections[0] != "OCMF" or len(text.encode()) > RECORD_MAX:
        fault = Fault("record", "is not OCMF|{…}|{…}", "pass the signed record as the charger sent it")
        raise InputError("that is no OCMF record", [fault])
    payload, proof = _json("payload", sections[1]), _json("signature", sections[2])
    faults: list[Fault] = []
    page = _PAGE.fullmatch(_text(payload, "PG", faults))
    if page is None:
        faults.append(Fault("PG", f"is {payload.get('PG')!r}", "must be T and a number without leading zeros"))
    identified = payload.get("IS")
    if not isinstance(identified, bool | str):
        faults.append(Fault("IS", f"is {identified!r}", "must be true or false"))
    readings = _readings(payload.get("RD"), faults)
    names = {name: _text(payload, name, faults, "") for name in ("GS", "MS", "CT", "CI", "IT", "ID")}
    if not names["MS"] and not names["GS"]:
        faults.append(Fault("MS", "is missing, and GS as well", "a record names its meter or its gateway"))
    signature = _signature(proof, faults)
    if faults or page is None or signature is None:
        raise InputError("the OCMF record cannot be read", faults)
    plain = (
        names["GS"],
        names["MS"],
        names["CT"],
        names["CI"],
        identified not in (False, "NONE"),
        names["IT"],
        names["ID"],
    )
    return OcmfRecord(sections[1].encode(), int(page[1]), *plain, readings, signature)


def parse_time(text: str) -> tuple[int, str]:
    """Unix seconds, rounded down, and the clock's state, of e.g. ``2018-07-24T13:22:04,000+0200 S``; ValueError if it
    is none.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("is no time such as 2018-07-24T13:22:04,000+0200 S")
    parts = [int(part) for part in found.groups()[:6]]
    hours, minutes = int(found[9]), int(found[10])
    if hours > 15 or minutes > 59:
        raise ValueError("has an offset that no zone has")
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if found[8] == "-" else 1)
    instant = datetime(*parts, tzinfo=timezone(offset))  # type: ignore[misc, arg-type]
    seconds = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    if seconds < 0:
        raise ValueError("is before 1970")
    return seconds, found[11]


def key_address(key: bytes | str) -> bytes:
    """The 20-byte address of a meter's public key on secp256k1.

    key : DER (SubjectPublicKeyInfo), or the point of 64 or 65 bytes; as text in hex or base64. InputError for another.
    """
    data = key if isinstance(key, bytes) else _binary(key)
    point = data.removeprefix(_SPKI_SECP256K1)
    if len(point) == 65 and point[0] == 4:
        point = point[1:]
    if len(point) != 64:
        what = f"has {len(data)} bytes and is no public key on secp256k1"
        raise InputError(
            "the meter's key cannot be used", [Fault("key", what, "pass the key as its maker published it")]
        )
    return keccak(point)[12:]


def _binary(text: str) -> bytes:
    plain = "".join(text.split()).removeprefix("0x")
    try:
        return bytes.fromhex(plain)
    except ValueError:
        pass
    try:
        return base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _json(place: str, text: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            raise ValueError("it says a key twice")
        return dict(pairs)

    def never(word: str) -> Any:
        raise ValueError(f"{word} is no number")

    try:
        value = json.loads(text, object_pairs_hook=once, parse_float=Decimal, parse_constant=never)
    except (ValueError, RecursionError) as error:
        raise InputError("the OCMF record cannot be read", [Fault(place, f"is no JSON: {error}")]) from error
    if not isinstance(value, dict):
        raise InputError("the OCMF record cannot be read", [Fault(place, "is no JSON object")])
    return value


def _text(values: Mapping[str, Any], name: str, faults: list[Fault], default: str | None = None) -> str:
    value = values.get(name, default)
    if isinstance(value, str):
        return value
    faults.append(Fault(name, "is missing" if value is None else f"is {value!r}", "must be text"))
    return ""


def _readings(values: Any, faults: list[Fault]) -> tuple[Reading, ...]:
    if not isinstance(values, list) or not values or not all(isinstance(value, dict) for value in values):
        faults.append(Fault("RD", "holds no readings", "must be a list of objects"))
        return ()
    # A field that is left out is that of the reading before it (OCMF, "Readings").
    known: dict[str, Any] = {"EF": "", "TX": "", "RI": ""}
    readings = []
    for at, value in enumerate(values):
        known |= {name: value[name] for name in _CARRIED if name in value}
        reading = _reading(f"RD[{at}]", known, faults)
        if reading is not None:
            readings.append(reading)
    return tuple(readings)


def _reading(place: str, known: Mapping[str, Any], faults: list[Fault]) -> Reading | None:
    before = len(faults)
    texts = {}
    for name in ("TM", "TX", "RI", "RU", "EF", "ST"):
        value = known.get(name)
        if not isinstance(value, str):
            faults.append(Fault(f"{place}.{name}", "is missing" if value is None else f"is {value!r}", "must be text"))
        texts[name] = value if isinstance(value, str) else ""
    time, clock, value = 0, "", 0
    if len(faults) == before:
        try:
            time, clock = parse_time(texts["TM"])
        except (ValueError, OverflowError) as error:
            faults.append(Fault(f"{place}.TM", f"{texts['TM']!r} {error}"))
        try:
            value = _micro_units(known.get("RV"))
        except ValueError as error:
            faults.append(Fault(f"{place}.RV", f"{known.get('RV')!r} {error}"))
        if texts["RU"] not in WH_OF_UNIT:
            faults.append(Fault(f"{place}.RU", f"is {texts['RU']!r}", "must be kWh or Wh"))
    if len(faults) > before:
        return None
    scale, plain = WH_OF_UNIT[texts["RU"]], [texts[name] for name in ("RI", "EF", "ST")]
    return Reading(time, clock, texts["TX"], value, scale, *plain)


def _micro_units(value: Any) -> int:
    """A reading's value, written as a number or as text (some meters quote and pad it), in 10⁻⁶ of its unit."""
    text = value if isinstance(value, str) else format(value, "f") if isinstance(value, Decimal) else str(value)
    found = _VALUE.fullmatch(text) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else None
    if found is None:
        raise ValueError("is no reading of 0 or more with at most six decimals")
    return int(found[1]) * MICRO_UNITS + int((found[2] or "").ljust(6, "0"))


def _signature(proof: Mapping[str, Any], faults: list[Fault]) -> RecordSignature | None:
    # Left out, the algorithm is ECDSA-secp256r1-SHA256 (OCMF, "Signed Data").
    algorithm = _text(proof, "SA", faults, "ECDSA-secp256r1-SHA256")
    encoding, data = _text(proof, "SE", faults, "hex"), _text(proof, "SD", faults)
    try:
        raw = bytes.fromhex(data) if encoding == "hex" else base64.b64decode(data, validate=True)
        r, s = _der(raw)
    except (ValueError, binascii.Error) as error:
        faults.append(Fault("SD", f"is no ECDSA signature: {error}", "DER, in hex or base64"))
        return None
    return RecordSignature(algorithm, r, s)


def _der(data: bytes) -> tuple[int, int]:
    """The two numbers of a DER ECDSA signature: SEQUENCE { INTEGER, INTEGER }, nothing behind it."""
    if len(data) < 8 or data[0] != 0x30 or data[1] != len(data) - 2:
        raise ValueError("not a DER sequence")
    r, rest = _integer(data[2:])
    s, rest = _integer(rest)
    if rest:
        raise ValueError("something stands behind it")
    return r, s


def _integer(data: bytes) -> tuple[int, bytes]:
    if len(data) < 3 or data[0] != 0x02 or not 0 < data[1] <= 33 or len(data) < 2 + data[1] or data[2] >= 0x80:
        raise ValueError("not two positive numbers of 32 bytes")
    return int.from_bytes(data[2 : 2 + data[1]]), data[2 + data[1] :]
