"""The same network in pandapower, the reference of `sunfair bench powerflow`; only there if pandapower is installed."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import ServiceMissing
from sunfair.grid import Network

__all__ = ["Pandapower"]

Floats = NDArray[np.float64]
Columns = dict[str, Any]

_DELTA, _STAR_EARTHED = 2, 1


class Pandapower:
    """A network as pandapower's tables, and its three-phase power flow."""

    def __init__(self, network: Network, *, compiled: bool = True) -> None:
        """Raises ServiceMissing where pandapower is not installed, or has no words for this network."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # its own, about the libraries beneath it
                import pandapower  # noqa: PLC0415 — a reference that users do not install
        except ImportError as error:
            raise ServiceMissing("pandapower is not installed; from a checkout it is: uv run sunfair bench") from error
        strange = [
            int(unit["id"])
            for unit in network.tables["transformer"]
            if (unit["winding_from"], unit["winding_to"]) != (_DELTA, _STAR_EARTHED)
        ]
        if strange or len(network.tables["source"]) != 1:
            raise ServiceMissing(f"not compared: transformers {strange} are not Dyn, or there is not one source")
        self._pp: Any = pandapower
        self._compiled = compiled
        self.version = str(pandapower.__version__)
        at = {int(bus): i for i, bus in enumerate(network.bus_id)}
        self._member_bus = network.member_bus
        self._net = pandapower.create_empty_network(f_hz=50)
        self._fill("bus", network.buses, vn_kv=network.bus_rated_v / 1e3, type="b", in_service=True)
        self._fill("ext_grid", 1, **_source(network, at))
        self._fill("line", network.lines, **_lines(network, at))
        self._fill("trafo", len(network.tables["transformer"]), **_transformers(network, at))

    def solve(self, p_w: Floats, q_var: Floats) -> tuple[Floats, Floats]:
        """One slot, float64[n, 3] each: bus voltages [b, 3] pu, loading of the lines [lines]."""
        powers: Columns = {f"p_{c}_mw": p_w[:, i] / 1e6 for i, c in enumerate("abc")}
        powers |= {f"q_{c}_mvar": q_var[:, i] / 1e6 for i, c in enumerate("abc")}
        self._fill(
            "asymmetric_load", len(p_w), bus=self._member_bus, scaling=1.0, in_service=True, type="wye", **powers
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._pp.runpp_3ph(self._net, numba=self._compiled)
        voltage = self._net.res_bus_3ph[["vm_a_pu", "vm_b_pu", "vm_c_pu"]].to_numpy()
        return voltage, self._net.res_line_3ph["loading_percent"].to_numpy() / 100

    def _fill(self, table: str, rows: int, **columns: Any) -> None:
        """Write a whole table: much faster than one `create_…` for each element, and not what is measured."""
        import pandas as pd  # noqa: PLC0415 — comes with pandapower

        frame = pd.DataFrame(columns, index=range(rows))
        for name in self._net[table].columns:
            if name not in frame:
                frame[name] = pd.Series([None] * rows, dtype=object)
        self._net[table] = frame


def _places(at: dict[int, int], ids: NDArray[np.int32]) -> list[int]:
    return [at[int(bus)] for bus in ids]


def _or(values: Floats, usual: float) -> Floats:
    return np.where(np.isnan(values), usual, values)


def _source(network: Network, at: dict[int, int]) -> Columns:
    source = network.tables["source"]
    ratio, zero = _or(source["rx_ratio"], 0.1), _or(source["z01_ratio"], 1.0)
    return {
        "bus": _places(at, source["node"]),
        "vm_pu": source["u_ref"],
        "va_degree": 0.0,
        "s_sc_max_mva": _or(source["sk"], 1e10) / 1e6,
        "rx_max": ratio,
        "r0x0_max": ratio,
        "x0x_max": zero,
        "slack_weight": 1.0,
        "in_service": True,
    }


def _lines(network: Network, at: dict[int, int]) -> Columns:
    line = network.tables["line"]
    conductance = {"g": line["tan1"] * line["c1"], "g0": line["tan0"] * line["c0"]}
    return {
        "from_bus": _places(at, line["from_node"]),
        "to_bus": _places(at, line["to_node"]),
        **{f"{name[0]}{name[1:].strip('1')}_ohm_per_km": line[name] for name in ("r1", "x1", "r0", "x0")},
        **{"c_nf_per_km": line["c1"] * 1e9, "c0_nf_per_km": line["c0"] * 1e9},
        **{f"{name}_us_per_km": 2e6 * np.pi * 50 * value for name, value in conductance.items()},
        **{"length_km": 1.0, "df": 1.0, "parallel": 1, "max_i_ka": line["i_n"] / 1e3},
        "in_service": (line["from_status"] == 1) & (line["to_status"] == 1),
    }


def _transformers(network: Network, at: dict[int, int]) -> Columns:
    unit = network.tables["transformer"]
    short, copper = unit["uk"] * 100, unit["pk"] / unit["sn"] * 100
    high = unit["tap_side"] == 0
    return {
        **{"hv_bus": _places(at, unit["from_node"]), "lv_bus": _places(at, unit["to_node"])},
        **{"sn_mva": unit["sn"] / 1e6, "vn_hv_kv": unit["u1"] / 1e3, "vn_lv_kv": unit["u2"] / 1e3},
        **{"vk_percent": short, "vkr_percent": copper, "vk0_percent": short, "vkr0_percent": copper},
        **{"pfe_kw": unit["p0"] / 1e3, "i0_percent": unit["i0"] * 100},
        **{"mag0_percent": 1e4, "mag0_rx": 0.0, "si0_hv_partial": 0.9},  # no magnetising path for the zero sequence
        **{"shift_degree": unit["clock"] * 30.0, "vector_group": "Dyn"},
        **{"tap_side": np.where(high, "hv", "lv"), "tap_pos": unit["tap_pos"].astype(int)},
        **{"tap_min": unit["tap_min"].astype(int), "tap_max": unit["tap_max"].astype(int)},
        "tap_neutral": np.where(unit["tap_nom"] < -127, 0, unit["tap_nom"]).astype(int),
        "tap_step_percent": unit["tap_size"] / np.where(high, unit["u1"], unit["u2"]) * 100,
        **{"tap_step_degree": 0.0, "tap_changer_type": "Ratio", "parallel": 1, "df": 1.0},
        "in_service": (unit["from_status"] == 1) & (unit["to_status"] == 1),
    }
