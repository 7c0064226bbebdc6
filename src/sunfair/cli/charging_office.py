"""`sunfair charging office`: the live desk between a network on chain and the central system's chargers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer

from sunfair.app.charge_office import Desk, Office, Order, Told, signed_texts
from sunfair.chain import recover
from sunfair.chain.charging_ledger import ChargingNetwork
from sunfair.cli.charging_show import address, opened
from sunfair.cli.commons_acts import Who
from sunfair.cli.show import stderr, stdout
from sunfair.cli.signing import ended_by_signals, look_on
from sunfair.errors import Fault, InputError
from sunfair.files.charging_files import QuoteFile, read_quote
from sunfair.wiring.csms import open_charging

__all__ = ["run_office"]

_STRANGERS = 20
"""Every so many passes the chain's log is searched for bookings that no quote here belongs to."""


@dataclass(slots=True)
class _Room:
    """What one office has before it: the quotes by file, and what it said already, so that nothing is said twice."""

    office: Office
    ledger: ChargingNetwork
    paths: Sequence[Path]
    as_json: bool
    quotes: dict[Path, QuoteFile] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    failed: int = 0
    passes: int = 0

    def look_in_turn(self) -> None:
        """One pass of many."""
        self.look(strangers=self.passes % _STRANGERS == 0)
        self.passes += 1

    def look(self, *, strangers: bool) -> None:
        """One pass over everything."""
        self._read()
        orders = [_order(file) for file in self.quotes.values()]
        for told in self.office.attend(orders):
            self._say(told)
        for path, file in self.quotes.items():
            self._keep_records(path, file)
        if strangers:
            points = {order.booking.point for order in orders}
            for booking in self.office.strangers(points, orders):
                why = "its quote is not here, so no charger knows its tag: bring the file"
                self._say(Told(booking.id, "admit", why))

    def _read(self) -> None:
        """New quotes; what is none is said once and left alone."""
        for path in _files(self.paths):
            if path in self.quotes:
                continue
            try:
                file = read_quote(path)
            except InputError as error:
                self._warn(f"{path}: {'; '.join(str(fault) for fault in error.faults)}")
                continue
            if (file.network, file.chain_id) == (self.ledger.address, self.ledger.chain_id):
                self.quotes[path] = file
            else:
                self._warn(f"{path} counts on another network: 0x{file.network.hex()} on chain {file.chain_id}")

    def _keep_records(self, path: Path, file: QuoteFile) -> None:
        """The signed records of a settled stay beside its quote, for the driver and the receipt."""
        kept = path.with_suffix(".ocmf")
        if kept.exists():
            return
        texts = signed_texts(self.office.desk, file.quote.booking)
        for text, name in zip(reversed(texts), (kept, path.with_suffix(".begin.ocmf")), strict=False):
            whole = name.with_suffix(".part")
            whole.write_text(text + "\n", encoding="utf-8")
            whole.replace(name)
            self._line({"booking": f"0x{file.quote.booking.id.hex()}", "act": "record", "file": str(name)})

    def _say(self, told: Told) -> None:
        line = {"booking": f"0x{told.id.hex()}", "act": told.act} | ({"why_not": told.why} if told.why else {})
        if told.why and json.dumps(line) in self.said:
            return
        self.said.add(json.dumps(line))
        self.failed += bool(told.why)
        self._line(line)

    def _line(self, line: dict[str, str]) -> None:
        if self.as_json:
            typer.echo(json.dumps(line))
        else:
            words = "  ".join(f"{name} {value}" if name != "act" else value for name, value in line.items())
            stdout.print(words, markup=False, soft_wrap=True)

    def _warn(self, words: str) -> None:
        if words not in self.said:
            self.said.add(words)
            stderr.print(words, markup=False, soft_wrap=True, style="yellow")


def run_office(network: str, paths: Sequence[Path], every: float | None, who: Who, *, as_json: bool) -> int:
    """Bring chain and chargers together, once or every so many seconds until Ctrl-C.

    Returns the exit code: 1 if something could not be done in a single pass.
    """
    missing = [path for path in paths if not path.exists()]
    faults = [Fault("QUOTES", f"{path} is not there", "name quotes or their folder") for path in missing]
    if faults:
        raise InputError("there is nothing to attend to", faults)
    with ended_by_signals(), opened(who, address("NETWORK", network)) as ledger, open_charging() as store:
        room = _Room(Office(Desk(ledger, store, who.holder, recover)), ledger, paths, as_json)
        if every is None:
            room.look(strangers=True)
            return 1 if room.failed else 0
        look_on(room.look_in_turn, every)
    return 0


def _files(paths: Sequence[Path]) -> list[Path]:
    """The quotes named, and those in the folders named."""
    found = [each for path in paths for each in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    return list(dict.fromkeys(found))


def _order(file: QuoteFile) -> Order:
    return Order(file.quote.booking, file.tag, file.charger, file.connector)
