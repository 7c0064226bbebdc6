"""Pay-as-bid, mid-market and the comparison on books small enough to check by hand."""

import numpy as np
import pytest

from sunfair.market import (
    MECHANISMS,
    Offers,
    Terms,
    clear_mid_market_rate,
    clear_pay_as_bid,
    compare,
    mid_market_rate,
    total_outcomes,
)

TERMS = Terms(retail=30, feed_in=9)  # the mid-market rate is 19


def book(*steps: tuple[int, int]) -> Offers:
    return Offers(list(range(10, 10 + len(steps))), [energy for energy, _ in steps], [limit for _, limit in steps])


def test_pay_as_bid_pairs_the_dearest_buy_with_the_cheapest_sell() -> None:
    result = clear_pay_as_bid(book((10, 20), (30, 31), (-25, 14), (-20, 9), (5, 8)))
    assert result.filled_wh.tolist() == [10, 30, -20, -20, 0]
    pairs = zip(
        *(column.tolist() for column in (result.buy, result.sell, result.pair_wh, result.pair_price)), strict=True
    )
    assert list(pairs) == [(1, 3, 20, 20), (1, 2, 10, 22), (0, 2, 10, 17)]
    assert result.price == (20 * 20 + 10 * 22 + 10 * 17) // 40 == 19


def test_pay_as_bid_rounds_a_negative_midpoint_down() -> None:
    result = clear_pay_as_bid(book((1, 0), (-1, -3)))
    assert result.pair_price.tolist() == [-2]


@pytest.mark.parametrize("name", ["pay_as_bid", "continuous"])
def test_without_a_cross_there_are_no_pairs(name: str) -> None:
    for offers in (book((5, 10), (-5, 11)), book()):
        result = MECHANISMS[name](offers, TERMS)
        assert (result.price, result.volume_wh, result.filled_wh.sum(), len(result.pair_wh)) == (None, 0, 0, 0)


def test_mid_market_rate_rounds_down() -> None:
    assert mid_market_rate(320_000, 80_001) == 200_000
    assert mid_market_rate(-3, -6) == -5


def test_mid_market_shares_the_longer_side_whatever_its_limits() -> None:
    """Limits admit; they give no precedence: 7 Wh for askers of 9 and 5."""
    result = clear_mid_market_rate(book((9, 25), (5, 19), (50, 18), (-7, 2), (-1, 20)), retail=30, feed_in=9)
    assert (result.price, result.volume_wh) == (19, 7)
    assert result.filled_wh.tolist() == [5, 2, 0, -7, 0]  # 9·7/14 = 4.5, 5·7/14 = 2.5: one tie, to the earlier


@pytest.mark.parametrize(
    "offers", [book(), book((5, 30)), book((-5, 1)), book((5, 18), (-5, 1)), book((5, 30), (-5, 20))]
)
def test_mid_market_without_one_side_has_no_price(offers: Offers) -> None:
    result = clear_mid_market_rate(offers, retail=30, feed_in=9)
    assert (result.price, result.volume_wh, result.filled_wh.tolist()) == (None, 0, [0] * len(offers))


def test_compare_says_who_gains() -> None:
    """One account on both sides of two pairs; all four mechanisms by hand."""
    offers = Offers([5, 6, 7, 5], [10, 10, -12, -8], [30, 20, 10, 21])
    uniform, pay_as_bid, continuous, mid_market = compare(offers, TERMS)
    # V = 12 (the sell at 21 meets one buy above it: 10; at 20, D = 20 and S = 12). Price: the buy at 20 is marginal.
    assert (uniform.mechanism, uniform.volume_wh, uniform.price) == ("uniform", 12, 20)
    assert (uniform.welfare, uniform.buyer_gain, uniform.seller_gain) == (220, 100, 120)
    assert uniform.account_gain == {5: 100, 6: 0, 7: 120}
    assert uniform.turnover == 240
    # Pairs: 10 Wh at (30+10)/2, 2 Wh at (20+10)/2.
    assert (pay_as_bid.turnover, pay_as_bid.price, pay_as_bid.welfare) == (230, 19, 220)
    assert pay_as_bid.account_gain == {5: 100, 6: 10, 7: 110}
    # The sell of 12 at 10 meets the resting buys at 30 and then 20; the sell at 21 finds no buy left above it.
    assert (continuous.turnover, continuous.welfare) == (10 * 30 + 2 * 20, 220)
    assert continuous.account_gain == {5: 0, 6: 0, 7: 220}
    # At 19 both buys and the sell at 10 are admitted; 12 Wh shared 6 and 6.
    assert (mid_market.volume_wh, mid_market.price, mid_market.welfare) == (12, 19, 6 * 30 + 6 * 20 - 12 * 10)
    assert mid_market.account_gain == {5: 66, 6: 6, 7: 108}


def test_compare_of_nothing() -> None:
    for outcome in compare(book(), TERMS):
        assert (outcome.price, outcome.volume_wh, outcome.welfare, outcome.account_gain) == (None, 0, 0, {})


def test_sums_beyond_int64_are_exact() -> None:
    """24 trades worth 2·10¹⁸ each."""
    energy = [10**9] * 24 + [-(10**9)] * 24
    offers = Offers([1] * 24 + [2] * 24, energy, [10**9] * 24 + [-(10**9)] * 24)
    for outcome in compare(offers, Terms(10**9, -(10**9))):
        assert outcome.welfare == 24 * 2 * 10**18 > 2**63
        assert outcome.buyer_gain + outcome.seller_gain == outcome.welfare
        assert sum(outcome.account_gain.values()) == outcome.welfare


def test_totals_add_up_slot_by_slot() -> None:
    first = compare(Offers([1, 2], [10, -10], [20, 10]), TERMS)
    second = compare(Offers([2, 3], [30, -30], [40, 20]), TERMS)
    uniform, *_ = totals = total_outcomes([first, second])
    assert [outcome.mechanism for outcome in totals] == list(MECHANISMS)
    assert (uniform.volume_wh, uniform.turnover, uniform.price) == (40, 150 + 900, 26)
    assert uniform.account_gain == {1: 50, 2: 50 + 300, 3: 300}
    assert total_outcomes([]) == ()


def test_the_table_of_mechanisms_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        MECHANISMS["uniform"] = None  # type: ignore[index]
    assert list(MECHANISMS) == ["uniform", "pay_as_bid", "continuous", "mid_market_rate"]


def test_uniform_fills_do_not_know_the_account() -> None:
    """The same curve under other account numbers: the same result by every mechanism."""
    steps = ([10, 10, -12, -8], [30, 20, 10, 21])
    for clear in MECHANISMS.values():
        one, other = clear(Offers([1, 2, 3, 4], *steps), TERMS), clear(Offers([9, 9, 9, 9], *steps), TERMS)
        assert np.array_equal(one.filled_wh, other.filled_wh)
        assert one.price == other.price
