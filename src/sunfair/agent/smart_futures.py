"""What may come: the mean of the home's use, and several courses the sun may take.

A battery is planned for what comes in the mean of use, since what a wrong guess costs is made good a few slots later.
Sun is another matter: a whole day is bright or dull, and what is worth storing in the night before depends on which.
So the roofs' last fourteen days, each moved by what was last seen, are put in order of their sums and carried on as
three futures.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.agent.forecast import DAYS, LOAD_DECAY, PV_DECAY
from sunfair.agent.horizon import read_readings

__all__ = ["Futures", "futures_of"]

Floats = NDArray[np.float64]

USE_WEIGHT = (2, 1, 1, 1, 1, 2, 3)
"""What each of seven days counts in the mean of use, the same weekday first, yesterday last."""

SUN_DAYS = 14
"""Days of sun looked back on."""

_PARTS = ((slice(0, 4), 4 / 14), (slice(4, 10), 6 / 14), (slice(10, 14), 4 / 14))
"""Of these days in ascending order: which make up a future, and how much it counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Futures:
    """What n homes may see over T slots, Wh per slot.

    load_wh : float64[n, T], use in the mean; pv_wh : S courses of what the roofs give, float64[n, T]; weight sums to 1
    known   : bool[n], whether the home has read anything to go by
    """

    load_wh: Floats
    pv_wh: tuple[Floats, ...]
    weight: tuple[float, ...]
    known: NDArray[np.bool_]


def futures_of(load_history: ArrayLike, pv_history: ArrayLike, per_day: int, horizon: int) -> Futures:
    """The futures of the `horizon` slots after the last one of the history.

    load_history, pv_history : [H, n], Wh, ≥ 0, slot by slot, the last row the last known slot; negative or NaN: no
                               reading. Fifteen days are looked at, less is used as far as it goes.
    """
    load, pv = (read_readings(history)[-(SUN_DAYS + 1) * per_day :] for history in (load_history, pv_history))
    use, roof = _days(load, per_day, DAYS), _days(pv, per_day, SUN_DAYS)
    weight = np.array(USE_WEIGHT, np.float64)
    late = np.einsum("d,dnt->nt", weight / weight.sum(), _fading(load, use, LOAD_DECAY, horizon))
    load_mean = np.maximum(_ahead(_mean(use, weight), horizon) + late, 0.0)
    courses = _ahead(_filled(roof, _mean(roof, np.ones(SUN_DAYS))), horizon)
    courses = np.maximum(courses + _fading(pv, roof, PV_DECAY, horizon), 0.0)
    place = np.argsort(courses.sum(axis=2), axis=0, kind="stable")
    ordered = np.take_along_axis(courses, place[:, :, None], axis=0)
    roofs = tuple(np.ascontiguousarray(ordered[part].mean(axis=0)) for part, _ in _PARTS)
    known = np.asarray(~np.isnan(use).all(axis=(0, 1)))
    return Futures(load_mean, roofs, tuple(share for _, share in _PARTS), known)


def _days(history: Floats, per_day: int, days: int) -> Floats:
    """The last days from the time of day at which the forecast begins, float64[days, per_day, n]; NaN: unknown."""
    lacking = days * per_day - len(history)
    if lacking > 0:
        history = np.concatenate([np.full((lacking, history.shape[1]), np.nan), history])
    return history[-days * per_day :].reshape(days, per_day, history.shape[1])


def _mean(days: Floats, weight: Floats) -> Floats:
    """The weighted mean of the days that are there, float64[per_day, n]; 0 where none is."""
    counts = np.where(np.isnan(days), 0.0, weight[:, None, None])
    total = counts.sum(axis=0)
    return np.asarray((counts * np.nan_to_num(days)).sum(axis=0) / np.where(total > 0, total, 1.0))


def _filled(days: Floats, mean: Floats) -> Floats:
    return np.where(np.isnan(days), mean, days)


def _ahead(days: Floats, horizon: int) -> Floats:
    """Days by time, [..., per_day, n], repeated over the horizon, [..., n, horizon]."""
    slots = np.arange(horizon) % days.shape[-2]
    return np.asarray(np.swapaxes(days[..., slots, :], -1, -2))


def _fading(history: Floats, days: Floats, decay_permille: int, horizon: int) -> Floats:
    """What is left, slot by slot, of how far the last reading was from each of the days before: [days, n, horizon]."""
    count, per_day = days.shape[:2]
    left = (decay_permille / 1000) ** np.arange(1, horizon + 1)
    last = history[-1] if len(history) else np.full(days.shape[2], np.nan)
    earlier = np.full((count, days.shape[2]), np.nan)
    rows = history[-1 - per_day :: -per_day][:count] if len(history) > per_day else history[:0]
    earlier[: len(rows)] = rows
    # Newest first, as the days are oldest first.
    error = np.nan_to_num(last - earlier[::-1], nan=0.0)
    return np.asarray(error[:, :, None] * left)
