"""The model of household use: three forests, one per quantile, and what was last seen of their errors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.forecast_features import Described
from sunfair.agent.forecast_leads import ByLead
from sunfair.agent.forecast_trees import Trees

__all__ = ["ERROR_SLOTS", "UseModel", "correct", "recent_errors"]

ERROR_SLOTS = 4
"""Slots whose errors are still looked at."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class UseModel:
    """Household use of any home from its own past.

    low, mid, high : forests of the 10, 50 and 90 % quantiles, in the home's own measure
    shares         : ByLead[2], what is still expected of the last slot's error and of the mean of the last four
    stretch        : ByLead[2], by how much the band below and above the middle is stretched to hold what it should
    profile        : float64[3, 3, 24], ≥ 0, for homes without a past: the three quantiles of use ÷ mean use on
                     workdays, Saturdays and Sundays in each hour of the site's clock
    """

    low: Trees
    mid: Trees
    high: Trees
    shares: ByLead
    stretch: ByLead
    profile: Floats

    def base(self, told: Described) -> Floats:
        """The three quantiles of the described slots, float64[3, m, n], Wh, ≥ 0, in order."""
        rows = np.ascontiguousarray(told.features.reshape(-1, told.features.shape[-1]))
        found = [
            np.maximum(told.median + told.unit * trees.predict(rows).reshape(told.unit.shape), 0.0)
            for trees in (self.low, self.mid, self.high)
        ]
        return np.stack([np.minimum(found[0], found[1]), found[1], np.maximum(found[2], found[1])])


def recent_errors(seen: Floats, expected: Floats) -> Floats:
    """The last slot's error and the mean of the last four, float64[2, n], Wh; a reading not there (NaN) is no error.

    seen, expected : float64[4, n], Wh, oldest first
    """
    error = np.nan_to_num(seen - expected, nan=0.0)
    return np.stack([error[-1], error.mean(axis=0)])


def correct(base: Floats, errors: Floats, shares: Floats, stretch: Floats | None = None) -> Floats:
    """Quantiles moved by what was last seen and stretched to their calibrated width, float64[3, T, n], Wh, ≥ 0.

    base    : float64[3, T, n], Wh
    errors  : float64[2, n], Wh, of `recent_errors`
    shares  : float64[T, 2]
    stretch : float64[T, 2], or None to leave the width
    """
    mid = np.maximum(base[1] + shares @ errors, 0.0)
    below, above = base[1] - base[0], base[2] - base[1]
    if stretch is not None:
        below, above = below * stretch[:, :1], above * stretch[:, 1:]
    return np.stack([np.maximum(mid - below, 0.0), mid, mid + above])
