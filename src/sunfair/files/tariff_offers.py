"""Tariffs on offer, from TOML, and a household's readings, from CSV."""

import csv
import tomllib
from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from sunfair.errors import Fault, InputError
from sunfair.registry.tariffs import Band, Offer, Usage
from sunfair.slots import zone
from sunfair.units import micro

__all__ = ["read_offers", "read_usage"]

_OFFER = {"name", "standing", "rate", "bands", "factor", "addition", "cap", "export"}
_BAND = {"begins", "rate", "days"}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read_offers(path: Path) -> list[Offer]:
    """The offers of a file of `[[offer]]` tables: currency a day and per kWh, `begins` as HH:MM, `days` as mon … sun.

    Raises InputError with every fault.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read", [Fault("file", str(error))]) from error
    faults: list[Fault] = [Fault(name, "is not known", "offers are [[offer]]") for name in document if name != "offer"]
    rows = document.get("offer", [])
    offers = [_offer(row, f"offer {at + 1}", faults) for at, row in enumerate(rows)]
    if not offers:
        faults.append(Fault("offer", "is none", "write [[offer]] tables"))
    if faults:
        raise InputError(f"{path} holds no offers that can be compared", faults)
    return offers


def read_usage(path: Path, timezone: str) -> Usage:
    """Readings: columns `start` (ISO 8601 with offset), `import_wh`, perhaps `export_wh`, `wholesale` (µ/kWh)."""
    try:
        local = zone(timezone)
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read", [Fault("file", str(error))]) from error
    faults: list[Fault] = []
    names = set(rows[0]) if rows else set()
    faults += [Fault(name, "is missing", "the head names it") for name in ("start", "import_wh") if name not in names]
    if faults:
        raise InputError(f"{path} holds no readings", faults)
    starts = [_instant(row["start"], f"line {at + 2}", faults) for at, row in enumerate(rows)]
    columns = {
        name: [_whole(row[name], f"line {at + 2}, {name}", faults) for at, row in enumerate(rows)]
        for name in ("import_wh", "export_wh", "wholesale")
        if name in names
    }
    if len({start.timestamp() for start in starts}) < len(starts):
        faults.append(Fault("start", "an interval stands twice"))
    if faults:
        raise InputError(f"{path} holds no readings that can be priced", faults)
    none = [0] * len(rows)
    return Usage(
        [start.astimezone(local) for start in starts],
        np.array(columns["import_wh"], np.int64),
        np.array(columns.get("export_wh", none), np.int64),
        np.array(columns["wholesale"], np.int64) if "wholesale" in columns else None,
    )


def _offer(row: Mapping[str, Any], place: str, faults: list[Fault]) -> Offer:
    faults += [
        Fault(f"{place}, {name}", "is not known", ", ".join(sorted(_OFFER))) for name in row if name not in _OFFER
    ]
    rate = _money(row, "rate", place, faults, None)
    bands = [_band(band, f"{place}, band {at + 1}", faults) for at, band in enumerate(row.get("bands", []))]
    if rate is not None:
        bands.append(Band(time(0), rate))
    factor = row.get("factor")
    return Offer(
        str(row.get("name", place)),
        _money(row, "standing", place, faults, 0) or 0,
        tuple(bands),
        None if factor is None else int(Decimal(str(factor)) * 10_000),
        _money(row, "addition", place, faults, 0) or 0,
        _money(row, "cap", place, faults, None),
        _money(row, "export", place, faults, 0) or 0,
    )


def _band(row: Mapping[str, Any], place: str, faults: list[Fault]) -> Band:
    faults += [Fault(f"{place}, {name}", "is not known", ", ".join(sorted(_BAND))) for name in row if name not in _BAND]
    days = row.get("days", list(_DAYS))
    faults += [Fault(f"{place}, days", f"{day!r} is none", ", ".join(_DAYS)) for day in days if day not in _DAYS]
    begins = time(0)
    try:
        begins = time.fromisoformat(str(row.get("begins", "00:00")))
    except ValueError:
        faults.append(Fault(f"{place}, begins", f"{row['begins']!r} is no time of day", "e.g. 07:00"))
    rate = _money(row, "rate", place, faults, None)
    if rate is None:
        faults.append(Fault(f"{place}, rate", "is missing"))
    return Band(begins, rate or 0, frozenset(_DAYS.index(day) for day in days if day in _DAYS))


def _money(row: Mapping[str, Any], name: str, place: str, faults: list[Fault], usual: int | None) -> int | None:
    if name not in row:
        return usual
    try:
        return micro(row[name])
    except (ValueError, TypeError) as error:
        faults.append(Fault(f"{place}, {name}", str(error), "an amount of currency, e.g. 0.245"))
        return usual


def _instant(text: str, place: str, faults: list[Fault]) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        at = datetime.min
    if at.tzinfo is None:
        faults.append(Fault(place, f"{text!r} is no instant", "ISO 8601 with its offset"))
        return datetime.fromisoformat("2000-01-01T00:00Z")
    return at


def _whole(text: str | None, place: str, faults: list[Fault]) -> int:
    digits = (text or "").removeprefix("-")
    signed = place.endswith("wholesale")
    if digits.isascii() and digits.isdigit() and len(digits) < 19 and (signed or text == digits):
        return int(text or 0)
    faults.append(Fault(place, f"{text!r} is no whole number", "Wh, not negative; wholesale in µ/kWh"))
    return 0
