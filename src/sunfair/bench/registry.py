"""`sunfair bench registry`: identifiers, registration, switching and proofs, measured now on a real PostgreSQL."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.app.point_reader import PointReader
from sunfair.app.registering import make_batch, register_file
from sunfair.app.switching import Switching
from sunfair.chain import SeededKeys, recover
from sunfair.files.holidays import market_calendar
from sunfair.files.parallel import process_map
from sunfair.ports.batch import RawBlock
from sunfair.registry import MeterKey, nullifier, validate_many
from sunfair.registry.batch_tree import CHUNK, batch_leaves, batch_of
from sunfair.registry.check_digits import mpan_checks
from sunfair.registry.register import Party, Role
from sunfair.registry.switching import Request, SwitchingDomain, SwitchKind
from sunfair.store import temporary_database
from sunfair.store.register import RegisterRepository
from sunfair.store.switching import SwitchRepository

__all__ = ["REGISTRY_SIZES", "bench_registry"]

REGISTRY_SIZES = (1_000_000, 2_000, 53_000_000)
"""Points registered, switches made, points of the register that a proof is made in (Great Britain: 29 M + 24 M)."""

SOURCE = "design page registry.md; 21 seconds is what the field's founders claimed for a switch"
_BLOCK, _BUNDLE, _SINGLE, _LONG = 10_000, 500, 60, 50_000
_SECRET = bytes(range(1, 33))
_BEGIN = datetime(2026, 6, 8, 9, tzinfo=UTC)
_DOMAIN = SwitchingDomain(31337, bytes(20))
_KEYS = SeededKeys(1)

Report = Callable[[str], None]


def bench_registry(progress: Report | None = None, *, sizes: Sequence[int] = REGISTRY_SIZES) -> dict[str, Any]:
    """Measure all of it; some minutes. `sizes` as `REGISTRY_SIZES`.

    Returns plain JSON values: per case the figure, its target, and whether it was reached.
    """
    tell = progress or (lambda _: None)
    points, switches, proven = sizes
    with temporary_database() as engine:
        world = _World(RegisterRepository(engine), SwitchRepository(engine), _Clock())
        tell("identifiers")
        validated = _validation()
        tell(f"{points:,} points")
        registered = _registration(world, points)
        tell(f"{switches:,} switches")
        switched = _switches(world, min(switches, points - _SINGLE))
        tell("request → secured, one by one")
        latency = _latency(world, min(points - _SINGLE, switches))
    tell(f"a proof among {proven:,} points")
    return {
        "bench": "registry",
        "identifiers": validated,
        "registration": registered,
        "switching": switched,
        "request_to_secured": latency,
        "proof": _proof(proven),
        "source": SOURCE,
    }


class _Clock:
    """The time as the bench moves it: statutory waits take none."""

    at = _BEGIN

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True)
class _World:
    register: RegisterRepository
    switches: SwitchRepository
    clock: _Clock

    def service(self) -> Switching:
        calendar = market_calendar("GB", 2026, 2027)
        return Switching(
            self.switches,
            self.register,
            _DOMAIN,
            calendar,
            self.clock,
            recover=recover,
            sign=lambda digest: _KEYS.sign("switching", digest),
        )


def _mpans(first: int, count: int) -> list[str]:
    """Valid MPANs, numbered on."""
    twelve = np.char.zfill((200_000_000_000 + np.arange(first, first + count)).astype(np.str_), 12)
    digits = twelve.view(np.uint32).reshape(count, 12).astype(np.int64) - ord("0")
    return [body + str(check) for body, check in zip(twelve.tolist(), mpan_checks(digits).tolist(), strict=True)]


def _validation() -> dict[str, Any]:
    ids = _mpans(0, 200_000)
    begun = time.perf_counter()
    codes = validate_many("GB", "electricity", ids)
    rate = len(ids) / (time.perf_counter() - begun)
    return {"ids": len(ids), "wrong": int(codes.any()), **_figure("per_second", round(rate), 200_000, rate >= 200_000)}


class _Points:
    """A batch source of so many points of one owner and supplier."""

    columns: tuple[str, ...] = ("id", "supplier", "owner", "serial", "postcode")

    def __init__(self, count: int) -> None:
        self._count = count
        self.digest = hashlib.sha256(f"bench {count}".encode()).digest()

    def blocks(self, skip: int) -> Iterator[RawBlock]:
        """Blocks of rows."""
        owner = "0x" + _KEYS.address("home").hex()
        for first in range(skip, self._count, _BLOCK):
            size = min(_BLOCK, self._count - first)
            columns = {
                "id": _mpans(first, size),
                "supplier": ["old"] * size,
                "owner": [owner] * size,
                "serial": [f"S{at:08d}" for at in range(first, first + size)],
                "postcode": ["AB1 2CD"] * size,
            }
            yield RawBlock(first + size, range(first + 1, first + size + 1), columns)


def _registration(world: _World, count: int) -> dict[str, Any]:
    for name, role in (("office", Role.REGISTRAR), ("old", Role.SUPPLIER), ("new", Role.SUPPLIER)):
        world.register.put_party(Party(_KEYS.address(name), name, role))
    defaults = {"country": "GB", "fuel": "electricity"}
    reader = PointReader(_SECRET, os.urandom, {"old": _KEYS.address("old")}, defaults)
    source = _Points(count)
    begun = time.perf_counter()
    # Processes take seconds to start: a short file is read without them.
    with process_map(reader.read) if count > _LONG else nullcontext(None) as read:
        for _ in register_file(source, reader, world.register, world.clock, read=read):
            pass
    make_batch(source.digest, world.register, _KEYS.address("office"), world.clock)
    seconds = time.perf_counter() - begun
    million = seconds * 1_000_000 / count
    return {
        "points": count,
        "seconds": round(seconds, 2),
        "per_second": round(count / seconds),
        **_figure("seconds_per_million", round(million, 1), 60, million < 60),
    }


def _switches(world: _World, count: int) -> dict[str, Any]:
    """Requests in the file's manner, then their windows, gates and starts, all told and signed."""
    service = world.service()
    requests = _requests(service, range(count))
    begun = time.perf_counter()
    for first in range(0, count, _BUNDLE):
        service.submit(requests[first : first + _BUNDLE])
    _let_pass(world, service, ("objection_ends", "gate_closes", "starts"), requests[0].point)
    seconds = time.perf_counter() - begun
    rate = count / seconds
    return {
        "switches": count,
        "seconds": round(seconds, 2),
        "transitions_each": 4,
        **_figure("per_second", round(rate), 1_000, rate >= 1_000),
    }


def _latency(world: _World, first: int) -> dict[str, Any]:
    """One request at a time, from its arrival to SECURED, with the clock moved over the waits."""
    service, seconds = world.service(), []
    for at in range(first, first + _SINGLE):
        (request,) = _requests(service, range(at, at + 1))
        begun = time.perf_counter()
        service.submit([request])
        _let_pass(world, service, ("objection_ends", "gate_closes"), request.point)
        seconds.append(time.perf_counter() - begun)
    cuts = quantiles(seconds, n=20)
    p95 = _figure("p95_seconds", round(cuts[18], 4), 1, cuts[18] < 1)
    return {"requests": _SINGLE, "p50_seconds": round(cuts[9], 4), **p95}


def _requests(service: Switching, numbers: range) -> list[Request]:
    """Signed requests of points by number; the customers' signatures are not measured."""
    new, start = _KEYS.address("new"), (service.clock.now() + timedelta(days=7)).date()
    made = []
    for number in _mpans(numbers.start, len(numbers)):
        point = nullifier(MeterKey("GB", "electricity", number), _SECRET)
        bare = Request(point, new, SwitchKind.SWITCH, start, 0)
        made.append(Request(point, new, bare.kind, start, 0, _KEYS.sign("home", service.consent(bare))))
    return made


def _let_pass(world: _World, service: Switching, instants: Sequence[str], point: bytes) -> None:
    """Move the clock to each instant of a point's newest switch, and let what is due happen."""
    switch = world.switches.switches(point)[-1]
    for name in instants:
        world.clock.at = getattr(switch, name)
        service.tick()


def _proof(count: int) -> dict[str, Any]:
    """A register of `count` points built in blocks, and one point's path in it."""
    block = 1 << 16
    picked = count // 3
    kept: dict[str, NDArray[np.uint8]] = {}

    def leaves() -> Iterator[NDArray[np.uint8]]:
        for first in range(0, count, block):
            size = min(block, count - first)
            # Commitments and nullifiers are as good as random; seeded by their block, they can be made again.
            drawn = np.random.default_rng([7, first]).integers(0, 256, (size, 64), np.uint8)
            made = batch_leaves(drawn[:, :32], drawn[:, 32:])
            if first <= picked < first + size:
                begin = (picked // CHUNK) * CHUNK - first
                kept["leaves"], kept["point"] = made[begin : begin + CHUNK], drawn[picked - first]
            yield made

    begun = time.perf_counter()
    batch = batch_of(leaves())
    root = batch.root
    build = time.perf_counter() - begun
    begun = time.perf_counter()
    proof = batch.prove(picked, kept["leaves"])
    prove = time.perf_counter() - begun
    point = kept["point"]
    begun = time.perf_counter()
    holds = [proof.holds(point[:32].tobytes(), point[32:].tobytes(), root) for _ in range(100)]
    verify = (time.perf_counter() - begun) / len(holds)
    hashes = len(proof.siblings)
    return {
        "points": count,
        "build_seconds": round(build, 1),
        "prove_seconds": round(prove, 4),
        "holds": all(holds),
        "bytes": 32 * hashes,
        **_figure("hashes", hashes, 26, hashes <= 26),
        "verify": _figure("seconds", round(verify, 6), 0.001, verify < 0.001),
    }


def _figure(name: str, value: float, target: float, reached: bool) -> dict[str, Any]:
    return {name: value, "target": target, "reached": reached}
