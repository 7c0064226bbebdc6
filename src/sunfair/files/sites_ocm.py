"""Stations from Open Charge Map's JSON: a list of POIs, verbose or compact, into OCPI's words.

Open Charge Map's own entries are CC BY 4.0, those of its data providers are under the providers' terms: `Site.licence`
holds what the entry says. https://openchargemap.org/site/develop/api
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sunfair.charging.finding import Connector, Evse, Site
from sunfair.errors import Fault
from sunfair.files.sites_values import Record, coordinates, country_of, whole_watts

__all__ = ["ocm_site"]

_STANDARDS: Mapping[int, tuple[str, bool]] = {
    1: ("IEC_62196_T1", True),
    2: ("CHADEMO", True),
    3: ("DOMESTIC_G", False),
    4: ("IEC_60309_2_single_16", False),
    8: ("TESLA_R", True),
    9: ("NEMA_5_20", False),
    10: ("NEMA_14_30", False),
    11: ("NEMA_14_50", False),
    13: ("DOMESTIC_C", False),
    16: ("IEC_60309_2_single_16", False),
    17: ("IEC_60309_2_three_32", False),
    22: ("DOMESTIC_B", False),
    23: ("DOMESTIC_E", False),
    25: ("IEC_62196_T2", False),
    26: ("IEC_62196_T3C", False),
    27: ("TESLA_S", True),
    28: ("DOMESTIC_F", False),
    29: ("DOMESTIC_I", False),
    30: ("TESLA_S", True),
    32: ("IEC_62196_T1_COMBO", True),
    33: ("IEC_62196_T2_COMBO", True),
    34: ("IEC_60309_2_single_16", False),
    35: ("IEC_60309_2_three_32", False),
    36: ("IEC_62196_T3A", False),
    1036: ("IEC_62196_T2", True),
    1037: ("DOMESTIC_J", False),
    1038: ("GBT_AC", False),
    1039: ("GBT_AC", True),
    1040: ("GBT_DC", True),
}
"""OCPI's ConnectorType and whether a cable hangs on it, by Open Charge Map's ConnectionTypeID (its reference data)."""

_CURRENTS = {10: "AC_1_PHASE", 20: "AC_3_PHASE", 30: "DC"}
"""PowerType by CurrentTypeID."""

_STATUS = {
    10: "AVAILABLE",
    20: "CHARGING",
    30: "INOPERATIVE",
    100: "OUTOFORDER",
    150: "PLANNED",
    200: "REMOVED",
    210: "REMOVED",
}
"""Status by StatusTypeID. 50 and 75 say that it works, not that it is free: UNKNOWN."""

_EVSES_MAX = 400
"""No site has more points of one kind; a larger quantity is a slip of the pen."""


def ocm_site(poi: Mapping[str, Any], place: str, faults: list[Fault]) -> Site | None:
    """One POI as a site; None with its faults in `faults`."""
    before, record = len(faults), Record(poi, place, faults)
    address = record.child("AddressInfo", needed=True)
    point = coordinates(address, "Latitude", "Longitude")
    identity = poi.get("UUID") or poi.get("ID")
    if not identity:
        faults.append(Fault(place, "has neither UUID nor ID", "export it again"))
    evses = tuple(_evses(record))
    if len(faults) > before or point is None:
        return None
    country = address.child("Country").text("ISOCode")
    return Site(
        id=str(identity),
        source="ocm",
        operator=record.child("OperatorInfo").text("Title"),
        name=address.text("Title"),
        address=", ".join(part for part in (address.text("AddressLine1"), address.text("AddressLine2")) if part),
        city=address.text("Town"),
        country=country_of(country),
        latitude=point[0],
        longitude=point[1],
        timezone=None,
        evses=evses,
        cost=record.text("UsageCost"),
        licence=record.child("DataProvider").text("License"),
    )


def _evses(poi: Record) -> Iterator[Evse]:
    """Open Charge Map counts connections, not EVSEs: each is taken as `Quantity` points with one connector."""
    whole = _STATUS.get(poi.id_of("StatusType"), "UNKNOWN")
    for at, connection in enumerate(poi.children("Connections")):
        status = _STATUS.get(connection.id_of("StatusType"), "UNKNOWN")
        quantity = connection.whole("Quantity", default=1)
        if not 0 <= quantity <= _EVSES_MAX:
            connection.fault("Quantity", f"is {quantity}", f"0 to {_EVSES_MAX}")
            continue
        standard, cable = _STANDARDS.get(connection.id_of("ConnectionType"), ("", False))
        if not standard:
            continue  # a socket OCPI has no word for, or none was given: nobody can search for it
        connector = Connector(
            id="1",
            standard=standard,
            cable=cable,
            power_type=_power_type(connection, standard),
            power_w=whole_watts(connection, "PowerKW", scale=1000),
        )
        uid = str(connection.value("ID") or at + 1)
        chosen = status if status != "UNKNOWN" else whole
        yield from (Evse(f"{uid}-{point + 1}", chosen, (connector,)) for point in range(max(1, quantity)))


def _power_type(connection: Record, standard: str) -> str:
    direct = standard.endswith("COMBO") or standard in {"CHADEMO", "GBT_DC"}
    return _CURRENTS.get(connection.id_of("CurrentType"), "DC" if direct else "AC_1_PHASE")
