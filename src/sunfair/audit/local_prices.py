"""The prices on the wires again: `local_prices.parquet` against the books cleared anew."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sunfair.audit.auction import Auction
from sunfair.audit.findings import Finding, Rank
from sunfair.audit.run import Run
from sunfair.files.run_tables import local_columns
from sunfair.files.schema import SCHEMAS
from sunfair.model import Phase

__all__ = ["local_price_faults"]

_SHOWN = 20


def local_price_faults(run: Run, auctions: list[Auction]) -> Iterator[Finding]:
    """Rows of prices that are missing, strange or false; nothing where the run's book was not cleared on wires."""
    if "local_prices" not in run.tables:
        return
    stated, (_, phases) = run.tables["local_prices"], run.wires
    first = int(run.slots[0]) if len(run.slots) else 0
    due = _table(run, auctions, phases)
    keys = ("slot", "account", "phase")
    if any(stated[name].to_pylist() != due[name].to_pylist() for name in keys):
        have, want = (list(zip(*(table[name].to_pylist() for name in keys), strict=True)) for table in (stated, due))
        strange = sorted(set(have) ^ set(want), key=str) or [
            next(h for h, w in zip(have, want, strict=False) if h != w)
        ]
        for slot, account, phase in strange[:_SHOWN]:
            known = (slot, account, phase) in set(want)
            what = (
                f"local_prices.parquet, phase {phase}: {'missing or out of order' if known else 'no such price is due'}"
            )
            yield Finding(Rank.STRUCTURE, first if slot is None else slot, account or 0, what)
        return
    for name in ("price", "energy", "losses", "voltage", "congestion"):
        have, want = (table[name].to_numpy() for table in (stated, due))
        for at in np.flatnonzero(have != want)[:_SHOWN].tolist():
            slot, account, phase = (due[key][at].as_py() for key in keys)
            what = f"local price, phase {phase}: {name} is {have[at]} µ/kWh; the book on the wires gives {want[at]}"
            yield Finding(Rank.ROW, slot, account, what)


def _table(run: Run, auctions: list[Auction], phases: tuple[Phase, ...]) -> pa.Table:
    """What `local_prices.parquet` is due to hold."""
    schema = SCHEMAS["local_prices"]
    columns: dict[str, list[object]] = {name: [] for name in schema.names}
    for slot, void, auction in zip(run.slots.tolist(), run.void.tolist(), auctions, strict=True):
        local = None if void or auction.local is None else auction.local.local
        for name, values in local_columns(slot, local, phases).items():
            columns[name] += list(values)
    return pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)
