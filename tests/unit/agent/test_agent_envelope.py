"""Homes inside their envelopes: what batteries, cars and roofs do at a cap, and that no offer goes beyond one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sunfair.agent import Bounds, asks_of, bare_asks, forecast_floor
from sunfair.agent.asks import charger_room
from sunfair.agent.dispatch_levels import Levels, store_response
from sunfair.agent.dispatch_smart import dispatch_told
from sunfair.agent.fleet import Fleet
from sunfair.agent.offer import offers_rule
from sunfair.model import Battery, Car, Fees, Member
from sunfair.slots import SlotClock

CLOCK, N = SlotClock(15, "Europe/Berlin"), 4
MEMBERS = [
    Member("both", "m0", pv_wp=8_000, battery=Battery(10_000, 5_000, reserve_wh=500), car=Car(11_000)),
    Member("store", "m1", pv_wp=5_000, battery=Battery(6_000, 3_000)),
    Member("roof", "m2", pv_wp=5_000),
    Member("bare", "m3"),
]
FLEET = Fleet.of(MEMBERS, CLOCK)


def whole(low, high):
    return arrays(np.int64, N, elements=st.integers(low, high))


@settings(max_examples=80, deadline=None)
@given(
    load=whole(0, 3_000),
    pv=whole(0, 3_000),
    soc=whole(0, 10_000),
    ahead=whole(-2_000, 2_000),
    caps=st.tuples(whole(0, 2_500), whole(0, 2_500)),
    level=st.integers(-1, 10_000),
)
def test_a_meter_leaves_its_cap_only_by_use_that_nobody_steers(load, pv, soc, ahead, caps, level):
    """Never by a battery's doing, and on the giving side never at all."""
    soc, pv = np.minimum(soc, FLEET.capacity_wh), np.where(FLEET.has_pv, pv, 0)
    bounds, rule = Bounds(*caps), Levels.rule(FLEET)
    levels = rule if level < 0 else replace(rule, buy_to=np.full(N, level), sell_from=np.full(N, level))
    done, moved = dispatch_told(
        FLEET,
        levels,
        load_wh=load,
        pv_wh=pv,
        soc_wh=soc,
        ev_wh=np.zeros(N, np.int64),
        ahead_wh=ahead,
        retail=300_000,
        costly=np.zeros(N, np.bool_),
        bounds=bounds,
    )
    assert (done.metered_wh >= -bounds.export_wh).all()
    over = done.metered_wh > bounds.import_wh
    assert (done.battery_wh[over] <= 0).all() and (done.curtail_wh[over] == 0).all()
    assert (done.metered_wh == load - pv + done.battery_wh + done.curtail_wh).all()
    assert (done.soc_wh == soc + moved.stored - moved.drawn).all()
    assert (done.soc_wh >= np.minimum(soc, FLEET.reserve_wh)).all() and (done.soc_wh <= FLEET.capacity_wh).all()
    spilled = done.curtail_wh > 1  # of one watt-hour nothing would arrive in the store
    full = (done.soc_wh >= FLEET.capacity_wh - 1) | (np.abs(done.battery_wh) >= FLEET.battery_limit_wh - 1)
    assert (full | ~spilled | (FLEET.capacity_wh == 0)).all(), "a roof is turned down while its battery has room"


@settings(max_examples=60, deadline=None)
@given(net=whole(-3_000, 3_000), soc=whole(0, 10_000))
def test_wide_bounds_change_nothing(net, soc):
    soc, wide = np.minimum(soc, FLEET.capacity_wh), Bounds(np.full(N, 10**9), np.full(N, 10**9))
    one, other = (store_response(FLEET, Levels.rule(FLEET), net, soc, bounds) for bounds in (None, wide))
    assert all(
        (getattr(one, name) == getattr(other, name)).all() for name in ("charge", "stored", "discharge", "drawn")
    )


@pytest.mark.parametrize("seed", range(6))
def test_no_offer_goes_beyond_a_cap(seed):
    """Whatever the forecasts say: all steps of a side together stay inside."""
    rng = np.random.default_rng(seed)
    load = rng.integers(0, 1_500, (8 * 96, N))
    pv = np.where(FLEET.has_pv, rng.integers(0, 3_000, (8 * 96, N)), 0)
    bounds = Bounds(rng.integers(0, 600, N), rng.integers(0, 600, N))
    curves = offers_rule(
        FLEET,
        load=forecast_floor(load, 96, 2),
        pv=forecast_floor(pv, 96, 2),
        soc_wh=np.minimum(rng.integers(0, 10_000, N), FLEET.capacity_wh),
        ev_expected_wh=np.zeros(N, np.int64),
        retail=320_000,
        feed_in=80_000,
        fees=Fees(),
        bounds=bounds,
    )
    assert (np.maximum(curves.energy_wh, 0).sum(axis=1) <= bounds.import_wh).all(), seed
    assert (np.maximum(-curves.energy_wh, 0).sum(axis=1) <= bounds.export_wh).all(), seed


def test_a_charger_waits_where_the_cap_is_used_by_the_home():
    room = charger_room(Bounds(np.array([2_000, 500, 0, 800]), np.zeros(N, np.int64)), np.array([300, 800, 0, -400]))
    assert room.tolist() == [1_700, 0, 0, 1_200]


def test_what_is_asked_covers_the_week_and_no_more_than_the_devices():
    """By hand: a roof of 5 kWp and use of 100 Wh; six days gave 900 Wh, one gave 300."""
    days = np.full((7, N), 900)
    days[2] = 300
    none = np.zeros(N, np.int64)
    load, pv = (
        replace(
            forecast_floor(np.zeros((96, N), np.int64), 96, 1),
            days_wh=part,
            known=np.ones(N, np.bool_),
            energy_wh=part[0],
        )
        for part in (np.full((7, N), 100), np.where(FLEET.has_pv, days, 0))
    )
    asks = asks_of(MEMBERS, FLEET, Levels.rule(FLEET), load, pv, FLEET.capacity_wh, none)
    assert asks.export_wh.tolist() == [800, 800, 800, 0]
    assert asks.need_wh.tolist() == [25, 25, 25, 125]
    assert asks.export_most_wh.tolist() == [2_000 + 1_250, 1_250 + 750, 1_250, 0]
    empty = asks_of(MEMBERS, FLEET, Levels.rule(FLEET), load, pv, FLEET.reserve_wh, none)
    assert empty.export_wh.tolist() == [0, 50, 800, 0], "an empty battery takes what it can, and less is asked for"
    assert bare_asks(load, pv).export_wh.tolist() == [800, 800, 800, 0]
