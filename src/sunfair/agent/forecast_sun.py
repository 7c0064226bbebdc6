"""What roofs will give: the recent clear day at that time × how clear it was just now, and the usual of the last week.

The clear day is learnt from the roof itself, so nobody must know where it looks or what shades it; where the site's
place is known, past days are first lifted to the sun of the day that is forecast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.agent.forecast_leads import ByLead
from sunfair.agent.horizon import ordered_week

__all__ = ["CLEAR_DAY", "SUN_DAYS", "SunModel", "clear_sky", "lifted", "raw_quantiles", "sun_terms"]

SUN_DAYS = 14
"""Days in which a roof has shown at each time of day what it gives under a clear sky."""

CLEAR_DAY = 4
"""Which of the terms is the clear day."""

_WEEK = 7
_CLEAREST = 1.5
"""Times the clear day that a roof is believed to give at most: edges of clouds."""

_LIFT = 1.5
"""How many times higher or lower than on a past day the sun is believed to be at most: low suns are hills and trees."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SunModel:
    """Linear quantile forecasts of roofs.

    shares  : coefficients of the terms, by lead: ByLead[3, 7] for the 10, 50 and 90 % quantiles
    stretch : ByLead[2], in parts of the clear day: by how much the band is opened below and above
    """

    shares: ByLead
    stretch: ByLead

    def forecast(self, history: Floats, minutes: int, ahead: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        """The three quantiles in order, each float64[n, T], Wh, ≥ 0; for arguments see `sun_terms`."""
        terms = sun_terms(history, minutes, ahead)
        low, mid, high = raw_quantiles(terms, self.shares.at(minutes, ahead))
        open_low, open_high = (self.stretch.at(minutes, ahead)[:, side, None] * terms[CLEAR_DAY] for side in (0, 1))
        low = np.clip(low - open_low, 0.0, mid)
        high = np.maximum(high + open_high, mid)
        return low.T, mid.T, high.T


def raw_quantiles(terms: Floats, shares: Floats) -> Floats:
    """The three quantiles before calibration, float64[3, …, n], ≥ 0, in order; terms [7, T, n], shares [T, 3, 7]."""
    found: Floats = np.sort(np.maximum(np.einsum("ktn,tqk->qtn", terms, shares), 0.0), axis=0)
    return found


def sun_terms(history: Floats, minutes: int, ahead: NDArray[np.int64]) -> Floats:
    """What a forecast of roofs rests on, float64[7, T, n], Wh.

    history : float64[H, n], Wh, without gaps, H ≥ 14 days and one hour; the last row is the last known slot
    ahead   : int64[T], which slots after it; beyond 24 hours the last known day of that time stands

    The terms: the median of seven days, the clear day × the clearness of the last slot, hour, three hours and day, the
    clear day, and yesterday.
    """
    per_day = 1_440 // minutes
    days = history[len(history) - SUN_DAYS * per_day :].reshape(SUN_DAYS, per_day, -1)
    phase = (ahead - 1) % per_day
    clear = _clear_day(days, minutes)
    median = ordered_week(list(days[-_WEEK:]))[_WEEK // 2]
    by_phase = [median, *(clear * part for part in _clearness(history, clear, minutes)), clear, days[-1]]
    return np.stack([term[phase] for term in by_phase])


def _clear_day(days: Floats, minutes: int) -> Floats:
    """The second best of the days at each time, float64[per_day, n]; short slots are smoothed over those beside."""
    top: Floats = np.maximum(days[0], days[1])
    best: Floats = np.minimum(days[0], days[1])
    for day in days[2:]:
        best = np.maximum(best, np.minimum(top, day))
        top = np.maximum(top, day)
    if minutes > 15:
        return best
    smooth: Floats = (np.roll(best, 1, axis=0) + best + np.roll(best, -1, axis=0)) / 3
    return smooth


def _clearness(history: Floats, clear: Floats, minutes: int) -> list[Floats]:
    """What came of the clear day in the last slot, hour, three hours and day, float64[n] each, 0 … 1.5.

    Where the sun hardly shone, the longer time decides.
    """
    per_day = len(clear)
    a_little = 0.02 * clear.max(axis=0) + 1.0
    found: list[Floats] = []
    usual: Floats = np.full(clear.shape[1], 0.5)
    for slots in (per_day, 180 // minutes, max(1, 60 // minutes), max(1, 15 // minutes)):
        weight = a_little * slots * (0.1 if slots < per_day else 0.01)
        given, due = history[len(history) - slots :].sum(axis=0), clear[per_day - slots :].sum(axis=0)
        usual = np.minimum((given + weight * usual) / (due + weight), _CLEAREST)
        found.insert(0, usual)
    return found


def lifted(history: Floats, sun: ArrayLike, per_day: int) -> Floats:
    """Past days as they would be under the sun of the day that follows the history, float64[H, n].

    sun : float64[H + per_day], W/m², clear-sky irradiance of the history's slots and of the day after it
    """
    bright = np.maximum(np.asarray(sun, np.float64), 0.0)
    tomorrow = bright[len(history) :]
    then = bright[: len(history)]
    now = np.resize(np.roll(tomorrow, len(history) % per_day), len(then))
    ratio = np.clip((now + 20.0) / (then + 20.0), 1 / _LIFT, _LIFT)
    result: Floats = history * ratio[:, None]
    return result


def clear_sky(latitude: float, longitude: float, unix_seconds: NDArray[np.int64]) -> Floats:
    """Global horizontal irradiance under a clear sky, float64[m], W/m², ≥ 0 (pvlib's Haurwitz model).

    latitude, longitude : degrees, north and east positive
    unix_seconds        : int64[m], the middle of each slot
    """
    # pvlib takes seconds to come and brings pandas: only where a site's place is known.
    import pandas  # noqa: PLC0415
    from pvlib.clearsky import haurwitz  # noqa: PLC0415
    from pvlib.solarposition import get_solarposition  # noqa: PLC0415

    when = pandas.to_datetime(unix_seconds, unit="s", utc=True)
    zenith = get_solarposition(when, latitude, longitude)["apparent_zenith"]
    irradiance: Floats = np.nan_to_num(haurwitz(zenith)["ghi"].to_numpy(np.float64))
    return irradiance
