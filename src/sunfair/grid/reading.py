"""From JSON text to arrays in power-grid-model's input layout, collecting every fault on the way.

The layout is power-grid-model's own (`json_serialize`, both its named and its compact form); its reader stops at
the first fault, this one goes on. Attributes the layout does not know are extra information and are skipped.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from power_grid_model import initialize_array

from sunfair.errors import Fault

__all__ = ["COMPONENTS", "Reading", "Table", "read"]

COMPONENTS = ("node", "line", "transformer", "source", "asym_load")
"""The components a network may hold; every one of them but `line` must be there."""

_TOO_LARGE = 10**300

Table = NDArray[np.void]
Row = Mapping[str, Any]


@dataclass(slots=True)
class Reading:
    """Tables read so far, names of the nodes in file order, and all faults found."""

    tables: dict[str, Table] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, place: str, what: str, mend: str = "") -> None:
        """Note one fault."""
        self.faults.append(Fault(place, what, mend))


def read(text: str) -> Reading:
    """Read a network's JSON text; a value that cannot be read becomes a missing one and a fault."""
    reading = Reading()
    try:
        root = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        reading.fault("network", f"is not JSON: {error}", "write it with power_grid_model.utils.json_serialize")
        return reading
    data = _data(root, reading)
    if data is None:
        return reading
    for component in data:
        if component not in COMPONENTS:
            reading.fault(component, "is not a component of a network here", f"use {', '.join(COMPONENTS)} only")
    for component in COMPONENTS:
        rows = _rows(component, data.get(component, []), _attributes(root, component), reading)
        reading.tables[component] = _table(component, rows, reading)
        if component == "node":
            reading.names = [str(row.get("name") or row.get("id", "")) for row in rows]
    return reading


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a JSON number")


def _data(root: object, reading: Reading) -> Mapping[str, Any] | None:
    """The component lists of a single input dataset, None if there are none."""
    mend = "write it with power_grid_model.utils.json_serialize"
    data = root.get("data") if isinstance(root, dict) else None
    if not isinstance(root, dict) or not isinstance(data, dict):
        reading.fault("network", "holds no component lists under `data`", mend)
        return None
    if root.get("type", "input") != "input" or root.get("is_batch", False):
        reading.fault("network", "is not one input dataset (`type` must be input, `is_batch` false)", mend)
    return data


def _attributes(root: object, component: str) -> list[str]:
    """The column names of the compact form, empty if the component is written in the named form."""
    listed = root.get("attributes") if isinstance(root, dict) else None
    names = listed.get(component) if isinstance(listed, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []


def _rows(component: str, listed: object, attributes: list[str], reading: Reading) -> list[Row]:
    """The rows of a component, as mappings whichever form they are written in."""
    if not isinstance(listed, list):
        reading.fault(component, "is not a list")
        return []
    rows: list[Row] = []
    for index, row in enumerate(listed):
        if isinstance(row, dict):
            rows.append(row)
        elif isinstance(row, list) and attributes and len(row) == len(attributes):
            rows.append(dict(zip(attributes, row, strict=True)))
        else:
            reading.fault(f"{component}[{index}]", "is neither an object nor a list with one value per attribute")
    return rows


def _table(component: str, rows: list[Row], reading: Reading) -> Table:
    """The rows as an array in power-grid-model's layout; what is absent or unreadable stays missing."""
    table: Table = initialize_array("input", component, len(rows))
    for name in table.dtype.names or ():
        column = table[name]
        for index, row in enumerate(rows):
            value = row.get(name)
            if value is None:
                continue
            what = _unfit(value, column)
            if what:
                reading.fault(f"{component} {row.get('id', f'[{index}]')} {name}", what)
            else:
                column[index] = [math.nan if part is None else part for part in value] if column.ndim > 1 else value
    return table


def _unfit(value: object, column: NDArray[Any]) -> str:
    """What keeps `value` out of a column, empty if nothing does."""
    if column.ndim > 1:
        if not isinstance(value, list) or len(value) != column.shape[1]:
            return f"must be a list of {column.shape[1]} numbers, one per phase, not {value!r}"
        return next((f"must hold numbers, not {part!r}" for part in value if not _number(part)), "")
    if not np.issubdtype(column.dtype, np.integer):
        return "" if _number(value) else f"must be a number, not {value!r}"
    bounds = np.iinfo(column.dtype)
    # The lowest value of the type is power-grid-model's mark of a missing one.
    if isinstance(value, bool) or not isinstance(value, int) or not bounds.min < value <= bounds.max:
        return f"must be an integer from {bounds.min + 1} to {bounds.max}, not {value!r}"
    return ""


def _number(value: object) -> bool:
    """Whether a value is missing or a number that a float can hold."""
    if isinstance(value, bool):
        return False
    return value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < _TOO_LARGE)
