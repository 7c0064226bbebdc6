"""CSV files of an import: a column of times and columns of numbers, read with every fault in them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault
from sunfair.files.series import iso, uneven_faults, usual_distance

__all__ = ["TimeTable", "read_rows", "read_time_table"]

Row = tuple[int, list[str]]
"""A line number and its cells."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORTEST_S, _LONGEST_S = 300, 3600
_BLOCK = 2_000
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class TimeTable:
    """Numbers by interval: ``values[i, j]`` is column `names[j]` in the interval from ``start_s + i · interval_s``."""

    names: tuple[str, ...]
    start_s: int
    interval_s: int
    values: NDArray[np.float64]

    @property
    def end_s(self) -> int:
        """The end of the last interval, unix s."""
        return self.start_s + len(self.values) * self.interval_s


def read_rows(path: Path) -> tuple[list[str], list[Row], list[Fault]]:
    """The header and the rows of a CSV file; no header where the file cannot be read."""
    name = path.name
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return [], [], [Fault(name, "is not there", "see docs/data.md for what the folder must hold")]
    except OSError as error:
        return [], [], [Fault(name, f"cannot be read: {error.strerror}")]
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return [], [], [Fault(name, "is UTF-16 text", "save it as CSV UTF-8")]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [], [Fault(name, f"is not UTF-8 text (byte {error.start})", "save it as CSV UTF-8")]
    first = text.partition("\n")[0]
    for sign, word in ((";", "semicolons"), ("\t", "tabs")):
        if sign in first and "," not in first:
            mend = "save it with commas between the columns and points in the numbers"
            return [], [], [Fault(name, f"is separated by {word}", mend)]
    return _split(text, name)


def _split(text: str, name: str) -> tuple[list[str], list[Row], list[Fault]]:
    reader = csv.reader(StringIO(text, newline=""))
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(row)]
    except csv.Error as error:
        return [], [], [Fault(f"{name} line {reader.line_num}", f"is not CSV: {error}")]
    if not rows:
        return [], [], [Fault(name, "is empty", "write a line of column names and the rows below it")]
    header = rows[0][1]
    faults = [
        Fault(f"{name} line 1", f"names the column '{column}' {header.count(column)} times", "name each column once")
        for column in dict.fromkeys(header)
        if header.count(column) > 1
    ]
    faults += [Fault(f"{name} line 1", "has a column without a name", "name it or remove it")] if "" in header else []
    ragged = [(line, len(row)) for line, row in rows[1:] if len(row) != len(header)]
    for line, width in ragged[:_SHOWN]:
        faults.append(Fault(f"{name} line {line}", f"has {width} cells; the header has {len(header)}"))
    if len(rows) == 1:
        faults.append(Fault(name, "has no rows below its header", "add the data"))
    return header, [row for row in rows[1:] if len(row[1]) == len(header)], faults


def read_time_table(path: Path, *, negative: bool) -> tuple[TimeTable | None, list[Fault]]:
    """A CSV file whose first column is `start`; numbers below 0 are faults unless `negative`."""
    name = path.name
    header, rows, faults = read_rows(path)
    if not header:
        return None, faults
    if header[0] != "start":
        what = f"begins with the column '{header[0]}'; the first column is 'start'"
        return None, [*faults, Fault(f"{name} line 1", what, "put the interval's beginning first, in ISO 8601")]
    if len(header) < 2:
        return None, [*faults, Fault(f"{name} line 1", "has no column beside 'start'", "add a column per member id")]
    start, wrong = _times(rows, name)
    faults += wrong
    values, wrong = _values(header[1:], rows, name, negative)
    faults += wrong
    if start is None:
        return None, faults
    found = _interval_faults(start, name)
    faults += found
    if found or values is None or faults:
        return None, faults
    return TimeTable(tuple(header[1:]), int(start[0]) // 1_000_000, usual_distance(start) // 1_000_000, values), faults


def _times(rows: Sequence[Row], name: str) -> tuple[NDArray[np.int64] | None, list[Fault]]:
    """The column `start` as µs since 1970, UTC."""
    instants = np.zeros(len(rows), np.int64)
    naive: list[Row] = []
    strange: list[Row] = []
    for at, (line, row) in enumerate(rows):
        try:
            instant = datetime.fromisoformat(row[0])
        except ValueError:
            strange.append((line, row))
            continue
        if instant.tzinfo is None:
            naive.append((line, row))
        else:
            instants[at] = (instant - _EPOCH) // timedelta(microseconds=1)
    faults = [
        *_listed(strange, name, "is no time in ISO 8601", "e.g. 2016-06-15T00:15+02:00"),
        *_listed(naive, name, "has no UTC offset", "e.g. 2016-06-15T00:15+02:00 or 2016-06-14T22:15Z"),
    ]
    return (None, faults) if faults or not rows else (instants, [])


def _listed(rows: Sequence[Row], name: str, what: str, mend: str) -> Iterator[Fault]:
    for at, (line, row) in enumerate(rows[:_SHOWN]):
        more = f", and {len(rows) - _SHOWN} more like it" if at == _SHOWN - 1 and len(rows) > _SHOWN else ""
        yield Fault(f"{name} line {line} 'start'", f'"{row[0]}" {what}{more}', mend)


def _interval_faults(start: NDArray[np.int64], name: str) -> list[Fault]:
    """What keeps the times from being one interval after another."""
    place = f"{name} column 'start'"
    usual = usual_distance(start)
    if len(start) < 2:
        return [Fault(place, "has one row: the interval is read from two", "add rows")]
    lengths, counts = np.unique(np.diff(start), return_counts=True)
    often = lengths[(counts * 5 > len(start)) & (lengths > 0)]
    if len(often) > 1:
        shown = " and ".join(f"{length / 60_000_000:g} min" for length in often)
        return [Fault(place, f"mixes intervals of {shown}", "one file has one interval")]
    if usual > 0 and not _SHORTEST_S * 1_000_000 <= usual <= _LONGEST_S * 1_000_000:
        what = f"has intervals of {usual / 60_000_000:g} min; 5 to 60 min can be imported"
        return [Fault(place, what, "sum or split them first")]
    if np.any(start % 1_000_000):
        return [Fault(place, f"holds {iso(start[0])} with a fraction of a second", "use whole seconds")]
    return uneven_faults(start, usual, place)


def _values(
    names: Sequence[str], rows: Sequence[Row], name: str, negative: bool
) -> tuple[NDArray[np.float64] | None, list[Fault]]:
    """The columns beside `start`, float64[T, n], and a fault per column for what is no number in it."""
    if not rows:
        return None, []
    blocks = [_block(rows[at : at + _BLOCK]) for at in range(0, len(rows), _BLOCK)]
    values = np.concatenate(blocks)
    faults = []
    for at, column in enumerate(names):
        bad = ~np.isfinite(values[:, at])
        below = np.zeros_like(bad) if negative else values[:, at] < 0
        for where, what, mend in (
            (bad, "is no number", "write a number in every cell, with a point for decimals; 0 where nothing flowed"),
            (below, "is negative", "load and production are never negative: net readings cannot be imported"),
        ):
            places = np.flatnonzero(where)
            if len(places):
                line, row = rows[places[0]]
                cell = f'"{row[at + 1]}"' if row[at + 1] else "an empty cell"
                more = f", and {len(places) - 1} more like it" if len(places) > 1 else ""
                faults.append(Fault(f"{name} line {line} '{column}'", f"{cell} {what}{more}", mend))
    return values, faults


def _block(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Rows as numbers; NaN where a cell is none."""
    cells = [row[1:] for _, row in rows]
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return np.array([[_number(cell) for cell in row] for row in cells])


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")
