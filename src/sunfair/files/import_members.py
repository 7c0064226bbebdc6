"""members.csv of an import: who the members are, read by the same rules as a community file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sunfair.errors import Fault
from sunfair.files.attributes import Attribute, Kind, attributes_of
from sunfair.files.import_table import read_rows
from sunfair.files.scenario_document import Table
from sunfair.files.scenario_rules import battery_faults, shared_names
from sunfair.files.scenario_values import Value, near, read_value

__all__ = ["COLUMNS", "OWNER_COLUMNS", "read_members"]

COLUMNS = (
    "id",
    "meter",
    "bus",
    "phase",
    "pv_kwp",
    "battery_kwh",
    "battery_kw",
    "battery_charge_eff",
    "battery_discharge_eff",
    "battery_reserve_kwh",
    "strategy",
    "shape",
)
"""The columns that members.csv may have, with the meaning they have in a community file; `id` it must."""

OWNER_COLUMNS = ("neighbour_share", "floor_price", "ceiling_price", "max_loss")
"""Columns of the owner's rules, as in ``[member.owner]``."""


def read_members(path: Path) -> tuple[tuple[Table, ...], list[Fault]]:
    """The members in a CSV file, a table each, and every fault; an empty cell is a key left out."""
    name = path.name
    header, rows, faults = read_rows(path)
    columns = (*COLUMNS, *OWNER_COLUMNS)
    for column in header:
        if column and column not in columns:
            faults.append(Fault(f"{name} line 1 '{column}'", "is no column of members.csv", near(column, columns)))
    if header and "id" not in header:
        faults.append(Fault(f"{name} line 1", "has no column 'id'", "add it: the members' names"))
        return (), faults
    members = []
    for line, row in rows:
        place, cells = f"{name} line {line}", dict(zip(header, row, strict=True))
        if not cells["id"]:
            faults.append(Fault(f"{place} 'id'", "is empty", "name the member"))
        own = _table("member.owner", cells, OWNER_COLUMNS, place, faults)
        member = _table("member", cells, COLUMNS, place, faults)
        members.append(replace(member, inner={"owner": (own,)} if own.values else {}))
    for member in members:
        faults += battery_faults(member)
    return tuple(members), faults + shared_names(members)


def _table(table: str, cells: Mapping[str, str], columns: Sequence[str], place: str, faults: list[Fault]) -> Table:
    """The keys of one table among a row's cells."""
    known = attributes_of(table)
    values: dict[str, Value] = {}
    broken = set()
    for column in columns:
        if cells.get(column):
            value = read_value(_raw(cells[column], known[column]), known[column], place)
            if isinstance(value, Fault):
                faults.append(value)
                broken.add(column)
            else:
                values[column] = value
    return Table(place, values, frozenset(broken))


def _raw(cell: str, attribute: Attribute) -> Any:
    """A cell as TOML would have read it."""
    if attribute.kind in (Kind.WHOLE, Kind.DECIMAL):
        try:
            number = Decimal(cell)
        except InvalidOperation:
            return cell
        return int(number) if number.is_finite() and number == number.to_integral_value() else number
    return cell
