"""The market: offers in, a clearing out, integers all the way (Wh, µ/kWh; + buys, − sells)."""

from sunfair.market.attribution import Attribution, attribute
from sunfair.market.clearing import Clearing, Clearings, PairedClearing
from sunfair.market.compare import MECHANISMS, Outcome, Terms, compare, total_outcomes
from sunfair.market.continuous import ContinuousBook, Trade, clear_continuous
from sunfair.market.curve import check_curve, merge_steps
from sunfair.market.mid_market import clear_mid_market_rate, mid_market_rate
from sunfair.market.offers import Offers
from sunfair.market.pay_as_bid import clear_pay_as_bid
from sunfair.market.uniform import clear_uniform, clear_uniform_many

__all__ = [
    "MECHANISMS",
    "Attribution",
    "Clearing",
    "Clearings",
    "ContinuousBook",
    "Offers",
    "Outcome",
    "PairedClearing",
    "Terms",
    "Trade",
    "attribute",
    "check_curve",
    "clear_continuous",
    "clear_mid_market_rate",
    "clear_pay_as_bid",
    "clear_uniform",
    "clear_uniform_many",
    "compare",
    "merge_steps",
    "mid_market_rate",
    "total_outcomes",
]
