"""The static limit: one power, the same for every connection at every hour, that the wires carry whatever happens."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.energy import phase_spread
from sunfair.grid.flow import power_flow
from sunfair.grid.limits import violations
from sunfair.grid.network import Network
from sunfair.model import Phase

__all__ = ["static_limits"]

_HIGHEST_W = 32_000.0
_LEVELS = 32
"""Powers tried at a time; two passes find the limit to 32 kW / 32² = 31 W."""


def static_limits(network: Network, phases: Sequence[Phase]) -> tuple[float, float]:
    """The most each connection may take and may give, W ≥ 0 each, if all do so at once: (import, export).

    phases : of the n members, in the order of `network.accounts`

    Found by power flow with all members at the same power, unity power factor, to 31 W downwards, at most 32 kW; a
    power whose flow has no solution is too much. 0 where even an idle network is outside its limits.
    """
    share = phase_spread(phases)
    return _most(network, share), _most(network, -share)


def _most(network: Network, shape: NDArray[np.float64]) -> float:
    low, width = 0.0, _HIGHEST_W
    for _ in range(2):
        width /= _LEVELS
        tried = low + width * np.arange(_LEVELS + 1)
        p_w = tried[:, None, None] * shape
        outside = violations(power_flow(network, p_w, np.zeros_like(p_w)))
        first = int(np.argmax(outside)) if outside.any() else _LEVELS + 1
        if first == 0:
            return 0.0
        low = float(tried[first - 1])
    return min(low, _HIGHEST_W)
