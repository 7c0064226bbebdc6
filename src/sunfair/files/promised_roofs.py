"""What a weather service promises of the roofs, as a CSV file: the column `start`, then one per member's id."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, ImportFault
from sunfair.files.import_regrid import micro_wh, to_slots
from sunfair.files.import_table import read_time_table
from sunfair.files.scenario_values import near
from sunfair.slots import SlotClock

__all__ = ["PromisedRoofs", "read_promised_roofs"]

UNITS = ("Wh", "kWh", "W", "kW")


@dataclass(frozen=True, slots=True, eq=False)
class PromisedRoofs:
    """Energy promised for roofs from `first_slot` on: float64[T, n], Wh, NaN for members without a column."""

    first_slot: int
    energy_wh: NDArray[np.float64]

    def slots(self, first: int, count: int) -> NDArray[np.float64]:
        """The promise for `count` slots from `first` on, float64[n, count]; NaN where there is none."""
        found = np.full((self.energy_wh.shape[1], count), np.nan)
        begin, end = max(first, self.first_slot), min(first + count, self.first_slot + len(self.energy_wh))
        if begin < end:
            found[:, begin - first : end - first] = self.energy_wh[begin - self.first_slot : end - self.first_slot].T
        return found


def read_promised_roofs(path: Path, members: Sequence[str], clock: SlotClock, unit: str = "Wh") -> PromisedRoofs:
    """Read a promise for the roofs of `members` (their ids, in the community's order).

    unit : Wh or kWh (an interval's total) or W or kW (its mean power); intervals of 5 to 60 min, ISO 8601 with offset

    Raises ImportFault with every fault of the file.
    """
    table, faults = read_time_table(path, negative=False)
    if unit not in UNITS:
        faults.append(Fault("unit", f"'{unit}' is no unit of energy or power", near(unit, UNITS)))
    if table is not None:
        for name in table.names:
            if name not in members:
                faults.append(Fault(f"{path.name} column '{name}'", "is no member's id", near(name, list(members))))
    if faults or table is None:
        raise ImportFault(f"{path} is no promise for the roofs.", faults)
    first, slots = to_slots(
        micro_wh(table.values, unit, table.interval_s), table.start_s, table.interval_s, clock.seconds
    )
    energy = np.full((len(slots), len(members)), np.nan)
    energy[:, [list(members).index(name) for name in table.names]] = slots
    return PromisedRoofs(first, energy)
