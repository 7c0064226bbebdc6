"""Stays as OCPI Sessions and Charge Detail Records (2.2.1, modules Sessions 9.3 and CDRs 10.3)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sunfair.charging.finding import Connector, Site
from sunfair.charging.money import Taxed, taxed
from sunfair.charging.ocpi.words import Party, date_time, decimal, price, text
from sunfair.charging.states import BookingState

__all__ = ["STATUS_OF", "Costs", "Record", "cdr_object", "session_object"]

_S = BookingState
STATUS_OF = {
    _S.PENDING: "PENDING",
    _S.RESERVED: "RESERVATION",
    _S.CHARGING: "ACTIVE",
    _S.STOPPED: "COMPLETED",
    _S.CHALLENGE: "COMPLETED",
    _S.DISPUTED: "COMPLETED",
    _S.FULFILLED: "COMPLETED",
    _S.RESOLVED: "COMPLETED",
}
"""SessionStatus (9.4.2) by a booking's state; a booking that ended without charging is INVALID."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a stay cost, minor units with VAT: for energy, booked time, the session, over-stay; at most `cap` in all."""

    energy: int
    time: int
    session: int
    idle: int
    cap: int
    currency: str
    vat_bps: int

    @property
    def total(self) -> Taxed:
        """What was paid, cut at the deposit."""
        return taxed(min(self.energy + self.time + self.session + self.idle, self.cap), self.vat_bps)


@dataclass(frozen=True, slots=True)
class Record:
    """One stay as the network's partners may see it.

    id : the booking's; uid : what the driver identified itself by; begin, end, updated : unix s, no end while it lasts
    idle_seconds : how long the car stood beyond its stay and grace; costs : None before anything was metered
    signed : the charger's signed record (OCMF) and the public key it verifies under, hex, or None
    """

    id: str
    site: Site
    iso3: str
    evse_uid: str
    connector: Connector
    uid: str
    state: BookingState
    begin: int
    end: int | None
    updated: int
    wh: int
    idle_seconds: int
    tariff: str
    costs: Costs | None
    signed: tuple[str, str] | None


def session_object(record: Record, party: Party, currency: str) -> dict[str, Any]:
    """A Session, running or over; kWh to the watt-hour."""
    made = {
        **party.fields(),
        "id": text(record.id, 36),
        "start_date_time": date_time(record.begin),
        "kwh": decimal(record.wh, 3),
        "cdr_token": _token(record, party),
        "auth_method": "COMMAND",
        "location_id": text(record.site.id, 36),
        "evse_uid": record.evse_uid,
        "connector_id": record.connector.id,
        "currency": currency,
        "status": STATUS_OF.get(record.state, "INVALID"),
        "last_updated": date_time(record.updated),
    }
    if record.end is not None:
        made["end_date_time"] = date_time(record.end)
    if record.costs is not None:
        made["total_cost"] = price(record.costs.total, currency)
    return made


def cdr_object(record: Record, party: Party) -> dict[str, Any]:
    """A Charge Detail Record of a stay that is over; ValueError while it lasts or if nothing was metered.

    Parts are rounded each for itself, so their sum may miss the total by a unit of VAT; the total is what was paid.
    """
    if record.end is None or record.costs is None:
        raise ValueError(f"the stay {record.id} is not over: it has no record yet")
    costs, seconds = record.costs, record.end - record.begin
    made = {
        **party.fields(),
        "id": text(record.id, 39),
        "start_date_time": date_time(record.begin),
        "end_date_time": date_time(record.end),
        "session_id": text(record.id, 36),
        "cdr_token": _token(record, party),
        "auth_method": "COMMAND",
        "cdr_location": _place(record),
        "currency": costs.currency,
        "charging_periods": [_period(record, seconds)],
        "total_cost": price(costs.total, costs.currency),
        "total_energy": decimal(record.wh, 3),
        "total_time": _hours(seconds),
        "total_parking_time": _hours(record.idle_seconds),
        "last_updated": date_time(record.updated),
    }
    parts = {"energy": costs.energy, "time": costs.time, "fixed": costs.session, "parking": costs.idle}
    made |= {
        f"total_{name}_cost": price(taxed(part, costs.vat_bps), costs.currency) for name, part in parts.items() if part
    }
    if record.signed is not None:
        signed, key = record.signed
        value = {"nature": "Transaction", "plain_data": text(signed.split("|")[1], 512), "signed_data": signed}
        made["signed_data"] = {"encoding_method": "OCMF", "public_key": key, "signed_values": [value]}
    return made


def _token(record: Record, party: Party) -> dict[str, str]:
    return {**party.fields(), "uid": text(record.uid, 36), "type": "APP_USER", "contract_id": text(record.uid, 36)}


def _period(record: Record, seconds: int) -> dict[str, Any]:
    dimensions = [{"type": "ENERGY", "volume": decimal(record.wh, 3)}, {"type": "TIME", "volume": _hours(seconds)}]
    if record.idle_seconds:
        dimensions.append({"type": "PARKING_TIME", "volume": _hours(record.idle_seconds)})
    return {"start_date_time": date_time(record.begin), "dimensions": dimensions, "tariff_id": record.tariff}


def _hours(seconds: int) -> Decimal:
    return (Decimal(seconds) / 3600).quantize(Decimal("0.0001"))


def _place(record: Record) -> dict[str, Any]:
    site, connector = record.site, record.connector
    return {
        "id": text(site.id, 36),
        "name": text(site.name, 255),
        "address": text(site.address, 45),
        "city": text(site.city, 45),
        "country": record.iso3,
        "coordinates": {"latitude": f"{site.latitude:.7f}", "longitude": f"{site.longitude:.7f}"},
        "evse_uid": record.evse_uid,
        "evse_id": record.evse_uid,
        "connector_id": connector.id,
        "connector_standard": connector.standard,
        "connector_format": "CABLE" if connector.cable else "SOCKET",
        "connector_power_type": connector.power_type,
    }
