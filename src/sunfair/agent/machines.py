"""Appliances that run once a civil day and are not stopped on the way: when they start, and what they use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Appliance, Member, Owner
from sunfair.slots import SlotClock

__all__ = ["Machines", "Start"]

Ints = NDArray[np.int64]

_NEVER = -(10**12)


@dataclass(frozen=True, slots=True)
class Start:
    """A run to come of appliance `machine` for the civil day with this ordinal: it starts from slot `first` to `last`
    (both included), by what is known now at `at`.
    """

    machine: int
    day: int
    first: int
    last: int
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Machines:
    """k appliances of any homes, at the start of a slot.

    home       : int64[k], place of the home; appliances, owners: of each
    day        : ordinal of the civil day whose run each awaits
    began      : slot in which its last run began
    used_wh    : int64[k], Wh (AC), what it has used so far
    planned    : the start a plan chose, by appliance and ordinal of the day
    """

    home: Ints
    appliances: tuple[Appliance, ...]
    owners: tuple[Owner, ...]
    clock: SlotClock
    day: tuple[int, ...]
    began: tuple[int, ...]
    used_wh: Ints
    planned: Mapping[tuple[int, int], int] = field(default_factory=dict)

    @staticmethod
    def of(members: Sequence[Member], clock: SlotClock, slot: int) -> "Machines":
        """The appliances of `members` as `slot` begins: none runs, each awaits its run of this day."""
        every = [(at, member.owner, one) for at, member in enumerate(members) for one in member.appliances]
        size, today = len(every), clock.date_of(slot).toordinal() if every else 0
        home = np.array([at for at, _, _ in every], np.int64)
        owners, appliances = tuple(owner for _, owner, _ in every), tuple(one for _, _, one in every)
        none = np.zeros(size, np.int64)
        return Machines(home, appliances, owners, clock, (today,) * size, (_NEVER,) * size, none)

    def __len__(self) -> int:
        return len(self.home)

    def live(self, slot: int, steered: NDArray[np.bool_]) -> tuple[Ints, "Machines"]:
        """What the appliances use in `slot`, int64[k], Wh (AC), and how they are afterwards.

        steered : bool[n], by home: who follows a plan where there is one; the others start as early as they may
        """
        days, began, use = list(self.day), list(self.began), np.zeros(len(self), np.int64)
        for machine, appliance in enumerate(self.appliances):
            start = next(self.starts(machine, slot, slot + 1, steered=bool(steered[self.home[machine]])), None)
            if start is not None:
                days[machine], began[machine] = start.day + 1, slot
            place = slot - began[machine]
            use[machine] = appliance.profile_wh[place] if place < len(appliance.profile_wh) else 0
        planned = {key: at for key, at in self.planned.items() if key[1] >= days[key[0]]}
        after = replace(self, day=tuple(days), began=tuple(began), used_wh=self.used_wh + use, planned=planned)
        return use, after

    def starts(self, machine: int, slot: int, until: int, *, steered: bool) -> Iterator[Start]:
        """The runs of an appliance that start from `slot` to before `until`, in order."""
        length = len(self.appliances[machine].profile_wh)
        busy = self.began[machine] + length
        day = max(self.day[machine], self.clock.date_of(slot).toordinal() - 2)
        while self.window(machine, day)[0] < until:
            span = self._open(machine, day, max(slot, busy), busy)
            if span is not None:
                at = self.planned.get((machine, day), span[0]) if steered else span[0]
                at = min(max(at, span[0]), span[1])
                if at >= until:
                    return
                yield Start(machine, day, *span, at)
                busy = at + length
            day += 1

    def window(self, machine: int, day: int) -> tuple[int, int]:
        """The first and the last slot in which the run of that civil day may start."""
        appliance, minutes = self.appliances[machine], self.clock.minutes
        first = self._midnight(day) + -(-appliance.earliest_minute // minutes)
        next_day = appliance.latest_minute < appliance.earliest_minute
        return first, max(self._midnight(day + next_day) + appliance.latest_minute // minutes, first)

    def _midnight(self, day: int) -> int:
        return self.clock.day(date.fromordinal(day))[0]

    def _open(self, machine: int, day: int, earliest: int, busy: int) -> tuple[int, int] | None:
        """The slots from `earliest` on in which that run may start, while somebody is at home; None: no more.

        A run that still goes on moves the window's end: what is asked for once a day is not left out for it.
        """
        first, last = self.window(machine, day)
        first, last = max(first, earliest), max(last, busy)
        owner = self.owners[machine]
        while first <= last and owner.away(first):
            first += 1
        if first > last:
            return None
        if owner.vacations:
            last = next((slot - 1 for slot in range(first, last + 1) if owner.away(slot)), last)
        return first, last

    def running(self, slot: int, slots: int, size: int) -> Ints:
        """What those that run now will use from `slot` on, int64[size, slots], Wh (AC), by home."""
        return self._use([(machine, at) for machine, at in enumerate(self.began)], slot, slots, size)

    def expected(self, slot: int, slots: int, steered: NDArray[np.bool_], size: int) -> Ints:
        """What they will use from `slot` on, int64[size, slots], Wh (AC), by home; `steered` as in `live`."""
        runs = [
            (machine, run.at)
            for machine, home in enumerate(self.home.tolist())
            for run in self.starts(machine, slot, slot + slots, steered=bool(steered[home]))
        ]
        return self.running(slot, slots, size) + self._use(runs, slot, slots, size)

    def _use(self, runs: Sequence[tuple[int, int]], slot: int, slots: int, size: int) -> Ints:
        """What runs of appliances that begin in these slots use from `slot` on."""
        use = np.zeros((size, slots), np.int64)
        for machine, at in runs:
            begin = max(at - slot, 0)
            part = self.appliances[machine].profile_wh[max(slot - at, 0) :][: slots - begin]
            use[self.home[machine], begin : begin + len(part)] += np.array(part, np.int64)
        return use

    def banked_wh(self, size: int) -> Ints:
        """What they have used so far, int64[size], Wh (AC), by home."""
        banked = np.zeros(size, np.int64)
        np.add.at(banked, self.home, self.used_wh)
        return banked
