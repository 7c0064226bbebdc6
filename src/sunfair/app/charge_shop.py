"""Use case *show a charging network to its partners*: what the central system keeps, in roaming's words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sunfair.charging import Usage, fee_of
from sunfair.charging.finding import Site
from sunfair.charging.ocpi import Costs, Party, Record
from sunfair.charging.slots import SLOTS_MAX, Calendar, day_masks, slot_at
from sunfair.charging.states import GRACE_SECONDS, BookingState
from sunfair.charging.tariff import Ask, Tariff, quoted, to_minor
from sunfair.ports.charge_points import Booked, ChargingStore, Session, SessionState
from sunfair.ports.charging import ChargingLedger
from sunfair.ports.roaming import ShownSite, ShownTariff

__all__ = ["Counter", "StoreShop", "calendars_of", "chain_calendars", "stay_costs"]

_RATE = 1_000
"""Thousandths of a minor unit: parts are rounded once, at the end."""

_BACK = timedelta(days=400)
_AHEAD = timedelta(days=400)
_STATUS = {"Available": "AVAILABLE", "Reserved": "RESERVED", "Faulted": "OUTOFORDER", "Unavailable": "INOPERATIVE"}
"""OCPI's status by OCPP's; a connector in any other state has a car at it."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One host's part of a shop: its site by its charge points' statuses, its prices, its points' names."""

    site: Callable[[Mapping[str, str]], Site]
    iso3: str
    timezone: str
    tariff: Tariff
    points: tuple[str, ...]


class StoreShop:
    """`ports.Shop` over the records of a central system."""

    def __init__(
        self, party: Party, counters: Sequence[Counter], store: ChargingStore, now: Callable[[], datetime]
    ) -> None:
        self._party, self._counters, self._store, self._now = party, tuple(counters), store, now

    def party(self) -> Party:
        """Who the network is."""
        return self._party

    def sites(self) -> list[ShownSite]:
        """Its sites with what each charge point last said; one that was never heard of is UNKNOWN."""
        with self._store.open_book() as book:
            said = {each.point: each for each in book.connectors() if each.connector}
        statuses = {point: _STATUS.get(each.status, "CHARGING") for point, each in said.items()}
        shown = []
        for counter in self._counters:
            changes = [int(said[point].since.timestamp()) for point in counter.points if point in said]
            shown.append(ShownSite(counter.site(statuses), counter.iso3, counter.timezone, max(changes, default=0)))
        return shown

    def tariffs(self) -> list[ShownTariff]:
        """The hosts' prices."""
        return [ShownTariff(counter.site({}).id, counter.tariff, 0) for counter in self._counters]

    def records(self) -> list[Record]:
        """Bookings that wait and sessions that began, the oldest first."""
        now = self._now()
        with self._store.open_book() as book:
            booked = {each.number: each for each in book.bookings(now - _BACK, now + _AHEAD)}
            sessions = book.sessions([SessionState.OPEN, SessionState.CUT, SessionState.SETTLED])
            held = {each.booking: book.booking(each.booking) for each in sessions if each.booking is not None}
        by_point = {point: counter for counter in self._counters for point in counter.points}
        begun = {each.booking for each in sessions}
        made = [
            _of_session(each, held.get(each.booking or 0), by_point[each.point])
            for each in sessions
            if each.point in by_point
        ]
        made += [
            _of_booking(each, by_point[each.point])
            for each in booked.values()
            if each.number not in begun and each.point in by_point
        ]
        return sorted(made, key=lambda record: (record.begin, record.id))


def calendars_of(store: ChargingStore, begin: datetime, end: datetime, points: Sequence[str]) -> dict[str, Calendar]:
    """What is booked of these charge points between two instants, as far as the central system knows them.

    One that is registered there and has nothing booked has an empty calendar; of another one nothing is known.
    """
    with store.open_book() as book:
        booked, known = book.bookings(begin, end), {each.id for each in book.points()}
    calendars = {point: Calendar() for point in points if point in known}
    for each in booked:
        if each.point in calendars and each.state in (
            BookingState.RESERVED,
            BookingState.CHARGING,
            BookingState.PENDING,
        ):
            first, last = slot_at(each.begin), slot_at(each.end - timedelta(microseconds=1))
            for slot in range(first, last + 1):  # one by one: bookings of several connectors may overlap
                if calendars[each.point].is_free(slot, 1):
                    calendars[each.point] = calendars[each.point].take(slot, 1)
    return calendars


def chain_calendars(
    ledger: ChargingLedger,
    points: Mapping[str, bytes],
    first: int,
    slots: int,
    known: Mapping[str, Calendar],
) -> dict[str, Calendar]:
    """The known calendars with what the chain has of a stay's days: bookings, and what hosts keep out.

    points : names on chain by the charge points' own; one that is not registered there stays as it is known
    """
    calendars = dict(known)
    for name, point in points.items():
        if not ledger.has_point(point):
            continue
        before = known.get(name, Calendar())
        taken, blocked = dict(before.taken), dict(before.blocked)
        for day, _ in day_masks(first, slots):
            booked, kept = ledger.taken(point, day)
            taken[day], blocked[day] = taken.get(day, 0) | booked, blocked.get(day, 0) | kept
        calendars[name] = Calendar(taken, blocked)
    return calendars


def stay_costs(tariff: Tariff, *, wh: int, began: int, ended: int, end: int, timezone: str) -> Costs:
    """What a stay cost by a host's prices, minor units: energy, minutes up to `end`, over-stay after the grace."""
    first = began // 900
    slots = min(max(-(-end // 900) - first, 1), SLOTS_MAX)
    terms = quoted(tariff, Ask(b"", b"", b"", first, slots, max(wh, 1), _RATE, 0), now=began, timezone=timezone)
    fee = fee_of(terms, Usage(wh, began, ended))
    energy, time, session, idle = (to_minor(part, _RATE) for part in (fee.energy, fee.time, fee.session, fee.idle))
    return Costs(energy, time, session, idle, to_minor(fee.deposit, _RATE), tariff.currency, tariff.vat_bps)


def _of_session(session: Session, booked: Booked | None, counter: Counter) -> Record:
    began = int(session.began.timestamp())
    ended = int((session.unplugged or session.ended).timestamp()) if session.ended else None
    costs, idle = None, 0
    if ended is not None and session.energy_wh is not None:
        end = int(booked.end.timestamp()) if booked else ended
        idle = max(ended - end - GRACE_SECONDS, 0)
        costs = stay_costs(
            counter.tariff, wh=session.energy_wh, began=began, ended=ended, end=end, timezone=counter.timezone
        )
    known = session.known_at or session.began
    return Record(
        id=booked.id.hex() if booked and booked.id else f"{session.point}/{session.transaction}",
        state=_state(session, booked),
        begin=began,
        end=ended,
        updated=int(known.timestamp()),
        wh=session.energy_wh or max((session.register_wh or 0) - (session.start_wh or 0), 0),
        idle_seconds=idle,
        costs=costs,
        signed=(session.signed_stop, "") if session.signed_stop else None,
        uid=session.tag,
        **_place(session.point, counter),  # type: ignore[arg-type]
    )


def _state(session: Session, booked: Booked | None) -> BookingState:
    if session.state is SessionState.SETTLED:
        settled = (BookingState.FULFILLED, BookingState.RESOLVED, BookingState.CHALLENGE, BookingState.DISPUTED)
        return booked.state if booked and booked.state in settled else BookingState.FULFILLED
    return BookingState.CHARGING if session.ended is None else BookingState.STOPPED


def _of_booking(booked: Booked, counter: Counter) -> Record:
    return Record(
        id=booked.id.hex() or str(booked.number),
        state=booked.state,
        begin=int(booked.begin.timestamp()),
        end=None,
        updated=int(booked.begin.timestamp()),
        wh=0,
        idle_seconds=0,
        costs=None,
        signed=None,
        uid=booked.tag,
        **_place(booked.point, counter),  # type: ignore[arg-type]
    )


def _place(point: str, counter: Counter) -> dict[str, object]:
    site = counter.site({})
    connector = next(plug for evse, plug in site.plugs() if evse.uid == point)
    return {"site": site, "iso3": counter.iso3, "evse_uid": point, "connector": connector, "tariff": site.id}
