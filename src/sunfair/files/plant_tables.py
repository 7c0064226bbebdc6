"""``plant.parquet`` and ``plant_bills.parquet``: what community plants earned, and each holder's line of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sunfair.files.run_folder import read_table

__all__ = ["PLANT", "PLANT_BILLS", "read_plant_tables", "write_plants"]


def _schema(whole: str, hashes: str = "", empty: str = "") -> pa.Schema:
    """Integers, 32-byte words and integers that may be empty, by name, in this order."""
    names = [(name, pa.int64(), False) for name in whole.split()] + [(n, pa.binary(), False) for n in hashes.split()]
    names += [(name, pa.int64(), True) for name in empty.split()]
    return pa.schema([pa.field(name, kind, nullable=nullable) for name, kind, nullable in names])


PLANT = _schema(
    "period first_slot last_slot account generation_wh earned forwarded supply",
    "contract point accumulator period_root leaf",
    "shared_wh surplus_wh shared_income",
)
"""A row per plant and applied period."""

PLANT_BILLS = _schema("period last_slot plant account shares due claimed", empty="shared_wh credit paid")
"""A row per holder of a plant and applied period."""


def write_plants(folder: Path, periods: Iterable[object], holders: Iterable[object]) -> None:
    """Write both tables, in order; no file without any plant."""
    rows = list(periods)
    if rows:
        for name, schema, lines in (("plant", PLANT, rows), ("plant_bills", PLANT_BILLS, list(holders))):
            arrays = [pa.array([getattr(line, field.name) for line in lines], field.type) for field in schema]
            pq.write_table(pa.table(arrays, schema=schema), folder / f"{name}.parquet")


def read_plant_tables(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]] | None:
    """Both tables as they are, None where their columns are others. RunFilesError if one is absent or no Parquet."""
    plant, bills = read_table(folder, "plant"), read_table(folder, "plant_bills")
    if not plant.schema.equals(PLANT) or not bills.schema.equals(PLANT_BILLS):
        return None
    return plant.to_pylist(), bills.to_pylist()
