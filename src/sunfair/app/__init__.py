"""Use cases. They see values and ports, never an adapter."""

from sunfair.app.offers import InForce, OfferBatch, OrderBook, Receipts, curve_faults
from sunfair.app.settle import Settler, period_debits, period_rows
from sunfair.app.slot import Book, SlotRunner, Tariff

__all__ = [
    "Book",
    "InForce",
    "OfferBatch",
    "OrderBook",
    "Receipts",
    "Settler",
    "SlotRunner",
    "Tariff",
    "curve_faults",
    "period_debits",
    "period_rows",
]
