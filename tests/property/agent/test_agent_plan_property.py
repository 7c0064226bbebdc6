"""Battery plans over thousands of random homes, held against a linear programme written apart from the planner."""

import os

import numpy as np
import pytest
from home_checks import assert_can_be_done
from home_draws import homes_and_outlook, programme_of
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.agent import Homes, Outlook, Plans, load_price, plan, replay

LONG = 20 if os.environ.get("SUNFAIR_LONG_FUZZ") == "1" else 1
seeds = st.integers(0, 2**32 - 1)


def counted(plans: Plans, over: np.ndarray) -> np.ndarray:
    """The cost with what the oracle counts for load above the import limit."""
    return plans.cost + over * plans.over_wh.sum(axis=1) / 1000


def optimum_of(homes, outlook, **options):
    """The oracle's least cost in the planner's words (what is in store counts from the reserve on)."""
    programme, over = programme_of(homes, outlook, **options)
    return programme.optimum() + outlook.terminal * homes.reserve_wh / 1000, over


@given(seeds, st.integers(1, 14), st.sampled_from((0.0, 0.25)))
@settings(max_examples=10 * LONG, deadline=None)
def test_no_programme_is_cheaper_and_every_plan_can_be_done(seed, slots, negative):
    homes, outlook = homes_and_outlook(np.random.default_rng(seed), 250, slots, negative=negative)
    plans = plan(homes, outlook)
    best, over = optimum_of(homes, outlook)

    assert np.allclose(counted(plans, over), best, rtol=1e-6, atol=1e-6)
    assert_can_be_done(homes, outlook, plans)
    assert replay(homes, outlook, plans).holds.all()


@pytest.mark.parametrize("seed", range(LONG))
def test_a_whole_day_is_exact(seed):
    homes, outlook = homes_and_outlook(np.random.default_rng([96, seed]), 40, 96, negative=0.1)
    plans = plan(homes, outlook)
    best, over = optimum_of(homes, outlook)

    assert np.allclose(counted(plans, over), best, rtol=1e-6, atol=1e-6)
    assert_can_be_done(homes, outlook, plans)


@given(seeds)
@settings(max_examples=3 * LONG, deadline=None)
def test_where_burning_energy_would_pay_the_plan_is_one_that_can_be_done(seed):
    """Held against the mixed-integer optimum: never below it, hardly ever above, and never worse than a still battery."""
    homes, outlook = homes_and_outlook(np.random.default_rng(seed), 40, 5, negative=0.5, burning=True)
    plans = plan(homes, outlook)
    best, over = optimum_of(homes, outlook, one_way=True)
    relaxed, _ = optimum_of(homes, outlook)
    still = counted(plan(_powerless(homes), outlook), over)
    recovers = homes.soc_wh >= homes.reserve_wh

    assert_can_be_done(homes, outlook, plans)
    paid = counted(plans, over)
    assert (paid >= best - 1e-6 * (1 + np.abs(best))).all()
    assert (paid <= still + 1e-6)[recovers].all()
    assert (paid <= best + 1.0).mean() >= 0.9
    exact = best - relaxed < 1e-6  # where burning would bring nothing after all
    assert np.allclose(paid[exact], best[exact], rtol=1e-6, atol=1e-6)


def _powerless(homes: Homes) -> Homes:
    """The same homes with batteries that do nothing."""
    none = np.zeros(len(homes))
    return Homes(homes.capacity_wh, homes.soc_wh, homes.reserve_wh, none, none, *_rest(homes))


def _rest(homes: Homes):
    return homes.charge_eff, homes.discharge_eff, homes.wear, homes.import_w, homes.export_w


@given(seeds, st.integers(2, 12))
@settings(max_examples=10 * LONG, deadline=None)
def test_the_marginal_value_is_the_slope_of_the_cost_to_come(seed, slots):
    """A Wh more or less in store at a slot's end, and the rest of the day planned anew."""
    chance = np.random.default_rng(seed)
    homes, outlook = homes_and_outlook(chance, 120, slots, roomy=True)
    plans, step = plan(homes, outlook), 1e-3
    at = int(chance.integers(0, slots - 1))
    level = plans.soc_wh[:, at]

    def to_come(moved):
        rest = Homes(
            homes.capacity_wh, level + moved, homes.reserve_wh, homes.charge_w, homes.discharge_w, *_rest(homes)
        )
        later = [series[:, at + 1 :] for series in (outlook.load_wh, outlook.pv_wh, outlook.buy, outlook.sell)]
        return plan(rest, Outlook(*later, outlook.terminal)).cost

    value, near, stores = plans.marginal_value[:, at], 1.0, homes.capacity_wh > 0
    one_more, one_less = (1000 * (to_come(a) - to_come(b)) / step for a, b in ((0, step), (-step, 0)))
    more, less = stores & (level + step < homes.capacity_wh), stores & (level - step > homes.reserve_wh)
    assert (value >= one_more - near)[more].all()
    assert (value <= one_less + near)[less].all()
    assert (plans.marginal_value[homes.capacity_wh == 0] == 0).all()
    assert more.sum() > 40 and less.sum() > 20
    # At the end it is what the owner gives for it, where the store is neither empty nor full.
    inside = (plans.soc_wh[:, -1] > homes.reserve_wh + 1e-6) & (plans.soc_wh[:, -1] < homes.capacity_wh - 1e-6)
    assert np.allclose(plans.marginal_value[inside, -1], outlook.terminal[inside])


@given(seeds, st.integers(1, 10))
@settings(max_examples=6 * LONG, deadline=None)
def test_the_price_of_use_is_the_slope_of_the_cost_in_the_load(seed, slots):
    chance = np.random.default_rng(seed)
    homes, outlook = homes_and_outlook(chance, 120, slots, roomy=True)
    plans, step = plan(homes, outlook), 1e-3
    price, slot = load_price(homes, outlook, plans), chance.integers(0, slots, len(homes))
    more = outlook.load_wh.copy()
    more[np.arange(len(homes)), slot] += step
    rise = 1000 * (
        plan(homes, Outlook(more, outlook.pv_wh, outlook.buy, outlook.sell, outlook.terminal)).cost - plans.cost
    )

    # An upper bound always, and the slope itself but where several prices are as good.
    said = price[np.arange(len(homes)), slot]
    assert (said >= rise / step - 1.0).all()
    assert (said <= rise / step + 1.0).mean() > 0.7


@given(seeds, st.integers(1, 9))
@settings(max_examples=3 * LONG, deadline=None)
def test_the_way_without_compiling_says_the_same(seed, slots):
    homes, outlook = homes_and_outlook(np.random.default_rng(seed), 40, slots, negative=0.2)
    merged, asked = plan(homes, outlook, method="merge"), plan(homes, outlook, method="highs")
    _, over = programme_of(homes, outlook)

    assert np.allclose(counted(asked, over), counted(merged, over), rtol=1e-6, atol=1e-6)
    assert_can_be_done(homes, outlook, asked)


def test_a_plan_depends_on_its_home_alone():
    """Not on its neighbours, their order, the number of cores, or how prices that all share are given: bit for bit."""
    homes, outlook = homes_and_outlook(np.random.default_rng(3), 1_300, 8, negative=0.1)
    shared = Outlook(outlook.load_wh, outlook.pv_wh, outlook.buy[0], outlook.sell[0], outlook.terminal)
    wide = [np.tile(price[0], (1_300, 1)) for price in (outlook.buy, outlook.sell)]
    order = np.random.default_rng(4).permutation(1_300)[:700]
    whole = plan(homes, shared)

    for same in (
        plan(homes, shared, threads=2),
        plan(homes, Outlook(outlook.load_wh, outlook.pv_wh, *wide, outlook.terminal)),
    ):
        assert _bytes(same) == _bytes(whole)
    part = plan(homes.take(order), shared.take(order))
    assert _bytes(part) == _bytes(whole, order)


def _bytes(plans: Plans, homes=slice(None)):
    columns = "charge_wh discharge_wh import_wh export_wh curtail_wh over_wh soc_wh marginal_value cost"
    return [getattr(plans, name)[homes].tobytes() for name in columns.split()]


odd = st.sampled_from([np.nan, np.inf, -np.inf, -1.0, 0.0, 1e-12, 0.5, 1.5, 95.0, 1e4, 1e7, -1e7, 1e9, -1e12, 1e300])


@given(seeds, st.lists(odd, min_size=3, max_size=6), st.integers(1, 12), st.integers(0, 3))
@settings(max_examples=25 * LONG, deadline=None)
def test_no_input_leaves_a_home_without_a_plan(seed, strange, slots, short):
    """Any number anywhere, series that end early: a plan comes, it is finite, it stands its replay."""
    chance = np.random.default_rng(seed)

    def spoil(usual, shape, share):
        return np.where(chance.random(shape) < share, chance.choice(strange, shape), usual)

    n, usual = 30, (1e4, 4e3, 1e3, 5e3, 5e3, 0.95, 0.95, 2e4, 2e4, 1e4)
    homes = Homes(*(spoil(value, n, 0.3) for value in usual))
    ends = (0, short, short, 0)
    series = [
        spoil(scale * chance.random((n, max(slots - end, 0))), (n, max(slots - end, 0)), 0.15)
        for scale, end in zip((1e3, 2e3, 4e5, 1e5), ends, strict=True)
    ]
    outlook = Outlook(*series, spoil(2e5, n, 0.3))
    plans = plan(homes, outlook)

    assert plans.soc_wh.shape == (n, slots)
    assert np.isfinite(plans.cost).all()
    assert all(np.isfinite(np.frombuffer(column)).all() for column in _bytes(plans))
    assert replay(homes, outlook, plans).holds.all()
    assert all(note.field != "plan" for note in plans.notes)
