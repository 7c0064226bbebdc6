"""What heat pumps and appliances did, what the simple rule would have done, and what else an owner has to know."""

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.household import Household
from sunfair.agent.machines import Machines
from sunfair.slots import SlotClock

__all__ = ["add_household", "add_shortfall"]

Ints = NDArray[np.int64]

_AWAY = "; nobody is at home: little use is expected, appliances rest, warmth is kept at its lowest"


def add_household(
    sentences: list[str], before: Household, after: Household, rule: Household, slot: int, steered: NDArray[np.bool_]
) -> list[str]:
    """The sentences of a slot with what heat pumps and appliances did in it, for the homes that have any.

    before, after : at its start and its end; rule: the same never steered, at its end
    """
    told = list(sentences)
    for pump, home in enumerate(after.heating.home.tolist()):
        level, band = int(after.warmth.level_wh[pump]), int(after.heating.band_wh[pump])
        told[home] += (
            f"; the heat pump takes {after.heat_wh[pump]} Wh, the thermostat alone would take {rule.heat_wh[pump]} Wh;"
            f" {level} of {band} Wh of warmth are kept"
        )
    for machine, home in enumerate(after.machines.home.tolist()):
        told[home] += _machine(before.machines, after, machine, slot, steered=bool(steered[home]))
    for home, owner in enumerate(after.owners):
        told[home] += _AWAY if owner.away(slot) else ""
    return told


def _machine(before: Machines, after: Household, machine: int, slot: int, *, steered: bool) -> str:
    name, clock = before.appliances[machine].name, before.clock
    use = int(after.machine_wh[machine])
    if after.machines.began[machine] != before.began[machine]:
        first = before.window(machine, after.machines.day[machine] - 1)[0]
        return f"; {name} starts with {use} Wh; {_time(clock, first)} would have been the earliest"
    if use:
        return f"; {name} runs and takes {use} Wh"
    run = next(before.starts(machine, slot, slot + clock.per_day, steered=steered), None)
    if run is None or run.at == run.first or run.first > slot:
        return ""
    return f"; {name} waits until {_time(clock, run.at)}, {_time(clock, run.last)} would be the latest"


def add_shortfall(sentences: list[str], short_wh: Ints, by_slot: Ints, clock: SlotClock) -> list[str]:
    """The sentences with what cars will lack: int64[n], Wh, and the slot before which it was to be there."""
    told = list(sentences)
    for home in np.flatnonzero(short_wh).tolist():
        told[home] += f"; the car will lack {short_wh[home]} Wh at {_time(clock, int(by_slot[home]))}"
    return told


def _time(clock: SlotClock, slot: int) -> str:
    return clock.local(slot).strftime("%H:%M")
