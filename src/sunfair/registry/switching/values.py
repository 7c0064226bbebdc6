"""What the switching rules work on: points with their suppliers, requests, switches, notices."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sunfair.errors import InputError
from sunfair.registry.switching.states import OPEN, Sector, SwitchKind, SwitchState

__all__ = ["ChangeReading", "Notice", "Request", "Supply", "SupplyPoint", "Switch", "SwitchRefused", "SwitchRules"]


class SwitchRefused(InputError):
    """An act on a switch that the rules do not allow; nothing changed."""


@dataclass(frozen=True, slots=True)
class SwitchRules:
    """Settings of a market's switching.

    last_start_days : latest supply start, days after the day of the request
    cooling_off_days, return_working_days : as their names say
    occupancy_may_be_objected : whether a change of occupancy gives the losing supplier a window
    reading_days : a change-of-supplier reading is taken within so many days of the start
    """

    last_start_days: int = 28
    cooling_off_days: int = 14
    return_working_days: int = 21
    occupancy_may_be_objected: bool = False
    reading_days: int = 5


@dataclass(frozen=True, slots=True)
class Supply:
    """Who supplies from `starts` on, until before `ends` (None: still). `switch` is what began it, None at first."""

    supplier: bytes
    starts: datetime
    ends: datetime | None = None
    switch: bytes | None = None


@dataclass(frozen=True, slots=True)
class SupplyPoint:
    """A meter point as switching sees it.

    id      : 32 bytes, its nullifier
    owner   : 20-byte address of the customer, since `owner_since`
    supplies: in order of time, abutting; the last one is open
    related : points that can only be switched together with it
    """

    id: bytes
    country: str
    fuel: str
    sector: Sector
    owner: bytes
    owner_since: datetime
    supplies: tuple[Supply, ...]
    related: frozenset[bytes] = frozenset()

    @property
    def active(self) -> Supply:
        """The supply that is open."""
        return self.supplies[-1]

    def supplier_at(self, at: datetime) -> bytes | None:
        """Who supplied at an instant; None before the first supply."""
        for supply in reversed(self.supplies):
            if supply.starts <= at:
                return supply.supplier
        return None


@dataclass(frozen=True, slots=True)
class Request:
    """A gaining supplier's request: what the customer consented to, with the signature of it (65 bytes)."""

    point: bytes
    gainer: bytes
    kind: SwitchKind
    start: date
    nonce: int
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class ChangeReading:
    """The register at the change: closing read of the old supplier's bill, opening read of the new one's."""

    register_wh: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Switch:
    """A request with its windows and where it stands.

    id     : 32 bytes, the digest of what the customer consented to
    bundle : 32 bytes shared by requests that succeed or fail together, empty where it stands alone
    since  : when it took its present state
    return_by : until when an erroneous transfer must have gone back
    """

    id: bytes
    request: Request
    loser: bytes
    bundle: bytes
    state: SwitchState
    since: datetime
    submitted: datetime
    objection_ends: datetime
    gate_closes: datetime
    starts: datetime
    reasons: tuple[str, ...] = ()
    return_by: datetime | None = None
    reading: ChangeReading | None = None

    @property
    def open(self) -> bool:
        """Whether it is under way."""
        return self.state in OPEN

    @property
    def due(self) -> tuple[datetime, SwitchState] | None:
        """When time alone moves it on, and whereto; None if it does not."""
        if self.state is SwitchState.VALIDATED:
            return self.objection_ends, SwitchState.CONFIRMED
        if self.state is SwitchState.CONFIRMED:
            return self.gate_closes, SwitchState.SECURED
        if self.state is SwitchState.SECURED:
            return self.starts, SwitchState.ACTIVE
        return None

    def reading_window(self, rules: SwitchRules) -> tuple[datetime, datetime]:
        """When a change-of-supplier reading may be given."""
        days = timedelta(days=rules.reading_days)
        return self.starts - days, self.starts + days


@dataclass(frozen=True, slots=True)
class Notice:
    """What both suppliers and the customer are told of one transition."""

    switch: bytes
    number: int
    state: SwitchState
    at: datetime
    gainer: bytes
    loser: bytes
    customer: bytes

    @property
    def recipients(self) -> tuple[bytes, bytes, bytes]:
        """Addresses of those it goes to."""
        return self.gainer, self.loser, self.customer
