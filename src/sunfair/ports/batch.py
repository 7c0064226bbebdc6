"""Files of many lines, read in blocks so that memory does not grow with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sunfair.registry.register import LineFault

__all__ = ["BatchSource", "RawBlock"]


@dataclass(frozen=True, slots=True)
class RawBlock:
    """Some lines of a file as they stand there.

    rows   : rows read up to and including this block, those with faults counted
    lines  : the line of each row that has all its fields
    columns: texts by column, as long as `lines`
    faults : rows that have too many or too few fields
    """

    rows: int
    lines: Sequence[int]
    columns: Mapping[str, Sequence[str]]
    faults: Sequence[LineFault] = ()


class BatchSource(Protocol):
    """One file. `digest` is its SHA-256, by which it is known again; `columns` stand in its head."""

    digest: bytes
    columns: tuple[str, ...]

    def blocks(self, skip: int) -> Iterator[RawBlock]:
        """Its rows behind the first `skip`."""
        ...
