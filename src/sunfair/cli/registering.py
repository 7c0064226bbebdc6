"""`registry`: points in by file, and what can be done with one."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from sunfair.app.point_reader import PointReader
from sunfair.app.registering import ReadBlocks, dry_run, make_batch, register_file
from sunfair.chain.keys import parse_address
from sunfair.cli.show import graceful_stop, print_json, stderr, stdout
from sunfair.errors import Fault, InputError
from sunfair.files.batch_file import open_batch
from sunfair.files.parallel import process_map
from sunfair.ports.batch import BatchSource
from sunfair.ports.registry import ImportProgress
from sunfair.registry import MeterKey, Rule, parse, validate_many
from sunfair.registry.register import LineFault, Party, Role
from sunfair.wiring.office import Office, open_office

__all__ = [
    "FaultFile",
    "address_of_text",
    "fault_path",
    "instant_of_text",
    "run_bind",
    "run_check",
    "run_erase",
    "run_grant",
    "run_load",
    "run_occupy",
    "run_parties",
    "run_party",
    "run_prove",
    "run_relate",
    "run_show",
    "run_validate",
]


_LONG = 10_000_000
"""Bytes of a file from which it pays to start processes."""


def run_validate(country: str, fuel: str, texts: list[str], *, as_json: bool) -> None:
    """Say of identifiers whether they are valid, and which rule broke."""
    codes = validate_many(country, fuel, texts)
    verdicts = {text: Rule(code).name.lower().replace("_", " ") for text, code in zip(texts, codes, strict=True)}
    if as_json:
        print_json({"country": country, "fuel": fuel, "ids": verdicts})
    else:
        for text, verdict in verdicts.items():
            stdout.print(f"{text}  {verdict}", markup=False, soft_wrap=True)
    if any(codes):
        raise typer.Exit(1)


def run_party(name: str, address: str, roles: list[str]) -> None:
    """Keep a party."""
    known = {role.name.lower(): role for role in Role if role.name}
    faults = [
        Fault("--role", f"{role!r} is none", f"roles are {', '.join(known)}") for role in roles if role not in known
    ]
    if faults or not roles:
        raise InputError("the party has no role", faults or [Fault("--role", "is not given", ", ".join(known))])
    granted = Role(0)
    for role in roles:
        granted |= known[role]
    with open_office() as office:
        office.store.put_party(Party(address_of_text("ADDRESS", address), name, granted))


def run_parties(*, as_json: bool) -> None:
    """List parties."""
    with open_office() as office:
        found = office.store.parties()
    rows = [
        {
            "name": p.name,
            "address": "0x" + p.address.hex(),
            "roles": [str(r.name).lower() for r in Role if r in p.roles],
        }
        for p in found
    ]
    if as_json:
        print_json({"parties": rows})
        return
    for row in rows:
        stdout.print(f"{row['address']}  {row['name']}  {', '.join(row['roles'])}", markup=False, soft_wrap=True)


def run_check(file: Path, faults: Path | None, defaults: dict[str, str], *, as_json: bool) -> None:
    """A dry run: every fault of a file with its line; nothing is kept."""
    source, rows, count = open_batch(file), 0, 0
    with open_office() as office, FaultFile(fault_path(file, faults)) as written:
        reader = office.reader(defaults)
        with _reading(file, reader) as read:
            for rows, found in dry_run(source, reader, office.store, read=read):
                count += len(found)
                written.write(found)
                stderr.print(f"[dim]{rows:,} lines, {count:,} faults[/]")
    _report({"file": str(file), "rows": rows, "faults": count, "dry_run": True}, written.path, count, as_json)


def run_load(file: Path, faults: Path | None, registrar: str, defaults: dict[str, str], *, as_json: bool) -> None:
    """Register a file's points from where it stopped, and make their batch."""
    source = open_batch(file)
    with open_office() as office, graceful_stop() as stop:
        address = office.party(registrar, Role.REGISTRAR)
        progress = ImportProgress(source.digest)
        for progress in _taken_in(file, source, office, defaults):
            counts = f"{progress.rows_done:,} lines, {progress.points:,} points, {progress.faults:,} faults"
            stderr.print(f"[dim]{counts}[/]")
            if stop.is_set():
                break
        else:
            make_batch(source.digest, office.store, address, office.clock)
        path = fault_path(file, faults)
        with FaultFile(path) as written:
            written.write(office.store.faults(source.digest))
        batches = {number: (root, points) for number, root, points, _ in office.store.batches()}
    whole = not stop.is_set()
    facts = {
        "file": str(file),
        "rows": progress.rows_done,
        "points": progress.points,
        "faults": progress.faults,
        "whole": whole,
        "batches": len(batches),
    }
    _report(facts, path, progress.faults, as_json)
    if not whole:
        raise typer.Exit(130)


def _taken_in(file: Path, source: BatchSource, office: Office, defaults: dict[str, str]) -> Iterator[ImportProgress]:
    """Take in a file."""
    reader = office.reader(defaults)
    with _reading(file, reader) as read:
        yield from register_file(source, reader, office.store, office.clock, read=read)


def _reading(file: Path, reader: PointReader) -> AbstractContextManager[ReadBlocks | None]:
    """How a file is read: a long one on all cores, as processes take seconds to start."""
    return nullcontext() if file.stat().st_size < _LONG else process_map(reader.read)


def run_show(country: str, fuel: str, identifier: str, reader: str | None, *, as_json: bool) -> None:
    """What a reader may see of a point, and what anybody may."""
    with open_office() as office:
        key, point = _point(office, country, fuel, identifier)
        found = office.points.find(key)
        seen = office.points.read(point, bytes(20) if reader is None else address_of_text("--as", reader))
        held = office.switches.supplies(point)
    supplies = [] if held is None else held.supplies
    facts: dict[str, Any] = {
        "point": point.hex(),
        "commitment": found.commitment.hex(),
        "sector": found.sector.name.lower(),
        "record": seen,
        "supplies": [
            {
                "supplier": "0x" + supply.supplier.hex(),
                "from": supply.starts.isoformat(),
                "to": None if supply.ends is None else supply.ends.isoformat(),
            }
            for supply in supplies
        ],
    }
    _print(facts, as_json)


def run_grant(
    point: tuple[str, str, str], by: str, to: str, fields: list[str], until: str | None, revoke: bool
) -> None:
    """Let a reader see fields, or end that."""
    with open_office() as office:
        _, number = _point(office, *point)
        owner, reader = address_of_text("--by", by), address_of_text("--to", to)
        if revoke:
            office.points.revoke(number, owner, reader)
        else:
            office.points.grant(number, owner, reader, fields, None if until is None else instant_of_text(until))


def run_bind(point: tuple[str, str, str], device: str, since: str, import_wh: int, export_wh: int) -> None:
    """Bind a device key to a point from an instant on."""
    with open_office() as office:
        _, number = _point(office, *point)
        registers = (import_wh, export_wh)
        office.points.bind(number, address_of_text("DEVICE", device), instant_of_text(since), registers)


def run_occupy(point: tuple[str, str, str], owner: str) -> None:
    """Another customer moved in."""
    with open_office() as office:
        _, number = _point(office, *point)
        office.points.occupy(number, address_of_text("OWNER", owner))


def run_relate(country: str, points: list[str]) -> None:
    """Points, written fuel:id, that switch together."""
    with open_office() as office:
        pairs = [each.partition(":") for each in points]
        office.points.relate([_point(office, country, fuel, identifier)[1] for fuel, _, identifier in pairs])


def run_prove(point: tuple[str, str, str], *, as_json: bool) -> None:
    """The point's path under its batch's root."""
    with open_office() as office:
        _, number = _point(office, *point)
        proof = office.points.prove(number)
    facts = {
        "batch": proof.batch,
        "root": proof.root.hex(),
        "commitment": proof.commitment.hex(),
        "point": proof.nullifier.hex(),
        "index": proof.path.index,
        "count": proof.path.count,
        "path": [sibling.hex() for sibling in proof.path.siblings],
        "holds": proof.holds(),
    }
    _print(facts, as_json)


def run_erase(point: tuple[str, str, str], by: str) -> None:
    """Have the register forget a point."""
    with open_office() as office:
        _, number = _point(office, *point)
        office.points.erase(number, address_of_text("--by", by))
    stdout.print("erased: its salt, record, meters and grants are gone; what is on the chain opens for nobody")


def address_of_text(place: str, text: str) -> bytes:
    """An address as it is written; InputError naming the place."""
    try:
        return parse_address(text)
    except ValueError as error:
        raise InputError("this is no address", [Fault(place, str(error))]) from error


def instant_of_text(text: str) -> datetime:
    """An instant in ISO 8601 with its offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("this is no instant", [Fault(text, "is not ISO 8601", "e.g. 2026-06-15T00:00Z")]) from error
    if at.tzinfo is None:
        raise InputError("this is no instant", [Fault(text, "has no offset", f"e.g. {text}Z")])
    return at


def _point(office: Office, country: str, fuel: str, identifier: str) -> tuple[MeterKey, bytes]:
    key = parse(country, fuel, identifier).key
    return key, office.points.find(key).id


class FaultFile:
    """A CSV of faults, made when the first one comes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = None
        path.unlink(missing_ok=True)

    def __enter__(self) -> "FaultFile":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, faults: Iterable[LineFault]) -> None:
        """Add faults."""
        for fault in faults:
            if self._file is None:
                self._file = self.path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
                csv.writer(self._file).writerow(("line", "place", "what", "mend"))
            csv.writer(self._file).writerow((fault.line, fault.place, fault.what, fault.mend))


def fault_path(file: Path, named: Path | None) -> Path:
    """Where a file's faults go: where they shall, or beside it."""
    return named or file.with_name(f"{file.stem}.faults.csv")


def _report(facts: dict[str, Any], path: Path, faults: int, as_json: bool) -> None:
    _print({**facts, "fault_file": str(path) if faults else None}, as_json)


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        stdout.print(f"{name.replace('_', ' '):<11} {shown}", markup=False, soft_wrap=True)
