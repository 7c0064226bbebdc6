"""Histories made whole: what a model of the past can work with, where readings are missing or the past is short."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.horizon import carried, usual_day

__all__ = ["filled"]

Floats = NDArray[np.float64]


def filled(history: Floats, per_day: int, length: int) -> Floats:
    """The last `length` slots of readings without gaps, float64[length, n].

    history : float64[H, n], Wh, NaN where there is no reading

    A gap takes what is usual at that time of day (the median of the last seven days that have it); a time of day that
    was never read takes the time before it, and a home without any reading zero.
    """
    if len(history) >= length:
        history = history[len(history) - length :]
        if not np.isnan(history).any():
            return history
    lacking = np.full((length - len(history), history.shape[1]), np.nan)
    whole = np.concatenate([lacking, history])
    usual = carried(usual_day(whole, per_day))
    rows = (np.arange(length) - length) % per_day
    return np.where(np.isnan(whole), usual[rows], whole)
