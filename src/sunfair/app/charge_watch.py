"""What the central system does by itself as time passes: stop, reserve, release, notice an over-stay, steer.

Everything it wants of a charge point becomes a command with a key, so that nothing is asked twice, whoever dies
meanwhile.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from sunfair.app.charge_access import RESERVE_LEAD, held_until
from sunfair.app.charge_limits import Need, limits
from sunfair.app.charge_metering import measure
from sunfair.app.charge_sessions import BOOKING_ENDS
from sunfair.charging import BookingState, Recover
from sunfair.charging.states import GRACE_SECONDS, LATE_SECONDS
from sunfair.ports.charge_points import (
    Booked,
    ChargePoint,
    ChargingBook,
    Command,
    Note,
    Session,
    SessionState,
)

__all__ = ["patrol", "steer", "tidy"]

_AGAIN = timedelta(seconds=5)
_PATIENCE = timedelta(seconds=20)
_SIGHT = timedelta(hours=24)
_TELLING = timedelta(minutes=1)
_LATE = timedelta(seconds=LATE_SECONDS)


def patrol(book: ChargingBook, now: datetime, connected: Mapping[str, datetime]) -> None:
    """Ask for what has become due; to be called every second or so. `connected` says since when who is on line."""
    sessions = book.sessions([SessionState.OPEN, SessionState.REFUSED])
    bookings = book.bookings(now - _LATE - _SIGHT, now + RESERVE_LEAD + timedelta(seconds=1))
    sessions = [_before_booking(book, session, bookings) for session in sessions]
    for session in sessions:
        if session.stop_by is None or session.stop_by > now or session.point not in connected:
            continue
        if session.stop_why == BOOKING_ENDS and session.state is SessionState.OPEN:
            _after_end(book, session, bookings, now)
        else:
            _ask_stop(book, session, session.stop_by, now)
    for booking in bookings:
        if booking.state is BookingState.RESERVED:
            _keep_place(book, booking, now, connected)
    for session in book.overstays(now - timedelta(seconds=GRACE_SECONDS)):
        _overstay(book, session, now)


def _after_end(book: ChargingBook, session: Session, bookings: Iterable[Booked], now: datetime) -> None:
    """A guest whose booking is over gets no more energy, and the transaction runs on until the car leaves: so the
    meter signs how long it stayed, which an idle fee needs. Who comes next ends it, and so does a charger that takes
    no limits.
    """
    assert session.stop_by is not None
    begins = [
        booking.begin
        for booking in bookings
        if booking.state is BookingState.RESERVED
        and booking.point == session.point
        and booking.connector in (0, session.connector)
        and session.stop_by <= booking.begin <= now
    ]
    if begins:
        _ask_stop(book, session, max(begins), now)
        return
    about = {"transaction": session.transaction, "connector": session.connector}
    arguments = {**about, "until": (now + _SIGHT).isoformat(), "periods": [[now.isoformat(), 0]], "else_stop": True}
    key = f"rest:{session.point}:{session.transaction}"
    if book.ask(Command(0, session.point, "limit", arguments, now, now + _PATIENCE, key=key)):
        book.note(Note(session.point, now, "stopped", f"transaction {session.transaction}: {BOOKING_ENDS}"))
    if now >= session.stop_by + timedelta(seconds=GRACE_SECONDS):
        _overstay(book, session, now)


def _before_booking(book: ChargingBook, session: Session, bookings: Iterable[Booked]) -> Session:
    """A session of somebody else ends where a booking begins, though the booking was made after it began."""
    ends = [
        booking.begin
        for booking in bookings
        if booking.state is BookingState.RESERVED
        and booking.point == session.point
        and booking.connector in (0, session.connector)
        and booking.number != session.booking
        and (session.stop_by is None or booking.begin < session.stop_by)
    ]
    if not ends or session.state is not SessionState.OPEN:
        return session
    moved = replace(session, stop_by=min(ends), stop_why="the next booking begins")
    book.put_session(moved)
    return moved


def _ask_stop(book: ChargingBook, session: Session, due: datetime, now: datetime) -> None:
    """Ask for a stop, again every five seconds in the first minute, then every minute: some say yes and go on."""
    waited = now - due
    attempt = int(waited / _AGAIN) if waited < timedelta(minutes=1) else 12 + int(waited / timedelta(minutes=1))
    key = f"stop:{session.point}:{session.transaction}:{attempt}"
    arguments = {"transaction": session.transaction, "why": session.stop_why}
    if book.ask(Command(0, session.point, "stop", arguments, now, now + _PATIENCE, key=key)) and attempt == 0:
        book.note(Note(session.point, now, "stopped", f"transaction {session.transaction}: {session.stop_why}"))


def _keep_place(book: ChargingBook, booking: Booked, now: datetime, connected: Mapping[str, datetime]) -> None:
    """Reserve a place in time, without depending on it; give it up when its driver does not come."""
    about = {"reservation": booking.number, "connector": booking.connector, "tag": booking.tag}
    until, since = held_until(booking), connected.get(booking.point)
    if now < until:
        if now >= booking.begin - RESERVE_LEAD and since is not None:
            key = f"reserve:{booking.number}:{until:%Y%m%d%H%M}"
            arguments = {**about, "expiry": until.isoformat()}
            book.ask(Command(0, booking.point, "reserve", arguments, now, until, key=key))
    # Off line a driver may have come all the same; what waits there is told within a minute of its return.
    elif now >= until + _LATE or (since is not None and now >= since + _TELLING):
        book.put_booking(replace(booking, state=BookingState.NO_SHOW))
        book.note(Note(booking.point, now, "no-show", f"booking {booking.number} was held until {until:%H:%M} UTC"))
        key, ends = f"unreserve:{booking.number}", now + timedelta(minutes=5)
        book.ask(Command(0, booking.point, "unreserve", about, now, ends, key=key))


def _overstay(book: ChargingBook, session: Session, now: datetime) -> None:
    text = f"over-stay: plugged in after booking {session.booking} and its grace"
    if text not in session.doubts:
        book.put_session(replace(session, doubts=(*session.doubts, text)))
        book.note(Note(session.point, now, "over-stay", f"transaction {session.transaction}: the car has not left"))


def steer(book: ChargingBook, now: datetime, connected: Collection[str]) -> int:
    """Send sessions the limits that follow from what their sites expect; returns how many. The same is sent once."""
    points = {point.id: point for point in book.points() if point.site and point.id in connected}
    sessions = [session for session in book.sessions([SessionState.OPEN]) if session.point in points]
    sessions = [session for session in sessions if session.stop_by is None or session.stop_by > now]
    sharers: dict[str, int] = {}
    for session in sessions:
        site = points[session.point].site
        sharers[site] = sharers.get(site, 0) + 1
    return sum(_steer_one(book, now, session, points[session.point], sharers) for session in sessions)


def _steer_one(
    book: ChargingBook, now: datetime, session: Session, point: ChargePoint, sharers: dict[str, int]
) -> bool:
    booking = None if session.booking is None else book.booking(session.booking)
    until = session.stop_by or now + _SIGHT
    wh = None
    if booking is not None and booking.cap_wh is not None:
        wh = max(booking.cap_wh - (session.register_wh or 0) + (session.start_wh or 0), 0)
    outlook = book.outlook(point.site, now, until)
    periods = limits(outlook, now, Need(point.rated_w, until, wh, sharers[point.site]))
    if not periods:
        return False
    # Within a stretch only the amount left moves: a profile is sent anew when the stretch or its limit does.
    at = max((each.begin for each in outlook if each.begin <= now), default=now)
    told = [[period.begin.isoformat(), period.limit_w] for period in periods]
    shape = sha256(f"{at.isoformat()} {[limit // 250 for _, limit in told if isinstance(limit, int)]}".encode())
    key = f"limit:{session.point}:{session.transaction}:{shape.hexdigest()[:16]}"
    arguments = {
        "transaction": session.transaction,
        "connector": session.connector,
        "until": until.isoformat(),
        "periods": told,
    }
    return book.ask(Command(0, session.point, "limit", arguments, now, now + timedelta(minutes=5), key=key)) is not None


def tidy(book: ChargingBook, now: datetime, recover: Recover) -> int:
    """Settle what nobody will tell the end of: sessions of charge points not heard of for 72 hours; how many.

    They are settled at the last register heard of.
    """
    seen = {point: at for point, (at, _, _) in book.last_seen().items()}
    settled = 0
    for session in book.sessions([SessionState.OPEN, SessionState.CUT, SessionState.REFUSED]):
        cut = session.known_at if session.state is SessionState.CUT else None
        last = cut or seen.get(session.point, session.began)
        point = book.point(session.point)
        if now - last <= _LATE or point is None:
            continue
        ended = replace(session, ended=max(last, session.began), reason="no end was told")
        measured = measure(point, ended, recover, lambda _: False)
        doubts = (*measured.doubts, "its end was never told")
        book.put_session(
            replace(
                ended,
                state=SessionState.SETTLED,
                energy_wh=measured.energy_wh,
                evidence=measured.evidence,
                doubts=doubts,
                known_at=now,
            )
        )
        settled += 1
    return settled
