"""One end of an OCPP-J connection: calls out and in, and the standard's own error for whatever is none.

The schemas, messages and errors are the `ocpp` package's; its `ChargePoint` is not used, as it leaves a malformed
frame and
an unknown 2.1 action without an answer, keeps unasked-for results for ever, and swaps NotSupported with NotImplemented.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn, Protocol, TypeGuard
from uuid import uuid4

import ocpp.messages
from ocpp.exceptions import OCPPError
from ocpp.messages import Call, CallResult, get_validator, validate_payload

__all__ = ["SUBPROTOCOLS", "CallRefused", "Handler", "Peer", "Socket"]

ocpp.messages.ASYNC_VALIDATION = False  # a thread for each message costs more than its validation

SUBPROTOCOLS = {"ocpp2.1": "2.1", "ocpp2.0.1": "2.0.1", "ocpp1.6": "1.6"}
"""WebSocket subprotocols (OCPP-J 1.6 § 3.2, 2.0.1 part 4 § 3.1.2), the newest first, and their versions."""

Payload = dict[str, Any]
Handler = Callable[[Payload], Awaitable[Payload]]

_CALL, _RESULT, _ERROR = 2, 3, 4
_BRACKETS = re.compile(r"[\[\]{}]")
_DEPTH_MAX = 64
_UNREADABLE = "-1"
_ID_MAX = 36
_LOG = logging.getLogger("sunfair.csms")

_IN_1_6 = {
    "FormatViolation": "FormationViolation",
    "OccurrenceConstraintViolation": "OccurenceConstraintViolation",
    "RpcFrameworkError": "FormationViolation",
    "MessageTypeNotSupported": "NotSupported",
}
"""Codes that 1.6 spells otherwise or does not have (1.6J § 4.2.3)."""


class CallRefused(Exception):
    """The other end answered a call with an error, or not at all (code `Timeout`)."""

    def __init__(self, action: str, code: str, why: str) -> None:
        self.code = code
        super().__init__(f"{action}: {code}" + (f", {why}" if why else ""))


class Socket(Protocol):
    """What carries frames."""

    async def recv(self) -> str | bytes:
        """The next frame."""
        ...

    async def send(self, message: str) -> None:
        """Send a frame."""
        ...


class Peer:
    """Calls over one socket. `handlers` answer the other end's, by action; their payloads are valid by its schema.

    One call is under way in each direction (1.6J § 4.1.1). A handler must not call: its answer has to go out first, and
    nobody would read the other's.
    """

    def __init__(
        self, name: str, version: str, socket: Socket, handlers: Mapping[str, Handler], *, timeout_s: float = 30
    ) -> None:
        self.name, self.version = name, version
        self._socket, self._handlers, self._timeout_s = socket, handlers, timeout_s
        self._turn = asyncio.Lock()
        self._pending: dict[str, asyncio.Future[tuple[int, list[Any]]]] = {}
        self._reader: asyncio.Task[Any] | None = None

    async def run(self) -> None:
        """Read and answer until the connection closes (the socket's own exception)."""
        self._reader = asyncio.current_task()
        try:
            while True:
                await self._take(await self._socket.recv())
        finally:
            for waiting in self._pending.values():
                waiting.cancel()

    async def call(self, action: str, payload: Payload) -> Payload:
        """Call the other end; its answer, valid by its schema. CallRefused if it refuses or says nothing in time."""
        if asyncio.current_task() is self._reader:
            raise RuntimeError(f"{action} called while answering: its answer could never be read")
        call = Call(str(uuid4()), action, payload)
        await validate_payload(call, self.version)
        async with self._turn:
            answer: asyncio.Future[tuple[int, list[Any]]] = asyncio.get_running_loop().create_future()
            self._pending[call.unique_id] = answer
            try:
                await self._socket.send(call.to_json())
                kind, rest = await asyncio.wait_for(answer, self._timeout_s)
            except TimeoutError as error:
                raise CallRefused(action, "Timeout", f"no answer in {self._timeout_s:g} s") from error
            except asyncio.CancelledError as error:
                if answer.cancelled() and not _cancelling():
                    raise CallRefused(action, "Closed", "the connection ended") from error
                raise
            finally:
                self._pending.pop(call.unique_id, None)
        return await self._answer_of(action, call.unique_id, kind, rest)

    async def _answer_of(self, action: str, name: str, kind: int, rest: list[Any]) -> Payload:
        if kind == _ERROR:
            raise CallRefused(action, *(str(part)[:200] for part in [*rest, "", ""][:2]))
        result = CallResult(name, rest[0] if rest else None, action)
        try:
            await validate_payload(result, self.version)
        except OCPPError as error:
            raise CallRefused(action, error.code, "its answer breaks the schema") from error
        answer: Payload = result.payload
        return answer

    async def _take(self, frame: str | bytes) -> None:
        """One frame: a call is answered, an answer reaches whoever waits for it, anything else is refused."""
        try:
            message = json.loads(frame, parse_constant=_refuse_constant) if _is_shallow(frame) else None
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, list) or len(message) < 2:
            await self._refuse(_UNREADABLE, "RpcFrameworkError", "no JSON array of an OCPP-J message")
            return
        kind, name, *rest = message
        if not isinstance(name, str) or not 0 < len(name) <= _ID_MAX:
            await self._refuse(
                _UNREADABLE, "RpcFrameworkError", f"the message id is no text of 1 to {_ID_MAX} characters"
            )
        elif kind == _CALL:
            await self._answer(name, rest)
        elif kind in (_RESULT, _ERROR):
            waiting = self._pending.get(name)  # what nobody asked for is dropped
            if waiting is not None and not waiting.done():
                waiting.set_result((kind, rest))
        elif self.version != "1.6":  # 1.6J § 4.1.3: other types are ignored
            await self._refuse(name, "MessageTypeNotSupported", f"there is no message type {str(kind)[:20]}")

    async def _answer(self, name: str, rest: list[Any]) -> None:
        if len(rest) != 2 or not isinstance(rest[0], str) or not isinstance(rest[1], dict):
            await self._refuse(name, "FormatViolation", "a call is [2, id, action, {…}]")
            return
        action, payload = rest
        handler = self._handlers.get(action)
        if handler is None:
            known = _is_known(action, self.version)
            await self._refuse(name, "NotSupported" if known else "NotImplemented", action[:50])
            return
        try:
            call = Call(name, action, payload)
            await validate_payload(call, self.version)
            result = await handler(call.payload)
        except OCPPError as error:
            await self._refuse(name, error.code, str(error.details.get("cause") or error.description))
            return
        except Exception:  # whatever breaks, its own call is refused and the connection stays
            _LOG.exception("%s: %s failed", self.name[:48], action)
            await self._refuse(name, "InternalError", "")
            return
        await self._socket.send(json.dumps([_RESULT, name, result], separators=(",", ":")))

    async def _refuse(self, name: str, code: str, why: str) -> None:
        told = _IN_1_6.get(code, code) if self.version == "1.6" else code
        if self.version == "2.1" and told == "OccurenceConstraintViolation":
            told = "OccurrenceConstraintViolation"
        await self._socket.send(json.dumps([_ERROR, name, told, why[:255], {}], separators=(",", ":")))


def _is_known(action: str, version: str) -> bool:
    """Whether the standard has this action; the schemas lie in files named after them."""
    if not action.isalnum() or not action.isascii():
        return False
    try:
        get_validator(_CALL, action, version)
    except OSError:
        return False
    return True


def _is_shallow(frame: str | bytes) -> TypeGuard[str]:
    """Whether a frame is text that nests no deeper than any message does.

    Python's JSON reader recurses: where the recursion limit was raised, a hundred thousand brackets crash the process.
    """
    if not isinstance(frame, str):
        return False
    depth = 0
    for bracket in _BRACKETS.findall(frame):
        depth += 1 if bracket in "[{" else -1
        if depth > _DEPTH_MAX:
            return False
    return True


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
