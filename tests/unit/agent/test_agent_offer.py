"""Curves of single homes reckoned by hand: retail 0.32, feed-in 0.08, the seller's share 80 %."""

import numpy as np
import pytest

from sunfair.agent import MISSING, Fleet, Forecast, offers_pool, offers_rule, pool_limits
from sunfair.model import Battery, Fees, Member, Strategy
from sunfair.slots import SlotClock
from sunfair.units import NO_BUY, NO_SELL

HOME = Member("home", "m1", pv_wp=5_000)
OWNER = Member("owner", "m2", pv_wp=5_000, battery=Battery(10_000, 5_000, 1_000, 1_000))
WEEK = (700, 100, 600, 200, 500, 300, 400)


def forecast(*days):
    """A forecast of one home; only its seven futures matter to an offer."""
    padded = [*days, *[MISSING] * (7 - len(days))]
    return Forecast(np.zeros(1, np.int64), np.array(padded, np.int64)[:, None], np.array([bool(days)]))


def curve(member=HOME, *, load=(0,) * 7, pv=(0,) * 7, soc=0, ev=0, retail=320_000, feed_in=80_000, tick=10_000):
    made = offers_rule(
        Fleet.of([member], SlotClock()),
        load=forecast(*load),
        pv=forecast(*pv),
        soc_wh=np.array([soc]),
        ev_expected_wh=np.array([ev]),
        retail=retail,
        feed_in=feed_in,
        fees=Fees(8_000, 1_200, 800),
        tick=tick,
    )
    used = int(made.steps[0])
    assert not made.energy_wh[0, used:].any()
    assert not made.limit[0, used:].any()
    steps = list(zip(made.energy_wh[0, :used].tolist(), made.limit[0, :used].tolist(), strict=True))
    return steps, (int(made.pool_buy[0]), int(made.pool_sell[0]))


def test_a_home_in_need_buys_what_it_needs_on_most_days_the_surest_part_dearest():
    # worth 7/8 · 0.32 + 1/8 · 0.08 = 0.29, then 0.26, 0.23, 0.20, less a tick; never more than the median of 400 Wh
    steps, standing = curve(load=WEEK)
    assert steps == [(100, 280_000), (100, 250_000), (100, 220_000), (100, 190_000)]
    assert standing == (310_000, 100_000)


def test_a_home_in_surplus_sells_what_it_has_on_most_days_the_surest_part_cheapest():
    # costs 7/8 · 0.08 + 1/8 · 0.32 = 0.11 and a tick, which 0.8 · 0.15 brings; then 0.14, 0.17, 0.20 and a tick each
    steps, _ = curve(pv=WEEK)
    assert steps == [(-100, 150_000), (-100, 190_000), (-100, 230_000), (-100, 270_000)]


def test_load_and_roof_are_taken_day_by_day():
    steps, _ = curve(load=WEEK, pv=(600, 0, 500, 100, 400, 200, 300))
    assert steps == [(100, 280_000)]  # 100 Wh short on every day: quite sure


def test_the_battery_takes_its_part_first():
    assert curve(OWNER, load=WEEK, soc=10_000)[0] == []
    assert curve(OWNER, load=WEEK, soc=150)[0] == [(50, 250_000), (100, 220_000), (100, 190_000)]
    assert curve(OWNER, pv=WEEK, soc=9_750)[0] == [(-50, 230_000), (-100, 270_000)]


def test_a_plugged_in_car_is_need():
    assert curve(ev=2_750)[0] == [(2_750, 280_000)]


def test_a_home_seldom_in_need_offers_nothing_ahead():
    assert curve(load=(0, 0, 0, 0, 900, 900, 900))[0] == []


def test_fewer_days_are_trusted_less():
    assert curve(load=(300,), pv=(0,))[0] == [(300, 190_000)]  # chance 1/2
    assert curve(load=(300, 500), pv=(0, 0))[0] == [(300, 230_000)]  # 2/3
    assert curve(load=(300, 500, 100), pv=(0, 0, 0))[0] == [(100, 250_000), (200, 190_000)]  # 3/4, 2/4
    assert curve(load=(300, 500), pv=(MISSING, 0))[0] == [(500, 190_000)]


def test_a_home_without_a_forecast_keeps_its_standing_limits():
    assert curve(load=()) == ([], (310_000, 100_000))


def test_a_home_without_an_agent_trades_in_the_pool_alone():
    alone = Member("alone", "m3", strategy=Strategy.POOL)
    assert curve(alone, load=WEEK) == ([], (310_000, 100_000))


def test_steps_whose_limits_fall_on_one_tick_are_one_step():
    assert curve(load=WEEK, tick=100_000)[0] == [(400, 100_000)]
    # 0.1325, 0.125, 0.1175, 0.11, less a tick and down to one
    assert curve(load=WEEK, retail=140_000)[0] == [(100, 120_000), (100, 110_000), (200, 100_000)]


def test_a_limit_out_of_range_is_no_step():
    # (7 of 8 · 790 + 1 of 8 · 1000) / 0.8 is 1 020.3 per kWh; the largest limit is 1000
    assert curve(pv=WEEK, retail=10**9, feed_in=790_000_000) == ([], (999_990_000, 987_500_000))


def test_the_pool_alone_needs_no_forecast():
    made = offers_pool(2, retail=320_000, feed_in=80_000, fees=Fees())
    assert not made.energy_wh.any()
    assert made.pool_buy.tolist() == [310_000, 310_000]
    assert made.pool_sell.tolist() == [100_000, 100_000]
    assert offers_pool(1, retail=320_000, feed_in=300_000, fees=Fees()).pool_sell.tolist() == [NO_SELL]


def test_a_street_without_homes_offers_nothing():
    none = np.zeros(0, np.int64)
    unknown = Forecast(none, np.zeros((7, 0), np.int64), none.astype(bool))
    made = offers_rule(
        Fleet.of([], SlotClock()),
        load=unknown,
        pv=unknown,
        soc_wh=none,
        ev_expected_wh=none,
        retail=320_000,
        feed_in=80_000,
        fees=Fees(),
    )
    assert made.size == 0


def test_nobody_offers_where_no_price_serves_both_sides():
    # what brings the seller 0.30 costs the buyer 0.375
    assert curve(load=WEEK, feed_in=300_000) == ([], (NO_BUY, NO_SELL))


@pytest.mark.parametrize(
    ("retail", "feed_in", "expected"),
    [
        pytest.param(320_000, 80_000, (310_000, 100_000), id="default"),
        pytest.param(317_500, 81_000, (300_000, 110_000), id="limits are multiples of the tick"),
        pytest.param(320_000, 0, (310_000, 0), id="nothing for feeding in"),
        pytest.param(320_000, -25_000, (310_000, -20_000), id="a seller below zero pays the price in full"),
        pytest.param(10_000, -100_000, (0, -100_000), id="no money for buying"),
        pytest.param(2_000, -100_000, (-10_000, -100_000), id="a buyer below zero gets its share: 0.8 · 0.01"),
        pytest.param(-30_000, -100_000, (-50_000, -100_000), id="the utility pays for taking 0.03, a neighbour 0.04"),
        pytest.param(-(10**9), -(10**9), (NO_BUY, -(10**9)), id="no limit in range is low enough"),
        pytest.param(10**9, 10**9, (999_990_000, NO_SELL), id="no limit in range is high enough"),
    ],
)
def test_standing_limits(retail, feed_in, expected):
    assert pool_limits(retail, feed_in, Fees(8_000, 1_200, 800)) == expected
