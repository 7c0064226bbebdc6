"""Use cases. They see values and ports, never an adapter."""

from sunfair.app.cover import Purses, covers
from sunfair.app.first_boot import next_day_slot, sign_swap, swap_key
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
    "Purses",
    "Receipts",
    "Settler",
    "SlotRunner",
    "Tariff",
    "check_size",
    "covers",
    "curve_faults",
    "next_day_slot",
    "period_rows",
    "resettled",
    "sign_swap",
    "swap_key",
    "terms_of",
]
