"""Cars at their home chargers, charged as they come: full power from arrival until the need is met."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.fleet import Fleet
from sunfair.model import Visits

__all__ = ["Cars", "Garage"]


@dataclass(frozen=True, slots=True)
class Cars:
    """The cars of n homes at the start of a slot.

    remaining_wh : int64[n], Wh (AC), still asked for; 0 without a car
    depart       : int64[n], the slot before which the car leaves; 0 without a car
    next_visit   : index of the first visit that has not begun
    """

    remaining_wh: NDArray[np.int64]
    depart: NDArray[np.int64]
    next_visit: int


@dataclass(frozen=True, slots=True)
class Garage:
    """All visits of n homes' cars and what each charger takes in one slot at most, `limit_wh` int64[n]."""

    visits: Visits
    limit_wh: NDArray[np.int64]

    @staticmethod
    def of(visits: Visits, fleet: Fleet) -> "Garage":
        """The visits at the chargers of `fleet`."""
        return Garage(visits, fleet.car_limit_wh)

    def start(self, slot: int) -> Cars:
        """The cars as `slot` begins: a visit under way has charged at full power since its arrival."""
        visits = self.visits
        begun = int(np.searchsorted(visits.arrive, slot, side="left"))
        here = np.flatnonzero(visits.depart[:begun] > slot)
        member = visits.member[here]
        taken = (slot - visits.arrive[here]) * self.limit_wh[member]
        size = len(self.limit_wh)
        remaining, depart = np.zeros(size, np.int64), np.zeros(size, np.int64)
        remaining[member] = np.maximum(visits.need_wh[here] - taken, 0)
        depart[member] = visits.depart[here]
        return Cars(remaining, depart, begun)

    def demand(self, cars: Cars) -> NDArray[np.int64]:
        """What the plugged-in cars take in this slot if nobody steers them, int64[n], Wh ≥ 0."""
        return np.minimum(self.limit_wh, cars.remaining_wh)

    def arrive(self, cars: Cars, slot: int) -> Cars:
        """The cars with those gone that leave before `slot`, and those come that arrive in it."""
        visits = self.visits
        end = int(np.searchsorted(visits.arrive, slot, side="right"))
        staying = cars.depart > slot
        remaining, depart = np.where(staying, cars.remaining_wh, 0), np.where(staying, cars.depart, 0)
        new = slice(cars.next_visit, end)
        # A visit that was over before anyone looked (a jump of the clock) charges nothing now.
        present = visits.depart[new] > slot
        member = visits.member[new][present]
        remaining[member] = visits.need_wh[new][present]
        depart[member] = visits.depart[new][present]
        return Cars(remaining, depart, end)

    def charge(self, cars: Cars, ev_wh: NDArray[np.int64]) -> Cars:
        """The cars after they took `ev_wh` (int64[n], Wh, AC)."""
        return Cars(cars.remaining_wh - ev_wh, cars.depart, cars.next_visit)

    def step(self, cars: Cars, slot: int) -> tuple[NDArray[np.int64], Cars]:
        """Unsteered charging in `slot`: what each home's car takes, int64[n], Wh, and the cars afterwards."""
        here = self.arrive(cars, slot)
        ev_wh = self.demand(here)
        return ev_wh, self.charge(here, ev_wh)

    def expected(self, cars: Cars, slot: int, lead: int) -> NDArray[np.int64]:
        """What the cars plugged in now take `lead` slots from now, in `slot`, if none comes or leaves unplanned.

        `cars` as of slot ``slot − lead``, before charging in it. int64[n], Wh ≥ 0.
        """
        left = np.maximum(cars.remaining_wh - lead * self.limit_wh, 0)
        return np.where(cars.depart > slot, np.minimum(left, self.limit_wh), 0)
