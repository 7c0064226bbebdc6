"""Names, arguments and help of every command. What a command does stands in a module of its own."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sunfair.cli.charging import charging
from sunfair.cli.commands_credit import credits_app, register_swap
from sunfair.cli.commons import commons
from sunfair.cli.csms_commands import csms
from sunfair.cli.grid import grid
from sunfair.cli.registry_commands_chain import registry, switch

__all__ = ["app"]

app = typer.Typer(
    name="sunfair",
    help="An energy market for solar neighbourhoods: every household proves its own bill.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: importing Rich for it would double the time of `--help`
    context_settings={"help_option_names": ["-h", "--help"]},
)
imports = typer.Typer(help="Make a community from data: community.toml and Parquet profiles.", no_args_is_help=True)
app.add_typer(imports, name="import")
chains = typer.Typer(help="A market's contracts on any EVM network.", no_args_is_help=True)
app.add_typer(chains, name="chain")
app.add_typer(credits_app, name="credit")
register_swap(chains)
app.add_typer(commons, name="commons")
app.add_typer(charging, name="charging")
app.add_typer(csms, name="csms")
app.add_typer(grid, name="grid")
app.add_typer(registry, name="registry")
app.add_typer(switch, name="switch")

Out = Annotated[Path | None, typer.Option("--out", help="Folder for the result; default: runs/<UTC time>-<name>.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same files.")]
Days = Annotated[int, typer.Option("--days", help="Civil days to run.")]
Start = Annotated[str | None, typer.Option("--start", help="First day, e.g. 2016-06-15.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Folder = Annotated[Path, typer.Argument(help="A run's folder.", metavar="DIR")]
RpcUrl = Annotated[str | None, typer.Option("--rpc-url", envvar="ETH_RPC_URL", help="A node's http(s) address.")]
MaybeFolder = Annotated[Path | None, typer.Argument(help="A run's folder.", metavar="[DIR]")]
Rpc = Annotated[str | None, typer.Option("--rpc", help="A node's http(s) address: nothing but its chain is read.")]
Market = Annotated[str | None, typer.Option("--market", help="Address of the market there.", metavar="ADDRESS")]
DeploymentFile = Annotated[Path | None, typer.Option("--deployment", help="Its deployment file instead.")]
FromBlock = Annotated[int | None, typer.Option("--from-block", help="Look for events from here on.", min=0)]
Beacon = Annotated[str | None, typer.Option("--beacon", help="A beacon node's address, for data in blobs.")]
Deployments = Annotated[Path, typer.Option("--deployments", help="Folder of <chain id>/<community>.json.")]


class Tariff(StrEnum):
    """The utility's tariffs of the bundled community."""

    FLAT = "flat"
    DYNAMIC = "dynamic"


class Unit(StrEnum):
    """What the numbers of load.csv and pv.csv are."""

    WH = "Wh"
    KWH = "kWh"
    W = "W"
    KW = "kW"


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """An energy market for solar neighbourhoods: every household proves its own bill."""
    if version:
        from sunfair import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.command()
def demo(
    days: Days = 1,
    homes: Annotated[int | None, typer.Option("--homes", help="How many homes; default: the whole street.")] = None,
    seed: Seed = 7,
    out: Out = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End with the report (so far it always does).")] = False,
    start: Start = None,
    tariff: Annotated[Tariff, typer.Option("--tariff", help="The utility's tariff.")] = Tariff.FLAT,
    cheat: Annotated[
        str | None,
        typer.Option("--cheat", metavar="FIELD", help="The operator lies, or is gone: what follows. `list` names all."),
    ] = None,
    commons_too: Annotated[bool, typer.Option("--commons", help="A street builds a plant; another fails.")] = False,
    rpc: Annotated[str | None, typer.Option("--rpc", help="Settle on this local development node.")] = None,
    deployments: Deployments = Path("deployments"),
    charging_too: Annotated[bool, typer.Option("--charging", help="Hotels, cars and chargers for a day.")] = False,
    switching: Annotated[bool, typer.Option("--switching", help="A street changes its suppliers instead.")] = False,
    as_json: Json = False,
) -> None:
    """A street of a hundred homes trades a day: agents, market, wires, chain, bills, pictures."""
    stories = {"--commons": commons_too, "--charging": charging_too, "--switching": switching, "--cheat": bool(cheat)}
    if len(chosen := [name for name, asked in stories.items() if asked]) > 1:
        raise typer.BadParameter(f"{' and '.join(chosen)} are stories of their own: choose one")
    if commons_too:
        from sunfair.cli.commons_demo import run_commons_demo

        idle = {"--days": days != 1, "--start": start is not None, "--tariff": tariff is not Tariff.FLAT}
        run_commons_demo(homes=homes, seed=seed, out=out, rpc=rpc, idle=idle, as_json=as_json)
        return
    if charging_too:
        from sunfair.cli.charging_demo import run_charging_demo

        run_charging_demo(seed=seed, out=out, as_json=as_json)
        return
    if switching:
        from sunfair.cli.switching_demo import run_switching

        run_switching(homes=homes, seed=seed, out=out, rpc=rpc, as_json=as_json)
        return
    if cheat is not None:
        if rpc is not None:
            raise typer.BadParameter("the stories of --cheat are told on an embedded chain: leave --rpc away")
        from sunfair.cli.cheating import run_cheat

        run_cheat(cheat, homes=homes, seed=seed, out=out, start=start, as_json=as_json)
        return
    from sunfair.cli.running import run_demo

    dynamic = tariff is Tariff.DYNAMIC
    node = None if rpc is None else (rpc, deployments)
    run_demo(days=days, homes=homes, seed=seed, out=out, start=start, dynamic=dynamic, as_json=as_json, node=node)


@app.command()
def run(
    scenario: Annotated[Path, typer.Argument(help="A community.toml.", metavar="SCENARIO.toml")],
    out: Out = None,
    start: Start = None,
    days: Days = 1,
    seed: Seed = 7,
    rpc: Annotated[str | None, typer.Option("--rpc", help="Settle on this local development node.")] = None,
    deployments: Deployments = Path("deployments"),
    as_json: Json = False,
) -> None:
    """The same on a community of your own."""
    from sunfair.cli.running import run_scenario

    node = None if rpc is None else (rpc, deployments)
    run_scenario(scenario, days=days, seed=seed, out=out, start=start, as_json=as_json, node=node)


@app.command()
def audit(
    folder: MaybeFolder = None,
    rpc: Rpc = None,
    market: Market = None,
    deployment: DeploymentFile = None,
    from_block: FromBlock = None,
    beacon: Beacon = None,
    as_json: Json = False,
) -> None:
    """Recompute a run from its files and hold it against the chain: exit 0 if all holds, 1 if anything is false.

    With --rpc the public part of a market is rebuilt from its chain alone, and held against that.
    """
    from sunfair.cli.auditing import place_of, run_audit, run_public_audit

    place = place_of(folder, rpc, market=market, deployment=deployment, from_block=from_block, beacon=beacon)
    code = run_audit(place, as_json=as_json) if isinstance(place, Path) else run_public_audit(place, as_json=as_json)
    raise typer.Exit(code)


@app.command()
def watch(
    folder: MaybeFolder = None,
    rpc: Rpc = None,
    market: Market = None,
    deployment: DeploymentFile = None,
    from_block: FromBlock = None,
    beacon: Beacon = None,
    keystore: Annotated[Path | None, typer.Option("--keystore", help="V3 keystore that signs challenges.")] = None,
    demo_keys: Annotated[int | None, typer.Option("--demo-keys", help="Seed; local chains only.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    gas_budget: Annotated[int, typer.Option("--gas-budget", help="Most gas for challenges.", min=0)] = 2_000_000,
    poll: Annotated[float, typer.Option("--poll", help="Seconds between looks.", min=0.05)] = 12.0,
    deployments: Deployments = Path("deployments"),
    account: Annotated[
        str | None, typer.Option("--account", help="Look as this home's reader: its id or number, or `utility`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Watch a market independently: clear every public auction again, and challenge what is false.

    Of a run's folder once; with --rpc for as long as one likes. Exit 1 if something false or missing stands. With
    --account a run's folder is looked at as a reader does: what concerns that home alone, private rows included.
    """
    from sunfair.cli.auditing import place_of
    from sunfair.cli.watching import Signer, run_watch, run_watch_folder

    place = place_of(folder, rpc, market=market, deployment=deployment, from_block=from_block, beacon=beacon)
    if account is not None:
        from sunfair.cli.reading import private_folder, run_look

        raise typer.Exit(run_look(private_folder(place), account, as_json=as_json))
    if isinstance(place, Path):
        raise typer.Exit(run_watch_folder(place, as_json=as_json))
    code = run_watch(
        place,
        signer=Signer(keystore, demo_keys),
        once=once,
        gas_budget=gas_budget,
        poll=poll,
        outboxes=deployments,
        as_json=as_json,
    )
    raise typer.Exit(code)


@app.command()
def compare(
    folder: Folder,
    as_json: Json = False,
    wires: Annotated[
        bool, typer.Option("--wires", help="Also what trades used of the wires, and who caused their losses.")
    ] = False,
    kappa: Annotated[
        float | None,
        typer.Option("--kappa", help="--wires: currency per kWh and branch; else the same money as now."),
    ] = None,
) -> None:
    """All market mechanisms on the run's offers: welfare, volume, price, who gains."""
    from sunfair.cli.comparing import run_compare

    run_compare(folder, as_json=as_json, wires=wires, kappa=kappa)


@app.command()
def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="What to measure: charging, clearing, commons, csms, forecast, gas, grid, planning, powerflow, "
            "registry or year.",
            metavar="NAME",
        ),
    ],
    as_json: Json = False,
    sizes: Annotated[
        str | None, typer.Option("--sizes", help="gas: members, e.g. 10,100; registry, csms: see their docs.")
    ] = None,
    gas_price: Annotated[float | None, typer.Option("--gas-price", help="gas: gwei a gas.", metavar="GWEI")] = None,
    eth_price: Annotated[float | None, typer.Option("--eth-price", help="gas: an ether.", metavar="EUR")] = None,
    blob_price: Annotated[float | None, typer.Option("--blob-price", help="gas: a blob gas.", metavar="GWEI")] = None,
    community: Annotated[
        Path | None, typer.Option("--community", help="forecast, grid, planning, powerflow, year.")
    ] = None,
    weeks: Annotated[int | None, typer.Option("--weeks", help="year: so many weeks of it; all of it without.")] = None,
    every: Annotated[int | None, typer.Option("--every", help="grid: every so many-th day; 21 without.")] = None,
) -> None:
    """Figures measured now, beside a reference: plain Python, HiGHS, pandapower, naive forecasts, the simple rule."""
    from sunfair.cli.benching import run_bench

    prices = {"gas_price": gas_price, "eth_price": eth_price, "blob_price": blob_price}
    run_bench(name, as_json=as_json, sizes=sizes, community=community, weeks=weeks, every=every, **prices)


@imports.command("csv")
def import_csv(
    folder: Annotated[Path, typer.Argument(help="Folder with members.csv, load.csv, pv.csv.", metavar="FOLDER")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the community; absent or empty.")],
    unit: Annotated[Unit, typer.Option("--unit", help="Energy of the interval, or its mean power.")] = Unit.WH,
    slot_minutes: Annotated[int | None, typer.Option("--slot-minutes", help="Spread longer intervals to this.")] = None,
    timezone: Annotated[str, typer.Option("--timezone", help="The site's IANA zone, for days and bills.")] = "UTC",
) -> None:
    """From your own meters: members.csv, load.csv, pv.csv, optionally prices.csv."""
    from sunfair.cli.importing import from_csv

    from_csv(folder, out=out, unit=unit.value, slot_minutes=slot_minutes, timezone=timezone)


@imports.command("grid")
def import_grid(
    source: Annotated[
        Path,
        typer.Argument(help="pandapower's or power-grid-model's JSON, or a SimBench CSV folder.", metavar="SOURCE"),
    ],
    out: Annotated[Path, typer.Option("--out", help="The network's file; must not be there.")],
) -> None:
    """A network alone, from another program: checked, named in full where it is wrong, written for [grid] file."""
    from sunfair.cli.importing import from_grid

    from_grid(source, out=out)


@imports.command("simbench")
def import_simbench(
    code: Annotated[str, typer.Argument(help="SimBench code of a low-voltage grid.", metavar="SOURCE")] = (
        "1-LV-rural2--2-sw"
    ),
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the community; absent or empty.")],
    seed: Seed = 7,
) -> None:
    """From a SimBench low-voltage grid with its loads, roofs and cars (group `data`)."""
    from sunfair.cli.importing import from_simbench

    from_simbench(code, out=out, seed=seed)


@chains.command("deploy")
def chain_deploy(
    name: Annotated[str, typer.Argument(help="The community's name.", metavar="NAME")],
    rpc_url: RpcUrl = None,
    utility: Annotated[str | None, typer.Option("--utility", help="Address that owns account 0.")] = None,
    network: Annotated[str | None, typer.Option("--network", help="Address that owns account 1.")] = None,
    reserve: Annotated[str | None, typer.Option("--reserve", help="Address that owns account 2.")] = None,
    guarantor: Annotated[str | None, typer.Option("--guarantor", help="Address that pays cover.")] = None,
    governor: Annotated[str | None, typer.Option("--governor", help="Address that names registrars.")] = None,
    registry: Annotated[str | None, typer.Option("--registry", help="Register of meter points that stands.")] = None,
    asset: Annotated[str | None, typer.Option("--asset", help="Stablecoin with 6 decimals behind the token.")] = None,
    token: Annotated[str | None, typer.Option("--token", help="Token of 6 decimals to hold balances in.")] = None,
    slot_minutes: Annotated[int, typer.Option("--slot-minutes", help="Length of a slot.", min=1)] = 15,
    gate_minutes: Annotated[int, typer.Option("--gate-minutes", help="A book closes so long before.", min=0)] = 5,
    window_hours: Annotated[int, typer.Option("--window-hours", help="Time to challenge.", min=1)] = 24,
    takeover_days: Annotated[int, typer.Option("--takeover-days", help="Silence that deposes an operator.", min=1)] = 2,
    escape_days: Annotated[int, typer.Option("--escape-days", help="Silence that ends the market.", min=1)] = 7,
    bond: Annotated[int, typer.Option("--bond", help="The operator's bond, units of the currency.", min=1)] = 5_000,
    deployments: Deployments = Path("deployments"),
    max_fee: Annotated[str, typer.Option("--max-fee", help="Most gwei per gas, ever.", metavar="GWEI")] = "100",
    confirmations: Annotated[int, typer.Option("--confirmations", help="Blocks to wait for.", min=1)] = 1,
    demo_keys: Annotated[int | None, typer.Option("--demo-keys", help="Seed; local chains only.")] = None,
    as_json: Json = False,
) -> None:
    """Put a community's contracts on a network; signed by a V3 keystore (ETH_KEYSTORE, ETH_PASSWORD)."""
    from sunfair.cli.chaining import Parties, run_deploy

    run_deploy(
        name,
        rpc_url=rpc_url,
        parties=Parties(utility, network, reserve, guarantor, governor),
        registry=registry,
        asset=asset,
        token=token,
        slot_minutes=slot_minutes,
        gate_minutes=gate_minutes,
        window_hours=window_hours,
        takeover_days=takeover_days,
        escape_days=escape_days,
        bond=bond * 1_000_000,
        folder=deployments,
        max_fee=max_fee,
        confirmations=confirmations,
        demo_keys=demo_keys,
        as_json=as_json,
    )


@chains.command("status")
def chain_status(
    name: Annotated[str | None, typer.Argument(help="A community; default: all.", metavar="[NAME]")] = None,
    rpc_url: RpcUrl = None,
    deployments: Deployments = Path("deployments"),
    as_json: Json = False,
) -> None:
    """What stands on the network, held against the deployment files."""
    from sunfair.cli.chaining import run_status

    run_status(name, rpc_url=rpc_url, folder=deployments, as_json=as_json)


@chains.command("reader")
def chain_reader(
    name: Annotated[str, typer.Argument(help="The community.", metavar="NAME")],
    account: Annotated[int, typer.Argument(help="The account's number.", metavar="ACCOUNT", min=0)],
    reader: Annotated[str, typer.Argument(help="The reader's address, or `none`.", metavar="READER")],
    rpc_url: RpcUrl = None,
    deployments: Deployments = Path("deployments"),
    max_fee: Annotated[str, typer.Option("--max-fee", help="Most gwei per gas, ever.", metavar="GWEI")] = "100",
    demo_keys: Annotated[int | None, typer.Option("--demo-keys", help="Seed; local chains only.")] = None,
    as_json: Json = False,
) -> None:
    """Name who may look and demand for an account beside its owner; the owner signs (ETH_KEYSTORE, ETH_PASSWORD)."""
    from sunfair.cli.reading import run_reader

    run_reader(
        name,
        account,
        reader,
        rpc_url=rpc_url,
        folder=deployments,
        max_fee=max_fee,
        demo_keys=demo_keys,
        as_json=as_json,
    )
