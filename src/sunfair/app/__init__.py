"""Use cases. They see values and ports, never an adapter."""

from sunfair.app.money import resettled
from sunfair.app.offers import InForce, OfferBatch, OrderBook, Receipts, curve_faults
from sunfair.app.settle import OpenPeriod, Posted, Settler, period_rows
from sunfair.app.slot import Book, SlotRunner, Tariff, check_size
from sunfair.app.terms import terms_of

__all__ = [
    "Book",
    "InForce",
    "OfferBatch",
    "OpenPeriod",
    "OrderBook",
    "Posted",
    "Receipts",
    "Settler",
    "SlotRunner",
    "Tariff",
    "check_size",
    "curve_faults",
    "period_rows",
    "resettled",
    "terms_of",
]
