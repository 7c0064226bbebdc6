"""Cars of a simulated street that will not get what they need in time: told once each, as soon as it is foreseen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sunfair.model import Member
from sunfair.slots import SlotClock

__all__ = ["Shortfalls"]

Ints = NDArray[np.int64]


class Shortfalls:
    """Holds when each shortfall was foreseen first, by home and by the slot before which the energy was due."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], tuple[int, int]] = {}

    def look(self, slot: int, short_wh: Ints, by_slot: Ints) -> None:
        """Note what is foreseen in `slot`: int64[n] each, Wh and slot."""
        for home in np.flatnonzero(short_wh).tolist():
            self._seen.setdefault((home, int(by_slot[home])), (slot, int(short_wh[home])))

    def notices(self, members: Sequence[Member], clock: SlotClock, span: range) -> list[str]:
        """A sentence each, in the order in which they were foreseen, of those foreseen in `span`."""
        return [
            f"home {members[home].id}: at {_time(clock, slot)} it was foreseen that the car would lack {short} Wh at"
            f" {_time(clock, by)}"
            for (home, by), (slot, short) in self._seen.items()
            if slot in span
        ]


def _time(clock: SlotClock, slot: int) -> str:
    return clock.local(slot).isoformat(sep=" ", timespec="minutes")[:16]
