"""Cars from SimBench's charging profiles: each burst of charging is an arrival and a need; the departure is assumed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from sunfair.files.import_simbench_homes import CHARGER_W, Profiles, shifted
from sunfair.model import Visits
from sunfair.slots import SlotClock

__all__ = ["CAR_PROFILES", "bursts", "visits_of"]

CAR_PROFILES = ("HLS_A_3.7", "HLS_B_3.7", "HLS_C_3.7", "HLS_A_11.0", "HLS_B_11.0")
"""SimBench's charging at home (HLS: Heimladesäule) at up to 11 kW; the number is the charger's power in kW."""

_ON = 0.01  # of rated power: below it a charger stands by
_LEAST_WH = 1_000
_HOME_FOR_THE_NIGHT, _MORNING, _LEAVES = 15, 5, 7  # o'clock, on the site's clock
_STAY_AFTER, _DRIVE = 8, 4  # slots of 15 min

Burst = tuple[int, int, int]
"""First step, step after the last, Wh."""


def bursts(profile: NDArray[np.float64], rated_kw: float) -> list[Burst]:
    """The charging sessions of a profile; pauses of one step are part of a session, those below 1 kWh are dropped."""
    on = profile > _ON
    on[1:-1] |= on[:-2] & on[2:]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int8), [0]])))
    found = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        need = round(float(profile[start:end].clip(0).sum()) * rated_kw * 250)
        if need >= _LEAST_WH:
            found.append((start, end, need))
    return found


def visits_of(cars: Iterable[int], profiles: Profiles, first_slot: int, clock: SlotClock) -> Visits:
    """The visits of the member indices `cars`: the profiles in turn, each further copy shifted by a week more."""
    rows: list[tuple[int, int, int, int]] = []
    for number, member in enumerate(cars):
        name = CAR_PROFILES[number % len(CAR_PROFILES)]
        copy = number // len(CAR_PROFILES)
        weeks = (copy + 1) // 2 * (1 if copy % 2 else -1)
        found = bursts(shifted(profiles[name], weeks), float(name.rpartition("_")[2]))
        following = [start for start, _, _ in found[1:]] + [len(profiles[name]) + 2 * _DRIVE]
        for burst, after in zip(found, following, strict=True):
            stay = _stay(burst, after, first_slot, clock)
            rows.append((first_slot + burst[0], member, first_slot + stay, burst[2]))
    columns = np.array(sorted(rows), np.int64).reshape(-1, 4).T
    return Visits(columns[1].astype(np.int32), columns[0].copy(), columns[2].copy(), columns[3].copy())


def _stay(burst: Burst, following: int, first_slot: int, clock: SlotClock) -> int:
    """The step before which the car leaves.

    Who comes from 15:00 on or before 5:00 leaves at the next 7:00; who comes by day leaves two hours after the profile
    stopped charging. Always an hour before the next arrival, but never before the need could be met at full power.
    """
    start, end, need = burst
    arrival = clock.local(first_slot + start)
    full = start + -(-need * 4 // CHARGER_W)
    if arrival.hour >= _HOME_FOR_THE_NIGHT or arrival.hour < _MORNING:
        leave = clock.slot_at(_next_morning(arrival)) - first_slot
    else:
        leave = end + _STAY_AFTER
    return min(max(min(max(leave, full), following - _DRIVE), full, end), following)


def _next_morning(arrival: datetime) -> datetime:
    """The next 7:00 on the clock of `arrival`."""
    morning = arrival.replace(hour=_LEAVES, minute=0, second=0, microsecond=0)
    return morning + timedelta(days=1) if arrival.hour >= _LEAVES else morning
