"""Names, arguments and help of what `registry` and `switch` do in the contracts of supplier switching."""

from pathlib import Path
from typing import Annotated

import typer

from sunfair.cli.registry_commands import ChainId, Country, DemoKeys, FuelName, Identifier, Json, RpcUrl, SwitchId
from sunfair.cli.registry_commands_meters import Registry, registry, switch

__all__ = ["registry", "switch"]

Switching = Annotated[
    str, typer.Option("--contract", envvar="SUNFAIR_SWITCHING", help="The switching contract.", metavar="ADDRESS")
]
Papers = Annotated[Path, typer.Argument(help="What `switch papers` wrote.", metavar="FILE")]
As = Annotated[str, typer.Option("--as", help="With --demo-keys: whose key signs.", metavar="HOLDER")]


@registry.command("admit")
def registry_admit(
    name: Annotated[str, typer.Argument(help="A party of this register.", metavar="NAME")],
    contract: Registry,
    rpc_url: RpcUrl = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """As governor, give a party in the contract the roles that it has in this register."""
    from sunfair.cli.registry_chain import Place
    from sunfair.cli.switching_chain import run_admit

    run_admit(Place(rpc_url, demo_keys), contract, name, as_json=as_json)


@registry.command("supply")
def registry_supply(
    country: Country,
    fuel: FuelName,
    identifier: Identifier,
    contract: Switching,
    rpc_url: RpcUrl = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """As registrar, say in the contract who supplies a point: whom the register holds. Once for each point."""
    from sunfair.cli.registry_chain import Place
    from sunfair.cli.switching_chain import run_supply

    run_supply(Place(rpc_url, demo_keys), contract, (country, fuel, identifier), as_json=as_json)


@switch.command("papers")
def switch_papers(
    switch_id: SwitchId,
    contract: Switching,
    out: Annotated[Path, typer.Option("--out", help="Where to write them.", metavar="FILE")] = Path("switch.json"),
    chain_id: ChainId = 31337,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """As switching service, sign what the contract has to be shown of a switch and its bundle; good for an hour."""
    from sunfair.cli.switching import Desk, bytes_of_text
    from sunfair.cli.switching_chain import run_papers

    run_papers(bytes_of_text("SWITCH", switch_id), Desk(chain_id, contract, demo_keys), out, as_json=as_json)


@switch.command("enter")
def switch_enter(
    file: Papers, holder: As = "supplier", rpc_url: RpcUrl = None, demo_keys: DemoKeys = None, as_json: Json = False
) -> None:
    """As gaining supplier, enter a request, or a pair, into the contract."""
    from sunfair.cli.registry_chain import Place
    from sunfair.cli.switching_chain import run_enter

    run_enter(file, Place(rpc_url, demo_keys), holder, as_json=as_json)


@switch.command("enforce")
def switch_enforce(
    act: Annotated[str, typer.Argument(help="object, withdraw, annul or report.", metavar="ACT")],
    file: Papers,
    signature: Annotated[str | None, typer.Option("--signature", help="annul: the customer's.")] = None,
    holder: As = "supplier",
    rpc_url: RpcUrl = None,
    demo_keys: DemoKeys = None,
    as_json: Json = False,
) -> None:
    """Do in the contract what `switch act` did in the register to the first switch of the papers."""
    from sunfair.cli.registry_chain import Place
    from sunfair.cli.switching_chain import run_enforce

    run_enforce(act, file, Place(rpc_url, demo_keys), holder, signature, as_json=as_json)


@switch.command("stands")
def switch_stands(file: Papers, rpc_url: RpcUrl = None, as_json: Json = False) -> None:
    """Where the contract has the switches of some papers now, and who supplies their points."""
    from sunfair.cli.registry_chain import Place
    from sunfair.cli.switching_chain import run_stands

    run_stands(file, Place(rpc_url, None), as_json=as_json)
