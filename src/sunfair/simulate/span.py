"""The days of a simulated run."""

from dataclasses import dataclass
from datetime import date

__all__ = ["Span"]


@dataclass(frozen=True, slots=True)
class Span:
    """Which civil days are run, and their slots."""

    first: date
    days: tuple[range, ...]

    @property
    def slots(self) -> int:
        """How many slots that are."""
        return sum(len(day) for day in self.days)

    @property
    def first_slot(self) -> int:
        """The first slot of the run."""
        return self.days[0][0]

    def day_start(self, slot: int) -> int:
        """The first slot of the day that holds `slot`, which is a slot of the run."""
        return next(day[0] for day in self.days if slot in day)

    @property
    def end_slot(self) -> int:
        """The slot after the run."""
        return self.days[-1][-1] + 1
