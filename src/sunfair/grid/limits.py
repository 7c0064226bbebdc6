"""The limits a delivered slot is held against."""

import numpy as np
from numpy.typing import NDArray

from sunfair.grid.flow import Flow

__all__ = ["LOADING_MAX", "VOLTAGE_MAX_PU", "VOLTAGE_MIN_PU", "violations"]

VOLTAGE_MIN_PU = 0.90
"""Lowest permitted voltage of any phase at any bus, per unit of the rated voltage (EN 50160: −10 %)."""

VOLTAGE_MAX_PU = 1.10
"""Highest permitted voltage of any phase at any bus, per unit of the rated voltage (EN 50160: +10 %)."""

LOADING_MAX = 1.0
"""Highest permitted loading of a line or transformer, part of its rating."""


def violations(flow: Flow) -> NDArray[np.bool_]:
    """The slots outside the limits, bool[T]; a slot without a solution counts as one."""
    inside = (
        (flow.min_voltage_pu >= VOLTAGE_MIN_PU)
        & (flow.max_voltage_pu <= VOLTAGE_MAX_PU)
        & (flow.max_loading <= LOADING_MAX)
    )
    return ~inside
