"""The same network in another program: pandapower's three-phase power flow."""

import warnings

import numpy as np
import pandas as pd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own, about the libraries beneath it
    import pandapower


def fill(net, table, **columns):
    """Write a whole table: pandapower's `create_…` functions do not run on pandas 3."""
    frame = pd.DataFrame(columns)
    for name in net[table].columns:
        if name not in frame:
            frame[name] = pd.Series([None] * len(frame), dtype=object)
    net[table] = frame


def converted(data):
    """The network in pandapower's tables, with the same assumptions on zero sequence."""
    net = pandapower.create_empty_network(f_hz=50)
    at = {int(node_id): i for i, node_id in enumerate(data["node"]["id"])}
    on = [True] * len(at)
    fill(net, "bus", name=list(map(str, at)), vn_kv=data["node"]["u_rated"] / 1e3, type=["b"] * len(at), in_service=on)
    source = data["source"]
    fill(
        net,
        "ext_grid",
        **{"bus": [at[int(b)] for b in source["node"]], "vm_pu": source["u_ref"], "va_degree": [0.0]},
        **{"s_sc_max_mva": source["sk"] / 1e6, "rx_max": [0.1], "r0x0_max": [0.1], "x0x_max": [1.0]},
        **{"slack_weight": [1.0], "in_service": [True]},
    )
    fill(net, "line", **_lines(data["line"], at))
    fill(net, "trafo", **_transformers(data["transformer"], at))
    return net, np.array([at[int(b)] for b in data["asym_load"]["node"]])


def _lines(line, at):
    one, zero = np.ones(len(line)), np.zeros(len(line))
    return {
        **{"from_bus": [at[int(b)] for b in line["from_node"]], "to_bus": [at[int(b)] for b in line["to_node"]]},
        **{
            "r_ohm_per_km": line["r1"],
            "x_ohm_per_km": line["x1"],
            "c_nf_per_km": line["c1"] * 1e9,
            "g_us_per_km": zero,
        },
        **{"r0_ohm_per_km": line["r0"], "x0_ohm_per_km": line["x0"], "c0_nf_per_km": line["c0"] * 1e9},
        **{"g0_us_per_km": zero, "length_km": one, "df": one, "parallel": one.astype(int)},
        **{"max_i_ka": line["i_n"] / 1e3, "in_service": [True] * len(line)},
    }


def _transformers(unit, at):
    vk, vkr, taps = unit["uk"] * 100, unit["pk"] / unit["sn"] * 100, ("tap_pos", "tap_min", "tap_max")
    return {
        **{"hv_bus": [at[int(b)] for b in unit["from_node"]], "lv_bus": [at[int(b)] for b in unit["to_node"]]},
        **{"sn_mva": unit["sn"] / 1e6, "vn_hv_kv": unit["u1"] / 1e3, "vn_lv_kv": unit["u2"] / 1e3},
        **{"vk_percent": vk, "vkr_percent": vkr, "vk0_percent": vk, "vkr0_percent": vkr},
        **{"pfe_kw": unit["p0"] / 1e3, "i0_percent": unit["i0"] * 100, "mag0_percent": [1e4], "mag0_rx": [0.0]},
        **{"si0_hv_partial": [0.9], "shift_degree": [150.0], "vector_group": ["Dyn"], "tap_side": ["hv"]},
        **{name: unit[name].astype(int) for name in taps},
        **{"tap_neutral": unit["tap_nom"].astype(int), "tap_step_percent": unit["tap_size"] / unit["u1"] * 100},
        **{"tap_step_degree": [0.0], "tap_changer_type": ["Ratio"], "parallel": [1], "df": [1.0], "in_service": [True]},
    }


def solved(net, buses, p_w, q_var):
    """One slot: bus voltages pu, line loading, losses W, voltage unbalance, neutral current A."""
    on = [True] * len(buses)
    powers = {f"p_{c}_mw": p_w[:, i] / 1e6 for i, c in enumerate("abc")}
    powers |= {f"q_{c}_mvar": q_var[:, i] / 1e6 for i, c in enumerate("abc")}
    wye = ["wye"] * len(buses)
    fill(net, "asymmetric_load", bus=buses, scaling=[1.0] * len(buses), in_service=on, type=wye, **powers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandapower.runpp_3ph(net, numba=False, max_iteration=100, tolerance_mva=1e-9)
    bus, line = net.res_bus_3ph, net.res_line_3ph
    voltage = bus[["vm_a_pu", "vm_b_pu", "vm_c_pu"]].to_numpy()
    drawn = sum(net.res_ext_grid_3ph[f"p_{c}_mw"].sum() for c in "abc") * 1e6
    loading, unbalance = line.loading_percent.to_numpy() / 100, bus.unbalance_percent.to_numpy() / 100
    return voltage, loading, drawn - p_w.sum(), unbalance, _neutral(net, buses, p_w, q_var)


def _neutral(net, buses, p_w, q_var):
    """|i_a + i_b + i_c| out of the low-voltage busbar, A: lines and loads.

    Not out of `res_trafo_3ph`: its powers per phase do not balance at the busbar, only their sum does.
    """
    low, bus, line = int(net.trafo.lv_bus[0]), net.res_bus_3ph, net.res_line_3ph
    total = 0j
    for i, c in enumerate("abc"):
        volt = bus[f"vm_{c}_pu"][low] * np.exp(1j * np.deg2rad(bus[f"va_{c}_degree"][low])) * 400 / np.sqrt(3)
        power = (p_w[buses == low, i] + 1j * q_var[buses == low, i]).sum()
        for end in ("from", "to"):
            here = net.line[f"{end}_bus"] == low
            power += (line[f"p_{c}_{end}_mw"][here].sum() + 1j * line[f"q_{c}_{end}_mvar"][here].sum()) * 1e6
        total += np.conj(power / volt)
    return abs(total)
