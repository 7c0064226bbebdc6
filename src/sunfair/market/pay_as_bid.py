"""Pay as bid: what the uniform auction accepts, traded pair by pair at each pair's own midpoint."""

import numpy as np
from numpy.typing import NDArray

from sunfair.market.clearing import PairedClearing
from sunfair.market.offers import Offers
from sunfair.market.uniform import clear_uniform

__all__ = ["clear_pay_as_bid", "match_in_order", "mean_price"]


def clear_pay_as_bid(offers: Offers) -> PairedClearing:
    """The accepted steps in merit order, dearest buy with cheapest sell, each at ``(buy limit + sell limit) // 2``.

    Fills are those of `clear_uniform` (they do not depend on its k). Ties go to the earlier step, which changes who is
    paired with whom but neither fills nor welfare. Source: the rule of the Quartierstrom field test.
    """
    uniform = clear_uniform(offers)
    filled = uniform.filled_wh
    buys, sells = np.flatnonzero(filled > 0), np.flatnonzero(filled < 0)
    buys = buys[np.argsort(-offers.limit[buys], kind="stable")]
    sells = sells[np.argsort(offers.limit[sells], kind="stable")]
    buyer, seller, energy = match_in_order(filled[buys], -filled[sells])
    buy, sell = buys[buyer], sells[seller]
    price = (offers.limit[buy] + offers.limit[sell]) // 2
    mean = mean_price(energy, price)
    return PairedClearing(mean, uniform.volume_wh, filled, buy, sell, energy, price)


def match_in_order(
    bought: NDArray[np.int64], sold: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """Pair two columns of Wh > 0 with equal sums from the top down: (place in bought, place in sold, Wh) per pair.

    At most ``len(bought) + len(sold) − 1`` pairs; per place they sum to its Wh.
    """
    ends_bought, ends_sold = np.cumsum(bought), np.cumsum(sold)
    ends = np.union1d(ends_bought, ends_sold)  # every pair ends where one of its two sides does
    return np.searchsorted(ends_bought, ends), np.searchsorted(ends_sold, ends), np.diff(ends, prepend=0)


def mean_price(energy_wh: NDArray[np.int64], price: NDArray[np.int64]) -> int | None:
    """The mean of `price` weighed by `energy_wh`, µ/kWh, rounded down; None without energy."""
    pairs = list(zip(energy_wh.tolist(), price.tolist(), strict=True))
    volume = sum(energy for energy, _ in pairs)
    return sum(energy * each for energy, each in pairs) // volume if volume else None
