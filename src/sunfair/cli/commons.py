"""`sunfair commons …`: names, arguments and help of the commands of a shared plant."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["commons"]

Rpc = Annotated[str | None, typer.Option("--rpc-url", envvar="ETH_RPC_URL", help="A node's http(s) address.")]
DemoKeys = Annotated[int | None, typer.Option("--demo-keys", help="Seed; local chains only; else a keystore.")]
As = Annotated[str, typer.Option("--as", help="Whose demonstration key signs.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Plant = Annotated[str, typer.Argument(help="Address of the plant's contract.", metavar="PLANT")]

commons = typer.Typer(help="Community solar: size, propose, pledge, build, share.", no_args_is_help=True)


@commons.command("size")
def size(
    scenario: Annotated[Path | None, typer.Argument(help="A community.toml; default: the bundled one.")] = None,
    homes: Annotated[int, typer.Option("--homes", help="Members, of the bundled community.", min=1)] = 40,
    latitude: Annotated[float, typer.Option("--latitude", help="Degrees, north +.")] = 48.1,
    longitude: Annotated[float, typer.Option("--longitude", help="Degrees, east +.")] = 11.6,
    tilt: Annotated[float, typer.Option("--tilt", help="Degrees from level.")] = 30.0,
    azimuth: Annotated[float, typer.Option("--azimuth", help="Degrees from north by east.")] = 180.0,
    roof_kw: Annotated[float, typer.Option("--roof-kw", help="Most PV the roof carries.")] = 100.0,
    budget: Annotated[float, typer.Option("--budget", help="Most money to invest.")] = 120_000.0,
    self_sufficiency: Annotated[float, typer.Option("--self-sufficiency", help="Least part of the use, 0 … 1.")] = 0.0,
    pv_cost: Annotated[float, typer.Option("--pv-cost", help="Money for a kW.")] = 1_100.0,
    battery_cost: Annotated[float, typer.Option("--battery-cost", help="Money for a kWh.")] = 350.0,
    buy: Annotated[float, typer.Option("--buy", help="Money a kWh from the grid costs.")] = 0.32,
    sell: Annotated[float, typer.Option("--sell", help="Money a kWh to the grid gives.")] = 0.08,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for proposal.json, plan.toml (for `propose`), payback.svg.")
    ] = None,
    payee: Annotated[str | None, typer.Option("--payee", help="Address that plan.toml pays.")] = None,
    as_json: Json = False,
) -> None:
    """How big a plant to propose, by two solvers held against each other; what it promises: cost, yield, payback."""
    from sunfair.cli.commons_size import Wishes, run_size
    from sunfair.commons.sizing import Bounds, Costs, Place

    place, costs = Place(latitude, longitude, tilt, azimuth), Costs(pv_cost, battery_cost, buy=buy, sell=sell)
    wishes = Wishes(place, costs, Bounds(roof_kw, budget, self_sufficiency), out, payee)
    run_size(scenario, homes=homes, wishes=wishes, as_json=as_json)


@commons.command("share")
def share(
    scenario: Annotated[Path, typer.Argument(help="A community.toml with a [member.plant].", metavar="COMMUNITY.toml")],
    plant: Annotated[str | None, typer.Option("--plant", help="Id of the plant, where there are several.")] = None,
    price: Annotated[float | None, typer.Option("--price", help="What a shared kWh costs a holder.")] = None,
    rules: Annotated[str | None, typer.Option("--rules", help="new-york, austria, spain or france.")] = None,
    as_json: Json = False,
) -> None:
    """What each of the six keys gives of a plant over the community's series; what the rules of a place forbid."""
    from sunfair.cli.commons_share import run_share

    raise typer.Exit(run_share(scenario, name=plant, price=price, rules=rules, as_json=as_json))


@commons.command("propose")
def propose(
    plan: Annotated[Path, typer.Argument(help="A plan; see docs/commons.md.", metavar="PLAN.toml")],
    token: Annotated[str | None, typer.Option("--token", help="The money: a token of 6 decimals.")] = None,
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "organiser",
    as_json: Json = False,
) -> None:
    """Propose a plant: create its contract, signed by a V3 keystore (ETH_KEYSTORE, ETH_PASSWORD)."""
    from sunfair.cli.commons_acts import Who, run_propose

    run_propose(plan, token, Who(rpc_url, demo_keys, holder), as_json=as_json)


@commons.command("who")
def who(rpc_url: Rpc = None, demo_keys: DemoKeys = None, holder: As = "organiser", as_json: Json = False) -> None:
    """Your address, by the key you sign with: what a plan names as payee or registrar, and acts name as a member."""
    from sunfair.cli.charging_hosts import run_who
    from sunfair.cli.commons_acts import Who

    run_who(Who(rpc_url, demo_keys, holder), as_json=as_json)


@commons.command("status")
def status(
    plant: Plant,
    from_block: Annotated[
        int | None,
        typer.Option("--from-block", help="Block of its creation: list offers and who waits. Local chain: 0.", min=0),
    ] = None,
    rpc_url: Rpc = None,
    as_json: Json = False,
) -> None:
    """Where a plant stands: state, money, milestones, deadlines, what is open, votes, offers, waiting list."""
    from sunfair.cli.commons_acts import Who
    from sunfair.cli.commons_status import run_status

    run_status(plant, Who(rpc_url), from_block, as_json=as_json)


@commons.command("act")
def act(
    name: Annotated[str, typer.Argument(help="What to do; `list` names every act.", metavar="ACT")],
    plant: Annotated[str, typer.Argument(help="Address of the plant's contract.", metavar="[PLANT]")] = "",
    words: Annotated[list[str] | None, typer.Argument(help="What the act asks for.", metavar="[WORDS]...")] = None,
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "organiser",
    as_json: Json = False,
) -> None:
    """Pledge, commit, submit, object, vote, report, claim …: every act of a plant's contract by name."""
    from sunfair.cli.commons_acts import ACTS, Who, list_acts, run_act
    from sunfair.errors import Fault, InputError

    if name == "list":
        list_acts(as_json=as_json)
        return
    if name not in ACTS:
        raise InputError(f"there is no act {name!r}", [Fault("ACT", f"is {name!r}", f"one of {', '.join(ACTS)}")])
    run_act(name, plant, words or [], Who(rpc_url, demo_keys, holder), as_json=as_json)
