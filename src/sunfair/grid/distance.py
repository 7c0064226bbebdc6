"""How far apart two members are for the current between them."""

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.network import Network
from sunfair.grid.topology import closed

__all__ = ["electrical_distance", "impedances"]

_BASE_VA = 1e6
"""Any base power does: it cancels."""


def electrical_distance(network: Network) -> NDArray[np.float64]:
    """Electrical distance between members, ohm, float64[n, n], symmetric, ≥ 0, zero between members of one bus.

    The magnitude of the positive-sequence impedance met between the two buses, ``|Z_ii + Z_jj − 2 Z_ij|`` of the
    bus impedance matrix (Klein and Randić, doi:10.1007/BF01164627, with complex impedances): in a radial network
    the sum of the impedances along the path, in a meshed one less. Shunts and sources take no part; transformers
    count with their short-circuit impedance. Everything is referred to the lowest rated voltage at which a member
    hangs. Rounded to 1 µΩ, so that equal paths are equal numbers on every machine.
    """
    position = {int(bus): i for i, bus in enumerate(network.bus_id)}
    admittance = np.zeros((network.buses, network.buses), np.complex128)
    for u, v, z_pu in impedances(network):
        i, j = position[u], position[v]
        admittance[[i, j], [i, j]] += 1 / z_pu
        admittance[[i, j], [j, i]] -= 1 / z_pu
    # Any bus may be the reference: a distance between two buses does not depend on it.
    z = np.zeros_like(admittance)
    z[1:, 1:] = np.linalg.inv(admittance[1:, 1:])
    at = network.member_bus
    own = np.diag(z)[at]
    span = np.abs(own[:, None] + own[None, :] - z[np.ix_(at, at)] - z[np.ix_(at, at)].T)
    ohm_per_pu = network.bus_rated_v[at].min() ** 2 / _BASE_VA
    distance: NDArray[np.float64] = np.round(span * ohm_per_pu, 6)
    distance[at[:, None] == at[None, :]] = 0.0
    return distance


def impedances(network: Network) -> list[tuple[int, int, complex]]:
    """Closed branches, lines first, as (from, to, positive-sequence impedance, pu of 1 MVA)."""
    rated = dict(zip(network.bus_id.tolist(), network.bus_rated_v.tolist(), strict=True))
    line, transformer = network.tables["line"], network.tables["transformer"]
    found = []
    for row in line[closed(line)]:
        ends = int(row["from_node"]), int(row["to_node"])
        found.append((*ends, complex(row["r1"], row["x1"]) * _BASE_VA / rated[ends[0]] ** 2))
    for row in transformer[closed(transformer)]:
        ends = int(row["from_node"]), int(row["to_node"])
        resistance = float(row["pk"] / row["sn"])
        reactance = max(float(row["uk"]) ** 2 - resistance**2, 0.0) ** 0.5
        scale = float(row["u2"]) ** 2 / rated[ends[1]] ** 2 * _BASE_VA / float(row["sn"])
        found.append((*ends, complex(resistance, reactance) * scale))
    return found
