"""Civil time of supply: working days, bank holidays, and local midnight as an instant.

Which days are holidays comes in as data: they are decreed, not computed. A calendar knows what years it covers and
refuses to guess beyond them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sunfair.errors import Fault, InputError
from sunfair.slots import zone

__all__ = ["GATE_HOUR", "Calendar"]

GATE_HOUR = time(17)
"""Local time at which an objection window ends and a gate closes."""

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of one country.

    timezone : IANA name, e.g. ``"Europe/London"``
    holidays : days on which nobody works besides Saturdays and Sundays
    years    : first and last year that `holidays` covers
    """

    timezone: str
    holidays: frozenset[date]
    years: tuple[int, int]

    def __post_init__(self) -> None:
        zone(self.timezone)

    def is_working(self, day: date) -> bool:
        """Whether it is neither weekend nor holiday; InputError for a year the calendar does not cover."""
        first, last = self.years
        if not first <= day.year <= last:
            fault = Fault("holidays", f"{day} is outside {first} … {last}", "load the holidays of that year")
            raise InputError("the calendar does not know this day", [fault])
        return day.weekday() < _SATURDAY and day not in self.holidays

    def after(self, day: date, working_days: int) -> date:
        """The n-th working day after `day` (which is not counted); n ≥ 1."""
        left = working_days
        while left:
            day += timedelta(days=1)
            left -= self.is_working(day)
        return day

    def local_date(self, at: datetime) -> date:
        """The civil day of an aware instant."""
        if at.tzinfo is None:
            raise InputError("this is no instant", [Fault("time", f"{at} has no zone", "give UTC")])
        return at.astimezone(self._zone).date()

    def midnight(self, day: date) -> datetime:
        """00:00 local time at the beginning of a day, UTC."""
        return self._instant(day, time(0))

    def gate(self, day: date) -> datetime:
        """17:00 local time of a day, UTC."""
        return self._instant(day, GATE_HOUR)

    def _instant(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, self._zone).astimezone(UTC)

    @property
    def _zone(self) -> ZoneInfo:
        return zone(self.timezone)
