"""The public part again: every book as published, cleared anew, fill by fill."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.audit.findings import Finding, Rank
from sunfair.audit.run import Run
from sunfair.market import (
    Clearing,
    LocalClearing,
    Offers,
    clear_mid_market_rate,
    clear_network,
    clear_uniform,
    feeder_at_gate,
)
from sunfair.model import FIRST_MEMBER, Curves, Mechanism, Session
from sunfair.units import NO_BUY, NO_SELL, STEPS_MAX

__all__ = ["Auction", "pool_offers", "recleared"]

_NULL = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Auction:
    """One slot cleared anew. Curves and fills by member, int64[n] and [n, 8]; prices None where nothing traded."""

    curves: Curves
    step_fill_wh: NDArray[np.int64]
    pool_fill_wh: NDArray[np.int64]
    price_ahead: int | None
    price_pool: int | None
    local: LocalClearing | None = None


@dataclass(frozen=True, slots=True)
class _Steps:
    """The rows of `offers.parquet` as arrays."""

    slot: NDArray[np.int64]
    pool: NDArray[np.bool_]
    member: NDArray[np.int64]
    step: NDArray[np.int64]
    energy: NDArray[np.int64]
    limit: NDArray[np.int64]
    filled: NDArray[np.int64]

    def part(self, rows: NDArray[np.int64]) -> "_Steps":
        columns = (self.slot, self.pool, self.member, self.step, self.energy, self.limit, self.filled)
        slot, pool, member, step, energy, limit, filled = (column[rows] for column in columns)
        return _Steps(slot, pool.astype(np.bool_), member, step, energy, limit, filled)  # type: ignore[arg-type]


def recleared(run: Run) -> tuple[list[Auction], list[Finding]]:
    """Every slot's auction from `offers.parquet` and the signed pool limits, and what in the files differs from it."""
    steps, found = _steps(run)
    if found:
        return [], found
    pool_buy, pool_sell = (run.grid("rows", name)[:, FIRST_MEMBER:] for name in ("pool_buy", "pool_sell"))
    pool_buy = np.where(pool_buy == _NULL, NO_BUY, pool_buy)
    pool_sell = np.where(pool_sell == _NULL, NO_SELL, pool_sell)
    leaf = run.grid("rows", "leaf")[:, FIRST_MEMBER:]
    edges = np.searchsorted(steps.slot, np.append(run.slots, run.slots[-1:] + 1))
    auctions: list[Auction] = []
    for at in range(len(run.slots)):
        part = steps.part(np.arange(edges[at], edges[at + 1]))
        auction, wrong = _slot(run, at, part, (pool_buy[at], pool_sell[at]), leaf[at])
        auctions.append(auction)
        found += wrong
    return auctions, found


def _steps(run: Run) -> tuple[_Steps, list[Finding]]:
    """`offers.parquet` as arrays, if every row of it belongs somewhere and none stands twice."""
    table = run.tables["offers"]
    numbers = [
        table[name].to_numpy().astype(np.int64)
        for name in ("slot", "account", "step", "energy_wh", "limit", "filled_wh")
    ]
    slot, account, step, energy, limit, filled = numbers
    session = np.array(table["session"].to_pylist(), dtype=object)
    pool = session == "pool"
    found: list[Finding] = []
    known = np.isin(slot, run.slots)
    # A slot that cannot be is told where the row stands: after the last row whose slot can.
    before = np.maximum.accumulate(np.where(known, np.arange(len(slot)), -1))
    near = np.where(before >= 0, slot[np.maximum(before, 0)], slot)

    def tell(rows: NDArray[np.bool_], what: str) -> None:
        found.extend(Finding(Rank.STRUCTURE, int(near[at]), int(account[at]), what) for at in np.flatnonzero(rows)[:20])

    tell(~known, "an offer for a slot that was never anchored")
    tell(~pool & (session != "ahead"), "an offer for a session that is neither ahead nor pool")
    tell((account < FIRST_MEMBER) | (account >= run.accounts), "an offer of an account that is no member")
    tell((step < 0) | (step >= STEPS_MAX) | (pool & (step != 0)), "a step number that a curve cannot have")
    tell(np.isin(slot, run.slots[run.void]), "an offer in a slot that is void")
    tell(energy == 0, "an offer of no energy")
    keys = np.stack([slot, pool.astype(np.int64), account, step], axis=1)
    _, inverse, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    tell(counts[inverse.reshape(-1)] > 1, "the same step stands twice in offers.parquet")
    if not found:
        tell(np.concatenate([np.diff(slot) < 0, [False]]), "offers.parquet is not sorted by slot")
    return _Steps(slot, pool, account - FIRST_MEMBER, step, energy, limit, filled), found


def _slot(
    run: Run, at: int, part: _Steps, pool_limits: tuple[NDArray[np.int64], NDArray[np.int64]], leaf: NDArray[np.int64]
) -> tuple[Auction, list[Finding]]:
    """One slot: the two sessions cleared in file order, compared row by row."""
    size = run.community.size
    found = _order(run, at, part, leaf)
    empty = Curves.empty(size)
    curves = Curves(empty.energy_wh, empty.limit, *pool_limits)
    step_fill, pool_fill = np.zeros_like(curves.energy_wh), np.zeros(size, np.int64)
    prices: list[int | None] = []
    local: LocalClearing | None = None
    for pool in (False, True):
        rows = np.flatnonzero(part.pool == pool)
        session = part.part(rows)
        clearing, wrong = _clear(run, at, session, pool=pool)
        found += wrong
        prices.append(clearing.price)
        if pool:
            pool_fill[session.member] = clearing.filled_wh
        else:
            curves.energy_wh[session.member, session.step] = session.energy
            curves.limit[session.member, session.step] = session.limit
            step_fill[session.member, session.step] = clearing.filled_wh
            local = clearing if isinstance(clearing, LocalClearing) else None
    auction = Auction(curves, step_fill, pool_fill, prices[0], prices[1], local)
    return auction, found + _pool_steps(run, at, part, auction) + _against_slots(run, at, auction)


def _clear(run: Run, at: int, session: _Steps, *, pool: bool) -> tuple[Clearing, list[Finding]]:
    slot = int(run.slots[at])
    try:
        offers = Offers((session.member + FIRST_MEMBER).astype(np.int32), session.energy, session.limit)
    except ValueError as error:
        member = int(session.member[np.argmax(np.maximum(np.abs(session.energy), np.abs(session.limit)))])
        nothing = Clearing(None, 0, np.zeros(len(session.energy), np.int64))
        return nothing, [Finding(Rank.STRUCTURE, slot, member + FIRST_MEMBER, str(error))]
    if run.community.mechanism is Mechanism.NETWORK and not pool:
        clearing: Clearing = _on_wires(run, at, session, offers)
    elif run.community.mechanism is Mechanism.MID_MARKET_RATE:
        tariff = {name: int(run.grid("slots", name)[at, 0]) for name in ("retail", "feed_in")}
        clearing = clear_mid_market_rate(offers, retail=tariff["retail"], feed_in=tariff["feed_in"])
    else:
        clearing = clear_uniform(offers, k=run.community.k)
    return clearing, [
        Finding(
            Rank.ROW,
            slot,
            int(session.member[bad]) + FIRST_MEMBER,
            f"filled {session.filled[bad]} Wh of step {session.step[bad]} in the "
            f"{'pool' if session.pool[bad] else 'ahead'} session; the auction gives {clearing.filled_wh[bad]} Wh",
        )
        for bad in np.flatnonzero(session.filled != clearing.filled_wh)
    ]


def _on_wires(run: Run, at: int, session: _Steps, offers: Offers) -> Clearing:
    """The ahead book on the wires again, from what the meters had shown when it closed."""
    network, phases = run.wires
    offering = np.zeros(run.community.size, np.bool_)
    offering[session.member] = True
    before = at - run.community.lead
    known = run.meters.metered_wh[before] if before >= 0 else np.zeros(run.community.size, np.int64)
    feeder = feeder_at_gate(network, phases, run.community.clock.seconds, known, offering)
    return clear_network(offers, feeder, k=run.community.k)


def _order(run: Run, at: int, part: _Steps, leaf: NDArray[np.int64]) -> list[Finding]:
    """Ahead before pool, each in leaf order and then by step; steps of a curve without a gap."""
    keys = np.lexsort((part.step, leaf[part.member], part.pool))
    slot = int(run.slots[at])
    if not np.array_equal(keys, np.arange(len(keys))):
        bad = int(np.flatnonzero(keys != np.arange(len(keys)))[0])
        account = int(part.member[bad]) + FIRST_MEMBER
        return [Finding(Rank.ROOT, slot, account, "offers.parquet is not in the slot's leaf order")]
    return []


def pool_offers(run: Run, at: int, auction: Auction) -> NDArray[np.int64]:
    """What each member offers to the pool, Wh, int64[n]: what it metered beyond its ahead trades, within its cap.

    Nothing where its reading came late or not at all, or where it trues up a gap.
    """
    if Session.POOL not in run.community.sessions or run.void[at]:
        return np.zeros(run.community.size, np.int64)
    beyond = run.meters.metered_wh[at] - auction.step_fill_wh.sum(axis=1)
    return np.where(run.meters.pools[at], np.clip(beyond, -run.caps, run.caps), 0)


def _pool_steps(run: Run, at: int, part: _Steps, auction: Auction) -> list[Finding]:
    """The pool's step of an account is what it metered beyond its ahead trades, at the limit it signed."""
    due = pool_offers(run, at, auction)
    limit = np.where(due > 0, auction.curves.pool_buy, auction.curves.pool_sell)
    due = np.where((limit == NO_BUY) | (limit == NO_SELL), 0, due)
    have, at_limit = np.zeros_like(due), limit.copy()
    rows = np.flatnonzero(part.pool)
    have[part.member[rows]], at_limit[part.member[rows]] = part.energy[rows], part.limit[rows]
    slot = int(run.slots[at])
    return [
        Finding(
            Rank.ROW,
            slot,
            int(bad) + FIRST_MEMBER,
            f"offered {have[bad]} Wh at {at_limit[bad]} µ/kWh in the pool; metered minus ahead is {due[bad]} Wh "
            f"at its signed {limit[bad]} µ/kWh",
        )
        for bad in np.flatnonzero((have != due) | ((due != 0) & (at_limit != limit)))
    ]


def _against_slots(run: Run, at: int, auction: Auction) -> list[Finding]:
    """Prices and volumes of `slots.parquet`, and each row's traded energy."""
    slot = int(run.slots[at])
    table = run.tables["slots"]
    ahead = auction.step_fill_wh.sum(axis=1)
    due = {
        "price_ahead": auction.price_ahead,
        "price_pool": auction.price_pool,
        "volume_ahead_wh": int(np.maximum(ahead, 0).sum()),
        "volume_pool_wh": int(np.maximum(auction.pool_fill_wh, 0).sum()),
    }
    found = [
        Finding(Rank.SLOT, slot, 0, f"{name} is {table[name][at].as_py()}; the offers clear at {value}")
        for name, value in due.items()
        if table[name][at].as_py() != value
    ]
    for name, fills in (("traded_ahead_wh", ahead), ("traded_pool_wh", auction.pool_fill_wh)):
        stated = run.grid("rows", name)[at]
        expected = np.concatenate([np.zeros(FIRST_MEMBER, np.int64), fills])
        found += [
            Finding(Rank.ROW, slot, int(bad), f"{name} is {stated[bad]}; its fills sum to {expected[bad]}")
            for bad in np.flatnonzero(stated != expected)
        ]
    return found
