"""What a run tells of its community plants: earned as the rows say, forwarded whole, divided by the shares on chain.

Of a plant that shares by key: what the utility owes for it, and what of that it paid, on chain.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.app.plant_book import PlantBook, PlantShare, note_arrears, plant_flows
from sunfair.audit.findings import Finding, Rank
from sunfair.audit.money import Money
from sunfair.audit.roots import part_of, whole_rows
from sunfair.audit.run import Run
from sunfair.files import read_plant_tables
from sunfair.model import FIRST_MEMBER, UTILITY, Plant
from sunfair.ports import PlantRecord, Settled
from sunfair.settlement import PeriodRows, Tree, period_leaf
from sunfair.units import BPS

__all__ = ["plant_faults"]

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Held:
    """A plant of the run: what the community says of it, what the chain does, its books."""

    book: PlantBook
    chain: PlantRecord

    @property
    def account(self) -> int:
        """The plant's account in the market."""
        return self.book.account

    @property
    def plant(self) -> Plant:
        """What the community says of it."""
        return self.book.plant


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
    held = [_held(run, account, plant) for account, plant in plants]
    stand = [one for one in held if isinstance(one, _Held)]
    if len(stand) < len(held):
        yield from (one for one in held if isinstance(one, Finding))
        return
    periods, lines, wrong = _worked_out(run, whole_rows(run, money), stand, settled)
    yield from wrong
    for one in stand:
        yield from _reached(run, one, [row for row in periods if row["account"] == one.account])
    yield from _paid_out(run, stand, lines)
    stated, bills = tables
    yield from _differ("plant.parquet", stated, periods, ("period", "account"))
    yield from _differ("plant_bills.parquet", bills, lines, ("period", "plant", "account"))


def _held(run: Run, account: int, plant: Plant) -> _Held | Finding:
    """The plant's contract, whose document names the market, the account, its owner and its meter point."""
    found = [one for one in run.chain.plants if one.account == account]
    if len(found) != 1:
        what = f"{len(found)} contracts of this plant stand on chain, not one"
        return Finding(Rank.CHAIN, int(run.slots[-1]), account, what)
    number = {member.id: at for at, member in enumerate(run.community.members, FIRST_MEMBER)}
    return _Held(PlantBook(plant, account, tuple(number[name] for name in plant.holders)), found[0])


def _worked_out(
    run: Run, rows: PeriodRows, plants: list[_Held], settled: list[Settled]
) -> tuple[Rows, Rows, list[Finding]]:
    """What both tables must say, period by period, and seats on chain that are not the community's."""
    periods: Rows = []
    holders: Rows = []
    wrong: list[Finding] = []
    debts: dict[int, int] = {}
    divided = dict.fromkeys((held.account for held in plants), 0)
    for record in settled:
        part = _slots(run, record)
        mine = part_of(rows, part)
        if any(held.plant.shares_output for held in plants):
            note_arrears(debts, _moved(run, part, "arrears"))
        retail, feed_in = (run.grid("slots", name)[part, 0] for name in ("retail", "feed_in"))
        flows = plant_flows(mine, retail, feed_in, run.community.clock)
        for held in plants:
            shares = held.plant.shares_on(run.community.clock.date_of(int(mine.slots[0])))
            seats, strange = _seats(run, held, shares, divided[held.account])
            wrong += strange
            told, flows = held.book.period(mine, flows, shares, seats, debts)
            divided[held.account] += told.income > 0
            periods.append(_period(run, held, told, record, mine))
            holders += _lines(periods[-1], told)
    return periods, holders, wrong


def _seats(run: Run, held: _Held, shares_bps: tuple[int, ...], incomes: int) -> tuple[list[int], list[Finding]]:
    """The holders' seats when an income was divided, and those that are not what the community says, in full."""
    on_chain, last = held.chain.seats_at(incomes), int(run.slots[-1])
    seats = [on_chain.pop(run.chain.owners[holder], 0) for holder in held.book.holders]
    supply = sum(held.chain.shares.values())
    found = [
        Finding(Rank.CHAIN, last, holder, f"holds {seat} of {supply} shares on chain, not {bps} bps")
        for holder, seat, bps in zip(held.book.holders, seats, shares_bps, strict=True)
        if seat * BPS != bps * supply
    ]
    if strangers := sum(on_chain.values()):
        what = f"{strangers} of {supply} shares are held on chain by nobody whom the community names"
        found.append(Finding(Rank.CHAIN, last, held.account, what))
    return seats, found


def _period(run: Run, held: _Held, told: PlantShare, record: Settled, rows: PeriodRows) -> dict[str, Any]:
    """A row of `plant.parquet`."""
    names = "generation_wh", "shared_wh", "surplus_wh", "shared_income", "earned", "forwarded", "supply"
    first, last = int(rows.slots[0]), int(rows.slots[-1])
    return {
        "period": record.period,
        "first_slot": first,
        "last_slot": last,
        "account": held.account,
        **{name: getattr(told, name) for name in names},
        "contract": held.chain.address,
        "point": held.chain.point,
        "accumulator": told.accumulator.to_bytes(32, "big"),
        "period_root": record.period_root,
        "leaf": _leaf(run, rows, held.account, record),
    }


def _lines(of: dict[str, Any], told: PlantShare) -> Rows:
    """Holders' rows of `plant_bills.parquet`; a holder's agent claims all that is due."""
    place = {"period": of["period"], "last_slot": of["last_slot"], "plant": of["account"]}
    names = "account", "shares", "due", "shared_wh", "credit", "paid"
    return [{**place, **{name: getattr(one, name) for name in names}, "claimed": one.due} for one in told.holders]


def _slots(run: Run, record: Settled) -> slice:
    """The run's slots that a settlement covers."""
    anchors = [one for one in run.chain.anchors if record.period <= one.period < record.period + record.periods]
    start = int(np.searchsorted(run.slots, anchors[0].first_slot))
    return slice(start, start + sum(one.slots for one in anchors))


def _moved(run: Run, part: slice, kind: str) -> NDArray[np.int64]:
    """A period's transfers of a kind by account, int64[m], µ: they stand at its last slot."""
    total = np.zeros(run.accounts, np.int64)
    for row in run.tables["transfers"].to_pylist():
        if row["kind"] == kind and row["slot"] == run.slots[part.stop - 1] and 0 <= row["account"] < run.accounts:
            total[row["account"]] += row["amount"]
    return total


def _leaf(run: Run, rows: PeriodRows, account: int, record: Settled) -> bytes:
    """The plant's leaf under the period root, from its rows, the amount on chain and its transfers."""
    part = _slots(run, record)
    arrears, cover = (int(_moved(run, part, kind)[account]) for kind in ("arrears", "cover"))
    return period_leaf(account, record.amounts[account], arrears, cover, Tree(rows.leaves(account)).root)


def _reached(run: Run, held: _Held, periods: Rows) -> Iterator[Finding]:
    """What reached the contract: of the agent what the rows earned, of the utility what it took for shared energy."""
    last, chain = int(run.slots[-1]), held.chain
    whole = tuple(total for row in periods if (total := row["forwarded"] + (row["shared_income"] or 0)))
    if whole != chain.incomes:
        what = f"{sum(chain.incomes)} µ reached the plant's contract on chain; its rows earned {sum(whole)} µ"
        yield Finding(Rank.CHAIN, last, held.account, what)
    due, utility = sum(row["shared_income"] or 0 for row in periods), run.chain.owners[UTILITY]
    sent = chain.received.get(utility, 0)
    if held.plant.shares_output and sent != due:
        what = f"the utility sent {sent} µ to the plant's contract; for shared energy {due} µ are due"
        yield Finding(Rank.CHAIN, last, UTILITY, what)


def _paid_out(run: Run, plants: list[_Held], lines: Rows) -> Iterator[Finding]:
    """What left each contract to each holder, and what the utility sent each of them, whatever for."""
    last, credited, paid = int(run.slots[-1]), dict[int, int](), dict[int, int]()
    for held in plants:
        for holder in held.book.holders:
            owner = run.chain.owners[holder]
            mine = [row for row in lines if (row["plant"], row["account"]) == (held.account, holder)]
            due = sum(row["claimed"] for row in mine)
            if due != held.chain.claimed.get(owner, 0):
                what = f"{held.chain.claimed.get(owner, 0)} µ were claimed on chain; {due} µ are due to its shares"
                yield Finding(Rank.CHAIN, last, holder, what)
            credited[holder] = credited.get(holder, 0) + sum(row["paid"] or 0 for row in mine)
            paid[holder] = max(paid.get(holder, 0), held.chain.credited.get(owner, 0))
    if any(held.plant.shares_output for held in plants):
        for holder, due in credited.items():
            if due != paid[holder]:
                what = f"the utility sent {paid[holder]} µ on chain; for shared energy {due} µ are due"
                yield Finding(Rank.CHAIN, last, holder, what)


def _differ(name: str, stated: Rows, due: Rows, keys: tuple[str, ...]) -> Iterator[Finding]:
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
