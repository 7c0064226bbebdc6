"""What a plan knows of the hours to come: use, roof and prices."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.agent.homes import read_floats
from sunfair.errors import Fault, InputError

__all__ = ["Outlook"]


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Outlook:
    """Forecast of n homes over T slots.

    load_wh, pv_wh : float64[n, T], Wh, ≥ 0, what is used and what the roof can give
    buy, sell      : float64[n, T] or float64[T] (the same for all homes), µ/kWh; where sell > buy, sell counts as buy
    terminal       : float64[n], µ/kWh (battery side), what a kWh in store at the end is worth
    slot_seconds   : length of a slot, s, > 0

    Any real array-like is taken and copied; the arrays held are read-only. Series may differ in length: T is the
    longest, and `plan` fills up the others, as it fills gaps (NaN), and says so. What is no number at all and unequal
    numbers of homes raise InputError (a ValueError) that names every fault.
    """

    load_wh: NDArray[np.float64]
    pv_wh: NDArray[np.float64]
    buy: NDArray[np.float64]
    sell: NDArray[np.float64]
    terminal: NDArray[np.float64]
    slot_seconds: float

    def __init__(
        self,
        load_wh: ArrayLike,
        pv_wh: ArrayLike,
        buy: ArrayLike,
        sell: ArrayLike,
        terminal: ArrayLike,
        slot_seconds: float = 900,
    ) -> None:
        faults: list[Fault] = []
        columns = {
            "load_wh": read_floats(faults, "load_wh", load_wh, (2,)),
            "pv_wh": read_floats(faults, "pv_wh", pv_wh, (2,)),
            "buy": read_floats(faults, "buy", buy, (1, 2)),
            "sell": read_floats(faults, "sell", sell, (1, 2)),
            "terminal": read_floats(faults, "terminal", terminal, (0, 1)),
        }
        if not faults:
            faults += _unequal(columns)
        if not (np.isfinite(slot_seconds) and slot_seconds > 0):
            faults.append(Fault("slot_seconds", f"is {slot_seconds}", "give the length of a slot, e.g. 900"))
        if faults:
            raise InputError("this outlook cannot be planned for", faults)
        if columns["terminal"].ndim == 0:
            columns["terminal"] = np.full(len(columns["load_wh"]), columns["terminal"])
        for name, array in columns.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "slot_seconds", float(slot_seconds))

    def __len__(self) -> int:
        return len(self.load_wh)

    @property
    def horizon(self) -> int:
        """Number of slots, T: that of the longest series."""
        return max(int(series.shape[-1]) for series in (self.load_wh, self.pv_wh, self.buy, self.sell))

    def take(self, homes: NDArray[np.int64] | slice) -> "Outlook":
        """The same for the homes at these places, in this order."""
        buy, sell = (price if price.ndim == 1 else price[homes] for price in (self.buy, self.sell))
        return Outlook(
            self.load_wh[homes], self.pv_wh[homes], buy, sell, self.terminal[homes], slot_seconds=self.slot_seconds
        )


def _unequal(columns: dict[str, NDArray[np.float64]]) -> list[Fault]:
    """A fault for every series whose number of homes is not that of `load_wh`."""
    size = len(columns["load_wh"])
    per_home = {name: array for name, array in columns.items() if array.ndim == 2 or name == "terminal"}
    return [
        Fault(name, f"has {len(array)} homes where load_wh has {size}", "give one row per home")
        for name, array in per_home.items()
        if array.ndim and len(array) != size
    ]
