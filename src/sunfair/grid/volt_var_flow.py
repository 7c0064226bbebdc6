"""The power flow of converters that follow Q(U): voltages that make the reactive power that makes the voltages."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.flow import Flow, power_flow
from sunfair.grid.network import Network
from sunfair.grid.reactive import DEFAULT_CURVE, VoltVar, volt_var

__all__ = ["SettledFlow", "volt_var_flow"]

Floats = NDArray[np.float64]

_ROUNDS = 60
_STEP = 0.5
"""Of the way to the characteristic in each round: settles up to a loop gain of 3, a whole step would up to 1."""

_SETTLED_VAR = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class SettledFlow:
    """A flow with the converters' reactive power, var, float64[T, n, 3], and which slots came to rest, bool[T]."""

    flow: Flow
    q_var: Floats
    settled: NDArray[np.bool_]


def volt_var_flow(
    network: Network,
    p_w: Floats,
    q_var: Floats,
    converters_w: Floats,
    rated_va: Floats,
    power_factor: Floats,
    *,
    curve: VoltVar = DEFAULT_CURVE,
) -> SettledFlow:
    """Solve T slots in which every converter's reactive power lies on its characteristic, to 1 var.

    p_w, q_var : float64[T, n, 3], W and var, + taken from the grid, of what is no converter
    converters_w : float64[T, n, 3], W, of the converters, phase by phase
    rated_va : float64[n, 3], VA per phase; power_factor : float64[n], the least permitted

    A slot that does not settle within 60 rounds is told in `settled` and holds the last round; so does one without a
    solution. A slot's result depends on that slot alone.
    """
    reactive = np.zeros_like(converters_w)
    settled = np.zeros(len(p_w), np.bool_)
    flow = power_flow(network, p_w + converters_w, q_var)
    for _ in range(_ROUNDS):
        voltage = flow.voltage_pu[:, network.member_bus]
        wanted = volt_var(voltage, converters_w, rated_va, power_factor[:, None], curve=curve)
        off = np.where(np.isfinite(wanted), wanted - reactive, 0.0)
        settled = (np.abs(off).max(axis=(1, 2)) <= _SETTLED_VAR) & flow.converged
        if (settled | ~flow.converged).all():
            break
        # What is at rest stays as it is, however long the others take.
        reactive = reactive + np.where(settled[:, None, None], 0.0, _STEP * off)
        flow = power_flow(network, p_w + converters_w, q_var + reactive)
    return SettledFlow(flow, reactive, settled)
