"""`sunfair charging find`: chargers near a place that are free for a stay, with what it would cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.table import Table

from sunfair.app.charge_shop import calendars_of, chain_calendars, stay_costs
from sunfair.charging import format_minor, parse_minor
from sunfair.charging.finding import Estimate, Found, Order, Query, Site, SiteIndex
from sunfair.charging.ocpi import read_tariff, stay_price
from sunfair.charging.slots import SLOT_SECONDS, Calendar, slot_at, slots_between
from sunfair.cli.show import print_json, stderr, stdout
from sunfair.errors import Fault, InputError
from sunfair.files.hotels import Network, read_hotels
from sunfair.files.places import SOURCE, gazetteer
from sunfair.files.sites import read_json, read_sites
from sunfair.slots import zone

__all__ = ["Live", "Wanted", "run_find"]

_AHEAD = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed. `place` : a town or "north,east"; `at` : ISO 8601, without an offset on the place's own clock."""

    place: str
    at: str | None
    hours: float
    energy_kwh: float
    radius_km: float
    connectors: Sequence[str]
    power_kw: float
    most: str | None
    currency: str
    order: str
    limit: int


@dataclass(frozen=True, slots=True)
class Live:
    """Whether what is booked and kept out is asked for, and by which node of the chain (None: none is named)."""

    asked: bool
    rpc_url: str | None


def run_find(
    wanted: Wanted, sites: Sequence[Path], tariffs: Path | None, network: Path | None, *, live: Live, as_json: bool
) -> None:
    """Search and print."""
    north, east, timezone = _where(wanted.place)
    first, slots, now = _when(wanted, timezone)
    _check_amounts(wanted)
    wh = round(wanted.energy_kwh * 1000)
    found_sites: list[Site] = []
    notes: list[str] = []
    for path in sites:
        read = read_sites(path)
        found_sites += read.sites
        notes += [f"{path}: {fault}" for fault in read.faults]
    hotels = read_hotels(network) if network else None
    calendars: Mapping[str, Calendar] = {}
    if hotels is not None:
        found_sites += [hotel.site({}) for hotel in hotels.hotels]
        calendars = _calendars(hotels, first, slots, live.rpc_url) if live.asked else {}
    prices = _prices(tariffs, hotels, first, slots, wh, timezone)
    query = Query(
        north,
        east,
        wanted.radius_km * 1000,
        first,
        slots,
        now=now,
        standards=frozenset(wanted.connectors),
        power_w=round(wanted.power_kw * 1000),
        most=Estimate(_minor(wanted.most, wanted.currency), wanted.currency.upper()) if wanted.most else None,
        order=Order(wanted.order),
        limit=wanted.limit,
    )
    found = SiteIndex.of(found_sites).search(query, calendars, prices)
    for note in notes[:10]:
        stderr.print(f"[yellow]left out[/] {note}")
    if len(notes) > 10:
        stderr.print(f"[yellow]and {len(notes) - 10} more[/]")
    if as_json:
        print_json({"found": [_as_json(one) for one in found], "sources": _sources(found)})
    else:
        _show(found, wanted, len(found_sites))


def _check_amounts(wanted: Wanted) -> None:
    faults = []
    if not 0.001 <= wanted.energy_kwh <= 1_000:
        faults.append(Fault("--energy-kwh", f"is {wanted.energy_kwh:g}", "0.001 to 1000"))
    if not 0 <= wanted.power_kw <= 10_000:
        faults.append(Fault("--power-kw", f"is {wanted.power_kw:g}", "0 to 10000"))
    if faults:
        raise InputError("that cannot be searched for", faults)


def _where(place: str) -> tuple[float, float, str]:
    """Coordinates and zone of what was typed; coordinates take the zone of the nearest town."""
    north, _, east = place.partition(",")
    try:
        point = float(north), float(east)
    except ValueError:
        town = gazetteer().the(place)
        return town.latitude, town.longitude, town.timezone
    if not (abs(point[0]) <= 90 and abs(point[1]) <= 180):
        raise InputError("that is no place", [Fault("place", f"is {place}", "degrees north, then east: 48.137,11.575")])
    return *point, gazetteer().nearest(*point).timezone


def _when(wanted: Wanted, timezone: str) -> tuple[int, int, bool]:
    """First slot, slots, and whether the stay begins at once."""
    if not 0 < wanted.hours <= 24:
        raise InputError("that cannot be searched for", [Fault("--hours", f"is {wanted.hours:g}", "0.25 to 24")])
    if wanted.at is None:
        return slot_at(datetime.now(UTC)), max(1, round(wanted.hours * 4)), True
    try:
        begin = datetime.fromisoformat(wanted.at)
    except ValueError as error:
        raise InputError(
            "that is no time", [Fault("--at", f"is {wanted.at!r}", "ISO 8601, e.g. 2026-06-15T22:00")]
        ) from error
    now = datetime.now(UTC)
    if not 1971 <= begin.year <= now.year + 2:
        raise InputError("that is no time", [Fault("--at", f"is {wanted.at}", "at most 400 days ahead")])
    if begin.tzinfo is None:
        local = begin.replace(tzinfo=zone(timezone))
        if local.astimezone(UTC).astimezone(zone(timezone)).replace(tzinfo=None) != begin.replace(fold=0):
            what = f"{wanted.at} does not exist in {timezone}: the clock jumps over it"
            raise InputError("that is no time", [Fault("--at", what, "name a time before or after the jump")])
        begin = local.astimezone(UTC)  # so many hours by the clock of the site, whatever it does in that night
    if begin < now - timedelta(seconds=SLOT_SECONDS):
        stderr.print(f"[yellow]{wanted.at} is over[/]: nobody can book it any more")
    elif begin > now + _AHEAD:
        what = f"{wanted.at} is more than {_AHEAD.days} days ahead"
        raise InputError("nobody can book that yet", [Fault("--at", what, "take an earlier time")])
    stay = slots_between(begin, begin + timedelta(hours=wanted.hours), timezone)
    return stay[0], len(stay), False


def _calendars(network: Network, first: int, slots: int, rpc_url: str | None) -> Mapping[str, Calendar]:
    """By charge point: what the central system has booked and, with a contract, the chain; and what hosts keep out."""
    from sunfair.store import database_url, open_database
    from sunfair.store.charging import ChargingRepository

    begin = datetime.fromtimestamp((first - 96) * SLOT_SECONDS, UTC)
    points = [point.id for hotel in network.hotels for point in hotel.points]
    engine = open_database(database_url())
    try:
        end = datetime.fromtimestamp((first + slots) * SLOT_SECONDS, UTC)
        calendars = calendars_of(ChargingRepository(engine), begin, end, points)
    finally:
        engine.dispose()
    return _on_chain(network, first, slots, rpc_url, calendars) if network.contract else calendars


def _on_chain(
    network: Network, first: int, slots: int, rpc_url: str | None, known: Mapping[str, Calendar]
) -> Mapping[str, Calendar]:
    from sunfair.chain.charging_ledger import point_of
    from sunfair.cli.charging_show import address, opened
    from sunfair.cli.commons_acts import Who

    if not rpc_url:
        fault = Fault("ETH_RPC_URL", "is not set, and the network has a contract", "name a node, or leave --live out")
        raise InputError("what hosts keep out cannot be asked for", [fault])
    names = {
        plan.id: point_of(address("account", hotel.account), plan.name)
        for hotel in network.hotels
        if hotel.account
        for plan in hotel.points
    }
    with opened(Who(rpc_url), address("contract", network.contract), looks=True) as ledger:
        return chain_calendars(ledger, names, first, slots, known)


def _prices(
    tariffs: Path | None, network: Network | None, first: int, slots: int, wh: int, timezone: str
) -> dict[str, Estimate]:
    """What the stay costs by each tariff: those of a file of OCPI tariffs and those of the network's hotels."""
    begin, seconds = first * SLOT_SECONDS, slots * SLOT_SECONDS
    prices = {}
    for at, record in enumerate(read_json(tariffs) if tariffs else []):
        tariff = read_tariff(record, f"tariff {at + 1}")
        prices[tariff.id] = Estimate(stay_price(tariff, begin, seconds, wh, timezone), tariff.currency)
    for hotel in network.hotels if network else ():
        end = begin + seconds
        costs = stay_costs(hotel.tariff, wh=wh, began=begin, ended=end, end=end, timezone=hotel.timezone)
        prices[hotel.id] = Estimate(costs.total.gross, hotel.tariff.currency)
    return prices


def _minor(amount: str, currency: str) -> int:
    try:
        minor = parse_minor(amount, currency.upper())
        if minor < 0:
            raise ValueError("must not be negative")
        return minor
    except InputError:
        raise
    except ValueError as error:
        raise InputError("that is no amount", [Fault("--most", str(error), "e.g. 12.50")]) from error


def _sources(found: Sequence[Found]) -> list[str]:
    """What must be said beside the answer."""
    licences = sorted({one.site.licence for one in found if one.site.licence})
    shown = [f"Stations: Open Charge Map (openchargemap.org). {text}" for text in licences]
    return [SOURCE, *shown]


def _as_json(one: Found) -> dict[str, object]:
    site = one.site
    return {
        "site": site.id,
        "name": site.name,
        "operator": site.operator,
        "address": ", ".join(part for part in (site.address, site.city, site.country) if part),
        "latitude": site.latitude,
        "longitude": site.longitude,
        "distance_m": one.distance_m,
        "evse": one.evse.uid,
        "connector": one.connector.standard,
        "cable": one.connector.cable,
        "power_w": one.connector.power_w,
        "free": one.free,
        "estimate": None if one.price is None else {"amount": one.price.amount, "currency": one.price.currency},
        "cost": site.cost,
    }


def _show(found: Sequence[Found], wanted: Wanted, searched: int) -> None:
    if not found:
        said = f"Nothing that fits within {wanted.radius_km:g} km, of {searched:,} stations; try a larger --radius-km."
        stdout.print(said)
        return
    table = Table(box=None, pad_edge=False)
    for name, side in (("km", "right"), ("station", "left"), ("connector", "left"), ("kW", "right"), ("free", "left")):
        table.add_column(name, justify=side, no_wrap=name != "station")  # type: ignore[arg-type]
    table.add_column(f"{wanted.energy_kwh:g} kWh, {wanted.hours:g} h", justify="right")
    for one in found:
        free = {True: "yes", False: "no", None: "not known"}[one.free]
        price = format_minor(one.price.amount, one.price.currency) if one.price else one.site.cost or "not known"
        place = f"{one.site.name or one.site.address}, {one.site.city}  [dim]{one.evse.uid}[/]"
        power = f"{one.connector.power_w / 1000:g}"
        table.add_row(f"{one.distance_m / 1000:.1f}", place, one.connector.standard, power, free, price)
    stdout.print(table)
    for text in _sources(found):
        stdout.print(f"[dim]{text}[/]")
