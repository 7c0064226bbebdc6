"""Levels and prices that devices are told, over all devices and states: what binds, what is promised, what the LP says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.agent import Fleet, Homes, Outlook, dispatch_rule, plan
from sunfair.agent.dispatch_cars import CarOrders, Deadlines, car_response
from sunfair.agent.dispatch_device import DAY_S, Device, Master, Measured, Targets, Told, decide
from sunfair.agent.dispatch_levels import Levels, store_response
from sunfair.agent.dispatch_smart import dispatch_told
from sunfair.agent.worth import worth_of
from sunfair.model import Battery, Member
from sunfair.slots import SlotClock

wh = st.integers(0, 30_000)
permille = st.integers(1, 1_000)
level = st.integers(-50_000, 50_000)


@st.composite
def homes(draw):
    """A few batteries, their states (also outside the band), flows, and any levels at all."""
    size = draw(st.integers(1, 5))
    build = st.builds(Battery, wh, st.integers(0, 200_000), permille, permille, st.integers(0, 20_000))
    members = [Member(str(at), f"m{at}", battery=draw(build)) for at in range(size)]

    def column(kind):
        return np.array(draw(st.lists(kind, min_size=size, max_size=size)), np.int64)

    levels = Levels(*(column(level) for _ in range(4)))
    soc, load, pv, ahead = column(st.integers(-5_000, 50_000)), column(wh), column(wh), column(level)
    return Fleet.of(members, SlotClock(15)), levels, soc, load, pv, ahead


@given(homes())
@settings(max_examples=150, deadline=None)
def test_whatever_the_levels_say_the_devices_limits_hold(home):
    fleet, levels, soc, load, pv, ahead = home
    none = np.zeros_like(load)
    done, response = dispatch_told(
        fleet,
        levels,
        load_wh=load,
        pv_wh=pv,
        soc_wh=soc,
        ev_wh=none,
        ahead_wh=ahead,
        retail=320_000,
        costly=load % 2 > 0,
    )
    assert (done.metered_wh == load - pv + done.curtail_wh + done.battery_wh).all()
    assert ((done.curtail_wh >= 0) & (done.curtail_wh <= pv)).all()
    assert (np.minimum(response.charge, response.discharge) == 0).all()
    assert (abs(done.battery_wh) <= fleet.battery_limit_wh).all()
    assert (done.soc_wh <= np.maximum(fleet.capacity_wh, soc)).all()
    assert (done.soc_wh >= np.minimum(fleet.reserve_wh, soc)).all()
    assert (response.stored * 1_000 <= response.charge * fleet.charge_permille).all()
    assert (response.drawn * fleet.discharge_permille >= response.discharge * 1_000).all()


@given(homes())
@settings(max_examples=150, deadline=None)
def test_the_simple_rule_is_one_choice_of_levels(home):
    fleet, _, soc, load, pv, _ = home
    none = np.zeros_like(load)
    ruled = dispatch_rule(fleet, load_wh=load, pv_wh=pv, soc_wh=soc, ev_wh=none, retail=320_000)
    response = store_response(fleet, Levels.rule(fleet), load - pv, soc)
    assert (response.battery_wh == ruled.battery_wh).all()
    assert (soc + response.stored - response.drawn == ruled.soc_wh).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None)
def test_the_worth_of_stored_energy_is_the_slope_of_what_highs_still_has_to_pay(seed):
    """At a level where a kWh is said to be worth `asked`, the optimum rises by no less below it and no more above it."""
    chance = np.random.default_rng(seed)
    slots, capacity, reserve = 12, 8_000.0, 500.0
    home = Homes(capacity, reserve, reserve, 3_000.0, 2_500.0, 0.94, 0.93, 5_000.0, np.inf, np.inf)
    load, pv = chance.uniform(0, 900, (1, slots)), chance.uniform(0, 1_200, (1, slots))
    buy = chance.uniform(100_000, 450_000, slots)
    outlook = Outlook(load, pv, buy, np.minimum(buy, 80_000.0), 0.9 * buy.mean())
    asked = np.array([[[chance.uniform(60_000, 450_000)]]])
    worth = worth_of(home, [outlook], [1.0], asked)
    later = Outlook(load[:, 1:], pv[:, 1:], buy[1:], np.minimum(buy[1:], 80_000.0), 0.9 * buy.mean())

    def to_pay(stored):
        start = Homes(capacity, stored, reserve, 3_000.0, 2_500.0, 0.94, 0.93, 5_000.0, np.inf, np.inf)
        return float(plan(start, later, method="highs").cost[0])

    found, step = float(worth.levels[0, 0, 0]), 5.0
    if found > reserve + step:
        below = (to_pay(found - 2 * step) - to_pay(found - step)) / step * 1_000
        assert below >= asked[0, 0, 0] - 1.0
    if found < capacity - step:
        above = (to_pay(found + step / 10) - to_pay(found + step)) / (0.9 * step) * 1_000
        assert above <= asked[0, 0, 0] + 1.0


def test_the_worth_over_several_futures_lies_between_those_of_each():
    chance = np.random.default_rng(3)
    home = Homes(10_000.0, 0.0, 0.0, 5_000.0, 5_000.0, 0.95, 0.95, 0.0, np.inf, np.inf)
    buy, load = chance.uniform(200_000, 400_000, 24), chance.uniform(100, 600, (1, 24))
    dull, bright = (Outlook(load, np.full((1, 24), roof), buy, 80_000.0 + 0 * buy, 200_000.0) for roof in (0.0, 900.0))
    asked = np.full((1, 1, 1), 250_000.0)
    one, other, both = (
        worth_of(home, futures, weight, asked)
        for futures, weight in (([dull], [1.0]), ([bright], [1.0]), ([dull, bright], [0.5, 0.5]))
    )
    assert np.allclose(both.values, (one.values + other.values) / 2)
    assert one.levels[0, 0, 0] > other.levels[0, 0, 0]  # on a dull day more is worth storing
    assert other.levels[0, 0, 0] <= both.levels[0, 0, 0] <= one.levels[0, 0, 0]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_car_has_what_it_needs_when_it_leaves_whatever_it_is_told(data):
    limit, stay = data.draw(st.integers(1, 3_000)), data.draw(st.integers(1, 12))
    need = data.draw(st.integers(0, limit * stay))
    early, ready = data.draw(st.integers(0, need)), data.draw(st.integers(0, stay))
    early = min(early, limit * ready)
    taken = 0
    for slot in range(stay):
        told = CarOrders(*(np.array([data.draw(st.integers(-10_000_000, 10_000_000))]) for _ in range(2)))
        due = Deadlines(
            np.array([need - taken]),
            np.array([stay]),
            np.array([max(early - taken, 0) if slot < ready else 0]),
            np.array([ready]),
        )
        prices = {name: np.array([data.draw(st.integers(-10_000_000, 10_000_000))]) for name in ("buy", "sell")}
        net = np.array([data.draw(level)])
        got = int(car_response(told, due, slot, limit_wh=np.array([limit]), net_wh=net, **prices)[0])
        assert 0 <= got <= limit
        taken += got
        if slot == ready - 1:
            assert taken >= early
    assert taken == need


def test_a_shortfall_is_told_as_soon_as_it_cannot_be_avoided():
    due = Deadlines(np.array([10_000]), np.array([5]), np.array([0]), np.array([0]))
    assert due.short(0, np.array([2_000]))[0] == 0
    assert due.short(1, np.array([2_000]))[0] == 2_000


@pytest.mark.parametrize("seed", range(4))
def test_a_day_of_an_inverter_keeps_its_budget_its_reserve_and_its_power(seed):
    chance = np.random.default_rng(seed)
    device, told = Device(5_000, 10_000, 1_000, writes_per_day=270), Told()
    store, power, writes, at_s = 5_000.0, 0, 0, 1_467_000_000
    targets, shown = Targets(0, 10_000, 1_000, 10**9), None
    while at_s < 1_467_000_000 + DAY_S:
        if chance.random() < 0.01:
            targets = Targets(*np.sort(chance.integers(-500, 12_000, 4)).tolist())
        known = chance.random() > 0.02
        measured = Measured(
            at_s, int(chance.normal(0, 2_500)) if known else None, round(store) if known else None, shown
        )
        command, told = decide(device, targets, measured, told)
        if command is not None:
            power, shown, writes = command, command, writes + 1
        assert abs(power) <= device.power_w
        before = store
        store += power * 10 / 3600 * (0.95 if power > 0 else 1 / 0.95)
        assert store >= min(device.reserve_wh, before) - 15 or not known
        at_s += 10
    assert 50 < writes <= 270


def test_a_device_with_another_master_is_left_alone_and_taken_back_when_it_shows_what_was_written():
    device, targets = Device(3_000, 10_000), Targets(0, 10_000, 0, 10**9)
    power, told = decide(device, targets, Measured(1_000, 800, 5_000, None), Told())
    assert power == -800
    for at_s in (1_010, 1_020):
        power, told = decide(device, targets, Measured(at_s, 2_500, 5_000, 1_500), told)
    assert power is None
    assert told.master is Master.ANOTHER
    assert "another" in told.why
    power, told = decide(device, targets, Measured(1_030, 2_500, 5_000, -800), told)
    assert told.master is Master.OURS
    assert power == -2_500


def test_nothing_measured_for_a_minute_lets_the_battery_rest_and_a_jump_of_the_clock_frees_no_budget():
    device, targets = Device(3_000, 10_000, writes_per_day=25), Targets(0, 10_000, 0, 10**9)
    _, told = decide(device, targets, Measured(1_000, 800, 5_000, None), Told())
    power, told = decide(device, targets, Measured(1_030, None, None, -800), told)
    assert power is None
    power, told = decide(device, targets, Measured(1_100, None, None, -800), told)
    assert power == 0
    spent = replace(told, writes=25)
    for at_s in (500, 1_200, 80_000):
        power, spent = decide(device, targets, Measured(at_s, 2_900, 5_000, 0), spent)
        assert power is None
