"""Use case *register points*: a batch file's lines become points, each fault is kept with its line, nothing is twice.

A block of lines and how far the file has come are kept in one transaction, so a process that dies at any moment goes on
with the next block; its points carry one root in the end.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sunfair.app.point_reader import COLUMNS, PointReader, ReadBlock
from sunfair.errors import Fault, InputError
from sunfair.ports import Clock
from sunfair.ports.batch import BatchSource, RawBlock
from sunfair.ports.registry import ImportProgress, RegisterStore
from sunfair.registry import SCHEMES
from sunfair.registry.batch_tree import CHUNK, batch_leaves, batch_of
from sunfair.registry.records import FIELDS
from sunfair.registry.register import LineFault, NewPoints, Role

__all__ = ["ReadBlocks", "check_columns", "dry_run", "make_batch", "register_file"]

ReadBlocks = Callable[[Iterable[RawBlock]], Iterator[ReadBlock]]
"""Reads blocks in their order."""


def check_columns(columns: Sequence[str], defaults: Mapping[str, str]) -> None:
    """Whether a file can be read at all; InputError names every column that is missing or unknown."""
    known = {*COLUMNS, *FIELDS}
    faults = [
        Fault(f"column {name}", "is missing", "name it in the head, or give it for the whole file")
        for name in ("country", "fuel", "id")
        if name not in columns and name not in defaults
    ]
    faults += [
        Fault(f"column {name}", "is not known", f"known are {', '.join(sorted(known))}")
        for name in columns
        if name not in known
    ]
    scheme = defaults.get("country"), defaults.get("fuel")
    if None not in scheme and scheme not in SCHEMES:
        faults.append(Fault("country, fuel", f"{scheme} has no scheme of identifiers"))
    if faults:
        raise InputError("this file holds no points that can be registered", faults)


def register_file(
    source: BatchSource, reader: PointReader, store: RegisterStore, clock: Clock, *, read: ReadBlocks | None = None
) -> Iterator[ImportProgress]:
    """Take in a file from where it stopped, block by block; yields how far it has come after each.

    `read` may read blocks elsewhere, some at a time, in their order; None: here, one by one.
    """
    check_columns(source.columns, reader.defaults)
    progress = store.progress(source.digest)
    yield progress
    if progress.finished:
        return
    blocks = source.blocks(progress.rows_done)
    for block in read(blocks) if read else map(reader.read, blocks):
        points, faults = _of_one_fuel(block, store)
        progress = store.put_points(points, faults, replace(progress, rows_done=block.rows), clock.now())
        yield progress


def dry_run(
    source: BatchSource, reader: PointReader, store: RegisterStore, *, read: ReadBlocks | None = None
) -> Iterator[tuple[int, list[LineFault]]]:
    """What is wrong with a file, block by block, and nothing is kept; yields rows read and faults.

    Duplicates within the file come last: 16 bytes a line are held for them. `read` as in `register_file`.
    """
    check_columns(source.columns, reader.defaults)
    marks, lines, rows = list[NDArray[np.int64]](), list[NDArray[np.int64]](), 0
    blocks = source.blocks(0)
    for block in read(blocks) if read else map(reader.read, blocks):
        points, faults = _of_one_fuel(block, store)
        held = store.held(points.id_list())
        again = "the register holds this point already"
        places = zip(points.id_list(), points.places.tolist(), strict=True)
        faults += [LineFault(place, "id", again) for point, place in places if point in held]
        faults += _elsewhere(points, store)
        marks.append(points.ids[:, :8].copy().view(">i8").ravel() >> 8)
        lines.append(points.places)
        rows = block.rows
        yield rows, faults
    if marks:
        mark = np.concatenate(marks)
        marks.clear()  # of a long file every copy counts
        yield rows, _repeated(mark, lines)


def make_batch(source: bytes, store: RegisterStore, registrar: bytes, clock: Clock) -> int | None:
    """One root over all points of a file that has been read to its end; its number, None if it has no points."""
    progress = store.progress(source)
    if progress.finished or not progress.points:
        return None
    if not any(party.address == registrar and Role.REGISTRAR in party.roles for party in store.parties()):
        raise InputError("this batch cannot be made", [Fault("registrar", "is not registered as one")])
    starts = _Starts()
    batch = batch_of(batch_leaves(pairs[:, :32], pairs[:, 32:]) for pairs in starts.noted(store.leaves(source)))
    return store.put_batch(source, batch, np.array(starts.places, np.int64), registrar, clock.now())


class _Starts:
    """The place of every subtree's first point, noted while the points go by."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self._count = 0

    def noted(self, blocks: Iterable[tuple[NDArray[np.uint8], NDArray[np.int64]]]) -> Iterator[NDArray[np.uint8]]:
        """The blocks without their places."""
        for pairs, places in blocks:
            self.places += places[-self._count % CHUNK :: CHUNK].tolist()
            self._count += len(places)
            yield pairs


def _of_one_fuel(block: ReadBlock, store: RegisterStore) -> tuple[NewPoints, list[LineFault]]:
    """The points that do not stand in the register under the other fuel, and the block's faults with theirs."""
    points, faults = block.points, list(block.faults)
    if not block.twins:
        return points, faults
    own, held = set(points.id_list()), store.held(list(block.twins))
    wrong = {at for twin, at in block.twins.items() if twin in held or twin in own}
    again = "stands in the register, or in this file, under the other fuel"
    places = points.places.tolist()
    faults += [LineFault(places[at], "fuel", again, "look up which fuel it is") for at in sorted(wrong)]
    return points.only(np.array([at not in wrong for at in range(len(points))], np.bool_)), faults


def _elsewhere(points: NewPoints, store: RegisterStore) -> list[LineFault]:
    """Faults of lines whose meter hangs at another point."""
    hung = store.hanging([asset.mark for asset in points.assets])
    if not hung:
        return []
    places = dict(zip(points.id_list(), points.places.tolist(), strict=True))
    what = "a meter of this number hangs at another point"
    return [LineFault(places[asset.point], "serial", what) for asset in points.assets if asset.mark in hung]


def _repeated(mark: NDArray[np.int64], lines: Sequence[NDArray[np.int64]]) -> list[LineFault]:
    """Lines whose point stands on an earlier line in another block; `lines` rise from mark to mark."""
    order = np.argsort(mark, kind="stable")
    mark = mark[order]
    again = 1 + np.flatnonzero(mark[1:] == mark[:-1])
    first = np.searchsorted(mark, mark[again])
    line = np.concatenate(lines)
    pairs = sorted(zip(line[order[again]].tolist(), line[order[first]].tolist(), strict=True))
    return [LineFault(again, "id", f"stands on line {one} already", "a point is entered once") for again, one in pairs]
