"""Fitting what a forecast of roofs makes of its terms: linear quantile regression at each lead and length of slot."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.forecast_leads import LEADS, LENGTHS, ByLead, fit_quantile
from sunfair.agent.forecast_sun import CLEAR_DAY, SUN_DAYS, SunModel, raw_quantiles, sun_terms
from sunfair.agent.forecast_train import QUANTILES, Readings

__all__ = ["train_sun"]

Floats = NDArray[np.float64]


def train_sun(readings: Readings, days: NDArray[np.bool_], seed: int, *, moments: int = 800) -> SunModel:
    """The model of roofs, from those `days` of the readings alone on which it is told what came.

    days : bool[D], one for each 24 hours from the readings' first slot on
    """
    shares = np.zeros((len(LENGTHS), len(LEADS), len(QUANTILES), 7))
    stretch = np.zeros((len(LENGTHS), len(LEADS), 2))
    for place, some in enumerate(readings.lengths()):
        energy, per_day = some.energy_wh, 1_440 // some.minutes
        chance = np.random.default_rng(seed)
        ends = np.sort(chance.integers((SUN_DAYS + 1) * per_day, len(energy) - per_day, moments))
        leads = np.array([-(-lead // some.minutes) for lead in LEADS])
        past = [energy[end - (SUN_DAYS * per_day + 180 // some.minutes) : end] for end in ends]
        terms = np.stack([sun_terms(history, some.minutes, leads) for history in past], axis=2)  # [7, T, moments, n]
        for lead, ahead in enumerate(leads):
            at = ends + ahead - 1
            kept = days[np.minimum(at // per_day, len(days) - 1)]
            told, came = terms[:, lead, kept], energy[at[kept]]
            shining = (told[CLEAR_DAY] > 0) | (came > 0)
            unit = np.broadcast_to(np.maximum(energy.mean(axis=0), 1.0), came.shape)[shining]
            shares[place, lead], stretch[place, lead] = _fit(told[:, shining] / unit, came[shining] / unit)
    return SunModel(ByLead(shares), ByLead(stretch))


def _fit(terms: Floats, came: Floats) -> tuple[Floats, Floats]:
    """Coefficients of the three quantiles, float64[3, 7], and how far the band must be opened below and above.

    The clear day may count against the other terms: the less of it there was, the less there may be.
    """
    shares = np.stack([fit_quantile(terms.T, came, quantile, free=CLEAR_DAY) for quantile in QUANTILES])
    low, _, high = raw_quantiles(terms[:, None], shares[None])[:, 0]
    clear = np.maximum(terms[CLEAR_DAY], 1e-3)
    opened = [np.quantile(score / clear, QUANTILES[-1]) for score in (low - came, came - high)]
    return shares, np.array(opened)
