"""The network beside a community file: its wires as they are, its loads as the members say."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sunfair.errors import Fault
from sunfair.grid import LOAD_ID_BASE, check_network
from sunfair.model import FIRST_MEMBER

__all__ = ["network_text", "place_loads", "read_network"]

_MEND = "see docs/scenario.md, or write it with power_grid_model.utils.json_serialize"


def read_network(path: Path, buses: Sequence[tuple[str, int]]) -> tuple[str | None, list[Fault]]:
    """The JSON text of the network at `path` with one load per member, and every fault.

    `buses[i]` is where member i's bus stands in the community file, and the bus (a member without one is a fault
    already). The loads that the file holds are replaced: the community file says who hangs where.
    """
    name = path.name
    try:
        root = json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return None, [Fault(name, "is not there", "put it beside the community file, or correct [grid] file")]
    except OSError as error:
        return None, [Fault(name, f"cannot be read: {error.strerror}")]
    except (ValueError, RecursionError) as error:
        return None, [Fault(name, f"is not JSON: {error}", _MEND)]
    nodes = _nodes(root)
    if nodes is None:
        return None, [Fault(name, "holds no list of nodes under data", _MEND)]
    faults = [
        Fault(place, f"is {bus}, which is no node of {name}", f"it has {len(nodes)} nodes: {_some(nodes)}")
        for place, bus in buses
        if bus not in nodes
    ]
    # Loads only where there is a node, so that a wrong bus is reported once.
    standing = {index: bus for index, (_, bus) in enumerate(buses) if bus in nodes}
    text = place_loads(root, standing)
    accounts = [FIRST_MEMBER + index for index in standing]
    found = [fault for fault in check_network(text, accounts) if standing or fault.place != "asym_load"]
    faults += [Fault(f"{name} {fault.place}", fault.what, fault.mend) for fault in found]
    return (None if faults else text), faults


def place_loads(root: Mapping[str, Any], buses: Mapping[int, int]) -> str:
    """The text of a network whose loads are the members at `buses` (member index → node id)."""
    data = {component: rows for component, rows in root["data"].items() if component != "asym_load"}
    attributes = {key: names for key, names in (root.get("attributes") or {}).items() if key != "asym_load"}
    data["asym_load"] = [_load(index, bus) for index, bus in buses.items()]
    return network_text({**root, "attributes": attributes, "data": data})


def _load(index: int, bus: int) -> dict[str, Any]:
    zero = [0.0, 0.0, 0.0]
    return {
        "id": LOAD_ID_BASE + FIRST_MEMBER + index,
        "node": bus,
        "status": 1,
        "type": 0,
        "p_specified": zero,
        "q_specified": zero,
    }


def network_text(root: Mapping[str, Any]) -> str:
    """A network's JSON, one component a line: easy to read and to compare."""
    lists = []
    for component, rows in root["data"].items():
        if isinstance(rows, list):
            lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
            lists.append(f"{json.dumps(component)}: [\n{lines}\n]" if rows else f"{json.dumps(component)}: []")
        else:
            lists.append(f"{json.dumps(component)}: {json.dumps(rows)}")
    head = {key: value for key, value in root.items() if key != "data"}
    start = json.dumps({"version": "1.0", "type": "input", "is_batch": False, "attributes": {}} | head)
    return f'{start[:-1]}, "data": {{\n' + ",\n".join(lists) + "\n}}\n"


def _nodes(root: object) -> set[int] | None:
    """The ids of the nodes, None where there is no list of them."""
    data = root.get("data") if isinstance(root, dict) else None
    rows = data.get("node") if isinstance(data, dict) else None
    if not isinstance(root, dict) or not isinstance(rows, list) or not rows:
        return None
    attributes = root.get("attributes")
    names = attributes.get("node") if isinstance(attributes, dict) else None
    if isinstance(names, list) and "id" in names:
        column = names.index("id")
        listed = [row[column] for row in rows if isinstance(row, list) and len(row) > column]
    else:
        listed = []
    listed += [row.get("id") for row in rows if isinstance(row, dict)]
    return {item for item in listed if type(item) is int}


def _some(nodes: set[int]) -> str:
    """The ids in short."""
    ids = sorted(nodes)
    listed = ", ".join(str(item) for item in ids[:6])
    return listed + (f" … {ids[-1]}" if len(ids) > 6 else "")
