"""`registry admit`, `supply`, `switch papers`, `enter`, `enforce`, `stands`: switches in the contract of a network."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sunfair.chain.registry_ledger import RegistryLedger, switch_standing
from sunfair.chain.remote import RpcNetwork
from sunfair.chain.switch_papers import SwitchPapers, papers_of, read_papers
from sunfair.cli.registering import address_of_text
from sunfair.cli.registry_chain import Place
from sunfair.cli.show import print_json, stdout
from sunfair.cli.switching import Desk
from sunfair.errors import Fault, InputError
from sunfair.ports import Keys
from sunfair.registry import parse
from sunfair.registry.switching import Switch, SwitchingDomain
from sunfair.wiring.office import Office, SystemClock, open_office

__all__ = ["ENFORCED", "run_admit", "run_enforce", "run_enter", "run_papers", "run_stands", "run_supply"]

_NOWHERE = bytes(20)
Point = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Enforced:
    """An act as the contract knows it: its function, and what it is called with besides the switch."""

    function: str
    arguments: Callable[[SwitchPapers, str | None], tuple[Any, ...]] = lambda papers, signature: ()


def _annulment(papers: SwitchPapers, signature: str | None) -> tuple[Any, ...]:
    try:
        signed = bytes.fromhex((signature or "").removeprefix("0x"))
    except ValueError:
        signed = b""
    if len(signed) != 65:
        fault = Fault("--signature", "is missing, or no 65 bytes", "give the customer's, of the annulment, hexadecimal")
        raise InputError("nobody has it annulled", [fault])
    return (signed,)


def _limit(papers: SwitchPapers, signature: str | None) -> tuple[Any, ...]:
    if papers.limit is None:
        fault = Fault("FILE", "has no limit", "report it first (`switch act report`), then take its papers anew")
        raise InputError("this switch was not reported", [fault])
    return papers.limit.reported, papers.limit.return_by, papers.limit.signature


ENFORCED = {
    "object": _Enforced("object_to"),
    "withdraw": _Enforced("withdraw"),
    "annul": _Enforced("annul", _annulment),
    "report": _Enforced("report", _limit),
}
"""Acts by the names they have in `switch act`."""


def run_admit(place: Place, contract: str, name: str, *, as_json: bool) -> None:
    """As governor, give a party the roles in the contract that it has in this register."""
    with open_office() as office:
        found = {party.name: party for party in office.store.parties()}
    if name not in found:
        raise InputError("there is no such party", [Fault("NAME", f"is {name!r}", ", ".join(found) or "none yet")])
    party = found[name]
    with place.open("governor") as (network, keys):
        ledger = RegistryLedger(network, keys, SystemClock(), address_of_text("--registry", contract), _NOWHERE)
        ledger.set_roles(party.address, int(party.roles))
    roles = [str(role.name).lower() for role in type(party.roles) if role in party.roles]
    _print({"name": name, "address": "0x" + party.address.hex(), "roles": roles}, as_json)


def run_supply(place: Place, contract: str, point: Point, *, as_json: bool) -> None:
    """As registrar, say in the contract who supplies a point at first: whom the register holds now."""
    with open_office() as office:
        found = office.points.find(parse(*point).key)
        held = office.switches.supplies(found.id)
    if held is None or not held.supplies:
        raise InputError("nobody supplies the point", [Fault("supplier", "is not known", "its file names one")])
    with place.open("registrar") as (network, keys):
        ledger = RegistryLedger(network, keys, SystemClock(), _NOWHERE, address_of_text("--contract", contract))
        ledger.begin_supply("registrar", found.id, held.active.supplier)
    _print({"point": found.id.hex(), "supplier": "0x" + held.active.supplier.hex()}, as_json)


def run_papers(switch: bytes, desk: Desk, out: Path, *, as_json: bool) -> None:
    """As switching service, sign what the contract has to be shown of a switch and those bundled with it."""
    if desk.contract is None:
        raise InputError("no contract is named", [Fault("--contract", "is not given", "SUNFAIR_SWITCHING, or name it")])
    domain = SwitchingDomain(desk.chain_id, address_of_text("--contract", desk.contract))
    with open_office() as office:
        switches = _bundle(office, switch)
    papers = papers_of(switches, domain, desk.keys(), service="switching")
    out.write_text(papers.text(), encoding="utf-8", newline="\n")
    _print({"file": str(out), "switches": [each.id.hex() for each in switches]}, as_json)


def run_enter(file: Path, place: Place, holder: str, *, as_json: bool) -> None:
    """As gaining supplier, enter a request, or a pair, into the contract."""
    papers = _read(file)
    with _opened(place, papers, holder) as (network, ledger):
        ledger.enter(holder, papers.switches)
        _print(_standing(network, papers), as_json)


def run_enforce(act: str, file: Path, place: Place, holder: str, signature: str | None, *, as_json: bool) -> None:
    """Do in the contract what was done in the register to the first switch of the papers."""
    if act not in ENFORCED:
        raise InputError("there is no such act", [Fault("ACT", f"is {act!r}", f"one of {', '.join(ENFORCED)}")])
    papers = _read(file)
    arguments = ENFORCED[act].arguments(papers, signature)
    with _opened(place, papers, holder) as (network, ledger):
        ledger.act(holder, ENFORCED[act].function, papers.switches[0].id, *arguments)
        _print(_standing(network, papers), as_json)


def run_stands(file: Path, place: Place, *, as_json: bool) -> None:
    """Where the contract has the switches of some papers, and who supplies their points."""
    papers = _read(file)
    with place.look() as network:
        _check_chain(network, papers)
        _print(_standing(network, papers), as_json)


def _bundle(office: Office, switch: bytes) -> list[Switch]:
    """A switch and those bundled with it."""
    held = [each for point in office.switches.points_of([switch]) for each in office.switches.switches(point)]
    named = [each for each in held if each.id == switch]
    if not named:
        raise InputError("there is no such switch", [Fault("SWITCH", switch.hex(), "`switch status` lists them")])
    return [named[0], *(each for each in held if each.bundle and each.bundle == named[0].bundle and each.id != switch)]


def _read(file: Path) -> SwitchPapers:
    try:
        return read_papers(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault("file", str(error), "name what `switch papers` wrote")
        raise InputError(f"{file} cannot be read", [fault]) from error


@contextmanager
def _opened(place: Place, papers: SwitchPapers, holder: str) -> Iterator[tuple[RpcNetwork, RegistryLedger]]:
    opened: tuple[RpcNetwork, Keys]
    with place.open(holder) as opened:
        network, keys = opened
        _check_chain(network, papers)
        yield network, RegistryLedger(network, keys, SystemClock(), _NOWHERE, papers.contract)


def _check_chain(network: RpcNetwork, papers: SwitchPapers) -> None:
    if network.chain_id != papers.chain_id:
        fault = Fault("ETH_RPC_URL", f"is of chain {network.chain_id}", f"name a node of chain {papers.chain_id}")
        raise InputError("the papers are of another chain", [fault])


def _standing(network: RpcNetwork, papers: SwitchPapers) -> dict[str, Any]:
    now = int(SystemClock().now().timestamp())
    rows = []
    for asked in papers.switches:
        state, supplier = switch_standing(network, papers.contract, asked, now)
        known = None if state is None else state.name
        rows.append({"switch": asked.id.hex(), "state": known, "supplier": "0x" + supplier.hex()})
    return {"chain_id": network.chain_id, "contract": "0x" + papers.contract.hex(), "switches": rows}


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        for each in value if isinstance(value, list) else [value]:
            shown = "  ".join(map(str, each.values())) if isinstance(each, dict) else each
            stdout.print(f"{name.replace('_', ' '):<10} {shown}", markup=False, soft_wrap=True)
