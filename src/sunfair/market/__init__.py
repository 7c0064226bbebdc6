"""The market: offers in, a clearing out, integers all the way (Wh, µ/kWh; + buys, − sells)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sunfair.market.attribution import Attribution, attribute
from sunfair.market.clearing import Clearing, Clearings, PairedClearing
from sunfair.market.compare import MECHANISMS, Outcome, Terms, compare, total_outcomes
from sunfair.market.continuous import ContinuousBook, Trade, clear_continuous
from sunfair.market.curve import check_curve, merge_steps
from sunfair.market.local import LocalClearing, LocalPrices
from sunfair.market.mid_market import clear_mid_market_rate, mid_market_rate
from sunfair.market.offers import Offers
from sunfair.market.pay_as_bid import clear_pay_as_bid
from sunfair.market.uniform import clear_uniform, clear_uniform_many

if TYPE_CHECKING:
    from sunfair.market.network import HEAD, Feeder, clear_network
    from sunfair.market.network_base import feeder_at_gate

__all__ = [
    "HEAD",
    "MECHANISMS",
    "Attribution",
    "Clearing",
    "Clearings",
    "ContinuousBook",
    "Feeder",
    "LocalClearing",
    "LocalPrices",
    "Offers",
    "Outcome",
    "PairedClearing",
    "Terms",
    "Trade",
    "attribute",
    "check_curve",
    "clear_continuous",
    "clear_mid_market_rate",
    "clear_network",
    "clear_pay_as_bid",
    "clear_uniform",
    "clear_uniform_many",
    "compare",
    "feeder_at_gate",
    "merge_steps",
    "mid_market_rate",
    "total_outcomes",
]

_ROOMS = {
    "Feeder": "network",
    "HEAD": "network",
    "clear_network": "network",
    "feeder_at_gate": "network_base",
}


def __getattr__(name: str) -> Any:
    """The market within a network's limits is loaded when it is asked for: it brings a solver (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
