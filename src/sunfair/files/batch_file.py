"""Batch files of utilities and suppliers: CSV or Parquet, read in blocks, never as a whole."""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from sunfair.errors import Fault, InputError
from sunfair.ports.batch import RawBlock
from sunfair.registry.register import LineFault

__all__ = ["BLOCK_ROWS", "CsvBatch", "ParquetBatch", "open_batch"]

BLOCK_ROWS = 10_000
"""Rows of a block: what is lost, at most, when a process dies."""


def open_batch(path: Path) -> "CsvBatch | ParquetBatch":
    """A batch file by its ending; InputError if there is none, or if it is of another kind."""
    if not path.is_file():
        raise InputError(f"{path} cannot be read", [Fault("file", "is not there", "name a .csv or .parquet file")])
    if path.suffix.lower() == ".csv":
        return CsvBatch(path)
    if path.suffix.lower() == ".parquet":
        return ParquetBatch(path)
    raise InputError(f"{path} cannot be read", [Fault("ending", f"is {path.suffix!r}", "give .csv or .parquet")])


class CsvBatch:
    """A CSV file in UTF-8 with a head line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.digest = _digest(path)
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            self.columns = _head(path, next(csv.reader(file), []))

    def blocks(self, skip: int) -> Iterator[RawBlock]:
        """Its rows behind the first `skip`, each with the line of the file it ends on."""
        with self._path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file)
            next(reader)
            read = 0
            for _ in islice(_rows(reader), skip):
                read += 1
            while block := list(islice(_rows(reader), BLOCK_ROWS)):
                read += len(block)
                yield self._block(read, block)

    def _block(self, read: int, rows: Sequence[tuple[int, list[str]]]) -> RawBlock:
        width = len(self.columns)
        whole = [(line, row) for line, row in rows if len(row) == width]
        faults = [
            LineFault(line, "line", f"has {len(row)} fields, the head has {width}", "look for a comma or a quote")
            for line, row in rows
            if len(row) != width
        ]
        columns = {name: [row[at] for _, row in whole] for at, name in enumerate(self.columns)}
        return RawBlock(read, [line for line, _ in whole], columns, faults)


class ParquetBatch:
    """A Parquet file; its rows are numbered from 1."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{path} cannot be read", [Fault("file", "is no Parquet", str(error))]) from error
        self.digest = _digest(path)
        self.columns = _head(path, self._file.schema_arrow.names)

    def blocks(self, skip: int) -> Iterator[RawBlock]:
        """Its rows behind the first `skip`. What is no text is written as text, null as nothing."""
        read = 0
        for batch in self._file.iter_batches(BLOCK_ROWS):
            first = read
            read += len(batch)
            if read <= skip:
                continue
            begin = max(skip - first, 0)
            columns = {
                name: ["" if value is None else str(value) for value in batch.column(name).to_pylist()[begin:]]
                for name in self.columns
            }
            yield RawBlock(read, range(first + begin + 1, read + 1), columns)


class _Reader(Protocol):
    """What `csv.reader` gives."""

    line_num: int

    def __next__(self) -> list[str]: ...


def _rows(reader: _Reader) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not empty; one that is no CSV becomes a row without fields."""
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = [""] * 1_000
        if row:
            yield reader.line_num, row


def _head(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    columns = tuple(name.strip() for name in names)
    if not columns or len(set(columns)) < len(columns):
        fault = Fault("head", "names no column, or one twice", "the first line names each column once")
        raise InputError(f"{path} cannot be read", [fault])
    return columns


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
