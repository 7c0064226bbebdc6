"""`sunfair bench csms`: a central system as a process of its own, on a real PostgreSQL, under thousands of charge
points.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from subprocess import PIPE, Popen, TimeoutExpired
from typing import Any

from sunfair.devices import make_secret
from sunfair.devices.flood import Flood
from sunfair.devices.load import Load, drive, raise_file_limit
from sunfair.errors import Fault, InputError, ServiceMissing
from sunfair.ports.charge_points import ChargePoint, SessionState, Tag
from sunfair.store import temporary_database
from sunfair.store.charging import ChargingRepository

__all__ = ["CSMS_SIZES", "bench_csms"]

CSMS_SIZES = (2_000, 300, 20, 1_000)
"""Charge points, messages a second, seconds of them, and strangers a second in the five seconds after that."""

SOURCE = "design page charging.md; before, without a database: 1,000 charge points, p99 52 ms; 5,000, p99 1.25 s"
_PASSWORD = "bench-only-on-127.0.0.1"
_LEAST = (1, 1, 1, 0)
_MOST = (20_000, 5_000, 30, 5_000)


def bench_csms(progress: Callable[[str], None], *, sizes: Sequence[int] = CSMS_SIZES) -> dict[str, Any]:
    """Measure; at most a minute with the usual sizes. Returns plain JSON values: figure, target, whether it was
    reached.

    InputError for sizes that make no sense, or more connections than the system lets a process have.
    """
    asked = (*sizes, *CSMS_SIZES[3:]) if len(sizes) == 3 else tuple(sizes)
    if len(asked) != 4 or any(not a <= size <= b for a, size, b in zip(_LEAST, asked, _MOST, strict=True)):
        least, most = (",".join(map(str, bounds)) for bounds in (_LEAST, _MOST))
        what = f"points,messages/s,seconds[,strangers/s]: {least} to {most}"
        raise InputError("these are no sizes", [Fault("--sizes", f"are {list(sizes)}", what)])
    points, rate, seconds, strangers = asked
    raise_file_limit(points)
    names = [f"L{at:05d}" for at in range(points)]
    with temporary_database() as engine:
        store = ChargingRepository(engine)
        progress(f"registering {points:,} charge points")
        _register(store, names)
        url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
        with _central_system(url) as (address, process):
            before = _cpu_s(process)
            load = asyncio.run(
                drive(address, names, _PASSWORD, rate=rate, seconds=seconds, tell=progress, strangers=strangers)
            )
            memory, cpu = _memory_mb(process), _cpu_s(process) - before
        with store.open_book() as book:
            settled = book.sessions([SessionState.SETTLED])
    figures = _figures(sizes, load, memory)
    flooded = load.flooded
    figures["cores_used"] = round(cpu / (load.connect_s + load.send_s + (flooded.send_s if flooded else 0)), 2)
    if flooded is not None:
        figures["flood"] = _flood(flooded, load.floods)
    figures["sessions_settled"] = len(settled)
    figures["energy_wh"] = sum(session.energy_wh or 0 for session in settled)
    return {**figures, "source": SOURCE}


def _figures(sizes: Sequence[int], load: Load, memory: float | None) -> dict[str, Any]:
    cuts = quantiles(load.latencies, n=100) if len(load.latencies) > 1 else [0.0] * 99
    sent = len(load.latencies) / load.send_s if load.send_s else 0.0
    kept_up = load.late_s < 1
    return {
        "bench": "csms",
        "charge_points": sizes[0],
        "connect_seconds": round(load.connect_s, 1),
        "messages": {"answered": len(load.latencies), **_figure("per_second", round(sent), sizes[1], kept_up)},
        "latency": {
            "p50_seconds": round(cuts[49], 4),
            **_figure("p99_seconds", round(cuts[98], 4), 1, cuts[98] < 1),
            "max_seconds": round(max(load.latencies, default=0.0), 4),
        },
        "errors": {**_figure("count", len(load.errors), 0, not load.errors), "first": load.errors[:3]},
        "memory": _figure("megabytes", memory, 300, memory is not None and memory < 300),
    }


def _flood(load: Load, floods: Sequence[Flood]) -> dict[str, Any]:
    """What those inside met while strangers connected, and what the strangers met."""
    ends = {kind: Counter[str]() for kind in floods[0].ends}
    for each in floods:
        for kind, found in each.ends.items():
            ends[kind].update(found)
    cuts = quantiles(load.latencies, n=100) if len(load.latencies) > 1 else [0.0] * 99
    return {
        "strangers": sum(each.count for each in floods),
        "strangers_per_second": round(sum(each.count / max(each.connect_s, 1e-9) for each in floods)),
        "ends": {kind: dict(counted) for kind, counted in ends.items()},
        "messages_answered": len(load.latencies),
        "p50_seconds": round(cuts[49], 4),
        **_figure("p99_seconds", round(cuts[98], 4), 1, cuts[98] < 1),
        "max_seconds": round(max(load.latencies, default=0.0), 4),
        "errors": {"count": len(load.errors), "first": load.errors[:3]},
    }


def _figure(name: str, value: float | None, target: float, reached: bool) -> dict[str, Any]:
    return {name: value, "target": target, "reached": reached}


def _register(store: ChargingRepository, names: Sequence[str]) -> None:
    secret = make_secret(_PASSWORD)  # one hash for all: what is measured is the line, not the registering
    with store.open_book() as book:
        for name in names:
            book.put_point(ChargePoint(name, 22_000, secret=secret))
            book.put_tag(Tag(f"T-{name}"))


@contextmanager
def _central_system(database: str) -> Iterator[tuple[str, "Popen[str]"]]:
    """A process that serves on a free port of this machine."""
    command = [sys.executable, "-m", "sunfair", "csms", "--port", "0", "--json"]
    process = Popen(command, stdout=PIPE, text=True, env={**os.environ, "DATABASE_URL": database})
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            raise ServiceMissing(f"the central system ended with exit code {process.wait()} before it served")
        yield json.loads(line)["urls"][0], process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except TimeoutExpired:
            process.kill()
        if process.stdout is not None:
            process.stdout.close()


def _memory_mb(process: "Popen[str]") -> float | None:
    """The most memory a process has had, MB; None where the system does not tell."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((round(int(line.split()[1]) / 1_024, 1) for line in lines if line.startswith("VmHWM:")), None)


def _cpu_s(process: "Popen[str]") -> float:
    """Seconds of CPU a process has used, 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
