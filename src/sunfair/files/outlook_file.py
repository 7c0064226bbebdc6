"""What a site expects, for the charge points that follow it: a CSV file, or the market's figures in a run's folder."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from sunfair.errors import Fault, InputError
from sunfair.files.run_folder import read_table
from sunfair.ports.charge_points import Outlook

__all__ = ["read_outlook", "run_outlook"]

_MOST = 10**12
_HOUR_S = 3_600


def read_outlook(path: Path) -> list[Outlook]:
    """The lines of a CSV file with `start` (ISO 8601 with offset), `surplus_w` and `price` (µ/kWh); InputError with
    every fault.
    """
    try:
        with path.open(newline="", encoding="utf-8") as opened:
            lines = list(csv.DictReader(opened))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError("the outlook cannot be read", [Fault(str(path), why, "a CSV file")]) from error
    faults, rows = [], []
    for at, line in enumerate(lines, start=2):
        try:
            rows.append(_row(line))
        except (KeyError, ValueError, TypeError) as error:
            what = f"has no {error}" if isinstance(error, KeyError) else str(error)
            faults.append(Fault(f"line {at}", what, "start (ISO 8601 with offset), surplus_w, price in µ/kWh"))
    if faults or not rows:
        raise InputError("the outlook cannot be used", faults or [Fault(str(path), "has no lines")])
    return rows


def _row(line: Mapping[str, Any]) -> Outlook:
    begin = datetime.fromisoformat(line["start"])
    if begin.tzinfo is None:
        raise ValueError("start has no offset from UTC")
    row = Outlook(begin, int(line["surplus_w"]), int(line["price"]))
    if not (0 <= row.surplus_w <= _MOST and abs(row.price) <= _MOST):
        raise ValueError("surplus_w is negative, or a number is out of all range")
    return row


def run_outlook(folder: Path, member: str, begin: datetime | None = None) -> list[Outlook]:
    """What a run's market and a member's roof say of each slot: what the roof gives beyond the member's own use, and
    what a kWh costs, by the day-ahead auction, else the pool, else retail.

    member : its id in the community; begin : when the run's first slot is to be, the run's own time if None
    InputError if the run has no such member, or lacks a table.
    """
    people = read_table(folder, "members").to_pydict()
    accounts = dict(zip(people["id"], people["account"], strict=True))
    if member not in accounts:
        known = ", ".join(sorted(accounts)[:5])
        raise InputError("the run has no such member", [Fault("--account", f"is {member!r}", f"{known} … are")])
    slots = read_table(folder, "slots").sort_by("slot").to_pydict()
    plans = read_table(folder, "plans")
    plans = plans.filter(pc.equal(plans["account"], accounts[member])).to_pydict()
    left_wh = {
        slot: max(pv - load, 0) for slot, pv, load in zip(plans["slot"], plans["pv_wh"], plans["load_wh"], strict=True)
    }
    starts = [start.replace(tzinfo=start.tzinfo or UTC).astimezone(UTC) for start in slots["start"]]
    if len(starts) < 2:
        raise InputError("the run is too short", [Fault(str(folder), f"has {len(starts)} slots", "two at least")])
    seconds, move = (starts[1] - starts[0]).total_seconds(), (begin or starts[0]) - starts[0]
    prices = zip(slots["price_ahead"], slots["price_pool"], slots["retail"], strict=True)
    costs = [next(price for price in each if price is not None) for each in prices]
    return [
        Outlook(start + move, round(left_wh.get(slot, 0) * _HOUR_S / seconds), cost)
        for start, slot, cost in zip(starts, slots["slot"], costs, strict=True)
    ]
