"""`registry meter`, `meters` and `exchange`: which meter hangs at a point."""

from pathlib import Path
from typing import Any

from sunfair.app.meters import Change, ExchangeOutcome, exchange_file
from sunfair.cli.registering import FaultFile, address_of_text, fault_path, instant_of_text
from sunfair.cli.show import print_json, stderr, stdout
from sunfair.errors import Fault, InputError
from sunfair.files.batch_file import open_batch
from sunfair.registry import parse
from sunfair.wiring.office import open_office

__all__ = ["run_exchange", "run_meter", "run_meters"]

Pair = tuple[str | None, str | None]


def run_meter(point: tuple[str, str, str], at: str, serial: str | None, ends: Pair, device: str | None) -> None:
    """Install, exchange or remove a point's meter."""
    closing, opening = (_registers(name, text) for name, text in zip(("--closing", "--opening"), ends, strict=True))
    if serial is None and closing is None:
        raise InputError("nothing changes", [Fault("--serial, --closing", "neither is given", "see --help")])
    key = None if device is None else address_of_text("--device", device)
    change = Change(instant_of_text(at), closing, serial, opening or (0, 0), key)
    with open_office() as office:
        office.meters.change(office.points.find(parse(*point).key).id, change)


def run_meters(point: tuple[str, str, str], reader: str | None, *, as_json: bool) -> None:
    """A point's meters and device keys in order of time; serial numbers for whom they are shared with."""
    who = bytes(20) if reader is None else address_of_text("--as", reader)
    with open_office() as office:
        found = office.points.find(parse(*point).key)
        named = any(who) and (who == found.owner or office.points.may_see(found.id, who, "serial"))
        meters = office.meters.history(found.id)
        bound = office.store.bindings(found.id)
    rows = [
        {
            "serial": serial if named else None,
            "from": asset.since.isoformat(),
            "to": None if asset.until is None else asset.until.isoformat(),
            "opening_wh": list(asset.opening),
            "closing_wh": None if asset.closing is None else list(asset.closing),
        }
        for serial, asset in meters
    ]
    devices = [
        {"device": "0x" + b.device.hex(), "from": b.since.isoformat(), "registers_wh": [b.import_wh, b.export_wh]}
        for b in bound
    ]
    if as_json:
        print_json({"point": found.id.hex(), "meters": rows, "devices": devices})
        return
    for row in rows:
        name = row["serial"] or "(not shown)"
        until = row["to"] or "now"
        stdout.print(f"{name}  {row['from']} to {until}  {row['opening_wh']} … {row['closing_wh'] or ''}", markup=False)
    for each in devices:
        stdout.print(f"{each['device']}  from {each['from']}  {each['registers_wh']}", markup=False, soft_wrap=True)


def run_exchange(file: Path, faults: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Change the meters of a file."""
    source, outcome = open_batch(file), ExchangeOutcome()
    with open_office() as office, FaultFile(fault_path(file, faults)) as written:
        for outcome in exchange_file(source, office.secret, office.meters, office.store, keep=not dry_run):
            stderr.print(f"[dim]{outcome.rows:,} lines, {len(outcome.faults):,} faults[/]")
        written.write(outcome.faults)
    facts: dict[str, Any] = {
        "file": str(file),
        "rows": outcome.rows,
        "changed": outcome.changed,
        "before": outcome.before,
        "faults": len(outcome.faults),
        "dry_run": dry_run,
        "fault_file": str(written.path) if outcome.faults else None,
    }
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        stdout.print(f"{name.replace('_', ' '):<11} {value}", markup=False, soft_wrap=True)


def _registers(place: str, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise InputError("these are no registers", [Fault(place, f"is {text!r}", "import and export in Wh: 5230,0")])
    return int(parts[0]), int(parts[1])
