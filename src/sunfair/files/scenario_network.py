"""The network beside a community file: its wires as they are, its loads as the members say."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sunfair.errors import Fault
from sunfair.files.import_grid import place_at, read_wires
from sunfair.files.network_text import place_loads
from sunfair.grid import check_network
from sunfair.model import FIRST_MEMBER, Member, Phase

__all__ = ["idle_phases", "read_network"]


def read_network(path: Path, buses: Sequence[tuple[str, int]]) -> tuple[str | None, list[str], list[Fault]]:
    """The JSON text of the network at `path` with one load per member, what was assumed of it, and every fault.

    `buses[i]` is where member i's bus stands in the community file, and the bus (a member without one is a fault
    already). The loads that the file holds are replaced: the community file says who hangs where.
    """
    name = path.name
    wires, faults = read_wires(path)
    if wires is None:
        return None, [], faults
    nodes = _nodes(wires.root)
    at = [(place, wires.node.get(bus, bus)) for place, bus in buses]
    faults = [
        Fault(place, f"is {bus}, which is no node of {name}", f"it has {len(nodes)} nodes: {_some(nodes)}")
        for (place, bus), (_, node) in zip(buses, at, strict=True)
        if node not in nodes
    ]
    # Loads only where there is a node, so that a wrong bus is reported once.
    standing = {index: node for index, (_, node) in enumerate(at) if node in nodes}
    text = place_loads(wires.root, standing)
    accounts = [FIRST_MEMBER + index for index in standing]
    found = [place_at(wires, fault) for fault in check_network(text, accounts)]
    faults += [
        Fault(f"{name} {fault.place}", fault.what, fault.mend)
        for fault in found
        if standing or fault.place != "asym_load"
    ]
    return (None if faults else text), list(wires.notices), faults


def idle_phases(members: Sequence[Member]) -> list[str]:
    """A remark on the phases that nobody hangs on, in a community of three and more: seldom is that right.

    It is no fault: the others then carry all, and the neutral the difference.
    """
    used = "".join(member.phase or Phase.ABC for member in members)
    idle = [phase for phase in "abc" if phase not in used]
    if not idle or len(members) < 3:
        return []
    word = "phases" if len(idle) > 1 else "phase"
    return [f"Nobody hangs on {word} {' and '.join(idle)} of the network: look whether the members' `phase` is right."]


def _nodes(root: Mapping[str, Any]) -> set[int]:
    """The ids of the nodes."""
    rows = root["data"]["node"]
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
