"""Names, arguments and help of what `registry` does with meters, markets and audits, and `switch` with compensation."""

from pathlib import Path
from typing import Annotated

import typer

from sunfair.cli.registry_commands import (
    Country,
    DemoKeys,
    Faults,
    File,
    FuelName,
    Identifier,
    Json,
    RpcUrl,
    registry,
    switch,
)

__all__ = ["registry", "switch"]

Registry = Annotated[str, typer.Option("--registry", envvar="SUNFAIR_REGISTRY", help="The MeterRegistry.")]
Pair = Annotated[str | None, typer.Option(help="Import and export register, Wh: 5230,0.", metavar="WH,WH")]


@registry.command("meter")
def registry_meter(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    at: Annotated[str, typer.Option("--at", help="When it was done, ISO 8601.")],
    serial: Annotated[str | None, typer.Option("--serial", help="Number of the meter that begins.")] = None,
    closing: Pair = None,
    opening: Pair = None,
    device: Annotated[str | None, typer.Option("--device", help="Address of its key, if it signs.")] = None,
) -> None:
    """Install a meter (--serial), exchange it (--serial and --closing) or remove it (--closing)."""
    from sunfair.cli.metering import run_meter

    run_meter((country, fuel, identifier), at, serial, (closing, opening), device)


@registry.command("meters")
def registry_meters(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    reader: Annotated[str | None, typer.Option("--as", help="As this reader sees it.", metavar="ADDRESS")] = None,
    as_json: Json = False,
) -> None:
    """Which meters hung at a point, and whose devices signed, with their dates and registers."""
    from sunfair.cli.metering import run_meters

    run_meters((country, fuel, identifier), reader, as_json=as_json)


@registry.command("exchange")
def registry_exchange(
    file: File,
    faults: Faults = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look for faults; keep nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Install and exchange the meters of a file; a file may be given again, what was kept is passed over."""
    from sunfair.cli.metering import run_exchange

    run_exchange(file, faults, dry_run=dry_run, as_json=as_json)


@registry.command("own")
def registry_own(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    contract: Registry,
    rpc_url: RpcUrl = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """As registrar, say in the contract whose point it is: the owner that the register holds."""
    from sunfair.cli.registry_chain import Place
    from sunfair.cli.registry_market import run_own

    run_own(Place(rpc_url, demo_keys), contract, (country, fuel, identifier), as_json=as_json)


@registry.command("publish")
def registry_publish(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    contract: Registry,
    rpc_url: RpcUrl = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """As registrar, bind in the contract the last device of the register; the market the point joined hears of it."""
    from sunfair.cli.registry_chain import Place
    from sunfair.cli.registry_market import run_publish

    run_publish(Place(rpc_url, demo_keys), contract, (country, fuel, identifier), as_json=as_json)


@registry.command("join")
def registry_join(
    point: Annotated[str, typer.Argument(help="The point's nullifier, hexadecimal.", metavar="POINT")],
    market: Annotated[str, typer.Option("--market", help="The market's address.")],
    account: Annotated[int, typer.Option("--account", help="The customer's account there.", min=3)],
    contract: Registry,
    holder: Annotated[str, typer.Option("--holder", help="With --demo-keys: whose key signs.")] = "customer",
    rpc_url: RpcUrl = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """As customer, have your point feed your account of a market: keys bound from then on count there."""
    from sunfair.cli.registry_chain import Place
    from sunfair.cli.registry_market import run_join

    run_join(Place(rpc_url, demo_keys), contract, holder, point, market, account, as_json=as_json)


@registry.command("leave")
def registry_leave(
    point: Annotated[str, typer.Argument(help="The point's nullifier, hexadecimal.", metavar="POINT")],
    contract: Registry,
    holder: Annotated[str, typer.Option("--holder", help="With --demo-keys: whose key signs.")] = "customer",
    rpc_url: RpcUrl = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """As customer or registrar, end that from the next UTC day on."""
    from sunfair.cli.registry_chain import Place
    from sunfair.cli.registry_market import run_leave

    run_leave(Place(rpc_url, demo_keys), contract, holder, point, as_json=as_json)


@registry.command("audit")
def registry_audit(
    auditor: Annotated[str, typer.Option("--by", help="The auditor's name.", metavar="NAME")],
    service: Annotated[str | None, typer.Option("--service", help="Address that signs notices, to check them.")] = None,
    contract: Annotated[
        str | None, typer.Option("--registry", envvar="SUNFAIR_REGISTRY", help="Look for the roots there, too.")
    ] = None,
    rpc_url: RpcUrl = None,
    chain_id: Annotated[int, typer.Option("--chain-id", envvar="SUNFAIR_CHAIN_ID", help="Of the notices.")] = 31337,
    switching: Annotated[
        str | None, typer.Option("--contract", envvar="SUNFAIR_SWITCHING", help="Of the notices.", metavar="ADDRESS")
    ] = None,
    as_json: Json = False,
) -> None:
    """As auditor, hold the register against itself and the chain; exit 1 if anything is false."""
    from sunfair.cli.registry_auditing import Notices, run_audit

    notices = Notices(service, chain_id, switching)
    run_audit(auditor, notices, contract, rpc_url, as_json=as_json)


@switch.command("owed")
def switch_owed(
    supplier: Annotated[str | None, typer.Option("--supplier", help="Only this one's.", metavar="NAME")] = None,
    erroneous: Annotated[str, typer.Option("--erroneous", help="For an erroneous transfer, currency.")] = "30",
    late: Annotated[str, typer.Option("--late", help="For a return after its limit, currency.")] = "30",
    out: Annotated[Path | None, typer.Option("--out", help="Also as CSV.", metavar="FILE")] = None,
    as_json: Json = False,
) -> None:
    """What suppliers owe customers for wrong switches and late returns."""
    from sunfair.cli.registry_auditing import run_owed

    run_owed(supplier, erroneous, late, out, as_json=as_json)
