"""``neighbours.parquet``: which Wh of a run's trades are told as whose, a row per slot, session, seller and buyer."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["NEIGHBOURS", "read_neighbours", "write_neighbours"]

NEIGHBOURS = pa.schema(
    [
        pa.field("slot", pa.int64(), nullable=False),
        pa.field("session", pa.string(), nullable=False),
        pa.field("seller", pa.int32(), nullable=False),
        pa.field("buyer", pa.int32(), nullable=False),
        pa.field("energy_wh", pa.int64(), nullable=False),
        pa.field("repaid", pa.int64(), nullable=True),
    ]
)
"""`repaid` is what the seller gave back for a gift, µ; null where it was none."""


def write_neighbours(folder: Path, trades: Iterable[Mapping[str, Any]]) -> None:
    """Write the trades, by slot, session, seller and buyer."""
    rows = sorted(
        trades, key=lambda row: (row["slot"], row["session"], row["seller"], row["buyer"], row["repaid"] is None)
    )
    arrays = [pa.array([row[field.name] for row in rows], field.type) for field in NEIGHBOURS]
    pq.write_table(pa.table(arrays, schema=NEIGHBOURS), folder / "neighbours.parquet", compression="zstd")


def read_neighbours(folder: Path) -> pa.Table | None:
    """The trades of a run; None where it has no such file."""
    path = folder / "neighbours.parquet"
    return pq.read_table(path, schema=NEIGHBOURS) if path.is_file() else None
