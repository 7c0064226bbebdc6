"""Offers for any tariff, also below zero: the market's rules hold, and nobody loses against the utility."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sunfair.agent import MISSING, Fleet, Forecast, battery_response, offers_rule, pool_limits
from sunfair.model import Battery, Fees, Member, Strategy
from sunfair.slots import SlotClock
from sunfair.units import ENERGY_MAX, LIMIT_MAX, NO_BUY, NO_SELL, STEPS_MAX

prices = st.integers(-600_000, 600_000) | st.integers(-LIMIT_MAX, LIMIT_MAX)
ticks = st.sampled_from((1, 7, 1_000, 10_000, 250_000))


def debit(amount):
    """What is paid for 1 000 times `amount` µ: rounded up, and negative."""
    return -amount // 1_000


def trade(energy, price, share):
    """What an account is paid (µ, − pays) for `energy` Wh traded at `price`: settlement's formulas."""
    owed = abs(energy) * abs(price)
    return debit(owed) if (energy > 0) == (price >= 0) else owed * share // 10**7


def utility(energy, retail, feed_in):
    """The same for energy taken from or given to the utility."""
    price = retail if energy > 0 else feed_in
    owed = abs(energy) * abs(price)
    return debit(owed) if (energy > 0) == (price >= 0) else owed // 1_000


@st.composite
def tariffs(draw):
    """Retail, feed-in (not above it), fees and tick."""
    low, high = sorted((draw(prices), draw(prices)))
    share = draw(st.integers(5_001, 10_000))
    network = draw(st.integers(0, 10_000 - share))
    return high, low, Fees(share, 10_000 - share - network, network), draw(ticks)


@st.composite
def streets(draw):
    """A fleet with forecasts of every quality, and states of charge."""
    size = draw(st.integers(1, 5))
    battery = st.none() | st.builds(Battery, st.integers(0, 3_000), st.integers(0, 8_000))
    members = [
        Member(str(i), f"m{i}", battery=draw(battery), strategy=draw(st.sampled_from(Strategy))) for i in range(size)
    ]
    reading = st.integers(0, 2_000) | st.just(MISSING) | st.just(2 * ENERGY_MAX)

    def forecast():
        days = np.array(draw(st.lists(reading, min_size=7 * size, max_size=7 * size)), np.int64).reshape(7, size)
        return Forecast(np.zeros(size, np.int64), days, (days >= 0).any(axis=0))

    soc = np.array(draw(st.lists(st.integers(-100, 4_000), min_size=size, max_size=size)))
    ev = np.array(draw(st.lists(st.sampled_from((0, 925)), min_size=size, max_size=size)))
    return Fleet.of(members, SlotClock()), forecast(), forecast(), soc, ev


def offers(street, tariff):
    fleet, load, pv, soc, ev = street
    retail, feed_in, fees, tick = tariff
    return offers_rule(
        fleet, load=load, pv=pv, soc_wh=soc, ev_expected_wh=ev, retail=retail, feed_in=feed_in, fees=fees, tick=tick
    )


def curve(curves, home):
    return [
        (int(energy), int(limit))
        for energy, limit in zip(curves.energy_wh[home], curves.limit[home], strict=True)
        if energy
    ]


@given(streets(), tariffs())
@settings(max_examples=300, deadline=None)
def test_curves_keep_the_markets_rules(street, tariff):
    fleet, tick = street[0], tariff[3]
    curves = offers(street, tariff)
    assert curves.energy_wh.shape == curves.limit.shape == (fleet.size, STEPS_MAX)
    for home in range(fleet.size):
        steps = curve(curves, home)
        assert steps == [*zip(curves.energy_wh[home, : len(steps)], curves.limit[home, : len(steps)], strict=True)]
        assert not curves.limit[home, len(steps) :].any()
        assert all(abs(energy) <= ENERGY_MAX and abs(limit) <= LIMIT_MAX for energy, limit in steps)
        assert all(limit % tick == 0 for _, limit in steps)
        buys, sells = [x for e, x in steps if e > 0], [x for e, x in steps if e < 0]
        assert len(set(buys)) == len(buys)
        assert len(set(sells)) == len(sells)
        assert not (buys and sells)
        assert fleet.ahead[home] or not steps
        buy, sell = int(curves.pool_buy[home]), int(curves.pool_sell[home])
        assert buy == NO_BUY or (abs(buy) <= LIMIT_MAX and buy % tick == 0)
        assert sell == NO_SELL or (abs(sell) <= LIMIT_MAX and sell % tick == 0)


@given(streets(), tariffs(), st.integers(1, 10**6), st.integers(0, 400_000))
@settings(max_examples=300, deadline=None)
def test_no_price_at_which_a_step_trades_is_worse_than_the_utility(street, tariff, energy, better):
    retail, feed_in, fees, tick = tariff
    curves = offers(street, tariff)
    limits = {(1 if e > 0 else -1, x) for home in range(curves.size) for e, x in curve(curves, home)}
    limits |= {(1, int(x)) for x in curves.pool_buy if x != NO_BUY}
    limits |= {(-1, int(x)) for x in curves.pool_sell if x != NO_SELL}
    for side, limit in limits:
        price = limit - side * better
        # a buyer saves a whole tick, so that two roundings of 1 µ cannot eat the gain of a Wh
        assert trade(side * energy, price, fees.seller_bps) >= utility(side * energy, retail - tick, feed_in)


@given(tariffs())
@settings(max_examples=300, deadline=None)
def test_standing_limits_go_as_far_as_the_promise_allows(tariff):
    """One tick further, a large enough trade would gain less than a tick (buying), or lose (selling)."""
    retail, feed_in, fees, tick = tariff
    buy, sell = pool_limits(retail, feed_in, fees, tick)
    much = 10**9
    if buy != NO_BUY:
        assert trade(much, buy + tick, fees.seller_bps) < utility(much, retail - tick, feed_in)
    if sell != NO_SELL:
        assert trade(-much, sell - tick, fees.seller_bps) < utility(-much, retail, feed_in)


@given(streets(), tariffs())
@settings(max_examples=300, deadline=None)
def test_being_wrong_as_often_as_the_past_was_leaves_a_gain(street, tariff):
    """If each known day came again, and once the flow failed altogether, a step gains a tick per kWh at its limit."""
    fleet, load, pv, soc, ev = street
    retail, feed_in, fees, tick = tariff
    curves = offers(street, tariff)
    net = load.days_wh - pv.days_wh + ev
    charge, _, discharge, _ = battery_response(fleet, net, soc)
    known = (load.days_wh >= 0) & (pv.days_wh >= 0)
    flows = np.clip(net + charge - discharge, -ENERGY_MAX, ENERGY_MAX)
    for home in range(fleet.size):
        days = [int(flow) for flow in flows[known[:, home], home]]
        offered = 0
        for energy, limit in curve(curves, home):
            offered += energy
            gain = sum(
                trade(energy, limit, fees.seller_bps)
                + utility(flow - offered, retail, feed_in)
                - utility(flow - offered + energy, retail, feed_in)
                for flow in [*days, 0]
            )
            each = abs(energy) * tick // 1_000 - 3  # each of the three terms is rounded against the home
            assert gain >= each * (len(days) + 1)


@given(streets(), tariffs())
@settings(max_examples=100, deadline=None)
def test_nothing_beyond_what_half_of_the_known_days_would_use(street, tariff):
    fleet, load, pv, soc, ev = street
    curves = offers(street, tariff)
    assume(curves.energy_wh.any())
    net = load.days_wh - pv.days_wh + ev
    charge, _, discharge, _ = battery_response(fleet, net, soc)
    known = (load.days_wh >= 0) & (pv.days_wh >= 0)
    for home in range(fleet.size):
        offered = int(curves.energy_wh[home].sum())
        flows = (net + charge - discharge)[known[:, home], home] * (1 if offered > 0 else -1)
        if offered:
            assert 2 * np.count_nonzero(flows >= abs(offered)) >= len(flows) + 1
