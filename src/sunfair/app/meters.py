"""Use cases on a point's meters: install one, exchange it, remove it, and tell which hung there when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sunfair.app.point_reader import Draw
from sunfair.errors import Fault, InputError
from sunfair.ports import Clock
from sunfair.ports.batch import BatchSource
from sunfair.ports.registry import AssetStore, RegisterStore
from sunfair.registry import nullifier, parse
from sunfair.registry.assets import Asset, asset_at, asset_mark, close_asset, install_asset, used_between
from sunfair.registry.records import NONCE, record_key, seal_text, unseal_text
from sunfair.registry.register import Binding, LineFault, check_binding

__all__ = ["EXCHANGE_COLUMNS", "Change", "ExchangeOutcome", "Meters", "exchange_file", "read_change"]

Registers = tuple[int, int]
_SERIAL = "serial"

EXCHANGE_COLUMNS = ("country", "fuel", "id", "at", "serial")
"""Columns a file of exchanges must have; `closing_import_wh`, `closing_export_wh`, `opening_import_wh`,
`opening_export_wh` and `device` may stand beside them. Without closing registers the meter is the point's first."""

_REGISTERS = ("closing_import_wh", "closing_export_wh", "opening_import_wh", "opening_export_wh")


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to a point's meter at an instant.

    closing : the last registers of the one that hangs there, Wh; None if none does
    serial  : of the one that begins, None if none does; opening : its registers; device : its key, if it signs
    """

    at: datetime
    closing: Registers | None = None
    serial: str | None = None
    opening: Registers = (0, 0)
    device: bytes | None = None


class Meters:
    """The meters of a register whose secret (32 bytes) is held here; `draw` gives nonces."""

    def __init__(self, store: RegisterStore, assets: AssetStore, secret: bytes, clock: Clock, draw: Draw) -> None:
        self._store, self._assets, self._secret, self._clock, self._draw = store, assets, secret, clock, draw

    def change(self, point: bytes, change: Change, *, keep: bool = True) -> None:
        """Install, exchange or remove a point's meter, and bind its device; all or nothing.

        InputError names every rule it breaks. With `keep` False it is only looked at.
        """
        salt, now = self._store.salt(point), self._clock.now()
        if self._store.point(point) is None or salt is None:
            raise InputError("there is no such point", [Fault("point", "was never registered, or is erased")])
        if change.at.tzinfo is None or change.at > now:
            raise InputError("the meter was not changed", [Fault("at", f"{change.at} lies ahead, or has no offset")])
        held = self._assets.assets(point)
        closed = None if change.closing is None else close_asset(held, change.at, change.closing, now)
        fresh, bound = None, list[Binding]()
        if change.serial is not None:
            mark = asset_mark(change.serial, self._secret)
            sealed = self._sealed(change.serial.strip(" "), point, salt)
            fresh = Asset(point, mark, sealed, change.at, change.opening, now)
            kept = [asset for asset in held if closed is None or asset.since != closed.since]
            elsewhere = [asset for asset in self._assets.stays(mark) if asset.point != point]
            install_asset(fresh, [*kept, *([closed] if closed else [])], elsewhere)
            if change.device is not None:
                bound = [self._bound(point, change, now)]
        elif change.device is not None:
            raise InputError("no device was bound", [Fault("device", "no meter begins", "give its serial number")])
        if keep:
            self._assets.put_assets(closed, fresh, bound)

    def known(self, point: bytes, change: Change) -> bool:
        """Whether just this was kept before, so that a file can be given again."""
        if change.serial is None:
            return False
        mark = asset_mark(change.serial, self._secret)
        return any(a.since == change.at and a.mark == mark for a in self._assets.assets(point))

    def history(self, point: bytes) -> list[tuple[str, Asset]]:
        """The meters that hung at a point with their serial numbers, in order of time. For its owner, its registrar."""
        salt = self._store.salt(point)
        if salt is None:
            return []
        key = record_key(self._secret, salt)
        return [(unseal_text(a.sealed, _SERIAL, point=point, key=key), a) for a in self._assets.assets(point)]

    def hung(self, point: bytes, at: datetime) -> Asset | None:
        """The meter that hung at a point at an instant."""
        return asset_at(self._assets.assets(point), at)

    def used(self, point: bytes, first: tuple[datetime, Registers], last: tuple[datetime, Registers]) -> Registers:
        """What a point took and gave between two readings, over exchanges, Wh."""
        return used_between(self._assets.assets(point), first, last)

    def _sealed(self, serial: str, point: bytes, salt: bytes) -> bytes:
        key = record_key(self._secret, salt)
        return seal_text(serial, _SERIAL, point=point, key=key, nonce=self._draw(NONCE))

    def _bound(self, point: bytes, change: Change, now: datetime) -> Binding:
        device = change.device or b""
        binding = Binding(point, change.at, device, *change.opening, known_at=now)
        check_binding(binding, self._store.bindings(point), self._store.points_of_device(device))
        return binding


@dataclass(slots=True)
class ExchangeOutcome:
    """How far a file of exchanges has come."""

    rows: int = 0
    changed: int = 0
    before: int = 0
    faults: list[LineFault] = field(default_factory=list)


def exchange_file(
    source: BatchSource, secret: bytes, meters: Meters, register: RegisterStore, *, keep: bool = True
) -> Iterator[ExchangeOutcome]:
    """Change the meters of a file, line by line; yields how far it has come after each block.

    A line that was kept before is passed over, so a file may be given again after a crash.
    """
    _check_columns(source.columns)
    outcome = ExchangeOutcome()
    for block in source.blocks(0):
        outcome.faults += block.faults
        names = list(block.columns)
        for line, values in zip(block.lines, zip(*block.columns.values(), strict=True), strict=True):
            try:
                point, change = read_change(dict(zip(names, values, strict=True)), secret)
                if register.point(point) is None:
                    raise InputError("no point", [Fault("id", "is not in the register", "register the point first")])
                if meters.known(point, change):
                    outcome.before += 1
                    continue
                meters.change(point, change, keep=keep)
                outcome.changed += 1
            except InputError as error:
                broken = error.faults or (Fault("line", error.headline),)
                outcome.faults += [LineFault(line, fault.place, fault.what, fault.mend) for fault in broken]
        outcome.rows = block.rows
        yield outcome


def read_change(row: Mapping[str, str], secret: bytes) -> tuple[bytes, Change]:
    """Point and change in one line; InputError names every fault of it."""
    faults: list[Fault] = []
    point, at, device = bytes(32), datetime.min, None
    try:
        point = nullifier(parse(row["country"], row["fuel"], row["id"]).key, secret)
    except InputError as error:
        faults += [Fault(f"id, {each.place}", each.what, each.mend) for each in error.faults]
    try:
        at = datetime.fromisoformat(row["at"])
    except ValueError:
        at = datetime.min
    if at.tzinfo is None:
        faults.append(Fault("at", f"{row['at']!r} is no instant with an offset", "e.g. 2026-06-15T10:30+01:00"))
    values = {name: row.get(name, "") for name in _REGISTERS}
    faults += [
        Fault(name, f"{text!r} is no register", "whole Wh, not negative")
        for name, text in values.items()
        if text and not (text.isascii() and text.isdigit() and int(text) < 2**63)
    ]
    text = row.get("device", "")
    if text:
        try:
            device = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            faults.append(Fault("device", f"{text!r} is no address", "0x and 40 hexadecimal digits"))
    if faults:
        raise InputError("the line holds no change of a meter", faults)
    closing = (_number(values, "closing_import_wh"), _number(values, "closing_export_wh"))
    opening = (_number(values, "opening_import_wh"), _number(values, "opening_export_wh"))
    ends = bool(values["closing_import_wh"] or values["closing_export_wh"])
    return point, Change(at, closing if ends else None, row["serial"] or None, opening, device)


def _number(values: Mapping[str, str], name: str) -> int:
    return int(values[name] or 0)


def _check_columns(columns: Sequence[str]) -> None:
    known = (*EXCHANGE_COLUMNS, *_REGISTERS, "device")
    faults = [Fault(f"column {name}", "is missing") for name in EXCHANGE_COLUMNS if name not in columns]
    told = f"known are {', '.join(known)}"
    faults += [Fault(f"column {name}", "is not known", told) for name in columns if name not in known]
    if faults:
        raise InputError("this file holds no changes of meters", faults)
