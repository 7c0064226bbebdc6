"""The meters of all members together: cumulative registers, slots without a reading, and how a gap is trued up.

The same rule as `next_row` states for one account, for all of them at once.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.model import FIRST_MEMBER
from sunfair.settlement.money import TrueUp
from sunfair.settlement.row import AFTER_GAP, LATE

__all__ = ["Delivery", "Meters"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the meters say of one slot. n members in account order.

    metered_wh : int64[n], + taken − given; 0 where no reading was taken
    pools : bool[n], who may offer to the pool: read in time, and the slot before, too
    true_up : who was read for the first time after a gap
    """

    metered_wh: NDArray[np.int64]
    pools: NDArray[np.bool_]
    true_up: TrueUp


@dataclass(frozen=True, slots=True)
class Meters:
    """Where n meters stand after a slot: registers last read, Wh, and the gap since.

    gap_slots counts the slots without a reading; gap_retail and gap_feed_in are their dearest retail and cheapest
    feed-in, µ/kWh. Where the slot has one, these are 0 and gap_slots says how it came: `AFTER_GAP`, `LATE`, or 0.
    int64[n] each.
    """

    import_wh: NDArray[np.int64]
    export_wh: NDArray[np.int64]
    gap_slots: NDArray[np.int64]
    gap_retail: NDArray[np.int64]
    gap_feed_in: NDArray[np.int64]

    @staticmethod
    def at(import_wh: NDArray[np.int64], export_wh: NDArray[np.int64]) -> "Meters":
        """Meters that were read at these registers, Wh."""
        return Meters(import_wh, export_wh, *(np.zeros_like(import_wh) for _ in range(3)))

    def replaced(self, places: NDArray[np.int64], import_wh: int, export_wh: int) -> "Meters":
        """The same with new meters at these places, which begin at these registers; their open gaps are closed."""
        fresh = {name: getattr(self, name).copy() for name in self.__dataclass_fields__}
        for values in fresh.values():
            values[places] = 0
        fresh["import_wh"][places], fresh["export_wh"][places] = import_wh, export_wh
        return replace(self, **fresh)

    def moved(
        self, valid: NDArray[np.bool_], import_wh: NDArray[np.int64], export_wh: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What import and export registers moved by since they were last read, Wh; 0 where no reading was taken."""
        return np.where(valid, import_wh - self.import_wh, 0), np.where(valid, export_wh - self.export_wh, 0)

    def read(
        self,
        valid: NDArray[np.bool_],
        import_wh: NDArray[np.int64],
        export_wh: NDArray[np.int64],
        *,
        retail: int,
        feed_in: int,
        late: NDArray[np.bool_] | None = None,
    ) -> tuple["Meters", Delivery]:
        """The meters after a slot, and what they say of it; retail and feed_in are the slot's, µ/kWh.

        `valid` says of whom a reading was taken (the registers of the others are not looked at), `late` whose came
        after the pool was cleared: it counts, but not for the pool.
        """
        taken, given = self.moved(valid, import_wh, export_wh)
        silent = self.gap_slots > 0
        dearest = np.where(silent, np.maximum(self.gap_retail, retail), retail)
        cheapest = np.where(silent, np.minimum(self.gap_feed_in, feed_in), feed_in)
        back = np.flatnonzero(valid & silent)
        delivery = Delivery(
            metered_wh=taken - given,
            pools=valid & ~silent if late is None else valid & ~silent & ~late,
            true_up=TrueUp(back + FIRST_MEMBER, taken[back], given[back], dearest[back], cheapest[back]),
        )
        registers = np.where(valid, import_wh, self.import_wh), np.where(valid, export_wh, self.export_wh)
        came = np.where(silent, AFTER_GAP, 0 if late is None else LATE * late)
        count = np.where(valid, came, np.maximum(self.gap_slots, 0) + 1)
        return Meters(*registers, count, *(np.where(valid, 0, part) for part in (dearest, cheapest))), delivery
