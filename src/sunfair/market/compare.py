"""All mechanisms on the same offers: how much is traded, what it is worth, and who gains.

Values are Σ Wh · µ/kWh, integers in **10⁻³ µ** (10⁻⁹ of the currency): exact, and nothing is rounded on the way.
Fees and the residual are not in them: this is the market alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sunfair.market.clearing import Clearing, PairedClearing
from sunfair.market.continuous import clear_continuous
from sunfair.market.integers import exact_sums
from sunfair.market.local import LocalClearing
from sunfair.market.mid_market import clear_mid_market_rate
from sunfair.market.offers import Offers
from sunfair.market.pay_as_bid import clear_pay_as_bid
from sunfair.market.uniform import clear_uniform

__all__ = ["MECHANISMS", "Outcome", "Terms", "compare", "total_outcomes"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a mechanism may need beside the offers: the slot's tariff, µ/kWh, feed_in ≤ retail, and k."""

    retail: int
    feed_in: int
    k: tuple[int, int] = (1, 2)


MECHANISMS: Mapping[str, Callable[[Offers, Terms], Clearing]] = MappingProxyType(
    {
        "uniform": lambda offers, terms: clear_uniform(offers, k=terms.k),
        "pay_as_bid": lambda offers, _: clear_pay_as_bid(offers),
        "continuous": lambda offers, _: clear_continuous(offers),
        "mid_market_rate": lambda offers, terms: clear_mid_market_rate(
            offers, retail=terms.retail, feed_in=terms.feed_in
        ),
    }
)
"""Every mechanism that clears offers alone, by the name that a scenario and `sunfair compare` use."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one mechanism made of a book, or of many.

    volume_wh  : Wh traded
    turnover   : Σ Wh · price, 10⁻³ µ: what buyers owe sellers
    welfare    : Σ limit · fill over buys − over sells, 10⁻³ µ
    buyer_gain, seller_gain : Σ Wh · distance between limit and price, 10⁻³ µ, ≥ 0
    rent       : at local prices, what buyers pay beyond what sellers are due, 10⁻³ µ; with both gains it is the welfare
    account_gain : the same per account that made an offer, ascending by account
    """

    mechanism: str
    volume_wh: int
    turnover: int
    welfare: int
    buyer_gain: int
    seller_gain: int
    account_gain: Mapping[int, int]
    rent: int = 0

    @property
    def price(self) -> int | None:
        """Mean price by volume, µ/kWh, rounded down (the price itself where there is but one); None without trade."""
        return self.turnover // self.volume_wh if self.volume_wh else None


def compare(
    offers: Offers, terms: Terms, mechanisms: Mapping[str, Callable[[Offers, Terms], Clearing]] = MECHANISMS
) -> tuple[Outcome, ...]:
    """Clear one book by every mechanism, in the order of the table."""
    return tuple(_outcome(name, offers, clear(offers, terms)) for name, clear in mechanisms.items())


def total_outcomes(comparisons: Iterable[Sequence[Outcome]]) -> tuple[Outcome, ...]:
    """Add up the comparisons of many books, mechanism by mechanism (each name in the order it first appears)."""
    totals: dict[str, Outcome] = {}
    for outcome in (each for comparison in comparisons for each in comparison):
        before = totals.get(outcome.mechanism)
        totals[outcome.mechanism] = outcome if before is None else _sum(before, outcome)
    return tuple(totals.values())


def _sum(one: Outcome, other: Outcome) -> Outcome:
    accounts = sorted(one.account_gain.keys() | other.account_gain.keys())
    gains = {a: one.account_gain.get(a, 0) + other.account_gain.get(a, 0) for a in accounts}
    return Outcome(
        one.mechanism,
        one.volume_wh + other.volume_wh,
        one.turnover + other.turnover,
        one.welfare + other.welfare,
        one.buyer_gain + other.buyer_gain,
        one.seller_gain + other.seller_gain,
        gains,
        one.rent + other.rent,
    )


def _outcome(name: str, offers: Offers, clearing: Clearing) -> Outcome:
    step, filled, price = _fills_and_prices(clearing)
    gain = filled * (offers.limit[step] - price)  # ≤ 10⁹ · 2·10⁹ each; only their sums may leave int64
    accounts, owner = np.unique(offers.account, return_inverse=True)
    sides = exact_sums(gain, (filled > 0).astype(np.intp), 2)
    bought = np.maximum(filled, 0)
    return Outcome(
        name,
        clearing.volume_wh,
        _exact_sum(bought * price),
        _exact_sum(clearing.filled_wh * offers.limit),
        buyer_gain=sides[1],
        seller_gain=sides[0],
        account_gain=dict(zip(accounts.tolist(), exact_sums(gain, owner[step], len(accounts)), strict=True)),
        rent=clearing.rent if isinstance(clearing, LocalClearing) else 0,
    )


def _fills_and_prices(clearing: Clearing) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
    """(step, Wh signed, µ/kWh) of every fill at one price; a step in several pairs stands here several times."""
    if isinstance(clearing, PairedClearing):
        both = np.concatenate([clearing.buy, clearing.sell])
        energy = np.concatenate([clearing.pair_wh, -clearing.pair_wh])
        return both, energy, np.concatenate([clearing.pair_price, clearing.pair_price])
    step = np.flatnonzero(clearing.filled_wh)
    if isinstance(clearing, LocalClearing):
        return step, clearing.filled_wh[step], clearing.step_price[step]
    return step, clearing.filled_wh[step], np.full(len(step), clearing.price or 0, np.int64)


def _exact_sum(values: NDArray[np.int64]) -> int:
    return exact_sums(values, np.zeros(len(values), np.intp), 1)[0]
