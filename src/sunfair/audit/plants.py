"""What a run tells of its community plants: earned as the rows say, forwarded whole, divided by the shares on chain."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sunfair.audit.findings import Finding, Rank
from sunfair.audit.money import Money
from sunfair.audit.roots import part_of, whole_rows
from sunfair.audit.run import Run
from sunfair.chain.plant_office import plant_document
from sunfair.commons import Key, credits_of, divided, due_of, forward
from sunfair.files import read_plant_tables
from sunfair.model import FIRST_MEMBER, Plant
from sunfair.ports import PlantRecord, Settled
from sunfair.settlement import PeriodRows, Tree, period_leaf
from sunfair.units import BPS

__all__ = ["plant_faults"]


@dataclass(frozen=True, slots=True)
class _Held:
    """A plant of the run: its account, what the community says of it, what the chain does."""

    account: int
    plant: Plant
    holders: tuple[int, ...]
    chain: PlantRecord
    seats: tuple[int, ...]


def plant_faults(run: Run, money: Money) -> Iterator[Finding]:
    """Every line of `plant.parquet` and `plant_bills.parquet` against rows and chain; nothing without a plant."""
    plants = [(at, one.plant) for at, one in enumerate(run.community.members, FIRST_MEMBER) if one.plant is not None]
    settled = [record for record in run.chain.settlements if record.applied and not record.cancelled]
    if not plants or not settled:
        return
    tables = read_plant_tables(run.folder)
    if tables is None:
        yield Finding(Rank.STRUCTURE, int(run.slots[0]), 0, "plant.parquet or plant_bills.parquet has other columns")
        return
    stated, bills = tables
    due: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    rows = whole_rows(run, money)
    for account, plant in plants:
        held = _held(run, account, plant)
        if isinstance(held, Finding):
            yield held
            return
        periods, holders = _worked_out(run, rows, held, settled)
        due, lines = due + periods, lines + holders
        yield from _on_chain(run, held, periods, bills)
    yield from _differ("plant.parquet", stated, due, ("period", "account"))
    yield from _differ("plant_bills.parquet", bills, lines, ("period", "plant", "account"))


def _held(run: Run, account: int, plant: Plant) -> _Held | Finding:
    """The plant's contract, named by the market, the account and its owner."""
    owner = run.chain.owners[account]
    document = plant_document(run.chain.market, account, owner)
    found = [one for one in run.chain.plants if (one.organiser, one.document) == (owner, document)]
    last = int(run.slots[-1])
    if len(found) != 1:
        return Finding(Rank.CHAIN, last, account, f"{len(found)} contracts of this plant stand on chain, not one")
    number = {member.id: at for at, member in enumerate(run.community.members, FIRST_MEMBER)}
    holders = tuple(number[name] for name in plant.holders)
    seats = tuple(found[0].shares.get(run.chain.owners[holder], 0) for holder in holders)
    supply = sum(found[0].shares.values())
    for holder, seat, bps in zip(holders, seats, plant.shares_bps, strict=True):
        if seat * BPS != bps * supply:
            return Finding(Rank.CHAIN, last, holder, f"holds {seat} of {supply} shares on chain, not {bps} bps")
    return _Held(account, plant, holders, found[0], seats)


def _worked_out(
    run: Run, rows: PeriodRows, held: _Held, settled: list[Settled]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What both tables must say of a plant."""
    periods: list[dict[str, Any]] = []
    holders: list[dict[str, Any]] = []
    carried = accumulator = 0
    for record in settled:
        part = _slots(run, record)
        earned = int(rows.paid[part, held.account].sum())
        sent, carried = forward(carried, earned)
        before, accumulator = accumulator, divided(accumulator, sent, sum(held.seats))
        shared, worth = _told(run, rows, held, part)
        generation = int(np.maximum(-rows.metered_wh[part, held.account], 0).sum())
        total = None if shared is None else sum(shared)
        periods.append(
            {
                "period": record.period,
                "first_slot": int(run.slots[part.start]),
                "last_slot": int(run.slots[part.stop - 1]),
                "account": held.account,
                "generation_wh": generation,
                "earned": earned,
                "forwarded": sent,
                "supply": sum(held.seats),
                "contract": held.chain.address,
                "accumulator": accumulator.to_bytes(32, "big"),
                "period_root": record.period_root,
                "leaf": _leaf(run, rows, held.account, record, part),
                "shared_wh": total,
                "surplus_wh": None if total is None else generation - total,
            }
        )
        for at, (holder, seat) in enumerate(zip(held.holders, held.seats, strict=True)):
            due = due_of(seat, accumulator) - due_of(seat, before)
            keyed = (None, None) if shared is None or worth is None else (shared[at], worth[at])
            holders.append(_line(periods[-1], holder, seat, due, keyed))
    return periods, holders


def _line(
    of: Mapping[str, Any], holder: int, seat: int, due: int, keyed: tuple[int | None, int | None]
) -> dict[str, Any]:
    """A holder's line; a holder's agent claims all that is due."""
    names = "period", "last_slot", "plant", "account", "shares", "due", "claimed", "shared_wh", "credit"
    values = of["period"], of["last_slot"], of["account"], holder, seat, due, due, *keyed
    return dict(zip(names, values, strict=True))


def _slots(run: Run, record: Settled) -> slice:
    """The run's slots that a settlement covers."""
    anchors = [one for one in run.chain.anchors if record.period <= one.period < record.period + record.periods]
    start = int(np.searchsorted(run.slots, anchors[0].first_slot))
    return slice(start, start + sum(one.slots for one in anchors))


def _told(run: Run, rows: PeriodRows, held: _Held, part: slice) -> tuple[list[int] | None, list[int] | None]:
    """Wh and µ of each holder by the plant's key."""
    if not held.plant.key:
        return None, None
    retail: NDArray[np.int64] = run.grid("slots", "retail")[part, 0]
    metered, shares = rows.metered_wh[part], held.plant.shares_bps
    shared, worth = credits_of(cast(Key, held.plant.key), metered, held.account, held.holders, shares, retail)
    return shared.shared_wh.sum(axis=0).tolist(), worth.tolist()


def _leaf(run: Run, rows: PeriodRows, account: int, record: Settled, part: slice) -> bytes:
    """The plant's leaf under the period root, from its rows, the amount on chain and its transfers."""
    moved = dict.fromkeys(("arrears", "cover"), 0)
    for row in run.tables["transfers"].to_pylist():
        if row["account"] == account and row["slot"] == run.slots[part.stop - 1] and row["kind"] in moved:
            moved[row["kind"]] += row["amount"]
    root = Tree(part_of(rows, part).leaves(account)).root
    return period_leaf(account, record.amounts[account], moved["arrears"], moved["cover"], root)


def _on_chain(run: Run, held: _Held, periods: list[dict[str, Any]], bills: list[dict[str, Any]]) -> Iterator[Finding]:
    """What reached the contract, and what left it to each holder."""
    last = int(run.slots[-1])
    sent = tuple(row["forwarded"] for row in periods if row["forwarded"])
    if sent != held.chain.incomes:
        what = f"{sum(held.chain.incomes)} µ reached the plant's contract on chain; its rows earned {sum(sent)} µ"
        yield Finding(Rank.CHAIN, last, held.account, what)
    for holder in held.holders:
        told = sum(row["claimed"] for row in bills if (row["plant"], row["account"]) == (held.account, holder))
        paid = held.chain.claimed[run.chain.owners[holder]]
        if told != paid:
            what = f"plant_bills.parquet tells {told} µ claimed; on chain {paid} µ were paid"
            yield Finding(Rank.CHAIN, last, holder, what)


def _differ(
    name: str, stated: list[dict[str, Any]], due: list[dict[str, Any]], keys: tuple[str, ...]
) -> Iterator[Finding]:
    """Rows that are missing, double or strange, and numbers that are others."""
    order = {tuple(row[key] for key in keys): row for row in due}
    seen = set[tuple[int, ...]]()
    for row in stated:
        key = tuple(row[part] for part in keys)
        if key in seen or key not in order:
            what = f"{name} has a row {'for the second time' if key in seen else 'that belongs to no holder or period'}"
            yield Finding(Rank.STRUCTURE, row["last_slot"], row["account"], what)
            continue
        seen.add(key)
        for column, value in order[key].items():
            if row[column] != value:
                shown = [one.hex() if isinstance(one, bytes) else one for one in (row[column], value)]
                what = f"{name}: {column} is {shown[0]}; rows and shares give {shown[1]}"
                yield Finding(Rank.ROW, order[key]["last_slot"], row["account"], what)
    for key, row in order.items():
        if key not in seen:
            yield Finding(Rank.STRUCTURE, row["last_slot"], row["account"], f"no row in {name}")
