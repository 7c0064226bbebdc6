"""Use case *register points*: a batch file's lines become points, each fault is kept with its line, nothing is twice.

A block of lines and how far the file has come are kept in one transaction, so a process that dies at any moment goes on
with the next block; its points carry one root in the end.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.ports import Clock
from sunfair.ports.batch import BatchSource, RawBlock
from sunfair.ports.registry import ImportProgress, RegisterStore
from sunfair.registry import SCHEMES, Fuel, InvalidMeterPoint, MeterKey, Rule, identify, nullifier, parse
from sunfair.registry import validate_many as validate
from sunfair.registry.assets import Asset, asset_mark
from sunfair.registry.batch_tree import CHUNK, batch_leaves, batch_of
from sunfair.registry.records import FIELDS, NONCE, record_key, seal_record, seal_text
from sunfair.registry.register import LineFault, NewPoint, Role
from sunfair.registry.switching import Sector

__all__ = ["COLUMNS", "Draw", "PointReader", "ReadBlock", "check_columns", "dry_run", "make_batch", "register_file"]

Draw = Callable[[int], bytes]
"""So many unpredictable bytes."""

ReadBlock = tuple[int, list[NewPoint], list[LineFault]]
"""Rows of a file read so far, and what a block of them holds."""
ReadBlocks = Callable[[Iterable[RawBlock]], Iterator[ReadBlock]]
"""Reads blocks in their order."""

COLUMNS = ("country", "fuel", "id", "sector", "owner", "supplier", "device", "import_wh", "export_wh", "installed")
"""Columns with a meaning; every field of a record may stand beside them. `installed` is since when the meter of this
`serial` hangs there, ISO 8601 with offset."""

_KNOWN = frozenset(COLUMNS)
_NOBODY = bytes(20)
_ADDRESS_CHARACTERS = 42


@dataclass(frozen=True, slots=True)
class PointReader:
    """Makes points of lines.

    secret    : 32 bytes of the registrars
    draw      : chance
    suppliers : addresses by name
    defaults  : values of columns that the file lacks, such as country and fuel
    """

    secret: bytes
    draw: Draw
    suppliers: Mapping[str, bytes]
    defaults: Mapping[str, str]

    def read(self, block: RawBlock) -> tuple[list[NewPoint], list[LineFault]]:
        """The points of a block, and what is wrong with its other lines."""
        count = len(block.lines)
        columns = {**{name: [text] * count for name, text in self.defaults.items()}, **block.columns}
        verdicts = _verdicts(columns, count)
        names = list(columns)
        points, faults, seen = list[NewPoint](), list(block.faults), dict[bytes, int]()
        rows = zip(block.lines, verdicts.tolist(), zip(*columns.values(), strict=True), strict=True)
        for line, verdict, values in rows:
            made = self._point(line, verdict, dict(zip(names, values, strict=True)))
            if isinstance(made, NewPoint) and made.id in seen:
                made = [LineFault(line, "id", f"stands on line {seen[made.id]} already", "a point is entered once")]
            if isinstance(made, NewPoint) and made.asset and made.asset.mark in seen:
                before = f"stands on line {seen[made.asset.mark]} already"
                made = [LineFault(line, "serial", before, "a meter hangs at one point; write its maker before it")]
            if isinstance(made, NewPoint):
                seen[made.id] = line
                if made.asset:
                    seen[made.asset.mark] = line
                points.append(made)
            else:
                faults += made
        return points, faults

    def read_block(self, block: RawBlock) -> "ReadBlock":
        """Rows read up to a block, and what `read` makes of it."""
        return (block.rows, *self.read(block))

    def _point(self, line: int, verdict: int, row: dict[str, str]) -> NewPoint | list[LineFault]:
        values, faults = self._values(line, row)
        country, fuel, text = row["country"], row["fuel"], row["id"]
        try:
            if verdict:
                parse(country, fuel, text)
                raise InvalidMeterPoint("the two readers of a scheme disagree", rule=Rule(verdict))
            scheme = SCHEMES.get((country, fuel))
            short = scheme is not None and scheme.short(text)
            key = MeterKey(country, scheme.fuel, text) if scheme and short else parse(country, fuel, text).key
        except InputError as error:
            broken = error.faults or (Fault("id", error.headline),)
            return [*(LineFault(line, f"id, {fault.place}", fault.what, fault.mend) for fault in broken), *faults]
        return faults or self._made(line, key, row, values)

    def _made(self, line: int, key: MeterKey, row: Mapping[str, str], values: "_Values") -> NewPoint:
        drawn = self.draw(32 + 2 * NONCE)
        salt = drawn[:32]
        committed, point = identify(key, salt, self.secret)
        fields = {name: text for name, text in row.items() if text and name not in _KNOWN}
        fields["id"] = key.id
        sealed = seal_record(
            fields,
            point=point,
            key=record_key(self.secret, salt),
            nonces=(drawn[32 : 32 + NONCE], drawn[32 + NONCE :]),
        )
        return NewPoint(
            id=point,
            commitment=committed,
            salt=salt,
            meter=key,
            sector=values.sector,
            owner=values.owner,
            supplier=values.supplier,
            device=values.device,
            registers=values.registers,
            record=sealed,
            place=line,
            asset=self._asset(point, salt, values) if values.installed else None,
        )

    def _asset(self, point: bytes, salt: bytes, values: "_Values") -> Asset | None:
        """The meter that hangs there, with the registers that its device began with."""
        if values.installed is None:
            return None
        key, nonce = record_key(self.secret, salt), self.draw(NONCE)
        sealed = seal_text(values.serial, "serial", point=point, key=key, nonce=nonce)
        mark = asset_mark(values.serial, self.secret)
        return Asset(point, mark, sealed, values.installed, values.registers, values.installed)

    def _values(self, line: int, row: Mapping[str, str]) -> tuple["_Values", list[LineFault]]:
        faults = list[LineFault]()
        sector = row.get("sector", "") or "domestic"
        if sector not in ("domestic", "business"):
            faults.append(LineFault(line, "sector", f"is {sector!r}", "domestic or business"))
        found = {name: _address(line, name, row.get(name, ""), faults) for name in ("owner", "device")}
        supplier = row.get("supplier", "")
        if supplier and supplier not in self.suppliers:
            faults.append(LineFault(line, "supplier", f"{supplier!r} is no supplier here", "register it first"))
        registers = [_register(line, name, row.get(name, ""), faults) for name in ("import_wh", "export_wh")]
        known = _Values(
            Sector.BUSINESS if sector == "business" else Sector.DOMESTIC,
            found["owner"] or _NOBODY,
            self.suppliers.get(supplier),
            found["device"],
            (registers[0], registers[1]),
            *_installed(line, row, faults),
        )
        return known, faults


@dataclass(frozen=True, slots=True)
class _Values:
    """What a line says besides the identifier."""

    sector: Sector
    owner: bytes
    supplier: bytes | None
    device: bytes | None
    registers: tuple[int, int]
    serial: str = ""
    installed: datetime | None = None


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
    for rows, points, faults in read(blocks) if read else map(reader.read_block, blocks):
        good = _of_one_fuel(points, faults, reader, store)
        progress = store.put_points(good, faults, replace(progress, rows_done=rows), clock.now())
        yield progress


def dry_run(source: BatchSource, reader: PointReader, store: RegisterStore) -> Iterator[tuple[int, list[LineFault]]]:
    """What is wrong with a file, block by block, and nothing is kept; yields rows read and faults.

    Duplicates within the file come last: 16 bytes a line are held for them.
    """
    check_columns(source.columns, reader.defaults)
    marks, lines, rows = list[NDArray[np.int64]](), list[NDArray[np.int64]](), 0
    for block in source.blocks(0):
        points, faults = reader.read(block)
        points = _of_one_fuel(points, faults, reader, store)
        held = store.held([point.id for point in points])
        again = "the register holds this point already"
        faults += [LineFault(point.place, "id", again) for point in points if point.id in held]
        hung = store.hanging([point.asset.mark for point in points if point.asset])
        elsewhere = "a meter of this number hangs at another point"
        faults += [LineFault(p.place, "serial", elsewhere) for p in points if p.asset and p.asset.mark in hung]
        marks.append(np.array([int.from_bytes(point.id[:7]) for point in points], np.int64))
        lines.append(np.array([point.place for point in points], np.int64))
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


def _of_one_fuel(
    points: list[NewPoint], faults: list[LineFault], reader: PointReader, store: RegisterStore
) -> list[NewPoint]:
    """The points that do not stand in the register under the other fuel; where identifiers tell the fuel, all."""
    own = {point.id for point in points}
    twins = {nullifier(twin, reader.secret): p for p in points if (twin := _other_fuel(p.meter)) is not None}
    held = store.held(list(twins)) if twins else set[bytes]()
    wrong = {twins[twin].id for twin in twins if twin in held or twin in own}
    again = "stands in the register, or in this file, under the other fuel"
    faults += [LineFault(p.place, "fuel", again, "look up which fuel it is") for p in points if p.id in wrong]
    return [point for point in points if point.id not in wrong]


def _other_fuel(key: MeterKey) -> MeterKey | None:
    """The key under the other fuel, where both fuels have one scheme."""
    other: Fuel = "gas" if key.fuel == "electricity" else "electricity"
    schemes = SCHEMES.get((key.country, key.fuel)), SCHEMES.get((key.country, other))
    one = all(schemes) and len({scheme.name for scheme in schemes if scheme}) == 1
    return MeterKey(key.country, other, key.id) if one else None


def _repeated(mark: NDArray[np.int64], lines: Sequence[NDArray[np.int64]]) -> list[LineFault]:
    """Lines whose point stands on an earlier line in another block; `lines` rise from mark to mark."""
    order = np.argsort(mark, kind="stable")
    mark = mark[order]
    again = 1 + np.flatnonzero(mark[1:] == mark[:-1])
    first = np.searchsorted(mark, mark[again])
    line = np.concatenate(lines)
    pairs = sorted(zip(line[order[again]].tolist(), line[order[first]].tolist(), strict=True))
    return [LineFault(again, "id", f"stands on line {one} already", "a point is entered once") for again, one in pairs]


def _verdicts(columns: Mapping[str, Sequence[str]], count: int) -> NDArray[np.uint8]:
    """The rule each identifier breaks, whole columns at a time; a line without a scheme is left to the parser."""
    verdicts = np.zeros(count, np.uint8)
    kinds = list(zip(columns["country"], columns["fuel"], strict=True))
    for country, fuel in Counter(kinds):
        if (country, fuel) in SCHEMES:
            places = [at for at, kind in enumerate(kinds) if kind == (country, fuel)]
            verdicts[places] = validate(country, fuel, [columns["id"][at] for at in places])
    return verdicts


def _address(line: int, name: str, text: str, faults: list[LineFault]) -> bytes | None:
    if not text:
        return None
    try:
        if len(text) == _ADDRESS_CHARACTERS and text.startswith("0x"):
            return bytes.fromhex(text[2:])
    except ValueError:
        pass
    faults.append(LineFault(line, name, f"{text!r} is no address", "0x and 40 hexadecimal digits"))
    return None


def _installed(line: int, row: Mapping[str, str], faults: list[LineFault]) -> tuple[str, datetime | None]:
    """Serial number of a meter and since when it hangs there; nothing where the file does not say since when."""
    text = row.get("installed", "")
    if not text:
        return "", None
    serial = row.get("serial", "").strip(" ")
    try:
        at = datetime.fromisoformat(text)
        asset_mark(serial, bytes(32))
    except InputError as error:
        faults += [LineFault(line, fault.place, fault.what, fault.mend) for fault in error.faults]
        return "", None
    except ValueError:
        at = datetime.min
    if at.tzinfo is None:
        mend = "ISO 8601, e.g. 2026-06-15T00:00Z"
        faults.append(LineFault(line, "installed", f"{text!r} is no instant with an offset", mend))
        return "", None
    return serial, at


def _register(line: int, name: str, text: str, faults: list[LineFault]) -> int:
    if text and not (text.isascii() and text.isdigit() and int(text) < 2**63):
        faults.append(LineFault(line, name, f"{text!r} is no register", "whole Wh, not negative"))
        return 0
    return int(text or 0)
