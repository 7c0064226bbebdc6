"""Use case *back office of the central system*: what a charger did is told to the contract, what was booked to it.

One pass is idempotent: it looks at both sides and does what is missing, so it may die anywhere and be run again.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from sunfair.app.charging import poke_due, settle_stay, stay_times
from sunfair.charging import (
    EXITS,
    Booking,
    BookingState,
    OcmfRecord,
    Recover,
    Usage,
    falls_to,
    left_wh,
    parse_ocmf,
    tag_hash,
)
from sunfair.errors import Fault, InputError, Reverted
from sunfair.ports.charge_points import Booked, ChargingBook, ChargingStore, Command, Session, SessionState
from sunfair.ports.charging import ChargingLedger, StayRecord

__all__ = ["Desk", "Office", "Order", "Told", "admit", "carry", "records_of", "signed_texts"]

_S = BookingState
_OVER = frozenset({SessionState.SETTLED})
_LIVE = frozenset({_S.RESERVED, _S.CHARGING})
_PATIENCE = timedelta(minutes=5)


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


@dataclass(frozen=True, slots=True)
class Order:
    """A stay that was quoted here: its terms, the tag in clear, and the charger's connector that is to serve it.

    charger : identity in the central system; connector : from 1
    """

    booking: Booking
    tag: str
    charger: str
    connector: int = 1


@dataclass(slots=True)
class Office:
    """The live desk: passes over all that was quoted. `over` : bookings that ended and whose chargers know it."""

    desk: Desk
    over: set[bytes] = field(default_factory=set)

    def attend(self, orders: Sequence[Order]) -> list[Told]:
        """One pass: admit what the chain has taken, carry what happened, answer disputes, end what time has ended.

        What nobody has booked yet is left alone. LedgerError if the chain cannot be asked.
        """
        told: list[Told] = []
        stays: dict[bytes, StayRecord] = {}
        for order in orders:
            if order.booking.id in self.over:
                continue
            stay = self.desk.ledger.stay(order.booking)
            if stay.state in _LIVE:
                told += _admitted(self.desk, order, stay)
            if stay.state > _S.PENDING:
                stays[order.booking.id] = stay
            if stay.state in EXITS:
                self.over.add(order.booking.id)  # this pass still tells the charger
        told += _carried(self.desk, stays)
        return told + _ended(self.desk, list(stays.values()))

    def strangers(self, points: Collection[bytes], orders: Sequence[Order]) -> list[Booking]:
        """Live bookings of these charge points (names on chain) whose tags are not known here: nobody serves them."""
        known = {order.booking.id for order in orders}
        return [
            booking
            for booking in self.desk.ledger.bookings()
            if booking.point in points and booking.id not in known and self.desk.ledger.stay(booking).state in _LIVE
        ]


def admit(desk: Desk, booking: Booking, *, name: str, tag: str, wh: int, connector: int = 1) -> Booked:
    """A booking that the chain has taken, for the charger of that `name`; `wh` : where the session is stopped."""
    stay = desk.ledger.stay(booking)
    booked = Booked(
        number=_number(booking.id),
        point=name,
        connector=connector,
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
    return _carried(desk, {booking.id: desk.ledger.stay(booking) for booking in bookings})


def _carried(desk: Desk, stays: dict[bytes, StayRecord]) -> list[Told]:
    """The same over what the chain was just asked; what was moved on is asked again, and put in its place."""
    with desk.store.open_book() as book:
        known = {id: book.booking(_number(id)) for id in stays}
        sessions = _sessions(book)
    told: list[Told] = []
    for id, booked in known.items():
        if booked is None or booked.id != id:
            continue
        moved = _forward(desk, stays[id], sessions.get(booked.number))
        if moved:
            stays[id] = desk.ledger.stay(stays[id].booking)
        told += moved
        _mirror(desk, stays[id], booked)
    return told


def signed_texts(desk: Desk, booking: Booking) -> list[str]:
    """A settled stay's signed records as the charger sent them, in order of their pages; none before it is settled."""
    with desk.store.open_book() as book:
        known = book.booking(_number(booking.id))
        session = _sessions(book).get(known.number) if known is not None and known.id == booking.id else None
    if session is None or session.state not in _OVER:
        return []
    texts = [text for text in dict.fromkeys((session.signed_start, session.signed_stop)) if text]
    return texts[-1:] if len(records_of(session)) == 1 else texts


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


def _admitted(desk: Desk, order: Order, stay: StayRecord) -> list[Told]:
    """Put a stay that the chain has taken into the calendar that chargers go by, unless it is there."""
    booking = order.booking
    with desk.store.open_book() as book:
        known, point = book.booking(_number(booking.id)), book.point(order.charger)
        begin, end = (datetime.fromtimestamp(at, UTC) for at in (booking.begin, booking.end))
        clash = [
            each.number for each in book.bookings(begin, end, order.charger)
            if each.id != booking.id and each.connector in (0, order.connector)
        ]  # fmt: skip
    if known is not None and known.id == booking.id:
        return []
    why = ""
    if tag_hash(order.tag) != booking.tag:
        why = "the tag in its quote is not the one that was booked: no charger can know the driver"
    elif falls_to(stay_times(stay), desk.ledger.now()) is _S.NO_SHOW:
        why = (
            "its time to begin is over and no charger knew of it: cancel it as its host, or its driver pays for nothing"
        )
    elif point is None or not 1 <= order.connector <= point.connectors:
        why = f"the central system has no connector {order.connector} of {order.charger!r}: register it, or cancel"
    elif known is not None:
        why = f"its number {known.number} is another booking's: cancel it"
    elif clash:
        why = f"the central system's own booking {clash[0]} has the time: cancel one of the two"
    if not why:
        wh = left_wh(booking, booking.begin, stay_times(stay).end, extended=stay.extended)
        admit(desk, booking, name=order.charger, tag=order.tag, wh=wh, connector=order.connector)
    return [Told(booking.id, "admit", why)]


def _ended(desk: Desk, stays: Sequence[StayRecord]) -> list[Told]:
    """What time has ended. Nobody is called a no-show but whose place the central system held in vain: a charger off
    line may have a session to tell, and one that never knew of the booking let nobody in.
    """
    told, now = [], desk.ledger.now()
    for stay in stays:
        to, booking = falls_to(stay_times(stay), now), stay.booking
        if to is None or (to is _S.NO_SHOW and not _held_in_vain(desk, booking)):
            continue
        told.append(_try(booking, f"poke to {to.name}", partial(poke_due, desk.ledger, desk.operator, [booking])))
    return told


def _held_in_vain(desk: Desk, booking: Booking) -> bool:
    with desk.store.open_book() as book:
        known = book.booking(_number(booking.id))
    return known is not None and known.id == booking.id and known.state is _S.NO_SHOW


def _forward(desk: Desk, stay: StayRecord, session: Session | None) -> list[Told]:
    """Bring the contract to where the charger is, and show the record where a driver disputes it."""
    if session is None:
        return []
    told, booking, state = [], stay.booking, stay.state
    if state is _S.RESERVED:
        told.append(_try(booking, "start", lambda: desk.ledger.act(desk.operator, "start", booking)))
        state = desk.ledger.stay(booking).state
    if state is _S.CHARGING and session.state in _OVER:
        told.append(_try(booking, "claim", lambda: _claim(desk, booking, session)))
    if state is _S.DISPUTED and session.state in _OVER:
        told.append(_try(booking, "prove", lambda: _prove(desk, booking, session)))
    return told


def _prove(desk: Desk, booking: Booking, session: Session) -> None:
    """Show the meter's record to the contract: only one that signs both readings proves there."""
    records = records_of(session)
    if len(records) != 1:
        fault = Fault("record", f"are {len(records)}", "a contract reads one with both readings")
        raise InputError("the reading cannot be shown", [fault])
    desk.ledger.prove(desk.operator, booking, records[0])


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


def _mirror(desk: Desk, stay: StayRecord, known: Booked) -> None:
    """What the contract says of a booking is what the chargers go by; they may be ahead of it, never behind."""
    if stay.state <= known.state and stay.extended == known.extended:
        return
    with desk.store.open_book() as book:
        book.put_booking(replace(known, state=max(stay.state, known.state), extended=stay.extended))
        if known.state is _S.RESERVED and stay.state in EXITS:
            now = datetime.fromtimestamp(desk.ledger.now(), UTC)
            about, key = {"reservation": known.number}, f"unreserve:{known.number}"
            book.ask(Command(0, known.point, "unreserve", about, now, now + _PATIENCE, key=key))


def _try(booking: Booking, act: str, do: Callable[[], object]) -> Told:
    try:
        do()
    except (InputError, Reverted) as error:
        return Told(booking.id, act, str(error).replace("\n", " "))
    return Told(booking.id, act)
