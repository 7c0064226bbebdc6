"""One inverter, every few seconds: which power it is told, and whether it is told anything at all.

The levels of the plan and the measured need say what the battery should do; what is written is less: flash memory
wears, so a command is written only when it differs enough and the day's budget of writes allows it. What was written is
read back: a device that says something else has another master, and then this agent stands back and says so.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from sunfair.model import Battery, Owner

__all__ = ["Device", "Master", "Measured", "Targets", "Told", "decide"]

STALE_S = 60
"""After so many seconds without a measurement the battery is told to rest."""

DAY_S = 86_400

SAFETY_WRITES = 20
"""Of a day's budget; kept back for commands that protect the reserve or let a stale one end."""

AT_ONCE_WRITES = 10
"""Of the budget; may be used before their time."""

DOUBTS = 2
"""Readings in a row with another value than was written, after which another master is believed."""

SETTLE_S = 5
"""What a device takes to show what it was told."""


class Master(StrEnum):
    """Who commands a device."""

    OURS = "ours"
    ANOTHER = "another"


@dataclass(frozen=True, slots=True)
class Device:
    """What an inverter can do, and how it is treated.

    power_w      : most it charges and gives; reserve_wh, capacity_wh: band of the store, battery side
    step_w       : a command that differs by less is not written
    margin_wh    : by so much the store must pass a level before the battery changes sides
    writes_per_day : commands in 24 hours at most
    """

    power_w: int
    capacity_wh: int
    reserve_wh: int = 0
    step_w: int = 100
    margin_wh: int = 50
    writes_per_day: int = 270

    @staticmethod
    def of(battery: Battery, owner: Owner) -> "Device":
        """The inverter of this battery, written to as often as its owner allows."""
        return Device(battery.power_w, battery.capacity_wh, battery.reserve_wh, writes_per_day=owner.writes_per_day)


@dataclass(frozen=True, slots=True)
class Targets:
    """The levels of one store, Wh, battery side, as in `Levels`."""

    buy_to: int
    store_to: int
    cover_to: int
    sell_from: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured at `at_s` (unix s): the home's need (+) or surplus (−) without the battery, W, and what is in
    store, Wh; None: not known. told_w is the power the device says it was told, W.
    """

    at_s: int
    net_w: int | None
    soc_wh: int | None
    told_w: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """What is remembered from one decision to the next.

    power_w  : W, + charges, what was written last; None: nothing yet
    at_s     : when that was; seen_s: when need and store were last known
    writes   : in the day that began at day_s
    doubts   : readings in a row that showed another value than was written
    master   : who commands
    why      : the last decision in words
    """

    power_w: int | None = None
    at_s: int = 0
    seen_s: int = 0
    writes: int = 0
    day_s: int = 0
    doubts: int = 0
    master: Master = Master.OURS
    why: str = "nothing decided yet"


def decide(device: Device, targets: Targets, measured: Measured, told: Told) -> tuple[int | None, Told]:
    """The power to write now, W, + charges, None: nothing; and what to remember.

    Whatever is asked for, the reserve is not discharged, the capacity not exceeded and the power kept. A clock that
    jumps starts no new budget unless a day has passed by it.
    """
    told = _read_back(measured, _counted(measured, told))
    if told.master is Master.ANOTHER:
        return None, replace(
            told, why=f"the device shows {measured.told_w} W, not what was written: another commands it"
        )
    if told.doubts:
        return None, replace(
            told, why=f"the device shows {measured.told_w} W, not what was written: looked at once more"
        )
    if measured.net_w is None or measured.soc_wh is None:
        late = abs(measured.at_s - told.seen_s) > STALE_S
        why = "nothing measured for a while: the battery rests" if late else "nothing measured: the last command stands"
        return _written(device, measured, told, 0 if late else told.power_w, urgent=late, why=why)
    told = replace(told, seen_s=measured.at_s)
    wanted, why = _wanted(device, targets, measured.net_w, measured.soc_wh, told.power_w or 0)
    harmful = _harmful(device, measured.soc_wh, told.power_w or 0)
    return _written(device, measured, told, wanted, urgent=harmful, why=why)


def _counted(measured: Measured, told: Told) -> Told:
    """With the day's budget begun anew where a day has passed."""
    if told.day_s == 0 or measured.at_s >= told.day_s + DAY_S:
        return replace(told, day_s=measured.at_s, writes=0)
    return told


def _read_back(measured: Measured, told: Told) -> Told:
    """With what the device shows held against what was written."""
    if told.power_w is None or measured.told_w is None or abs(measured.at_s - told.at_s) < SETTLE_S:
        return told
    if measured.told_w == told.power_w:
        return replace(told, doubts=0, master=Master.OURS)
    doubts = told.doubts + 1
    return replace(told, doubts=doubts, master=Master.ANOTHER if doubts >= DOUBTS else told.master)


def _wanted(device: Device, targets: Targets, net_w: int, soc: int, now_w: int) -> tuple[int, str]:
    """The power the levels ask for, W, + charges, and why.

    Who is charging goes on to the level itself and, having stopped, waits until the store is a margin away from it; the
    same for giving. So a store that stands at a level does not flutter.
    """
    up, down = (0 if now_w > 0 else device.margin_wh), (0 if now_w < 0 else device.margin_wh)
    room = soc < device.capacity_wh
    if room and soc < min(targets.buy_to, device.capacity_wh) - up:
        return device.power_w, f"{soc} Wh in store, filled up to {targets.buy_to} Wh even with bought energy"
    if soc > max(targets.sell_from, device.reserve_wh) + down:
        return -device.power_w, f"{soc} Wh in store, above {targets.sell_from} Wh it is sold"
    if net_w < 0 and room and soc < min(targets.store_to, device.capacity_wh) - up:
        return min(-net_w, device.power_w), f"surplus {-net_w} W stored, up to {targets.store_to} Wh"
    if net_w > 0 and soc > max(targets.cover_to, device.reserve_wh) + down:
        return -min(net_w, device.power_w), f"need {net_w} W covered, down to {targets.cover_to} Wh"
    return 0, f"{soc} Wh in store and {net_w} W at the meter: the battery rests"


def _harmful(device: Device, soc: int, now_w: int) -> bool:
    """Whether what was written last would empty the reserve, fill beyond the capacity, or is beyond the power."""
    return (
        (now_w < 0 and soc <= device.reserve_wh)
        or (now_w > 0 and soc >= device.capacity_wh)
        or abs(now_w) > device.power_w
    )


def _written(
    device: Device, measured: Measured, told: Told, wanted: int | None, *, urgent: bool, why: str
) -> tuple[int | None, Told]:
    """Write `wanted` if it differs enough and the budget, spread over the rest of the day, allows it."""
    told = replace(told, why=why)
    if wanted is None or wanted == told.power_w:
        return None, told
    if urgent:
        allowed = told.writes < device.writes_per_day
    else:
        most = max(device.writes_per_day - SAFETY_WRITES, 0)
        passed = min(max(measured.at_s - told.day_s, 0), DAY_S)
        due = min(AT_ONCE_WRITES + max(most - AT_ONCE_WRITES, 0) * passed // DAY_S, most)
        allowed = told.writes < due and abs(wanted - (told.power_w or 0)) >= min(device.step_w, device.power_w)
    if not allowed:
        return None, told
    return wanted, replace(told, power_w=wanted, at_s=measured.at_s, writes=told.writes + 1, doubts=0)
