"""The series that a community file names: read file by file, held against each other, laid out slot by slot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault
from sunfair.files.scenario_document import Document, Table
from sunfair.files.scenario_values import Reference
from sunfair.files.series import ENERGY, PRICE, Columns, Measure, iso, read_columns
from sunfair.model import Series
from sunfair.slots import SlotClock

__all__ = ["PEAK_FACTOR", "read_series"]

PEAK_FACTOR = 1.5
"""A roof never gives more than this times its rated power (cloud edges add about a third): else a unit is wrong."""

_MEAN_MAX_W = 1_000_000

Found = Mapping[str, Columns]


@dataclass(slots=True)
class _Wanted:
    """The columns of one file: what each holds and who names it first."""

    measures: dict[str, Measure] = field(default_factory=dict)
    askers: dict[str, str] = field(default_factory=dict)


def read_series(document: Document, folder: Path, clock: SlotClock) -> tuple[Series | None, list[Fault]]:
    """Load, roofs and prices of a document's members by slot, int64[T, n]; None if any fault was found."""
    wanted, clashes = _wanted(document)
    faults = list(clashes)
    found: dict[str, Columns] = {}
    for name, file in wanted.items():
        columns, wrong = read_columns(folder / name, name, file.measures, clock, file.askers)
        faults += wrong
        if columns is not None:
            found[name] = columns
    faults += _spans(found, clock)
    for member in document.members:
        faults += _plausible(member, found, clock)
    if not clashes:
        faults += _prices(document.tariff, found, clock)
    usable = not faults and found and not document.tariff.broken
    return (_series(document, found) if usable else None), faults


def _named(document: Document) -> Iterator[tuple[Reference, Measure, str]]:
    """Every series the document names: what it holds and where it is named."""
    for member in document.members:
        for key in ("load", "pv", "heat"):
            reference = member.reference(key)
            if reference is not None:
                yield reference, ENERGY, member.at(key)
    for key in ("retail", "feed_in"):
        reference = document.tariff.reference(key)
        if reference is not None:
            yield reference, PRICE, document.tariff.at(key)


def _wanted(document: Document) -> tuple[dict[str, _Wanted], list[Fault]]:
    wanted: dict[str, _Wanted] = {}
    faults = []
    for reference, measure, place in _named(document):
        file = wanted.setdefault(reference.file, _Wanted())
        asker = file.askers.setdefault(reference.column, place)
        other = file.measures.setdefault(reference.column, measure)
        if other is not measure:
            what = f"names {reference}, which {asker} uses as {other.unit}"
            faults.append(Fault(place, what, "one column cannot hold both energy and prices"))
    return wanted, faults


def _spans(found: Found, clock: SlotClock) -> Iterator[Fault]:
    """Files that cover another time than the first."""
    if not found:
        return
    first_name, first = next(iter(found.items()))
    from_slot = max(columns.first_slot for columns in found.values())
    to_slot = min(columns.first_slot + columns.length for columns in found.values())
    mend = f"cut all to {_between(from_slot, to_slot, clock)}" if from_slot < to_slot else "they have no time in common"
    for name, columns in found.items():
        if (columns.first_slot, columns.length) != (first.first_slot, first.length):
            shown = [_between(item.first_slot, item.first_slot + item.length, clock) for item in (columns, first)]
            yield Fault(name, f"covers {shown[0]}, but {first_name} covers {shown[1]}", mend)


def _between(first: int, end: int, clock: SlotClock) -> str:
    return f"{_start(first, clock)} to {_start(end, clock)}"


def _start(slot: int, clock: SlotClock) -> str:
    return iso(slot * clock.seconds * 1_000_000)


def _values(found: Found, reference: Reference | None) -> NDArray[np.int64] | None:
    if reference is None or reference.file not in found:
        return None
    return found[reference.file].values.get(reference.column)


def _plausible(member: Table, found: Found, clock: SlotClock) -> Iterator[Fault]:
    """Numbers that are possible as such, but not at this member: most often another unit."""
    hours = clock.minutes / 60
    load = _values(found, member.reference("load"))
    if load is not None and load.mean() / hours > _MEAN_MAX_W:
        what = f"takes {load.mean() / hours / 1000:,.0f} kW on average, more than 1000 kW"
        yield Fault(member.at("load"), what, "is the series really in Wh per slot?")
    roof = _values(found, member.reference("pv"))
    rated = member.whole("pv_kwp")
    if roof is not None and rated and int(roof.max()) > PEAK_FACTOR * rated * hours + 1:
        what = f"gives up to {roof.max() / hours / 1000:,.1f} kW, but pv_kwp is {rated / 1000:g}"
        yield Fault(member.at("pv"), what, "is the series really in Wh per slot, and of this roof?")


def _prices(tariff: Table, found: Found, clock: SlotClock) -> Iterator[Fault]:
    """Slots whose feed-in price is above retail, where one of them is a series."""
    retail, feed_in = (_price(tariff, key, found) for key in ("retail", "feed_in"))
    if retail is None or feed_in is None or len(retail) == len(feed_in) == 1:
        return
    if len(retail) != len(feed_in) and min(len(retail), len(feed_in)) > 1:
        return
    above = np.flatnonzero(feed_in > retail)
    series = next(tariff.reference(key) for key in ("retail", "feed_in") if tariff.reference(key) is not None)
    if len(above) and series is not None:
        slot = found[series.file].first_slot + int(above[0])
        more = f", and {len(above) - 1} more slots like it" if len(above) > 1 else ""
        what = f"is above retail in the slot at {_start(slot, clock)}{more}"
        yield Fault(tariff.at("feed_in"), what, "feed_in is at most retail")


def _price(tariff: Table, key: str, found: Found) -> NDArray[np.int64] | None:
    value = tariff.values.get(key)
    return np.array([value], np.int64) if isinstance(value, int) else _values(found, tariff.reference(key))


def _series(document: Document, found: Found) -> Series:
    first = next(iter(found.values()))
    length, size = first.length, len(document.members)
    arrays = {}
    for key in ("load", "pv", "heat"):
        array = np.zeros((length, size), np.int64)
        for index, member in enumerate(document.members):
            values = _values(found, member.reference(key))
            if values is not None:
                array[:, index] = values
        arrays[key] = array
    prices = []
    for key in ("retail", "feed_in"):
        price = _price(document.tariff, key, found)
        assert price is not None
        prices.append(np.ascontiguousarray(np.broadcast_to(price, (length,))))
    return Series(first.first_slot, arrays["load"], arrays["pv"], prices[0], prices[1], arrays["heat"])
