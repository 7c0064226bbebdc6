"""OCPI 2.2.1 in and out: sites, tariffs, sessions and charge detail records as JSON objects. Numbers are Decimals."""

from sunfair.charging.ocpi.locations import location_object
from sunfair.charging.ocpi.records import STATUS_OF, Costs, Record, cdr_object, session_object
from sunfair.charging.ocpi.tariffs import Component, ForeignTariff, read_tariff, stay_price, tariff_object
from sunfair.charging.ocpi.words import Party, date_time, instant

__all__ = [
    "STATUS_OF",
    "Component",
    "Costs",
    "ForeignTariff",
    "Party",
    "Record",
    "cdr_object",
    "date_time",
    "instant",
    "location_object",
    "read_tariff",
    "session_object",
    "stay_price",
    "tariff_object",
]
