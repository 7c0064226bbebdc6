"""One end of a connection, over a wire that the test holds."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sunfair.devices.peer import CallRefused, Handler, Peer


class Wire:
    """Frames in and out."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.sent: asyncio.Queue[str] = asyncio.Queue()

    async def recv(self) -> str | bytes:
        return await self.inbox.get()

    async def send(self, message: str) -> None:
        await self.sent.put(message)

    async def answer(self) -> Any:
        return json.loads(await asyncio.wait_for(self.sent.get(), 60))


def _with_peer(
    story: Callable[[Peer, Wire], Awaitable[None]],
    version: str = "1.6",
    handlers: dict[str, Handler] | None = None,
    timeout_s: float = 60,
) -> None:
    async def run() -> None:
        wire = Wire()
        peer = Peer("CP1", version, wire, handlers or {}, timeout_s=timeout_s)
        task = asyncio.create_task(peer.run())
        try:
            await story(peer, wire)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_a_call_reaches_whoever_waits_for_it_and_no_other() -> None:
    async def story(peer: Peer, wire: Wire) -> None:
        calls = [asyncio.create_task(peer.call("Reset", {"type": kind})) for kind in ("Soft", "Hard")]
        for kind in ("Soft", "Hard"):  # one call is under way at a time (1.6J § 4.1.1)
            two, name, action, payload = await wire.answer()
            assert (two, action, payload) == (2, "Reset", {"type": kind})
            assert wire.sent.empty()
            await wire.inbox.put('[3, "another", {"status": "Rejected"}]')
            await wire.inbox.put(json.dumps([3, name, {"status": "Accepted"}]))
        assert [await call for call in calls] == [{"status": "Accepted"}] * 2

    _with_peer(story)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ('[4, "NAME", "InternalError", "broken", {}]', "InternalError"),
        ('[3, "NAME", {"status": "Perhaps"}]', "FormatViolation"),
        ('[3, "NAME", {"status": "Accepted", "more": 1}]', "FormatViolation"),
        ('[3, "NAME"]', "TypeConstraintViolation"),
        ("", "Timeout"),
    ],
)
def test_an_error_a_wrong_answer_and_silence_are_refusals(answer: str, code: str) -> None:
    async def story(peer: Peer, wire: Wire) -> None:
        call = asyncio.create_task(peer.call("Reset", {"type": "Soft"}))
        name = (await wire.answer())[1]
        if answer:
            await wire.inbox.put(answer.replace("NAME", name))
        with pytest.raises(CallRefused) as refused:
            await call
        assert refused.value.code == code

    _with_peer(story, timeout_s=60 if answer else 0.05)


def test_a_handler_that_calls_is_refused_instead_of_waiting_for_ever() -> None:
    peers: list[Peer] = []

    async def calls(_: dict[str, Any]) -> dict[str, Any]:
        return await peers[0].call("Reset", {"type": "Soft"})

    async def story(peer: Peer, wire: Wire) -> None:
        peers.append(peer)
        await wire.inbox.put('[2, "x", "Heartbeat", {}]')
        assert (await wire.answer())[:3] == [4, "x", "InternalError"]

    _with_peer(story, handlers={"Heartbeat": calls})


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_attack_nested_brackets_are_refused_before_they_are_read(version: str) -> None:
    async def story(peer: Peer, wire: Wire) -> None:
        code = "FormationViolation" if version == "1.6" else "RpcFrameworkError"
        for frame in ("[" * 65, "[" * 200_000, '{"a":' * 50_000, "[[]" * 40_000):
            await wire.inbox.put(frame)
            assert (await wire.answer())[:3] == [4, "-1", code]

    _with_peer(story, version)
