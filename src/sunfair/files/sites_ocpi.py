"""Stations from OCPI 2.2.1 Location objects (module Locations, 8.3.1): a list of them, or a response with `data`."""

from collections.abc import Iterator, Mapping
from typing import Any

from sunfair.charging.finding import CONNECTORS, STATUSES, Connector, Evse, Site
from sunfair.errors import Fault
from sunfair.files.sites_values import Record, coordinates, country_of, whole_watts
from sunfair.slots import zone

__all__ = ["ocpi_site"]

_PHASES = {"AC_1_PHASE": 1, "AC_2_PHASE": 2, "AC_2_PHASE_SPLIT": 2, "AC_3_PHASE": 3, "DC": 1}
"""PowerType (8.4.19) and how many times volt × ampere it gives; voltages are phase to neutral."""


def ocpi_site(location: Mapping[str, Any], place: str, faults: list[Fault]) -> Site | None:
    """One Location as a site; None with its faults in `faults`, or without one if it is not to be published."""
    if location.get("publish") is False:
        return None
    before, record = len(faults), Record(location, place, faults)
    point = coordinates(record.child("coordinates", needed=True), "latitude", "longitude")
    country, iso3 = record.text("country_code"), record.text("country", needed=True)
    if iso3 and not country_of(iso3):
        record.fault("country", f"is {iso3!r}", "ISO 3166-1 with three letters is needed, e.g. DEU")
    timezone = record.text("time_zone", needed=True)
    if timezone:
        try:
            zone(timezone)
        except ValueError as error:
            record.fault("time_zone", str(error), "name one of the IANA database")
    party, own = record.text("party_id", needed=True), record.text("id", needed=True)
    evses = tuple(_evses(record))
    if len(faults) > before or point is None:
        return None
    return Site(
        id=f"{country}*{party}*{own}",
        source="ocpi",
        operator=record.child("operator").text("name") or party,
        name=record.text("name"),
        address=record.text("address"),
        city=record.text("city"),
        country=country_of(iso3),
        latitude=point[0],
        longitude=point[1],
        timezone=timezone,
        evses=evses,
    )


def _evses(location: Record) -> Iterator[Evse]:
    for record in location.children("evses"):
        status = record.text("status", needed=True)
        if status == "REMOVED":
            continue
        if status and status not in STATUSES:
            record.fault("status", f"is {status!r}", f"one of {', '.join(sorted(STATUSES))}")
        yield Evse(record.text("uid", needed=True), status, tuple(_connectors(record)))


def _connectors(evse: Record) -> Iterator[Connector]:
    for record in evse.children("connectors"):
        standard, power_type = record.text("standard", needed=True), record.text("power_type", needed=True)
        if standard and standard not in CONNECTORS:
            record.fault("standard", f"is {standard!r}", "no ConnectorType of OCPI 2.2.1")
        if power_type and power_type not in _PHASES:
            record.fault("power_type", f"is {power_type!r}", f"one of {', '.join(_PHASES)}")
        own = whole_watts(record, "max_electric_power", scale=1)
        volt, ampere = record.whole("max_voltage", default=0), record.whole("max_amperage", default=0)
        named = record.value("tariff_ids") or []
        yield Connector(
            id=record.text("id", needed=True),
            standard=standard,
            cable=record.text("format", needed=True) == "CABLE",
            power_type=power_type,
            power_w=own or volt * ampere * _PHASES.get(power_type, 0),
            tariffs=tuple(str(tariff) for tariff in named) if isinstance(named, list) else (),
        )
