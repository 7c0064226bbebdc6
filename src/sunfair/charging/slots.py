"""Quarter-hours of a charge point: a day in UTC is one mask of 96 bits, so a clash is one AND and the chain can see it.

Slots are numbered ``unix seconds // 900``. A booking of at most a day touches at most two days, so nothing here loops
over slots. Local midnight and the change of clocks are the site's affair (`slots_between`): UTC knows neither.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sunfair.errors import Fault, InputError
from sunfair.slots import zone

__all__ = ["DAY_SLOTS", "SLOTS_MAX", "SLOT_SECONDS", "Calendar", "day_masks", "slot_at", "slot_start", "slots_between"]

SLOT_SECONDS = 900
"""Length of a slot, s."""

DAY_SLOTS = 96
"""Slots of a day in UTC."""

SLOTS_MAX = DAY_SLOTS
"""Most slots of one booking: it then touches two days at most."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def slot_at(instant: datetime) -> int:
    """The slot that holds an instant; InputError for a time without an offset."""
    if instant.tzinfo is None:
        fault = Fault("time", f"{instant.isoformat()} has no offset", "write one, e.g. 2026-06-15T22:00+02:00")
        raise InputError("that is no instant", [fault])
    return int((instant - _EPOCH) // timedelta(seconds=SLOT_SECONDS))


def slot_start(slot: int) -> datetime:
    """The instant at which a slot begins, UTC."""
    return _EPOCH + timedelta(seconds=slot * SLOT_SECONDS)


def slots_between(begin: datetime, end: datetime, timezone: str = "UTC") -> range:
    """The slots that cover a stay from `begin` to `end`; times without an offset are read on the site's clock.

    A night from 22:00 to 07:00 has 36 slots, in the two nights of the year in which the clock jumps 32 or 40. A local
    time that exists twice is taken as the earlier one for the beginning and the later one for the end, so that the
    stay asked for is whole. InputError for a local time that does not exist, a stay that ends before it begins, or
    one above a day.
    """
    first, last = _instant("begin", begin, timezone, fold=0), _instant("end", end, timezone, fold=1)
    slots = range(slot_at(first), -int((_EPOCH - last) // timedelta(seconds=SLOT_SECONDS)))
    if not 0 < len(slots) <= SLOTS_MAX:
        what = f"is {last - first} long" if last > first else "ends before it begins"
        raise InputError("that stay cannot be booked", [Fault("stay", what, "book 15 minutes to 24 hours")])
    return slots


def _instant(name: str, time: datetime, timezone: str, *, fold: int) -> datetime:
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    instant = time.replace(tzinfo=zone(timezone), fold=fold).astimezone(UTC)
    if instant.astimezone(zone(timezone)).replace(tzinfo=None) != time.replace(fold=0):
        what = f"{time.isoformat()} does not exist in {timezone}: the clock jumps over it"
        raise InputError("that is no instant", [Fault(name, what, "name a time before or after the jump")])
    return instant


def day_masks(first: int, slots: int) -> Iterator[tuple[int, int]]:
    """Day (``slot // 96``) and mask of 96 bits, bit i for its slot i, of the one or two days that a stay touches."""
    day, bit = divmod(first, DAY_SLOTS)
    mask = ((1 << slots) - 1) << bit
    whole = (1 << DAY_SLOTS) - 1
    yield day, mask & whole
    if mask >> DAY_SLOTS:
        yield day + 1, mask >> DAY_SLOTS


@dataclass(frozen=True, slots=True)
class Calendar:
    """One charge point's slots: `taken` by bookings and `blocked` by the host, as masks of 96 bits by day."""

    taken: Mapping[int, int] = field(default_factory=dict)
    blocked: Mapping[int, int] = field(default_factory=dict)

    def is_free(self, first: int, slots: int) -> bool:
        """Whether nobody has any of these slots."""
        return not any(
            mask & (self.taken.get(day, 0) | self.blocked.get(day, 0)) for day, mask in day_masks(first, slots)
        )

    def take(self, first: int, slots: int) -> "Calendar":
        """With a booking more; ValueError if one of its slots is not free."""
        if not self.is_free(first, slots):
            raise ValueError("charging: not free")
        return replace(self, taken=_with(self.taken, first, slots))

    def give_back(self, first: int, slots: int) -> "Calendar":
        """With these slots no longer taken."""
        return replace(self, taken=_without(self.taken, first, slots))

    def block(self, first: int, slots: int) -> "Calendar":
        """With these slots kept out by the host; ValueError where somebody has booked."""
        if any(mask & self.taken.get(day, 0) for day, mask in day_masks(first, slots)):
            raise ValueError("charging: not free")
        return replace(self, blocked=_with(self.blocked, first, slots))

    def unblock(self, first: int, slots: int) -> "Calendar":
        """With these slots no longer kept out."""
        return replace(self, blocked=_without(self.blocked, first, slots))

    def gaps(self, first: int, end: int, slots: int) -> list[int]:
        """The first slots of all stays of `slots` slots that fit into [first, end)."""
        used = 0
        for at, day in enumerate(range(first // DAY_SLOTS, (end - 1) // DAY_SLOTS + 1)):
            used |= (self.taken.get(day, 0) | self.blocked.get(day, 0)) << (DAY_SLOTS * at)
        used >>= first % DAY_SLOTS
        need = (1 << slots) - 1
        return [first + at for at in range(end - first - slots + 1) if not used >> at & need]


def _with(days: Mapping[int, int], first: int, slots: int) -> dict[int, int]:
    return dict(days) | {day: days.get(day, 0) | mask for day, mask in day_masks(first, slots)}


def _without(days: Mapping[int, int], first: int, slots: int) -> dict[int, int]:
    return dict(days) | {day: days.get(day, 0) & ~mask for day, mask in day_masks(first, slots)}
