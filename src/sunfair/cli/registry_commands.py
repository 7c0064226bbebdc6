"""Names, arguments and help of `registry` and `switch`."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["registry", "switch"]

registry = typer.Typer(help="The register of meter points: electricity and gas.", no_args_is_help=True)
switch = typer.Typer(help="Change of supplier, and what another tariff would cost.", no_args_is_help=True)

Country = Annotated[str, typer.Argument(help="ISO country code, e.g. GB.", metavar="COUNTRY")]
FuelName = Annotated[str, typer.Argument(help="electricity or gas.", metavar="FUEL")]
Identifier = Annotated[str, typer.Argument(help="The identifier of the point.", metavar="ID")]
File = Annotated[Path, typer.Argument(help="A .csv or .parquet file.", metavar="FILE")]
AllCountry = Annotated[str | None, typer.Option("--country", help="Country of all lines, if the file has no column.")]
AllFuel = Annotated[str | None, typer.Option("--fuel", help="Fuel of all lines, likewise.")]
Faults = Annotated[Path | None, typer.Option("--faults", help="Where faults go; default: beside FILE.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
RpcUrl = Annotated[str | None, typer.Option("--rpc-url", envvar="ETH_RPC_URL", help="A node's http(s) address.")]
SwitchId = Annotated[str, typer.Argument(help="The switch's id, hexadecimal.", metavar="SWITCH")]
ChainId = Annotated[int, typer.Option("--chain-id", envvar="SUNFAIR_CHAIN_ID", help="Chain of the contract.")]
Contract = Annotated[
    str | None,
    typer.Option(
        "--contract", envvar="SUNFAIR_SWITCHING", help="The switching contract, if there is one.", metavar="ADDRESS"
    ),
]
DemoKeys = Annotated[int | None, typer.Option("--demo-keys", help="Seed of a demonstration's keys; local chains only.")]


def _defaults(country: str | None, fuel: str | None) -> dict[str, str]:
    return {name: text for name, text in (("country", country), ("fuel", fuel)) if text is not None}


@registry.command("validate")
def registry_validate(
    country: Country,
    fuel: FuelName,
    ids: Annotated[list[str], typer.Argument(help="Identifiers.", metavar="ID…")],
    as_json: Json = False,
) -> None:
    """Say of identifiers whether they are valid, and which rule broke; exit 1 if one is not."""
    from sunfair.cli.registering import run_validate

    run_validate(country, fuel, ids, as_json=as_json)


@registry.command("party")
def registry_party(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    address: Annotated[str, typer.Argument(help="Address of its key.", metavar="ADDRESS")],
    role: Annotated[list[str], typer.Option("--role", help="registrar, supplier, auditor; may be repeated.")],
) -> None:
    """Keep a registrar, supplier or auditor."""
    from sunfair.cli.registering import run_party

    run_party(name, address, role)


@registry.command("parties")
def registry_parties(as_json: Json = False) -> None:
    """List registrars, suppliers and auditors."""
    from sunfair.cli.registering import run_parties

    run_parties(as_json=as_json)


@registry.command("load")
def registry_load(
    file: File,
    registrar: Annotated[str, typer.Option("--registrar", help="Whose points they are.", metavar="NAME")],
    country: AllCountry = None,
    fuel: AllFuel = None,
    faults: Faults = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look for faults; keep nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Register the points of a file. Lines with faults are listed, the others loaded; goes on where it stopped."""
    from sunfair.cli.registering import run_check, run_load

    if dry_run:
        run_check(file, faults, _defaults(country, fuel), as_json=as_json)
    else:
        run_load(file, faults, registrar, _defaults(country, fuel), as_json=as_json)


@registry.command("show")
def registry_show(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    reader: Annotated[str | None, typer.Option("--as", help="As this reader sees it.", metavar="ADDRESS")] = None,
    as_json: Json = False,
) -> None:
    """What stands in the register of a point, as somebody may see it."""
    from sunfair.cli.registering import run_show

    run_show(country, fuel, identifier, reader, as_json=as_json)


@registry.command("grant")
def registry_grant(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    by: Annotated[str, typer.Option("--by", help="The owner.", metavar="ADDRESS")],
    to: Annotated[str, typer.Option("--to", help="The reader.", metavar="ADDRESS")],
    field: Annotated[list[str] | None, typer.Option("--field", help="A field; may be repeated.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Instant, ISO 8601; default: until revoked.")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="End all grants to this reader.")] = False,
) -> None:
    """The owner lets a reader see fields, or ends that."""
    from sunfair.cli.registering import run_grant

    run_grant((country, fuel, identifier), by, to, field or [], until, revoke)


@registry.command("bind")
def registry_bind(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    device: Annotated[str, typer.Argument(help="Address of the device's key.", metavar="DEVICE")],
    since: Annotated[str, typer.Option("--since", help="Instant, ISO 8601.")],
    import_wh: Annotated[int, typer.Option("--import-wh", help="Its import register then.")] = 0,
    export_wh: Annotated[int, typer.Option("--export-wh", help="Its export register then.")] = 0,
) -> None:
    """Bind a device's key to a point from an instant on."""
    from sunfair.cli.registering import run_bind

    run_bind((country, fuel, identifier), device, since, import_wh, export_wh)


@registry.command("occupy")
def registry_occupy(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    owner: Annotated[str, typer.Argument(help="Address of the new customer.", metavar="OWNER")],
) -> None:
    """Another customer moved in: the point is theirs from now on, grants of the one before end."""
    from sunfair.cli.registering import run_occupy

    run_occupy((country, fuel, identifier), owner)


@registry.command("relate")
def registry_relate(
    country: Country,
    points: Annotated[list[str], typer.Argument(help="Points as fuel:id.", metavar="FUEL:ID…")],
) -> None:
    """Points of one owner that switch only together; one alone is freed again."""
    from sunfair.cli.registering import run_relate

    run_relate(country, points)


@registry.command("prove")
def registry_prove(country: Country, fuel: FuelName, identifier: Identifier, as_json: Json = False) -> None:
    """The point's path under the root of its batch: what a contract needs to open it."""
    from sunfair.cli.registering import run_prove

    run_prove((country, fuel, identifier), as_json=as_json)


@registry.command("erase")
def registry_erase(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    by: Annotated[str, typer.Option("--by", help="The owner.", metavar="ADDRESS")],
) -> None:
    """Forget a point: salt, record, meters, device keys and grants."""
    from sunfair.cli.registering import run_erase

    run_erase((country, fuel, identifier), by)


@registry.command("deploy")
def registry_deploy(
    service: Annotated[str | None, typer.Option("--service", help="Who signs windows; default: yourself.")] = None,
    rpc_url: RpcUrl = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """Put MeterRegistry and SupplierSwitching on a network; you are their governor."""
    from sunfair.cli.registry_chain import Place, run_registry_deploy

    run_registry_deploy(Place(rpc_url, demo_keys), service, as_json=as_json)


@registry.command("anchor")
def registry_anchor(
    batch: Annotated[int, typer.Argument(help="A batch's number in this register.", metavar="BATCH", min=0)],
    contract: Annotated[str, typer.Option("--registry", envvar="SUNFAIR_REGISTRY", help="The MeterRegistry.")],
    rpc_url: RpcUrl = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """Enter a batch's root into the contract, as its registrar; free but for the gas."""
    from sunfair.cli.registry_chain import Place, run_anchor

    run_anchor(Place(rpc_url, demo_keys), contract, batch, as_json=as_json)


@registry.command("open")
def registry_open(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    number: Annotated[int, typer.Option("--batch", help="Its batch's number in the contract.", min=0)],
    contract: Annotated[str, typer.Option("--registry", envvar="SUNFAIR_REGISTRY", help="The MeterRegistry.")],
    rpc_url: RpcUrl = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """Open a point in the contract with its path."""
    from sunfair.cli.registry_chain import Place, run_open

    run_open(Place(rpc_url, demo_keys), contract, number, (country, fuel, identifier), as_json=as_json)


@switch.command("request")
def switch_request(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    to: Annotated[str, typer.Option("--to", help="The gaining supplier.", metavar="NAME")],
    start: Annotated[str, typer.Option("--start", help="Supply start, e.g. 2026-06-15.")],
    kind: Annotated[str, typer.Option("--kind", help="switch, occupancy, cooling_off or return.")] = "switch",
    nonce: Annotated[int, typer.Option("--nonce", help="A number this customer has not used.", min=0)] = 0,
    signature: Annotated[str | None, typer.Option("--signature", help="Of the consent, hexadecimal.")] = None,
    consent: Annotated[bool, typer.Option("--consent", help="Only print what the customer signs.")] = False,
    chain_id: ChainId = 31337,
    contract: Contract = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """Request a switch with the customer's signed consent; exit 1 if it is rejected."""
    from sunfair.cli.switching import Asked, Desk, run_request

    asked = Asked(country, fuel, identifier, to, start, kind, nonce, signature)
    run_request(asked, Desk(chain_id, contract, demo_keys), only_consent=consent, as_json=as_json)


@switch.command("load")
def switch_load(
    file: File,
    to: Annotated[str, typer.Option("--to", help="The gaining supplier.", metavar="NAME")],
    country: Annotated[str, typer.Option("--country", help="The market.")] = "GB",
    faults: Faults = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look for faults.")] = False,
    chain_id: ChainId = 31337,
    contract: Contract = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """Request the switches of a file; lines with one `bundle` stand or fall together."""
    from sunfair.cli.switching import Desk, run_switch_file

    desk = Desk(chain_id, contract, demo_keys)
    run_switch_file(file, to, country, faults, desk, dry_run=dry_run, as_json=as_json)


@switch.command("act")
def switch_act(
    act: Annotated[str, typer.Argument(help="object, withdraw, annul, report or read.", metavar="ACT")],
    switch_id: SwitchId,
    by: Annotated[str | None, typer.Option("--by", help="Who acts: a supplier's name or an address.")] = None,
    signature: Annotated[str | None, typer.Option("--signature", help="annul: the customer's.")] = None,
    register_wh: Annotated[int | None, typer.Option("--register-wh", help="read: the register.", min=0)] = None,
    estimated: Annotated[bool, typer.Option("--estimated", help="read: it is an estimate.")] = False,
    country: Annotated[str, typer.Option("--country", help="The market.")] = "GB",
    chain_id: ChainId = 31337,
    contract: Contract = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """Object to a switch, withdraw it, have it annulled, report it as erroneous, or give the reading at the change."""
    from sunfair.cli.switching import Act, Desk, run_act

    asked = Act(act, switch_id, by, signature, register_wh, estimated)
    run_act(asked, country, Desk(chain_id, contract, demo_keys), as_json=as_json)


@switch.command("tick")
def switch_tick(
    country: Annotated[str, typer.Option("--country", help="The market.")] = "GB",
    chain_id: ChainId = 31337,
    contract: Contract = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """Let time do what is due: windows end, gates close, supplies begin; everyone is told."""
    from sunfair.cli.switching import Desk, run_tick

    run_tick(country, Desk(chain_id, contract, demo_keys), as_json=as_json)


@switch.command("status")
def switch_status(country: Country, fuel: FuelName, identifier: Identifier, as_json: Json = False) -> None:
    """Every switch of a point with what was told of it, and who supplied it when."""
    from sunfair.cli.switching import run_switches

    run_switches((country, fuel, identifier), as_json=as_json)


@switch.command("compare")
def switch_compare(
    readings: Annotated[Path, typer.Argument(help="CSV: start, import_wh[, export_wh].", metavar="READINGS.csv")],
    offers: Annotated[Path, typer.Argument(help="The tariffs on offer.", metavar="OFFERS.toml")],
    timezone: Annotated[str, typer.Option("--timezone", help="The home's IANA zone.")] = "Europe/London",
    as_json: Json = False,
) -> None:
    """What a household's own readings would have cost under each offer, the cheapest first."""
    from sunfair.cli.comparing_tariffs import run_compare_tariffs

    run_compare_tariffs(readings, offers, timezone, as_json=as_json)
