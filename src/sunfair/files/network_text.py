"""The JSON text of a network, and the members' loads in it."""

import json
from collections.abc import Mapping
from typing import Any

from sunfair.grid import LOAD_ID_BASE
from sunfair.model import FIRST_MEMBER

__all__ = ["network_text", "place_loads"]


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
