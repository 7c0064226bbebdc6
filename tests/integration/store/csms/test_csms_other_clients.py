"""Charge points that nobody of this project wrote: npm `ocpp-rpc` in strict mode and PyPI `test-ocpp`."""

import asyncio
import contextlib
import json
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).parent))
from csms_world import PASSWORD, World, running
from test_ocpp.client import check_connection

from sunfair.devices import Listener, make_secret, server_context
from sunfair.devices.certificates import make_authority, make_client, make_server
from sunfair.ports.charge_points import ChargePoint, Command, SessionState, Tag
from sunfair.wiring.csms import LiveClock

HERE = Path(__file__).parent
MODULES = HERE.parents[3] / "node_modules"


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_ocpp_rpc_in_strict_mode_charges(database: Engine, protocol: str, missing) -> None:
    if shutil.which("node") is None or not (MODULES / "ocpp-rpc").exists():
        missing("ocpp-rpc (npm install)")

    async def story() -> list[dict[str, Any]]:
        async with running(database) as world:
            world.clock.now = LiveClock().now  # type: ignore[method-assign]
            world.put(ChargePoint("IND-1", 22_000, secret=make_secret(PASSWORD)), Tag("ANNA"))
            client = await asyncio.create_subprocess_exec(
                "node", str(HERE / "ocpp_rpc_client.mjs"), world.url, "IND-1", PASSWORD, protocol,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            stopper = asyncio.create_task(_stop_when_running(world))
            try:
                printed, _ = await asyncio.wait_for(client.communicate(), 200)
            finally:
                stopper.cancel()
                with contextlib.suppress(ProcessLookupError):
                    client.kill()
            session = world.session("IND-1")
            assert (session.energy_wh, session.evidence, session.state) == (100, "unsigned", SessionState.SETTLED)
            assert world.notes("contradiction") == []
        return [json.loads(line) for line in printed.decode().splitlines()]

    told = asyncio.run(story())
    assert told[0] == {"protocol": protocol}
    assert [line for line in told if "failure" in line] == []
    assert told[-1]["action"] == "Heartbeat"
    verdicts = [json.dumps(line["answer"]) for line in told if line.get("action") == "Authorize"]
    assert "Accepted" in verdicts[0]
    assert protocol != "ocpp1.6" or "Invalid" in verdicts[1]


async def _stop_when_running(world: World) -> None:
    """Ask for a stop once the session has told a register."""

    def ask() -> bool:
        with world.store.open_book() as book:
            for session in book.sessions([SessionState.OPEN], "IND-1"):
                if session.register_wh == 1_050:
                    now = world.clock.now()
                    arguments = {"transaction": session.transaction}
                    book.ask(Command(0, "IND-1", "stop", arguments, now, now + timedelta(minutes=1), key="once"))
                    return True
        return False

    while not await asyncio.to_thread(ask):
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_test_ocpp_connects_under_every_security_profile(database: Engine, version: str, tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    certificate, key = make_server(tmp_path, ["localhost", "127.0.0.1"])
    client, client_key = make_client(tmp_path, "P3")
    context = server_context(str(certificate), str(key), str(authority))

    async def story() -> None:
        async with running(database, Listener("127.0.0.1", 0, context)) as world:
            for profile in range(4):
                secret = make_secret(PASSWORD) if profile in (1, 2) else b""
                world.put(ChargePoint(f"P{profile}", 11_000, profile=profile, secret=secret))
            plain, tls = world.url, f"wss://localhost:{world.ports[1]}"
            rest: dict[str, Any] = {"ocpp": version, "timeout": 100, "log": lambda _: None}
            await check_connection(plain, "P0", **rest)
            await check_connection(plain, "P1", password=PASSWORD, **rest)
            await check_connection(tls, "P2", password=PASSWORD, ca=str(authority), **rest)
            shown = {"cert": str(client), "key": str(client_key), "ca": str(authority)}
            await check_connection(tls, "P3", **shown, **rest)
            with world.store.open_book() as book:
                assert {name: seen[1] for name, seen in book.last_seen().items()} == dict.fromkeys(
                    ("P0", "P1", "P2", "P3"), version
                )

    asyncio.run(story())
