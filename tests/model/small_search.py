"""The operator's moves in `small_period`, and the search over them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from small_auction import Sums
from small_period import Lies, World, clipped, harmed, honest_view, publish, reasons


def moves(world: World) -> list[tuple[tuple[Any, ...], Any]]:
    """Single lies, and a friend's free choices (curve, limits), each as (what, value)."""
    true = publish(world)
    out: list[tuple[tuple[Any, ...], Any]] = []
    for i in world.members:
        row, leaf = true.rows[i], true.leaves[i]
        if i in world.friends:
            out += [(("curve", i), step) for step in (*world.steps, (-4, 1), (4, 3), (4, 4), (-4, 0))]
            out += [(("pool limits", i), limits) for limits in world.limits]
        else:
            out += [(("curve", i), step) for step in ((-1, 0), (1, 1), (2, 4))] + [(("withhold", i), True)]
            out += [(("pool limits", i), limits) for limits in world.limits[1:2]]
        out += [(("owner", i), other) for other in (None, *world.members) if other != i]
        out += [(("result curve", i), step) for step in (None, (1, 3), (-1, 1))]
        out += [(("metered", i), row["metered"] + d) for d in (-2, -1, 1, 2)]
        out += [(("pool_wh", i), clipped(row["metered"] - row["ahead"]) + d) for d in (-2, -1, 1, 2)]
        for session, name in ((0, "ahead"), (1, "pool")):
            out += [(("fill", session, i), row[name] + d) for d in (-2, -1, 1, 2)]
            out += [((f"row {name}", i), row[name] + d) for d in (-1, 1)]
        out += [(("place", i), (row["place"] + 1) % len(world.members))]
        out += [(("paid", i), row["paid"] + d) for d in (-20, -10, 10, 20)]
        out += [(("claims", i), row["claims"] + d) for d in (-20, 20)]
        for what in ("arrears", "cover"):
            out += [((what, i), leaf[what] + d) for d in (-20, 10, 20)]
        for what in ("leaf amount", "amount"):
            out += [((what, i), leaf["amount"] + d) for d in (-20, -10, 10, 20)]
    for session in (0, 1):
        out += [(("price", session), true.prices[session] + d) for d in (-2, -1, 1, 2)]
        for name in Sums.__slots__:
            out += [(("sum", session, name), getattr(true.sums[session], name) + d) for d in (-1, 1, 2)]
    out += [(("retail",), world.retail + d) for d in (-1, 1)] + [(("feed_in",), world.feed_in + d) for d in (-1, 1)]
    out += [(("ghost",), step) for step in ((-2, 0), (-2, 1), (2, 4))] + [(("ghost pool",), q) for q in (-2, 2)]
    for who in ("network", "reserve", "guarantor", "utility"):
        out += [(("amount", who), true.amounts[who] + d) for d in (-20, 20)]
    out += [(("cover sum",), true.cover + d) for d in (-20, 20)]
    return [(what, value) for what, value in out if value != getattr(true, "none", object())]


@dataclass(frozen=True, slots=True)
class Found:
    """A strategy, the checks that fire, and what the honest end with; only of strategies that harm."""

    lies: Lies
    reasons: frozenset[str]
    view: tuple[int, ...]


def strategies(world: World, stride: int = 1, deep: int = 0, seed: int = 1) -> Iterator[Lies]:
    """Every single move, every `stride`-th pair, and `deep` random sets of three to five."""
    every = moves(world)
    for move in every:
        yield dict([move])
    chance = random.Random(seed)
    start = chance.randrange(stride)
    for pair in islice(combinations(every, 2), start, None, stride):
        if pair[0][0] != pair[1][0]:
            yield dict(pair)
    for _ in range(deep):
        yield dict(chance.sample(every, chance.randint(3, 5)))


def harmful(world: World, tried: Iterator[Lies]) -> list[Found]:
    """Those of the strategies that harm an honest party, with what refutes them."""
    found = []
    for lies in tried:
        out = publish(world, lies)
        if harmed(world, out):
            found.append(Found(lies, reasons(world, out), honest_view(world, out)))
    return found


def undetected(found: list[Found], on: frozenset[str]) -> list[Found]:
    """Harm that none of the checks `on` sees, simplest first."""
    return sorted((f for f in found if not f.reasons & on), key=lambda f: (len(f.lies), str(f.lies)))
