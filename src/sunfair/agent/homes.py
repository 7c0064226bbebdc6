"""What a plan knows of the homes: their batteries and their connections."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.errors import Fault, InputError

__all__ = ["Homes", "read_floats"]


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Homes:
    """Battery and connection of n homes; each float64[n]. A home without a battery has capacity 0.

    capacity_wh             : Wh, battery side, ≥ 0
    soc_wh                  : Wh, battery side, what is stored at the start
    reserve_wh              : Wh, battery side, never discharged below; a start below it recovers as fast as it can
    charge_w, discharge_w   : W, AC side, most power into and out of the battery, ≥ 0
    charge_eff              : Wh stored per Wh of AC energy taken, in (0, 1]
    discharge_eff           : Wh of AC energy given per Wh drawn from store, in (0, 1]
    wear                    : µ per kWh discharged (AC side), ≥ 0
    import_w, export_w      : W, most power through the meter in and out, ≥ 0; infinite: no limit

    Any real array-like of length n is taken and copied (a single number counts for all homes); the arrays held are
    read-only. Values no home can have are kept here; `plan` repairs them and says so. What is no number at all and
    unequal lengths raise InputError (a ValueError) that names every fault.
    """

    capacity_wh: NDArray[np.float64]
    soc_wh: NDArray[np.float64]
    reserve_wh: NDArray[np.float64]
    charge_w: NDArray[np.float64]
    discharge_w: NDArray[np.float64]
    charge_eff: NDArray[np.float64]
    discharge_eff: NDArray[np.float64]
    wear: NDArray[np.float64]
    import_w: NDArray[np.float64]
    export_w: NDArray[np.float64]

    def __init__(
        self,
        capacity_wh: ArrayLike,
        soc_wh: ArrayLike,
        reserve_wh: ArrayLike,
        charge_w: ArrayLike,
        discharge_w: ArrayLike,
        charge_eff: ArrayLike,
        discharge_eff: ArrayLike,
        wear: ArrayLike,
        import_w: ArrayLike,
        export_w: ArrayLike,
    ) -> None:
        given = (capacity_wh, soc_wh, reserve_wh, charge_w, discharge_w, charge_eff, discharge_eff, wear)
        faults: list[Fault] = []
        names = [field.name for field in fields(Homes)]
        read = [
            read_floats(faults, name, value, (0, 1))
            for name, value in zip(names, (*given, import_w, export_w), strict=True)
        ]
        size = max((len(array) for array in read if array.ndim), default=1)
        for name, array in zip(names, read, strict=True):
            if array.ndim and len(array) != size:
                faults.append(
                    Fault(name, f"has {len(array)} homes where others have {size}", "give one value per home")
                )
        if faults:
            raise InputError("these homes cannot be planned", faults)
        for name, array in zip(names, read, strict=True):
            column = np.full(size, array) if array.ndim == 0 else array
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.capacity_wh)

    def take(self, homes: NDArray[np.int64] | slice) -> "Homes":
        """The homes at these places, in this order."""
        return Homes(*(getattr(self, field.name)[homes] for field in fields(Homes)))


def read_floats(faults: list[Fault], place: str, value: ArrayLike, dimensions: tuple[int, ...]) -> NDArray[np.float64]:
    """`value` as a new float64 array of one of these numbers of `dimensions`; otherwise a fault and an empty one."""
    try:
        array = np.array(value)
        if array.dtype.kind not in "iufb" and array.size:
            raise TypeError(f"holds {array.dtype}")
        floats = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        faults.append(Fault(place, f"is no array of numbers ({error})", "give real numbers"))
        return np.zeros((0,) * dimensions[-1])
    if floats.ndim not in dimensions:
        wanted = " or ".join(str(each) for each in dimensions if each)
        faults.append(Fault(place, f"has {floats.ndim} dimensions", f"it must have {wanted}"))
        return np.zeros((0,) * dimensions[-1])
    return floats
