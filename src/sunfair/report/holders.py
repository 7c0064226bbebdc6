"""Community plants of the page: what each earned and shared, every holder's part, and what a browser proves it with."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow.parquet as pq

from sunfair.commons import forward, owed_of
from sunfair.model import FIRST_MEMBER, UTILITY, Plant
from sunfair.ports import ChainRecord, PlantRecord
from sunfair.report.day import Day, packed
from sunfair.report.run import Run

__all__ = ["plant_list"]

_SUMS = "generation_wh", "shared_wh", "surplus_wh", "earned", "forwarded", "shared_income"
_PARTS = "due", "claimed", "shared_wh", "credit", "paid"

Rows = list[dict[str, Any]]


def plant_list(run: Run, day: Day | None, chain: ChainRecord | None) -> list[dict[str, Any]]:
    """The plants in account order; numbers as in `plant.parquet` and `plant_bills.parquet`, long ones as hex texts.

    `whole` and `parts` are sums over the run, `day` what the shown day's lines follow from, None where it is not
    applied; `chain` what stands there. Nothing where no plant was forwarded anything.
    """
    if not (run.has("plant") and run.has("plant_bills")):
        return []
    periods, lines = (pq.read_table(run.folder / f"{name}.parquet").to_pylist() for name in ("plant", "plant_bills"))
    found = []
    for account, member in enumerate(run.community.members, FIRST_MEMBER):
        if member.plant is None:
            continue
        own = [row for row in periods if row["account"] == account]
        holders = [_account(run, name) for name in member.plant.holders]
        parts = [[row for row in lines if (row["plant"], row["account"]) == (account, one)] for one in holders]
        contract = own[0]["contract"] if own else b""
        record = next((one for one in chain.plants if one.address == contract), None) if chain else None
        found.append(
            {
                "account": account,
                "id": member.id,
                "key": member.plant.key,
                "price": member.plant.price,
                "contract": contract.hex(),
                "point": own[0]["point"].hex() if own else "",
                "holders": holders,
                "whole": {name: _sum(own, name) for name in _SUMS},
                "parts": [{name: _sum(part, name) for name in _PARTS} for part in parts],
                "day": None if day is None else _day(run, day, member.plant, own, parts),
                "chain": None if chain is None or record is None else _on_chain(chain, record, account, holders),
            }
        )
    return found


def _account(run: Run, name: str) -> int:
    return FIRST_MEMBER + [member.id for member in run.community.members].index(name)


def _sum(rows: Rows, name: str) -> int | None:
    """A column's sum; None where it is empty throughout."""
    values = [row[name] for row in rows if row[name] is not None]
    return sum(values) if values else None


def _day(run: Run, day: Day, plant: Plant, own: Rows, parts: Sequence[Rows]) -> dict[str, Any] | None:
    """What the lines of the shown day follow from: its own numbers, and how the books stood before it."""
    last = int(run.slot[day.span.stop - 1])
    at = next((place for place, row in enumerate(own) if row["last_slot"] == last), None)
    if at is None:
        return None
    row, first = own[at], int(run.slot[day.span.start])
    accumulators = [int.from_bytes(one["accumulator"], "big") for one in own]
    carried = 0
    for earlier in own[:at]:
        _, carried = forward(carried, earlier["earned"])
    clock = run.community.clock
    return {
        **{name: row[name] for name in _SUMS},
        "whole_day": row["first_slot"] == first,
        "carried": carried,
        "supply": row["supply"],
        "before": hex(accumulators[at - 1] if at else 0),
        "accumulator": hex(accumulators[at]),
        "shares": list(plant.shares_on(day.civil)),
        "ranking": [plant.holders.index(name) for name in plant.ranking],
        "table": [list(hour) for hour in plant.table],
        "values": list(plant.values),
        "hours": packed([clock.local(slot).hour for slot in run.slot[day.span.places].tolist()]),
        "lines": [_line(part[: at + 1], accumulators) for part in parts],
        "debts": _debts(run, own[:at], parts, at),
    }


def _line(part: Rows, accumulators: Sequence[int]) -> dict[str, Any]:
    """A holder's line, and what its seat was owed before, 2⁻⁶⁴ µ."""
    owed = 0
    for place, row in enumerate(part[:-1]):
        owed = owed_of(owed, row["shares"], accumulators[place - 1] if place else 0, accumulators[place])
    return {**{name: part[-1][name] for name in ("shares", *_PARTS)}, "owed": hex(owed)}


def _debts(run: Run, earlier: Rows, parts: Sequence[Rows], at: int) -> list[int]:
    """What each holder's arrears of the days before leave to be made good, µ ≤ 0, by this plant's credits alone."""
    moved = run.table("transfers", ["slot", "account", "kind", "amount"]).to_pylist()
    debts = []
    for part in parts:
        debt = 0
        for place, row in enumerate(part[:at]):
            first, last = earlier[place]["first_slot"], earlier[place]["last_slot"]
            debt -= _arrears(moved, row["account"], first, last)
            _, debt = forward(debt, row["credit"] or 0)
        debts.append(debt)
    return debts


def _arrears(moved: Sequence[Mapping[str, Any]], account: int, first: int, last: int) -> int:
    mine = (row for row in moved if row["kind"] == "arrears" and row["account"] == account)
    return sum(row["amount"] for row in mine if first <= row["slot"] <= last)


def _on_chain(chain: ChainRecord, record: PlantRecord, account: int, holders: Sequence[int]) -> dict[str, Any]:
    """What reached the contract, by whom, and what left it; what the utility sent to holders."""
    owners = chain.owners
    return {
        "income": sum(record.incomes),
        "from_agent": record.received.get(owners[account], 0),
        "from_utility": record.received.get(owners[UTILITY], 0),
        "claimed": [record.claimed.get(owners[one], 0) for one in holders],
        "credited": [record.credited.get(owners[one], 0) for one in holders],
    }
