"""What the CSV files of an import hold, and what they must be to each other before a number is converted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sunfair.errors import Fault
from sunfair.files.import_members import read_members
from sunfair.files.import_prices import price_faults
from sunfair.files.import_regrid import watts
from sunfair.files.import_table import TimeTable, read_time_table
from sunfair.files.scenario_document import Table
from sunfair.files.scenario_values import near

__all__ = ["Source", "implausible", "read_source"]

_MEAN_MAX_W = 1_000_000
_YEAR_H = 8_760


@dataclass(slots=True)
class Source:
    """Members, load, roofs and prices as read; what could not be read is absent and among the faults."""

    members: tuple[Table, ...] = ()
    load: TimeTable | None = None
    roofs: TimeTable | None = None
    prices: TimeTable | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def energy(self) -> dict[str, TimeTable]:
        """The tables of readings by file name."""
        tables = {"load.csv": self.load, "pv.csv": self.roofs}
        return {name: table for name, table in tables.items() if table is not None}


def read_source(folder: Path) -> Source:
    """Read the four files of a folder, two of which may be absent, with every fault."""
    source = Source()
    source.members, faults = read_members(folder / "members.csv")
    source.faults += faults
    source.load, faults = read_time_table(folder / "load.csv", negative=False)
    source.faults += faults
    if (folder / "pv.csv").exists():
        source.roofs, faults = read_time_table(folder / "pv.csv", negative=False)
        source.faults += faults
    if (folder / "prices.csv").exists():
        source.prices, faults = read_time_table(folder / "prices.csv", negative=True)
        source.faults += faults
        source.faults += price_faults(source.prices) if source.prices is not None else []
    source.faults += [*_strangers(source), *_absent(source, (folder / "pv.csv").exists())]
    return source


def _strangers(source: Source) -> Iterator[Fault]:
    """Columns that are no member."""
    ids = [member.text("id") for member in source.members if member.text("id")]
    for name, table in source.energy.items() if ids else ():
        for column in table.names:
            if column not in ids:
                yield Fault(f"{name} column '{column}'", "is no member of members.csv", near(column, ids))


def _absent(source: Source, roofs_there: bool) -> Iterator[Fault]:
    """Members without a series they need; silent about a file that could not be read."""
    for member in source.members:
        identity = member.text("id")
        if source.load is not None and identity and identity not in source.load.names:
            yield Fault(member.at("id"), f"'{identity}' has no column in load.csv", "add it; zeros if it uses nothing")
        known = source.roofs.names if source.roofs is not None else ()
        if member.whole("pv_kwp") and identity not in known and (source.roofs is not None or not roofs_there):
            what = f"'{identity}' has a roof, but no column in pv.csv"
            yield Fault(member.at("pv_kwp"), what, "add the column, or leave pv_kwp empty")


def implausible(source: Source, unit: str) -> Iterator[Fault]:
    """Columns whose readings cannot be in this unit."""
    for file, table in source.energy.items():
        means = np.mean(table.values, axis=0) * watts(unit, table.interval_s)
        for column, mean in zip(table.names, means.tolist(), strict=True):
            place, mend = f"{file} column '{column}'", "is it in another unit? Say which with unit"
            if mean > _MEAN_MAX_W:
                yield Fault(place, f"is {mean / 1000:,.0f} kW on average if it is in {unit}, more than 1000 kW", mend)
            elif 0 < mean * _YEAR_H < 1:
                yield Fault(place, f"is less than 1 Wh in a year if it is in {unit}", mend)
