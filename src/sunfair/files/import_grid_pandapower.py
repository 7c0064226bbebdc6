"""A pandapower network from its JSON, without pandapower: `pandapower.to_json` writes each table as a text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sunfair.errors import Fault
from sunfair.files.import_grid_cells import Tables
from sunfair.files.import_grid_wires import NOT_TRANSLATED

__all__ = ["is_pandapower", "pandapower_tables", "tables_of"]

_MEND = "write it with pandapower.to_json(net, file)"
_NEEDED = ("bus", "ext_grid")
_READ = {"bus", "line", "trafo", "ext_grid", "switch", *NOT_TRANSLATED}
"""Loads, results, coordinates and the like are passed over."""


def is_pandapower(root: object) -> bool:
    """Whether a JSON root says that it is a pandapower network."""
    return isinstance(root, Mapping) and root.get("_class") == "pandapowerNet"


def pandapower_tables(root: Mapping[str, Any]) -> tuple[Tables, list[Fault]]:
    """The element tables of a pandapower network's JSON root, and what in it is no table."""
    body = root.get("_object")
    if not isinstance(body, Mapping):
        return {}, [Fault("network", "holds no tables as text: it is encrypted, or of a pandapower before 2", _MEND)]
    tables: Tables = {}
    faults = []
    for name, entry in body.items():
        if name not in _READ:
            continue
        try:
            tables[name] = dict(_rows(entry))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            faults.append(Fault(name, f"is no table that can be read ({error})", _MEND))
    faults += [
        Fault(name, "is missing: a network needs at least one", _MEND) for name in _NEEDED if not tables.get(name)
    ]
    return tables, faults


def tables_of(net: Mapping[str, Any]) -> Tables:
    """The element tables of a pandapower network in memory."""
    return {name: net[name].to_dict("index") for name in net if name in _READ}


def _rows(entry: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and columns of each row, in either of the forms that pandapower has used."""
    table = entry["_object"]
    if isinstance(table, str):
        table = json.loads(table)
    if "columns" in table:  # orient "split"
        for number, cells in zip(table["index"], table["data"], strict=True):
            yield int(number), dict(zip(table["columns"], cells, strict=True))
    else:  # orient "columns": by column the values by row
        for column, cells in table.items():
            if not isinstance(cells, Mapping):
                raise ValueError(f"column {column!r} is no mapping")
        for number in next(iter(table.values()), {}):
            yield int(number), {column: cells.get(number) for column, cells in table.items()}
