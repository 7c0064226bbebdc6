"""Where the book was cleared on the wires: the price each home traded at, and what it had of the price differences."""

from typing import Any

import numpy as np

from sunfair.model import FIRST_MEMBER
from sunfair.report.day import Day, packed
from sunfair.report.run import Run
from sunfair.settlement import SlotTerms, wires_share

__all__ = ["local_day"]


def local_day(run: Run, day: Day, homes: int) -> dict[str, Any] | None:
    """`price` by home and slot, µ/kWh, null without trade; `share` of each home by slot, µ. None without wires."""
    if not (run.folder / "local_prices.parquet").is_file():
        return None
    table = run.table("local_prices", ["slot", "account", "phase", "price"], day.span)
    prices = np.full((day.span.length, run.homes), -(2**63), np.int64)
    first = int(run.slot[day.span.start])
    # One of three phases has the mean over them, at which it trades, as its last row.
    for slot, account, price in zip(*(table[name].to_pylist() for name in ("slot", "account", "price")), strict=True):
        prices[slot - first, account - FIRST_MEMBER] = price
    traded = run.ints("rows", ["traded_ahead_wh"], day.span)["traded_ahead_wh"]
    held = prices[:, 0] != -(2**63)
    shares = [
        wires_share(SlotTerms(None, None, 0, 0, run.community.fees, (0,) * FIRST_MEMBER + tuple(own.tolist())), wh)
        if there
        else 0
        for there, own, wh in zip(held, prices, traded, strict=True)
    ]
    columns = prices.T[:homes].tolist()
    return {
        "price": [packed([None if price == -(2**63) else price for price in column]) for column in columns],
        "share": packed(shares),
    }
