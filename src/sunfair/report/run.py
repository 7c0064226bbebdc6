"""A run's folder as arrays, read for its report. What an interrupted run lacks is empty here, not an error."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sunfair.errors import Fault, RunFilesError
from sunfair.files import MeterRows, load_community, meter_rows
from sunfair.model import FIRST_MEMBER, Community
from sunfair.settlement import Meters

__all__ = ["Numbers", "Run", "Span", "open_run"]

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive slots of a run: places ``start … stop − 1`` of `Run.slot`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Number of slots."""
        return self.stop - self.start

    @property
    def places(self) -> slice:
        """For indexing arrays along `Run.slot`."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, eq=False)
class Run:
    """What a folder holds; tables are read when they are asked for.

    summary : `summary.json`, empty where an interrupted run has none
    slot    : int64[T], ascending
    """

    folder: Path
    community: Community
    summary: Mapping[str, Any]
    slot: Numbers

    @property
    def homes(self) -> int:
        """Number of members, n."""
        return self.community.size

    @property
    def whole(self) -> Span:
        """All slots."""
        return Span(0, len(self.slot))

    @property
    def partial(self) -> bool:
        """Whether the run was interrupted."""
        return bool(self.summary.get("partial", not self.summary))

    @cached_property
    def days(self) -> list[tuple[date, Span]]:
        """The civil days of the run and their slots; the last one may be cut short."""
        dates = [self.community.clock.date_of(int(slot)) for slot in self.slot]
        starts = [at for at, day in enumerate(dates) if at == 0 or day != dates[at - 1]]
        ends = [*starts, len(dates)][1:]
        return [(dates[a], Span(a, b)) for a, b in zip(starts, ends, strict=True)]

    def has(self, name: str) -> bool:
        """Whether the folder holds this table."""
        return (self.folder / f"{name}.parquet").is_file()

    def table(self, name: str, columns: Sequence[str], span: Span | None = None) -> pa.Table:
        """Columns of a table, all of it or the slots of `span`."""
        if span is None:
            return _read(self.folder, name, columns)
        first, last = int(self.slot[span.start]), int(self.slot[span.stop - 1])
        wanted = list(dict.fromkeys([*columns, "slot"]))
        return _read(self.folder, name, wanted).filter((pc.field("slot") >= first) & (pc.field("slot") <= last))

    def meters(self, span: Span) -> MeterRows:
        """The meters of the members in the slots of `span`, gaps that began before it included."""
        names = ["slot", "account", "import_wh", "export_wh", "late"]
        readings = self.table("readings", names)
        slot = readings["slot"].to_numpy().astype(np.int64)
        # Where every meter was read, no gap is open: nothing before the last such slot needs to be looked at.
        whole = np.flatnonzero(np.bincount(np.searchsorted(self.slot, slot), minlength=1)[: span.start] == self.homes)
        start, before = (0, None) if not len(whole) else (int(whole[-1]) + 1, int(self.slot[whole[-1]]))
        known = None if before is None else readings.filter(pc.field("slot") == before)
        registers = None if known is None else [np.asarray(known[name]).astype(np.int64) for name in names[2:4]]
        window = slice(start, span.stop)
        slots = self.table("slots", ["retail", "feed_in"])
        retail, feed_in = (np.asarray(slots[name]).astype(np.int64)[window] for name in ("retail", "feed_in"))
        state = None if registers is None else Meters.at(registers[0], registers[1])
        found = meter_rows(readings, self.slot[window], (retail, feed_in), self.homes, state)
        return found.part(slice(span.start - start, span.stop - start))

    def ints(self, name: str, columns: Sequence[str], span: Span | None = None) -> dict[str, Numbers]:
        """Integer columns of `rows` (int64[T, n + 3]) or of a table with a row per member (int64[T, n]).

        Raises RunFilesError if the table does not hold one row per account and slot.
        """
        table = self.table(name, columns, span)
        width = self.homes + (FIRST_MEMBER if name == "rows" else 0)
        length = (span or self.whole).length
        if len(table) != length * width:
            what = f"holds {len(table)} rows; {length} slots of {width} accounts make {length * width}"
            raise _unusable(f"{name}.parquet", what)
        return {
            column: table[column].to_numpy(zero_copy_only=False).astype(np.int64).reshape(length, width)
            for column in columns
        }


def open_run(folder: Path) -> Run:
    """Open a run's folder, finished or ``.partial``.

    Raises RunFilesError if its community or its slots are absent or cannot be read.
    """
    if not (folder / "community.toml").is_file():
        raise _unusable("community.toml", "is absent")
    slots = _read(folder, "slots", ["slot"])["slot"].to_numpy().astype(np.int64)
    return Run(folder, load_community(folder / "community.toml"), _summary(folder / "summary.json"), slots)


def _unusable(place: str, what: str) -> RunFilesError:
    mend = "is this the folder of a run? `sunfair demo` writes a new one"
    return RunFilesError("No report can be made of this folder.", [Fault(place, what, mend)])


def _summary(path: Path) -> dict[str, Any]:
    """The summary; an interrupted run may have none, or half of one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(folder: Path, name: str, columns: Sequence[str]) -> pa.Table:
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise _unusable(path.name, "is absent")
    try:
        table = pq.ParquetFile(path).read(columns=list(columns))
    except (pa.ArrowException, OSError) as error:
        raise _unusable(path.name, f"cannot be read as Parquet: {error}") from error
    missing = [column for column in columns if column not in table.column_names]
    if missing:
        raise _unusable(path.name, f"lacks {', '.join(missing)}")
    return table
