"""`sunfair charging deploy`, `register`, `meter`, `quote`, `withdraw`, `keep-out`, `board`, `statement`."""

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sunfair.app.charging import payoff_of, point_statement
from sunfair.chain import keccak
from sunfair.chain.charging_ledger import ChargingNetwork, charge_credit, deploy_charging, point_of
from sunfair.chain.finance_ledger import InstallFinance
from sunfair.charging import (
    Ask,
    BookingState,
    cuts_of,
    estimate,
    form_of,
    form_text,
    format_minor,
    key_address,
    parse_ocmf,
    quoted,
    sentence,
    slots_between,
    tag_hash,
)
from sunfair.charging.slots import DAY_SLOTS, SLOT_SECONDS
from sunfair.cli.charging_show import address, instant, money, opened, record_text, scaled, show, when
from sunfair.cli.commons_acts import Who, open_network
from sunfair.cli.signing import WallClock
from sunfair.errors import Fault, InputError
from sunfair.files.charging_files import ChargePointFile, QuoteFile, read_charge_point, write_quote
from sunfair.slots import zone
from sunfair.units import format_money

__all__ = [
    "Wanted",
    "run_board",
    "run_deploy",
    "run_keep_out",
    "run_meter",
    "run_quote",
    "run_register",
    "run_statement",
    "run_who",
    "run_withdraw",
]

_CENTURY_DAYS = 36_525


def run_who(who: Who, *, as_json: bool) -> None:
    """The address of who signs."""
    with open_network(who) as (chain, keys):
        show({"address": f"0x{keys.address(who.holder).hex()}", "chain_id": chain.chain_id}, as_json)


def run_deploy(token: str | None, registrar: str | None, who: Who, *, as_json: bool) -> None:
    """Create reader and network, in play money unless a token is named."""
    vouches = bytes(20) if registrar is None else address("--registrar", registrar)
    with open_network(who) as (chain, keys):
        if token is None and who.demo_keys is None:
            fault = Fault("--token", "is missing", "name the token of 6 decimals in which everything is paid")
            raise InputError("a network is made in somebody's money", [fault])
        clock = WallClock()
        paid_in = address("--token", token) if token else charge_credit(chain, keys, clock, holder=who.holder)[1]
        made = deploy_charging(chain, keys, clock, paid_in, vouches, holder=who.holder)
        result = {"network": f"0x{made.hex()}", "token": f"0x{paid_in.hex()}", "chain_id": chain.chain_id}
    show(result, as_json)


def run_register(network: str, path: Path, operator: str | None, stake: str, who: Who, *, as_json: bool) -> None:
    """Register a charge point, or put its prices in force."""
    file, amount = read_charge_point(path), money("--stake", stake)
    with opened(who, address("NETWORK", network)) as ledger:
        host = ledger.address_of(who.holder)
        point = _point(file, host)
        known = ledger.has_point(point)
        usual = ledger.point(point).operator if known else host
        signs = usual if operator is None else address("--operator", operator)
        if known:
            ledger.act(who.holder, "set_terms", point, signs, file.tariff.document)
        else:
            ledger.register(who.holder, keccak(file.name.encode()), file.rated_w, signs, file.tariff.document)
        if amount:
            ledger.act(who.holder, "add_stake", point, amount)
        stands = ledger.point(point)
    result = {
        "point": f"0x{point.hex()}",
        "host": f"0x{host.hex()}",
        "operator": f"0x{stands.operator.hex()}",
        "document": f"0x{stands.document.hex()}",
        "stake": format_money(stands.stake_free, "ECH"),
        "terms": sentence(file.tariff),
    }
    show(result, as_json)


def run_meter(network: str, point: str, path: Path, key: str, who: Who, *, as_json: bool) -> None:
    """Vouch for a meter by its key and one of its records."""
    name = _point_name(point)
    record = parse_ocmf(record_text(path))
    cuts = cuts_of(record)
    form, signer, scale = form_of(record.payload, cuts), key_address(key), record.readings[0].wh_scale
    with opened(who, address("NETWORK", network)) as ledger:
        ledger.act(who.holder, "set_meter", name, signer, form, scale, ledger.now() + 1)
        version = len(ledger.meters(name)) - 1
    told = {"version": version, "key": f"0x{signer.hex()}", "form": f"0x{form.hex()}"}
    show(told | {"looks_like": form_text(record.payload, cuts)}, as_json)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stay as it is asked for on the command line."""

    begin: str
    end: str
    kwh: str
    driver: str
    tag: str | None
    host: str | None


def run_quote(network: str, path: Path, wanted: Wanted, out: Path, who: Who, *, as_json: bool) -> None:
    """Sign terms and write them beside what a driver needs to look at them."""
    file = read_charge_point(path)
    stay = slots_between(instant("--begin", wanted.begin), instant("--end", wanted.end), file.timezone)
    driver, wh = address("--driver", wanted.driver), scaled("--kwh", wanted.kwh, 1_000)
    # Fresh for each booking: it says who charges where, and 20 characters fit every charger.
    tag = _checked_tag(wanted.tag or secrets.token_hex(10).upper())
    with opened(who, address("NETWORK", network)) as ledger:
        host = ledger.address_of(who.holder) if wanted.host is None else address("--host", wanted.host)
        _check_point(ledger, file, host, ledger.address_of(who.holder))
        ask = Ask(_point(file, host), driver, tag_hash(tag), stay.start, len(stay), wh, file.rate, secrets.randbits(64))
        booking = quoted(file.tariff, ask, now=ledger.now(), timezone=file.timezone)
        signed = ledger.sign(who.holder, booking)
        made = QuoteFile(
            ledger.address,
            ledger.chain_id,
            signed,
            tag,
            file.tariff,
            file.rate,
            file.timezone,
            file.place,
            file.host,
            file.charger,
            file.connector,
        )
    write_quote(out, made)
    told = estimate(file.tariff, booking, wh, file.rate)
    result = {
        "booking": f"0x{booking.id.hex()}",
        "begin": when(booking.begin),
        "end": when(booking.end),
        "tag": tag,
        "estimate": format_minor(told.total.gross, told.currency),
        "vat": format_minor(told.total.vat, told.currency),
        "deposit": format_money(booking.deposit, "ECH"),
        "most": format_minor(told.most, told.currency),
        "valid_until": when(booking.expires),
        "terms": sentence(file.tariff),
        "file": str(out),
    }
    show(result, as_json)


def run_withdraw(network: str, party: str, who: Who, *, as_json: bool) -> None:
    """Bring a party its money."""
    to = address("ADDRESS", party)
    with opened(who, address("NETWORK", network)) as ledger:
        amount = ledger.purse(to).withdrawable
        ledger.act(who.holder, "withdraw", to)
    show({"party": f"0x{to.hex()}", "amount": format_money(amount, "ECH"), "micro": amount}, as_json)


def run_keep_out(network: str, path: Path, times: tuple[str, str], who: Who, *, free: bool, as_json: bool) -> None:
    """Keep slots out, or give them back."""
    file = read_charge_point(path)
    stay = slots_between(instant("--begin", times[0]), instant("--end", times[1]), file.timezone)
    with opened(who, address("NETWORK", network)) as ledger:
        point = _point(file, ledger.address_of(who.holder))
        ledger.act(who.holder, "keep_out", point, stay.start, len(stay), not free)
    told = {"begin": when(stay.start * SLOT_SECONDS), "end": when(stay.stop * SLOT_SECONDS), "kept_out": not free}
    show(told, as_json)


def run_board(network: str, path: Path, host: str, day: str | None, who: Who, *, as_json: bool) -> None:
    """The stays that touch a day of the site, in order."""
    file = read_charge_point(path)
    site = zone(file.timezone)
    try:
        civil = date.fromisoformat(day) if day else datetime.now(site).date()
    except ValueError as error:
        raise InputError("--day is no day", [Fault("--day", str(error), "write e.g. 2026-06-15")]) from error
    first = int(datetime(civil.year, civil.month, civil.day, tzinfo=site).timestamp())
    following = civil + timedelta(days=1)
    end = int(datetime(following.year, following.month, following.day, tzinfo=site).timestamp())
    with opened(who, address("NETWORK", network), looks=True) as ledger:
        point = _point(file, address("--host", host))
        ledger.point(point)  # that there is such a one
        here = [b for b in ledger.bookings(point=point) if b.begin < end and b.end > first]
        stays = [ledger.stay(booking) for booking in sorted(here, key=lambda b: b.begin)]
        kept = sum(
            blocked.bit_count()
            for number in range(first // 86_400, (end - 1) // 86_400 + 1)
            for blocked in [_within(ledger.taken(point, number)[1], number, first, end)]
        )
    rows = [
        {
            "begin": datetime.fromtimestamp(stay.booking.begin, site).isoformat(),
            "end": datetime.fromtimestamp(stay.booking.end, site).isoformat(),
            "state": stay.state.name,
            "energy_wh": stay.wh,
            "fee": format_money(stay.fee, "ECH"),
            "booking": f"0x{stay.booking.id.hex()}",
        }
        for stay in stays
    ]
    show({"place": file.place, "day": civil.isoformat(), "kept_out_quarters": kept, "stays": rows}, as_json)


def _within(mask: int, number: int, first: int, end: int) -> int:
    """The bits of a UTC day's mask that lie in [first, end), unix s."""
    slots = range(number * DAY_SLOTS, number * DAY_SLOTS + DAY_SLOTS)
    chosen = sum(1 << at for at, slot in enumerate(slots) if first <= slot * SLOT_SECONDS < end)
    return mask & chosen


def run_statement(
    network: str, path: Path, host: str, days: int, finance: str | None, who: Who, *, as_json: bool
) -> None:
    """What the last days brought, and how far an installation is repaid."""
    file = read_charge_point(path)
    with open_network(who, looks=True) as (chain, keys):
        ledger = ChargingNetwork(chain, keys, WallClock(), address("NETWORK", network))
        now = ledger.now()
        point = _point(file, address("--host", host))
        told = point_statement(ledger, point, now - days * 86_400, now + 1)
        known = ledger.point(point)
        result: dict[str, Any] = {
            "place": file.place,
            "days": days,
            "stays": len(told.ends),
            "fees_micro": told.fees,
            "fees": format_money(told.fees, "ECH"),
            "energy_wh": told.wh,
            "withdrawable_micro": ledger.purse(known.payee).withdrawable,
            "stake_free_micro": known.stake_free,
            "stake_bound_micro": known.stake_bound,
            "ends": [{"state": state.name, "count": told.count(state)} for state in BookingState if told.count(state)],
        }
        if finance is not None:
            status = InstallFinance(chain, keys, WallClock(), address("--finance", finance), ledger).status()
            about = payoff_of(status, told, days)
            soon = about.days is not None and about.days <= _CENTURY_DAYS
            date_ = datetime.fromtimestamp(now, UTC).date() + timedelta(days=about.days or 0)
            result |= {
                "repaid_micro": status.repaid,
                "to_repay_micro": status.cap,
                "repaid": f"{format_money(status.repaid, 'ECH')} of {format_money(status.cap, 'ECH')}",
                "payoff_about": date_.isoformat() if soon else "not within a century at this pace",
            }
    show(result, as_json)


def _checked_tag(tag: str) -> str:
    """A tag that chargers can carry and a meter's record can prove."""
    if not (len(tag) <= 36 and tag.isascii() and tag.isprintable()) or set(tag) & set('"\\'):
        what = "1 to 36 letters, digits and signs of ASCII, no quote or backslash; best 20 at most, for OCPP 1.6"
        raise InputError("that is no tag", [Fault("--tag", f"is {tag!r:.50}", what)])
    return tag


def _check_point(ledger: ChargingNetwork, file: ChargePointFile, host: bytes, signer: bytes) -> None:
    """InputError unless drivers can book on what would be signed: registered, at these prices, by its operator."""
    point = _point(file, host)
    if not ledger.has_point(point):
        what = f"{file.name!r} of 0x{host.hex()} is not registered"
        raise InputError(
            "there is nothing to quote", [Fault("POINT.toml", what, "`charging register`, or name --host")]
        )
    stands, faults = ledger.point(point), []
    if stands.operator != signer:
        what = f"0x{signer.hex()} is not its operator, 0x{stands.operator.hex()} is"
        faults.append(Fault("--as", what, "sign with its key, or `charging register … --operator`"))
    if stands.document != file.tariff.document:
        faults.append(
            Fault("tariff", "holds other prices than those in force", "put them in force: `charging register`")
        )
    if faults:
        raise InputError("nobody could book on this quote", faults)


def _point(file: ChargePointFile, host: bytes) -> bytes:
    """A charge point's name on chain."""
    return point_of(host, file.name)


def _point_name(text: str) -> bytes:
    try:
        name = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        name = b""
    if len(name) != 32:
        raise InputError("POINT is no charge point", [Fault("POINT", f"is {text!r}", "0x and 64 hexadecimal digits")])
    return name
