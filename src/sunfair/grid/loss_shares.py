"""Who causes a network's losses: marginal factors, scaled so that the shares are the losses to the watt-hour."""

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.flow import check_powers
from sunfair.grid.network import Network
from sunfair.grid.solver import Floats, Solver

__all__ = ["loss_weights", "no_load_losses_w", "share_losses"]

_PART = 0.004
"""By which part of itself a member's power is raised: its own curvature takes part with half of that, and a home's
losses stay far above what the solver leaves."""

_OUTPUTS = {"source": ["p"]}


def no_load_losses_w(network: Network, *, threads: int = 2) -> float:
    """Losses when nobody takes or gives anything, W: the iron of the transformers."""
    nothing = np.zeros((1, network.members, 3))
    columns, failed = Solver(network, _OUTPUTS, threads=threads).solve(nothing, nothing)
    if failed:
        raise ValueError(f"the idle network has no power flow: {failed[0]}")
    return float(columns["source"]["p"].sum())


def loss_weights(network: Network, p_w: Floats, q_var: Floats, *, threads: int = 2) -> Floats:
    """Σ_φ (p·∂L/∂p + q·∂L/∂q) of each member, W, float64[T, n]; p_w and q_var as in `power_flow`.

    The marginal losses of a member's whole power: + where it adds to what the wires carry, − where it relieves them.
    Losses are nearly quadratic in the powers, so over all members the weights come to about twice the losses without
    the idle ones. A slot without a solution has only NaN.
    """
    check_powers(network, p_w, q_var)
    solver, weights = Solver(network, _OUTPUTS, threads=threads), np.full((len(p_w), network.members), np.nan)
    each = np.arange(network.members)
    for slot in range(len(p_w)):
        p, q = (np.repeat(power[slot][None], 1 + network.members, axis=0) for power in (p_w, q_var))
        p[1 + each, each] *= 1 + _PART
        q[1 + each, each] *= 1 + _PART
        columns, failed = solver.solve(p, q)
        if not failed:
            losses = columns["source"]["p"].sum(axis=(1, 2)) - p.sum(axis=(1, 2))
            weights[slot] = (losses[1:] - losses[0]) / _PART
    return weights


def share_losses(losses_wh: NDArray[np.int64], weights_wh: Floats, idle_wh: int) -> NDArray[np.int64]:
    """Each member's part of each slot's losses, Wh, int64[T, n]; a slot's parts sum to its losses exactly.

    losses_wh : int64[T], ≥ 0, what was lost
    weights_wh : float64[T, n], `loss_weights` over the slot, Wh
    idle_wh : what an idle network loses in a slot, ≥ 0; it is there for all alike, and of a slot's losses at most all

    The rest is shared by the weights, scaled to it (by about a half): a member that relieves the wires has a negative
    part. They are never scaled up: what is left over, or all where the weights are unknown or come to nothing, is
    shared alike. Whole watt-hours by largest remainder, ties to the first.
    """
    shares = np.zeros(weights_wh.shape, np.int64)
    alike = np.ones(weights_wh.shape[1])
    for slot, (lost, by) in enumerate(zip(losses_wh.tolist(), weights_wh, strict=True)):
        known = float(by.sum()) if np.isfinite(by).all() else 0.0
        moved = min(lost - min(idle_wh, lost), max(int(known), 0))
        shares[slot] = _in_proportion(lost - moved, alike)
        if moved:
            shares[slot] += _in_proportion(moved, by)
    return shares


def _in_proportion(total: int, weights: Floats) -> NDArray[np.int64]:
    """Integers in proportion to the weights (of either sign, with a sum above 0) that sum to `total`, int64[n]."""
    exact = weights * (total / weights.sum())
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    left = total - int(whole.sum())
    order = np.argsort(-(exact - whole), kind="stable")
    for at in range(abs(left)):
        whole[order[at % len(order)]] += 1 if left > 0 else -1
    return whole
