"""Use case *back office of the central system*: what a charger did is told to the contract, what was booked to it.

One pass is idempotent: it looks at both sides and does what is missing, so it may die anywhere and be run again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sunfair.app.charging import settle_stay
from sunfair.charging import Booking, BookingState, OcmfRecord, Recover, Usage, parse_ocmf
from sunfair.errors import InputError, Reverted
from sunfair.ports.charge_points import Booked, ChargingBook, ChargingStore, Session, SessionState
from sunfair.ports.charging import ChargingLedger

__all__ = ["Desk", "Told", "admit", "carry", "records_of"]

_S = BookingState
_OVER = frozenset({SessionState.SETTLED})


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a pass did or could not do: the booking, the act in words, and why not (empty if done)."""

    id: bytes
    act: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose acts these are: the ledger, the records, the operator's holder, the recovery of a signer.

    misreads : what is claimed instead of what was measured; only a story of a lie sets it
    """

    ledger: ChargingLedger
    store: ChargingStore
    operator: str
    recover: Recover
    misreads: Callable[[Booking, Usage], Usage] | None = None


def admit(desk: Desk, booking: Booking, *, name: str, tag: str, wh: int) -> Booked:
    """A booking that the chain has taken, for the charger of that `name`; `wh` : where the session is stopped."""
    stay = desk.ledger.stay(booking)
    booked = Booked(
        number=_number(booking.id),
        point=name,
        connector=1,
        tag=tag,
        begin=datetime.fromtimestamp(booking.begin, UTC),
        end=datetime.fromtimestamp(booking.end, UTC),
        cap_wh=wh,
        state=stay.state,
        id=booking.id,
    )
    with desk.store.open_book() as book:
        book.put_booking(booked)
    return booked


def carry(desk: Desk, bookings: Sequence[Booking]) -> list[Told]:
    """One pass over the bookings that are open: begin what began, claim what ended, tell the chargers what changed."""
    with desk.store.open_book() as book:
        pairs = [(booking, book.booking(_number(booking.id))) for booking in bookings]
        sessions = _sessions(book)
    told: list[Told] = []
    for booking, known in pairs:
        if known is not None:
            told += _forward(desk, booking, sessions.get(known.number))
            _mirror(desk, booking, known)
    return told


def records_of(session: Session) -> list[OcmfRecord]:
    """A session's signed records, the one with both readings alone where there is one; unreadable ones are left out."""
    records = []
    for text in dict.fromkeys((session.signed_start, session.signed_stop)):
        try:
            records += [parse_ocmf(text)] if text else []
        except InputError:
            continue
    return records[-1:] if records and records[-1].readings[0].reason == "B" else records


def _number(id: bytes) -> int:
    """OCPP's number of a reservation, from the booking's hash: 31 bits, above 0."""
    return int.from_bytes(id[:4], "big") >> 1 or 1


def _sessions(book: ChargingBook) -> dict[int, Session]:
    """The session of each booking; a refused one is none."""
    states = [SessionState.OPEN, SessionState.CUT, SessionState.SETTLED]
    return {each.booking: each for each in book.sessions(states) if each.booking is not None}


def _forward(desk: Desk, booking: Booking, session: Session | None) -> list[Told]:
    """Bring the contract to where the charger is."""
    if session is None:
        return []
    told = []
    state = desk.ledger.stay(booking).state
    if state is _S.RESERVED:
        told.append(_try(booking, "start", lambda: desk.ledger.act(desk.operator, "start", booking)))
        state = desk.ledger.stay(booking).state
    if state is _S.CHARGING and session.state in _OVER:
        told.append(_try(booking, "claim", lambda: _claim(desk, booking, session)))
    return told


def _claim(desk: Desk, booking: Booking, session: Session) -> None:
    records = records_of(session)
    start = None if session.start_wh is None else (int(session.began.timestamp()), session.start_wh)
    if desk.misreads is None or not records:
        settle_stay(desk.ledger, desk.operator, booking, records, tag=session.tag, recover=desk.recover, start=start)
        return
    first, last = records[-1].readings[0], records[-1].readings[-1]
    taken = (last.micro_units * last.wh_scale - first.micro_units * first.wh_scale) // 10**6
    usage = desk.misreads(booking, Usage(taken, first.time, last.time))
    desk.ledger.claim(desk.operator, booking, usage, records[-1].page)


def _mirror(desk: Desk, booking: Booking, known: Booked) -> None:
    """What the contract says of a booking is what the chargers go by; they may be ahead of it, never behind."""
    stay = desk.ledger.stay(booking)
    if stay.state > known.state or stay.extended != known.extended:
        with desk.store.open_book() as book:
            book.put_booking(replace(known, state=max(stay.state, known.state), extended=stay.extended))


def _try(booking: Booking, act: str, do: Callable[[], object]) -> Told:
    try:
        do()
    except (InputError, Reverted) as error:
        return Told(booking.id, act, str(error).replace("\n", " "))
    return Told(booking.id, act)
