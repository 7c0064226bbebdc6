"""What stored energy is worth to many homes over the next slots: the value function that decisions rest on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.homes import Homes
from sunfair.agent.outlook import Outlook
from sunfair.agent.plan_homes import check_pair, steady
from sunfair.agent.plan_repair import Note, Problem, repair
from sunfair.errors import Fault, InputError

__all__ = ["GRID", "Worth", "worth_of"]

Floats = NDArray[np.float64]

GRID = 41
"""Levels at which the worth itself is kept, evenly from the reserve to the capacity."""


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """The mean over several futures of what a kWh more in store is worth, at the end of each of R slots.

    levels           : float64[n, R, K], Wh, battery side: up to where it is worth at least the price that was asked
    values           : float64[n, R, G], µ/kWh, at `GRID` levels from the reserve up to the capacity
    reserve, capacity : float64[n], Wh
    notes            : what had to be repaired on the way
    """

    levels: Floats
    values: Floats
    reserve: Floats
    capacity: Floats
    notes: tuple[Note, ...] = ()

    def at(self, slot: int, soc_wh: Floats) -> Floats:
        """The worth of a kWh more at these levels at the end of the slot with this number, float64[n], µ/kWh."""
        band = np.maximum(self.capacity - self.reserve, 1.0)
        place = np.clip((soc_wh - self.reserve) / band, 0.0, 1.0) * (self.values.shape[2] - 1)
        found: Floats = self.values[np.arange(len(band)), slot, np.rint(place).astype(np.int64)]
        return found


def worth_of(homes: Homes, futures: Sequence[Outlook], weight: Sequence[float], asked: Floats) -> Worth:
    """The worth of stored energy under several futures that may come.

    futures : what may come of use and roofs, each over the same T slots; the prices are those of the first
    weight  : how likely each is; they sum to 1
    asked   : float64[n, R, K], µ/kWh, prices whose levels are wanted at the end of each of the first R < T slots

    As `plan`, it takes what the world sends: values no home can have are repaired and told. Raises InputError where the
    numbers of homes, slots or futures differ.
    """
    _check(homes, futures, weight, asked)
    problems: list[Problem] = []
    notes: list[Note] = []
    for outlook in futures:
        problem, found = repair(homes, outlook)
        problems.append(problem)
        notes += [note for note in found if str(note) not in {str(other) for other in notes}]
    first = problems[0]
    levels, values = np.zeros(asked.shape), np.zeros((*asked.shape[:2], GRID))
    _solve(problems, np.asarray(weight, np.float64), asked, levels, values)
    return Worth(levels, values, first.reserve, first.capacity, tuple(notes))


def _check(homes: Homes, futures: Sequence[Outlook], weight: Sequence[float], asked: Floats) -> None:
    faults = []
    for outlook in futures:
        check_pair(homes, outlook)
    horizons = {outlook.horizon for outlook in futures}
    if len(horizons) != 1:
        faults.append(Fault("futures", f"are over {sorted(horizons)} slots", "give at least one, all equally long"))
    elif not 1 <= asked.shape[1] < max(horizons):
        faults.append(Fault("asked", f"is for {asked.shape[1]} of {max(horizons)} slots", "ask for fewer, at least 1"))
    if len(weight) != len(futures):
        faults.append(Fault("weight", f"has {len(weight)} for {len(futures)} futures", "give one for each"))
    if len(asked) != len(homes):
        faults.append(Fault("asked", f"has {len(asked)} homes, there are {len(homes)}", "give one row per home"))
    if faults:
        raise InputError("the worth of stored energy cannot be found", faults)


def _solve(problems: list[Problem], weight: Floats, asked: Floats, levels: Floats, values: Floats) -> None:
    from sunfair.agent.worth_kernel import levels_of_worth  # noqa: PLC0415  numba takes seconds to come

    first = problems[0]
    devices = first.devices()
    devices[:, 1] = first.reserve  # the function is wanted from the reserve up, wherever the store stands
    load, pv = (np.stack([getattr(each, name) for each in problems], axis=1) for name in ("load", "pv"))
    buy, sell = np.atleast_2d(first.buy), np.atleast_2d(first.sell)
    shares = np.tile(weight, (first.size, 1))
    use, roof, dear, cheap = (steady(part) for part in (load, pv, buy, sell))
    share, wanted = steady(shares), steady(asked)
    levels_of_worth(0, first.size, steady(devices), use, roof, dear, cheap, share, wanted, levels, values)
