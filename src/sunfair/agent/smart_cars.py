"""By when plugged-in cars must have what they need: what their drivers and owners said, kept from arrival on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.cars import Cars
from sunfair.agent.dispatch_cars import Deadlines
from sunfair.model import Owner
from sunfair.slots import SlotClock

__all__ = ["Promises"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Promises:
    """What n owners were promised when their car came, int64[n].

    ready    : the slot before which the early part must be there; 0: there is none
    later_wh : Wh (AC) of the need that may come after it
    """

    ready: Ints
    later_wh: Ints

    @staticmethod
    def none(size: int) -> "Promises":
        """No early part."""
        return Promises(np.zeros(size, np.int64), np.zeros(size, np.int64))

    def arrived(self, homes: Ints, cars: Cars, slot: int, owners: Sequence[Owner], clock: SlotClock) -> "Promises":
        """With the wishes of the owners whose cars have just come, at places `homes`; `cars` with them in.

        Nothing is promised for a time at which the owner is on vacation.
        """
        ready, later = self.ready.copy(), self.later_wh.copy()
        for home in homes.tolist():
            owner = owners[home]
            minute = owner.ready_minute
            ready[home] = 0 if minute is None else _next(slot, minute, clock)
            if owner.away(int(ready[home])):
                ready[home] = 0
            wanted = cars.remaining_wh[home] if owner.ready_wh is None else owner.ready_wh
            later[home] = max(int(cars.remaining_wh[home]) - int(wanted), 0)
        return Promises(ready, later)

    def due(self, cars: Cars, slot: int) -> Deadlines:
        """The deadlines as of `slot`."""
        ready = np.minimum(self.ready, cars.depart)
        early = np.where(ready > slot, np.maximum(cars.remaining_wh - self.later_wh, 0), 0)
        return Deadlines(cars.remaining_wh, cars.depart, early, ready)

    def shortfall(self, cars: Cars, ev_wh: Ints, slot: int, limit_wh: Ints) -> tuple[Ints, Ints]:
        """What cars lack even if they had taken all they could from `slot` on, int64[n], Wh ≥ 0, and the slot before
        which it was due.

        cars, ev_wh : the cars after `slot` and what they took in it; limit_wh : most a charger gives in a slot
        """
        due = self.due(replace(cars, remaining_wh=cars.remaining_wh + ev_wh), slot)
        short, late = due.short(slot, limit_wh), replace(due, early_wh=np.zeros_like(ev_wh)).short(slot, limit_wh)
        return short, np.where(short > late, due.ready, due.depart)


def _next(slot: int, minute: int, clock: SlotClock) -> int:
    """The first slot after `slot` that begins at or after this minute of a civil day."""
    today = clock.date_of(slot)
    day = clock.day(today)
    at = day[0] + -(-minute // clock.minutes)
    if at > slot:
        return at
    return day[-1] + 1 + -(-minute // clock.minutes)
