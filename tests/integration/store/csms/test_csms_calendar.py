"""What the central system does by itself as time passes, on real sockets and a real PostgreSQL."""

import asyncio
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).parent))
from csms_world import KEYS, running

from sunfair.charging import BookingState
from sunfair.devices import Quirk, SimulatedPoint
from sunfair.devices.simulator.meter import Mark, Meter
from sunfair.ports.charge_points import Outlook, SessionState, Tag

TEN_SECONDS = timedelta(seconds=10)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_walk_in_is_stopped_when_a_booking_begins_and_again_if_it_goes_on(database: Engine, version: str) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", version)
            world.put(Tag("WALKIN"))
            assert await point.start("WALKIN") == "Accepted"
            booked = world.book(1, "CP1", "ANNA", 30)  # made while somebody charges
            world.clock.pass_(minutes=29, seconds=59)
            await asyncio.sleep(0.2)
            assert point.places[1].charge is not None
            world.clock.pass_(seconds=1)
            await world.until(lambda: world.session("CP1").state is SessionState.SETTLED, "the guest is stopped")
            session = world.session("CP1")
            assert session.ended - booked.begin <= TEN_SECONDS
            assert session.stop_why == "the next booking begins"
            assert session.energy_wh == 5_500

    asyncio.run(story())


def test_a_guest_who_does_not_come_loses_the_place_and_the_next_may_charge(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1")
            world.put(Tag("WALKIN"))
            world.book(1, "CP1", "ANNA", 0)
            world.book(2, "CP1", "BEN", 300, extended=True)
            await world.until(lambda: point.places[1].reserved_for == "ANNA", "it is reserved")
            world.clock.pass_(minutes=29)
            assert await point.authorize("WALKIN") == "Blocked"
            world.clock.pass_(minutes=1)
            await world.until(lambda: point.places[1].reserved_for == "", "it is released")
            with world.store.open_book() as book:
                assert book.booking(1).state is BookingState.NO_SHOW
            assert await point.authorize("WALKIN") == "Accepted"
            world.clock.pass_(minutes=270 + 59)  # an extended hold lasts an hour
            await asyncio.sleep(0.2)
            assert await point.authorize("WALKIN") == "Blocked"

    asyncio.run(story())


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_session_stops_at_its_cap_and_at_its_end_and_an_over_stay_is_noticed(database: Engine, version: str) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", version)
            world.book(1, "CP1", "ANNA", 0, hours=1, cap_wh=5_000)
            world.book(2, "CP1", "BEN", 120, hours=1)
            await point.start("ANNA")
            world.clock.pass_(minutes=30)
            await point.report()  # 5,500 Wh are told
            await world.until(lambda: world.session("CP1").state is SessionState.SETTLED, "the cap stops it")
            assert (world.session("CP1").stop_why, world.session("CP1").energy_wh) == ("the cap is reached", 5_500)
            world.clock.pass_(minutes=39)  # the booking ends, and ten minutes of grace run
            await asyncio.sleep(0.2)
            assert world.notes("over-stay") == []
            world.clock.pass_(minutes=1)
            await world.until(lambda: world.notes("over-stay"), "the over-stay is noticed")
            world.clock.pass_(minutes=20)
            await point.unplug()
            assert world.session("CP1").unplugged == world.clock.at
            assert len(world.notes("over-stay")) == 1
            world.clock.pass_(minutes=30)
            assert await point.start("BEN") == "Accepted"
            world.clock.pass_(minutes=60)
            await world.until(lambda: point.places[1].limits, "its end lets nothing flow")
            at_end = point.meter.read(world.clock.at)
            world.clock.pass_(minutes=25)
            await world.until(lambda: len(world.notes("over-stay")) == 2, "this over-stay is noticed, too")
            await point.unplug()
            await world.until(lambda: world.sessions("CP1")[1].state is SessionState.SETTLED, "leaving ends it")
            assert point.meter.read(world.clock.at) == at_end
            assert world.sessions("CP1")[1].stop_why == "the booking ends"
            assert world.sessions("CP1")[1].ended == world.clock.at

    asyncio.run(story())


@pytest.mark.parametrize(("version", "quirk"), [("1.6", None), ("2.0.1", None), ("1.6", Quirk.DEAF_TO_LIMITS)])
def test_limits_follow_surplus_and_price(database: Engine, version: str, quirk: Quirk | None) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", version, *([quirk] if quirk else []), site="hotel")
            now = world.clock.at
            hours = [now + timedelta(hours=at) for at in range(3)]
            with world.store.open_book() as book:
                book.put_outlook(
                    "hotel", [Outlook(at, w, p) for at, w, p in zip(hours, (4_140, 0, 0), (3, 2, 1), strict=True)]
                )
            world.book(1, "CP1", "ANNA", 0, hours=3, cap_wh=18_000)
            await point.start("ANNA")
            await world.until(lambda: point.places[1].limits, "limits are sent")
            # The roof's 4.14 kWh at noon, the last hour at full power, and the rest in the second hour: 2.86 kWh.
            wanted = [4_140, 2_860, 11_000]
            if quirk:
                wanted = [4_140, 2_760, 10_350]  # whole amperes: 6 and 15 on three phases, 12 on one
            assert point.places[1].limits == list(zip(hours, wanted, strict=True))
            sent = len(point.heard)
            await asyncio.sleep(0.3)
            assert len(point.heard) == sent  # the same is sent once
            world.clock.pass_(hours=1)
            await point.report()
            assert world.session("CP1").register_wh == wanted[0]

    asyncio.run(story())


def test_a_clock_an_hour_ahead_moves_no_session_into_anothers_booking(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", "1.6", Quirk.CLOCK_AHEAD)
            world.book(1, "CP1", "EVE", 60)  # an hour from now, which her charge point thinks is now
            assert await point.start("EVE") != "Accepted"
            world.book(2, "CP1", "ANNA", 0, hours=0.5)
            await world.until(lambda: world.sessions("CP1")[0].state is SessionState.SETTLED, "it is settled")
            assert await point.start("ANNA") == "Accepted"
            begun = world.clock.at
            world.clock.pass_(minutes=20)
            await point.stop()
            anna = world.sessions("CP1")[-1]
            assert (anna.tag, anna.booking, anna.energy_wh) == ("ANNA", 2, 3_666)
            assert (anna.began, anna.ended) == (begun, begun + timedelta(minutes=20))
            assert world.notes("clock")

    asyncio.run(story())


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_power_cut_ends_a_session_and_its_driver_may_go_on(database: Engine, version: str) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", version, signs=True)
            world.book(1, "CP1", "ANNA", 0)
            await point.start("ANNA")
            world.clock.pass_(minutes=30)
            await point.cut_power()
            world.clock.pass_(minutes=10)
            await point.go_online()
            await world.until(lambda: world.session("CP1").state is SessionState.SETTLED, "the late end is settled")
            first = world.session("CP1")
            assert (first.energy_wh, first.evidence, first.booking) == (5_500, "signed", 1)
            assert (first.reason, first.known_at - first.ended) == ("PowerLoss", timedelta(minutes=10))

    asyncio.run(story())


def test_a_driver_whose_session_was_cut_off_charges_again_under_the_same_booking(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1")
            world.book(1, "CP1", "ANNA", 0)
            await point.start("ANNA")
            lost = point.places[1].charge
            await point.go_offline()
            point.places[1].charge = None  # the charge point forgets
            world.clock.pass_(minutes=1)
            await point.go_online()
            assert world.session("CP1").state is SessionState.CUT
            assert await point.start("ANNA") == "Accepted"
            states = {each.transaction: each.state for each in world.sessions("CP1")}
            assert states.pop(lost.transaction) is SessionState.CUT
            assert list(states.values()) == [SessionState.OPEN]
            world.clock.pass_(hours=73)
            await world.until(
                lambda: all(
                    each.state is SessionState.SETTLED
                    for each in world.sessions("CP1")
                    if each.transaction == lost.transaction
                ),
                "what nobody tells the end of is settled after 72 hours",
            )
            assert {each.energy_wh for each in world.sessions("CP1") if each.transaction == lost.transaction} == {0}

    asyncio.run(story())


def test_attack_records_signed_by_another_meter_altered_or_replayed(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", "1.6", signs=True)
            point.meter = _Forged("M1", point.meter.sign)
            world.put(Tag("ANNA"))

            async def session(forge: Callable[[str], str]) -> tuple[str, int, tuple[str, ...]]:
                await point.start("ANNA")
                point.meter.forge = forge
                world.clock.pass_(minutes=6)
                await point.stop()
                point.meter.forge = str
                world.clock.pass_(minutes=1)
                last = world.sessions("CP1")[-1]
                return last.evidence, last.energy_wh, last.doubts

            kept: list[str] = []
            evidence, energy, doubts = await session(lambda text: kept.append(text) or text)
            assert (evidence, energy, doubts) == ("signed", 1_100, ())
            evidence, energy, doubts = await session(lambda text: text.replace('"RV":"2.200"', '"RV":"1.300"'))
            assert (evidence, energy) == ("unsigned", 1_100)
            assert any("not that of the charge point's meter" in doubt for doubt in doubts)
            evidence, energy, doubts = await session(lambda text: kept[0])
            assert evidence == "unsigned"
            assert any("has proven another session" in doubt or "do not follow" in doubt for doubt in doubts)
            point.meter.sign = lambda digest: KEYS.sign("intruder", digest)
            evidence, energy, doubts = await session(lambda text: text)
            assert (evidence, energy) == ("unsigned", 1_100)
            evidence, energy, doubts = await session(lambda text: "OCMF|{}|{" + "a" * 9_000)
            assert evidence == "unsigned"
            assert any("cannot be read" in doubt for doubt in doubts)

    asyncio.run(story())


def test_a_charge_point_that_says_yes_and_goes_on_is_asked_again(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1")
            world.put(Tag("ANNA"))
            await point.start("ANNA")
            world.book(1, "CP1", "BEN", 1)
            _deafen(point)
            world.clock.pass_(minutes=1)
            await world.until(lambda: len(_stops(point)) == 1, "it is asked")
            world.clock.pass_(seconds=5)
            await world.until(lambda: len(_stops(point)) == 2, "it is asked again")
            assert len(world.notes("stopped")) == 1

    asyncio.run(story())


class _Forged(Meter):
    """A meter on whose line somebody sits."""

    forge: Callable[[str], str] = str

    def record(self, point: str, tag: str, marks: list[Mark]) -> str:
        return self.forge(super().record(point, tag, marks))


def _deafen(point: SimulatedPoint) -> None:
    async def ignored(*_: object) -> None:
        """A real one's stop that does nothing."""

    point.stop = ignored  # type: ignore[method-assign]


def _stops(point: SimulatedPoint) -> list[str]:
    return [action for action, _ in point.heard if action == "RemoteStopTransaction"]
