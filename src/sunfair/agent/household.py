"""What else of a home uses energy at a time that can be chosen, beside battery and car: heat pumps and appliances."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.agent.heating import BY_THERMOSTAT, Heating, Warmth
from sunfair.agent.machines import Machines
from sunfair.agent.vacation import away_at
from sunfair.model import Member, Owner
from sunfair.slots import SlotClock

__all__ = ["Household"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Household:
    """The heat pumps and appliances of n homes at the start of a slot.

    owners    : of the n homes
    wanted_wh : int64[m, T], Wh (AC), what a plan wishes the heat pumps to take from slot `wanted_from` on
    heat_wh   : int64[m], what the heat pumps took in the last slot; machine_wh: int64[k], what the appliances did
    """

    owners: tuple[Owner, ...]
    heating: Heating
    warmth: Warmth
    machines: Machines
    wanted_wh: Ints
    wanted_from: int
    heat_wh: Ints
    machine_wh: Ints

    @staticmethod
    def start(members: Sequence[Member], clock: SlotClock, slot: int) -> "Household":
        """As `slot` begins: warmth in the middle of its band, no appliance running, no plan."""
        heating, machines = Heating.of(members, clock), Machines.of(members, clock, slot)
        pumps, runs = len(heating.home), len(machines)
        wanted = np.zeros((pumps, 0), np.int64)
        owners = tuple(member.owner for member in members)
        none = np.zeros(pumps, np.int64), np.zeros(runs, np.int64)
        return Household(owners, heating, heating.start(), machines, wanted, slot, *none)

    @property
    def homes(self) -> Ints:
        """The places of the homes that have something of it, ascending."""
        return np.unique(np.concatenate([self.heating.home, self.machines.home]))

    @property
    def size(self) -> int:
        """Number of homes, n."""
        return len(self.owners)

    @property
    def used_wh(self) -> Ints:
        """What heat pumps and appliances took in the last slot, int64[n], Wh (AC)."""
        used = np.zeros(self.size, np.int64)
        np.add.at(used, self.heating.home, self.heat_wh)
        np.add.at(used, self.machines.home, self.machine_wh)
        return used

    @property
    def banked_wh(self) -> Ints:
        """What has been used for good so far, and the warmth in store, int64[n], Wh (AC): two courses of one home are
        compared by it.
        """
        return self.heating.banked_wh(self.warmth, self.size) + self.machines.banked_wh(self.size)

    def live(self, slot: int, heat_wh: Ints | None, steered: NDArray[np.bool_]) -> "Household":
        """The household after `slot`.

        heat_wh : int64[n], Wh of warmth asked for in it, negative: no reading; None: nowhere any
        steered : bool[n], who follows the plan where there is one; the others the thermostat, and start at once
        """
        if not len(self.homes):
            return self
        asked = np.zeros(self.size, np.int64) if heat_wh is None else heat_wh
        home = self.heating.home
        heat, warmth = self.heating.serve(
            self.warmth,
            slot,
            asked[home],
            wanted_wh=self._wanted(slot, 1, steered)[:, 0],
            away=self._away(slot, 1)[:, 0],
        )
        use, machines = self.machines.live(slot, steered)
        return replace(self, warmth=warmth, machines=machines, heat_wh=heat, machine_wh=use)

    def expected(self, slot: int, slots: int, steered: NDArray[np.bool_]) -> Ints:
        """What they will take from `slot` on, which is the next to be lived through, int64[n, slots], Wh (AC)."""
        if not len(self.homes):
            return np.zeros((self.size, slots), np.int64)
        use = self.machines.expected(slot, slots, steered, self.size)
        wanted, away = self._wanted(slot, slots, steered), self._away(slot, slots)
        use[self.heating.home] += self.heating.expected(self.warmth, slot, wanted, away)
        return use

    def _away(self, slot: int, slots: int) -> NDArray[np.bool_]:
        return away_at([self.owners[home] for home in self.heating.home.tolist()], slot, slots)

    def _wanted(self, slot: int, slots: int, steered: NDArray[np.bool_]) -> Ints:
        """What the plan wishes of each pump, int64[m, slots], where there is one and the home follows it."""
        wanted = np.full((len(self.heating.home), slots), BY_THERMOSTAT)
        at = slot - self.wanted_from
        if at >= 0:
            part = self.wanted_wh[:, at : at + slots]
            wanted[:, : part.shape[1]] = part
        return np.where(steered[self.heating.home][:, None], wanted, BY_THERMOSTAT)
