"""Use cases *a session begins, is metered, ends*: whatever arrives late or twice, a transaction is settled once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sunfair.app.charge_access import Admission, may_charge, running_sessions
from sunfair.app.charge_metering import Measured, measure
from sunfair.charging import BookingState, Recover, Verdict
from sunfair.charging.states import LATE_SECONDS
from sunfair.ports.charge_points import ChargePoint, ChargingBook, Note, Sample, Session, SessionState

__all__ = [
    "BOOKING_ENDS",
    "CAP",
    "Begin",
    "End",
    "Progress",
    "begin_session",
    "end_session",
    "meter_session",
    "restart_point",
    "unplugged",
]

_SELF_STOP = timedelta(seconds=3)
"""A charge point that is refused stops by itself; after so long it is told to. Ten seconds are allowed in all."""

CAP = "the cap is reached"
BOOKING_ENDS = "the booking ends"

_NOTHING_WH = 100

_CLOCK = timedelta(minutes=5)
"""A charge point's clock may be off by so much."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A charge point says a transaction began.

    transaction : the charge point's own (2.0.1), or None where the central system gives numbers (1.6)
    at, since   : when it says this was, and since when it has been connected
    start_wh    : register, Wh; None if it did not say
    """

    point: str
    connector: int
    tag: str
    at: datetime
    since: datetime
    start_wh: int | None
    transaction: str | None = None
    signed: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Registers of a transaction under way, and when they were read; `signed` is the meter's record at its
    beginning.
    """

    point: str
    transaction: str
    registers: Sequence[tuple[datetime, int]]
    signed: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """A charge point says a transaction ended; `signed` are the meter's records at begin and end, empty if none."""

    point: str
    transaction: str
    at: datetime
    since: datetime
    stop_wh: int | None
    reason: str = ""
    signed: tuple[str, str] = ("", "")


def begin_session(book: ChargingBook, now: datetime, begin: Begin) -> tuple[str, Admission]:
    """Keep a transaction that began, allowed or not; returns its id and what to answer.

    What is not allowed is kept as well: a charge point that goes on all the same is told to stop. Told twice, it is
    one.
    """
    known = _known(book, begin)
    if known is not None and not (known.state is SessionState.WAITING and begin.tag):
        return known.transaction, _again(book, known)
    if known is not None:
        begin = replace(begin, connector=known.connector, start_wh=known.start_wh, signed=known.signed_start)
    at = _instant(book, begin.point, begin.at, begin.since, now)
    if not begin.tag:
        return _plugged(book, begin, at)
    running = running_sessions(book, begin.point)
    admission = may_charge(book, begin.point, begin.tag, at, connector=begin.connector, running=running)
    session = _session(begin, begin.transaction or str(book.next_transaction()), at)
    if admission.accepted:
        session = _allowed(book, session, admission)
    else:
        refused = f"refused: {admission.why}"
        session = replace(session, state=SessionState.REFUSED, stop_by=now + _SELF_STOP, stop_why=refused)
        book.note(Note(begin.point, now, "refused", f"{begin.tag} on connector {begin.connector}: {admission.why}"))
    book.put_session(session)
    return session.transaction, admission


def _session(begin: Begin, transaction: str, at: datetime) -> Session:
    return Session(
        begin.point,
        transaction,
        begin.connector,
        begin.tag,
        at,
        begin.start_wh,
        begin.start_wh,
        signed_start=begin.signed,
        told=begin.at,
    )


def _plugged(book: ChargingBook, begin: Begin, at: datetime) -> tuple[str, Admission]:
    """2.0.1 charge points may begin with the plug: who charges is told later, and until then nothing may flow."""
    if begin.transaction is None:
        return "0", Admission(Verdict.INVALID, "there is no tag")
    book.put_session(replace(_session(begin, begin.transaction, at), state=SessionState.WAITING))
    return begin.transaction, Admission(Verdict.INVALID, "there is no tag yet")


def _allowed(book: ChargingBook, session: Session, admission: Admission) -> Session:
    """The session with its booking and its end: the booking's own, or for a guest without one that of the free time."""
    booking = admission.booking
    if booking is None:
        return replace(session, stop_by=admission.until, stop_why="the next booking begins" if admission.until else "")
    book.put_booking(replace(booking, state=BookingState.CHARGING))
    return replace(session, booking=booking.number, stop_by=admission.until, stop_why=BOOKING_ENDS)


def _known(book: ChargingBook, begin: Begin) -> Session | None:
    """The session whose beginning is told once more."""
    if begin.transaction is not None:
        return book.session(begin.point, begin.transaction)
    # 1.6 has no number yet: the same tag, connector and instant are the same beginning, its answer was lost.
    return book.session_begun(begin.point, begin.connector, begin.tag, begin.at)


def _again(book: ChargingBook, known: Session) -> Admission:
    if known.state is SessionState.REFUSED:
        return Admission(Verdict.BLOCKED, known.stop_why)  # whatever it was refused for, it is not to go on
    return Admission(Verdict.ACCEPTED, booking=None if known.booking is None else book.booking(known.booking))


def _instant(book: ChargingBook, point: str, at: datetime, since: datetime, now: datetime) -> datetime:
    """When something happened: what the charge point says, unless its clock must be wrong; then now.

    A time in the future is wrong. So is one in the past at which the charge point was already connected: it would have
    told then. From before it was connected it is a late record, and right.
    """
    if at > now + _CLOCK or since <= at < now - _CLOCK:
        book.note(Note(point, now, "clock", f"its clock says {at:%Y-%m-%d %H:%M:%S} UTC"))
        return now
    return at


def meter_session(book: ChargingBook, now: datetime, progress: Progress) -> Session | None:
    """Keep registers of a session; it is to be stopped once it reaches its cap. None if there is no such session."""
    session = book.session(progress.point, progress.transaction)
    if session is None:
        return None
    book.put_samples([Sample(session.point, session.transaction, at, wh) for at, wh in progress.registers])
    if session.state is SessionState.SETTLED:
        return session
    moved = replace(session, signed_start=session.signed_start or progress.signed)
    if progress.registers:
        last = max(progress.registers)[1]
        start = last if session.start_wh is None else session.start_wh
        moved = replace(moved, start_wh=start, register_wh=max(last, session.register_wh or 0))
    if session.state is SessionState.CUT:
        moved = replace(moved, state=SessionState.OPEN)  # power is back and the charge point went on
    moved = _unnamed(_capped(book, moved, now), now)
    if moved != session:
        book.put_session(moved)
    return moved


def _unnamed(session: Session, now: datetime) -> Session:
    """What flows before anybody was named is stopped."""
    taken = (session.register_wh or 0) - (session.start_wh or 0)
    if session.state is not SessionState.WAITING or taken <= _NOTHING_WH:
        return session
    return replace(session, state=SessionState.REFUSED, stop_by=now, stop_why="refused: nobody was named")


def _capped(book: ChargingBook, session: Session, now: datetime) -> Session:
    if session.booking is None or session.register_wh is None:
        return session
    booking = book.booking(session.booking)
    delivered = session.register_wh - (session.start_wh or 0)
    if booking is None or booking.cap_wh is None or delivered < booking.cap_wh or session.stop_why == CAP:
        return session
    return replace(session, stop_by=min(now, session.stop_by or now), stop_why=CAP)


def end_session(book: ChargingBook, now: datetime, end: End, recover: Recover) -> Session | None:
    """Settle a session; once settled, another end changes nothing, and one that says otherwise is written down.

    None if the charge point never told of such a session: there is nobody to bill.
    """
    session, point = book.session(end.point, end.transaction), book.point(end.point)
    if session is None or point is None:
        book.note(Note(end.point, now, "unknown", f"transaction {end.transaction[:40]} ended, but never began"))
        return None
    if session.state is SessionState.SETTLED:
        if end.stop_wh is not None and end.stop_wh != session.stop_wh:
            what = f"transaction {session.transaction} ended again, at {end.stop_wh} Wh instead of {session.stop_wh}"
            book.note(Note(end.point, now, "contradiction", what))
        return session
    ended = max(_instant(book, end.point, end.at, end.since, now), session.began)
    signed = end.signed[0] or session.signed_start, end.signed[1]
    ending = replace(
        session, ended=ended, stop_wh=end.stop_wh, signed_start=signed[0], signed_stop=signed[1], reason=end.reason
    )
    measured = measure(point, ending, recover, lambda page: book.page_used(end.point, page))
    settled = _settled(ending, now, measured)
    book.put_session(settled)
    for doubt in settled.doubts:
        book.note(Note(end.point, now, "doubt", f"transaction {session.transaction}: {doubt}"))
    _release(book, settled)
    return settled


def _settled(session: Session, now: datetime, measured: Measured) -> Session:
    doubts, energy = measured.doubts, measured.energy_wh
    late = now - (session.ended or now)
    if late > timedelta(seconds=LATE_SECONDS):
        doubts, energy = (*doubts, f"its end was told {late} later, after 72 hours"), 0
    if session.state is SessionState.REFUSED:
        doubts = (*doubts, session.stop_why)
    return replace(
        session,
        state=SessionState.SETTLED,
        register_wh=session.register_wh if session.stop_wh is None else session.stop_wh,
        energy_wh=energy,
        evidence=measured.evidence,
        doubts=doubts,
        page=measured.page,
        known_at=now,
    )


def _release(book: ChargingBook, session: Session) -> None:
    booking = None if session.booking is None else book.booking(session.booking)
    if booking is not None and booking.state is BookingState.CHARGING:
        book.put_booking(replace(booking, state=BookingState.STOPPED))


def unplugged(book: ChargingBook, now: datetime, point: str, connector: int) -> None:
    """The car left a connector: an over-stay of its last session ends."""
    last = book.last_session(point, connector)
    if last is not None and last.state is SessionState.SETTLED and last.unplugged is None:
        book.put_session(replace(last, unplugged=max(now, last.ended or now)))


def restart_point(book: ChargingBook, now: datetime, point: ChargePoint) -> int:
    """A charge point started anew: what ran on it was cut off, and its end comes late or never; how many were cut."""
    cut = running_sessions(book, point.id)
    for session in cut:
        book.put_session(replace(session, state=SessionState.CUT, known_at=now))
        book.note(Note(point.id, now, "cut", f"transaction {session.transaction}: the charge point started anew"))
    return len(cut)
