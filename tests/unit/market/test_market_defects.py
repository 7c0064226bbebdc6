"""Every defect the design names as seen in the field, as a test by that name."""

from fractions import Fraction

import numpy as np
import pytest

from sunfair.market import (
    MECHANISMS,
    Offers,
    PairedClearing,
    Terms,
    clear_continuous,
    clear_mid_market_rate,
    clear_pay_as_bid,
    clear_uniform,
    clear_uniform_many,
)

TERMS = Terms(retail=300_000, feed_in=100_000)
every_mechanism = pytest.mark.parametrize("clear", MECHANISMS.values(), ids=MECHANISMS.keys())


def book(*steps: tuple[int, int]) -> Offers:
    """(energy_wh, limit) of accounts 0, 1, 2, …"""
    return Offers(list(range(len(steps))), [energy for energy, _ in steps], [limit for _, limit in steps])


@every_mechanism
def test_segments_multiplied_not_differenced(clear) -> None:
    """120 Wh traded out of one 100 Wh bid and three 40 Wh offers."""
    result = clear(book((100, 300_000), (-40, 100_000), (-40, 120_000), (-40, 140_000)), TERMS)
    assert result.volume_wh == 100
    assert result.filled_wh[0] == 100
    assert result.filled_wh.sum() == 0


@every_mechanism
def test_uncleared_remainder_lost(clear) -> None:
    """130 Wh accounted of 150: filled and unfilled must be the offered energy, step by step."""
    offers = book((100, 300_000), (50, 250_000), (-60, 100_000), (-70, 150_000))
    result = clear(offers, TERMS)
    assert result.volume_wh == 130
    unfilled = offers.energy_wh - result.filled_wh
    assert unfilled[:2].sum() == 150 - 130
    assert (unfilled * np.sign(offers.energy_wh) >= 0).all()


@every_mechanism
def test_nothing_cleared_when_marginal_bid_equals_marginal_offer(clear) -> None:
    result = clear(book((40, 300_000), (60, 200_000), (-50, 100_000), (-50, 200_000)), TERMS)
    assert result.volume_wh == 100
    assert result.filled_wh.tolist() == [40, 60, -50, -50]


def test_offers_sorted_the_wrong_way() -> None:
    """18 % of the attainable welfare on 1,000 orders; attainable is what a second way of counting says."""
    rng = np.random.default_rng(18)
    energy = rng.integers(1, 5_000, 1_000) * rng.choice([-1, 1], 1_000)
    offers = Offers(np.arange(1_000), energy, rng.integers(80_000, 320_000, 1_000))
    # Highest buys against lowest sells, Wh by Wh (as runs), for as long as there is a gain.
    sides = [
        sorted(zip(offers.limit[side].tolist(), np.abs(energy[side]).tolist(), strict=True), reverse=bool(first))
        for first, side in ((1, energy > 0), (0, energy < 0))
    ]
    (buys, sells), attainable, i, j = sides, 0, 0, 0
    left_buy, left_sell = buys[0][1], sells[0][1]
    while buys[i][0] > sells[j][0]:
        run = min(left_buy, left_sell)
        attainable += run * (buys[i][0] - sells[j][0])
        left_buy, left_sell = left_buy - run, left_sell - run
        if left_buy == 0:
            i, left_buy = i + 1, buys[i + 1][1]
        if left_sell == 0:
            j, left_sell = j + 1, sells[j + 1][1]
    for result in (clear_uniform(offers), clear_pay_as_bid(offers)):
        assert int((result.filled_wh * offers.limit).sum()) == attainable


@pytest.mark.parametrize("sign", [1, -1], ids=["buyers", "sellers"])
def test_ties_always_favour_the_first(sign: int) -> None:
    """90 Wh for two equal steps are 45 and 45, whichever comes first."""
    offers = book((60 * sign, 200_000), (60 * sign, 200_000), (-90 * sign, 200_000))
    for result in (clear_uniform(offers), clear_mid_market_rate(offers, retail=300_000, feed_in=100_000)):
        assert result.filled_wh.tolist() == [45 * sign, 45 * sign, -90 * sign]


def test_price_overwritten_by_a_later_product() -> None:
    offers = book((10, 300_000), (-10, 100_000), (10, 100_000), (-10, 300_000), (10, 90_000), (-10, 70_000))
    result = clear_uniform_many(offers, [0, 2, 4, 6])
    assert result.price.tolist() == [200_000, 0, 80_000]
    assert result.volume_wh.tolist() == [10, 0, 10]


def test_one_bid_and_one_ask_explode_into_three_thousand_orders() -> None:
    offers = book((3_000, 200_000), (-3_000, 100_000))
    for clear in (clear_pay_as_bid, clear_continuous):
        result = clear(offers)
        assert result.pair_wh.tolist() == [3_000]


@every_mechanism
def test_no_pairs_beyond_one_per_step(clear) -> None:
    rng = np.random.default_rng(5)
    energy = rng.integers(1, 10**6, 400) * rng.choice([-1, 1], 400)
    result = clear(Offers(np.arange(400), energy, rng.integers(1, 50, 400)), TERMS)
    if isinstance(result, PairedClearing):
        assert 0 < len(result.pair_wh) < 400


@every_mechanism
def test_float_prices(clear) -> None:
    """Limits a float would blur near 10⁹, odd sums, and not a float anywhere in the result."""
    result = clear(book((3, 10**9), (3, 10**9 - 1), (-7, -(10**9)), (-1, 10**9 - 1)), Terms(10**9 - 1, 10**9 - 2))
    assert isinstance(result.price, int)
    assert isinstance(result.volume_wh, int)
    assert result.filled_wh.dtype == np.int64


def test_uniform_price_is_the_exact_midpoint_rounded_down() -> None:
    low, high = 999_999_990, 999_999_997
    result = clear_uniform(book((1, high), (-1, low)))
    assert result.price == (Fraction(low + high, 2)).__floor__() == 999_999_993
