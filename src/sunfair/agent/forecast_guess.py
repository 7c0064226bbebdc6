"""Forecasts of homes without a past: a standard profile, and the roofs of the neighbours."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.forecast_features import Times
from sunfair.agent.horizon import Band

__all__ = ["guess_roofs", "guess_use"]

USUAL_KWH = 3_000
"""kWh a year of a home of which nothing is known, where no neighbour is known either."""

_HOURS_A_YEAR = 8_760

Floats = NDArray[np.float64]


def guess_use(use: Band, known: NDArray[np.bool_], profile: Floats, times: Times, minutes: int) -> tuple[Band, str]:
    """Use with the standard profile in place of homes that are not known, and what is to be said of it.

    profile : float64[3, 3, 24], quantiles of use ÷ mean use on workdays, Saturdays, Sundays in each hour
    times   : of the T slots
    """
    mean = USUAL_KWH * 1_000 * minutes / 60 / _HOURS_A_YEAR
    if known.any():
        mean = float(np.median(use.mid[known].mean(axis=1)))
    course = mean * profile[:, np.maximum(times.weekday - 4, 0), times.hour.astype(np.int64)]
    parts = [part.copy() for part in (use.low, use.mid, use.high)]
    for part, values in zip(parts, course, strict=True):
        part[~known] = values
    whose = "of its neighbours' size" if known.any() else f"of {USUAL_KWH:,} kWh a year"
    count = int((~known).sum())
    return Band(*parts), f"{count} homes have no past yet: a standard profile {whose} stands for their use."


def guess_roofs(roofs: Band, seen: NDArray[np.bool_], pv_wp: NDArray[np.int64] | None) -> tuple[Band, list[str]]:
    """Roofs with the neighbours' forecast per Wp in place of those that were never read, and what is to be said."""
    unseen = ~seen if pv_wp is None else ~seen & (pv_wp > 0)
    if not unseen.any():
        return roofs, []
    count = int(unseen.sum())
    teachers = np.zeros_like(seen) if pv_wp is None else seen & (pv_wp > 0)
    if pv_wp is None or not teachers.any():
        return roofs, [f"{count} roofs have no past yet and no neighbour to learn from: nothing is expected of them."]
    parts = []
    for part in (roofs.low, roofs.mid, roofs.high):
        whole = part.copy()
        whole[unseen] = np.median(part[teachers] / pv_wp[teachers, None], axis=0) * pv_wp[unseen, None]
        parts.append(whole)
    return Band(*parts), [f"{count} roofs have no past yet: they are expected to do as their neighbours' per kWp."]
