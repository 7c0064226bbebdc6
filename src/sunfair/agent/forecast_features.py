"""What a model of household use is told of a slot: the same time on the last fourteen days, and the home's own manner.

Everything is measured in the home's own size and restlessness, so that what was learnt of some homes holds for others.
Nothing here depends on when the forecast is made, only on the slot it is for: what was once worked out for a slot
stays. What was seen since then is the business of `forecast_errors`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.slots import SlotClock

__all__ = ["PAST_DAYS", "Described", "Times", "describe", "times_of", "wall_seconds"]

PAST_DAYS = 14
"""Days looked back on, at the time of the described slot."""

_WEEK = 7
_RESTLESS = 0.7
"""From the mean step between two days to the mean distance from their middle."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Times:
    """Slots on the site's clock: hour of the day, float64[m], 0 … 24, and day of the week, int64[m], Monday is 0."""

    hour: Floats
    weekday: Ints


@dataclass(frozen=True, slots=True)
class Described:
    """m slots of n homes.

    features : float64[m, n, 41], what the models ask about
    median   : float64[m, n], Wh, of the seven days: what the numbers are relative to
    unit     : float64[m, n], Wh, > 0, the home's restlessness: what they are measured in
    size     : float64[m, n], Wh, > 0, its mean use per slot
    """

    features: Floats
    median: Floats
    unit: Floats
    size: Floats

    def homes(self, which: Ints) -> "Described":
        """The same of some homes only."""
        return Described(self.features[:, which], self.median[:, which], self.unit[:, which], self.size[:, which])


def times_of(seconds: Ints) -> Times:
    """Times from seconds on the site's wall clock (Unix time plus the offset from UTC), int64[m]."""
    return Times(seconds % 86_400 / 3_600, (seconds // 86_400 + 3) % _WEEK)


def wall_seconds(clock: SlotClock, slots: Ints) -> Ints:
    """When slots begin on the site's wall clock: Unix time plus the offset from UTC, int64[m], s."""
    offsets = [clock.local(slot).utcoffset() for slot in slots.tolist()]
    seconds = np.array([int(offset.total_seconds()) if offset else 0 for offset in offsets], np.int64)
    return np.asarray(slots * clock.seconds + seconds, np.int64)


def describe(history: Floats, rows: Ints, times: Times, minutes: int) -> Described:
    """Describe the slots that follow `rows` of the history after 24 hours.

    history : float64[H, n], Wh, without gaps
    rows    : int64[m], each from 13 days to the history's end; the described slot lies 24 hours after it
    times   : of the described slots
    minutes : length of a slot
    """
    per_day = 1_440 // minutes
    days = np.stack([history[rows - day * per_day] for day in range(PAST_DAYS)])
    week = np.sort(days[:_WEEK], axis=0)
    sums = _sums(history)
    size = np.maximum(_mean(sums, rows - _WEEK * per_day, rows), 1.0)
    step = np.abs(history[per_day:] - history[:-per_day])
    steps = _sums(np.concatenate([np.zeros((per_day, history.shape[1])), step]))
    unit = np.maximum(_RESTLESS * _mean(steps, rows - _WEEK * per_day, rows), 0.02 * size)
    relative = np.concatenate([week[[0, 1, 2, 4, 5, 6]], _days(days), _around(history, sums, rows, minutes)])
    relative = (relative - week[3]) / unit
    own = np.stack([week[3] / size, unit / size, (week[5] - week[1]) / unit, *_levels(sums, rows, per_day, size)])
    when = np.stack([times.hour, times.weekday, np.full(len(rows), minutes)])
    when = np.broadcast_to(when[:, :, None], (*when.shape, history.shape[1]))
    table = np.concatenate([relative, own, when])
    return Described(table.transpose(1, 2, 0), week[3], unit, size)


def _days(days: Floats) -> Floats:
    """Single days, their means, and where a fortnight of them lies."""
    ordered = np.sort(days, axis=0)
    means = np.stack([days[:_WEEK].mean(axis=0), days.mean(axis=0)])
    return np.concatenate([days[[0, 1, 6, 13]], means, ordered[[1, 3, 4, 6, 7, 9, 10, 12]]])


def _around(history: Floats, sums: Floats, rows: Ints, minutes: int) -> Floats:
    """The same on the slots around: the middle of half-hours and hours, and where all neighbours lie."""
    per_day, step = 1_440 // minutes, max(1, 15 // minutes)
    narrow, broad = (
        np.stack([_mean(sums, rows - day * per_day - half - 1, rows - day * per_day + half * (day > 0))
                  for day in range(_WEEK)])
        for half in (max(1, 30 // minutes), max(2, 120 // minutes))
    )  # fmt: skip
    ordered = np.sort(narrow, axis=0)
    near = [history[rows - day * per_day] for day in range(_WEEK)]
    shifts = (-2 * step, -step, step, 2 * step)
    near += [history[rows - day * per_day + shift] for day in range(1, _WEEK + 1) for shift in shifts]
    spread = np.sort(np.stack(near), axis=0)[[3, 8, 13, 17, 21, 26, 31]]
    return np.concatenate([ordered[[1, 3, 5]], narrow[:1], np.median(broad, axis=0)[None], broad[:1], spread])


def _levels(sums: Floats, rows: Ints, per_day: int, size: Floats) -> list[Floats]:
    """The last day and the one before in units of the week."""
    return [_mean(sums, rows - (day + 1) * per_day, rows - day * per_day) / size for day in range(2)]


def _sums(values: Floats) -> Floats:
    """Sums over the first 0, 1, … rows."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])


def _mean(sums: Floats, after: Ints, to: Ints) -> Floats:
    """The mean of the rows after `after` up to `to`."""
    mean: Floats = (sums[to + 1] - sums[after + 1]) / (to - after)[:, None]
    return mean
