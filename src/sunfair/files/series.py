"""Series in Parquet: a column `start` (the slot's beginning, with a zone) and columns of whole numbers beside it.

A file is read with every fault found in it: columns absent, gaps, overlaps, times that are no slot, numbers that are
missing, not whole, negative or out of range. Written files are the same bytes for the same numbers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sunfair.errors import Fault
from sunfair.files.scenario_values import near
from sunfair.slots import SlotClock
from sunfair.units import ENERGY_MAX, LIMIT_MAX

__all__ = [
    "ENERGY",
    "PRICE",
    "Columns",
    "Measure",
    "instants",
    "iso",
    "numbers",
    "parquet_bytes",
    "read_columns",
    "read_table",
    "series_table",
    "spacing_faults",
    "uneven_faults",
    "usual_distance",
]

TIME = pa.timestamp("us", "UTC")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Measure:
    """What a column holds: its unit, the numbers it may hold, and a hint for those that are not whole."""

    unit: str
    low: int
    high: int
    slip: str


ENERGY = Measure("Wh", 0, ENERGY_MAX, "a kWh is 1000 Wh; sunfair import csv converts kWh, W and kW")
PRICE = Measure("µ/kWh", -LIMIT_MAX, LIMIT_MAX, "0.32 per kWh is 320000 µ/kWh")


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of one file, int64[T] each, from `first_slot` on without gaps."""

    first_slot: int
    length: int
    values: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)


def iso(microseconds: int) -> str:
    """An instant given as µs since 1970 in ISO 8601, UTC, to the second where it has any."""
    text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))).strftime("%Y-%m-%dT%H:%M:%S")
    return text.removesuffix(":00") + "Z"


def read_table(path: Path, place: str, wanted: Mapping[str, str]) -> tuple[pa.Table | None, list[Fault]]:
    """The columns of a Parquet file that are there and wanted, and what keeps the others out.

    `wanted` says by column who names it: the place in the community file.
    """
    if not path.is_file():
        asker = next((asker for asker in wanted.values() if asker), "the community file")
        what = f"is not there, but {asker} names it"
        return None, [Fault(place, what, "put it beside the community file, or correct its name")]
    try:
        file = pq.ParquetFile(path)
        there = file.schema_arrow.names
        faults = [_absent(place, name, asker, there) for name, asker in wanted.items() if there.count(name) != 1]
        return file.read(columns=[name for name in wanted if there.count(name) == 1]), faults
    except (pa.ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return None, [Fault(place, f"is not a readable Parquet file: {reason}", "write it again; it may be cut short")]


def _absent(place: str, name: str, asker: str, there: Sequence[str]) -> Fault:
    if name in there:
        return Fault(f"{place} column '{name}'", f"stands {there.count(name)} times", "name each column once")
    hint = near(name, [*there][:40]) if there else "the file has no columns"
    return Fault(f"{place} column '{name}'", "is not in the file" + (f", but {asker} names it" if asker else ""), hint)


def read_columns(
    path: Path,
    place: str,
    measures: Mapping[str, Measure],
    clock: SlotClock,
    wanted: Mapping[str, str] | None = None,
) -> tuple[Columns | None, list[Fault]]:
    """The columns named in `measures` by slot, and every fault of the file; None if its times cannot be used.

    `wanted` says by column who names it, for the faults.
    """
    askers = wanted or {}
    table, faults = read_table(path, place, {"start": ""} | {name: askers.get(name, "") for name in measures})
    if table is None or "start" not in table.column_names:
        return None, faults
    start, unusable = instants(table, "start", place)
    if start is None:
        return None, faults + unusable
    found = [*unusable, *spacing_faults(start, clock, f"{place} column 'start'")]
    faults += found
    values = {}
    for name, measure in measures.items():
        if name in table.column_names:
            column, wrong = _numbers(table, name, measure, start, f"{place} column '{name}'")
            faults += wrong
            if column is not None:
                values[name] = column
    if found or not len(start):
        return None, faults
    return Columns(int(start[0]) // (clock.seconds * 1_000_000), len(start), values), faults


def instants(table: pa.Table, name: str, place: str) -> tuple[NDArray[np.int64] | None, list[Fault]]:
    """A column of times as µs since 1970, UTC."""
    column = table.column(name)
    where = f"{place} column '{name}'"
    if not pa.types.is_timestamp(column.type):
        return None, [Fault(where, f"is of type {column.type}; it must be times", "write timestamps with a zone")]
    if column.type.tz is None:
        what = "holds naive times: without a zone nobody knows when they were"
        return None, [Fault(where, what, "write them in UTC")]
    if column.null_count:
        return None, [Fault(where, f"lacks {column.null_count} of {len(column)} times", "give every row its time")]
    if not len(column):
        return None, [Fault(where, "is empty", "a series needs at least one slot")]
    return numbers(column.cast(TIME, safe=False).cast(pa.int64())), []


def spacing_faults(start: NDArray[np.int64], clock: SlotClock, place: str) -> list[Fault]:
    """What keeps instants (µs) from being the slots of `clock`, one after another."""
    step = clock.seconds * 1_000_000
    usual = usual_distance(start)
    if usual > 0 and usual != step:
        what = f"has values every {usual / 60_000_000:g} min; the community's slots have {clock.minutes} min"
        return [Fault(place, what, "set slot_minutes to fit, or make the series anew with sunfair import csv")]
    faults = []
    off = np.flatnonzero(start % step)
    if len(off):
        what = f"holds {iso(start[off[0]])}, which is no start of a slot of {clock.minutes} min{_more(len(off))}"
        faults.append(Fault(place, what, "slots start at whole multiples of their length, in UTC"))
    return faults + uneven_faults(start, step, place)


def uneven_faults(start: NDArray[np.int64], step: int, place: str) -> list[Fault]:
    """Where instants (µs) do not follow each other at the distance `step`."""
    apart = np.diff(start)
    return [
        *_listed(apart <= 0, lambda at: _repeated(start, at), place, "sort the rows and keep one for each time"),
        *_listed(
            (apart > 0) & (apart < step),
            lambda at: f"overlaps: {iso(start[at + 1])} lies in the interval that starts at {iso(start[at])}",
            place,
            "keep one row for each interval",
        ),
        *_listed(
            apart > step,
            lambda at: f"has a gap: after {iso(start[at])} comes {iso(start[at + 1])} ({_missing(apart[at], step)})",
            place,
            "fill it, or cut the series there",
        ),
    ]


def usual_distance(start: NDArray[np.int64]) -> int:
    """The distance between neighbours that occurs most often, 0 for a single one."""
    values, counts = np.unique(np.diff(start), return_counts=True)
    return int(values[np.argmax(counts)]) if len(values) else 0


def _missing(apart: int, step: int) -> str:
    values = max(1, int(apart) // step - 1)
    return f"{values} value{'s' if values > 1 else ''} missing"


def _repeated(start: NDArray[np.int64], at: int) -> str:
    if start[at] == start[at + 1]:
        return f"overlaps: {iso(start[at])} stands twice"
    return f"goes back in time: after {iso(start[at])} comes {iso(start[at + 1])}"


def _listed(where: NDArray[np.bool_], say: Callable[[int], str], place: str, mend: str) -> list[Fault]:
    """A fault each for the first few places, the last of them telling how many more there are."""
    places = np.flatnonzero(where)
    faults = [Fault(place, say(int(at)), mend) for at in places[:_SHOWN]]
    if len(places) > _SHOWN:
        faults[-1] = Fault(place, faults[-1].what + _more(len(places) - _SHOWN + 1), mend)
    return faults


def _more(count: int) -> str:
    return f", and {count - 1} more like it" if count > 1 else ""


def _numbers(
    table: pa.Table, name: str, measure: Measure, start: NDArray[np.int64], place: str
) -> tuple[NDArray[np.int64] | None, list[Fault]]:
    """A column as whole numbers within its measure's range."""
    column = table.column(name)
    unit = (table.schema.field(name).metadata or {}).get(b"unit", measure.unit.encode()).decode(errors="replace")
    if unit != measure.unit:
        return None, [Fault(place, f"says it is in {unit}; it must be in {measure.unit}", measure.slip)]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return None, [Fault(place, f"is of type {column.type}; it must be whole {measure.unit}", measure.slip)]
    if column.null_count:
        column = pc.fill_null(column.cast(pa.float64(), safe=False), float("nan"))
    return _whole(numbers(column), measure, start, place)


def numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    """A column of numbers without nulls, read-only."""
    # `to_numpy` would import pandas where it is installed, which takes a second.
    return np.from_dlpack(column.combine_chunks())


def _whole(
    values: NDArray[np.generic], measure: Measure, start: NDArray[np.int64], place: str
) -> tuple[NDArray[np.int64] | None, list[Fault]]:
    faults = list(_value_faults(values, measure, start, place))
    return (None, faults) if faults else (values.astype(np.int64), [])


def _value_faults(
    values: NDArray[np.generic], measure: Measure, start: NDArray[np.int64], place: str
) -> Iterator[Fault]:
    numbers = values.astype(np.float64)  # exact up to 2^53, far above every bound
    absent, infinite = np.isnan(numbers), np.isinf(numbers)
    sound = ~(absent | infinite)
    broken = np.zeros(len(numbers), np.bool_)
    broken[sound] = numbers[sound] != np.rint(numbers[sound])
    below = sound & (numbers < measure.low)
    above = sound & (numbers > measure.high)
    for where, what, mend in (
        (absent, "has no number (null or NaN)", "give every slot a number, 0 where nothing flowed"),
        (infinite, "is infinite", "give a number"),
        (broken, f"is not whole {measure.unit}", measure.slip),
        (below, "is negative" if measure.low == 0 else f"is below {measure.low}", ""),
        (above, f"is above {measure.high} {measure.unit}", measure.slip),
    ):
        places = np.flatnonzero(where)
        if len(places):
            first = places[0]
            shown = "" if absent[first] else f" ({numbers[first]:g})"
            yield Fault(place, f"{what}{shown} at {iso(start[first])}{_more(len(places))}", mend)


def series_table(
    first_slot: int, clock: SlotClock, columns: Mapping[str, NDArray[np.int64]], measure: Measure
) -> pa.Table:
    """Columns by slot as a table with `start` in UTC; int32 where the numbers fit."""
    length = len(next(iter(columns.values())))
    start = (first_slot + np.arange(length, dtype=np.int64)) * clock.seconds * 1_000_000
    fields, arrays = [pa.field("start", TIME, nullable=False)], [pa.array(start).cast(TIME)]
    for name, values in columns.items():
        small = not len(values) or max(abs(int(values.min())), abs(int(values.max()))) < 2**31
        kind = pa.int32() if small else pa.int64()
        fields.append(pa.field(name, kind, nullable=False, metadata={"unit": measure.unit}))
        arrays.append(pa.array(values).cast(kind))
    return pa.table(arrays, schema=pa.schema(fields))


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as a Parquet file: the same bytes for the same table (and release of pyarrow)."""
    sink = pa.BufferOutputStream()
    whole = {field.name for field in table.schema if pa.types.is_integer(field.type) or field.type == TIME}
    packed = {name: "DELTA_BINARY_PACKED" if name in whole else "PLAIN" for name in table.column_names}
    pq.write_table(
        table,
        sink,
        version="2.6",
        compression="zstd",
        compression_level=9,
        use_dictionary=False,
        column_encoding=packed,
        write_statistics=False,
        row_group_size=max(1, table.num_rows),
        data_page_version="2.0",
    )
    result: bytes = sink.getvalue().to_pybytes()
    return result
