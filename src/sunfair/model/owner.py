"""What an owner wants of the agent, and what else of a home can be steered: plain values, nothing decided here."""

from dataclasses import dataclass

__all__ = ["Appliance", "Gift", "HeatPump", "Override", "Owner", "Prepaid", "Span"]


@dataclass(frozen=True, slots=True)
class Span:
    """From slot `first` until before slot `end`."""

    first: int
    end: int

    def holds(self, slot: int) -> bool:
        """Whether `slot` lies in it."""
        return self.first <= slot < self.end


@dataclass(frozen=True, slots=True)
class Override:
    """The owner's own order: bring the battery to `soc_permille` (‰ of its capacity) and keep it there while it lasts.

    It expires with its span: nothing has to be taken back.
    """

    span: Span
    soc_permille: int = 1_000


@dataclass(frozen=True, slots=True)
class Gift:
    """Up to `daily_wh` Wh of surplus in a civil day for the member with the id `to`, for nothing."""

    to: str
    daily_wh: int


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner's rules; they bind before anything the agent would gain. Each default leaves the agent free.

    neighbour_permille : ‰ of the surplus left once the battery is full that is offered to neighbours, 0 … 1 000; the
                         rest goes to the utility
    floor_price        : µ/kWh, the least the owner receives (after fees) for a kWh sold to neighbours; None: any price
    ceiling_price      : µ/kWh, the most the owner pays for a kWh bought from neighbours; None: any price
    preferred          : ids of members served before others, the first first
    gifts              : at most one a member
    overrides          : spans do not overlap
    vacations          : nobody is at home: no appliance starts, warmth falls to the lowest allowed; do not overlap
    ready_minute       : minute of the civil day at which a plugged-in car must have what it needs; None: when it leaves
    ready_wh           : Wh (AC) it must have by then, at most what its visit asks for; None: all of that
    writes_per_day     : commands to the inverter in a civil day at most (its flash memory wears)
    loss_max           : µ lost in 365 days against the simple rule's shadow bill after which the agent falls back to it

    The reserve for outages is the battery's own (`Battery.reserve_wh`).
    """

    neighbour_permille: int = 1_000
    floor_price: int | None = None
    ceiling_price: int | None = None
    preferred: tuple[str, ...] = ()
    gifts: tuple[Gift, ...] = ()
    overrides: tuple[Override, ...] = ()
    vacations: tuple[Span, ...] = ()
    ready_minute: int | None = None
    ready_wh: int | None = None
    writes_per_day: int = 270
    loss_max: int = 5_000_000

    def override_at(self, slot: int) -> Override | None:
        """The order in force in `slot`, if any."""
        return next((order for order in self.overrides if order.span.holds(slot)), None)

    def away(self, slot: int) -> bool:
        """Whether `slot` lies in a vacation."""
        return any(span.holds(slot) for span in self.vacations)


@dataclass(frozen=True, slots=True)
class HeatPump:
    """A heat pump or heating rod and what it warms: a house or a tank, with the band of temperatures allowed in it.

    power_w                : W (AC), most it takes
    capacity_wh_per_kelvin : Wh of warmth that raise the temperature by 1 K
    low_decidegree, high_decidegree : tenths of °C, the lowest and the highest temperature the owner allows
    performance_permille   : coefficient of performance, ‰: Wh of warmth for 1 000 Wh (AC) taken
    loss_permille          : ‰ of the warmth above the lowest temperature that is lost per hour besides the demand

    The demand itself is `Series.heat_wh`.
    """

    power_w: int
    capacity_wh_per_kelvin: int
    low_decidegree: int = 200
    high_decidegree: int = 220
    performance_permille: int = 3_000
    loss_permille: int = 0

    @property
    def band_wh(self) -> int:
        """Wh of warmth between the lowest and the highest temperature allowed."""
        return self.capacity_wh_per_kelvin * (self.high_decidegree - self.low_decidegree) // 10


@dataclass(frozen=True, slots=True)
class Appliance:
    """What runs once a civil day and is not stopped on the way: washing, drying, a boiler that is on or off.

    profile_wh : Wh (AC) used in each slot from its start on, beside `Series.load_wh`
    earliest_minute, latest_minute : minutes of the civil day between which it starts, both included; where the latest
                 lies before the earliest, it is one of the next day
    """

    name: str
    profile_wh: tuple[int, ...]
    earliest_minute: int = 0
    latest_minute: int = 1_439


@dataclass(frozen=True, slots=True)
class Prepaid:
    """Credit paid in ahead, and the standing permission by which it is topped up, µ.

    notice   : below this balance the owner is told
    top_up   : what one top-up pays in; 0: none, the owner pays in by hand
    per_day, in_total : what top-ups may take in a UTC day, and ever
    opening  : what a simulated run pays in before its first slot; None: enough for all of it
    """

    notice: int = 10_000_000
    top_up: int = 0
    per_day: int = 0
    in_total: int = 0
    opening: int | None = None
