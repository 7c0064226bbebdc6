"""What a network's switches join and part, in pandapower's terms."""

from collections.abc import Iterator, Mapping

from sunfair.errors import Fault
from sunfair.files.import_grid_cells import Row, Rows, number, whole

__all__ = ["joined_buses", "joining_faults", "open_ends"]


def joined_buses(buses: Rows, switches: Rows) -> dict[int, int]:
    """The node of each bus: buses joined by closed switches are the first of them."""
    node = {bus: bus for bus in buses}
    for _, one, other in _couplers(switches):
        if one in node and other in node:
            low, high = sorted((node[one], node[other]))
            node = {bus: low if first == high else first for bus, first in node.items()}
    return node


def joining_faults(tables: Mapping[str, Rows]) -> Iterator[Fault]:
    """Switches that cannot be what they say."""
    buses = tables.get("bus", {})
    for at, switch in tables.get("switch", {}).items():
        if switch.get("et") not in ("l", "t", "b"):
            what = f"is of type {switch.get('et')}, which is not translated"
            yield Fault(f"switch {at}", what, "switches at lines (l), transformers (t) and between buses (b) are")
    for at, one, other in _couplers(tables.get("switch", {})):
        place = f"switch {at}"
        absent = [bus for bus in (one, other) if bus not in buses]
        if absent:
            yield Fault(place, f"joins bus {absent[0]}, which is none", "correct it, or add the bus")
        elif number(buses[one].get("vn_kv"), 0.0) != number(buses[other].get("vn_kv"), 0.0):
            volts = f"{buses[one].get('vn_kv')} and {buses[other].get('vn_kv')} kV"
            yield Fault(place, f"joins buses of {volts}", "use a transformer")
        elif number(tables["switch"][at].get("z_ohm"), 0.0) > 0:
            yield Fault(place, "joins two buses with an impedance `z_ohm`", "make it a line, or set 0")


def open_ends(switches: Rows) -> set[tuple[str, int, int]]:
    """Kind (l, t), number and bus of every end of a line or transformer that an open switch parts."""
    return {
        (str(switch.get("et")), whole(switch.get("element")), whole(switch.get("bus")))
        for switch in switches.values()
        if switch.get("et") in ("l", "t") and not _closed(switch)
    }


def _couplers(switches: Rows) -> Iterator[tuple[int, int, int]]:
    """Number and buses of the closed switches between two buses."""
    for at, switch in switches.items():
        if switch.get("et") == "b" and _closed(switch):
            yield at, whole(switch.get("bus")), whole(switch.get("element"))


def _closed(switch: Row) -> bool:
    value = switch.get("closed")
    return value is None or bool(value)
