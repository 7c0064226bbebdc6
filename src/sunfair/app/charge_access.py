"""Use case *may this tag charge here now?*: the calendar is the central system's to keep, charge points do not keep it.

Met in the field: with a connector reserved for somebody else, charge points started an intruder's RemoteStart all the
same, and opened a second transaction on a connector when they were let. So every Authorize, RemoteStart and
StartTransaction is decided here, and what runs against it is stopped (`charge_watch`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sunfair.charging import BookingState, Held, Stay, Verdict, hold_until, may_start
from sunfair.ports.charge_points import Booked, ChargingBook, Session, SessionState

__all__ = ["RESERVE_LEAD", "Admission", "admit", "held_until", "may_charge", "running_sessions"]

RESERVE_LEAD = timedelta(minutes=15)
"""`ReserveNow` has no beginning, so it is sent so long before a booking."""

_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Admission:
    """What is answered, why in words, the booking it rests on, and until when it may last (None: no end)."""

    verdict: Verdict
    why: str = ""
    booking: Booked | None = None
    until: datetime | None = None
    group: str = ""

    @property
    def accepted(self) -> bool:
        """Whether it may charge."""
        return self.verdict is Verdict.ACCEPTED


def held_until(booking: Booked) -> datetime:
    """Until when a booking's place is held for a driver who has not come."""
    begin, end = int(booking.begin.timestamp()), int(booking.end.timestamp())
    return _instant(hold_until(Stay(booking.state, begin, begin, end, booking.extended)))


def may_charge(
    book: ChargingBook, point: str, tag: str, now: datetime, *, connector: int | None, running: Sequence[Session]
) -> Admission:
    """Decide on a tag at a connector, or at whichever of the charge point's connectors would take it (None).

    `running` are the open sessions of the charge point. Nothing is written.
    """
    bookings = book.bookings(now, now + _AHEAD, point)
    known = _admit_tag(book, tag, now)
    if connector:
        return admit(tag, known, connector, now, bookings, running)
    kept = book.point(point)
    places = range(1, (kept.connectors if kept else 0) + 1)
    answers = [admit(tag, known, each, now, bookings, running) for each in places]
    return next((answer for answer in answers if answer.accepted), answers[0] if answers else known)


def admit(
    tag: str, known: Admission, connector: int, now: datetime, bookings: Sequence[Booked], running: Sequence[Session]
) -> Admission:
    """The rule on values: ConcurrentTx where a transaction runs, else `charging.may_start` over the connector's
    bookings.

    `known` is what holds of the tag where there is no booking at all. A booking is matched by charge point,
    connector, tag
    and time: the number that a charge point sends, if it sends one, proves nothing.
    """
    if any(each.connector == connector or each.tag.lower() == tag.lower() for each in running):
        return Admission(Verdict.CONCURRENT, "a transaction is under way", group=known.group)
    if known.verdict is Verdict.BLOCKED:
        return known
    here = {booking.number: booking for booking in bookings if _bars(booking, connector, now)}
    held = [_held(booking) for booking in here.values()]
    access = may_start(held, b"", tag, int(now.timestamp()), walk_in=known.accepted)
    if access.verdict is Verdict.INVALID:
        return known
    why = "" if access.verdict is Verdict.ACCEPTED else "the connector is booked by somebody else, or not from now on"
    booking = None if access.booking is None else here[int.from_bytes(access.booking.id, "big")]
    until = None if access.until is None else _instant(access.until)
    return Admission(access.verdict, why, booking, until, known.group)


def _bars(booking: Booked, connector: int, now: datetime) -> bool:
    """Whether a booking still counts for a connector: nobody's place is held for ever."""
    came = booking.state is BookingState.CHARGING
    return booking.connector in (0, connector) and (came or now < held_until(booking))


def _held(booking: Booked) -> Held:
    """A booking as the rule takes it. One whose session was cut off waits for its driver as before."""
    number, begin, end = booking.number.to_bytes(32, "big"), booking.begin.timestamp(), booking.end.timestamp()
    return Held(number, b"", booking.tag, int(begin), int(end), BookingState.RESERVED)


def _admit_tag(book: ChargingBook, tag: str, now: datetime) -> Admission:
    """What holds of a tag without a booking."""
    kept = book.tag(tag)
    if kept is None:
        return Admission(Verdict.INVALID, "the tag is not known and has no booking here now")
    if kept.blocked:
        return Admission(Verdict.BLOCKED, "the tag is blocked", group=kept.group)
    if kept.until is not None and kept.until <= now:
        return Admission(Verdict.EXPIRED, f"the tag expired on {kept.until:%Y-%m-%d}", group=kept.group)
    return Admission(Verdict.ACCEPTED, group=kept.group)


def running_sessions(book: ChargingBook, point: str) -> list[Session]:
    """Sessions that take up a connector."""
    return book.sessions([SessionState.OPEN], point)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
