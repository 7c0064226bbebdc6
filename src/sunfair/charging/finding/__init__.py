"""Finding a charger: places by name, distances, stations in OCPI's words, and the search over them.

Geography is the one part of the charging room that counts in floats.
"""

from sunfair.charging.finding.geo import EARTH_RADIUS_M, distance_m
from sunfair.charging.finding.places import Gazetteer, Place, folded
from sunfair.charging.finding.search import Estimate, Found, Order, Query, SiteIndex
from sunfair.charging.finding.sites import CONNECTORS, STATUSES, Connector, Evse, Site

__all__ = [
    "CONNECTORS",
    "EARTH_RADIUS_M",
    "STATUSES",
    "Connector",
    "Estimate",
    "Evse",
    "Found",
    "Gazetteer",
    "Order",
    "Place",
    "Query",
    "Site",
    "SiteIndex",
    "distance_m",
    "folded",
]
