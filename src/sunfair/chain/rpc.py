"""JSON-RPC over HTTP, as every Ethereum node speaks it: one question, one answer, one clear error.

Every method used here may be asked twice without harm (a transaction is known by its hash), so what did not arrive is
asked again a few times. Nothing that a node says is believed to have the right form: it is read by `quantity` and
`octets`.
"""

import base64
import http.client
import json
import re
import ssl
import time
from collections.abc import Callable
from threading import RLock
from typing import Any
from urllib.parse import unquote, urlsplit

from sunfair.chain.shallow_json import loads
from sunfair.errors import Fault, InputError, LedgerError

__all__ = ["JsonRpc", "RpcRefused", "Unreachable", "octets", "quantity"]

_ANSWER_MAX = 1 << 28
_BUSY_STATUS = (408, 425, 429, 500, 502, 503, 504)
_BUSY_CODES = (-32005, 429)
_SHOWN = 120
_BUSY = object()
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")


class Unreachable(LedgerError):
    """The node gave no answer. Nothing is lost: what was sent is in the outbox, and the same call resumes it."""


class RpcRefused(LedgerError):
    """The node answered with an error of its own: `code`, `message` and, of a reverted call, its output `data`."""

    def __init__(self, place: str, method: str, code: int, message: str, data: object = None) -> None:
        self.code = code
        self.message = message
        self.data = data
        super().__init__(f"{place} refused {method}: {message} (code {code})")


class JsonRpc:
    """A connection to one node, kept open between calls and made anew when it breaks. Threads take turns.

    `timeout` is seconds for one answer; a question is asked `attempts` times, after `pause`, 2·`pause`, … seconds.
    The path and user of a URL often hold a key to the node: no message shows more than its scheme, host and port.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 20.0,
        attempts: int = 4,
        pause: float = 0.5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._timeout, self._attempts, self._pause, self._sleep = timeout, attempts, pause, sleep
        self._secure, self._host, self._port, self._path, self._headers = _address(url)
        name = f"[{self._host}]" if ":" in self._host else self._host
        self.place = f"http{'s' if self._secure else ''}://{name}:{self._port}"
        self._connection: http.client.HTTPConnection | None = None
        self._asked = 0
        self._lock = RLock()

    def call(self, method: str, *params: Any) -> Any:
        """The node's result; `RpcRefused` if it answers with an error, `Unreachable` or LedgerError if with none."""
        with self._lock:
            self._asked += 1
            question = {"jsonrpc": "2.0", "id": self._asked, "method": method, "params": list(params)}
            body = json.dumps(question).encode()
            return self._result(method, self._ask(method, body))

    def get(self, path: str) -> Any:
        """The JSON behind a plain GET of `path` below the URL's own, as beacon nodes serve it."""
        with self._lock:
            return self._ask(f"GET {path}", None, path)

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _ask(self, method: str, body: bytes | None, path: str = "") -> Any:
        """The answer's JSON, asked for until there is one."""
        fault = ""
        for attempt in range(self._attempts):
            if attempt:
                self._sleep(self._pause * 2 ** (attempt - 1))
            try:
                status, data = self._exchange(body, path)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                fault = _words(error, self._timeout)
                continue
            answer = self._parse(method, status, data)
            if answer is not _BUSY and not _busy(answer):
                return answer
            fault = f"HTTP status {status}: {_excerpt(data)}"
        raise Unreachable(
            f"{self.place} does not answer {method} ({fault}; asked {self._attempts} times). "
            "Nothing is lost: look whether the node runs and the URL is right, then do the same again"
        )

    def _exchange(self, body: bytes | None, path: str) -> tuple[int, bytes]:
        """HTTP status and body of one answer."""
        if self._connection is not None:
            try:
                return self._over(self._connection, body, path)
            except ConnectionError:
                self.close()  # the node closed it while nobody asked: that is no fault, a new one is made at once
        self._connection = self._connect()
        return self._over(self._connection, body, path)

    def _over(self, connection: http.client.HTTPConnection, body: bytes | None, path: str) -> tuple[int, bytes]:
        target = (self._path.rstrip("/") + path) if path else self._path
        connection.request("GET" if body is None else "POST", target, body, self._headers)
        response = connection.getresponse()
        data = response.read(_ANSWER_MAX + 1)
        if len(data) > _ANSWER_MAX:
            self.close()
            raise LedgerError(f"{self.place} answers with more than {_ANSWER_MAX} bytes; ask a node that keeps limits")
        return response.status, data

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)

    def _parse(self, method: str, status: int, data: bytes) -> Any:
        """The JSON of an answer; `_BUSY` if the node has no time; LedgerError if it is something else."""
        try:
            answer = loads(data)
        except ValueError as error:
            if status in _BUSY_STATUS:
                return _BUSY
            raise LedgerError(
                f"{self.place} answers {method} with HTTP status {status} and no JSON ({_excerpt(data)}): "
                "this is no Ethereum node, or its key is wrong; check the URL"
            ) from error
        if status >= 400 and not (isinstance(answer, dict) and "error" in answer):
            if status in _BUSY_STATUS:
                return _BUSY
            raise LedgerError(f"{self.place} answers {method} with HTTP status {status}: {_excerpt(data)}")
        return answer

    def _result(self, method: str, answer: Any) -> Any:
        if not isinstance(answer, dict) or ("result" in answer) == (answer.get("error") is not None):
            raise LedgerError(
                f"{self.place} answers {method} with no JSON-RPC ({_excerpt(answer)}): this is no Ethereum node"
            )
        error = answer.get("error")
        if error is not None:
            code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else (0, str(error))
            data = error.get("data") if isinstance(error, dict) else None
            raise RpcRefused(self.place, method, code if isinstance(code, int) else 0, _excerpt(message), data)
        if answer.get("id") != self._asked:
            self.close()
            raise LedgerError(f"{self.place} answers question {self._asked} ({method}) with the answer to another")
        return answer["result"]


def quantity(value: Any, what: str) -> int:
    """A JSON-RPC quantity, ``"0x1f"`` (some nodes write plain numbers); LedgerError naming `what` if it is none."""
    if type(value) is int and value >= 0:
        return value
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return int(value, 16)
    raise LedgerError(f"the node's {what} is no number: {_excerpt(value)}")


def octets(value: Any, what: str, size: int | None = None) -> bytes:
    """JSON-RPC data, ``"0x00ff"``, of exactly `size` bytes if given; LedgerError naming `what` if it is none."""
    try:
        if isinstance(value, str) and value[:2] == "0x":
            data = bytes.fromhex(value[2:])
            # Spaces would be passed over.
            if len(value) == 2 + 2 * len(data) and (size is None or len(data) == size):
                return data
    except ValueError:
        pass
    kind = "data" if size is None else f"{size} bytes of data"
    raise LedgerError(f"the node's {what} is not {kind}: {_excerpt(value)}")


def _address(url: str) -> tuple[bool, str, int, str, dict[str, str]]:
    """Secure, host, port, path with query, headers."""
    try:
        parts = urlsplit(url)
        secure = {"http": False, "https": True}[parts.scheme]
        port = parts.port or (443 if secure else 80)
        host = parts.hostname or ""
    except (KeyError, ValueError):
        host = ""
    if not host:
        fault = Fault("ETH_RPC_URL", "is no http:// or https:// address", "e.g. http://127.0.0.1:8545")
        raise InputError("the node's address cannot be used", [fault])
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "sunfair"}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return secure, host, port, path, headers


def _busy(answer: Any) -> bool:
    error = answer.get("error") if isinstance(answer, dict) else None
    return isinstance(error, dict) and error.get("code") in _BUSY_CODES


def _words(error: Exception, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    return str(error) or type(error).__name__


def _excerpt(value: Any) -> str:
    """The beginning of what a node said, on one line."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    line = " ".join(text.split())
    return (line[:_SHOWN] + "…" if len(line) > _SHOWN else line) or "nothing"
