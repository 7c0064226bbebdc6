"""The day itself: bookings the evening before, then minute by minute what cars do and what the chargers answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from sunfair.app.charge_office import Told, admit, carry, records_of
from sunfair.app.charging import accept_quote, judge_reading, poke_due
from sunfair.chain import keccak, recover
from sunfair.charging import Booking, BookingState, Quote, Usage
from sunfair.charging.slots import slots_between
from sunfair.charging.tariff import Ask, quoted
from sunfair.errors import InputError, Reverted
from sunfair.ports.charge_points import Outlook, Session, SessionState, Tag
from sunfair.slots import zone
from sunfair.wiring.charging_story.cast import Turn, Visit
from sunfair.wiring.charging_story.stage import OPERATOR, RATES, Stage, host_of, utc

__all__ = ["Day", "Played", "play_day"]

_STEP = timedelta(minutes=1)
_REPORT, _OFFICE = 5, 15
_BREATH = 0.025
"""Real seconds between two minutes of the story: the central system does meanwhile what has become due."""

_OPEN = (
    BookingState.RESERVED,
    BookingState.CHARGING,
    BookingState.CHALLENGE,
    BookingState.DISPUTED,
    BookingState.OFFLINE,
)


@dataclass(slots=True)
class Played:
    """One visit as it went. `booking` is None for who had none; `happened` : what was seen, in words, by time."""

    visit: Visit
    tag: str
    begin: datetime
    end: datetime
    booking: Booking | None = None
    quote: Quote | None = None
    happened: list[tuple[datetime, str]] = field(default_factory=list)
    session: Session | None = None
    judged: str = ""


@dataclass(slots=True)
class Day:
    """The day as it went: `registers` : each charge point's meter, Wh, at every quarter-hour; `office` : its acts."""

    stage: Stage
    plays: list[Played]
    tell: Callable[[int], None]
    registers: dict[str, list[int]]
    office: list[Told] = field(default_factory=list)

    def say(self, play: Played, words: str) -> None:
        """Note what was seen of a visit, now."""
        play.happened.append((self.stage.clock.now(), words))


async def play_day(
    stage: Stage,
    cast: Sequence[Visit],
    day: range,
    civil: date,
    sun: dict[str, list[int]],
    tell: Callable[[int], None],
) -> Day:
    """Play the civil day of the slots `day`; `sun` : W of each hotel's roof surplus by slot; `tell` : slots done."""
    plays = [_planned(stage, at, visit, civil) for at, visit in enumerate(cast)]
    doing = Day(stage, plays, tell, {name: [] for name in stage.points})
    _publish(stage, plays, day, sun)
    for play in plays:
        _book(doing, play)
    acts = _acts(doing)
    first = utc(day[0] * 900)
    minutes = len(day) * 15
    for minute in range(minutes):
        stage.clock.at = first + minute * _STEP
        if minute % 15 == 0:
            _read(doing)
            tell(minute // 15)
        due = acts.pop(stage.clock.at, [])
        for act in due:
            await act()
        if minute % _REPORT == 0:
            await asyncio.gather(*(point.report() for point in stage.points.values() if point.online))
        await _needs(doing)
        if minute % _REPORT == 0 or any(point.places[1].charge for point in stage.points.values()):
            await asyncio.sleep(_BREATH)
        if due or minute % _OFFICE == 0:
            doing.office += await asyncio.to_thread(_office, doing)
    stage.clock.at = first + minutes * _STEP
    _read(doing)
    tell(len(day))
    await _evening(doing)
    return doing


def _planned(stage: Stage, at: int, visit: Visit, civil: date) -> Played:
    """Times of a visit: by the clock of its hotel, whatever zone that is in."""
    hour, minute = (int(part) for part in visit.begins.split(":"))
    local = datetime(
        civil.year, civil.month, civil.day, hour, minute, tzinfo=zone(stage.hotel_of(visit.point).timezone)
    )
    begin = local.astimezone(UTC)
    return Played(
        visit,
        f"SUN{at + 1:03d}{keccak(visit.car.encode()).hex()[:8].upper()}",
        begin,
        begin + timedelta(minutes=visit.minutes),
    )


def _publish(stage: Stage, plays: Sequence[Played], day: range, sun: dict[str, list[int]]) -> None:
    """What the central system steers by, and the tags that may charge without a booking."""
    with stage.store.open_book() as book:
        for hotel in stage.hotels.hotels:
            price = hotel.tariff.kwh * RATES[hotel.tariff.currency]
            watts = sun.get(hotel.id, [0] * len(day))
            book.put_outlook(hotel.id, [Outlook(utc(slot * 900), w, price) for slot, w in zip(day, watts, strict=True)])
        for play in plays:
            if play.visit.turn in (Turn.INTRUDER, Turn.WALK_IN):
                book.put_tag(Tag(play.tag))


def _book(doing: Day, play: Played) -> None:
    """A driver asks, looks at the terms, and pays the deposit in."""
    stage, visit = doing.stage, play.visit
    if visit.turn in (Turn.INTRUDER, Turn.WALK_IN):
        return
    hotel = stage.hotel_of(visit.point)
    stay = slots_between(play.begin, play.end)
    rate = RATES[hotel.tariff.currency]
    ask = Ask(
        stage.places[visit.point],
        stage.keys.address(visit.car),
        keccak(play.tag.encode()),
        stay[0],
        len(stay),
        visit.wh,
        rate,
        doing.plays.index(play),
    )
    terms = quoted(hotel.tariff, ask, now=stage.ledger.now(), timezone=hotel.timezone)
    play.quote = stage.ledger.sign(OPERATOR, terms)
    accept_quote(stage.ledger, visit.car, play.quote, hotel.tariff, deposit_max=terms.deposit, recover=recover)
    play.booking = terms
    admit(stage.desk(), terms, name=visit.point, tag=play.tag, wh=visit.wh)
    doing.say(play, f"booked at {hotel.name}")


def _read(doing: Day) -> None:
    """The charge points' meters at a quarter-hour, Wh: what the market sees."""
    now = doing.stage.clock.now()
    for name, point in doing.stage.points.items():
        doing.registers[name].append(point.meter.read(now))


def _office(doing: Day) -> list[Told]:
    """The back office's pass; in the disputed stay the operator claims a quarter more than was measured."""
    desk, cheated = (
        doing.stage.desk(),
        {p.booking.id for p in doing.plays if p.booking and p.visit.turn is Turn.DISPUTE},
    )

    def misread(booking: Booking, usage: Usage) -> Usage:
        return usage._replace(wh=usage.wh * 5 // 4) if booking.id in cheated else usage

    bookings = [play.booking for play in doing.plays if play.booking is not None]
    return carry(replace(desk, misreads=misread), bookings)


def _acts(doing: Day) -> dict[datetime, list[Callable[[], Awaitable[None]]]]:
    """What is done at which minute."""
    acts: dict[datetime, list[Callable[[], Awaitable[None]]]] = {}

    def at(when: datetime, act: Callable[[], Awaitable[None]]) -> None:
        acts.setdefault(when, []).append(act)

    for play in doing.plays:
        for when, act in _turn(doing, play):
            at(when, act)
    return acts


def _turn(doing: Day, play: Played) -> list[tuple[datetime, Callable[[], Awaitable[None]]]]:
    """The acts of one visit."""
    turn, begin, end = play.visit.turn, play.begin, play.end
    minute = timedelta(minutes=1)
    if turn is Turn.NO_SHOW:
        return []
    if turn is Turn.CANCELS:
        return [(begin - 150 * minute, lambda: _cancel(doing, play, play.visit.car))]
    if turn is Turn.HOST_CANCELS:
        return [(begin - 180 * minute, lambda: _cancel(doing, play, host_of(doing.stage.hotel_of(play.visit.point))))]
    come = begin + {Turn.LATE: 20, Turn.EARLY: -10}.get(turn, 0) * minute
    leave = end + (45 * minute if turn is Turn.OVERSTAY else -2 * minute)
    acts: list[tuple[datetime, Callable[[], Awaitable[None]]]] = [(come, lambda: _arrive(doing, play))]
    if turn is Turn.EARLY:
        acts.append((begin, lambda: _start(doing, play)))
    if turn is Turn.POWER_CUT:
        acts += [(begin + 60 * minute, lambda: _cut(doing, play)), (begin + 80 * minute, lambda: _back(doing, play))]
        acts.append((begin + 82 * minute, lambda: _leave(doing, play)))
        return acts
    if turn is Turn.LINE_CUT:
        acts += [(begin + 60 * minute, lambda: _drop(doing, play)), (end + 10 * minute, lambda: _back(doing, play))]
    if turn is Turn.INTRUDER:
        return acts
    acts.append((leave, lambda: _leave(doing, play)))
    return acts


async def _cancel(doing: Day, play: Played, who: str) -> None:
    stage = doing.stage
    await asyncio.to_thread(stage.ledger.act, who, "cancel", play.booking)
    doing.say(play, f"{who} cancelled")


async def _arrive(doing: Day, play: Played) -> None:
    point = doing.stage.points[play.visit.point]
    if play.visit.turn is Turn.INTRUDER:
        verdict = await point.authorize(play.tag)
        doing.say(play, f"tried to charge where another has booked: {verdict}")
        return
    if play.visit.turn is Turn.NOTHING:
        await point.plug_in()
        doing.say(play, "plugged in, and the car was full")
    await _start(doing, play)


async def _start(doing: Day, play: Played) -> None:
    point, draws = doing.stage.points[play.visit.point], play.visit.draws_w
    hotel = doing.stage.hotel_of(play.visit.point)
    rated = next(plan.connector.power_w for plan in hotel.points if plan.id == play.visit.point)
    taken = 0 if play.visit.turn is Turn.NOTHING else min(draws, rated)
    point.spec = replace(point.spec, rated_w=taken)
    verdict = await point.start(play.tag)
    doing.say(play, f"began: {verdict or 'told later'}")


async def _leave(doing: Day, play: Played) -> None:
    point = doing.stage.points[play.visit.point]
    await point.unplug()
    doing.say(play, "left")


async def _cut(doing: Day, play: Played) -> None:
    await doing.stage.points[play.visit.point].cut_power()
    doing.say(play, "the power failed")


async def _drop(doing: Day, play: Played) -> None:
    await doing.stage.points[play.visit.point].go_offline()
    doing.say(play, "the line dropped; the car charges on")


async def _back(doing: Day, play: Played) -> None:
    await doing.stage.points[play.visit.point].go_online()
    doing.say(play, "the charge point is back and tells what it kept")


async def _needs(doing: Day) -> None:
    """A car that has nine tenths of what was booked takes no more; the one that wants more is stopped at the cap."""
    now = doing.stage.clock.now()
    for play in doing.plays:
        if play.booking is None or play.visit.turn is Turn.CAP:
            continue
        point = doing.stage.points[play.visit.point]
        charge = point.places[1].charge
        if (
            charge is not None
            and point.spec.rated_w
            and charge.tag == play.tag
            and point.meter.read(now) - charge.begin.wh >= play.visit.wh * 9 // 10
        ):
            point.spec = replace(point.spec, rated_w=0)  # it stays plugged in, its transaction runs on until it leaves
            await point.report()
            doing.say(play, "the car is full")


async def _evening(doing: Day) -> None:
    """After the day: the last readings, the drivers' look at them, a day of challenge, and everybody is paid."""
    stage = doing.stage
    bookings = [play.booking for play in doing.plays if play.booking is not None]
    for _ in range(3):
        stage.clock.at += timedelta(minutes=15)
        await asyncio.sleep(20 * _BREATH)
        doing.office += await asyncio.to_thread(_office, doing)
    with stage.store.open_book() as book:
        sessions = {each.tag: each for each in book.sessions(list(SessionState))}
    for play in doing.plays:
        play.session = sessions.get(play.tag)
        if play.booking is not None:
            play.judged = _judge(doing, play)
    for _ in range(5):
        stage.clock.at += timedelta(hours=24)
        poke_due(stage.ledger, OPERATOR, [b for b in bookings if stage.ledger.stay(b).state in _OPEN])
        if not any(stage.ledger.stay(booking).state in _OPEN for booking in bookings):
            break
    doing.office += await asyncio.to_thread(_office, doing)  # the central system hears how each ended


def _judge(doing: Day, play: Played) -> str:
    """The driver's agent holds what was claimed against what the meter signed."""
    if play.session is None or play.booking is None:
        return ""
    try:
        judged = judge_reading(
            doing.stage.ledger, play.visit.car, play.booking, records_of(play.session), tag=play.tag, recover=recover
        )
    except (InputError, Reverted) as error:
        return str(error)
    return judged.done
