"""The floor forecast: the same time on the last seven days, moved by what was last seen, a decaying part of it.

A model must beat *this*: on real quarter-hour homes it has a normalised mean absolute error of 0.47, where
"the same as yesterday" has 0.63. Beside the median stand seven futures, what each of those days tells: they are as
sure or unsure as the home is, and what is offered ahead rests on them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAYS", "LOAD_DECAY", "MISSING", "PV_DECAY", "Forecast", "forecast_floor"]

DAYS = 7
"""Days looked back on."""

MISSING = -1
"""A reading that is not there. Use and roof are never negative, so no reading is confused with it."""

LOAD_DECAY = 700
"""‰ of the last error that is still expected one slot later, household use (docs/agent.md has the measurement)."""

PV_DECAY = 950
"""The same for a roof: clouds stay longer than kettles."""

_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Forecast:
    """What n homes will use (or their roofs give) in one slot.

    energy_wh : int64[n], Wh, ≥ 0, the median of seven days and the decayed last error; 0 where not known
    days_wh   : int64[7, n], Wh, ≥ 0, what would be if yesterday (first row) … that day a week ago came again, each
                from what was last seen on; `MISSING` where that day has no reading
    known     : bool[n], whether at least one day is there
    """

    energy_wh: NDArray[np.int64]
    days_wh: NDArray[np.int64]
    known: NDArray[np.bool_]


def forecast_floor(
    history: NDArray[np.int64], per_day: int, lead: int, *, decay_permille: int = LOAD_DECAY
) -> Forecast:
    """Forecast the slot `lead` slots after the last one of `history`.

    history        : int64[H, n], Wh, ≥ 0, slot by slot, its last row the last known slot; negative: no reading
    per_day        : slots in 24 hours; fewer than 7 days of history are used as far as they go
    lead           : 1 … per_day; 2 at a gate just before a slot, when the running slot is not known yet
    decay_permille : ‰ of the last known slot's error (its reading less the median of its own last seven days) still
                     expected one slot later; `lead` slots later its `lead`-th power

    Works in 24-hour steps of UTC: for a week after the clocks change, habits are met an hour late.
    Raises ValueError for a lead that is out of range.
    """
    if not 1 <= lead <= per_day:
        raise ValueError(f"lead is {lead}; a forecast reaches 1 to {per_day} slots ahead")
    days = _same_time(history, per_day, lead)
    median, known = _median(days)
    now, nows = _last(history), _same_time(history, per_day, 0)
    usual, had = _median(nows)
    shift = _faded(np.where(had & (now >= 0), now - usual, 0), decay_permille, lead)
    shifts = _faded(np.where((nows >= 0) & (now >= 0), now - nows, 0), decay_permille, lead)
    return Forecast(
        energy_wh=np.where(known, np.maximum(median + shift, 0), 0),
        days_wh=np.where(days < 0, MISSING, np.maximum(days + shifts, 0)),
        known=known,
    )


def _same_time(history: NDArray[np.int64], per_day: int, lead: int) -> NDArray[np.int64]:
    """The slot `lead` after the end as it was 1, 2, … 7 days before, int64[7, n]; `MISSING` beyond the history."""
    target = len(history) - 1 + lead
    known = target >= per_day and len(history) > 0
    rows: NDArray[np.int64] = history[target - per_day :: -per_day][:DAYS] if known else history[:0]
    if len(rows) == DAYS:
        return rows
    days = np.full((DAYS, history.shape[1]), MISSING, np.int64)
    days[: len(rows)] = rows
    return days


def _last(history: NDArray[np.int64]) -> NDArray[np.int64]:
    """The last readings, int64[n]; `MISSING` if there is none at all."""
    if not len(history):
        return np.full(history.shape[1], MISSING, np.int64)
    last: NDArray[np.int64] = history[-1]
    return last


def _faded(error: NDArray[np.int64], decay_permille: int, lead: int) -> NDArray[np.int64]:
    """What is left of `error` after `lead` slots, rounded half up."""
    weight: int = decay_permille**lead * 10_000 // 1_000**lead  # of 10 000: one weight for every home
    return (error * weight + 5_000) // 10_000


def _median(days: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Median over the days that are there (of an even number: the two middle ones' mean, rounded down)."""
    missing = days < 0
    if not missing.any():
        return np.sort(days, axis=0)[len(days) // 2], np.ones(days.shape[1], np.bool_)
    there = len(days) - np.count_nonzero(missing, axis=0)
    ordered = np.sort(np.where(missing, _FAR, days), axis=0)
    home = np.arange(days.shape[1])
    known = there > 0
    low, high = ordered[(there - 1) // 2 * known, home], ordered[there // 2 * known, home]
    return np.where(known, low + (high - low) // 2, 0), known
