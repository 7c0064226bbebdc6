"""A network from wherever it is described, as power-grid-model input data: `read_wires`, `import_grid`.

Recognised by what is in them: power-grid-model's JSON, pandapower's JSON, a folder in SimBench's CSV format.
"""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sunfair.errors import Fault, ImportFault
from sunfair.files.import_grid_cells import Tables
from sunfair.files.import_grid_pandapower import is_pandapower, pandapower_tables
from sunfair.files.import_grid_simbench import is_simbench_folder, simbench_tables
from sunfair.files.import_grid_wires import NOT_TRANSLATED, Wires, translate
from sunfair.files.network_text import network_text, place_loads
from sunfair.grid import check_network

__all__ = ["import_grid", "place_at", "read_wires"]

_MEND = "write it with power_grid_model.utils.json_serialize or pandapower.to_json, or name a folder of SimBench's CSV"
_NO_LOAD = "asym_load"
_OURS = re.compile(r"^(\w+ \d+)")


def read_wires(path: Path) -> tuple[Wires | None, list[Fault]]:
    """The wires at `path`, or None and the faults that keep them from being read, each with its place in the source.

    What is read may still be no network that can be used: `sunfair.grid.check_network` says so of its text.
    """
    name = path.name
    if path.is_dir() and is_simbench_folder(path):
        return _translated(name, *simbench_tables(path))
    root, fault = _json(path)
    if fault is not None:
        return None, [fault]
    if is_pandapower(root):
        return _translated(name, *pandapower_tables(root))
    if not isinstance(root, dict) or not isinstance(root.get("data"), dict) or not _nodes(root):
        return None, [Fault(name, "holds no list of nodes under data", _MEND)]
    return Wires(root), []


def _json(path: Path) -> tuple[Any, Fault | None]:
    """What a JSON file holds, or why it cannot be read."""
    name = path.name
    if path.is_dir():
        return None, Fault(name, "is a folder without Node.csv", _MEND)
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig")), None
    except FileNotFoundError:
        return None, Fault(name, "is not there", "put it beside the community file, or correct [grid] file")
    except OSError as error:
        return None, Fault(name, f"cannot be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        return None, Fault(name, f"is not JSON: {error}", _MEND)


def _translated(name: str, tables: Tables, faults: list[Fault]) -> tuple[Wires | None, list[Fault]]:
    """Tables in pandapower's terms as wires; all faults at once, those of the network that they make included."""
    if faults:
        return None, [Fault(f"{name} {fault.place}", fault.what, fault.mend) for fault in faults]
    wires, faults = translate(tables)
    if not faults:
        return wires, []
    told = {fault.place for fault in faults}
    found = (place_at(wires, fault) for fault in check_network(_with_loads(_without_nan(wires.root))))
    # What hangs behind an element that is not translated is no island of the source's.
    whole = told.isdisjoint(NOT_TRANSLATED)
    faults += [
        fault
        for fault in found
        if fault.place not in told
        and fault.place not in (_NO_LOAD, "network")
        and (whole or "island" not in fault.what)
    ]
    return None, [Fault(f"{name} {fault.place}", fault.what, fault.mend) for fault in faults]


def place_at(wires: Wires, fault: Fault) -> Fault:
    """A fault of the translated network at the element as its source numbers it."""
    ours = _OURS.match(fault.place)
    place = wires.element.get(ours[1]) if ours else None
    return Fault(place + fault.place[len(ours[1]) :], fault.what, fault.mend) if ours and place else fault


def import_grid(source: Path, out: Path) -> Wires:
    """Write the network at `source` to the file `out`, which must not be there, in the form that is read fastest.

    Raises ImportFault with every fault, each with the element; loads are left out, so that none are needed.
    """
    if source.exists():
        wires, faults = read_wires(source)
    else:
        wires, faults = None, [Fault(source.name, "is not there", "correct the path")]
    if out.exists():
        faults.append(Fault(str(out), "is there already", "choose another file"))
    if wires is not None:
        data = {component: rows for component, rows in wires.root["data"].items() if component != _NO_LOAD}
        wires = Wires({**wires.root, "data": data}, wires.node, wires.element, wires.notices)
        found = (place_at(wires, fault) for fault in check_network(_with_loads(wires.root)))
        faults += [
            Fault(f"{source.name} {fault.place}", fault.what, fault.mend) for fault in found if fault.place != _NO_LOAD
        ]
    if faults or wires is None:
        raise ImportFault(f"No network can be made from {source}; nothing was written.", faults)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(network_text(wires.root), encoding="utf-8")
    return wires


def _with_loads(root: Mapping[str, Any]) -> str:
    """The text of a network with a load at each node of its lowest voltage, as if homes stood there."""
    nodes = [(row.get("u_rated"), row.get("id")) for row in root["data"]["node"] if isinstance(row, dict)]
    rated = [(volts, node) for volts, node in nodes if isinstance(volts, int | float) and type(node) is int]
    low = [node for volts, node in rated if volts == min(volts for volts, _ in rated)]
    return place_loads(root, dict(enumerate(low)))


def _nodes(root: Mapping[str, Any]) -> bool:
    rows = root["data"].get("node")
    return isinstance(rows, list) and bool(rows)


def _without_nan(root: Mapping[str, Any]) -> dict[str, Any]:
    """The root with missing values left out, as the format wants it."""
    data = {
        component: [
            {key: value for key, value in row.items() if not (isinstance(value, float) and math.isnan(value))}
            for row in rows
        ]
        for component, rows in root["data"].items()
    }
    return {**root, "data": data}
