"""Sites as OCPI Location objects (2.2.1, module Locations, 8.3.1 and 8.4)."""

from typing import Any

from sunfair.charging.finding import Connector, Evse, Site
from sunfair.charging.ocpi.words import Party, date_time, text

__all__ = ["connector_object", "evse_object", "location_object"]

_VOLT = {"AC_1_PHASE": 230, "AC_2_PHASE": 230, "AC_2_PHASE_SPLIT": 120, "AC_3_PHASE": 230, "DC": 400}
_PHASES = {"AC_1_PHASE": 1, "AC_2_PHASE": 2, "AC_2_PHASE_SPLIT": 2, "AC_3_PHASE": 3, "DC": 1}


def location_object(site: Site, party: Party, *, iso3: str, timezone: str, updated: int) -> dict[str, Any]:
    """A Location. `iso3` is the site's country in three letters, `updated` unix seconds of its last change."""
    return {
        **party.fields(),
        "id": text(site.id, 36),
        "publish": True,
        "name": text(site.name, 255),
        "address": text(site.address, 45),
        "city": text(site.city, 45),
        "country": iso3,
        "coordinates": {"latitude": f"{site.latitude:.7f}", "longitude": f"{site.longitude:.7f}"},
        "parking_type": "PARKING_LOT",
        "evses": [evse_object(evse, updated) for evse in site.evses],
        "operator": {"name": text(site.operator, 100)},
        "facilities": ["HOTEL"],
        "time_zone": timezone,
        "charging_when_closed": True,
        "last_updated": date_time(updated),
    }


def evse_object(evse: Evse, updated: int) -> dict[str, Any]:
    """An EVSE that can be booked, started and stopped from afar."""
    return {
        "uid": text(evse.uid, 36),
        "status": evse.status,
        "capabilities": ["RESERVABLE", "REMOTE_START_STOP_CAPABLE", "RFID_READER", "CHARGING_PROFILE_CAPABLE"],
        "connectors": [connector_object(connector, updated) for connector in evse.connectors],
        "last_updated": date_time(updated),
    }


def connector_object(connector: Connector, updated: int) -> dict[str, Any]:
    """A Connector. Current and voltage are those that give its power; they are phase to neutral."""
    volt, phases = _VOLT[connector.power_type], _PHASES[connector.power_type]
    return {
        "id": text(connector.id, 36),
        "standard": connector.standard,
        "format": "CABLE" if connector.cable else "SOCKET",
        "power_type": connector.power_type,
        "max_voltage": volt,
        "max_amperage": round(connector.power_w / (volt * phases)),
        "max_electric_power": connector.power_w,
        "tariff_ids": list(connector.tariffs),
        "last_updated": date_time(updated),
    }
