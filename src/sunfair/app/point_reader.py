"""Lines of a batch file become points. Columns are read as a whole: of millions of lines none is handled by itself."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.ports.batch import RawBlock
from sunfair.registry import FUELS, SCHEMES, Fuel, InvalidMeterPoint, MeterKey, Rule, identify_many, nullifier, parse
from sunfair.registry import validate_many as validate
from sunfair.registry.assets import Asset, asset_mark
from sunfair.registry.records import FIELDS, NONCE, Visibility, record_keys, seal_records, seal_text
from sunfair.registry.register import LineFault, NewPoints
from sunfair.registry.switching import Sector

__all__ = ["COLUMNS", "Draw", "PointReader", "ReadBlock"]

Draw = Callable[[int], bytes]
"""So many unpredictable bytes."""

COLUMNS = ("country", "fuel", "id", "sector", "owner", "supplier", "device", "import_wh", "export_wh", "installed")
"""Columns with a meaning; every field of a record may stand beside them. `installed` is since when the meter of this
`serial` hangs there, ISO 8601 with offset."""

_KNOWN = frozenset(COLUMNS)
_NOBODY = bytes(20)
_SALT, _ADDRESS, _ADDRESS_CHARACTERS = 32, 20, 42
_SECTORS = {"": Sector.DOMESTIC, "domestic": Sector.DOMESTIC, "business": Sector.BUSINESS}
_FUEL_NUMBERS = {fuel: number for number, fuel in enumerate(FUELS, 1)}
_TWO_FUELS = frozenset(
    (scheme.country, scheme.fuel)
    for scheme in SCHEMES.values()
    if len({SCHEMES[scheme.country, fuel].name for fuel in FUELS if (scheme.country, fuel) in SCHEMES}) == 1
    and all((scheme.country, fuel) in SCHEMES for fuel in FUELS)
)
"""Countries and fuels whose identifiers do not tell the fuel."""
_NO_SCHEME = 255
"""Verdict on a line whose country and fuel are none: its parser says so."""

A = TypeVar("A")
B = TypeVar("B")
Columns = Mapping[str, Sequence[str]]
LineFaults = dict[int, list[LineFault]]
"""Faults by the place of their line in the block."""
_Meter = tuple[str, datetime]
"""A serial number, and since when it hangs there."""


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """What a block of a file holds.

    rows   : rows of the file read so far
    points : of its lines that are in order
    faults : of the others
    twins  : where both fuels have one scheme, a point's number under the other fuel → its place in `points`
    """

    rows: int
    points: NewPoints
    faults: list[LineFault]
    twins: Mapping[bytes, int]


@dataclass(frozen=True, slots=True)
class _Values:
    """What the lines of a block say besides identifiers and records."""

    sectors: Sequence[int]
    owners: Sequence[bytes]
    suppliers: Sequence[bytes]
    devices: Sequence[bytes]
    registers: tuple[Sequence[int], Sequence[int]]
    meters: Sequence[_Meter | None]


@dataclass(slots=True)
class _Named:
    """Lines of a block, by their places in it, with what identifies their points; columns of one length."""

    at: Sequence[int]
    kinds: Sequence[tuple[str, Fuel]]
    ids: Sequence[str]
    salts: Sequence[bytes]
    commitments: Sequence[bytes]
    points: Sequence[bytes]

    def without(self, places: Collection[int]) -> "_Named":
        """The lines that do not stand at these places."""
        kept = [at not in places for at in self.at]

        def those(column: Sequence[A]) -> Sequence[A]:
            return list(compress(column, kept))

        salts, committed, points = those(self.salts), those(self.commitments), those(self.points)
        return _Named(those(self.at), those(self.kinds), those(self.ids), salts, committed, points)


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

    def read(self, block: RawBlock) -> ReadBlock:
        """The points of a block, and what is wrong with its other lines."""
        count = len(block.lines)
        columns = {**{name: [text] * count for name, text in self.defaults.items()}, **block.columns}
        wrong: LineFaults = {}
        _check_ids(columns, block.lines, wrong)
        values = self._values(columns, block.lines, wrong)
        named = self._named(columns, [at for at in range(count) if at not in wrong])
        marks = {at: asset_mark(meter[0], self.secret) for at in named.at if (meter := values.meters[at])}
        again = _repeated(named, marks, block.lines)
        if again:
            named = named.without(again)
        points = self._points(named, columns, values, block.lines)
        told = {**wrong, **again}
        faults = [*block.faults, *(fault for at in sorted(told) for fault in told[at])]
        return ReadBlock(block.rows, points, faults, self._twins(named))

    def _values(self, columns: Columns, lines: Sequence[int], wrong: LineFaults) -> _Values:
        """What stands in the columns with a meaning; faults are added to `wrong`."""

        def column(name: str, one: Callable[[str], A], blank: A) -> Sequence[A]:
            return _read_column(name, columns.get(name), lines, one, blank, wrong)

        sectors = column("sector", _sector, int(Sector.DOMESTIC))
        owners, devices = (column(name, _address, _NOBODY) for name in ("owner", "device"))
        suppliers = column("supplier", self._supplier, _NOBODY)
        registers = column("import_wh", _register, 0), column("export_wh", _register, 0)
        for name in columns:
            if FIELDS.get(name) is Visibility.OPEN:
                column(name, _shown, "")
        serials = columns.get("serial", [""] * len(lines))
        hung = list(zip(columns["installed"], serials, strict=True)) if "installed" in columns else None
        meters = _read_column("installed", hung, lines, _meter, None, wrong)
        return _Values(sectors, owners, suppliers, devices, registers, meters)

    def _supplier(self, name: str) -> bytes:
        if name and name not in self.suppliers:
            raise _broken(f"{name!r} is no supplier here", "register it first")
        return self.suppliers[name] if name else _NOBODY

    def _named(self, columns: Columns, good: Sequence[int]) -> _Named:
        """What identifies the points of the lines at `good`."""
        drawn, count = self.draw(_SALT * len(good)), len(good)
        salts = [drawn[at : at + _SALT] for at in range(0, len(drawn), _SALT)]
        written = [(columns["country"][at], columns["fuel"][at]) for at in good]
        ids, committed, points = [""] * count, [b""] * count, [b""] * count
        kinds: list[tuple[str, Fuel]] = [("", "gas")] * count
        for country, fuel in Counter(written):
            scheme = SCHEMES[country, fuel]
            here = [place for place, kind in enumerate(written) if kind == (country, fuel)]
            texts = [columns["id"][good[place]] for place in here]
            short = [text if scheme.short(text) else scheme.parse(text).id for text in texts]
            made = identify_many(country, scheme.fuel, short, [salts[place] for place in here], self.secret)
            for place, identifier, one, other in zip(here, short, *made, strict=True):
                ids[place], committed[place], points[place] = identifier, one, other
                kinds[place] = country, scheme.fuel
        return _Named(good, kinds, ids, salts, committed, points)

    def _points(self, named: _Named, columns: Columns, values: _Values, lines: Sequence[int]) -> NewPoints:
        """The points of lines without a fault, their records sealed."""
        at, count = named.at, len(named.at)
        fields = {name: _pick(texts, at) for name, texts in columns.items() if name not in _KNOWN}
        drawn, size = self.draw(2 * NONCE * count), 2 * NONCE
        keys = record_keys(self.secret, named.salts)
        opened, granted, private = seal_records(
            {**fields, "id": named.ids},
            points=named.points,
            keys=keys,
            nonces=[drawn[place : place + size] for place in range(0, len(drawn), size)],
        )
        return NewPoints(
            ids=_octets(named.points, 32),
            commitments=_octets(named.commitments, 32),
            salts=_octets(named.salts, 32),
            countries=_octets([country.encode() for country, _ in named.kinds], 2),
            fuels=np.array([_FUEL_NUMBERS[fuel] for _, fuel in named.kinds], np.int16),
            sectors=np.array(_pick(values.sectors, at), np.int16),
            owners=_octets(_pick(values.owners, at), _ADDRESS),
            suppliers=_octets(_pick(values.suppliers, at), _ADDRESS),
            devices=_octets(_pick(values.devices, at), _ADDRESS),
            registers=np.array([_pick(column, at) for column in values.registers], np.int64).reshape(2, count).T,
            opened=opened,
            granted=granted,
            private=private,
            places=np.array(_pick(lines, at), np.int64),
            assets=self._assets(named, keys, values),
        )

    def _assets(self, named: _Named, keys: Sequence[bytes], values: _Values) -> list[Asset]:
        """The meters that hang at points, with the registers that their devices began with."""
        made = []
        for at, point, key in zip(named.at, named.points, keys, strict=True):
            if meter := values.meters[at]:
                serial, since = meter
                sealed = seal_text(serial, "serial", point=point, key=key, nonce=self.draw(NONCE))
                opening = values.registers[0][at], values.registers[1][at]
                made.append(Asset(point, asset_mark(serial, self.secret), sealed, since, opening, since))
        return made

    def _twins(self, named: _Named) -> dict[bytes, int]:
        """The points' numbers under the other fuel, where both fuels have one scheme."""
        if not _TWO_FUELS.intersection(named.kinds):
            return {}
        return {
            nullifier(MeterKey(country, "gas" if fuel == "electricity" else "electricity", identifier), self.secret): at
            for at, ((country, fuel), identifier) in enumerate(zip(named.kinds, named.ids, strict=True))
            if (country, fuel) in _TWO_FUELS
        }


def _check_ids(columns: Columns, lines: Sequence[int], wrong: LineFaults) -> None:
    """Add to `wrong` the lines whose identifiers break a rule; the parser tells which and why."""
    verdicts = np.full(len(lines), _NO_SCHEME, np.uint8)
    kinds = list(zip(columns["country"], columns["fuel"], strict=True))
    for country, fuel in Counter(kinds):
        if (country, fuel) in SCHEMES:
            places = [at for at, kind in enumerate(kinds) if kind == (country, fuel)]
            verdicts[places] = validate(country, fuel, [columns["id"][at] for at in places])
    for at in np.flatnonzero(verdicts).tolist():
        country, fuel = kinds[at]
        try:
            parse(country, fuel, columns["id"][at])
            raise InvalidMeterPoint("the two readers of a scheme disagree", rule=Rule(verdicts[at]))
        except InputError as error:
            broken = error.faults or (Fault("id", error.headline),)
            wrong[at] = [LineFault(lines[at], f"id, {fault.place}", fault.what, fault.mend) for fault in broken]


def _read_column(
    name: str, texts: Sequence[A] | None, lines: Sequence[int], one: Callable[[A], B], blank: B, wrong: LineFaults
) -> Sequence[B]:
    """What `one` makes of each text, blanks where the column is missing; where it refuses, its faults join `wrong`."""
    if texts is None:
        return [blank] * len(lines)
    try:
        return [one(text) for text in texts]
    except InputError:
        pass
    values = []
    for at, text in enumerate(texts):
        try:
            values.append(one(text))
        except InputError as error:
            values.append(blank)
            told = [LineFault(lines[at], fault.place or name, fault.what, fault.mend) for fault in error.faults]
            wrong.setdefault(at, []).extend(told)
    return values


def _repeated(named: _Named, marks: Mapping[int, bytes], lines: Sequence[int]) -> LineFaults:
    """Lines whose point, or whose meter, stands on an earlier line of the block."""
    if len(set(named.points)) == len(named.points) and len(set(marks.values())) == len(marks):
        return {}
    found: LineFaults = {}
    seen = dict[bytes, int]()
    for at, point in zip(named.at, named.points, strict=True):
        line, mark = lines[at], marks.get(at)
        if point in seen:
            what, mend = f"stands on line {seen[point]} already", "a point is entered once"
            found[at] = [LineFault(line, "id", what, mend)]
        elif mark in seen:
            what, mend = f"stands on line {seen[mark]} already", "a meter hangs at one point; write its maker before it"
            found[at] = [LineFault(line, "serial", what, mend)]
        else:
            seen[point] = line
            if mark is not None:
                seen[mark] = line
    return found


def _pick(column: Sequence[A], places: Sequence[int]) -> Sequence[A]:
    """What stands at places, which rise."""
    return column if len(places) == len(column) else [column[at] for at in places]


def _octets(values: Sequence[bytes], width: int) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, width)


def _broken(what: str, mend: str) -> InputError:
    return InputError("the line holds no point", [Fault("", what, mend)])


def _sector(text: str) -> int:
    if text not in _SECTORS:
        raise _broken(f"is {text!r}", "domestic or business")
    return _SECTORS[text]


def _address(text: str) -> bytes:
    if not text:
        return _NOBODY
    try:
        found = bytes.fromhex(text[2:])
    except ValueError:
        found = b""
    if len(found) != _ADDRESS or len(text) != _ADDRESS_CHARACTERS or not text.startswith("0x"):
        raise _broken(f"{text!r} is no address", "0x and 40 hexadecimal digits")
    return found


def _register(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and int(text) < 2**63):
        raise _broken(f"{text!r} is no register", "whole Wh, not negative")
    return int(text)


def _shown(text: str) -> str:
    """An open field: the database keeps it as it is, so it holds no character that it cannot keep."""
    if not text.isprintable():
        raise _broken(f"{text[:80]!r} holds what cannot be printed", "write it in UTF-8, on one line")
    return text


def _meter(hung: tuple[str, str]) -> _Meter | None:
    """Serial number of a meter and since when it hangs there; None where the file does not say since when."""
    text, serial = hung[0], hung[1].strip(" ")
    if not text:
        return None
    asset_mark(serial, bytes(32))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.min
    if at.tzinfo is None:
        raise _broken(f"{text!r} is no instant with an offset", "ISO 8601, e.g. 2026-06-15T00:00Z")
    return serial, at
