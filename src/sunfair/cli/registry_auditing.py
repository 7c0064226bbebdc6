"""`registry audit` and `switch owed`."""

import csv
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import typer

from sunfair.app.register_audit import NoticeSigner, RegisterAudit, audit_register
from sunfair.chain.registry_ledger import batch_roots
from sunfair.chain.remote import RpcNetwork
from sunfair.chain.rpc import JsonRpc
from sunfair.cli.registering import address_of_text
from sunfair.cli.show import print_json, stderr, stdout
from sunfair.errors import Fault, InputError
from sunfair.registry.register import Role
from sunfair.registry.switching import Compensation, SwitchingDomain
from sunfair.units import MICRO
from sunfair.wiring.office import open_office, signer_of

__all__ = ["Notices", "run_audit", "run_owed"]


@dataclass(frozen=True, slots=True)
class Notices:
    """Who signs notices, and for which chain and contract; addresses as written, None where not given."""

    service: str | None
    chain_id: int
    contract: str | None


def run_audit(auditor: str, notices: Notices, contract: str | None, rpc_url: str | None, *, as_json: bool) -> None:
    """Hold the register against itself and the chain."""
    signer: NoticeSigner | None = None
    if notices.service is not None:
        at = bytes(20) if notices.contract is None else address_of_text("--contract", notices.contract)
        domain = SwitchingDomain(notices.chain_id, at)
        signer = domain, address_of_text("--service", notices.service), signer_of
    roots = None if contract is None else _roots(address_of_text("--registry", contract), rpc_url)
    audit = RegisterAudit()
    with open_office() as office:
        for audit in audit_register(office.store, office.switches, auditor, signer=signer, chain_roots=roots):
            stderr.print(f"[dim]{audit.batches:,} batches, {audit.points:,} points, {audit.notices:,} notices[/]")
    facts = {"batches": audit.batches, "points": audit.points, "notices": audit.notices, "findings": audit.findings}
    if as_json:
        print_json(facts)
    else:
        for finding in audit.findings:
            stdout.print(finding, markup=False, soft_wrap=True)
        word = "all holds" if not audit.findings else f"{len(audit.findings)} findings"
        stdout.print(f"{audit.batches} batches of {audit.points:,} points, {audit.notices:,} notices: {word}")
    if audit.findings:
        raise typer.Exit(1)


def run_owed(supplier: str | None, erroneous: str, late: str, out: Path | None, *, as_json: bool) -> None:
    """What suppliers owe customers."""
    rates = Compensation(_amount("--erroneous", erroneous), _amount("--late", late))
    with open_office() as office:
        names = {address: name for name, address in office.suppliers().items()}
        only = None if supplier is None else office.party(supplier, Role.SUPPLIER)
        owed = [due for due in office.owed(rates) if only is None or due.supplier == only]
    rows: list[dict[str, Any]] = [
        {
            "switch": d.switch.hex(),
            "supplier": names.get(d.supplier, d.supplier.hex()),
            "amount": d.amount,
            "why": d.why,
        }
        for d in owed
    ]
    if out is not None:
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ("switch", "supplier", "amount", "why"))
            writer.writeheader()
            writer.writerows(rows)
    if as_json:
        print_json({"owed": rows, "total": sum(due.amount for due in owed)})
        return
    for row in rows:
        amount = Decimal(row["amount"]) / MICRO
        stdout.print(f"{row['switch'][:16]}…  {row['supplier']}  {amount:.2f}  {row['why']}", markup=False)
    stdout.print(f"{len(rows)} claims, {Decimal(sum(due.amount for due in owed)) / MICRO:.2f} in all")


def _roots(registry: bytes, rpc_url: str | None) -> set[bytes]:
    if not rpc_url:
        fault = Fault("ETH_RPC_URL", "is not set", "name a node, e.g. http://127.0.0.1:8545")
        raise InputError("no network is named", [fault])
    with closing(RpcNetwork.connect(JsonRpc(rpc_url))) as network:
        return batch_roots(network, registry)


def _amount(place: str, text: str) -> int:
    try:
        amount = Decimal(text) * MICRO
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value():
        raise InputError("this is no amount", [Fault(place, f"is {text!r}", "currency units, e.g. 30")])
    return int(amount)
