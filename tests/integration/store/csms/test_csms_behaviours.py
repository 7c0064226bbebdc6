"""The eight behaviours met on real charge points, each on a real socket and a real PostgreSQL, in both protocols."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).parent))
from csms_world import World, running

from sunfair.charging import BookingState
from sunfair.devices import Quirk
from sunfair.ports.charge_points import Command, SessionState, Tag

VERSIONS = ("1.6", "2.0.1")


@pytest.mark.parametrize("version", [*VERSIONS, "2.1"])
def test_a_session_is_metered_and_its_signed_energy_is_billed(database: Engine, version: str) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", version, signs=True)
            world.book(1, "CP1", "ANNA", -5)
            assert await point.authorize("anna") == "Accepted"  # tags have no case
            await point.plug_in()
            assert await point.start("ANNA") == "Accepted"
            for _ in range(4):
                world.clock.pass_(minutes=15)
                await point.report()
            await point.stop()
            await point.unplug()
            session = world.session("CP1")
            assert (session.energy_wh, session.evidence, session.doubts) == (11_000, "signed", ())
            assert (session.booking, session.state) == (1, SessionState.SETTLED)
            assert session.unplugged == world.clock.at
            with world.store.open_book() as book:
                assert book.booking(1).state is BookingState.STOPPED
                assert {c.connector: c.status for c in book.connectors("CP1")} == {1: "Available"}

    asyncio.run(story())


@pytest.mark.parametrize("version", VERSIONS)
def test_an_intruder_is_kept_off_a_booked_connector(database: Engine, version: str) -> None:
    """Behaviour 1: the central system enforces the calendar on Authorize, RemoteStart and StartTransaction."""

    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", version, Quirk.IGNORES_RESERVATIONS, Quirk.KEEPS_CHARGING)
            world.put(Tag("EVE"))
            world.book(1, "CP1", "ANNA", -5)
            assert await point.authorize("EVE") == "Blocked"
            command = await _ask(world, "start", tag="EVE", connector=1)
            assert command.state == "refused"
            assert not any("Start" in action for action, _ in point.heard)  # it was never asked
            assert await point.start("EVE") == "Blocked"  # at the plug, whatever the charge point thinks
            assert point.places[1].charge is not None  # and it goes on
            begun = world.clock.at
            world.clock.pass_(seconds=3)
            await world.until(lambda: world.session("CP1").state is SessionState.SETTLED, "the intruder is stopped")
            assert point.places[1].charge is None
            assert world.clock.at - begun <= timedelta(seconds=10)
            session = world.session("CP1")
            assert session.state is SessionState.SETTLED
            assert session.booking is None
            assert await point.authorize("ANNA") == "Accepted"
            assert await point.start("ANNA") == "Accepted"

    asyncio.run(story())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_transaction_on_a_connector_is_concurrent(database: Engine, version: str) -> None:
    """Behaviour 2."""

    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", version)
            world.put(Tag("ANNA"), Tag("BEN"))
            assert await point.start("ANNA") == "Accepted"
            first = point.places[1].charge
            assert await point.start("BEN") == "ConcurrentTx"
            point.places[1].charge = first
            await point.stop()
            states = sorted((each.tag, each.state) for each in world.sessions("CP1"))
            assert states == [("ANNA", SessionState.SETTLED), ("BEN", SessionState.SETTLED)]

    asyncio.run(story())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_place_is_reserved_fifteen_minutes_before_and_not_relied_on(database: Engine, version: str) -> None:
    """Behaviours 3 and 4: ReserveNow has no beginning, is refused with a car plugged in, and its number is not told."""

    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", version)
            world.book(7, "CP1", "ANNA", 16)
            await asyncio.sleep(0.2)
            assert point.heard == []
            await point.plug_in()  # Anna is early, so the charge point answers Occupied
            world.clock.pass_(minutes=1)
            await world.until(lambda: point.heard, "ReserveNow")
            assert [action for action, _ in point.heard] == ["ReserveNow"]
            assert point.places[1].reservation is None
            assert await point.start("ANNA") == "Invalid"  # five minutes before at the earliest
            world.clock.pass_(minutes=10)
            assert await point.start("ANNA") == "Accepted"
            running_one = [each for each in world.sessions("CP1") if each.state is SessionState.OPEN]
            assert [each.booking for each in running_one] == [7]  # matched by place, tag and time
            assert len([action for action, _ in point.heard if action == "ReserveNow"]) == 1

    asyncio.run(story())


@pytest.mark.parametrize(("signs", "energy", "evidence"), [(True, 1_833, "signed"), (False, 0, "none")])
def test_watt_hours_labelled_as_kilowatt_hours_are_not_billed(
    database: Engine, signs: bool, energy: int, evidence: str
) -> None:
    """Behaviour 5: more than the rated power can give is refused; the signed value is preferred."""

    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", "2.0.1", Quirk.WH_AS_KWH, signs=signs)
            world.put(Tag("ANNA"))
            assert await point.start("ANNA") == "Accepted"
            world.clock.pass_(minutes=10)
            await point.stop()
            session = world.session("CP1")
            assert (session.energy_wh, session.evidence) == (energy, evidence)
            assert any("1833000 Wh" in doubt for doubt in session.doubts)

    asyncio.run(story())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_late_and_doubled_end_is_settled_once(database: Engine, version: str) -> None:
    """Behaviour 6: after a drop the end comes late and twice."""

    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", version, Quirk.DOUBLE_STOP, signs=True)
            world.put(Tag("ANNA"))
            assert await point.start("ANNA") == "Accepted"
            world.clock.pass_(minutes=30)
            await point.go_offline()
            world.clock.pass_(minutes=30)
            await point.stop()
            ended = world.clock.at
            world.clock.pass_(hours=2)
            await point.go_online(boot=False)
            first = world.session("CP1")
            assert (first.energy_wh, first.evidence, first.ended, first.known_at) == (
                11_000,
                "signed",
                ended,
                ended + timedelta(hours=2),
            )
            assert world.notes("contradiction") == []

    asyncio.run(story())


def test_a_start_made_off_line_is_judged_by_its_own_time(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1")
            world.book(1, "CP1", "ANNA", 20, hours=1)
            await point.go_offline()
            world.clock.pass_(minutes=25)
            await point.start("ANNA")
            world.clock.pass_(minutes=30)
            await point.stop()
            world.clock.pass_(hours=5)
            await point.go_online(boot=False)
            session = world.session("CP1")
            assert (session.booking, session.energy_wh, session.state) == (1, 5_500, SessionState.SETTLED)

    asyncio.run(story())


def test_a_record_later_than_three_days_is_kept_and_not_billed(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1")
            world.put(Tag("ANNA"))
            await point.start("ANNA")
            world.clock.pass_(minutes=30)
            await point.go_offline()
            await point.stop()
            world.clock.pass_(hours=73)
            await point.go_online(boot=False)
            await world.until(lambda: world.session("CP1").state is SessionState.SETTLED, "it is settled")
            session = world.session("CP1")
            assert session.energy_wh == 0 or "never told" in session.doubts[-1]

    asyncio.run(story())


@pytest.mark.parametrize("version", VERSIONS)
def test_registers_that_restart_at_zero_are_subtracted(database: Engine, version: str) -> None:
    """Behaviour 7."""

    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", version, Quirk.ZERO_REGISTER)
            world.put(Tag("ANNA"))
            for minutes in (60, 30):
                await point.start("ANNA")
                world.clock.pass_(minutes=minutes)
                await point.stop()
                world.clock.pass_(minutes=5)
            assert [each.energy_wh for each in world.sessions("CP1")] == [11_000, 5_500]

    asyncio.run(story())


def test_attack_a_register_that_runs_back_bills_nothing(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1")
            world.put(Tag("ANNA"))
            point.meter.register_ws = 5_000 * 3_600
            await point.start("ANNA")
            world.clock.pass_(hours=1)
            point.meter.read(world.clock.at)
            point.meter.register_ws = 4_000 * 3_600
            await point.stop()
            session = world.session("CP1")
            assert (session.start_wh, session.stop_wh, session.energy_wh) == (5_000, 4_000, 0)
            assert "runs back" in session.doubts[0]

    asyncio.run(story())


def test_a_record_with_only_its_end_signed_is_called_weaker(database: Engine) -> None:
    """Behaviour 8."""

    async def story() -> None:
        async with running(database) as world:
            point = await world.point("CP1", "2.0.1", Quirk.END_SIGNED_ONLY, signs=True)
            world.put(Tag("ANNA"))
            await point.start("ANNA")
            world.clock.pass_(minutes=30)
            await point.stop()
            session = world.session("CP1")
            assert (session.energy_wh, session.evidence) == (5_500, "signed-end")
            assert "only its end is signed" in session.doubts[0]

    asyncio.run(story())


async def _ask(world: World, kind: str, **arguments: object) -> Command:
    """Put a command as the command line does, and wait for what becomes of it."""

    def ask() -> int:
        with world.store.open_book() as book:
            now = world.clock.at
            number = book.ask(Command(0, "CP1", kind, dict(arguments), now, now + timedelta(minutes=5)))
            assert number is not None
            return number

    number = await asyncio.to_thread(ask)

    def done() -> Command | None:
        with world.store.open_book() as book:
            found = book.command(number)
        return found if found is not None and found.state not in ("waiting", "taken") else None

    await world.until(done, f"{kind} is answered")
    found = done()
    assert found is not None
    return found
