"""The devices of all homes of a street as arrays: what the agents steer."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.model import Battery, Member, Strategy
from sunfair.slots import SlotClock

__all__ = ["Fleet"]

_NO_BATTERY = Battery(capacity_wh=0, power_w=0, charge_eff_permille=1_000, discharge_eff_permille=1_000)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Devices of n homes, in the order of the community file. A home without a device has zeros there.

    capacity_wh, reserve_wh : int64[n], Wh, battery side; the reserve is never discharged
    battery_limit_wh        : int64[n], Wh of AC energy the battery takes or gives in one slot at most
    charge_permille         : int64[n], Wh stored for 1 000 Wh of AC energy taken, 1 … 1 000
    discharge_permille      : int64[n], Wh of AC energy given for 1 000 Wh drawn from store, 1 … 1 000
    car_limit_wh            : int64[n], Wh of AC energy the car's charger takes in one slot at most
    has_pv                  : bool[n]
    ahead                   : bool[n], the home has an agent (any strategy but `pool`) that offers before the slot
    per_day                 : slots in 24 hours
    """

    capacity_wh: NDArray[np.int64]
    reserve_wh: NDArray[np.int64]
    battery_limit_wh: NDArray[np.int64]
    charge_permille: NDArray[np.int64]
    discharge_permille: NDArray[np.int64]
    car_limit_wh: NDArray[np.int64]
    has_pv: NDArray[np.bool_]
    ahead: NDArray[np.bool_]
    per_day: int

    @property
    def size(self) -> int:
        """Number of homes, n."""
        return len(self.capacity_wh)

    def take(self, homes: NDArray[np.int64]) -> "Fleet":
        """The devices of the homes at these places, in this order."""
        columns = {field.name: getattr(self, field.name)[homes] for field in fields(self) if field.name != "per_day"}
        return Fleet(**columns, per_day=self.per_day)

    @staticmethod
    def of(members: Sequence[Member], clock: SlotClock) -> "Fleet":
        """The devices of `members`, with power limits as whole Wh per slot of `clock`, rounded down.

        Raises InputError with every battery whose figures no battery can have.
        """
        _check(members)
        batteries = [member.battery or _NO_BATTERY for member in members]
        cars = [member.car.power_w if member.car else 0 for member in members]
        return Fleet(
            capacity_wh=_ints([battery.capacity_wh for battery in batteries]),
            reserve_wh=_ints([battery.reserve_wh for battery in batteries]),
            battery_limit_wh=_ints([battery.power_w * clock.minutes // 60 for battery in batteries]),
            charge_permille=_ints([battery.charge_eff_permille for battery in batteries]),
            discharge_permille=_ints([battery.discharge_eff_permille for battery in batteries]),
            car_limit_wh=_ints([power * clock.minutes // 60 for power in cars]),
            has_pv=np.array([member.pv_wp > 0 for member in members], np.bool_),
            ahead=np.array([member.strategy is not Strategy.POOL for member in members], np.bool_),
            per_day=clock.per_day,
        )


def _ints(values: Sequence[int]) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def _check(members: Sequence[Member]) -> None:
    """Refuse figures with which the dispatch would divide by zero or make energy out of nothing."""
    faults = [
        Fault(f"member {member.id}", f"{name} is {value}; it must be {rule}")
        for member in members
        for name, value, rule, good in _figures(member)
        if not good
    ]
    if faults:
        raise InputError("devices that cannot be", faults)


def _figures(member: Member) -> list[tuple[str, int, str, bool]]:
    figures = []
    if member.car:
        figures.append(("car power_w", member.car.power_w, "0 or more", member.car.power_w >= 0))
    if battery := member.battery:
        for name in ("capacity_wh", "power_w", "reserve_wh"):
            value = getattr(battery, name)
            figures.append((name, value, "0 or more", value >= 0))
        for name in ("charge_eff_permille", "discharge_eff_permille"):
            value = getattr(battery, name)
            figures.append((name, value, "1 to 1000", 1 <= value <= 1_000))
    return figures
