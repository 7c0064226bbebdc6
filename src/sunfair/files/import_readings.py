"""From the tables of an import to the members' load and roofs by slot."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault
from sunfair.files.import_regrid import micro_wh, to_slots
from sunfair.files.import_source import Source
from sunfair.files.import_table import TimeTable
from sunfair.files.scenario_document import Table
from sunfair.files.scenario_rules import members_of
from sunfair.files.scenario_series import PEAK_FACTOR
from sunfair.files.series import iso
from sunfair.model import Member
from sunfair.slots import SlotClock

__all__ = ["Readings", "readings_of", "remarks", "roofs_of"]

_YEAR_MIN = 525_600
_LITTLE_KWH = 100


@dataclass(frozen=True, slots=True)
class Readings:
    """Load and roofs by slot from `first` on, int64[T, n] Wh, in the members' order."""

    first: int
    load_wh: NDArray[np.int64]
    pv_wh: NDArray[np.int64]


def readings_of(source: Source, unit: str, clock: SlotClock) -> tuple[Readings, list[Fault]]:
    """The readings of a source without faults by slot, and what keeps its files from each other."""
    slots: dict[str, tuple[int, NDArray[np.int64]]] = {}
    for file, table in source.energy.items():
        energy = micro_wh(table.values, unit, table.interval_s)
        slots[file] = to_slots(energy, table.start_s, table.interval_s, clock.seconds)
    empty = [file for file, (_, values) in slots.items() if not len(values)]
    what = f"covers no whole slot of {clock.minutes} min"
    faults = [Fault(file, what, "add rows, or choose shorter slots") for file in empty]
    faults += _spans(source, {(first, len(values)) for first, values in slots.values()})
    first, load = slots["load.csv"]
    pv = slots["pv.csv"][1] if "pv.csv" in slots else load[:, :0]
    parts = [
        _by_member(values, table.names if table is not None else (), source.members)
        for values, table in ((load, source.load), (pv, source.roofs))
    ]
    return Readings(first, parts[0], parts[1]), faults


def _spans(source: Source, spans: set[tuple[int, int]]) -> Iterator[Fault]:
    """Load and roofs that do not cover the same slots."""
    if len(spans) > 1 and source.load is not None and source.roofs is not None:
        what = f"covers {_span(source.roofs)}, but load.csv covers {_span(source.load)}"
        yield Fault("pv.csv", what, "cut both to the same time")


def _span(table: TimeTable) -> str:
    return f"{iso(table.start_s * 1_000_000)} to {iso(table.end_s * 1_000_000)}"


def _by_member(values: NDArray[np.int64], names: tuple[str, ...], members: tuple[Table, ...]) -> NDArray[np.int64]:
    """Columns in the members' order, zeros where there is none."""
    at = {name: index for index, name in enumerate(names)}
    result = np.zeros((len(values), len(members)), np.int64)
    for index, member in enumerate(members):
        if member.text("id") in at:
            result[:, index] = values[:, at[member.text("id")]]
    return result


def roofs_of(
    tables: tuple[Table, ...], pv_wh: NDArray[np.int64], clock: SlotClock
) -> tuple[tuple[Member, ...], list[Fault], list[str]]:
    """The members; roofs that members.csv does not rate are rated by their highest production."""
    members: list[Member] = []
    faults, guessed = [], 0
    peaks = pv_wh.max(axis=0) * 60 // clock.minutes
    for table, member, peak in zip(tables, members_of(tables, clock), peaks.tolist(), strict=True):
        rated = member.pv_wp or -(-peak // 100) * 100
        guessed += rated != member.pv_wp
        if peak > PEAK_FACTOR * rated + 60 / clock.minutes:
            what = f"is {rated / 1000:g}, but pv.csv goes up to {peak / 1000:,.1f} kW"
            faults.append(Fault(table.at("pv_kwp"), what, "is pv.csv in another unit? Say which with unit"))
        members.append(replace(member, pv_wp=rated))
    told = f"pv_kwp of {guessed} roofs is not given: it was set to the highest production in pv.csv."
    return tuple(members), faults, [told] if guessed else []


def remarks(source: Source, readings: Readings, clock: SlotClock) -> Iterator[str]:
    """Readings that are possible, but that the user should know about."""
    for file, table in source.energy.items():
        rest = table.end_s - table.start_s - len(readings.load_wh) * clock.seconds
        if rest:
            yield f"{rest / 60:g} min at the ends of {file} fill no slot of {clock.minutes} min and were left out."
    kwh = readings.load_wh.sum(axis=0) / 1000 * (_YEAR_MIN / clock.minutes / len(readings.load_wh))
    if 0 < kwh.mean() < _LITTLE_KWH:
        yield f"The members use {kwh.mean():.1f} kWh a year on average: is load.csv in another unit?"
    idle = [member.text("id") for member, use in zip(source.members, kwh.tolist(), strict=True) if use == 0]
    if idle:
        yield f"{len(idle)} members use nothing at all: {', '.join(idle[:5])}{' …' if len(idle) > 5 else ''}."
