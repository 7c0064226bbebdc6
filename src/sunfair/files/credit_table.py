"""``credit.parquet``: how the credit of prepaid homes went during a run, a row per home and look."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["CREDIT", "read_credit", "write_credit"]

CREDIT = pa.schema(
    [
        pa.field("slot", pa.int64(), nullable=False),
        pa.field("account", pa.int32(), nullable=False),
        pa.field("balance", pa.int64(), nullable=False),
        pa.field("due", pa.int64(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        pa.field("top_up", pa.int64(), nullable=False),
        pa.field("refused", pa.string(), nullable=False),
        pa.field("notice", pa.string(), nullable=False),
    ]
)
"""What was seen before the gate of each slot: money in µ; `top_up` is what was asked for."""


def write_credit(folder: Path, looks: Iterable[Mapping[str, Any]]) -> None:
    """Write the looks, in order; no file without any."""
    rows = list(looks)
    if rows:
        arrays = [pa.array([row[field.name] for row in rows], field.type) for field in CREDIT]
        pq.write_table(pa.table(arrays, schema=CREDIT), folder / "credit.parquet")


def read_credit(folder: Path) -> list[dict[str, Any]] | None:
    """The looks of a run, in order; None where it has no such file."""
    path = folder / "credit.parquet"
    return pq.read_table(path, schema=CREDIT).to_pylist() if path.is_file() else None
