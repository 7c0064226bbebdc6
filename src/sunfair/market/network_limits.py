"""The limits of the wires around an operating point, as rows that fills must keep."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.grid import LOADING_MAX, VOLTAGE_MAX_PU, VOLTAGE_MIN_PU, Network, power_flow, sensitivities
from sunfair.model import Phase

__all__ = ["LOADING_MARGIN", "VOLTAGE_MARGIN_PU", "Limits", "Point", "Rows"]

Floats = NDArray[np.float64]

VOLTAGE_MARGIN_PU = 2e-4
"""ε of the voltages: what the linear programme leaves free, for what a first-order answer leaves out."""

LOADING_MARGIN = 2e-3
"""ε of the loadings, part of the rating."""

_SAME = 1e-6
"""By how much a quantity outside its limit may move without being worse: the power flow's own accuracy and more."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """An operating point and the power flow there. p_w, q_var : float64[n, 3]; + taken from the grid.

    voltage : float64[b, 3], pu; loading : float64[l], of the branches; NaN without a solution, `why` then says why
    """

    network: Network
    p_w: Floats
    q_var: Floats
    voltage: Floats
    loading: Floats
    why: str

    @staticmethod
    def at(network: Network, p_w: Floats, q_var: Floats) -> "list[Point]":
        """The power flows of alternatives: p_w float64[T, n, 3] beside one q_var float64[n, 3]."""
        flow = power_flow(network, p_w, np.broadcast_to(q_var, p_w.shape), threads=1)
        why = dict(zip(flow.failed.tolist(), flow.reasons, strict=True))
        return [
            Point(network, p_w[at], q_var, flow.voltage_pu[at], flow.loading[at], why.get(at, ""))
            for at in range(len(p_w))
        ]

    @property
    def solved(self) -> bool:
        """Whether the power flow has a solution."""
        return not self.why


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """m limits as ``Σ rows · net ≤ room``, net in Wh + taken by member and phase.

    rows : float64[m, n, 3], pu or part of a rating per Wh; room : float64[m], ≥ 0
    voltage : bool[m], whether it limits a voltage, else a loading
    losses : float64[n, 3], Wh lost more per Wh more taken
    """

    rows: Floats
    room: Floats
    voltage: NDArray[np.bool_]
    losses: Floats

    def with_loads(self, earlier: "Rows | None") -> "Rows":
        """These and the loading limits of an earlier point: a current's size is convex, so its tangents stay true."""
        if earlier is None:
            return self
        old = ~earlier.voltage
        return Rows(
            np.concatenate([self.rows, earlier.rows[old]]),
            np.concatenate([self.room, earlier.room[old]]),
            np.concatenate([self.voltage, earlier.voltage[old]]),
            self.losses,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What every quantity may reach: its limit, or what it is anyway in the base where that is beyond."""

    base: Point
    highest: Floats
    lowest: Floats
    loading: Floats

    @staticmethod
    def around(base: Point) -> "Limits":
        """The limits where trades come on top of this point."""
        return Limits(
            base,
            np.maximum(VOLTAGE_MAX_PU, base.voltage + _SAME),
            np.minimum(VOLTAGE_MIN_PU, base.voltage - _SAME),
            np.maximum(LOADING_MAX, base.loading + _SAME),
        )

    def kept(self, point: Point) -> bool:
        """Whether a point's power flow keeps them all."""
        inside = (point.voltage <= self.highest).all() and (point.voltage >= self.lowest).all()
        return point.solved and bool(inside) and bool((point.loading <= self.loading).all())

    def rows(self, point: Point, net: Floats, phases: Sequence[Phase], slot_seconds: int) -> Rows:
        """The limits to first order around a point that `net`, float64[n, 3] Wh, leads to from the base.

        phases : of the members; what is not used stands with 0
        """
        found = sensitivities(point.network, point.p_w, point.q_var, phases=phases, threads=1)
        watt = 3600 / slot_seconds
        volts = (found.voltage * watt).reshape(-1, *net.shape)
        loads = found.loading * watt
        now, up, down = (part.reshape(-1) for part in (point.voltage, self.highest, self.lowest))
        most = self.loading[found.loading_branch]
        # The margin counts only where the limit itself is the bound.
        left = (
            up - VOLTAGE_MARGIN_PU * (up == VOLTAGE_MAX_PU) - now,
            now - down - VOLTAGE_MARGIN_PU * (down == VOLTAGE_MIN_PU),
            most - LOADING_MARGIN * (most == LOADING_MAX) - found.loading_base,
        )
        rows = np.concatenate([volts, -volts, loads])
        room = np.concatenate(left) + np.einsum("mkp,kp->m", rows, net)
        voltage = np.arange(len(rows)) < 2 * len(volts)
        return Rows(rows, np.maximum(room, 0.0), voltage, found.losses)
