"""The slot clock: `slot = unix_seconds // slot_seconds`, UTC, labelled by its start.

A slot belongs to the civil day of the site's zone in which it starts, so a day has 92, 96 or 100 quarter-hours.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["SLOT_MINUTES", "SlotClock", "zone"]

SLOT_MINUTES = (5, 15, 30, 60)


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name; ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Berlin") from error


@dataclass(frozen=True, slots=True)
class SlotClock:
    """Slots of `minutes` (5, 15, 30 or 60) and the civil days of `timezone` (IANA name) they fall in."""

    minutes: int = 15
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        if self.minutes not in SLOT_MINUTES:
            raise ValueError(f"slot_minutes is {self.minutes}; it must be one of {SLOT_MINUTES}")
        zone(self.timezone)

    @property
    def seconds(self) -> int:
        """Length of a slot, s."""
        return self.minutes * 60

    @property
    def per_day(self) -> int:
        """Slots in 24 hours (a civil day may have one or more hours less or more)."""
        return 1440 // self.minutes

    def slot_at(self, instant: datetime) -> int:
        """The slot that holds `instant`; ValueError for a naive datetime."""
        if instant.tzinfo is None:
            raise ValueError(f"{instant.isoformat()} has no UTC offset; write one, e.g. 2016-06-15T00:00+02:00")
        return int((instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=self.seconds))

    def start(self, slot: int) -> datetime:
        """The instant at which `slot` begins, UTC."""
        return datetime.fromtimestamp(slot * self.seconds, UTC)

    def end(self, slot: int) -> datetime:
        """The instant at which `slot` ends, UTC."""
        return self.start(slot + 1)

    def local(self, slot: int) -> datetime:
        """The start of `slot` on the site's clock."""
        return self.start(slot).astimezone(zone(self.timezone))

    def date_of(self, slot: int) -> date:
        """The civil day, in the site's zone, in which `slot` starts."""
        return self.local(slot).date()

    def day(self, civil: date) -> range:
        """The slots that start on `civil`, in the site's zone (92, 96 or 100 of 15 min)."""
        return range(self._first(civil), self._first(civil + timedelta(days=1)))

    def days(self, first: date, count: int) -> list[range]:
        """The slots of `count` civil days from `first` on, a range a day."""
        return [self.day(first + timedelta(days=i)) for i in range(count)]

    def _first(self, civil: date) -> int:
        """The first slot that starts on `civil`: a midnight inside a slot leaves that slot to the day before."""
        # Wall-clock midnight may not exist (a zone that springs forward at 00:00): fold=0 then maps past the gap.
        midnight = datetime(civil.year, civil.month, civil.day, tzinfo=zone(self.timezone)).astimezone(UTC)
        slot = self.slot_at(midnight)
        return slot if self.start(slot) == midnight else slot + 1
