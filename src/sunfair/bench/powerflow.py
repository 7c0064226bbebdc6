"""`sunfair bench powerflow`: a year of unbalanced power flows of a community, beside pandapower in the same run.

The community as it is without batteries and cars: use less roofs, at the assumptions of docs/grid.md.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.bench.powerflow_pandapower import Pandapower
from sunfair.errors import InputError, ServiceMissing
from sunfair.files import default_community
from sunfair.grid import Flow, Network, injections, power_flow, sensitivities, violations
from sunfair.model import Phase, Scenario

__all__ = ["bench_powerflow"]

TARGET_SECONDS, TARGET_TIMES, TARGET_PU = 10.0, 100.0, 1e-3
SENSITIVITY_TARGET_S = 0.030
YEAR_SLOTS = 366 * 96

Floats = NDArray[np.float64]
Report = Callable[[str], None]


def bench_powerflow(
    progress: Report | None = None, *, scenario: Scenario | None = None, compared: int = 12, compiled: bool = True
) -> dict[str, Any]:
    """Measure on `scenario` (None: the bundled community, 35,136 quarter-hours); half a minute.

    compared : how many slots, evenly spread over the year, are solved by pandapower as well
    compiled : whether pandapower may compile its kernels with numba first, which makes it a quarter faster

    Returns plain JSON values: ``year`` (all slots on two threads, best of two runs, wall and processor seconds),
    ``sensitivities`` (one operating point, all phases in use), ``reference`` (pandapower's `runpp_3ph`: seconds per
    slot, how many times faster the product is, largest differences; or why there is none). Raises InputError for a
    community without a network.
    """
    tell = progress or (lambda _: None)
    scenario = scenario or default_community()
    if scenario.network_json is None:
        raise InputError(f"community {scenario.community.name} has no network: name one under [grid] file")
    network, series = Network.parse(scenario.network_json), scenario.series
    phases = [member.phase or Phase.ABC for member in scenario.community.members]
    seconds = scenario.community.clock.seconds
    p_w, q_var = injections(series.load_wh - series.pv_wh, series.load_wh, phases, seconds)
    tell(f"{len(p_w):,} slots of {network.buses} buses, twice")
    flow, year = _year(network, p_w, q_var)
    outside = float(violations(flow).sum()) * seconds / 3600
    tell("sensitivities of one operating point")
    return {
        "bench": "powerflow",
        "network": {"name": scenario.community.name, "buses": network.buses, "members": network.members},
        "year": {**year, "hours_outside_limits": outside, "slots_without_solution": len(flow.failed)},
        "sensitivities": _sensitivities(network, p_w, q_var, phases),
        "reference": _reference(network, p_w, q_var, flow, year["seconds"] / len(p_w), compared, tell, compiled),
    }


def _year(network: Network, p_w: Floats, q_var: Floats) -> tuple[Flow, dict[str, Any]]:
    rounds = []
    for _ in range(2):
        begun, used = time.perf_counter(), time.process_time()
        flow = power_flow(network, p_w, q_var, balance=False)
        rounds.append((time.perf_counter() - begun, time.process_time() - used))
    best, processor = min(rounds)
    alone = np.linspace(0, len(p_w) - 1, 16).astype(np.int64)
    again = power_flow(network, p_w[alone], q_var[alone], balance=False, threads=1)
    return flow, {
        "slots": len(p_w),
        "threads": 2,
        "seconds": round(best, 3),
        "processor_seconds": round(processor, 3),
        "flows_per_second": round(len(p_w) / best),
        "target_seconds": TARGET_SECONDS,
        "reached": best * YEAR_SLOTS / len(p_w) < TARGET_SECONDS,
        "same_bits_alone": again.voltage_pu.tobytes() == flow.voltage_pu[alone].tobytes(),
    }


def _sensitivities(network: Network, p_w: Floats, q_var: Floats, phases: list[Phase]) -> dict[str, Any]:
    """Seconds of one operating point, the median of points over the year."""
    taken, used = [], []
    for at in np.linspace(0, len(p_w) - 1, 20).astype(np.int64):
        begun, work = time.perf_counter(), time.process_time()
        sensitivities(network, p_w[at], q_var[at], phases=phases)
        taken.append(time.perf_counter() - begun)
        used.append(time.process_time() - work)
    seconds = float(np.median(taken))
    return {
        "seconds": round(seconds, 4),
        "processor_seconds": round(float(np.median(used)), 4),
        "target_seconds": SENSITIVITY_TARGET_S,
        "reached": seconds < SENSITIVITY_TARGET_S,
    }


def _reference(
    network: Network, p_w: Floats, q_var: Floats, flow: Flow, ours: float, compared: int, tell: Report, compiled: bool
) -> dict[str, Any]:
    """pandapower on some slots: its seconds, and how far the two programs are apart."""
    try:
        other = Pandapower(network, compiled=compiled)
    except ServiceMissing as error:
        return {"program": "pandapower", "absent": str(error)}
    tell(f"{compared} slots by pandapower {other.version}")
    slots = np.linspace(0, len(p_w) - 1, compared).astype(np.int64)
    other.solve(p_w[0], q_var[0])  # it compiles on its first run
    taken, voltage, loading = [], 0.0, 0.0
    for at in slots:
        begun = time.perf_counter()
        u, load = other.solve(p_w[at], q_var[at])
        taken.append(time.perf_counter() - begun)
        voltage = max(voltage, float(np.abs(u - flow.voltage_pu[at]).max()))
        loading = max(loading, float(np.abs(load - flow.loading[at, : network.lines]).max(initial=0.0)))
    theirs = float(np.median(taken))
    return {
        "program": f"pandapower {other.version} runpp_3ph",
        "slots": compared,
        "seconds_per_slot": round(theirs, 4),
        "times_faster": round(theirs / ours),
        "target_times_faster": TARGET_TIMES,
        "largest_difference_pu": float(f"{voltage:.2g}"),
        "largest_difference_of_line_loading": float(f"{loading:.2g}"),
        "target_difference_pu": TARGET_PU,
        "reached": theirs / ours >= TARGET_TIMES and voltage <= TARGET_PU,
    }
