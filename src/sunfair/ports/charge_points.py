"""What the central system of a charging network keeps: charge points, tags, bookings, sessions, commands, outlook."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sunfair.charging import BookingState

__all__ = [
    "Booked",
    "ChargePoint",
    "ChargingBook",
    "ChargingStore",
    "Command",
    "Connector",
    "Note",
    "Outlook",
    "OutlookSource",
    "Sample",
    "Session",
    "SessionState",
    "Tag",
]


@dataclass(frozen=True, slots=True)
class ChargePoint:
    """A registered charge point.

    id        : identity in the address it connects to, 1–48 letters, digits or `*-_=:+|@.`
    rated_w   : most it can deliver on one connector, W > 0
    connectors: how many it has (2.0.1: EVSEs), ≥ 1
    profile   : OCPP security profile 0–3 it must use at least; 0 is no security at all
    secret    : salt(16) ‖ SHA-256(salt ‖ password), empty under profiles 0 and 3
    meter_key : address (20 bytes) of its meter's key on secp256k1, empty if it signs nothing
    site      : whose surplus and prices it follows, empty for nobody's
    """

    id: str
    rated_w: int
    connectors: int = 1
    profile: int = 1
    secret: bytes = b""
    meter_key: bytes = b""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A token that may charge without a booking. `group`: tokens of one group stop each other's sessions."""

    id: str
    group: str = ""
    until: datetime | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Booked:
    """A stretch of a connector that one tag has to itself, begin ≤ t < end.

    number  : the OCPP reservation id, > 0
    cap_wh  : where the session is stopped, Wh; None for no cap
    state   : of the contract's; the central system lives by RESERVED and CHARGING and tells STOPPED and NO_SHOW
    extended: held for a late driver once more
    id      : what the contract knows it by, 32 bytes; empty if it stands on no chain
    """

    number: int
    point: str
    connector: int
    tag: str
    begin: datetime
    end: datetime
    cap_wh: int | None = None
    state: BookingState = BookingState.RESERVED
    extended: bool = False
    id: bytes = b""


class SessionState(StrEnum):
    """A car plugged in that nobody was named for yet, a session under way, cut off, refused but perhaps running,
    settled.
    """

    WAITING = "WAITING"
    OPEN = "OPEN"
    CUT = "CUT"
    REFUSED = "REFUSED"
    SETTLED = "SETTLED"


@dataclass(frozen=True, slots=True)
class Session:
    """One transaction of a charge point; (point, transaction) is its key, whatever arrives twice.

    register_wh : the last register heard of, Wh
    stop_by     : when the central system wants it stopped at the latest, and `stop_why`
    energy_wh   : what is billed, stop − start, Wh ≥ 0; None until settled
    evidence    : how well the energy is proven: signed, signed-end, unsigned, none
    doubts      : what was wrong with it, in words
    signed_start, signed_stop : the meter's own signed records, empty if there were none
    page        : the last page of the meter's stream that proves it
    known_at    : when its end was known here
    told        : its begin in the charge point's own words, by which a begin told twice is known
    unplugged   : when the car was gone; an over-stay lasts until then
    """

    point: str
    transaction: str
    connector: int
    tag: str
    began: datetime
    start_wh: int | None
    register_wh: int | None
    state: SessionState = SessionState.OPEN
    booking: int | None = None
    stop_by: datetime | None = None
    stop_why: str = ""
    ended: datetime | None = None
    stop_wh: int | None = None
    reason: str = ""
    energy_wh: int | None = None
    evidence: str = "none"
    doubts: tuple[str, ...] = ()
    signed_start: str = ""
    signed_stop: str = ""
    page: int | None = None
    known_at: datetime | None = None
    told: datetime | None = None
    unplugged: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A register of a session's meter at an instant, Wh."""

    point: str
    transaction: str
    at: datetime
    register_wh: int


@dataclass(frozen=True, slots=True)
class Connector:
    """What a charge point last said of one of its connectors (0: of itself)."""

    point: str
    connector: int
    status: str
    error: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing that happened at a charge point."""

    point: str
    at: datetime
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something asked of a charge point. A command with a `key` is kept once, however often it is asked.

    kind  : start, stop, reset, unlock, diagnostics, reserve, unreserve, limit, availability
    until : after this nobody waits for it any more
    state : waiting, taken, done, refused, failed, expired
    """

    number: int
    point: str
    kind: str
    arguments: dict[str, Any]
    asked: datetime
    until: datetime
    state: str = "waiting"
    answer: dict[str, Any] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a site expects of a stretch of time from `begin`: surplus of its roof, W ≥ 0, and price, µ/kWh."""

    begin: datetime
    surplus_w: int
    price: int


class OutlookSource(Protocol):
    """Where a site's surplus and prices are published."""

    def outlook(self, site: str, begin: datetime, end: datetime) -> Sequence[Outlook]:
        """Stretches that begin in [begin, end) and the one under way at `begin`, in order."""
        ...


class ChargingBook(OutlookSource, Protocol):
    """What is kept, within one transaction."""

    def points(self) -> list[ChargePoint]:
        """All charge points, by id."""
        ...

    def point(self, point: str) -> ChargePoint | None:
        """One of them, or None."""
        ...

    def put_point(self, point: ChargePoint) -> None:
        """Keep a charge point, or what it is now."""
        ...

    def seen(
        self, point: str, at: datetime, *, protocol: str | None = None, about: dict[str, Any] | None = None
    ) -> None:
        """It was heard of; `about` is what it said of itself when it started."""
        ...

    def last_seen(self) -> dict[str, tuple[datetime, str, dict[str, Any]]]:
        """When each was heard of last, in which protocol, and what it said of itself."""
        ...

    def put_connector(self, connector: Connector) -> None:
        """Keep what was last said of a connector; what is older than what is kept changes nothing."""
        ...

    def connectors(self, point: str | None = None) -> list[Connector]:
        """What was said of connectors, of one charge point or of all."""
        ...

    def put_tag(self, tag: Tag) -> None:
        """Keep a tag, or what it is now."""
        ...

    def tag(self, tag: str) -> Tag | None:
        """A tag, whatever the case of its letters (OCPP: CiString, identifierString); None if it is not known."""
        ...

    def put_booking(self, booking: Booked) -> None:
        """Keep a booking, or what it is now."""
        ...

    def booking(self, number: int) -> Booked | None:
        """A booking by its number."""
        ...

    def next_booking(self) -> int:
        """A booking number never used before, > 0."""
        ...

    def bookings(self, begin: datetime, end: datetime, point: str | None = None) -> list[Booked]:
        """Live bookings (RESERVED, CHARGING) that overlap [begin, end), in order of their begin."""
        ...

    def next_transaction(self) -> int:
        """A transaction number never used before, > 0."""
        ...

    def session(self, point: str, transaction: str) -> Session | None:
        """A session by its key."""
        ...

    def session_begun(self, point: str, connector: int, tag: str, told: datetime) -> Session | None:
        """The session whose beginning is told once more."""
        ...

    def sessions(self, states: Collection[SessionState], point: str | None = None) -> list[Session]:
        """Sessions in some states, in order of their begin."""
        ...

    def overstays(self, due: datetime) -> list[Session]:
        """Settled sessions of bookings that ended by `due`, within the day before it, whose cars have not left."""
        ...

    def page_used(self, point: str, page: int) -> bool:
        """Whether a page of the meter's stream has proven a session of this charge point already."""
        ...

    def last_session(self, point: str, connector: int) -> Session | None:
        """The session of a connector that began last."""
        ...

    def put_session(self, session: Session) -> None:
        """Keep a session, or what it is now."""
        ...

    def put_samples(self, samples: Sequence[Sample]) -> None:
        """Keep registers; one that is kept already changes nothing."""
        ...

    def note(self, note: Note) -> None:
        """Write down what happened."""
        ...

    def notes(self, point: str | None = None, limit: int = 100) -> list[Note]:
        """What happened last, newest first."""
        ...

    def ask(self, command: Command) -> int | None:
        """Keep a command (its number is given here); None if its key is kept already."""
        ...

    def take(self, points: Collection[str], now: datetime) -> list[Command]:
        """Commands waiting for these charge points become theirs; those nobody waits for any more expire."""
        ...

    def retake(self) -> int:
        """Commands taken by a central system that died are waiting again; how many."""
        ...

    def answer(self, number: int, state: str, answer: dict[str, Any]) -> None:
        """What became of a command."""
        ...

    def command(self, number: int) -> Command | None:
        """A command by its number."""
        ...

    def put_outlook(self, site: str, outlook: Sequence[Outlook]) -> None:
        """Keep what a site expects, instead of what it expected before for the same begins."""
        ...

    def prune(self, before: datetime, most: int) -> Mapping[str, int]:
        """Delete at most so many notes, samples of settled sessions, answered commands and outlooks from before an
        instant; how many of each.
        """
        ...


class ChargingStore(Protocol):
    """Where it is kept."""

    def open_book(self) -> AbstractContextManager[ChargingBook]:
        """One transaction: kept as a whole when the block ends well, not at all otherwise."""
        ...
