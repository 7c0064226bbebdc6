"""`sunfair bench clearing`: how fast the uniform auction clears, beside the same rules in plain Python, run now."""

import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sunfair.market import Offers, clear_uniform, clear_uniform_many

__all__ = ["PUBLISHED", "bench_clearing"]

PUBLISHED: tuple[dict[str, Any], ...] = (
    {"peer": "lemlab", "steps": 10**4, "seconds": 0.12},
    {"peer": "ASSUME", "steps": 10**4, "seconds": 2.3},
    {"peer": "simply", "steps": 10**4, "seconds": 7.4},
    {"peer": "gsy pay-as-clear", "steps": 10**4, "seconds": 8.4, "memory_mb": 672},
    {"peer": "lemlab", "steps": 10**6, "seconds": 14.9},
)
"""Open peers clearing one slot, measured on 2 cores. At 10⁶ orders all but lemlab timed out."""

SOURCE = "design page market.md, “Speed to reach”: each peer's own code, one slot, 2 cores"

MEMORY_TARGET_MB = 500

Report = Callable[[str], None]


def bench_clearing(progress: Report | None = None) -> dict[str, Any]:
    """Measure clearing on this machine; some seconds. `progress` is told what comes next.

    Returns plain JSON values: ``cases`` (seconds, best of several runs on one thread, and the target), ``memory``
    (peak of the arrays of 10⁶ steps, offers included, MB = 10⁶ bytes), ``reference`` (the page's rules as a
    sort-and-loop in plain Python in the same run, and how many times faster the product is), ``published``.
    """
    tell = progress or (lambda _: None)
    cases = [
        _case("one slot of a street", 400, 1, 0.0003, tell),
        _case("10⁴ steps, one book", 10**4, 1, 0.005, tell),
        _case("10⁶ steps, one book", 10**6, 1, 0.5, tell),
        _case("5,000 books of 200 steps", 10**6, 5_000, 1.0, tell),
    ]
    return {
        "bench": "clearing",
        "cases": cases,
        "memory": _memory(tell),
        "reference": [_reference(10**4, tell), _reference(10**5, tell)],
        "published": {"source": SOURCE, "peers": [dict(peer) for peer in PUBLISHED]},
    }


def _offers(steps: int) -> Offers:
    """Random households: 1 … 5,000 Wh to buy or sell at 8 … 32 ct in steps of 1 µ, the same on every run."""
    chance = np.random.default_rng(7)
    energy = chance.integers(1, 5_000, steps) * chance.choice([-1, 1], steps)
    return Offers(np.arange(steps), energy, chance.integers(80_000, 320_000, steps))


def _case(name: str, steps: int, books: int, target: float, tell: Report) -> dict[str, Any]:
    """Clear `steps` steps in `books` equal books; seconds of one call."""
    tell(name)
    offers, start = _offers(steps), np.linspace(0, steps, books + 1).astype(np.int64)
    work = (lambda: clear_uniform(offers)) if books == 1 else (lambda: clear_uniform_many(offers, start))
    seconds = _best(work, times=max(1, 10**5 // steps))
    return {
        "case": name,
        "steps": steps,
        "books": books,
        "seconds": seconds,
        "steps_per_second": round(steps / seconds),
        "target_seconds": target,
        "reached": seconds < target,
    }


def _best(work: Callable[[], object], *, times: int = 1, rounds: int = 5) -> float:
    """Seconds of one `work()`: the best mean of `times` runs out of some rounds."""
    means = []
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(times):
            work()
        means.append((time.perf_counter() - begun) / times)
    return min(means)


def _memory(tell: Report) -> dict[str, Any]:
    """Peak memory of making and clearing 10⁶ steps, in one book and in 5,000."""
    tell("memory of 10⁶ steps")
    tracemalloc.start()
    try:
        offers = _offers(10**6)
        clear_uniform(offers)
        clear_uniform_many(offers, np.arange(0, 10**6 + 1, 200))
        peak = tracemalloc.get_traced_memory()[1] / 10**6
    finally:
        tracemalloc.stop()
    return {
        "steps": 10**6,
        "peak_mb": round(peak, 1),
        "target_mb": MEMORY_TARGET_MB,
        "reached": peak < MEMORY_TARGET_MB,
    }


def _reference(steps: int, tell: Report) -> dict[str, Any]:
    """The same book by the product and by the plain loop: seconds of both, and whether they agree to the Wh."""
    tell(f"{steps:,} steps in plain Python")
    offers = _offers(steps)
    energy, limit = offers.energy_wh.tolist(), offers.limit.tolist()
    product = clear_uniform(offers)
    agrees = _sort_and_loop(energy, limit) == (product.price, product.volume_wh, product.filled_wh.tolist())
    seconds = _best(lambda: clear_uniform(offers), times=max(1, 10**5 // steps))
    plain = _best(lambda: _sort_and_loop(energy, limit), rounds=3)
    return {
        "case": "sort-and-loop in plain Python, the same rules",
        "steps": steps,
        "seconds": plain,
        "product_seconds": seconds,
        "times_faster": round(plain / seconds, 1),
        "agrees": agrees,
    }


def _sort_and_loop(energy: Sequence[int], limit: Sequence[int]) -> tuple[int | None, int, list[int]]:
    """Price (k = 1/2), volume and fills as anyone would first write them down."""
    buys = sorted((i for i, wh in enumerate(energy) if wh > 0), key=lambda i: -limit[i])
    sells = sorted((i for i, wh in enumerate(energy) if wh < 0), key=lambda i: limit[i])
    volume = b = s = into_buy = into_sell = 0
    while b < len(buys) and s < len(sells) and limit[buys[b]] >= limit[sells[s]]:
        last_buy, last_sell = buys[b], sells[s]
        traded = min(energy[last_buy] - into_buy, -energy[last_sell] - into_sell)
        volume, into_buy, into_sell = volume + traded, into_buy + traded, into_sell + traded
        if into_buy == energy[last_buy]:
            b, into_buy = b + 1, 0
        if into_sell == -energy[last_sell]:
            s, into_sell = s + 1, 0
    filled = [0] * len(energy)
    if volume == 0:
        return None, 0, filled
    low = max(limit[last_sell], limit[buys[b]]) if b < len(buys) else limit[last_sell]
    high = min(limit[last_buy], limit[sells[s]]) if s < len(sells) else limit[last_buy]
    price = low + (high - low) // 2
    for side, sign in ((buys, 1), (sells, -1)):
        _fill_side(side, sign, energy, [(each - price) * sign for each in limit], volume, filled)
    return price, volume, filled


def _fill_side(
    side: Sequence[int], sign: int, energy: Sequence[int], inside: Sequence[int], volume: int, filled: list[int]
) -> None:
    """Write one side's fills: in full where the limit is inside the price, pro rata where it is the price."""
    left = volume
    for i in side:
        if inside[i] > 0:
            filled[i] = energy[i]
            left -= abs(energy[i])
    at = sorted(i for i in side if inside[i] == 0)
    total = sum(abs(energy[i]) for i in at)
    spare = left
    for i in at:
        share = abs(energy[i]) * left // total
        filled[i] = sign * share
        spare -= share
    for i in sorted(at, key=lambda i: -(abs(energy[i]) * left % total))[:spare]:
        filled[i] += sign
