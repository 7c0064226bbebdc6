"""From metered energy to injected power, and from losses back to energy.

Wh are whole numbers, watts are not: this is where the one becomes the other.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Phase

__all__ = ["exchange_wh", "injections", "losses_wh", "phase_spread", "reactive_share"]

_SPREAD = {
    Phase.A: (1.0, 0.0, 0.0),
    Phase.B: (0.0, 1.0, 0.0),
    Phase.C: (0.0, 0.0, 1.0),
    Phase.ABC: (1 / 3, 1 / 3, 1 / 3),
}
"""Which part of a connection's power each phase carries."""


def phase_spread(phases: Sequence[Phase]) -> NDArray[np.float64]:
    """Which part of each connection's power each phase carries, float64[n, 3], rows summing to 1."""
    return np.array([_SPREAD[phase] for phase in phases], np.float64).reshape(-1, 3)


def reactive_share(power_factor: float) -> float:
    """Reactive power per active power of an inductive load: q/p = √(1 − pf²)/pf, ≥ 0.

    `power_factor` in (0, 1]; ValueError otherwise.
    """
    if not 0 < power_factor <= 1:
        raise ValueError(f"the power factor is {power_factor}; it must be above 0 and at most 1")
    return math.sqrt(1 - power_factor * power_factor) / power_factor


def injections(
    metered_wh: NDArray[np.int64],
    load_wh: NDArray[np.int64],
    phases: Sequence[Phase],
    slot_seconds: int,
    *,
    power_factor: float = 0.95,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Active and reactive power per phase, W and var, float64[T, n, 3] each, + taken from the grid.

    metered_wh : int64[T, n], what each meter showed for the slot, + taken from the grid
    load_wh : int64[T, n], ≥ 0, the household use in it, without battery and car
    phases : the phase of each of the n connections; `abc` carries a third on each
    slot_seconds : length of a slot, s
    power_factor : of the household use, inductive

    Active power is the slot's mean. Reactive power comes from household use alone, q = load·√(1 − pf²)/pf: roofs,
    batteries and chargers are converters that run at unity. Raises ValueError on shapes that do not fit.
    """
    if metered_wh.shape != load_wh.shape or metered_wh.ndim != 2 or metered_wh.shape[1] != len(phases):
        raise ValueError(f"metered {metered_wh.shape} and load {load_wh.shape} must both be [slots, {len(phases)}]")
    spread = phase_spread(phases)
    watt_per_wh = 3600 / slot_seconds
    p_w = (metered_wh * watt_per_wh)[:, :, None] * spread
    q_var = (load_wh * (watt_per_wh * reactive_share(power_factor)))[:, :, None] * spread
    return p_w, q_var


def losses_wh(losses_w: NDArray[np.float64], slot_seconds: int) -> NDArray[np.int64]:
    """Energy lost in each slot, Wh, int64[T]: the mean losses over the slot, rounded half up.

    Raises ValueError naming the slots whose losses are not known (the power flow did not converge).
    """
    unknown = np.flatnonzero(~np.isfinite(losses_w))
    if len(unknown):
        raise ValueError(f"losses are not known at slot indices {unknown.tolist()}: the power flow did not converge")
    return np.floor(losses_w * (slot_seconds / 3600) + 0.5).astype(np.int64)


def exchange_wh(
    metered_wh: NDArray[np.int64], losses: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What the community took from and gave to the grid above it: (import_wh, export_wh), int64[T] each, ≥ 0.

    At most one of the two differs from zero in a slot, and import − export = Σ metered + losses exactly.

    metered_wh : int64[T, n], + taken from the grid
    losses : int64[T], Wh
    """
    net = metered_wh.sum(axis=1, dtype=np.int64) + losses
    return np.maximum(net, 0), np.maximum(-net, 0)
