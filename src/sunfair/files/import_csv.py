"""A community from a folder of CSV files: a user's own meters, in Wh, kWh, W or kW, at 5 to 60 minutes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sunfair.errors import Fault, ImportFault
from sunfair.files.import_prices import prices_of
from sunfair.files.import_readings import readings_of, remarks, roofs_of
from sunfair.files.import_regrid import UNITS, slot_minutes_for
from sunfair.files.import_source import Source, implausible, read_source
from sunfair.files.scenario_rules import UNPLACED, sessions_of
from sunfair.files.scenario_values import near
from sunfair.files.scenario_write import folder_faults, render_scenario, write_folder
from sunfair.model import Community, Mechanism, Member, Scenario, Series, Session, Visits
from sunfair.slots import SLOT_MINUTES, SlotClock, zone

__all__ = ["Imported", "import_csv", "imported"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote: the folder, its size, the time its series cover, and remarks the user should read."""

    folder: Path
    members: int
    slots: int
    start: datetime
    end: datetime
    notices: tuple[str, ...] = ()


def import_csv(
    folder: Path | str,
    *,
    out: Path | str,
    unit: str = "Wh",
    slot_minutes: int | None = None,
    timezone: str = "UTC",
    name: str | None = None,
) -> Imported:
    """Make a community in `out` from `members.csv`, `load.csv`, `pv.csv` and `prices.csv` in `folder`.

    unit : Wh or kWh (an interval's total) or W or kW (its mean power), of load.csv and pv.csv alike
    slot_minutes : 5, 15, 30 or 60; by default the interval of load.csv, or the shortest slot made of whole intervals
    timezone : IANA zone whose civil days the bills follow; the times in the files have their own offsets
    name : the community's name; by default the folder's

    `out` must be absent or empty and appears whole or not at all. Raises ImportFault with every fault of all files.
    """
    folder, out = Path(folder), Path(out)
    source = read_source(folder) if folder.is_dir() else Source()
    faults = [*_arguments(folder, unit, slot_minutes, timezone), *folder_faults(out), *source.faults]
    if unit in UNITS:
        faults += implausible(source, unit)
    if faults or source.load is None:
        raise _error(folder, faults)
    clock = SlotClock(slot_minutes or slot_minutes_for(source.load.interval_s), timezone)
    scenario = _scenario(folder, source, unit, clock, name or folder.resolve().name)
    # What is told of an import would be untrue as soon as its files are edited, so none of it is written into them.
    write_folder(render_scenario(replace(scenario, notices=())), out)
    return imported(out, scenario)


def imported(folder: Path, scenario: Scenario) -> Imported:
    """The account of a scenario that was written to `folder`."""
    clock, series = scenario.community.clock, scenario.series
    return Imported(
        folder,
        scenario.community.size,
        len(series.retail),
        clock.start(series.first_slot),
        clock.start(series.end_slot),
        scenario.notices,
    )


def _error(folder: Path, faults: list[Fault]) -> ImportFault:
    count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
    return ImportFault(f"No community can be made from {folder}: {count}; nothing was written.", faults)


def _arguments(folder: Path, unit: str, slot_minutes: int | None, timezone: str) -> Iterator[Fault]:
    if not folder.is_dir():
        yield Fault(str(folder), "is no folder", "name the folder that holds members.csv and load.csv")
    if unit not in UNITS:
        yield Fault("unit", f"'{unit}' is no unit of readings", near(unit, UNITS))
    if slot_minutes is not None and slot_minutes not in SLOT_MINUTES:
        listed = ", ".join(str(minutes) for minutes in SLOT_MINUTES)
        yield Fault("slot_minutes", f"{slot_minutes} is no length of a slot", f"use one of {listed}")
    try:
        zone(timezone)
    except ValueError as error:
        yield Fault("timezone", str(error))


def _scenario(folder: Path, source: Source, unit: str, clock: SlotClock, name: str) -> Scenario:
    """The readings by slot and the community around them."""
    readings, faults = readings_of(source, unit, clock)
    count = len(readings.load_wh)
    retail, feed_in, wrong, prices_told = prices_of(source.prices, readings.first, count, clock)
    faults += wrong
    if faults:
        raise _error(folder, faults)
    members, wrong, roofs_told = roofs_of(source.members, readings.pv_wh, clock)
    if wrong:
        raise _error(folder, wrong)
    community, told = _community(name, members, clock)
    notices = (*told, *roofs_told, *prices_told, *remarks(source, readings, clock))
    series = Series(readings.first, readings.load_wh, readings.pv_wh, retail, feed_in)
    return Scenario(community, series, Visits.none(), None, notices)


def _community(name: str, members: tuple[Member, ...], clock: SlotClock) -> tuple[Community, list[str]]:
    sessions, mechanism, notices = sessions_of(len(members), tuple(Session), Mechanism.UNIFORM)
    if clock.timezone == "UTC":
        notices.append("Bills follow days in UTC; name the site's zone with timezone, e.g. Europe/Berlin.")
    if any(member.bus is not None or member.phase is not None for member in members):
        notices.append(UNPLACED)
    return Community(name, members, clock, sessions, mechanism), notices
