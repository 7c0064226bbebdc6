"""One value of a community file, read as its attribute says: the integer or text of the model, or a fault."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from sunfair.errors import Fault
from sunfair.files.attribute import Attribute, Kind

__all__ = ["Reference", "Value", "near", "read_value"]

_SERIES = re.compile(r"(?P<file>.+?\.parquet):(?P<column>.+)")
_TEXT_MAX, _NOTICE_MAX = 80, 1_000
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLES_MAX = 288


@dataclass(frozen=True, slots=True)
class Reference:
    """A column of a Parquet file beside the community file."""

    file: str
    column: str

    def __str__(self) -> str:
        return f"{self.file}:{self.column}"


Value = int | str | Reference | tuple[str, ...] | tuple[int, ...] | tuple[tuple[int, ...], ...]
"""What a key becomes: decimals are integers already, in the model's unit; a time of day is a minute, an instant µs, a
date its day's number from 0001-01-01 = 1."""


class _Unfit(ValueError):
    """What is wrong with a value, and how to mend it."""

    def __init__(self, what: str, mend: str = "") -> None:
        self.what, self.mend = what, mend
        super().__init__(what)


def read_value(raw: Any, attribute: Attribute, place: str) -> Value | Fault:
    """The value of one key as the model holds it, or the fault that keeps it out."""
    try:
        return _READERS[attribute.kind](raw, attribute)
    except _Unfit as unfit:
        return Fault(f"{place} '{attribute.name}'", unfit.what, unfit.mend or attribute.slip)


def near(word: str, known: tuple[str, ...] | list[str]) -> str:
    """A hint at the word that may have been meant, or the list of those there are."""
    meant = get_close_matches(word, known, 1, 0.6)
    return f"did you mean '{meant[0]}'?" if meant else f"known are {', '.join(known)}"


def _shown(raw: Any) -> str:
    """A value as the file writes it, with its type."""
    if isinstance(raw, bool):
        return f"{str(raw).lower()}, a truth value"
    if isinstance(raw, str):
        return f'the text "{raw if len(raw) <= _TEXT_MAX else raw[:_TEXT_MAX] + "…"}"'
    if isinstance(raw, int | Decimal):
        return f"the number {raw}"
    if isinstance(raw, list):
        return "a list"
    return "a table" if isinstance(raw, dict) else f"the {'time' if isinstance(raw, time) else 'date'} {raw}"


def _text(raw: Any, attribute: Attribute) -> str:
    most = _NOTICE_MAX if attribute.kind is Kind.TEXTS else _TEXT_MAX
    if not isinstance(raw, str):
        raise _Unfit(f"is {_shown(raw)}; it must be text", "put it in quotes")
    if not raw or raw != raw.strip() or not raw.isprintable() or len(raw) > most:
        raise _Unfit(f"is {_shown(raw)}; it must be 1 to {most} printable characters without spaces around them")
    return raw


def _texts(raw: Any, attribute: Attribute) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise _Unfit(f"is {_shown(raw)}; it must be a list of texts", "put it in [ ]")
    return tuple(_text(item, attribute) for item in raw)


def _number(raw: Any, attribute: Attribute) -> int:
    unit = f" in {attribute.unit}" if attribute.unit else ""
    whole = attribute.kind is Kind.WHOLE
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal) or (whole and isinstance(raw, Decimal)):
        kind = "a whole number" if whole else "a number"
        raise _Unfit(f"is {_shown(raw)}; it must be {kind}{unit}")
    value = Decimal(raw)
    if not value.is_finite():
        raise _Unfit(f"is {raw}; it must be a finite number{unit}")
    if attribute.low is not None and attribute.high is not None and not attribute.low <= value <= attribute.high:
        raise _Unfit(f"is {raw}; it must lie {attribute.span}")
    scaled = value * attribute.scale
    if scaled != scaled.to_integral_value():
        raise _Unfit(f"is {raw}; it may have at most {len(str(attribute.scale)) - 1} decimals")
    return int(scaled)


def _word(raw: Any, attribute: Attribute) -> str:
    listed = ", ".join(f'"{word}"' for word in attribute.words)
    if not isinstance(raw, str):
        raise _Unfit(f"is {_shown(raw)}; it must be one of {listed}")
    if raw not in attribute.words:
        raise _Unfit(f"is {_shown(raw)}; there is no such {attribute.name}", f"use one of {listed}")
    return raw


def _words(raw: Any, attribute: Attribute) -> tuple[str, ...]:
    listed = ", ".join(f'"{word}"' for word in attribute.words)
    if not isinstance(raw, list) or not raw:
        raise _Unfit(f"is {_shown(raw)}; it must be a list of one or more of {listed}")
    strange = [word for word in raw if word not in attribute.words]
    if strange:
        raise _Unfit(f"holds {_shown(strange[0])}; there is no such {attribute.name[:-1]}", f"use {listed}")
    if len(set(raw)) < len(raw):
        raise _Unfit("names one of them twice", "name each once")
    return tuple(word for word in attribute.words if word in raw)


def _pair(raw: Any, attribute: Attribute) -> tuple[int, int]:
    high = int(attribute.high or 0)
    parts = raw if isinstance(raw, list) else []
    if len(parts) != 2 or not all(type(part) is int and 0 <= part <= high for part in parts):
        raise _Unfit(f"is {_shown(raw)}; it must be two whole numbers from 0 to {high}", "e.g. k = [1, 2]")
    if not 0 <= parts[0] <= parts[1] or parts[1] == 0:
        raise _Unfit(f"is {parts[0]}/{parts[1]}; it must lie from 0 to 1", "e.g. k = [1, 2]")
    return parts[0], parts[1]


def _file(raw: Any, attribute: Attribute) -> str:
    name = _text(raw, attribute)
    # The folder must mean the same on another machine, so nothing outside it may be named.
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or "\\" in name or ".." in name.split("/"):
        raise _Unfit(f"is {_shown(raw)}; it must lie in the community file's own folder", 'e.g. "load.parquet"')
    return name


def _series(raw: Any, attribute: Attribute) -> Reference:
    match = _SERIES.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise _Unfit(f"is {_shown(raw)}; it must name a Parquet file and its column", 'e.g. "load.parquet:home-001"')
    return Reference(_file(match["file"], attribute), match["column"])


def _wholes(raw: Any, attribute: Attribute) -> tuple[int, ...]:
    low, high = int(attribute.low or 0), int(attribute.high or 0)
    parts = raw if isinstance(raw, list) else []
    if not 0 < len(parts) <= _WHOLES_MAX or not all(type(part) is int and low <= part <= high for part in parts):
        what = f"it must be a list of 1 to {_WHOLES_MAX} whole numbers from {low} to {high} {attribute.unit}".rstrip()
        raise _Unfit(f"is {_shown(raw)}; {what}", "e.g. [500, 200, 200]")
    return tuple(parts)


def _rows(raw: Any, attribute: Attribute) -> tuple[tuple[int, ...], ...]:
    rows = raw if isinstance(raw, list) else []
    if not 0 < len(rows) <= _WHOLES_MAX or not all(isinstance(row, list) for row in rows):
        raise _Unfit(f"is {_shown(raw)}; it must be a list of lists", "e.g. [[5000, 5000], [6000, 4000]]")
    return tuple(_wholes(row, attribute) for row in rows)


def _decimals(raw: Any, attribute: Attribute) -> tuple[int, ...]:
    if not isinstance(raw, list) or not 0 < len(raw) <= _WHOLES_MAX:
        raise _Unfit(f"is {_shown(raw)}; it must be a list of 1 to {_WHOLES_MAX} numbers", "e.g. [0.30, 0.25]")
    return tuple(_number(part, attribute) for part in raw)


def _date(raw: Any, attribute: Attribute) -> int:
    """A civil day by its number."""
    if not isinstance(raw, date) or isinstance(raw, datetime):
        raise _Unfit(f"is {_shown(raw)}; it must be a date", "e.g. 2016-06-15, without quotes")
    return raw.toordinal()


def _minute(raw: Any, attribute: Attribute) -> int:
    """A time of day as the minute it is of the civil day."""
    if isinstance(raw, time) and not (raw.second or raw.microsecond):
        return raw.hour * 60 + raw.minute
    match = _CLOCK.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise _Unfit(f"is {_shown(raw)}; it must be a time of day to the minute", 'e.g. "07:00"')
    return int(match[1]) * 60 + int(match[2])


def _instant(raw: Any, attribute: Attribute) -> int:
    """A date and time as µs since 1970."""
    try:
        instant = datetime.fromisoformat(raw) if isinstance(raw, str) else raw
    except ValueError:
        instant = raw
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        raise _Unfit(f"is {_shown(raw)}; it must be a date and time with an offset", "e.g. 2016-06-15T18:00:00+02:00")
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _price(raw: Any, attribute: Attribute) -> int | Reference:
    if isinstance(raw, str) and ".parquet" in raw:
        return _series(raw, attribute)
    if isinstance(raw, str):
        mend = 'write 0.32 without quotes, or a series: "prices.parquet:retail"'
        raise _Unfit(f"is {_shown(raw)}; it must be a number in {attribute.unit} or a series", mend)
    return _number(raw, attribute)


_READERS: dict[Kind, Callable[[Any, Attribute], Value]] = {
    Kind.TEXT: _text,
    Kind.TEXTS: _texts,
    Kind.WHOLE: _number,
    Kind.DECIMAL: _number,
    Kind.WORD: _word,
    Kind.WORDS: _words,
    Kind.PAIR: _pair,
    Kind.FILE: _file,
    Kind.SERIES: _series,
    Kind.PRICE: _price,
    Kind.TIME: _minute,
    Kind.INSTANT: _instant,
    Kind.WHOLES: _wholes,
    Kind.ROWS: _rows,
    Kind.DECIMALS: _decimals,
    Kind.DATE: _date,
}
