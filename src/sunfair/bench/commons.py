"""`sunfair bench commons`: a year shared among a thousand members by every key, beside plain Python; and a sizing."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.commons import KEYS, Key, allocate
from sunfair.commons.sizing import HOURS, Bounds, Costs, Place, Problem, hourly_yield, size_plant

__all__ = ["bench_commons"]

SLOTS, MEMBERS = 35_040, 1_000
YEAR_TARGET, SIZING_TARGET = 5.0, 30.0

_PLAIN = 40
"""Slots that plain Python is asked for: its time grows by the slot."""

_SEED = 7

Report = Callable[[str], None]


def bench_commons(progress: Report | None = None, *, slots: int = SLOTS, members: int = MEMBERS) -> dict[str, Any]:
    """Measure allocation and sizing on this machine; about a minute. `progress` is told what comes next.

    Plain JSON values: ``keys`` (processor seconds of a year of quarter-hours, best of two, and the target);
    ``reference`` (the static and the dynamic key slot by slot in plain Python: how many times slower, and whether they
    agree to the Wh); ``sizing`` (seconds on the clock of one proposal for a street, both solvers).
    """
    tell = progress or (lambda _: None)
    year = _Year(slots, members)
    return {
        "bench": "commons",
        "slots": slots,
        "members": members,
        "keys": [_key(key, year, tell) for key in KEYS],
        "reference": [_reference(key, year, tell) for key in ("static", "dynamic")],
        "sizing": _sizing(tell),
    }


class _Year:
    """Sun by day, everyone short of it or not; what every key reads."""

    def __init__(self, slots: int, members: int) -> None:
        chance = np.random.default_rng(_SEED)
        hour = np.arange(slots) % 96 / 4
        sun = np.maximum(np.sin((hour - 6) / 12 * np.pi), 0) * chance.uniform(0.2, 1, slots)
        self.generation = (sun * 900 * members).astype(np.int64)
        self.use = chance.integers(0, 2_000, (slots, members), np.int32)
        self.value = chance.integers(-50_000, 300_000, (slots, members), np.int32)
        self.shares = chance.multinomial(10_000, np.full(members, 1 / members))
        self.table = np.broadcast_to(self.shares, (slots, members))
        self.ranking = chance.permutation(members)

    def shared(self, key: Key, part: slice = slice(None)) -> NDArray[np.int64]:
        """What the members get in some slots by a key."""
        shares = {"table": self.table[part], "priority": self.ranking}.get(key, self.shares)
        value = self.value[part] if key == "optimal" else None
        return allocate(key, self.generation[part], self.use[part], shares, value=value).shared_wh


def _key(key: Key, year: _Year, tell: Report) -> dict[str, Any]:
    tell(f"a year by the key {key}")
    seconds = min(_cpu(lambda: year.shared(key)) for _ in range(2))
    return {"key": key, "cpu_seconds": seconds, "target_seconds": YEAR_TARGET, "reached": seconds < YEAR_TARGET}


def _reference(key: Key, year: _Year, tell: Report) -> dict[str, Any]:
    """Some sunny slots by the product and in plain Python."""
    tell(f"the key {key} in plain Python")
    lit = np.flatnonzero(year.generation)
    first = int(lit[len(lit) // 2])
    part = slice(first, first + _PLAIN)
    generation, use, shares = year.generation[part].tolist(), year.use[part].tolist(), year.shares.tolist()
    plain = _static if key == "static" else _dynamic
    told: list[list[int]] = []
    seconds = _cpu(lambda: told.extend(plain(made, own, shares) for made, own in zip(generation, use, strict=True)))
    own = min(_cpu(lambda: year.shared(key, part)) for _ in range(5))
    return {
        "case": f"{key}, slot by slot in plain Python",
        "slots": len(told),
        "cpu_seconds": seconds,
        "product_cpu_seconds": own,
        "times_faster": round(seconds / max(own, 1e-9), 1),
        "agrees": told == year.shared(key, part).tolist(),
    }


def _largest(weights: Sequence[int], whole: int, given: int) -> list[int]:
    """Proportional parts, what is left one each to the largest remainders, as anyone would first write it down."""
    if not whole:
        return [0] * len(weights)
    parts = [weight * given // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda at: (-(weights[at] * given % whole), at))
    for at in order[: given - sum(parts)]:
        parts[at] += 1
    return parts


def _static(made: int, use: Sequence[int], shares: Sequence[int]) -> list[int]:
    return [min(part, own) for part, own in zip(_largest(shares, 10_000, made), use, strict=True)]


def _dynamic(made: int, use: Sequence[int], shares: Sequence[int]) -> list[int]:
    total = sum(use)
    return _largest(use, total, min(made, total))


def _sizing(tell: Report) -> dict[str, Any]:
    """One proposal for 40 homes: both solvers on a whole year, as `sunfair commons size` does it."""
    tell("sizing a plant for 40 homes")
    hours = np.arange(HOURS)
    use = 40 * (0.25 + 0.2 * np.exp(-(((hours % 24 - 19) / 3) ** 2)))
    problem = Problem(use, hourly_yield(Place(48.1, 11.6, 30.0, 180.0)), Costs(), Bounds(100.0, 120_000.0))
    begun = time.perf_counter()
    sizing = size_plant(problem, 40)
    seconds = time.perf_counter() - begun
    return {
        "members": 40,
        "pv_kw": round(sizing.chosen.pv_kw, 1),
        "solvers_apart": round(sizing.agreement, 5),
        "seconds": seconds,
        "target_seconds": SIZING_TARGET,
        "reached": seconds < SIZING_TARGET,
    }


def _cpu(work: Callable[[], object]) -> float:
    """Processor seconds of one `work()`: what others do on the machine does not count."""
    begun = time.process_time()
    work()
    return time.process_time() - begun
