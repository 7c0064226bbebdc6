"""A charging network as its owner writes it down: hotels, their charge points, prices and how each was paid for.

`hotels.toml`, see docs/charging.md. Prices and money are decimals of the hotel's currency, VAT included.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sunfair.charging import FinanceTerms, check_finance, minor_digits, vat_of
from sunfair.charging.finding import CONNECTORS, Connector, Evse, Site
from sunfair.charging.ocpi import Party
from sunfair.charging.tariff import Tariff, check_tariff
from sunfair.errors import Fault, InputError
from sunfair.files.places import countries
from sunfair.files.sites_values import Record, coordinates
from sunfair.slots import zone

__all__ = ["Hotel", "Network", "PointPlan", "read_hotels"]

_KNOWN = {
    "network": {"name", "country_code", "party_id", "contract"},
    "hotel": {"id", "name", "address", "city", "country", "latitude", "longitude", "timezone", "operator", "vat_number"}
    | {"roof_kwp", "account", "tariff", "point", "install"},
    "tariff": {"currency", "kwh", "minute", "session", "idle", "no_show", "compensation", "vat", "quiet"}
    | {"free_minutes"},
    "point": {"id", "name", "connector", "cable", "power_type", "power_kw", "meter_key"},
    "install": {"capex", "multiple", "share", "energy_floor", "platform"},
}
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_POWER_TYPES = ("AC_1_PHASE", "AC_3_PHASE", "DC")


@dataclass(frozen=True, slots=True)
class PointPlan:
    """A charge point: its name in OCPP and OCPI, its connector, and its meter's public key (hex, may be empty).

    name : under which its host registered it on chain
    """

    id: str
    connector: Connector
    meter_key: str
    name: str


@dataclass(frozen=True, slots=True)
class Hotel:
    """A host. `install` : how its chargers were financed, None if it paid for them; amounts in minor units of the
    tariff's currency; roof_w : its PV's rated power; account : the host's address on chain, may be empty.
    """

    id: str
    name: str
    address: str
    city: str
    country: str
    latitude: float
    longitude: float
    timezone: str
    operator: str
    vat_number: str
    roof_w: int
    tariff: Tariff
    points: tuple[PointPlan, ...]
    install: FinanceTerms | None
    account: str

    def site(self, statuses: Mapping[str, str]) -> Site:
        """What a map shows of it, with the status of each charge point (UNKNOWN where none is told)."""
        evses = tuple(Evse(p.id, statuses.get(p.id, "UNKNOWN"), (p.connector,)) for p in self.points)
        place = (self.operator, self.name, self.address, self.city, self.country, self.latitude, self.longitude)
        return Site(self.id, "ocpi", *place, self.timezone, evses)

    @property
    def iso3(self) -> str:
        """Its country in three letters."""
        return countries()[self.country].iso3


@dataclass(frozen=True, slots=True)
class Network:
    """A charging network: who it is to its partners, its hotels, and its contract's address (may be empty)."""

    party: Party
    hotels: tuple[Hotel, ...]
    contract: str


def read_hotels(path: Path) -> Network:
    """The network of a file; InputError with every fault in it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"{path} cannot be read",
            [Fault("file", getattr(error, "strerror", None) or str(error), "a TOML file; see docs/charging-find.md")],
        ) from error
    faults: list[Fault] = []
    root = Record(document, "file", faults)
    for name in document:
        if name not in ("network", "hotel"):
            root.fault(name, "is not known", "[network] and [[hotel]] are")
    network = root.child("network", needed=True)
    party, contract = _party(network, faults), _address(network, "contract")
    hotels = [_hotel(record) for record in root.children("hotel")]
    if not hotels:
        faults.append(Fault("hotel", "is none", "write [[hotel]] tables"))
    _check_unique(hotels, faults)
    if faults or party is None:
        raise InputError(f"{path} is no charging network", faults)
    return Network(party, tuple(hotel for hotel in hotels if hotel is not None), contract)


def _party(record: Record, faults: list[Fault]) -> Party | None:
    _only(record, "network")
    texts = [record.text(name, needed=True) for name in ("country_code", "party_id", "name")]
    try:
        return Party(*texts) if all(texts) else None
    except InputError as error:
        faults += [Fault(f"network.{fault.place}", fault.what, fault.mend) for fault in error.faults]
        return None


def _hotel(record: Record) -> Hotel | None:
    before = len(record.faults)
    _only(record, "hotel")
    names = ("id", "name", "address", "city", "country", "timezone")
    said = {name: record.text(name, needed=True) for name in names}
    point = coordinates(record, "latitude", "longitude")
    if said["country"] and said["country"] not in countries():
        record.fault("country", f"is {said['country']!r}", "ISO 3166-1, e.g. DE")
    if said["timezone"]:
        _try(record, "timezone", lambda: zone(said["timezone"]))
    tariff = _tariff(record.child("tariff", needed=True), said["country"])
    points = tuple(plan for each in record.children("point") if (plan := _point(each, said["id"])))
    if not points:
        record.fault("point", "is none", "write [[hotel.point]] tables")
    install = _install(record.child("install"), tariff) if record.value("install") is not None else None
    roof_w, account = _scaled(record, "roof_kwp", 3, default=0), _address(record, "account")
    if len(record.faults) > before or point is None or tariff is None:
        return None
    place = (said["name"], said["address"], said["city"], countries()[said["country"]].iso2, *point, said["timezone"])
    operator = record.text("operator") or said["name"]
    rest = roof_w, tariff, points, install, account
    return Hotel(said["id"], *place, operator, record.text("vat_number"), *rest)


def _address(record: Record, name: str) -> str:
    """An address of the chain, or nothing."""
    text = record.text(name)
    if text and not _ADDRESS.fullmatch(text):
        record.fault(name, f"is {text!r}", "an address: 0x and 40 hexadecimal digits")
    return text


def _tariff(record: Record, country: str) -> Tariff | None:
    before = len(record.faults)
    _only(record, "tariff")
    currency = record.text("currency", needed=True)
    digits = 2
    if currency:
        _try(record, "currency", lambda: minor_digits(currency))
    if len(record.faults) > before:
        return None
    digits = minor_digits(currency)
    prices = ("kwh", "minute", "session", "idle", "no_show", "compensation")
    amounts = [_scaled(record, name, digits, default=None if name == "kwh" else 0) for name in prices]
    vat = _scaled(record, "vat", 2, default=-1)
    if vat == -1:
        vat = _try(record, "vat", lambda: vat_of(country)) or 0
    quiet, free = _quiet(record), record.whole("free_minutes", default=60)
    if len(record.faults) > before:
        return None
    kwh, minute, session, idle, no_show, compensation = amounts
    tariff = Tariff(currency, kwh, minute, session, idle, no_show, compensation, vat, quiet, free)
    _try(record, "prices", lambda: check_tariff(tariff))
    return tariff


def _quiet(record: Record) -> tuple[int, int] | None:
    written = record.text("quiet")
    if not written:
        return None
    parts = [part.split(":") for part in written.split("-")]
    if len(parts) != 2 or not all(len(p) == 2 and all(q.isdigit() for q in p) for p in parts):
        record.fault("quiet", f"is {written!r}", "write it as 22:00-07:00")
        return None
    first, last = (int(hour) * 60 + int(minute) for hour, minute in parts)
    return first, last


def _point(record: Record, hotel: str) -> PointPlan | None:
    before = len(record.faults)
    _only(record, "point")
    name, standard = record.text("id", needed=True), record.text("connector", needed=True)
    power_type = record.text("power_type") or "AC_3_PHASE"
    if standard and standard not in CONNECTORS:
        record.fault("connector", f"is {standard!r}", "no ConnectorType of OCPI 2.2.1, e.g. IEC_62196_T2")
    if power_type not in _POWER_TYPES:
        record.fault("power_type", f"is {power_type!r}", f"one of {', '.join(_POWER_TYPES)}")
    power = _scaled(record, "power_kw", 3, default=None)
    key = record.text("meter_key")
    if key and not (len(key) in (66, 130) and all(c in "0123456789abcdef" for c in key.lower())):
        record.fault("meter_key", "is no public key", "33 or 65 bytes in hexadecimal (SEC 1, secp256k1)")
    if len(record.faults) > before:
        return None
    connector = Connector("1", standard, record.value("cable") is True, power_type, power, (hotel,))
    return PointPlan(name, connector, key, record.text("name") or name)


def _install(record: Record, tariff: Tariff | None) -> FinanceTerms | None:
    if tariff is None:
        return None
    before = len(record.faults)
    _only(record, "install")
    digits = minor_digits(tariff.currency)
    capex, floor = (_scaled(record, name, digits, default=None) for name in ("capex", "energy_floor"))
    multiple, share, platform = (
        _scaled(record, n, 4, default=d) for n, d in (("multiple", None), ("share", None), ("platform", 0))
    )
    if len(record.faults) > before:
        return None
    terms = FinanceTerms(capex, multiple, share, floor, tariff.vat_bps, platform)
    _try(record, "terms", lambda: check_finance(terms))
    return terms


def _scaled(record: Record, name: str, digits: int, *, default: int | None) -> int:
    """A decimal as a whole number of its 10^−digits-th parts; a fault if it has more digits, or none stands there."""
    found = record.value(name)
    if found is None and default is not None:
        return default
    if isinstance(found, bool) or not isinstance(found, (int, Decimal)):
        record.fault(name, "is missing" if found is None else f"is {found!r}", "a number is needed")
        return 0
    scaled = Decimal(found).scaleb(digits)
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or scaled < 0 or scaled > 10**15:
        record.fault(name, f"is {found}", f"a number ≥ 0 with at most {digits} digits after the point is needed")
        return 0
    return int(scaled)


def _only(record: Record, kind: str) -> None:
    for name in record.values:
        if name not in _KNOWN[kind]:
            record.fault(name, "is not known", f"{', '.join(sorted(_KNOWN[kind]))} are")


def _try(record: Record, name: str, check: Any) -> Any:
    """What a check gives; its refusal as faults of this record."""
    try:
        return check()
    except InputError as error:
        record.faults.extend(Fault(f"{record.place}.{f.place}", f.what, f.mend) for f in error.faults)
    except ValueError as error:
        record.fault(name, str(error), "")
    return None


def _check_unique(hotels: list[Hotel | None], faults: list[Fault]) -> None:
    seen: set[str] = set()
    for hotel in hotels:
        if hotel is None:
            continue
        for name in (hotel.id, *(plan.id for plan in hotel.points)):
            if name in seen:
                faults.append(
                    Fault(f"hotel {hotel.id}", f"{name} stands twice", "every hotel and charge point has its own id")
                )
            seen.add(name)
