"""While nobody is at home: what is still used, and what is not promised."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.forecast import MISSING, Forecast
from sunfair.agent.horizon import read_readings
from sunfair.model import Owner

__all__ = ["away_at", "forecast_away", "quiet_use"]

QUIET = 0.1
"""Quantile of a home's readings that it uses while nobody is there."""


def away_at(owners: Sequence[Owner], slot: int, slots: int) -> NDArray[np.bool_]:
    """Who is on vacation from `slot` on, bool[n, slots]."""
    away = np.zeros((len(owners), slots), np.bool_)
    for home, owner in enumerate(owners):
        for span in owner.vacations:
            away[home, max(span.first - slot, 0) : max(span.end - slot, 0)] = True
    return away


def quiet_use(load_history: NDArray[np.int64]) -> NDArray[np.float64]:
    """The low quantile of each home's readings, float64[n], Wh per slot; 0 where there are none.

    load_history : int64[H, n], Wh; negative: no reading
    """
    readings = read_readings(load_history)
    known = ~np.isnan(readings).all(axis=0)
    quiet = np.zeros(readings.shape[1])
    if known.any():
        quiet[known] = np.nanquantile(readings[:, known], QUIET, axis=0)
    return quiet


def forecast_away(load: Forecast, load_history: NDArray[np.int64], owners: Sequence[Owner], slot: int) -> Forecast:
    """The forecast of `slot`, with the low quantile of their use for the homes whose owner is on vacation in it."""
    away = away_at(owners, slot, 1)[:, 0]
    if not away.any():
        return load
    quiet = np.rint(quiet_use(load_history)).astype(np.int64)
    days = np.where(away & (load.days_wh != MISSING), quiet, load.days_wh)
    return replace(load, energy_wh=np.where(away & load.known, quiet, load.energy_wh), days_wh=days)
