"""From intervals of any length to slots: energy is spread or summed so that none appears or vanishes."""

import numpy as np
from numpy.typing import NDArray

from sunfair.slots import SLOT_MINUTES

__all__ = ["UNITS", "hold", "micro_wh", "slot_minutes_for", "to_slots", "watts"]

UNITS = ("Wh", "kWh", "W", "kW")
"""Wh and kWh are an interval's total energy, W and kW its mean power."""

_MICRO = 1_000_000

Whole = NDArray[np.int64]


def watts(unit: str, interval_s: int) -> float:
    """The mean power, W, of an interval of `interval_s` seconds whose reading is 1 `unit`."""
    return {"Wh": 3600 / interval_s, "kWh": 3_600_000 / interval_s, "W": 1.0, "kW": 1000.0}[unit]


def micro_wh(values: NDArray[np.float64], unit: str, interval_s: int) -> Whole:
    """Readings of intervals of `interval_s` seconds in `unit` as whole 10⁻⁶ Wh."""
    scale = {"Wh": 1.0, "kWh": 1000.0, "W": interval_s / 3600, "kW": interval_s / 3.6}[unit]
    return np.rint(values * (scale * _MICRO)).astype(np.int64)


def slot_minutes_for(interval_s: int) -> int:
    """The slot length that fits an interval: itself, or else the shortest one made of whole intervals, or an hour."""
    fitting = [minutes for minutes in SLOT_MINUTES if minutes * 60 % interval_s == 0]
    return fitting[0] if fitting else SLOT_MINUTES[-1]


def to_slots(energy: Whole, start_s: int, interval_s: int, slot_s: int) -> tuple[int, Whole]:
    """Energy by interval as energy by slot: the first slot and whole Wh, int64[T, n].

    energy : int64[t, n], 10⁻⁶ Wh in the interval that starts at ``start_s + i · interval_s`` (unix s)

    Within an interval the power is constant. What has flowed until a slot's end is rounded, not each slot by itself,
    so every sum is within 1 Wh of what was measured, and an interval of whole Wh keeps its sum exactly. Time
    before the first or after the last whole slot is left out.
    """
    run = np.zeros((len(energy) + 1, energy.shape[1]), np.int64)
    np.cumsum(energy, axis=0, out=run[1:])
    first = -(-start_s // slot_s)
    end = (start_s + len(energy) * interval_s) // slot_s
    edges = np.arange(first, end + 1, dtype=np.int64) * slot_s - start_s
    whole, part = edges // interval_s, edges % interval_s
    following = np.minimum(whole + 1, len(energy))
    flowed = run[whole] + (run[following] - run[whole]) * part[:, None] // interval_s
    return first, np.diff((flowed + _MICRO // 2) // _MICRO, axis=0)


def hold(values: Whole, start_s: int, interval_s: int, first: int, count: int, slot_s: int) -> Whole:
    """The value in force at the start of each of `count` slots from `first` on; they must lie within the values."""
    at = ((first + np.arange(count, dtype=np.int64)) * slot_s - start_s) // interval_s
    return values[at]
