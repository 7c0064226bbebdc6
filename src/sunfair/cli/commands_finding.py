"""Names, arguments and help of `sunfair charging find` and `sunfair charging roaming`."""

from pathlib import Path
from typing import Annotated

import typer

from sunfair.cli.commons import Json, Rpc

__all__ = ["register_finding"]

Network = Annotated[
    Path | None, typer.Option("--network", help="Our own hotels: a hotels.toml; see docs/charging-find.md.")
]

_WORDS = (
    "IEC_62196_T2 (Type 2), IEC_62196_T2_COMBO (CCS), CHADEMO, IEC_62196_T1 (Type 1), TESLA_S, DOMESTIC_F (Schuko) …"
)

roaming = typer.Typer(help="The network's OCPI 2.2.1 interface for roaming partners.", no_args_is_help=True)


def register_finding(charging: typer.Typer) -> None:
    """Add the two to the commands of the charging network."""
    charging.command("find")(find)
    charging.add_typer(roaming, name="roaming")


def find(
    place: Annotated[str, typer.Argument(help='A town ("Konstanz", "Valencia, ES") or "47.66,9.17".', metavar="PLACE")],
    sites: Annotated[
        list[Path] | None, typer.Option("--sites", help="Stations: Open Charge Map's or OCPI's JSON; may be repeated.")
    ] = None,
    network: Network = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the central system, and the chain, what is booked and kept out.")
    ] = False,
    rpc_url: Rpc = None,
    tariffs: Annotated[Path | None, typer.Option("--tariffs", help="OCPI tariffs that the stations name.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="Begin of the stay, there; default: now.")] = None,
    hours: Annotated[float, typer.Option("--hours", help="How long to stay.")] = 2.0,
    energy_kwh: Annotated[float, typer.Option("--energy-kwh", help="How much to charge, for the estimate.")] = 20.0,
    radius_km: Annotated[float, typer.Option("--radius-km", help="How far away at most.")] = 10.0,
    connector: Annotated[
        list[str] | None, typer.Option("--connector", help="Fits the car, in OCPI's words, e.g. IEC_62196_T2.")
    ] = None,
    power_kw: Annotated[float, typer.Option("--power-kw", help="Least power.")] = 0.0,
    most: Annotated[str | None, typer.Option("--most", help="The most the stay may cost, e.g. 12.50.")] = None,
    currency: Annotated[str, typer.Option("--currency", help="In which currency that is.")] = "EUR",
    order: Annotated[str, typer.Option("--order", help="distance, price or power.")] = "distance",
    limit: Annotated[int, typer.Option("--limit", help="How many to show.", min=1)] = 10,
    as_json: Json = False,
) -> None:
    """Find chargers near a place that are free for a stay and fit the car, with what it would cost there."""
    from sunfair.charging.finding import CONNECTORS, Order
    from sunfair.cli.charging_finding import Live, Wanted, run_find
    from sunfair.errors import Fault, InputError

    chosen = connector or []
    faults = [
        Fault("--connector", f"{name} is no connector of OCPI", _WORDS) for name in chosen if name not in CONNECTORS
    ]
    if order not in list(Order):
        faults.append(Fault("--order", f"is {order}", f"one of {', '.join(Order)}"))
    if not sites and network is None:
        faults.append(Fault("--sites", "is missing, and so is --network", "name a file of stations or your own hotels"))
    if live and network is None:
        faults.append(Fault("--live", "asks for bookings of our own hotels", "add --network hotels.toml"))
    if faults:
        raise InputError("that cannot be searched for", faults)
    wanted = Wanted(place, at, hours, energy_kwh, radius_km, chosen, power_kw, most, currency, order, limit)
    run_find(wanted, sites or [], tariffs, network, live=Live(live, rpc_url), as_json=as_json)


@roaming.command("serve")
def serve(
    network: Annotated[Path, typer.Argument(help="Our hotels; see docs/charging-find.md.", metavar="HOTELS.toml")],
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on.")] = 8421,
    base: Annotated[
        str | None, typer.Option("--base", help="How partners reach it, e.g. https://charge.example.")
    ] = None,
) -> None:
    """Serve locations, tariffs, sessions and charge detail records until Ctrl-C."""
    from sunfair.cli.charging_roaming import run_roaming

    run_roaming(network, host, port, base)


@roaming.command("invite")
def invite(name: Annotated[str, typer.Argument(metavar="NAME")], as_json: Json = False) -> None:
    """Make a token with which a partner may register; it is shown once."""
    from sunfair.cli.charging_roaming import run_invite

    run_invite(name, as_json=as_json)
