"""Small networks for tests, written by power-grid-model's own serializer."""

import json

import numpy as np
from power_grid_model import BranchSide, LoadGenType, WindingType, initialize_array
from power_grid_model.utils import json_serialize

R1, X1 = 0.0642, 0.0241
"""Ohm of each line section; four-wire cable: zero sequence four times that (the assumption of docs/grid.md)."""


def tables(members=((3, "a"), (3, "b"), (4, "c"), (5, "abc"), (6, "a"), (2, "b"))):
    """A 20/0.4 kV transformer (bus 1 → 2) with two feeders, 2-3-4 and 2-5-6; one load per (bus, phase)."""
    node = initialize_array("input", "node", 6)
    node["id"], node["u_rated"] = np.arange(1, 7), [20e3] + [400.0] * 5
    line = initialize_array("input", "line", 4)
    line["id"], line["from_node"], line["to_node"] = [11, 12, 13, 14], [2, 3, 2, 5], [3, 4, 5, 6]
    line["from_status"] = line["to_status"] = 1
    length = np.array([1.0, 1.5, 0.8, 2.0])
    line["r1"], line["x1"], line["r0"], line["x0"] = R1 * length, X1 * length, 4 * R1 * length, 4 * X1 * length
    line["c1"] = line["c0"] = line["tan1"] = line["tan0"] = 0.0
    line["i_n"] = 270.0
    load = initialize_array("input", "asym_load", len(members))
    load["id"], load["node"] = 1_000_003 + np.arange(len(members)), [bus for bus, _ in members]
    load["status"], load["type"] = 1, LoadGenType.const_power
    load["p_specified"] = load["q_specified"] = 0.0
    return {"node": node, "line": line, "transformer": transformer(), "source": source(), "asym_load": load}


def transformer(sn=160e3):
    """20/0.4 kV, Dyn5, one tap of 2.5 % above nominal."""
    table = initialize_array("input", "transformer", 1)
    values = {"id": 21, "from_node": 1, "to_node": 2, "from_status": 1, "to_status": 1, "u1": 20e3, "u2": 400.0}
    values |= {"sn": sn, "uk": 0.04, "pk": 0.0147 * sn, "i0": 0.0029, "p0": 460.0, "clock": 5}
    values |= {"winding_from": WindingType.delta, "winding_to": WindingType.wye_n, "tap_side": BranchSide.from_side}
    values |= {"tap_pos": 1, "tap_nom": 0, "tap_min": -2, "tap_max": 2, "tap_size": 500.0}
    for name, value in values.items():
        table[name] = value
    return table


def source(node=1, u_ref=1.025, sk=500e6):
    """The medium-voltage grid above, as a stiff source with a tenth of resistance."""
    table = initialize_array("input", "source", 1)
    for name, value in {"id": 31, "node": node, "status": 1, "u_ref": u_ref, "sk": sk, "rx_ratio": 0.1}.items():
        table[name] = value
    return table


def two_bus(r=0.2, x=0.08, members=((2, "a"),)):
    """A source that nothing moves and one line to bus 2, without coupling between phases (zero sequence = positive)."""
    data = tables(members)
    data["node"], data["line"], data["transformer"] = data["node"][1:3], data["line"][:1], data["transformer"][:0]
    data["node"]["id"] = [1, 2]
    data["line"]["from_node"], data["line"]["to_node"] = 1, 2
    data["line"]["r1"] = data["line"]["r0"] = r
    data["line"]["x1"] = data["line"]["x0"] = x
    data["source"] = source(u_ref=1.0, sk=1e20)
    return data


def text(data, names=()):
    """The JSON text of `data`, with names as extra information."""
    root = json.loads(json_serialize(data))
    for row, name in zip(root["data"]["node"], names, strict=False):
        row["name"] = name
    return json.dumps(root)


def tree(parents, lengths):
    """A stiff source at bus 1; bus i + 2 hangs on bus `parents[i]` by a line of `lengths[i]`; a member at each bus."""
    count = len(parents) + 1
    data = tables([(bus, "a") for bus in range(1, count + 1)])
    node, line = np.repeat(data["node"][1:2], count), np.repeat(data["line"][:1], len(parents))
    node["id"], line["id"] = np.arange(1, count + 1), 100 + np.arange(len(parents))
    line["from_node"], line["to_node"] = parents, np.arange(2, count + 1)
    for name in ("r1", "x1", "r0", "x0"):
        line[name] *= np.array(lengths)
    return {**data, "node": node, "line": line, "transformer": data["transformer"][:0], "source": source(u_ref=1.0)}
