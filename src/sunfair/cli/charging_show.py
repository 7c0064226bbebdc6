"""What the charging commands have in common: opening a network, reading words, showing results."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sunfair.chain import parse_address
from sunfair.chain.charging_ledger import ChargingNetwork
from sunfair.cli.commons_acts import Who, open_network, play_asset
from sunfair.cli.show import print_json, stdout
from sunfair.cli.signing import WallClock
from sunfair.errors import Fault, InputError
from sunfair.units import micro

__all__ = ["address", "instant", "money", "opened", "put_file", "record_text", "scaled", "show", "when"]

_RECORD_MAX = 65_536


@contextmanager
def opened(who: Who, network: bytes, *, looks: bool = False) -> Iterator[ChargingNetwork]:
    """A charging network with who acts there; on a local chain wallets of demonstration keys are filled as needed."""
    with open_network(who, looks=looks) as (chain, keys):
        ledger = ChargingNetwork(chain, keys, WallClock(), network)
        asset = None if looks else play_asset(chain, ledger.token, who)
        if asset is not None:
            ledger = ChargingNetwork(chain, keys, WallClock(), network, asset=asset)
        yield ledger


def address(place: str, text: str) -> bytes:
    """The 20 bytes of an address; InputError naming the place."""
    try:
        return parse_address(text)
    except ValueError as error:
        raise InputError(f"{place} is no address", [Fault(place, str(error))]) from error


def money(place: str, text: str) -> int:
    """A decimal amount as µ; InputError naming the place."""
    try:
        amount = micro(text)
    except ValueError as error:
        raise InputError(f"{place} is no amount", [Fault(place, str(error), "write e.g. 12.50")]) from error
    if amount < 0:
        raise InputError(f"{place} is no amount", [Fault(place, f"is {text}", "must not be negative")])
    return amount


def scaled(place: str, text: str, scale: int) -> int:
    """A decimal number ≥ 0 as a whole number of its 1/scale; InputError naming the place."""
    amount = money(place, text)
    if amount * scale % 1_000_000:
        fault = Fault(place, f"is {text}", f"has more digits than 1/{scale} allows")
        raise InputError(f"{place} is no such number", [fault])
    return amount * scale // 1_000_000


def instant(place: str, text: str) -> datetime:
    """A time in ISO 8601, with an offset or on the site's clock."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{place} is no time", [Fault(place, str(error), "write e.g. 2026-06-15T22:00")]) from error


def record_text(path: Path) -> str:
    """The text of a signed record's file."""
    try:
        data = path.read_bytes()
        if len(data) > _RECORD_MAX:
            raise ValueError(f"it has {len(data)} bytes")
        return data.decode()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path} is no record", [Fault(str(path), why, "OCMF|{…}|{…} in UTF-8")]) from error


def put_file(path: Path, data: bytes) -> None:
    """Write a file; InputError if it cannot be written there."""
    try:
        path.write_bytes(data)
    except OSError as error:
        fault = Fault(str(path), error.strerror or str(error), "name a file in a folder that can be written")
        raise InputError("the file cannot be written", [fault]) from error


def when(seconds: int) -> str:
    """Unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def show(result: Mapping[str, Any], as_json: bool) -> None:
    """One JSON object, or a line for each value."""
    if as_json:
        print_json(result)
        return
    for name, value in result.items():
        if isinstance(value, Mapping):
            told = "; ".join(
                ", ".join(part) if isinstance(part, list) else str(part) for part in value.values() if part
            )
            stdout.print(f"{name.replace('_', ' '):<16} {told}", markup=False, soft_wrap=True)
        elif isinstance(value, list):
            stdout.print(f"{name}:", markup=False)
            for entry in value:
                told = "  ".join(str(part) for part in entry.values()) if isinstance(entry, Mapping) else str(entry)
                stdout.print(f"  {told}", markup=False, soft_wrap=True)
        else:
            stdout.print(f"{name.replace('_', ' '):<16} {value}", markup=False, soft_wrap=True)
