"""What a map of chargers shows, in OCPI's words (2.2.1, module Locations): a site, its EVSEs, their connectors."""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["CONNECTORS", "STATUSES", "Connector", "Evse", "Site"]

_DOMESTIC = [f"DOMESTIC_{letter}" for letter in "ABCDEFGHIJKLMNO"]
_IEC_60309 = ["single_16", "three_16", "three_32", "three_64"]
_IEC_62196 = ["T1", "T1_COMBO", "T2", "T2_COMBO", "T3A", "T3C"]
_NEMA = ["5_20", "6_30", "6_50", "10_30", "10_50", "14_30", "14_50"]
CONNECTORS = frozenset(
    ["CHADEMO", "CHAOJI", "GBT_AC", "GBT_DC", "PANTOGRAPH_BOTTOM_UP", "PANTOGRAPH_TOP_DOWN", "TESLA_R", "TESLA_S"]
    + _DOMESTIC
    + [f"IEC_60309_2_{kind}" for kind in _IEC_60309]
    + [f"IEC_62196_{kind}" for kind in _IEC_62196]
    + [f"NEMA_{kind}" for kind in _NEMA]
)
"""ConnectorType of OCPI 2.2.1, 8.4.5."""

STATUSES = frozenset(
    ["AVAILABLE", "BLOCKED", "CHARGING", "INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED", "RESERVED", "UNKNOWN"]
)
"""Status of OCPI 2.2.1, 8.4.24."""


@dataclass(frozen=True, slots=True)
class Connector:
    """One plug or socket. `power_w` ≥ 0, 0 where it is not known; `tariffs` are ids."""

    id: str
    standard: str
    cable: bool
    power_type: str
    power_w: int
    tariffs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evse:
    """What charges one car at a time: `status` is that of now, `uid` the charge point's in the network's calendar."""

    uid: str
    status: str
    connectors: tuple[Connector, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A place with chargers.

    id : unique within its source; source : ``ocpi`` or ``ocm``; latitude, longitude : degrees, WGS 84
    timezone : IANA name, None where the source does not say; cost : the source's own words on the price, may be empty
    licence : under which terms the entry may be shown, may be empty
    """

    id: str
    source: str
    operator: str
    name: str
    address: str
    city: str
    country: str
    latitude: float
    longitude: float
    timezone: str | None
    evses: tuple[Evse, ...]
    cost: str = ""
    licence: str = ""

    def plugs(self) -> Iterator[tuple[Evse, Connector]]:
        """Every connector with its EVSE."""
        return ((evse, connector) for evse in self.evses for connector in evse.connectors)
