"""`switch`: requests, acts, the passing of time, and what became of a point."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typer

from sunfair.app.switch_file import FileOutcome, read_request, request_file
from sunfair.app.switching import Sign, Switching
from sunfair.chain.keys import SeededKeys
from sunfair.chain.keystore import open_keystore
from sunfair.cli.registering import FaultFile, address_of_text, fault_path
from sunfair.cli.show import print_json, stderr, stdout
from sunfair.errors import Fault, InputError
from sunfair.files.batch_file import open_batch
from sunfair.ports import Keys
from sunfair.registry import parse
from sunfair.registry.register import Role
from sunfair.registry.switching import ChangeReading, Switch, SwitchingDomain, SwitchState
from sunfair.wiring.office import Office, open_office

__all__ = [
    "Act",
    "Asked",
    "Desk",
    "bytes_of_text",
    "run_act",
    "run_request",
    "run_switch_file",
    "run_switches",
    "run_tick",
]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where signatures count, and whose key signs notices: a demonstration's, or the keystore's."""

    chain_id: int
    contract: str | None
    demo_keys: int | None

    @contextmanager
    def open(self, country: str) -> Iterator[tuple[Office, Switching]]:
        """The office with the switching service of a country."""
        contract = bytes(20) if self.contract is None else address_of_text("--contract", self.contract)
        with open_office() as office:
            yield office, office.switching(country, SwitchingDomain(self.chain_id, contract), self._signer())

    def keys(self) -> Keys:
        """The service's key, under the name `switching`."""
        seed = self.demo_keys
        return open_keystore(holder="switching") if seed is None else SeededKeys(seed, self.chain_id)

    def _signer(self) -> Sign:
        """Signs notices; the keystore is opened for the first one."""
        keys = cache(self.keys)
        return lambda digest: keys().sign("switching", digest)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was written on the command line."""

    country: str
    fuel: str
    identifier: str
    to: str
    start: str
    kind: str
    nonce: int
    signature: str | None


@dataclass(frozen=True, slots=True)
class Act:
    """An act on a switch as it was written on the command line."""

    name: str
    switch: str
    by: str | None
    signature: str | None
    register_wh: int | None
    estimated: bool


def run_request(asked: Asked, desk: Desk, *, only_consent: bool, as_json: bool) -> None:
    """Request one switch, or say what the customer has to sign for it."""
    row = {
        "country": asked.country,
        "fuel": asked.fuel,
        "id": asked.identifier,
        "kind": asked.kind,
        "start": asked.start,
        "nonce": str(asked.nonce),
        "signature": asked.signature or "",
    }
    with desk.open(asked.country) as (office, service):
        request = read_request(row, office.party(asked.to, Role.SUPPLIER), office.secret)
        office.points.find(parse(asked.country, asked.fuel, asked.identifier).key)
        if only_consent:
            _print({"consent": "0x" + service.consent(request).hex()}, as_json)
            return
        (switch,) = service.submit([request])
    _print(_plain(switch), as_json)
    if switch.state is SwitchState.REJECTED:
        raise typer.Exit(1)


def run_switch_file(
    file: Path, to: str, country: str, faults: Path | None, desk: Desk, *, dry_run: bool, as_json: bool
) -> None:
    """Request all switches of a file."""
    source, outcome = open_batch(file), FileOutcome()
    with desk.open(country) as (office, service), FaultFile(fault_path(file, faults)) as written:
        gainer = office.party(to, Role.SUPPLIER)
        found = request_file(source, gainer, office.secret, service, office.store, office.switches, keep=not dry_run)
        for outcome in found:
            stderr.print(
                f"[dim]{outcome.rows:,} lines, {outcome.requested:,} requested, {outcome.rejected:,} rejected[/]"
            )
        written.write(sorted(outcome.faults, key=lambda fault: fault.line))
        path = str(written.path) if outcome.faults else None
    facts = {
        "file": str(file),
        "rows": outcome.rows,
        "requested": outcome.requested,
        "rejected": outcome.rejected,
        "taken_before": outcome.before,
        "faults": len(outcome.faults),
        "fault_file": path,
        "dry_run": dry_run,
    }
    _print(facts, as_json)


def run_act(asked: Act, country: str, desk: Desk, *, as_json: bool) -> None:
    """One act on a switch."""
    switch = bytes_of_text("SWITCH", asked.switch)
    with desk.open(country) as (office, service):
        if asked.name == "read":
            if asked.register_wh is None:
                raise InputError("there is no reading", [Fault("--register-wh", "is not given")])
            done = service.read(switch, ChangeReading(asked.register_wh, asked.estimated))
        else:
            done = _act(asked, switch, _actor(office, asked.by), service)
    _print(_plain(done), as_json)


def run_tick(country: str, desk: Desk, *, as_json: bool) -> None:
    """Let time do what is due."""
    with desk.open(country) as (_, service):
        _print({"transitions": service.tick()}, as_json)


def run_switches(point: tuple[str, str, str], *, as_json: bool) -> None:
    """Every switch of a point with its notices."""
    country, fuel, identifier = point
    with open_office() as office:
        found = office.points.find(parse(country, fuel, identifier).key)
        switches = office.switches.switches(found.id)
        told = {switch.id: office.switches.notices(switch.id) for switch in switches}
        names = {address: name for name, address in office.suppliers().items()}
    rows = [
        {
            **_plain(switch),
            "gainer": names.get(switch.request.gainer, switch.request.gainer.hex()),
            "loser": names.get(switch.loser, switch.loser.hex()),
            "told": [{"state": notice.state.name, "at": notice.at.isoformat()} for notice, _ in told[switch.id]],
        }
        for switch in switches
    ]
    if as_json:
        print_json({"point": found.id.hex(), "switches": rows})
        return
    for row in rows:
        way = " → ".join(f"{each['state']} {each['at']}" for each in row["told"])
        stdout.print(f"{row['loser']} → {row['gainer']} from {row['start']}: {way}", markup=False, soft_wrap=True)


def _act(asked: Act, switch: bytes, by: bytes, service: Switching) -> Switch:
    if asked.name == "annul":
        return service.annul(switch, by, bytes_of_text("--signature", asked.signature or ""))
    acts = {"object": service.object_to, "withdraw": service.withdraw, "report": service.report}
    if asked.name not in acts:
        fault = Fault("ACT", f"is {asked.name!r}", "object, withdraw, annul, report or read")
        raise InputError("there is no such act", [fault])
    return acts[asked.name](switch, by)


def _actor(office: Office, by: str | None) -> bytes:
    if by is None:
        raise InputError("nobody acts", [Fault("--by", "is not given", "name a supplier, or an address")])
    return address_of_text("--by", by) if by.startswith("0x") else office.party(by, Role.SUPPLIER)


def bytes_of_text(place: str, text: str) -> bytes:
    """Bytes as they are written, hexadecimal; InputError naming the place."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise InputError("this is not hexadecimal", [Fault(place, f"{text[:80]!r}", "digits 0–9, a–f")]) from error


def _plain(switch: Switch) -> dict[str, Any]:
    return {
        "switch": switch.id.hex(),
        "state": switch.state.name,
        "start": switch.request.start.isoformat(),
        "reasons": list(switch.reasons),
        "objection_ends": switch.objection_ends.isoformat(),
        "gate_closes": switch.gate_closes.isoformat(),
        "starts": switch.starts.isoformat(),
        "return_by": None if switch.return_by is None else switch.return_by.isoformat(),
        "reading_wh": None if switch.reading is None else switch.reading.register_wh,
    }


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        shown = "; ".join(map(str, value)) if isinstance(value, list) else value
        stdout.print(f"{name.replace('_', ' '):<15} {shown}", markup=False, soft_wrap=True)
