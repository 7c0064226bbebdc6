"""What the wires allow, as linear rows over what homes may take and give at most.

A row is one limit: a phase's voltage at a bus, a line's current in a phase, a transformer's power. Over all injections
inside the caps u (taken) and l (given) its quantity is highest at one corner of the box, where it is
``base + Σ_k max(S_k, 0)·u_k + max(−S_k, 0)·l_k`` to first order: S is the sensitivity of that quantity.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.energy import phase_spread
from sunfair.grid.flow import Flow
from sunfair.grid.limits import LOADING_MAX, VOLTAGE_MAX_PU, VOLTAGE_MIN_PU
from sunfair.grid.network import Network
from sunfair.grid.sensitivity import sensitivities
from sunfair.model import Phase

__all__ = ["LOADING_MARGIN", "VOLTAGE_MARGIN_PU", "Limits", "excess_of"]

VOLTAGE_MARGIN_PU = 5e-4
"""By so much, pu, every corner that is looked at stays inside the band: by less the worst of all is beyond them."""

LOADING_MARGIN = 1e-3
"""The same for loadings, parts of the rating."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """The m limits of a network with n members, each around an operating point like the one at which it is met.

    cost : float64[m, 2n], ≥ 0, per W: what a watt of import cap, then a watt of export cap, takes of each row's room
    room : float64[m], what the rows have at no injection at all
    slope : float64[m, n], the signed sensitivities the costs were made of
    place : int64[m], where in an `excess_of` the row's quantity stands
    """

    cost: Floats
    room: Floats
    slope: Floats
    place: NDArray[np.int64]

    @staticmethod
    def around(network: Network, phases: Sequence[Phase], power_w: float) -> "Limits":
        """Rows from points at which every member gives or takes `power_w` (W, > 0).

        A phase's voltage is highest where its members give and the others take, for the neutral joins them, and lowest
        the other way round; a current's magnitude has a slope of its own in each direction. Small sensitivities change
        their sign from point to point: that is why each limit has its own. Raises NoPowerFlow where a point has no
        solution.
        """
        spread, buses = phase_spread(phases), network.buses
        still, everybody = np.zeros_like(spread), np.ones(len(spread))
        rows: list[tuple[Floats, Floats, NDArray[np.int64]]] = []
        for phase in range(3):
            way = np.where(spread[:, phase] > 0, -power_w, power_w)
            place = 3 * np.arange(buses) + phase
            for sign, limit, first in ((1.0, VOLTAGE_MAX_PU, 0), (-1.0, -VOLTAGE_MIN_PU, 3 * buses)):
                at = sensitivities(network, (sign * way)[:, None] * spread, still, phases=phases)
                slope = sign * at.per_member(phases)[0][:, phase]
                base = sign * at.flow.voltage_pu[0, :, phase] - slope @ (sign * way)
                rows.append((slope, limit - VOLTAGE_MARGIN_PU - base, first + place))
        for sign in (-1.0, 1.0):
            at = sensitivities(network, sign * power_w * spread, still, phases=phases)
            slope = at.per_member(phases)[1]
            base = at.loading_base - slope @ (sign * power_w * everybody)
            rows.append((slope, LOADING_MAX - LOADING_MARGIN - base, 6 * buses + at.loading_branch))
        slope, room, place = (np.concatenate([part[at] for part in rows]) for at in range(3))
        cost = np.concatenate([np.maximum(slope, 0.0), np.maximum(-slope, 0.0)], axis=1)
        return Limits(cost, room, slope, place)


def excess_of(flow: Flow) -> Floats:
    """By how much a flow of T slots is beyond its limits less their margins at worst, float64[6b + l].

    First each bus's phases above the band, then below it (pu), then the branches (parts of the rating); negative where
    there is room, +∞ throughout if a slot has no solution.
    """
    if len(flow.failed):
        return np.full(6 * flow.voltage_pu.shape[1] + flow.loading.shape[1], np.inf)
    above = flow.voltage_pu.max(axis=0).reshape(-1) - (VOLTAGE_MAX_PU - VOLTAGE_MARGIN_PU)
    below = VOLTAGE_MIN_PU + VOLTAGE_MARGIN_PU - flow.voltage_pu.min(axis=0).reshape(-1)
    over = flow.loading.max(axis=0) - (LOADING_MAX - LOADING_MARGIN)
    return np.concatenate([above, below, over])
