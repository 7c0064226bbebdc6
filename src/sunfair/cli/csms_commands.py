"""Names, arguments and help of `csms`."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["csms"]

csms = typer.Typer(
    help="The charging network's central system (OCPP 1.6, 2.0.1, 2.1), and what operators do with charge points.",
    invoke_without_command=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Point = Annotated[str, typer.Argument(help="The charge point's identity.", metavar="POINT")]
AnyPoint = Annotated[str | None, typer.Argument(help="A charge point; default: all.", metavar="[POINT]")]
Place = Annotated[int, typer.Option("--connector", help="Connector (2.0.1: EVSE).", min=1, max=100)]


@csms.callback()
def csms_serve(
    context: typer.Context,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port without TLS; 0: any.", min=0, max=65535)] = 8430,
    tls_port: Annotated[int | None, typer.Option("--tls-port", help="Port with TLS.", min=0, max=65535)] = None,
    certificate: Annotated[Path | None, typer.Option("--certificate", help="The server's certificate.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The key of that certificate.")] = None,
    authority: Annotated[
        Path | None, typer.Option("--authority", help="Who signs charge points' certificates.")
    ] = None,
    keep_days: Annotated[
        int | None,
        typer.Option(
            "--keep-days", help="Delete older notes and samples by itself; default: never.", min=7, max=36_500
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve charge points until Ctrl-C, or with a command do something with them."""
    if context.invoked_subcommand is not None:
        return
    from sunfair.cli.csms import ServeOptions, run_serve

    run_serve(ServeOptions(host, port, tls_port, certificate, key, authority, keep_days), as_json=as_json)


@csms.command("point")
def csms_point(
    name: Point,
    rated_w: Annotated[int, typer.Option("--rated-w", help="Most power of a connector, W.", min=1, max=100_000_000)],
    connectors: Annotated[int, typer.Option("--connectors", help="How many it has.", min=1, max=100)] = 1,
    profile: Annotated[int, typer.Option("--profile", help="Security profile, 0 to 3.", min=0, max=3)] = 1,
    password: Annotated[
        str | None, typer.Option("--password", envvar="SUNFAIR_CSMS_PASSWORD", help="Default: one is made.")
    ] = None,
    meter_key: Annotated[str | None, typer.Option("--meter-key", help="Its meter's public key, hex or base64.")] = None,
    site: Annotated[str, typer.Option("--site", help="Whose surplus and prices it follows.")] = "",
    as_json: Json = False,
) -> None:
    """Register a charge point, or change it."""
    from sunfair.cli.csms import PointOptions, run_point

    run_point(name, PointOptions(rated_w, connectors, profile, password, meter_key, site), as_json=as_json)


@csms.command("tag")
def csms_tag(
    name: Annotated[str, typer.Argument(help="What the card or app says.", metavar="TAG")],
    group: Annotated[str, typer.Option("--group", help="Tags of a group end each other's sessions.")] = "",
    until: Annotated[str | None, typer.Option("--until", help="Valid until, ISO 8601 with offset.")] = None,
    block: Annotated[bool, typer.Option("--block", help="It may not charge at all.")] = False,
) -> None:
    """Let a tag charge without a booking where nobody has booked, or block it."""
    from sunfair.cli.csms import run_tag

    run_tag(name, group, until, blocked=block)


@csms.command("book")
def csms_book(
    point: Point,
    tag: Annotated[str, typer.Argument(help="Whose it is.", metavar="TAG")],
    begin: Annotated[str, typer.Option("--from", help="ISO 8601 with offset.")],
    end: Annotated[str, typer.Option("--to", help="ISO 8601 with offset.")],
    connector: Place = 1,
    cap_wh: Annotated[
        int | None, typer.Option("--cap-wh", help="Stop at so much energy, Wh.", min=1, max=10**9)
    ] = None,
    as_json: Json = False,
) -> None:
    """Give a tag a connector for a time, in the central system's calendar."""
    from sunfair.cli.csms import run_book

    run_book(point, tag, (begin, end), connector, cap_wh, as_json=as_json)


@csms.command("cancel")
def csms_cancel(
    number: Annotated[int, typer.Argument(help="The booking.", metavar="NUMBER", min=1, max=2**31 - 1)],
) -> None:
    """Take a booking back."""
    from sunfair.cli.csms import run_cancel

    run_cancel(number)


@csms.command("status")
def csms_status(point: AnyPoint = None, as_json: Json = False) -> None:
    """Charge points, when they were heard of, and their connectors."""
    from sunfair.cli.csms import run_status

    run_status(point, as_json=as_json)


@csms.command("sessions")
def csms_sessions(point: AnyPoint = None, as_json: Json = False) -> None:
    """Sessions: energy, how well it is proven, what was wrong."""
    from sunfair.cli.csms import run_sessions

    run_sessions(point, as_json=as_json)


@csms.command("notes")
def csms_notes(
    point: AnyPoint = None,
    limit: Annotated[int, typer.Option("--limit", help="How many.", min=1, max=10_000)] = 50,
    as_json: Json = False,
) -> None:
    """What happened: refusals, faults, no-shows, over-stays, doubts; newest first."""
    from sunfair.cli.csms import run_notes

    run_notes(point, limit, as_json=as_json)


@csms.command("prune")
def csms_prune(
    before: Annotated[str | None, typer.Option("--before", help="ISO 8601 day, or instant with offset.")] = None,
    keep_days: Annotated[
        int | None, typer.Option("--keep-days", help="Or: how many days are kept.", min=7, max=36_500)
    ] = None,
    as_json: Json = False,
) -> None:
    """Delete old notes, meter samples, answered commands and outlooks; sessions, signed records and bookings stay."""
    from sunfair.cli.csms_prune import run_prune

    run_prune(before, keep_days, as_json=as_json)


@csms.command("outlook")
def csms_outlook(
    site: Annotated[str, typer.Argument(help="The site.", metavar="SITE")],
    file: Annotated[Path | None, typer.Argument(help="CSV: start, surplus_w, price (µ/kWh).", metavar="[FILE]")] = None,
    run: Annotated[Path | None, typer.Option("--run", help="Or: the folder of a run of the market.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Whose roof it is in that run: its id.")] = None,
    begin: Annotated[
        str | None, typer.Option("--begin", help="When the run's first slot is to be; default: its own time.")
    ] = None,
) -> None:
    """Publish the surplus and prices that a site's charge points follow: from a file, or as the market found them."""
    from sunfair.cli.csms import run_outlook

    run_outlook(site, file, run, account, begin)


@csms.command("start")
def csms_start(
    point: Point,
    tag: Annotated[str, typer.Argument(help="Who charges.", metavar="TAG")],
    connector: Place = 1,
    as_json: Json = False,
) -> None:
    """Begin a session from here; the calendar is kept."""
    from sunfair.cli.csms import run_command

    run_command(point, "start", {"tag": tag, "connector": connector}, as_json=as_json)


@csms.command("stop")
def csms_stop(
    point: Point,
    transaction: Annotated[str, typer.Argument(help="As `csms sessions` shows it.", metavar="TRANSACTION")],
    as_json: Json = False,
) -> None:
    """End a session from here."""
    from sunfair.cli.csms import run_command

    run_command(point, "stop", {"transaction": transaction}, as_json=as_json)


@csms.command("reset")
def csms_reset(
    point: Point,
    hard: Annotated[bool, typer.Option("--hard", help="At once, whatever runs.")] = False,
    as_json: Json = False,
) -> None:
    """Start a charge point anew."""
    from sunfair.cli.csms import run_command

    run_command(point, "reset", {"hard": hard}, as_json=as_json)


@csms.command("unlock")
def csms_unlock(point: Point, connector: Place = 1, as_json: Json = False) -> None:
    """Release a cable."""
    from sunfair.cli.csms import run_command

    run_command(point, "unlock", {"connector": connector}, as_json=as_json)


@csms.command("availability")
def csms_availability(
    point: Point,
    state: Annotated[str, typer.Argument(help="on or off.", metavar="on|off")],
    connector: Annotated[int, typer.Option("--connector", help="0: all of it.", min=0, max=100)] = 0,
    as_json: Json = False,
) -> None:
    """Put a charge point, or one of its connectors, in or out of service."""
    from sunfair.cli.csms import run_command
    from sunfair.errors import InputError

    if state not in ("on", "off"):
        raise InputError(f"{state!r} is neither on nor off")
    run_command(point, "availability", {"connector": connector, "operative": state == "on"}, as_json=as_json)


@csms.command("diagnostics")
def csms_diagnostics(
    point: Point,
    location: Annotated[str, typer.Argument(help="Where it puts its log: an ftp or https address.", metavar="URL")],
    as_json: Json = False,
) -> None:
    """Have a charge point upload its log (GetDiagnostics, GetLog)."""
    from sunfair.cli.csms import run_command
    from sunfair.errors import Fault, InputError

    if not location.lower().startswith(("ftp://", "ftps://", "sftp://", "http://", "https://")):
        raise InputError(
            "nothing can be put there", [Fault("URL", f"is {location!r}", "e.g. https://files.example/logs")]
        )
    run_command(point, "diagnostics", {"location": location}, as_json=as_json)


@csms.command("certificates")
def csms_certificates(
    folder: Annotated[Path, typer.Argument(help="Where they are kept.", metavar="DIR")],
    host: Annotated[list[str] | None, typer.Option("--host", help="Name or address of the central system.")] = None,
    point: Annotated[list[str] | None, typer.Option("--point", help="A charge point under profile 3.")] = None,
    as_json: Json = False,
) -> None:
    """Make an authority of your own, and certificates for profiles 2 and 3."""
    from sunfair.cli.csms import run_certificates

    run_certificates(folder, host or [], point or [], as_json=as_json)


@csms.command("simulate")
def csms_simulate(
    point: Point,
    url: Annotated[str, typer.Option("--url", help="The central system's address.")] = "ws://127.0.0.1:8430",
    password: Annotated[
        str, typer.Option("--password", envvar="SUNFAIR_CSMS_PASSWORD", help="As `csms point` has it.")
    ] = "",
    protocol: Annotated[str, typer.Option("--protocol", help="OCPP: 1.6, 2.0.1 or 2.1.")] = "1.6",
    rated_w: Annotated[int, typer.Option("--rated-w", help="What the car draws, W.", min=1)] = 11_000,
    tag: Annotated[str | None, typer.Option("--tag", help="Who charges; default: as the central system asks.")] = None,
    seconds: Annotated[float, typer.Option("--seconds", help="How long the car stays.", min=1)] = 60.0,
    quirk: Annotated[list[str] | None, typer.Option("--quirk", help="A fault of real ones, e.g. double-stop.")] = None,
    sample: Annotated[
        Path | None, typer.Option("--sample", help="Only write a signed sample record, and show the meter's key.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Be a charge point with a car and a signing meter, for trying a network without either."""
    from sunfair.cli.csms_simulate import Driven, run_sample, run_simulate
    from sunfair.errors import Fault, InputError

    if protocol not in ("1.6", "2.0.1", "2.1"):
        raise InputError("no such protocol", [Fault("--protocol", f"is {protocol!r}", "1.6, 2.0.1 or 2.1")])
    if sample is not None:
        run_sample(point, sample, as_json=as_json)
        return
    spec = {"id": point, "url": url, "version": protocol, "password": password, "rated_w": rated_w}
    run_simulate(spec, quirk or [], Driven(tag, seconds), as_json=as_json)
