"""Sensitivities kept while the operating point stays where they hold."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sunfair.grid.flow import Flow
from sunfair.grid.network import Network
from sunfair.grid.sensitivity import Sensitivities, sensitivities
from sunfair.grid.solver import Floats
from sunfair.model import Phase

__all__ = ["PointCache"]


_Kept = tuple[Floats, Floats, Sensitivities]


class PointCache:
    """The sensitivities of the last points asked for, `points` of them, refreshed when the point has moved from all.

    The rule: moved is a point for which the kept sensitivities themselves expect some voltage to differ from the base
    by more than `voltage_pu`, or some loading by more than `loading`. (Sensitivities change about as much as voltages
    do, in parts of themselves: 0.01 pu away they are good to some percent.) Reactive power counts like active power
    unless its own sensitivities are kept.

    What is kept depends on the points asked for before: whoever must come to the same bits as someone else asks for
    the same points in the same order, or calls `sensitivities`.
    """

    def __init__(
        self,
        network: Network,
        phases: Sequence[Phase] | None = None,
        *,
        voltage_pu: float = 0.01,
        loading: float = 0.1,
        reactive: bool = False,
        points: int = 1,
    ) -> None:
        self._network, self._phases, self._reactive = network, phases, reactive
        self._voltage_pu, self._loading = voltage_pu, loading
        self._points = points
        self._kept: list[_Kept] = []
        self.refreshed = 0
        """How often the sensitivities were worked out."""

    def at(self, p_w: Floats, q_var: Floats) -> tuple[Sensitivities, Floats, Floats]:
        """Sensitivities that hold around `p_w`, `q_var` (float64[n, 3]), and the powers at their base, both [n, 3].

        Raises what `sensitivities` raises; the kept ones stay then.
        """
        held = next((each for each in self._kept if not self._moved(each, p_w, q_var)), None)
        if held is None:
            fresh = sensitivities(self._network, p_w, q_var, phases=self._phases, reactive=self._reactive)
            held = p_w.copy(), q_var.copy(), fresh
            self.refreshed += 1
        self._kept = [held, *(each for each in self._kept if each is not held)][: self._points]
        base_p, base_q, kept = held
        return kept, base_p, base_q

    def around(self, flow: Flow, p_w: Floats, q_var: Floats) -> Sensitivities:
        """The sensitivities that hold at a point whose power flow is known: its own voltages, the kept slopes.

        flow : of one slot, of the powers `p_w`, `q_var`, float64[n, 3]. Loadings are the base's, moved by their slopes.
        """
        kept, base_p, base_q = self.at(p_w, q_var)
        by_q = kept.loading if kept.loading_q is None else kept.loading_q
        moved = np.tensordot(kept.loading, p_w - base_p, 2) + np.tensordot(by_q, q_var - base_q, 2)
        return replace(kept, flow=flow, loading_base=np.maximum(kept.loading_base + moved, 0.0))

    def _moved(self, held: _Kept, p_w: Floats, q_var: Floats) -> bool:
        base_p, base_q, kept = held
        by_p, by_q = p_w - base_p, q_var - base_q
        for slope, slope_q, most in (
            (kept.voltage, kept.voltage_q, self._voltage_pu),
            (kept.loading, kept.loading_q, self._loading),
        ):
            change = np.tensordot(slope, by_p, 2) + np.tensordot(slope if slope_q is None else slope_q, by_q, 2)
            if np.abs(change).max() > most:
                return True
        return False
