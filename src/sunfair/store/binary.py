"""COPY's binary format (PostgreSQL manual, COPY, "Binary Format"): rows written without a step for each value.

Integers are big-endian; before a row stands the number of its fields, before a field its size in bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fixed_rows", "instant", "rows_of", "sized"]

_HEAD, _TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def instant(at: datetime) -> int:
    """A `timestamptz`: microseconds since 2000."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def fixed_rows(count: int, columns: Sequence[NDArray[Any]]) -> bytes:
    """`count` rows whose fields have one width each, column by column.

    A column of `bytea` or `text` is uint8[count, width], one of numbers int16 or int64[count]; with 1 for count it is
    the same for all rows.
    """
    wide = [column.astype(column.dtype.newbyteorder(">")) for column in columns]
    parts: list[Any] = [("fields", ">i2")]
    for at, column in enumerate(wide):
        parts += [(f"size {at}", ">i4"), (f"value {at}", column.dtype, column.shape[1:])]
    rows = np.empty(count, np.dtype(parts))
    rows["fields"] = len(wide)
    for at, column in enumerate(wide):
        rows[f"size {at}"] = rows.dtype[f"value {at}"].itemsize
        rows[f"value {at}"] = column
    return _HEAD + rows.tobytes() + _TAIL


def rows_of(fields: int, rows: Iterable[bytes]) -> bytes:
    """Rows of any width; each is its `sized` fields one after another."""
    head = fields.to_bytes(2, "big")
    return _HEAD + b"".join([head + row for row in rows]) + _TAIL


def sized(value: bytes) -> bytes:
    """A field behind its size."""
    return len(value).to_bytes(4, "big") + value
