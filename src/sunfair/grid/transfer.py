"""Network fees by distance: how much of the network a trade between two members would use.

The distance is that of Baroche, Pinson, Le Goff Latimier and Ben Ahmed (doi:10.1109/TPWRS.2019.2896654): the sum over
all branches of the change that a unit sent from one member to the other makes on it. A fee by it is a price for using
wires, apart from what a limit costs where wires are full.
"""

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.distance import impedances
from sunfair.grid.network import Network

__all__ = ["branch_distance", "network_fees", "transfer_factors"]

_MICRO = 10**6
_WH_PER_KWH = 1000


def transfer_factors(network: Network) -> NDArray[np.float64]:
    """PTDF: part of a unit taken in at each member's bus that each closed branch carries, float64[closed, n], −1 … 1.

    The unit flows from the first source; + with the branch's direction. Flows divide by the magnitude of the
    positive-sequence impedance (in a low-voltage network resistance outweighs the reactance that the usual
    direct-current form takes): in a radial network 1 on the path, 0 off it, whatever the impedances.
    """
    position = {int(bus): i for i, bus in enumerate(network.bus_id)}
    branches = impedances(network)
    incidence = np.zeros((len(branches), network.buses))
    for row, (u, v, _) in enumerate(branches):
        incidence[row, position[u]], incidence[row, position[v]] = 1.0, -1.0
    weight = np.array([1 / abs(z) for _, _, z in branches])
    source = position[int(network.tables["source"]["node"][0])]
    others = np.arange(network.buses) != source
    laplace = incidence.T @ (weight[:, None] * incidence)
    angle = np.zeros((network.buses, network.members))
    taken = np.zeros((network.buses, network.members))
    taken[network.member_bus, np.arange(network.members)] = -1.0
    angle[others] = np.linalg.solve(laplace[np.ix_(others, others)], taken[others])
    factors: NDArray[np.float64] = weight[:, None] * (incidence @ angle)
    return factors


def branch_distance(network: Network) -> NDArray[np.float64]:
    """Σ_l |PTDF_li − PTDF_lj| between members, float64[n, n], ≥ 0, symmetric, zero between members of one bus.

    In a radial network the number of lines and transformers on the path between the two. Rounded to 10⁻⁶.
    """
    factors = transfer_factors(network).T
    distance = np.array([np.abs(factors - own).sum(axis=1) for own in factors])
    between: NDArray[np.float64] = np.round((distance + distance.T) / 2, 6)
    return between


def network_fees(energy_wh: NDArray[np.int64], distance: NDArray[np.float64], kappa: int) -> NDArray[np.int64]:
    """κ · distance · energy for each of m trades, µ, int64[m], ≥ 0.

    energy_wh : int64[m], Wh traded, ≥ 0
    distance : float64[m], the trade's `branch_distance`, ≥ 0
    kappa : µ per kWh and unit of distance, ≥ 0; 0 is no fee

    Each trade's fee is rounded half up by itself, in integers. Raises ValueError on a negative number.
    """
    if kappa < 0 or (energy_wh < 0).any() or (distance < 0).any():
        raise ValueError("kappa, energies and distances must not be negative")
    micro = [round(one * _MICRO) for one in distance.tolist()]
    unit = _MICRO * _WH_PER_KWH
    fees = [(2 * kappa * d * wh + unit) // (2 * unit) for d, wh in zip(micro, energy_wh.tolist(), strict=True)]
    return np.array(fees, np.int64)
