"""When cars stand at their home chargers: a Parquet table of visits beside the community file."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sunfair.errors import Fault
from sunfair.files.scenario_document import Document
from sunfair.files.series import ENERGY, TIME, instants, iso, numbers, read_table
from sunfair.model import Visits
from sunfair.slots import SlotClock

__all__ = ["VISIT_COLUMNS", "read_visits", "visits_table"]

VISIT_COLUMNS = ("member", "arrive", "depart", "need_wh")


def read_visits(document: Document, folder: Path, clock: SlotClock) -> tuple[Visits, list[Fault]]:
    """All visits of a document's members, in slots (arrival rounded up, departure down), and every fault."""
    if any("id" in member.broken for member in document.members):
        return Visits.none(), []  # whose visits they are cannot be known
    askers: dict[str, dict[str, int]] = {}
    for index, member in enumerate(document.members):
        name = member.text("ev")
        if name:
            askers.setdefault(name, {})[member.text("id")] = index
    parts, faults = [], []
    for name, members in askers.items():
        asker = document.members[next(iter(members.values()))].at("ev")
        part, wrong = _read(folder / name, name, members, asker, clock)
        faults += wrong
        parts.append(part)
    columns = [np.concatenate([getattr(part, key) for part in parts]) for key in _KEYS] if parts else []
    if faults or not columns:
        return Visits.none(), faults
    order = np.lexsort((columns[0], columns[1]))
    return Visits(*(column[order] for column in columns)), faults


_KEYS = ("member", "arrive", "depart", "need_wh")


def _read(
    path: Path, name: str, members: Mapping[str, int], asker: str, clock: SlotClock
) -> tuple[Visits, list[Fault]]:
    table, faults = read_table(path, name, dict.fromkeys(VISIT_COLUMNS, asker))
    if table is None or faults:
        return Visits.none(), faults
    arrive, wrong_arrive = instants(table, "arrive", name) if table.num_rows else (np.empty(0, np.int64), [])
    depart, wrong_depart = instants(table, "depart", name) if table.num_rows else (np.empty(0, np.int64), [])
    owners, wrong_owner = _owners(table, name, members)
    need, wrong_need = _need(table, name)
    faults = [*wrong_arrive, *wrong_depart, *wrong_owner, *wrong_need]
    if arrive is None or depart is None or faults:
        return Visits.none(), faults
    step = clock.seconds * 1_000_000
    faults = [*_stays(arrive, depart, step, name), *_doubles(owners, arrive, depart, list(members), name)]
    return Visits(owners, -(-arrive // step), depart // step, need), faults


def _owners(table: pa.Table, name: str, members: Mapping[str, int]) -> tuple[NDArray[np.int32], list[Fault]]:
    """The member index of each visit."""
    place = f"{name} column 'member'"
    column = table.column("member")
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return np.empty(0, np.int32), [Fault(place, f"is of type {column.type}; it must be the members' ids")]
    ids = column.to_pylist()
    strange = {str(owner): None for owner in ids if owner not in members}
    mend = f'give the member ev = "{name}", or take its visits out'
    faults = [Fault(place, f"holds '{owner}', which is no member with this table", mend) for owner in [*strange][:5]]
    return np.array([members.get(owner, -1) for owner in ids], np.int32), faults


def _need(table: pa.Table, name: str) -> tuple[NDArray[np.int64], list[Fault]]:
    place = f"{name} column 'need_wh'"
    column = table.column("need_wh")
    if not pa.types.is_integer(column.type) or column.null_count:
        return np.empty(0, np.int64), [Fault(place, "must be whole Wh in every row", ENERGY.slip)]
    values = numbers(column).astype(np.int64)
    wrong = np.flatnonzero((values < 0) | (values > ENERGY.high))
    if len(wrong):
        return values, [Fault(place, f"holds {values[wrong[0]]} in row {wrong[0] + 1}", f"from 0 to {ENERGY.high} Wh")]
    return values, []


def _stays(arrive: NDArray[np.int64], depart: NDArray[np.int64], step: int, name: str) -> Iterator[Fault]:
    short = np.flatnonzero(-(-arrive // step) >= depart // step)
    if len(short):
        at = short[0]
        what = f"holds a stay without a whole slot, from {iso(arrive[at])} to {iso(depart[at])} (row {at + 1})"
        more = f", and {len(short) - 1} more like it" if len(short) > 1 else ""
        yield Fault(f"{name} columns 'arrive', 'depart'", what + more, "a car leaves after it has come")


def _doubles(
    owners: NDArray[np.int32], arrive: NDArray[np.int64], depart: NDArray[np.int64], ids: list[str], name: str
) -> Iterator[Fault]:
    """Visits of one car that overlap."""
    order = np.lexsort((arrive, owners))
    who, come, go = owners[order], arrive[order], depart[order]
    both = np.flatnonzero((who[1:] == who[:-1]) & (come[1:] < go[:-1]))
    for at in both[:3]:
        row = order[at + 1] + 1
        what = f"overlaps: a car comes at {iso(come[at + 1])} (row {row}) before it left at {iso(go[at])}"
        yield Fault(f"{name} column 'arrive'", what, "one car, one visit at a time")


def visits_table(visits: Visits, ids: list[str], clock: SlotClock) -> pa.Table:
    """Visits as a table with the members' ids and times in UTC."""
    fields = [
        pa.field("member", pa.string(), nullable=False),
        pa.field("arrive", TIME, nullable=False),
        pa.field("depart", TIME, nullable=False),
        pa.field("need_wh", pa.int64(), nullable=False, metadata={"unit": ENERGY.unit}),
    ]
    step = clock.seconds * 1_000_000
    arrays = [
        pa.array([ids[index] for index in visits.member], pa.string()),
        pa.array(visits.arrive * step).cast(TIME),
        pa.array(visits.depart * step).cast(TIME),
        pa.array(visits.need_wh, pa.int64()),
    ]
    return pa.table(arrays, schema=pa.schema(fields))
