"""What strangers and broken charge points send: refused by the standard's own error, and nobody else is disturbed."""

import asyncio
import base64
import contextlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).parent))
from csms_world import FAST, PASSWORD, World, running
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sunfair.devices import Listener, make_secret, server_context
from sunfair.devices.certificates import make_client, make_server
from sunfair.devices.flood import flood
from sunfair.ports.charge_points import ChargePoint, Tag


def _auth(user: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def _connect(world: World, name: str = "BAD", protocol: str = "ocpp1.6", **about: Any) -> ClientConnection:
    headers = about.pop("headers", _auth(name))
    return await connect(
        f"{world.url}/{name}",
        subprotocols=[protocol],
        additional_headers=headers,
        proxy=None,
        open_timeout=120,
        **about,
    )


async def _undisturbed(world: World, honest: Any) -> None:
    assert await asyncio.wait_for(honest.authorize("ANNA"), 120) == "Accepted"


def _put(world: World) -> None:
    points = (ChargePoint(name, 11_000, secret=make_secret(PASSWORD)) for name in ("BAD", "NEW"))
    world.put(*points, Tag("ANNA"))


MALFORMED = [
    ("{", "-1", "FormationViolation", "RpcFrameworkError"),
    ("[]", "-1", "FormationViolation", "RpcFrameworkError"),
    ('{"a": 1}', "-1", "FormationViolation", "RpcFrameworkError"),
    ('[2, 17, "Heartbeat", {}]', "-1", "FormationViolation", "RpcFrameworkError"),
    ("[" * 100_000, "-1", "FormationViolation", "RpcFrameworkError"),
    ('[2, "a", "Heartbeat", {"x": NaN}]', "-1", "FormationViolation", "RpcFrameworkError"),
    ('[2, "' + "a" * 37 + '", "Heartbeat", {}]', "-1", "FormationViolation", "RpcFrameworkError"),
    (b"\x00\x01", "-1", "FormationViolation", "RpcFrameworkError"),
    ('[2, "b", "Heartbeat"]', "b", "FormationViolation", "FormatViolation"),
    ('[2, "c", "Heartbeat", []]', "c", "FormationViolation", "FormatViolation"),
    ('[2, "d", "Heartbeat", {"extra": 1}]', "d", "FormationViolation", "FormatViolation"),
    ('[2, "e", "BootNotification", {}]', "e", "ProtocolError", "ProtocolError"),
    ('[2, "f", "OpenSesame", {}]', "f", "NotImplemented", "NotImplemented"),
    ('[2, "g", "../../../etc/passwd", {}]', "g", "NotImplemented", "NotImplemented"),
    ('[2, "h", "Reset", {"type": "Soft"}]', "h", "NotSupported", "NotSupported"),
    ('[2, "i", "Authorize", {"idTag": 5}]', "i", "TypeConstraintViolation", None),
]


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_malformed_frames_and_unknown_actions_get_the_standards_own_error(database: Engine, protocol: str) -> None:
    async def story() -> None:
        async with running(database) as world:
            _put(world)
            honest = await world.point("GOOD")
            async with await _connect(world, protocol=protocol) as bad:
                for frame, name, code_1_6, code_2 in MALFORMED:
                    code = code_1_6 if protocol == "ocpp1.6" else code_2
                    if code is None:
                        continue
                    await bad.send(frame)
                    kind, told, found, *_ = json.loads(await asyncio.wait_for(bad.recv(), 120))
                    assert (kind, told, found) == (4, name, code), frame[:60]
                await bad.send('[3, "nobody asked", {}]')
                await bad.send('[4, "nobody asked", "GenericError", "", {}]')
                if protocol == "ocpp1.6":  # other message types are ignored
                    await bad.send('[9, "x", {}]')
                else:
                    await bad.send('[9, "x", {}]')
                    assert json.loads(await bad.recv())[1:3] == ["x", "MessageTypeNotSupported"]
                await bad.send('[2, "alive", "Heartbeat", {}]')
                assert json.loads(await bad.recv())[:2] == [3, "alive"]
            await _undisturbed(world, honest)

    asyncio.run(story())


def test_attack_a_frame_of_ten_megabytes(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            _put(world)
            honest = await world.point("GOOD")
            bad = await _connect(world)
            with contextlib.suppress(ConnectionClosed):
                await bad.send('[2, "a", "Heartbeat", {"x": "' + "a" * 10_000_000 + '"}]')
            with pytest.raises(ConnectionClosed) as closed:
                await bad.recv()
            assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
            await _undisturbed(world, honest)

    asyncio.run(story())


def test_credentials_and_subprotocols_are_asked_for(database: Engine, tmp_path: Path) -> None:
    certificate, key = make_server(tmp_path, ["localhost"])
    other, other_key = make_client(tmp_path, "P9")
    context = server_context(str(certificate), str(key), str(tmp_path / "authority.pem"))

    async def refused(world: World, name: str, headers: dict[str, str], **about: Any) -> int:
        with pytest.raises(InvalidStatus) as error:
            await _connect(world, name, headers=headers, **about)
        return error.value.response.status_code

    async def story() -> None:
        async with running(database, Listener("127.0.0.1", 0, context)) as world:
            _put(world)
            world.put(ChargePoint("P2", 11_000, profile=2, secret=make_secret(PASSWORD)))
            world.put(ChargePoint("P3", 11_000, profile=3))
            assert await refused(world, "NOBODY", _auth("NOBODY")) == 404
            assert await refused(world, "a" * 60, {}) == 404
            assert await refused(world, "BAD", {}) == 401
            assert await refused(world, "BAD", _auth("BAD", "guess-guess-guess-1")) == 401
            assert await refused(world, "BAD", _auth("P2")) == 401  # another's name
            assert await refused(world, "BAD", {"Authorization": "Basic %%%"}) == 401
            assert await refused(world, "P2", _auth("P2")) == 401  # right, but without TLS somebody may listen
            assert await refused(world, "P3", {}) == 401
            world.url = f"wss://localhost:{world.ports[1]}"
            client = _client_context(tmp_path, other, other_key)
            assert await refused(world, "P3", {}, ssl=client) == 401  # another's certificate
            world.url = f"ws://127.0.0.1:{world.ports[0]}"
            async with await _connect(world, protocol="ocpp0.9") as bad:
                assert bad.subprotocol is None  # the handshake is completed, then the connection closed (1.6J § 3.2)
                with pytest.raises(ConnectionClosed) as closed:
                    await bad.recv()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1002

    asyncio.run(story())


def _client_context(folder: Path, certificate: Path, key: Path) -> Any:
    import ssl

    context = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    context.load_cert_chain(certificate, key)
    return context


def test_attack_a_thousand_connections_at_once(database: Engine) -> None:
    """From two other processes: unknown, guessing, silent and half-silent strangers. Who asks gets the standard's error,
    and a charge point that is on line goes on being answered, as does one that comes in the middle of it.
    """

    async def story() -> None:
        async with running(database, pace=replace(FAST, handshake=8)) as world:
            _put(world)
            honest = await world.point("GOOD")
            where = "127.0.0.1", world.ports[0], "BAD"
            floods = [asyncio.create_task(flood(*where, 500, 0)) for _ in range(2)]
            answered = 0
            while not all(each.done() for each in floods):
                await _undisturbed(world, honest)
                answered += 1
                if answered == 3:
                    newcomer = await world.point("NEW")
                    await _undisturbed(world, newcomer)
            assert answered > 3
            for each in floods:
                ends = (await each).ends
                assert {kind: sum(found.values()) for kind, found in ends.items()} == dict.fromkeys(ends, 125)
                assert set(ends["unknown"]) <= {"404", "closed"}  # closed: who could not ask within eight seconds
                assert set(ends["guess"]) <= {"401", "closed"}
                assert "404" in ends["unknown"] and "401" in ends["guess"]
                assert set(ends["silent"]) == set(ends["half"]) == {"closed"}
            await _undisturbed(world, honest)

    asyncio.run(story())


def test_attack_silence_in_the_door(database: Engine) -> None:
    """Who says nothing makes room for who does, and takes no place from the charge points inside."""

    async def story() -> None:
        async with running(database, pace=replace(FAST, strangers=20, connections=2, handshake=600)) as world:
            _put(world)
            honest = await world.point("GOOD")
            silent = [await asyncio.open_connection("127.0.0.1", world.ports[0]) for _ in range(60)]
            second = await world.point("NEW")
            # Strangers are let in one after the other: the last that was pushed out knows of it last.
            await asyncio.wait_for(asyncio.gather(*(reader.read() for reader, _ in silent[:40])), 120)
            await _undisturbed(world, honest)
            await _undisturbed(world, second)
            with pytest.raises(InvalidStatus) as full:
                await _connect(world)
            assert full.value.response.status_code == 503
            for _, writer in silent:
                writer.close()

    asyncio.run(story())


def test_attack_hostile_numbers_in_meter_values(database: Engine) -> None:
    async def story() -> None:
        async with running(database) as world:
            _put(world)
            async with await _connect(world) as bad:

                async def call(action: str, payload: dict[str, Any]) -> list[Any]:
                    await bad.send(json.dumps([2, "m", action, payload]))
                    return json.loads(await bad.recv())

                begun = await call(
                    "StartTransaction",
                    {"connectorId": 1, "idTag": "ANNA", "meterStart": 0, "timestamp": "2026-06-15T12:00:00Z"},
                )
                number = begun[2]["transactionId"]
                samples = [{"value": text} for text in ("1e999999999", "NaN", "-5", "Infinity", "0x10", "", "9" * 400)]
                at = ("2026-06-15T12:00:00Z", "0001-01-01T00:00:00+23:59", "yesterday")
                values = [{"timestamp": each, "sampledValue": samples} for each in at]
                told = await call("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": values})
                assert told[0] == 3
                with world.store.open_book() as book:
                    assert book.session("BAD", str(number)).register_wh == 0
                end = {"transactionId": number, "meterStop": -(2**40), "timestamp": "9999-12-31T23:59:59Z"}
                assert (await call("StopTransaction", end))[0] == 3
                assert world.session("BAD").energy_wh == 0
                assert (await call("StopTransaction", {**end, "transactionId": 10**15}))[0] == 3  # nobody's
                for text in ("a\0b", "\ud800"):  # what no database holds is refused, and nothing else is lost
                    start = {"connectorId": 1, "idTag": text, "meterStart": 0, "timestamp": "2026-06-15T12:00:00Z"}
                    assert (await call("StartTransaction", start))[:1] == [4]
                    assert (await call("Heartbeat", {}))[0] == 3
                assert len(world.sessions("BAD")) == 1

    asyncio.run(story())
