"""Homes with a car, a heat pump, a second battery, a price on the peak: their plans against one linear programme."""

import os

import numpy as np
import pytest
from home_checks import assert_can_be_done
from home_draws import HOURS, cars, homes_and_outlook, more_batteries, programme_of, pumps
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.agent import Appliances, Homes, Outlook, Peaks, Stores, plan, plan_appliances, plan_stores

LONG = 20 if os.environ.get("SUNFAIR_LONG_FUZZ") == "1" else 1
seeds = st.integers(0, 2**32 - 1)

NEAR_A_DAY = 100.0
"""µ: a ten-thousandth of the currency."""


def compared(chance, n, slots, kinds, *, peaked=False, method="auto"):
    """The planner's plans, the oracle's least costs, and the stores as the oracle knows them."""
    homes, outlook = homes_and_outlook(chance, n, slots, roomy=True)
    made = [kind(chance, n, slots) for kind in kinds]
    programme, _ = programme_of(homes, outlook)
    programme.stores += [store for _, store in made]
    peaks = None
    if peaked:
        peaks = Peaks(chance.uniform(1e6, 8e6, n), chance.uniform(0, 4_000, n))
        programme.peak_price, programme.peak_known = peaks.price / 1000 / HOURS, peaks.known_w * HOURS
    stores = Stores.join([planned for planned, _ in made]) if made else Stores.none(slots)
    plans = plan_stores(homes, outlook, stores, peaks=peaks, method=method)
    best = programme.optimum() + outlook.terminal * homes.reserve_wh / 1000
    assert_stores_can_be_done(programme.stores[1:], plans)
    moved = np.zeros_like(outlook.load_wh)
    np.add.at(moved, stores.home, plans.taken_wh - plans.given_wh)
    assert_can_be_done(homes, outlook, plans.plans, moved=moved)
    assert all(note.field != "plan" for note in plans.notes)
    return plans, best


def assert_stores_can_be_done(stores, plans):
    """Each store's level is what flows in and out of it, in its band, within its power, one way at a time."""
    near, n = 1e-6, len(plans.plans)
    for k, store in enumerate(stores):
        own = slice(k * n, (k + 1) * n)
        taken, given, level = plans.taken_wh[own], plans.given_wh[own], plans.level_wh[own]
        before = np.hstack([store.start[:, None], level[:, :-1]])
        keep = np.broadcast_to(store.keep, n)[:, None]
        due = keep * before - store.draw + store.in_eff * taken - given / store.out_eff[:, None]
        assert np.allclose(level, due, rtol=0, atol=near)
        assert (taken * given == 0).all()
        assert (taken >= 0).all() and (taken <= store.into + near).all()
        assert (given >= 0).all() and (given <= store.out + near).all()
        assert (level >= store.low - near).all() and (level <= store.high + near).all()


CASES = [
    ((cars,), False),
    ((pumps,), False),
    ((cars, pumps), False),
    ((more_batteries,), False),
    ((), True),
    ((cars, pumps, more_batteries), True),
]


@pytest.mark.parametrize(
    ("kinds", "peaked"), CASES, ids=lambda each: "-".join(k.__name__ for k in each) if isinstance(each, tuple) else ""
)
@given(seed=seeds, slots=st.integers(2, 12))
@settings(max_examples=2 * LONG, deadline=None)
def test_no_programme_of_all_stores_is_cheaper(kinds, peaked, seed, slots):
    plans, best = compared(np.random.default_rng(seed), 60, slots, kinds, peaked=peaked)

    assert plans.short_wh.max(initial=0.0) <= 1e-6
    assert (plans.cost >= best - 1e-3).all()
    assert (plans.cost <= best + NEAR_A_DAY).all()


def test_a_whole_day_with_a_car_and_with_all():
    chance = np.random.default_rng(5)
    for kinds, peaked in (((cars,), False), ((cars, pumps), True)):
        plans, best = compared(chance, 12, 96, kinds, peaked=peaked)
        assert np.allclose(plans.cost, best, rtol=0, atol=NEAR_A_DAY)


def test_the_way_without_compiling_fills_the_stores_as_cheaply():
    plans, best = compared(np.random.default_rng(6), 25, 8, (cars, pumps), peaked=True, method="highs")
    assert np.allclose(plans.cost, best, rtol=0, atol=NEAR_A_DAY)


@given(seeds, st.integers(3, 8))
@settings(max_examples=4 * LONG, deadline=None)
def test_appliances_start_where_no_other_start_is_cheaper(seed, slots):
    """Every start of every run tried in turn, the battery planned around each."""
    chance, n = np.random.default_rng(seed), 25
    homes, outlook = homes_and_outlook(chance, n, slots, roomy=True)
    profile = chance.uniform(0, 900, (n, 2))
    earliest = chance.integers(0, slots, n)
    runs = Appliances(np.arange(n), profile, earliest, earliest + chance.integers(0, slots, n))
    found = plan_appliances(homes, outlook, runs)

    cheapest = np.full(n, np.inf)
    for start in range(slots - 1):
        load = outlook.load_wh.copy()
        load[:, start : start + 2] += profile
        cost = plan(homes, Outlook(load, outlook.pv_wh, outlook.buy, outlook.sell, outlook.terminal)).cost
        allowed = (runs.earliest <= start) & (start <= runs.latest)
        cheapest = np.where(allowed, np.minimum(cheapest, cost), cheapest)
    possible = np.isfinite(cheapest)
    assert (found.start >= 0).tolist() == possible.tolist()
    assert np.allclose(found.plans.cost[possible], cheapest[possible], rtol=1e-9, atol=0.01)
    assert np.allclose(found.use_wh.sum(axis=1), np.where(possible, profile.sum(axis=1), 0))
    assert ((found.start >= runs.earliest) & (found.start <= runs.latest))[possible].all()


odd = st.sampled_from([np.nan, np.inf, -np.inf, -5.0, 0.0, 1.5, 1e9, -1e12])


@given(seeds, odd, st.integers(1, 8))
@settings(max_examples=12 * LONG, deadline=None)
def test_no_car_or_pump_leaves_a_home_without_a_plan(seed, strange, slots):
    """Needs that are no numbers, departures before arrivals, full connections: a plan, finite, and within every limit."""
    chance, n = np.random.default_rng(seed), 12
    homes, outlook = homes_and_outlook(chance, n, slots)

    def spoil(usual):
        return np.where(chance.random(n) < 0.3, strange, usual)

    arrive, depart = chance.integers(-9, 9, n), chance.integers(-9, 9, n)
    visits = Stores.cars(
        np.arange(n), horizon=slots, need_wh=spoil(4e3), power_w=spoil(3_700.0), arrive=arrive, depart=depart
    )
    heat = Stores.heat(
        np.arange(n),
        horizon=slots,
        band_wh=spoil(5e3),
        start_wh=spoil(2e3),
        power_w=spoil(2e3),
        performance=spoil(3.0),
        draw_wh=spoil(500.0),
    )
    stores = Stores.join([visits, heat])
    plans = plan_stores(homes, outlook, stores, peaks=Peaks(spoil(1e6), spoil(1e3)))

    columns = [
        plans.taken_wh,
        plans.given_wh,
        plans.level_wh,
        plans.short_wh,
        plans.cost,
        plans.peak_w,
        plans.plans.soc_wh,
    ]
    assert all(np.isfinite(column).all() for column in columns)
    power = np.where(stores.in_w > 0, stores.in_w, 0) * HOURS
    assert (plans.taken_wh >= 0).all() and (plans.taken_wh <= power + 1e-6).all()
    late = np.flatnonzero(depart <= np.maximum(arrive, 0))
    told = {home for note in plans.notes if note.field == "depart" for home in note.homes.tolist()}
    assert told == set(late.tolist())
    assert (plans.taken_wh[late] == 0).all()
    load_above = np.maximum(outlook.load_wh - outlook.pv_wh - homes.import_w[:, None] * HOURS, 0)
    assert (plans.plans.over_wh <= load_above + 1e-6).all()


def test_a_car_waits_for_the_cheap_hours_and_says_what_it_will_lack():
    """By hand: 2 kWh wanted by slot 4 at 4 kW; slots cost 3, 1, 2, 9 cents; then 9 kWh, of which 4 can be had."""
    homes = Homes(0, 0, 0, 0, 0, 1, 1, 0, np.inf, np.inf)
    outlook = Outlook([[100.0] * 4], [[0.0] * 4], [30e3, 10e3, 20e3, 90e3], [0.0] * 4, [0.0])

    def visit(need):
        return Stores.cars([0], horizon=4, need_wh=[need], power_w=4_000, arrive=[0], depart=[4])

    easy, hard = plan_stores(homes, outlook, visit(2_000)), plan_stores(homes, outlook, visit(9_000))
    assert easy.taken_wh.round(6).tolist() == [[0, 1_000, 1_000, 0]]
    assert easy.short_wh.tolist() == pytest.approx([0])
    assert easy.cost.tolist() == pytest.approx([(0.1 * 150e3 + 10e3 + 20e3)])
    assert hard.taken_wh.round(6).tolist() == [[1_000] * 4]
    assert hard.short_wh.tolist() == pytest.approx([5_000])
    assert [note.field for note in hard.notes] == ["stores.low_wh"]
