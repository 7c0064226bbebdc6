"""`registry own`, `publish`, `join` and `leave`: a point's way into an energy market."""

from typing import Any

from sunfair.chain.registry_ledger import RegistryLedger
from sunfair.cli.registering import address_of_text
from sunfair.cli.registry_chain import Place
from sunfair.cli.show import print_json, stdout
from sunfair.errors import Fault, InputError
from sunfair.registry import parse
from sunfair.wiring.office import SystemClock, open_office

__all__ = ["run_join", "run_leave", "run_own", "run_publish"]

_NOWHERE = bytes(20)
Point = tuple[str, str, str]


def run_own(place: Place, contract: str, point: Point, *, as_json: bool) -> None:
    """Say in the contract whose point it is."""
    with open_office() as office:
        found = office.points.find(parse(*point).key)
    if not any(found.owner):
        raise InputError("the point is nobody's", [Fault("owner", "is not known", "registry occupy names one")])
    with place.open("registrar") as (network, keys):
        ledger = RegistryLedger(network, keys, SystemClock(), address_of_text("--registry", contract), _NOWHERE)
        ledger.set_owner("registrar", found.id, found.owner)
    _print({"point": found.id.hex(), "owner": "0x" + found.owner.hex()}, as_json)


def run_publish(place: Place, contract: str, point: Point, *, as_json: bool) -> None:
    """Bind in the contract what the register bound last."""
    with open_office() as office:
        found = office.points.find(parse(*point).key)
        bound = office.store.bindings(found.id)
    if not bound:
        raise InputError("the point has no device", [Fault("device", "none is bound", "registry bind binds one")])
    last = bound[-1]
    since = int(last.since.timestamp())
    with place.open("registrar") as (network, keys):
        ledger = RegistryLedger(network, keys, SystemClock(), address_of_text("--registry", contract), _NOWHERE)
        ledger.bind_device("registrar", found.id, last.device, since, (last.import_wh, last.export_wh))
    _print({"point": found.id.hex(), "device": "0x" + last.device.hex(), "since": last.since.isoformat()}, as_json)


def run_join(place: Place, contract: str, holder: str, point: str, market: str, account: int, *, as_json: bool) -> None:
    """Have a point feed an account."""
    number, address = _point(point), address_of_text("--market", market)
    with place.open(holder) as (network, keys):
        ledger = RegistryLedger(network, keys, SystemClock(), address_of_text("--registry", contract), _NOWHERE)
        ledger.join(holder, number, address, account)
    _print({"point": point, "market": market, "account": account}, as_json)


def run_leave(place: Place, contract: str, holder: str, point: str, *, as_json: bool) -> None:
    """End that."""
    number = _point(point)
    with place.open(holder) as (network, keys):
        ledger = RegistryLedger(network, keys, SystemClock(), address_of_text("--registry", contract), _NOWHERE)
        ledger.leave(holder, number)
    _print({"point": point, "joined": False}, as_json)


def _point(text: str) -> bytes:
    try:
        number = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        number = b""
    if len(number) != 32:
        fault = Fault(
            "POINT", f"{text[:80]!r} is no nullifier", "64 hexadecimal digits, as `registry show` prints them"
        )
        raise InputError("this is no point", [fault])
    return number


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        stdout.print(f"{name:<8} {value}", markup=False, soft_wrap=True)
