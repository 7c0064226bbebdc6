"""Strangers who connect all at once: some ask in full and may not, some say nothing, some half of it."""

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sunfair.errors import ServiceMissing

__all__ = ["Flood", "flood"]

_REQUEST = (
    "GET /{name} HTTP/1.1\r\nHost: csms\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"
    "Authorization: Basic {secret}\r\n\r\n"
)
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Flood:
    """What strangers met, by what they did (`unknown`, `guess`, `silent`, `half`) and how it ended.

    An end is an HTTP status, `closed` without one, `refused` by the system, or `waits` after a minute. connect_s : from
    the first to the last connection.
    """

    ends: Mapping[str, Mapping[str, int]]
    connect_s: float

    @property
    def count(self) -> int:
        """How many they were."""
        return sum(sum(ends.values()) for ends in self.ends.values())


async def flood(host: str, port: int, known: str, count: int, over_s: float) -> Flood:
    """Connect so many times, evenly over so many seconds, and wait for what becomes of each; in a process of its own,
    so that what is measured is not the strangers' own work.

    known : an identity that is registered, whose password is guessed. ServiceMissing if that process fails.
    """
    words = sys.executable, __file__, host, str(port), known, str(count), str(over_s)
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    if process.returncode:
        raise ServiceMissing(f"the strangers' own process ended with exit code {process.returncode}")
    return Flood(**json.loads(told))


async def _flood(host: str, port: int, known: str, count: int, over_s: float) -> Flood:
    ends: dict[str, Counter[str]] = {kind: Counter() for kind in _KINDS}
    begun = last = time.perf_counter()
    tasks = []
    for at in range(count):
        wait = begun + at * over_s / count - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        kind = _KINDS[at % len(_KINDS)]
        tasks.append(asyncio.create_task(_stranger(host, port, kind, known, at, ends[kind])))
        last = time.perf_counter()
    await asyncio.gather(*tasks)
    return Flood({kind: dict(counted) for kind, counted in ends.items()}, last - begun)


_KINDS = ("unknown", "guess", "silent", "half")


async def _stranger(host: str, port: int, kind: str, known: str, at: int, ends: Counter[str]) -> None:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        ends["refused"] += 1
        return
    try:
        if kind != "silent":
            name = known if kind == "guess" else f"X{at}"
            secret = base64.b64encode(f"{name}:guess-{at:012d}".encode()).decode()
            request = _REQUEST.format(name=name, secret=secret).encode()
            writer.write(request[:20] if kind == "half" else request)
        line = await asyncio.wait_for(reader.readline(), _PATIENCE_S)
        ends[line.split(b" ")[1].decode() if line.startswith(b"HTTP/") else "closed"] += 1
    except TimeoutError:
        ends["waits"] += 1
    except OSError:
        ends["closed"] += 1
    finally:
        writer.close()


if __name__ == "__main__":
    _host, _port, _known, _count, _over_s = sys.argv[1:]
    print(json.dumps(asdict(asyncio.run(_flood(_host, int(_port), _known, int(_count), float(_over_s))))))
