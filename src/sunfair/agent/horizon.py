"""What homes will use and roofs will give over the next hours, with how unsure that is; and the floor of it.

The floor is `forecast_floor` carried over a whole horizon: the same time on the last seven days, moved by a decaying
part of the last error. Its band is the spread of those seven days, narrow at first, where the last reading still tells.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.agent.forecast import DAYS, LOAD_DECAY, PV_DECAY

__all__ = [
    "HORIZON_DAYS",
    "Band",
    "HorizonForecast",
    "carried",
    "check_histories",
    "forecast_horizon",
    "read_readings",
    "usual_day",
]

HORIZON_DAYS = 2
"""Days a forecast reaches at most."""

LOAD_WIDTH, PV_WIDTH = 1.12, 1.3
"""By how much the range of seven days is stretched so that it holds a reading in eight of ten slots."""

Floats = NDArray[np.float64]

_NETWORK = (
    *((0, 6), (2, 3), (4, 5), (0, 2), (1, 4), (3, 6), (0, 1), (2, 5), (3, 4), (1, 2), (4, 6), (2, 3), (4, 5)),
    *((1, 2), (3, 4), (5, 6)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Energy per slot of n homes over T slots, float64[n, T], Wh, 0 ≤ low ≤ mid ≤ high.

    low, mid, high : the 10, 50 and 90 % quantiles of what will be
    """

    low: Floats
    mid: Floats
    high: Floats

    def take(self, homes: NDArray[np.int64] | slice) -> "Band":
        """The same for the homes at these places, in this order."""
        return Band(self.low[homes], self.mid[homes], self.high[homes])

    def slots(self, slots: slice) -> "Band":
        """The same for a part of the slots."""
        return Band(self.low[:, slots], self.mid[:, slots], self.high[:, slots])


@dataclass(frozen=True, slots=True, eq=False)
class HorizonForecast:
    """Use and roofs of n homes over the T slots to come.

    load_wh, pv_wh : Wh per slot; household use without battery and car, and what the roof can give
    known          : bool[n], whether the home's own past carries its forecast of use; where not, it is a guess
    notes          : what a householder should know of it (a guess instead of a past, a model that is not there)
    """

    load_wh: Band
    pv_wh: Band
    known: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    @property
    def horizon(self) -> int:
        """Number of slots, T."""
        return int(self.load_wh.mid.shape[1])


def forecast_horizon(
    load_history: ArrayLike, pv_history: ArrayLike, per_day: int, horizon: int, lead: int = 1
) -> HorizonForecast:
    """Forecast `horizon` slots, the first of them `lead` slots after the last one of the history.

    load_history, pv_history : int64[H, n], Wh, ≥ 0, slot by slot, the last row the last known slot; negative or NaN:
                               no reading; eight days are looked at, less is used as far as it goes
    per_day                  : slots in 24 hours
    horizon                  : 1 … 2 · per_day
    lead                     : 1 … per_day

    `mid` is what `forecast_floor` says for each slot up to 24 hours ahead; beyond, the same seven days are still the
    last known. A time of day never read takes the reading before it in the day. A home without readings of use at
    half the times of day is not `known`. Works in 24-hour steps of UTC.

    Raises ValueError for a horizon or lead out of range, and for histories of unequal shape.
    """
    load, pv = read_readings(load_history), read_readings(pv_history)
    check_histories(load, pv, per_day, horizon, lead)
    use, known = _floor(load, per_day, horizon, lead, LOAD_DECAY / 1000, LOAD_WIDTH)
    roof, _ = _floor(pv, per_day, horizon, lead, PV_DECAY / 1000, PV_WIDTH)
    return HorizonForecast(use, roof, known)


def read_readings(history: ArrayLike) -> Floats:
    """Readings by slot and home as float64[H, n], Wh, NaN where there is none (negative, NaN or infinite before)."""
    values = np.asarray(history)
    if values.dtype.kind not in "iuf" or values.ndim != 2:
        raise ValueError(f"readings are {values.dtype}[{values.ndim} axes]; give numbers by slot and home, [H, n]")
    readings = values.astype(np.float64)
    gone = ~((readings >= 0) & (readings < np.inf))
    if gone.any():
        readings[gone] = np.nan
    return readings


def check_histories(load: Floats, pv: Floats, per_day: int, horizon: int, lead: int) -> None:
    """Raise ValueError for what is out of range or does not belong together."""
    if load.shape != pv.shape:
        raise ValueError(f"use is {load.shape}, roofs are {pv.shape}; give both for the same slots and homes")
    if not 1 <= horizon <= HORIZON_DAYS * per_day:
        raise ValueError(f"horizon is {horizon}; a forecast covers 1 to {HORIZON_DAYS * per_day} slots")
    if not 1 <= lead <= per_day:
        raise ValueError(f"lead is {lead}; a forecast begins 1 to {per_day} slots ahead")


def _floor(
    history: Floats, per_day: int, horizon: int, lead: int, decay: float, width: float
) -> tuple[Band, NDArray[np.bool_]]:
    """The band of one quantity, and for which homes at least half the times of day were ever read."""
    low, median, high = _spread(_last_days(history[-DAYS * per_day :], per_day))  # [per_day, n] by phase
    read = ~np.isnan(median)
    known = read.mean(axis=0) >= 0.5
    if not read.all():
        low, median, high = (carried(part) for part in (low, median, high))
    ahead = lead + np.arange(horizon)
    phase = (ahead - 1) % per_day
    left = decay**ahead
    unsure = width * np.sqrt(1.0 - left**2)
    usual = np.take(median, phase, axis=0)
    mid = np.maximum(usual + left[:, None] * _last_error(history, per_day), 0.0)
    below, above = (unsure[:, None] * np.take(part, phase, axis=0) for part in (median - low, high - median))
    parts = (np.maximum(mid - below, 0.0), mid, mid + above)
    return Band(*(np.ascontiguousarray(part.T) for part in parts)), known


def _last_days(history: Floats, per_day: int) -> Floats:
    """The last seven days by phase, float64[7, per_day, n]: phase p is the time of the p-th slot after the end."""
    lacking = DAYS * per_day - len(history)
    if lacking:
        history = np.concatenate([np.full((lacking, history.shape[1]), np.nan), history])
    return history.reshape(DAYS, per_day, history.shape[1])


def _spread(days: Floats) -> tuple[Floats, Floats, Floats]:
    """The least, the median and the greatest of the seven days, of those that are there; NaN where none is."""
    missing = np.isnan(days)
    if not missing.any():
        ordered = ordered_week(list(days))
        return ordered[0], ordered[DAYS // 2], ordered[-1]
    stack = np.array(ordered_week(list(np.where(missing, np.inf, days))))
    stack[np.isinf(stack)] = np.nan
    there = np.maximum(DAYS - missing.sum(axis=0), 1)

    def at(place: NDArray[np.int64]) -> Floats:
        found: Floats = np.take_along_axis(stack, place[None], axis=0)[0]
        return found

    return stack[0], (at((there - 1) // 2) + at(there // 2)) / 2, at(there - 1)


def ordered_week(days: list[Floats]) -> list[Floats]:
    """Seven arrays in ascending order, place by place: a sorting network, five times as fast as `np.sort` here."""
    for one, other in _NETWORK:
        days[one], days[other] = np.minimum(days[one], days[other]), np.maximum(days[one], days[other])
    return days


def _last_error(history: Floats, per_day: int) -> Floats:
    """The last reading less the median of its own last seven days, float64[n]; 0 where either is not there."""
    if len(history) <= per_day:
        return np.zeros(history.shape[1])
    earlier = history[len(history) - 1 - per_day :: -per_day][:DAYS]
    days = np.full((DAYS, 1, history.shape[1]), np.nan)
    days[: len(earlier), 0] = earlier
    error: Floats = np.nan_to_num(history[-1] - _spread(days)[1][0], nan=0.0)
    return error


def usual_day(history: Floats, per_day: int) -> Floats:
    """The median of the last seven days by time of day, float64[per_day, n]; row p is the p-th slot after the end."""
    return _spread(_last_days(history[-DAYS * per_day :], per_day))[1]


def carried(by_phase: Floats) -> Floats:
    """Where a phase has nothing, what the phase before it has, around the clock; 0 where no phase has anything."""
    twice = np.concatenate([by_phase, by_phase])
    rows = np.where(np.isnan(twice), 0, np.arange(len(twice))[:, None])
    carried = np.take_along_axis(twice, np.maximum.accumulate(rows, axis=0), axis=0)
    filled: Floats = np.nan_to_num(carried[len(by_phase) :], nan=0.0)
    return filled
