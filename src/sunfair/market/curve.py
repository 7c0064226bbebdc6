"""When a household's curve may be accepted: the rules it is held to before and when it is signed."""

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.errors import Fault, InputError
from sunfair.market.integers import ENERGIES, LIMITS, OFFERED, integer_columns
from sunfair.units import LIMIT_MAX, STEPS_MAX, TICK

__all__ = ["check_curve", "merge_steps"]


def check_curve(energy_wh: ArrayLike, limit: ArrayLike, *, tick: int = TICK) -> list[Fault]:
    """Everything wrong with one account's curve for one session; an empty list if it may be accepted.

    A curve has at most 8 steps (none is fine); energies Wh, ≠ 0, and limits µ/kWh are integers within ±10⁹; limits are
    multiples of `tick` (a unique limit would name its home), those of a side distinct (split steps would win more than
    their share of the rounding), and every buy limit below every sell limit (else it could trade with itself). A
    fault's place names steps from 0.
    """
    if tick < 1:
        raise InputError(f"the tick is {tick} µ/kWh; it must be 1 or more")
    faults: list[Fault] = []
    on_tick = replace(LIMITS, tick=tick)
    energy, limits = integer_columns(faults, {"energy_wh": (energy_wh, OFFERED), "limit": (limit, on_tick)})
    well_formed = not faults
    if (steps := max(len(energy), len(limits))) > STEPS_MAX:
        faults.append(Fault("curve", f"has {steps} steps", f"at most {STEPS_MAX}"))
    return faults + _between_steps(energy, limits) if well_formed else faults


def merge_steps(energy_wh: ArrayLike, limit: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A curve with the equal limits of a side merged, as it must be before it is signed: energy_wh, limit, int64[m].

    Each merged step stands where its limit first appeared on its side; steps of 0 Wh are dropped. Raises InputError
    for what is no integer or beyond ±10⁹, or for columns of different lengths; `check_curve` judges the rest.
    """
    faults: list[Fault] = []
    energy, limits = integer_columns(faults, {"energy_wh": (energy_wh, ENERGIES), "limit": (limit, LIMITS)})
    if faults:
        raise InputError("these steps cannot be merged", faults)
    merged: Counter[tuple[bool, int]] = Counter()
    for wh, at in zip(energy.tolist(), limits.tolist(), strict=True):
        if wh:
            merged[wh > 0, at] += wh
    return np.array([*merged.values()], np.int64), np.array([at for _, at in merged], np.int64)


def _between_steps(energy: NDArray[np.int64], limit: NDArray[np.int64]) -> list[Fault]:
    """What is wrong between the steps of a curve, each of them well formed."""
    faults = []
    for side, limits in (("buy", limit[energy > 0].tolist()), ("sell", limit[energy < 0].tolist())):
        twice = sorted(at for at, times in Counter(limits).items() if times > 1)
        if twice:
            told = ", ".join(map(str, twice))
            faults.append(
                Fault("limit", f"{side} limit {told} stands more than once", "merge equal limits into one step")
            )
    highest_buy = int(limit[energy > 0].max(initial=-LIMIT_MAX - 1))
    lowest_sell = int(limit[energy < 0].min(initial=LIMIT_MAX + 1))
    if highest_buy >= lowest_sell:
        what = f"buys at up to {highest_buy} and sells from {lowest_sell}"
        faults.append(Fault("limit", what, "every buy limit must lie below every sell limit, or it trades with itself"))
    return faults
