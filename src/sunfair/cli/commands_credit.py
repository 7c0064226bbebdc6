"""Names, arguments and help of the `credit` commands, and of the key swap under `chain`."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["credits_app", "register_swap"]

credits_app = typer.Typer(
    help="Prepaid credit, standing top-ups, retailers' statements, wholesale allowances.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(help="A run's folder.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
RpcUrl = Annotated[str | None, typer.Option("--rpc-url", envvar="ETH_RPC_URL", help="A node's http(s) address.")]
Contract = Annotated[str, typer.Option("--contract", help="Address of the contract.", metavar="ADDRESS")]
Market = Annotated[str, typer.Option("--market", help="Address of the market.", metavar="ADDRESS")]
Account = Annotated[int, typer.Option("--account", help="The account's number.", min=3)]
Deployments = Annotated[Path, typer.Option("--deployments", help="Folder of <chain id>/<community>.json.")]
Name = Annotated[str, typer.Argument(help="The community's name.", metavar="NAME")]


@credits_app.command("statement")
def credit_statement(
    folder: Folder,
    member: Annotated[str | None, typer.Option("--member", help="One member's alone.")] = None,
    allowance_kwh: Annotated[int, typer.Option("--allowance-kwh", help="Left of a wholesale allowance.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """What a run's homes bought in retailers' markets, beside their proven bills."""
    from sunfair.cli.crediting import run_statement

    run_statement(folder, member=member, allowance_kwh=allowance_kwh, as_json=as_json)


@credits_app.command("status")
def credit_status(folder: Folder, as_json: Json = False) -> None:
    """How the credit of a run's prepaid members went, and what their owners are told."""
    from sunfair.cli.crediting import run_credit_status

    run_credit_status(folder, as_json=as_json)


@credits_app.command("deploy")
def credit_deploy(rpc_url: RpcUrl = None) -> None:
    """Put the standing top-up on a network, once a chain; signed by a V3 keystore."""
    from sunfair.cli.crediting_chain import desk
    from sunfair.cli.show import print_json

    with desk(rpc_url) as credit:
        print_json({"contract": "0x" + credit.make_top_up().hex()})


@credits_app.command("allow")
def credit_allow(
    contract: Contract,
    token: Annotated[str, typer.Option("--token", help="The market's token.", metavar="ADDRESS")],
    amount: Annotated[str, typer.Option("--amount", help="In all, currency; 0 takes it back.")],
    rpc_url: RpcUrl = None,
) -> None:
    """Let the standing top-up take so much of your tokens, as far as your permissions say."""
    from sunfair.cli.crediting_chain import address_option, desk, money_option

    at, money = address_option("--contract", contract), address_option("--token", token)
    allowed = money_option("--amount", amount)
    with desk(rpc_url) as credit:
        credit.allow(money, at, allowed)


@credits_app.command("permit")
def credit_permit(
    contract: Contract,
    market: Market,
    account: Account,
    amount: Annotated[str, typer.Option("--amount", help="Paid in at a time, currency.")],
    below: Annotated[str, typer.Option("--below", help="Paid in when less is there.")],
    per_day: Annotated[str, typer.Option("--per-day", help="Most in a UTC day.")],
    in_total: Annotated[str, typer.Option("--in-total", help="Most ever.")],
    days: Annotated[int, typer.Option("--days", help="It holds so long.", min=1)] = 365,
    rpc_url: RpcUrl = None,
) -> None:
    """Sign a standing permission; printed as JSON, for anyone to execute."""
    from sunfair.cli.crediting_chain import run_permit

    money = {"--amount": amount, "--below": below, "--per-day": per_day, "--in-total": in_total}
    run_permit(rpc_url=rpc_url, contract=contract, market=market, account=account, money=money, days=days)


@credits_app.command("top-up")
def credit_top_up(
    permission: Annotated[Path, typer.Argument(help="A signed permission, JSON.", metavar="FILE")],
    rpc_url: RpcUrl = None,
) -> None:
    """Have one top-up made under a signed permission. Anyone may."""
    from sunfair.cli.crediting_chain import run_top_up

    run_top_up(permission, rpc_url=rpc_url)


@credits_app.command("revoke")
def credit_revoke(contract: Contract, rpc_url: RpcUrl = None) -> None:
    """Void every standing permission you signed up to now."""
    from sunfair.cli.crediting_chain import address_option, desk

    at = address_option("--contract", contract)
    with desk(rpc_url) as credit:
        credit.revoke(at)


@credits_app.command("issue")
def credit_issue(
    market: Market,
    tokens: Annotated[int, typer.Option("--tokens", help="How many, 500 kWh each.", min=1, max=10**9)],
    name: Annotated[str, typer.Option("--name", help="The token's name.")] = "Wholesale 500 kWh",
    symbol: Annotated[str, typer.Option("--symbol", help="Its symbol.")] = "W500",
    rpc_url: RpcUrl = None,
) -> None:
    """As a retailer, promise wholesale energy: make all tokens of an allowance, once."""
    from sunfair.cli.crediting_chain import address_option, desk
    from sunfair.cli.show import print_json

    vault = address_option("--market", market)
    with desk(rpc_url) as credit:
        made = credit.make_allowance(vault, credit.keys.address(credit.holder), tokens, name, symbol)
    print_json({"contract": "0x" + made.hex()})


@credits_app.command("redeem")
def credit_redeem(
    contract: Contract,
    account: Account,
    tokens: Annotated[int, typer.Option("--tokens", help="How many.", min=1)],
    rpc_url: RpcUrl = None,
) -> None:
    """Give up tokens for an account's allowance of 500 kWh each."""
    from sunfair.cli.crediting_chain import address_option, desk

    at = address_option("--contract", contract)
    with desk(rpc_url) as credit:
        credit.redeem(at, account, tokens)


@credits_app.command("show-reading")
def credit_show_reading(
    contract: Contract,
    account: Account,
    slot: Annotated[int, typer.Option("--slot", help="The reading's slot.", min=0)],
    import_wh: Annotated[int, typer.Option("--import-wh", help="Import register, Wh.", min=0)],
    export_wh: Annotated[int, typer.Option("--export-wh", help="Export register, Wh.", min=0)],
    signature: Annotated[str, typer.Option("--signature", help="The meter's, 65 bytes in hex.")],
    rpc_url: RpcUrl = None,
) -> None:
    """Show a meter's signed reading to the allowance: use up to it counts. Anyone may."""
    from sunfair.cli.crediting_chain import address_option, desk, octets_option

    at, signed = address_option("--contract", contract), octets_option("--signature", signature, 65)
    with desk(rpc_url) as credit:
        credit.show(at, account, slot, import_wh, export_wh, signed)


@credits_app.command("write-off")
def credit_write_off(
    contract: Contract,
    account: Account,
    wh: Annotated[int, typer.Option("--wh", help="Wh billed at wholesale.", min=1)],
    first_slot: Annotated[int, typer.Option("--first-slot", help="First slot of the statement.", min=0)],
    last_slot: Annotated[int, typer.Option("--last-slot", help="Last slot of the statement.", min=0)],
    statement: Annotated[str, typer.Option("--statement", help="Hash of the statement, 32 bytes in hex.")],
    rpc_url: RpcUrl = None,
) -> None:
    """As the retailer, write off what a statement billed at wholesale."""
    from sunfair.cli.crediting_chain import address_option, desk, octets_option

    at, hashed = address_option("--contract", contract), octets_option("--statement", statement, 32)
    with desk(rpc_url) as credit:
        credit.write_off(at, account, wh, (first_slot, last_slot), hashed)


@credits_app.command("allowance")
def credit_allowance(contract: Contract, account: Account, rpc_url: RpcUrl = None) -> None:
    """Where an account's wholesale allowance stands."""
    from dataclasses import asdict

    from sunfair.cli.crediting_chain import address_option, desk
    from sunfair.cli.show import print_json
    from sunfair.cli.signing import NoKeys

    at = address_option("--contract", contract)
    with desk(rpc_url, NoKeys()) as credit:
        print_json(asdict(credit.allowance(at, account)))


def register_swap(chains: typer.Typer) -> None:
    """Put the two commands of the key swap under `chain`."""
    chains.command("first-boot")(chain_first_boot)
    chains.command("swap-key")(chain_swap_key)


def chain_first_boot(
    name: Name,
    account: Account,
    own_keystore: Annotated[Path, typer.Option("--own-keystore", help="V3 keystore of the key it made itself.")],
    import_wh: Annotated[int, typer.Option("--import-wh", help="Import register then, Wh.", min=0)] = 0,
    export_wh: Annotated[int, typer.Option("--export-wh", help="Export register then, Wh.", min=0)] = 0,
    deployments: Deployments = Path("deployments"),
    rpc_url: RpcUrl = None,
) -> None:
    """As a device, sign the swap of its set-up key (ETH_KEYSTORE) for its own; printed as JSON."""
    from sunfair.cli.crediting_chain import run_first_boot

    registers = import_wh, export_wh
    run_first_boot(
        name, rpc_url=rpc_url, account=account, own_keystore=own_keystore, registers=registers, folder=deployments
    )


def chain_swap_key(
    name: Name,
    swap: Annotated[Path, typer.Argument(help="A signed key swap, JSON.", metavar="FILE")],
    deployments: Deployments = Path("deployments"),
    rpc_url: RpcUrl = None,
) -> None:
    """As the registrar, look at a device's key swap and bind its new key."""
    from sunfair.cli.crediting_chain import run_swap_key

    run_swap_key(name, swap, rpc_url=rpc_url, folder=deployments)
