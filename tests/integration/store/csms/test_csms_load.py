"""What `bench csms` measures with, in small: every message is answered, and what was metered is what is billed."""

import asyncio
import resource
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).parent))
from csms_world import PASSWORD, running

from sunfair.devices import Pace, make_secret
from sunfair.devices.load import drive, raise_file_limit
from sunfair.errors import InputError
from sunfair.ports.charge_points import ChargePoint, SessionState, Tag
from sunfair.wiring.csms import LiveClock, places
from sunfair.wiring.csms_bench import bench_csms


def test_every_message_is_answered_and_every_session_settled(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            world.clock.now = LiveClock().now  # type: ignore[method-assign]
            names = [f"L{at}" for at in range(24)]
            secret = make_secret(PASSWORD)
            world.put(
                *(ChargePoint(name, 22_000, secret=secret) for name in names), *(Tag(f"T-{name}") for name in names)
            )
            load = await drive(world.url, names, PASSWORD, rate=12, seconds=3, tell=lambda _: None)
            # On a machine that is busy elsewhere, a message may find everybody waiting; it is told, and nothing is lost.
            assert set(load.errors) <= {"every charge point was waiting"}
            assert len(load.latencies) + len(load.errors) == 36
            with world.store.open_book() as book:
                settled = book.sessions([SessionState.SETTLED])
            assert (
                settled or load.errors
            )  # twenty-four messages of three that play: eight each, and seven are a session
            assert {(each.energy_wh, each.evidence) for each in settled} <= {(90, "unsigned")}

    asyncio.run(story())


def test_what_cannot_be_measured_is_refused_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    for sizes in ((1, 1), (0, 1, 1), (1, 1, 1_000), (10**9, 1, 1), (1, 1, 1, -1)):
        with pytest.raises(InputError, match="these are no sizes"):
            bench_csms(lambda _: None, sizes=sizes)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 1_024))
    with pytest.raises(InputError, match="ulimit -n"):
        raise_file_limit(2_000)


def test_connections_fit_into_the_files_a_process_may_open() -> None:
    for files, listeners in ((256, 1), (1_024, 2), (4_096, 2), (10**6, 1)):
        fits = places(files, listeners, Pace())
        assert fits.connections + listeners * fits.strangers < files
        assert fits.connections >= files // 4 or fits.connections == Pace().connections
        assert fits.strangers >= 32
    assert places(10**6, 1, Pace()) == Pace()
    with pytest.raises(InputError, match="ulimit -n: lets a process open 100 files"):
        places(100, 1, Pace())
