"""A charge point's file (TOML, written by its host) and a quote's file (JSON, handed from host to driver)."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from sunfair.charging import Booking, Party, Quote, Tariff, check_tariff, minor_digits, parse_minor, vat_of
from sunfair.errors import Fault, InputError
from sunfair.slots import zone

__all__ = ["ChargePointFile", "QuoteFile", "read_charge_point", "read_quote", "write_quote"]

_RATED_MAX_W = 100_000_000
_PRICES = ("kwh", "minute", "session", "idle", "no_show", "compensation")
_KNOWN = {
    "point": {"name", "evse", "rated_kw", "timezone", "country", "place", "charger", "connector"},
    "tariff": {"currency", "rate", "vat", "quiet", "free_minutes", *_PRICES},
    "host": {"name", "address", "vat_number"},
}


@dataclass(frozen=True, slots=True)
class ChargePointFile:
    """A charge point as its host describes it.

    name : the host's own; evse : EVSE id; rate : µ of the token for one minor unit of the tariff's currency
    charger, connector : identity in the central system, by default the name; which of its connectors, from 1
    """

    name: str
    evse: str
    rated_w: int
    timezone: str
    country: str
    place: str
    tariff: Tariff
    rate: int
    host: Party
    charger: str
    connector: int


@dataclass(frozen=True, slots=True)
class QuoteFile:
    """A quote with what a driver needs beside it: where it counts, whom the meter has to name, prices, site.

    charger, connector : by which the central system knows the charge point; empty in the quotes of others
    """

    network: bytes
    chain_id: int
    quote: Quote
    tag: str
    tariff: Tariff
    rate: int
    timezone: str
    place: str
    host: Party
    charger: str = ""
    connector: int = 1


def read_charge_point(path: Path) -> ChargePointFile:
    """The file of a charge point; InputError naming everything that is unknown, missing or no value of its kind."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path} is no charge point", [Fault(str(path), why, "write a TOML file")]) from error
    faults: list[Fault] = []
    tables = {name: _table(content, name, known, faults) for name, known in _KNOWN.items()}
    faults += [Fault(name, "is unknown", f"one of {', '.join(_KNOWN)}") for name in content if name not in _KNOWN]
    point, host = tables["point"], tables["host"]
    texts = {name: _text(point, f"point.{name}", faults) for name in ("name", "evse", "timezone", "country", "place")}
    rated_w = _scaled(point.get("rated_kw"), 1_000, "point.rated_kw", "kW above 0", faults)
    if texts["timezone"]:
        try:
            zone(texts["timezone"])
        except ValueError as error:
            faults.append(Fault("point.timezone", str(error)))
    tariff, rate = _tariff(tables["tariff"], texts["country"], faults)
    address = host.get("address", [])
    if not isinstance(address, list):
        faults.append(
            Fault("host.address", f"is {address!r}", 'a list of lines, e.g. ["Seestraße 1", "78462 Konstanz"]')
        )
        address = []
    if rated_w > _RATED_MAX_W:
        faults.append(Fault("point.rated_kw", f"is {rated_w / 1_000:g}", f"at most {_RATED_MAX_W // 1_000} kW"))
    charger, connector = _connector(point, texts["name"], faults)
    party = Party(_text(host, "host.name", faults), tuple(map(str, address)), str(host.get("vat_number", "")))
    if faults or tariff is None:
        raise InputError(f"{path} is no charge point", faults)
    return ChargePointFile(
        rated_w=rated_w, tariff=tariff, rate=rate, host=party, charger=charger, connector=connector, **texts
    )


def write_quote(path: Path, quote: QuoteFile) -> None:
    """Write a quote's file."""
    content = {
        "network": f"0x{quote.network.hex()}",
        "chain_id": quote.chain_id,
        "booking": {name: _plain(value) for name, value in asdict(quote.quote.booking).items()},
        "signature": f"0x{quote.quote.signature.hex()}",
        "tag": quote.tag,
        "tariff": asdict(quote.tariff),
        "rate": quote.rate,
        "timezone": quote.timezone,
        "place": quote.place,
        "host": asdict(quote.host),
        "charger": quote.charger,
        "connector": quote.connector,
    }
    try:
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        fault = Fault(str(path), error.strerror or str(error), "name a file in a folder that can be written")
        raise InputError("the quote cannot be written", [fault]) from error


def read_quote(path: Path) -> QuoteFile:
    """A quote's file; InputError if it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("is no JSON object")
        plain = content["booking"]
        values: list[Any] = [
            _octets(plain[field.name], 20 if field.name == "driver" else 32)
            if field.type is bytes
            else int(plain[field.name])
            for field in fields(Booking)
        ]
        booking = Booking(*values)
        if any(value < 0 for value in values if isinstance(value, int)):
            raise ValueError("its booking has a number below 0")
        quiet, host = content["tariff"].pop("quiet"), content["host"]
        tariff = Tariff(quiet=tuple(quiet) if quiet else None, **content["tariff"])
        check_tariff(tariff)
        zone(content["timezone"])
        return QuoteFile(
            _octets(content["network"], 20),
            int(content["chain_id"]),
            Quote(booking, _octets(content["signature"], 65)),
            str(content["tag"]),
            tariff,
            int(content["rate"]),
            str(content["timezone"]),
            str(content["place"]),
            Party(str(host["name"]), tuple(map(str, host["address"])), str(host["vat_number"])),
            str(content.get("charger", "")),
            int(content.get("connector", 1)),
        )
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"has no {error}" if isinstance(error, KeyError) else getattr(error, "strerror", None) or str(error)
        fault = Fault(str(path), why, "`sunfair charging quote` writes one")
        raise InputError(f"{path} is no quote", [fault]) from error


def _plain(value: Any) -> Any:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


def _octets(text: str, size: int) -> bytes:
    data = bytes.fromhex(text.removeprefix("0x"))
    if len(data) != size:
        raise ValueError(f"has {text}, which is not 0x and {2 * size} hexadecimal digits")
    return data


def _table(content: Mapping[str, Any], name: str, known: set[str], faults: list[Fault]) -> Mapping[str, Any]:
    table = content.get(name)
    if not isinstance(table, dict):
        faults.append(Fault(name, "is missing" if table is None else "is no table", f"write [{name}]"))
        return {}
    faults += [
        Fault(f"{name}.{key}", "is unknown", f"one of {', '.join(sorted(known))}") for key in table if key not in known
    ]
    return table


def _text(table: Mapping[str, Any], place: str, faults: list[Fault]) -> str:
    value = table.get(place.split(".")[1])
    if isinstance(value, str) and value:
        return value
    faults.append(Fault(place, "is missing" if value is None else f"is {value!r}", "must be text"))
    return ""


def _connector(point: Mapping[str, Any], name: str, faults: list[Fault]) -> tuple[str, int]:
    """By which identity and at which connector the central system knows the charge point."""
    charger = _text(point, "point.charger", faults) if "charger" in point else name
    connector = point.get("connector", 1)
    if not isinstance(connector, int) or isinstance(connector, bool) or connector < 1:
        faults.append(Fault("point.connector", f"is {connector!r}", "must be a whole number from 1"))
    return charger, connector


def _scaled(value: Any, scale: int, place: str, what: str, faults: list[Fault]) -> int:
    """A decimal number above 0 as a whole number of its 1/scale."""
    if (
        isinstance(value, int | Decimal)
        and not isinstance(value, bool)
        and value > 0
        and value * scale == int(value * scale)
    ):
        return int(value * scale)
    faults.append(Fault(place, "is missing" if value is None else f"is {value}", f"must be {what}"))
    return 1


def _tariff(table: Mapping[str, Any], country: str, faults: list[Fault]) -> tuple[Tariff | None, int]:
    """Prices as decimal amounts of the currency, text or number; the VAT in percent, by default the country's."""
    before, currency = len(faults), _text(table, "tariff.currency", faults)
    digits, vat_bps = 2, 0
    try:
        digits = minor_digits(currency)
    except InputError as error:
        faults += error.faults
        currency = "EUR"
    try:
        vat_bps = vat_of(country) if "vat" not in table else _scaled_vat(table["vat"])
    except InputError as error:
        faults += error.faults
    prices = {}
    for name in _PRICES:
        try:
            prices[name] = parse_minor(str(table.get(name, "" if name == "kwh" else "0")), currency)
        except ValueError as error:
            faults.append(Fault(f"tariff.{name}", str(error), "write it as text or a number, e.g. 0.49"))
    rate = table.get("rate", 1)
    micro = _scaled(rate, 10**6, "tariff.rate", "tokens for one unit of the currency", faults)
    if micro % 10**digits:
        faults.append(Fault("tariff.rate", f"is {rate}", f"must have at most {6 - digits} decimals in {currency}"))
    quiet = _quiet(table.get("quiet"), faults)
    free = table.get("free_minutes", 60)
    if not isinstance(free, int):
        faults.append(Fault("tariff.free_minutes", f"is {free!r}", "must be whole minutes"))
    if len(faults) > before:
        return None, 1
    made = Tariff(currency, vat_bps=vat_bps, quiet=quiet, free_minutes=free, **prices)
    try:
        check_tariff(made)
    except InputError as error:
        faults += error.faults
    return made, micro // 10**digits


def _scaled_vat(value: Any) -> int:
    scaled = value * 100 if isinstance(value, int | Decimal) and not isinstance(value, bool) else -1
    if not 0 <= scaled < 10_000 or scaled != int(scaled):
        raise InputError("no VAT", [Fault("tariff.vat", f"is {value}", "must be percent, e.g. 19 or 8.1")])
    return int(scaled)


def _quiet(value: Any, faults: list[Fault]) -> tuple[int, int] | None:
    if value is None:
        return None
    try:
        first, last = (part.split(":") for part in str(value).split("-"))
        quiet = int(first[0]) * 60 + int(first[1]), int(last[0]) * 60 + int(last[1])
    except (ValueError, IndexError):
        faults.append(Fault("tariff.quiet", f"is {value!r}", 'must be local times such as "22:00-07:00"'))
        return None
    return quiet
