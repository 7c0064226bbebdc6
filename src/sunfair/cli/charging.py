"""`sunfair charging …`: names, arguments and help of the commands of a charging network's money."""

from pathlib import Path
from typing import Annotated

import typer

from sunfair.cli.commands_finding import register_finding
from sunfair.cli.commons import As, DemoKeys, Json, Rpc

__all__ = ["charging"]

Network = Annotated[str, typer.Argument(help="Address of the charging network.", metavar="NETWORK")]
PointFile = Annotated[Path, typer.Argument(help="A charge point; see docs/charging-bookings.md.", metavar="POINT.toml")]
Stay = Annotated[Path, typer.Argument(help="The booking's quote.", metavar="QUOTE.json")]
RecordFile = Annotated[Path, typer.Argument(help="A file with the signed record (OCMF|…).", metavar="RECORD")]
Contract = Annotated[str, typer.Argument(help="Address of the finance contract.", metavar="FINANCE")]

charging = typer.Typer(help="Charging: book, charge, prove, pay; chargers financed by revenue.", no_args_is_help=True)
register_finding(charging)


@charging.command("who")
def who(rpc_url: Rpc = None, demo_keys: DemoKeys = None, holder: As = "driver", as_json: Json = False) -> None:
    """Your address, by the key you sign with: what a quote names, and others pay to."""
    from sunfair.cli.charging_hosts import run_who
    from sunfair.cli.commons_acts import Who

    run_who(Who(rpc_url, demo_keys, holder), as_json=as_json)


@charging.command("deploy")
def deploy(
    token: Annotated[str | None, typer.Option("--token", help="The money: a token of 6 decimals.")] = None,
    registrar: Annotated[
        str | None, typer.Option("--registrar", help="Who vouches for meters; else each host.")
    ] = None,
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "host",
    as_json: Json = False,
) -> None:
    """Put a charging network on a chain; on a local one with play money unless a token is named."""
    from sunfair.cli.charging_hosts import run_deploy
    from sunfair.cli.commons_acts import Who

    run_deploy(token, registrar, Who(rpc_url, demo_keys, holder), as_json=as_json)


@charging.command("register")
def register(
    network: Network,
    point: PointFile,
    operator: Annotated[str | None, typer.Option("--operator", help="Key that signs quotes; default: yours.")] = None,
    stake: Annotated[str, typer.Option("--stake", help="Money that answers for you towards guests.")] = "0",
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "host",
    as_json: Json = False,
) -> None:
    """Register a charge point, or put its prices in force if it is registered."""
    from sunfair.cli.charging_hosts import run_register
    from sunfair.cli.commons_acts import Who

    run_register(network, point, operator, stake, Who(rpc_url, demo_keys, holder), as_json=as_json)


@charging.command("meter")
def meter(
    network: Network,
    point: Annotated[str, typer.Argument(help="The charge point: 0x and 64 digits.", metavar="POINT")],
    record: RecordFile,
    key: Annotated[str, typer.Option("--key", help="The meter's public key, hex or base64.")],
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "registrar",
    as_json: Json = False,
) -> None:
    """Vouch for a charge point's meter: its key, and the form of its records as one of them shows it."""
    from sunfair.cli.charging_hosts import run_meter
    from sunfair.cli.commons_acts import Who

    run_meter(network, point, record, key, Who(rpc_url, demo_keys, holder), as_json=as_json)


@charging.command("quote")
def quote(
    network: Network,
    point: PointFile,
    begin: Annotated[str, typer.Option("--begin", help="ISO 8601; without an offset on the site's clock.")],
    end: Annotated[str, typer.Option("--end", help="ISO 8601; without an offset on the site's clock.")],
    driver: Annotated[str, typer.Option("--driver", help="The driver's address.")],
    kwh: Annotated[str, typer.Option("--kwh", help="The most it will take.")] = "30",
    tag: Annotated[str | None, typer.Option("--tag", help="What the meter will sign; default: a fresh one.")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Whose charge point; default: yours.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Where to write the quote.")] = Path("quote.json"),
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "operator",
    as_json: Json = False,
) -> None:
    """Sign a price for a stay: it holds ten minutes, and from booking on it is locked."""
    from sunfair.cli.charging_hosts import Wanted, run_quote
    from sunfair.cli.commons_acts import Who

    wanted = Wanted(begin, end, kwh, driver, tag, host)
    run_quote(network, point, wanted, out, Who(rpc_url, demo_keys, holder), as_json=as_json)


@charging.command("book")
def book(
    stay: Stay,
    deposit_max: Annotated[str | None, typer.Option("--deposit-max", help="Refuse a deposit above this.")] = None,
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "driver",
    as_json: Json = False,
) -> None:
    """Look at a quote as a driver has to, show its terms in a sentence, and book."""
    from sunfair.cli.charging_acts import run_book
    from sunfair.cli.commons_acts import Who

    run_book(stay, deposit_max, Who(rpc_url, demo_keys, holder), as_json=as_json)


@charging.command("status")
def status(stay: Stay, rpc_url: Rpc = None, as_json: Json = False) -> None:
    """Where a booking stands, and what it costs so far."""
    from sunfair.cli.charging_acts import run_status
    from sunfair.cli.commons_acts import Who

    run_status(stay, Who(rpc_url), as_json=as_json)


@charging.command("act")
def act(
    name: Annotated[str, typer.Argument(help="What to do; `list` names every act.", metavar="ACT")],
    stay: Annotated[Path | None, typer.Argument(help="The booking's quote.", metavar="QUOTE.json")] = None,
    words: Annotated[list[str] | None, typer.Argument(help="What the act asks for.", metavar="[WORDS]...")] = None,
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "driver",
    as_json: Json = False,
) -> None:
    """Confirm, cancel, extend, start, stop, dispute, poke …: every act about a booking by name."""
    from sunfair.cli.charging_acts import ACTS, run_act
    from sunfair.cli.commons_acts import Who
    from sunfair.errors import Fault, InputError

    if name == "list":
        for known, what in ACTS.items():
            typer.echo(f"{' '.join([known, 'QUOTE.json', *(word for word, _ in what.asks)]):<52} {what.told}")
        return
    if name not in ACTS:
        raise InputError(f"there is no act {name!r}", [Fault("ACT", f"is {name!r}", f"one of {', '.join(ACTS)}")])
    if stay is None:
        raise InputError("the act is not whole", [Fault("QUOTE.json", "is missing", "name the booking's quote")])
    run_act(name, stay, words or [], Who(rpc_url, demo_keys, holder), as_json=as_json)


@charging.command("prove")
def prove(
    stay: Stay,
    record: RecordFile,
    offline: Annotated[bool, typer.Option("--offline", help="Show by it that the charge point worked.")] = False,
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "driver",
    as_json: Json = False,
) -> None:
    """Settle a stay by the meter's signed record."""
    from sunfair.cli.charging_acts import run_prove
    from sunfair.cli.commons_acts import Who

    run_prove(stay, record, Who(rpc_url, demo_keys, holder), offline=offline, as_json=as_json)


@charging.command("judge")
def judge(
    stay: Stay,
    record: Annotated[Path | None, typer.Argument(help="The signed record (OCMF|…).", metavar="[RECORD]")] = None,
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "driver",
    as_json: Json = False,
) -> None:
    """Hold the reading that was claimed against the signed record: agree, or prove or dispute what is too high."""
    from sunfair.cli.charging_acts import run_judge
    from sunfair.cli.commons_acts import Who

    run_judge(stay, record, Who(rpc_url, demo_keys, holder), as_json=as_json)


@charging.command("office")
def office(
    network: Network,
    quotes: Annotated[list[Path], typer.Argument(help="Quotes signed here, or their folders.", metavar="QUOTES...")],
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option("--every", help="Seconds between passes.", min=0.1, max=900)] = 5.0,
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "operator",
    as_json: Json = False,
) -> None:
    """Carry bookings from the chain to the chargers of `sunfair csms`, and what they delivered back to it."""
    from sunfair.cli.charging_office import run_office
    from sunfair.cli.commons_acts import Who

    code = run_office(network, quotes, every if watch else None, Who(rpc_url, demo_keys, holder), as_json=as_json)
    if code:
        raise typer.Exit(code)


@charging.command("withdraw")
def withdraw(
    network: Network,
    party: Annotated[str, typer.Argument(help="Whose money; anyone may bring it.", metavar="ADDRESS")],
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "driver",
    as_json: Json = False,
) -> None:
    """Bring a party what it may withdraw."""
    from sunfair.cli.charging_hosts import run_withdraw
    from sunfair.cli.commons_acts import Who

    run_withdraw(network, party, Who(rpc_url, demo_keys, holder), as_json=as_json)


@charging.command("keep-out")
def keep_out(
    network: Network,
    point: PointFile,
    begin: Annotated[str, typer.Option("--begin", help="ISO 8601; without an offset on the site's clock.")],
    end: Annotated[str, typer.Option("--end", help="ISO 8601; without an offset on the site's clock.")],
    free: Annotated[bool, typer.Option("--free", help="Give the time back instead.")] = False,
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "host",
    as_json: Json = False,
) -> None:
    """Keep a time out of a charge point's calendar."""
    from sunfair.cli.charging_hosts import run_keep_out
    from sunfair.cli.commons_acts import Who

    run_keep_out(network, point, (begin, end), Who(rpc_url, demo_keys, holder), free=free, as_json=as_json)


@charging.command("board")
def board(
    network: Network,
    point: PointFile,
    host: Annotated[str, typer.Option("--host", help="The host's address.")],
    day: Annotated[str | None, typer.Option("--day", help="A day on the site's clock; default: today.")] = None,
    rpc_url: Rpc = None,
    as_json: Json = False,
) -> None:
    """A charge point's day: who stays when, and what is kept out."""
    from sunfair.cli.charging_hosts import run_board
    from sunfair.cli.commons_acts import Who

    run_board(network, point, host, day, Who(rpc_url), as_json=as_json)


@charging.command("statement")
def statement(
    network: Network,
    point: PointFile,
    host: Annotated[str, typer.Option("--host", help="The host's address.")],
    days: Annotated[int, typer.Option("--days", help="How many days up to now.", min=1)] = 30,
    finance: Annotated[str | None, typer.Option("--finance", help="A finance contract: repaid X of Y, payoff.")] = None,
    rpc_url: Rpc = None,
    as_json: Json = False,
) -> None:
    """What a charge point brought, how its stays ended, and when its financing is paid off at this pace."""
    from sunfair.cli.charging_hosts import run_statement
    from sunfair.cli.commons_acts import Who

    run_statement(network, point, host, days, finance, Who(rpc_url), as_json=as_json)


@charging.command("verify")
def verify(
    records: Annotated[list[Path], typer.Argument(help="Signed record(s) (OCMF|…), begin first.", metavar="RECORD...")],
    key: Annotated[str, typer.Option("--key", help="The meter's public key, hex or base64.")],
    tag: Annotated[str | None, typer.Option("--tag", help="Whose session it should be.")] = None,
    rated_kw: Annotated[str, typer.Option("--rated-kw", help="The charge point's rated power.")] = "400",
    as_json: Json = False,
) -> None:
    """Check this reading: who signed it, and what it says. Needs no network. Exit 1 if it proves nothing."""
    from sunfair.cli.charging_records import run_verify

    run_verify(records, key, tag, rated_kw, as_json=as_json)


@charging.command("receipt")
def receipt(
    stay: Stay,
    records: Annotated[
        list[Path] | None, typer.Argument(help="Signed record(s) (OCMF|…), begin first.", metavar="[RECORD]...")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write it as JSON.", metavar="FILE")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Where to write it as PDF.", metavar="FILE")] = None,
    rpc_url: Rpc = None,
    as_json: Json = False,
) -> None:
    """A driver's receipt: lines, VAT, and the signed record to check it by; on the screen, as JSON, as PDF."""
    from sunfair.cli.charging_records import run_receipt
    from sunfair.cli.commons_acts import Who

    run_receipt(stay, records or [], (out, pdf), Who(rpc_url), as_json=as_json)


@charging.command("finance")
def finance(
    network: Network,
    host: Annotated[str, typer.Option("--host", help="Who gets the charger.")],
    platform: Annotated[str, typer.Option("--platform", help="Who runs the network.")],
    capex: Annotated[str, typer.Option("--capex", help="Money the installation costs.")],
    multiple: Annotated[str, typer.Option("--multiple", help="What is repaid of it.")] = "1.3",
    share: Annotated[str, typer.Option("--share", help="Percent of the margin that repays.")] = "40",
    energy: Annotated[str, typer.Option("--energy", help="Money a kWh that the host keeps for its bill.")] = "0.30",
    vat: Annotated[str, typer.Option("--vat", help="Percent, in the revenue.")] = "0",
    platform_fee: Annotated[str, typer.Option("--platform-fee", help="Percent of what is left after that.")] = "5",
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "financier",
    as_json: Json = False,
) -> None:
    """Put an agreement on chain: the charger's revenue repays it, clipped to the unit. Signed by the financier."""
    from sunfair.cli.charging_finance import Deal, run_finance
    from sunfair.cli.commons_acts import Who

    deal = Deal(host, platform, capex, multiple, share, energy, vat, platform_fee)
    run_finance(network, deal, Who(rpc_url, demo_keys, holder), as_json=as_json)


@charging.command("finance-act")
def finance_act(
    name: Annotated[str, typer.Argument(help="`assign`, `collect`, `buy-out`, `release`, `withdraw`.", metavar="ACT")],
    network: Network,
    contract: Contract,
    word: Annotated[str, typer.Argument(help="Charge point, or address to pay.", metavar="[WORD]")] = "",
    rpc_url: Rpc = None,
    demo_keys: DemoKeys = None,
    holder: As = "host",
    as_json: Json = False,
) -> None:
    """Assign a charge point's revenue, divide it, buy out early, release the charge point, take the money home."""
    from sunfair.cli.charging_finance import run_finance_act
    from sunfair.cli.commons_acts import Who

    run_finance_act(name, network, contract, word, Who(rpc_url, demo_keys, holder), as_json=as_json)
