"""Use case *request switches by file*: a gaining supplier's requests with their consents, bundles kept whole.

A line that was taken before is passed over, so a file may be given again after a crash: nothing is requested twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from sunfair.app.switching import Switching
from sunfair.errors import Fault, InputError
from sunfair.ports.batch import BatchSource, RawBlock
from sunfair.ports.registry import RegisterStore, SwitchStore
from sunfair.registry import nullifier, parse
from sunfair.registry.register import LineFault
from sunfair.registry.switching import Request, SwitchKind, SwitchState

__all__ = ["SWITCH_COLUMNS", "FileOutcome", "check_switch_columns", "read_request", "request_file"]

SWITCH_COLUMNS = ("country", "fuel", "id", "start", "signature")
"""Columns a file must have; `kind`, `nonce` and `bundle` may stand beside them."""

_OPTIONAL = ("kind", "nonce", "bundle")
_KINDS = {kind.name.lower(): kind for kind in SwitchKind}


@dataclass(slots=True)
class FileOutcome:
    """How far a file has come."""

    rows: int = 0
    requested: int = 0
    rejected: int = 0
    before: int = 0
    faults: list[LineFault] = field(default_factory=list)


def check_switch_columns(columns: Sequence[str]) -> None:
    """InputError names every column that is missing or unknown."""
    faults = [Fault(f"column {name}", "is missing") for name in SWITCH_COLUMNS if name not in columns]
    known = (*SWITCH_COLUMNS, *_OPTIONAL)
    faults += [
        Fault(f"column {name}", "is not known", f"known are {', '.join(known)}")
        for name in columns
        if name not in known
    ]
    if faults:
        raise InputError("this file holds no requests", faults)


def read_request(row: Mapping[str, str], gainer: bytes, secret: bytes) -> Request:
    """The request in one line; InputError names every fault of it."""
    faults: list[Fault] = []
    point, start, nonce, signature = bytes(32), date.min, 0, b""
    try:
        point = nullifier(parse(row["country"], row["fuel"], row["id"]).key, secret)
    except InputError as error:
        faults += [Fault(f"id, {each.place}", each.what, each.mend) for each in error.faults]
    kind = _KINDS.get(row.get("kind", "") or "switch")
    if kind is None:
        faults.append(Fault("kind", f"is {row['kind']!r}", ", ".join(_KINDS)))
    try:
        start = date.fromisoformat(row["start"])
    except ValueError:
        faults.append(Fault("start", f"{row['start']!r} is no day", "e.g. 2026-06-15"))
    nonce_text = row.get("nonce", "") or "0"
    if nonce_text.isascii() and nonce_text.isdigit() and int(nonce_text) < 2**63:
        nonce = int(nonce_text)
    else:
        faults.append(Fault("nonce", f"is {nonce_text!r}", "a whole number, not negative"))
    try:
        signature = bytes.fromhex(row["signature"].removeprefix("0x"))
    except ValueError:
        faults.append(Fault("signature", "is not hexadecimal", "65 bytes, r ‖ s ‖ v"))
    if faults or kind is None:
        raise InputError("the line holds no request", faults)
    return Request(point, gainer, kind, start, nonce, signature)


def request_file(
    source: BatchSource,
    gainer: bytes,
    secret: bytes,
    service: Switching,
    register: RegisterStore,
    switches: SwitchStore,
    *,
    keep: bool = True,
) -> Iterator[FileOutcome]:
    """Request all switches of a file, block by block; yields how far it has come after each."""
    check_switch_columns(source.columns)
    outcome, waiting = FileOutcome(), list[tuple[int, dict[str, str]]]()
    for block in source.blocks(0):
        outcome.faults += block.faults
        waiting += _rows(block)
        last = waiting[-1][1].get("bundle", "") if waiting else ""
        # The last bundle may go on in the next block: its lines stand together.
        whole = [row for row in waiting if not last or row[1].get("bundle", "") != last]
        _take(whole, gainer, secret, service, register, switches, outcome, keep)
        waiting = [row for row in waiting if last and row[1].get("bundle", "") == last]
        outcome.rows = block.rows
        yield outcome
    _take(waiting, gainer, secret, service, register, switches, outcome, keep)
    yield outcome


def _rows(block: RawBlock) -> Iterator[tuple[int, dict[str, str]]]:
    names = list(block.columns)
    for line, values in zip(block.lines, zip(*block.columns.values(), strict=True), strict=True):
        yield line, dict(zip(names, values, strict=True))


def _take(
    rows: Sequence[tuple[int, dict[str, str]]],
    gainer: bytes,
    secret: bytes,
    service: Switching,
    register: RegisterStore,
    switches: SwitchStore,
    outcome: FileOutcome,
    keep: bool,
) -> None:
    """Request the lines that hold a request for a registered point and were not taken before."""
    read = list(_read(rows, gainer, secret, outcome))
    held = register.held([request.point for _, _, request in read])
    known = switches.known([service.consent(request) for _, _, request in read])
    broken = {name for _, name, request in read if name and request.point not in held}
    broken |= {row["bundle"] for line, row in rows if row.get("bundle") and line not in {each[0] for each in read}}
    seen: set[bytes] = set()
    good: list[tuple[int, str, Request]] = []
    for line, name, request in read:
        consent = service.consent(request)
        if request.point not in held:
            outcome.faults.append(LineFault(line, "id", "is not in the register", "register the point first"))
        elif name in broken:
            outcome.faults.append(LineFault(line, "bundle", "another line of its bundle has a fault"))
        elif consent in known:
            outcome.before += 1
        elif consent in seen:
            outcome.faults.append(LineFault(line, "nonce", "this consent stands on an earlier line"))
        else:
            seen.add(consent)
            good.append((line, name, request))
    for name, group in groupby(sorted(good, key=lambda each: each[1]), key=lambda each: each[1]):
        _submit(list(group), bool(name), service, outcome, keep)


def _read(
    rows: Iterable[tuple[int, dict[str, str]]], gainer: bytes, secret: bytes, outcome: FileOutcome
) -> Iterator[tuple[int, str, Request]]:
    for line, row in rows:
        try:
            yield line, row.get("bundle", ""), read_request(row, gainer, secret)
        except InputError as error:
            outcome.faults += [LineFault(line, fault.place, fault.what, fault.mend) for fault in error.faults]


def _submit(
    group: Sequence[tuple[int, str, Request]], bundled: bool, service: Switching, outcome: FileOutcome, keep: bool
) -> None:
    made = service.submit([request for _, _, request in group], bundled=bundled, keep=keep)
    for (line, _, _), switch in zip(group, made, strict=True):
        if switch.state is SwitchState.REJECTED:
            outcome.rejected += 1
            outcome.faults += [LineFault(line, "rejected", reason) for reason in switch.reasons]
        else:
            outcome.requested += 1
