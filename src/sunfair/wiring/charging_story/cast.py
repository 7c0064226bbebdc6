"""Who comes when to which charge point, and what goes wrong: twenty cars, three hotels, one day."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["CAST", "Turn", "Visit"]


class Turn(StrEnum):
    """What happens to a stay."""

    PLAIN = "charges as booked"
    NO_SHOW = "never comes"
    LATE = "comes 20 minutes late"
    EARLY = "comes early and waits"
    OVERSTAY = "stays 45 minutes too long"
    POWER_CUT = "the power fails for 20 minutes"
    LINE_CUT = "the line drops and the end is told late"
    CANCELS = "cancels in time"
    HOST_CANCELS = "the host cancels"
    CAP = "is stopped at the most it booked"
    NOTHING = "plugs in and takes nothing"
    DISPUTE = "is told too much and disputes it"
    INTRUDER = "has no booking and tries another's"
    WALK_IN = "comes without a booking while the point is free"


@dataclass(frozen=True, slots=True)
class Visit:
    """One car's stay: `begins` by the hotel's clock, `wh` booked at most, `draws_w` what the car takes."""

    car: str
    point: str
    begins: str
    minutes: int
    wh: int
    turn: Turn = Turn.PLAIN
    draws_w: int = 11_000


_T = Turn

CAST = (
    Visit("car 1", "DE*SUN*E1", "07:00", 120, 18_000),
    Visit("car 2", "DE*SUN*E1", "09:30", 120, 20_000, _T.NO_SHOW),
    Visit("car 3", "DE*SUN*E1", "12:00", 180, 30_000),
    Visit("car 4", "DE*SUN*E1", "16:00", 90, 15_000, _T.OVERSTAY),
    Visit("car 5", "DE*SUN*E1", "19:00", 180, 30_000, _T.POWER_CUT),
    Visit("car 6", "DE*SUN*E2", "08:00", 180, 22_000, _T.EARLY, 7_400),
    Visit("car 7", "DE*SUN*E2", "12:00", 120, 15_000, _T.CANCELS),
    Visit("car 8", "DE*SUN*E2", "14:00", 150, 24_000, _T.LATE),
    Visit("car 9", "DE*SUN*E2", "14:05", 60, 10_000, _T.INTRUDER),
    Visit("car 10", "DE*SUN*E2", "18:00", 240, 35_000, _T.LINE_CUT),
    Visit("car 11", "AT*SUN*E1", "09:00", 240, 38_000),
    Visit("car 12", "AT*SUN*E1", "14:00", 180, 25_000, _T.PLAIN, 7_400),
    Visit("car 13", "AT*SUN*E1", "18:00", 120, 18_000, _T.HOST_CANCELS),
    Visit("car 14", "AT*SUN*E2", "10:00", 60, 30_000, _T.PLAIN, 48_000),
    Visit("car 15", "AT*SUN*E2", "11:30", 60, 25_000, _T.CAP, 48_000),
    Visit("car 16", "AT*SUN*E2", "13:00", 45, 20_000, _T.WALK_IN, 40_000),
    Visit("car 17", "AT*SUN*E2", "16:00", 60, 20_000, _T.NOTHING),
    Visit("car 18", "KW*SUN*E1", "09:00", 180, 28_000),
    Visit("car 19", "KW*SUN*E1", "14:00", 120, 20_000, _T.DISPUTE),
    Visit("car 20", "KW*SUN*E1", "22:45", 105, 14_000),
)
"""Stays by hotel and time; the last one is booked from another time zone and lasts over midnight there."""
