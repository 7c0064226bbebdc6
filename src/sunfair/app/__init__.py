"""Use cases. They see values and ports, never an adapter."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_ROOMS = {
    "Book": "slot",
    "InForce": "offers",
    "OfferBatch": "offers",
    "OpenPeriod": "settle",
    "OrderBook": "offers",
    "Posted": "settle",
    "Purses": "cover",
    "Receipts": "offers",
    "Settler": "settle",
    "SlotRunner": "slot",
    "Tariff": "slot",
    "check_size": "slot",
    "covers": "cover",
    "curve_faults": "offers",
    "next_day_slot": "first_boot",
    "period_rows": "settle",
    "resettled": "money",
    "sign_swap": "first_boot",
    "swap_key": "first_boot",
    "terms_of": "terms",
}


def __getattr__(name: str) -> Any:
    """Use cases are loaded when they are asked for: a central system of chargers needs no market (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
