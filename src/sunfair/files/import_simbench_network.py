"""A SimBench grid (a pandapower network) as power-grid-model input data, with the assumptions that it needs.

SimBench has no zero-sequence data. Assumed: four-wire cables with R0 = 4·R1, X0 = 4·X1 and C0 = C1, transformers Dyn
with a solidly earthed star point, and a feeding network of 500 MVA. Taps follow the transformer's ratio: networks of
simbench 1.6 leave `tap_changer_type` empty, on which pandapower would ignore their position (0.026 pu off).
"""

import math
from collections.abc import Iterator
from typing import Any

from sunfair.errors import Fault, InputError

__all__ = ["SOURCE_VA", "ZERO_SEQUENCE", "simbench_network"]

ZERO_SEQUENCE = 4.0
"""R0/R1 and X0/X1 of a four-wire low-voltage cable whose neutral carries the return current."""

SOURCE_VA = 500e6
"""Short-circuit power of the network above, VA."""

_LINE, _TRANSFORMER, _SOURCE = 10_000, 20_000, 30_000
_FREQUENCY_HZ = 50

Row = dict[str, Any]


def simbench_network(net: Any) -> dict[str, Any]:
    """The wires of a pandapower network as power-grid-model input data without loads; node ids are its bus numbers.

    Raises InputError where the network holds something that this translation does not know.
    """
    faults = list(_unknown(net))
    if faults:
        raise InputError("The SimBench grid cannot be translated.", faults)
    data = {
        "node": [_node(number, bus) for number, bus in net.bus.sort_index().iterrows() if bus.in_service],
        "line": [_line(net, number, line) for number, line in net.line.sort_index().iterrows() if line.in_service],
        "transformer": [
            _transformer(net, number, trafo) for number, trafo in net.trafo.sort_index().iterrows() if trafo.in_service
        ],
        "source": [_source(number, grid) for number, grid in net.ext_grid.sort_index().iterrows() if grid.in_service],
    }
    return {"version": "1.0", "type": "input", "is_batch": False, "attributes": {}, "data": data}


def _unknown(net: Any) -> Iterator[Fault]:
    mend = "take a low-voltage grid such as 1-LV-rural2--2-sw"
    for table in ("trafo3w", "impedance", "xward", "ward", "shunt", "dcline", "gen"):
        if table in net and len(net[table]):
            yield Fault(table, f"holds {len(net[table])} elements, which are not translated", mend)
    if len(net.bus) and max(net.bus.index) >= _LINE:
        yield Fault("bus", f"has numbers of {_LINE} and more", mend)
    for number, switch in net.switch.iterrows():
        if switch.et in {"b", "t3"}:
            yield Fault(f"switch {number}", f"is of type {switch.et}, which is not translated", mend)
    for number, trafo in net.trafo.iterrows():
        if trafo.parallel != 1 or _number(trafo.get("tap_step_degree")):
            yield Fault(f"trafo {number}", "is doubled or shifts the phase, which is not translated", mend)
        if round(float(trafo.shift_degree)) % 30:
            yield Fault(f"trafo {number}", f"shifts by {trafo.shift_degree}°, which is no clock number", mend)


def _number(value: Any, default: float = 0.0) -> float:
    """A cell as a number, `default` where it is empty."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return default if math.isnan(number) else number


def _closed(net: Any, kind: str, number: int, bus: int) -> int:
    """1 unless an open switch stands between a branch and one of its buses."""
    switches = net.switch
    at = switches[(switches.et == kind) & (switches.element == number) & (switches.bus == bus)]
    return int(all(bool(closed) for closed in at.closed))


def _node(number: int, bus: Any) -> Row:
    return {"id": int(number), "u_rated": float(bus.vn_kv) * 1000, "name": str(bus["name"])}


def _line(net: Any, number: int, line: Any) -> Row:
    length, parallel = float(line.length_km), int(line.parallel)
    r1 = float(line.r_ohm_per_km) * length / parallel
    x1 = float(line.x_ohm_per_km) * length / parallel
    c1 = float(line.c_nf_per_km) * 1e-9 * length * parallel
    conductance = _number(line.get("g_us_per_km")) * 1e-6 * length * parallel
    tan1 = conductance / (2 * math.pi * _FREQUENCY_HZ * c1) if c1 else 0.0
    return {
        "id": _LINE + int(number),
        "from_node": int(line.from_bus),
        "to_node": int(line.to_bus),
        "from_status": _closed(net, "l", number, line.from_bus),
        "to_status": _closed(net, "l", number, line.to_bus),
        "r1": r1,
        "x1": x1,
        "c1": c1,
        "tan1": tan1,
        "r0": ZERO_SEQUENCE * r1,
        "x0": ZERO_SEQUENCE * x1,
        "c0": c1,
        "tan0": tan1,
        "i_n": float(line.max_i_ka) * 1000 * float(line.df) * parallel,
    }


def _transformer(net: Any, number: int, trafo: Any) -> Row:
    sn = float(trafo.sn_mva) * 1e6
    low_side = trafo.tap_side == "lv"
    rated = float(trafo.vn_lv_kv if low_side else trafo.vn_hv_kv) * 1000
    return {
        "id": _TRANSFORMER + int(number),
        "from_node": int(trafo.hv_bus),
        "to_node": int(trafo.lv_bus),
        "from_status": _closed(net, "t", number, trafo.hv_bus),
        "to_status": _closed(net, "t", number, trafo.lv_bus),
        "u1": float(trafo.vn_hv_kv) * 1000,
        "u2": float(trafo.vn_lv_kv) * 1000,
        "sn": sn,
        "uk": float(trafo.vk_percent) / 100,
        "pk": float(trafo.vkr_percent) / 100 * sn,
        "i0": float(trafo.i0_percent) / 100,
        "p0": float(trafo.pfe_kw) * 1000,
        "winding_from": 2,  # delta
        "winding_to": 1,  # star, neutral earthed
        "clock": round(float(trafo.shift_degree)) // 30 % 12,
        "tap_side": int(low_side),
        "tap_pos": int(_number(trafo.tap_pos)),
        "tap_min": int(_number(trafo.tap_min)),
        "tap_max": int(_number(trafo.tap_max)),
        "tap_nom": int(_number(trafo.tap_neutral)),
        "tap_size": _number(trafo.tap_step_percent) / 100 * rated,
    }


def _source(number: int, grid: Any) -> Row:
    return {
        "id": _SOURCE + int(number),
        "node": int(grid.bus),
        "status": 1,
        "u_ref": float(grid.vm_pu),
        "sk": SOURCE_VA,
    }
