"""Which way the current of a single phase takes, and what it meets there: impedances shared by two members."""

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.grid.network import Network
from sunfair.grid.topology import closed

__all__ = ["shared_path_ohm"]

_BASE_VA = 1e6
"""Any base power does: it cancels."""


def shared_path_ohm(network: Network) -> NDArray[np.float64]:
    """Loop impedance of the path that two members share on their way from the source, ohm, float64[n, n], ≥ 0.

    The loop is that of one phase and the neutral, |z₀ + 2 z₁|/3 of each line (with z₀ = 4 z₁ twice the conductor's
    own); a transformer counts with its short-circuit impedance, the grid above the source with nothing. In a radial
    network the entry is the sum along the common part of both paths, in a meshed one the entry of the bus impedance
    matrix of these magnitudes, which is the same thing where there is one path only. Symmetric, positive
    semidefinite; the diagonal is a member's own way. Referred to the lowest rated voltage at which a member hangs.

    Raises InputError where a line has no loop impedance at all (z₀ = −2 z₁).
    """
    position = {int(bus): i for i, bus in enumerate(network.bus_id)}
    admittance = np.zeros((network.buses, network.buses))
    faults = []
    for name, branch_id, u, v, z_pu in _loops(network):
        if z_pu <= 0:
            faults.append(Fault(f"{name} {branch_id}", "has no loop impedance |z₀ + 2 z₁|/3", "give r0 and x0 above 0"))
            continue
        i, j = position[u], position[v]
        admittance[[i, j], [i, j]] += 1 / z_pu
        admittance[[i, j], [j, i]] -= 1 / z_pu
    if faults:
        raise InputError("The paths of single phases cannot be told.", faults)
    source = network.tables["source"]
    fed = [position[int(node)] for node in source["node"][source["status"] == 1]]
    free = np.setdiff1d(np.arange(network.buses), fed)
    shared = np.zeros_like(admittance)
    shared[np.ix_(free, free)] = np.linalg.inv(admittance[np.ix_(free, free)])
    at = network.member_bus
    ohm_per_pu = network.bus_rated_v[at].min() ** 2 / _BASE_VA
    ohm: NDArray[np.float64] = np.maximum(shared[np.ix_(at, at)] * ohm_per_pu, 0.0)
    return np.asarray((ohm + ohm.T) / 2)


def _loops(network: Network) -> list[tuple[str, int, int, int, float]]:
    """Closed branches as (component, id, from, to, magnitude of the loop impedance, pu)."""
    rated = dict(zip(network.bus_id.tolist(), network.bus_rated_v.tolist(), strict=True))
    found = []
    line, transformer = network.tables["line"], network.tables["transformer"]
    for row in line[closed(line)]:
        ends = int(row["from_node"]), int(row["to_node"])
        z = complex(row["r0"] + 2 * row["r1"], row["x0"] + 2 * row["x1"]) / 3
        found.append(("line", int(row["id"]), *ends, abs(z) * _BASE_VA / rated[ends[0]] ** 2))
    for row in transformer[closed(transformer)]:
        ends = int(row["from_node"]), int(row["to_node"])
        scale = float(row["u2"]) ** 2 / rated[ends[1]] ** 2 * _BASE_VA / float(row["sn"])
        found.append(("transformer", int(row["id"]), *ends, float(row["uk"]) * scale))
    return found
