"""Agents that plan, in a small street: what they save, what they never do, and what they say."""

from dataclasses import replace

import numpy as np
import pytest

from sunfair.agent import MeanPrices, Published, RuleAgents, SmartAgents, StreetPrices
from sunfair.agent.dispatch import Reason
from sunfair.agent.dispatch_device import Measured, Targets, Told
from sunfair.agent.dispatch_log import FIRST, broken_at, sealed
from sunfair.agent.explain_smart import SMART_REASONS
from sunfair.agent.offer_smart import Ladder
from sunfair.agent.smart_futures import futures_of
from sunfair.app.offers import curve_faults
from sunfair.model import Battery, Car, Fees, Member, Owner, Strategy, Visits
from sunfair.model.owner import Override, Span
from sunfair.slots import SlotClock
from sunfair.units import NO_SELL

FEES, CLOCK, DAY, DAYS = Fees(), SlotClock(15, "Europe/Berlin"), 96, 10
FIRST_SLOT = 1_630_000
SUNNY = (300, 900)


def street(*, owner=None, battery=None, sun=(100, 400)):
    """A home with a battery, one with a car, one with both and one with neither; ten days of them, a car each evening."""
    owned = battery or Battery(10_000, 5_000)
    kinds = ((owned, None), (None, Car(11_000)), (owned, Car(11_000)), (None, None))
    members = [
        Member(
            f"home{at}",
            f"m{at}",
            battery=store,
            car=car,
            strategy=Strategy.SMART if store or car else Strategy.RULE,
            owner=owner or Owner(),
        )
        for at, (store, car) in enumerate(kinds)
    ]
    chance, hour = np.random.default_rng(5), np.arange(DAYS * DAY) % DAY / 4
    load = chance.gamma(2.0, 90, (len(hour), 4)) * (1 + 2 * np.exp(-(((hour - 19) / 2.5) ** 2)))[:, None]
    pv = np.maximum(0, np.cos((hour - 12) / 6 * np.pi / 2))[:, None] * chance.uniform(*sun, DAYS).repeat(DAY)[:, None]
    arrive = FIRST_SLOT + DAY * np.repeat(np.arange(DAYS - 1), 2) + 70
    visits = Visits(np.tile([1, 2], DAYS - 1).astype(np.int32), arrive, arrive + 50, np.full(len(arrive), 9_000))
    return members, visits, load.astype(np.int64), np.repeat(pv, 4, axis=1).astype(np.int64)


def prices(*, dynamic):
    """Retail by slot, µ/kWh: cheap at night, dear in the evening; or all the same."""
    hour = np.arange(DAYS * DAY) % DAY / 4
    changing = 320_000 - 120_000 * (hour < 6) + 120_000 * ((hour > 17) & (hour < 21))
    return (changing if dynamic else np.full(len(hour), 320_000)).astype(np.int64)


def seen(retail, at):
    feed_in = np.full(len(retail), 80_000)
    past, known = slice(at - DAY, at), slice(at, at + DAY)
    return Published(retail[past], feed_in[past], retail[known], feed_in[known])


def bill(metered, retail):
    return np.where(metered > 0, metered * retail, metered * 80_000) / 1_000


def live(agents, homes, retail, *, days=2, start=8 * DAY):
    """Bills of some days, µ, each home's, and the agents after them."""
    _, _, load, pv = homes
    total = np.zeros(load.shape[1])
    for at in range(start, start + round(days * DAY)):
        told = {"load_wh": load[at], "pv_wh": pv[at], "retail": int(retail[at])}
        if isinstance(agents, SmartAgents):
            history = {"load_history": load[:at], "pv_history": pv[:at]}
            agents = agents.look_ahead(**history, published=seen(retail, at), fees=FEES)
            told["feed_in"] = 80_000
        done, _, agents = agents.dispatch(**told)
        total += bill(done.metered_wh, int(retail[at]))
    return total, agents


def both(homes, retail, **owned):
    """Bills under a plan and under the rule, and the agents that planned."""
    members, visits, *_ = homes
    start = FIRST_SLOT + 8 * DAY
    soc = np.array([4_000, 0, 4_000, 0])
    planned, agents = live(SmartAgents.start(members, CLOCK, visits, start, soc), homes, retail, **owned)
    ruled, rule = live(RuleAgents.start(members, CLOCK, visits, start, soc), homes, retail, **owned)
    kept = (agents.state.soc_wh - rule.soc_wh) * 300_000 // 1_000
    return planned - kept, ruled, agents, rule


def test_under_a_changing_price_every_steered_home_saves_and_nobody_else_changes():
    planned, ruled, agents, rule = both(street(), prices(dynamic=True))
    assert (planned[:3] < ruled[:3] - 100_000).all()
    assert planned[3] == ruled[3]
    assert (agents.state.cars.remaining_wh == rule.cars.remaining_wh).all()  # every car left with what it needs


def test_under_a_constant_price_no_home_is_worse_than_under_the_rule():
    planned, ruled, _, _ = both(street(), prices(dynamic=False))
    assert (planned <= ruled + 0.001 * np.abs(ruled)).all()


def offering(retail, *, owner=None, worth=None):
    """The agents a few slots before midnight, their curves for the next slot, and its prices."""
    members, visits, load, pv = street(owner=owner, sun=SUNNY)
    at = 8 * DAY + 48
    agents = SmartAgents.start(members, CLOCK, visits, FIRST_SLOT + at, np.array([9_000, 0, 500, 0]))
    if worth is not None:
        agents = replace(agents, street=worth)
    history = {"load_history": load[:at], "pv_history": pv[:at]}
    agents = agents.look_ahead(**history, published=seen(retail, at), fees=FEES)
    slot = FIRST_SLOT + at + 1
    return agents, agents.offer(slot, **history, retail=int(retail[at + 1]), feed_in=80_000, fees=FEES), slot


def test_offers_keep_the_markets_rules_and_batteries_offer_on_both_sides():
    _, curves, _ = offering(prices(dynamic=True))
    assert curve_faults(curves, np.arange(4)) == []
    assert (curves.energy_wh[0] < 0).any()  # nearly full: sells
    assert (curves.energy_wh[2] > 0).any()  # nearly empty: buys


def test_what_a_battery_sells_ahead_it_gives_without_buying_for_it():
    agents, curves, slot = offering(prices(dynamic=True))
    sold = np.minimum(curves.energy_wh, 0).sum(axis=1)
    assert sold[0] < 0
    position = np.array([sold[0], 0, 0, 0])
    _, _, load, pv = street(sun=SUNNY)
    at = slot - FIRST_SLOT
    for day in range(1, 8):  # each of the days that the offer was made for
        moved = agents.traded(slot, position)
        moved = replace(moved, state=replace(moved.state, slot=slot))
        told = {"load_wh": load[at - day * DAY], "pv_wh": pv[at - day * DAY], "retail": 320_000, "feed_in": 80_000}
        done, _, _ = moved.dispatch(**told)
        assert done.metered_wh[0] - sold[0] <= max(int(load[at - day * DAY, 0] - pv[at - day * DAY, 0]), 0) + 60


@pytest.mark.parametrize("share", [0, 400, 1_000])
def test_the_owners_prices_and_preset_share_bind_before_any_gain(share):
    _, free, _ = offering(prices(dynamic=True))
    owner = Owner(neighbour_permille=share, floor_price=150_000, ceiling_price=180_000)
    _, bound, _ = offering(prices(dynamic=True), owner=owner)
    assert curve_faults(bound, np.arange(4)) == []
    sells, buys = bound.energy_wh < 0, bound.energy_wh > 0
    assert (bound.limit[sells] * 8 // 10 >= 150_000).all()
    assert (bound.limit[buys] <= 180_000).all()
    assert bound.pool_buy.max() <= 180_000
    assert (bound.pool_sell[:3] == (NO_SELL if share < 1_000 else 190_000)).all()
    offered, allowed = (-np.minimum(curves.energy_wh[0], 0).sum() for curves in (free, bound))
    assert allowed <= offered * share / 1_000 + 8
    assert (allowed > 0) == (share > 0)


def test_an_owners_order_is_carried_out_and_ends_by_itself():
    order = Override(Span(FIRST_SLOT, FIRST_SLOT + 8 * DAY + 16), 1_000)
    homes = street(owner=Owner(overrides=(order,)))
    members, visits, *_ = homes
    agents = SmartAgents.start(members, CLOCK, visits, FIRST_SLOT + 8 * DAY)
    _, agents = live(agents, homes, prices(dynamic=True), days=1 / 6)
    assert agents.state.soc_wh[[0, 2]].tolist() == [10_000, 10_000]
    _, later = live(agents, homes, prices(dynamic=True), days=5 / 6, start=8 * DAY + 16)
    assert later.state.soc_wh[0] < 10_000


def test_a_ladder_lies_between_the_standing_limits_and_pays_the_seller_after_fees():
    ladder = Ladder.of(320_000, 80_000, FEES)
    assert ladder.sell == ladder.buy
    assert all(100_000 <= price <= 310_000 and price % 10_000 == 0 for price in ladder.sell)
    assert ladder.gain == tuple(price * 8 // 10 for price in ladder.sell)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("a store above its capacity", {"soc": 25_000}),
        ("a store below nothing", {"soc": -3_000}),
        ("no readings at all", {"history": 0}),
        ("every second reading missing", {"holes": True}),
        ("a price of 10 a kWh", {"retail": 10_000_000}),
        ("a price of −10 a kWh", {"retail": -10_000_000}),
        ("a battery of no capacity", {"battery": Battery(0, 5_000)}),
        ("a battery that gives almost nothing back", {"battery": Battery(10_000, 5_000, 1, 1)}),
    ],
)
def test_a_plan_still_comes_and_nothing_leaves_the_devices_limits(what, change):
    homes = street(battery=change.get("battery"))
    members, visits, load, pv = homes
    retail = np.full(len(load), change.get("retail", 320_000), np.int64)
    feed_in = np.minimum(retail, 80_000)
    at = 8 * DAY + 69
    soc = np.array([change.get("soc", 4_000), 0, 4_000, 0])
    agents = SmartAgents.start(members, CLOCK, visits, FIRST_SLOT + at, soc)
    past = load[at - change.get("history", at) : at].astype(np.float64)
    roofs = pv[len(load[:at]) - len(past) : at].astype(np.float64)
    if change.get("holes"):
        past[::2], roofs[::2] = -1, np.nan
    known = Published(retail[:0], feed_in[:0], retail[at : at + 4], feed_in[at : at + 4])
    for step in range(6):
        agents = agents.look_ahead(load_history=past, pv_history=roofs, published=known, fees=FEES)
        assert agents.orders is not None, what
        before = agents.state.soc_wh
        now = {"retail": int(retail[at]), "feed_in": int(feed_in[at])}
        done, ev_wh, agents = agents.dispatch(load_wh=load[at + step], pv_wh=pv[at + step], **now)
        fleet = agents.fleet
        assert (abs(done.battery_wh) <= fleet.battery_limit_wh).all()
        assert (done.soc_wh <= np.maximum(fleet.capacity_wh, before)).all()
        assert (done.soc_wh >= np.minimum(0, before)).all()
        assert ((ev_wh >= 0) & (ev_wh <= fleet.car_limit_wh)).all()


def test_a_clock_that_jumps_makes_a_new_plan_and_forgets_no_device():
    homes = street()
    members, visits, load, pv = homes
    retail, at = prices(dynamic=True), 8 * DAY
    agents = SmartAgents.start(members, CLOCK, visits, FIRST_SLOT + at)
    told = {"load_history": load[:at], "pv_history": pv[:at], "published": seen(retail, at), "fees": FEES}
    agents = agents.look_ahead(**told)
    for jump in (-40, 500):
        moved = replace(agents, state=replace(agents.state, slot=FIRST_SLOT + at + jump)).look_ahead(**told)
        assert moved.orders is not None
        assert moved.orders.first_slot == FIRST_SLOT + at + jump


def test_past_the_loss_its_owner_bears_a_home_goes_back_to_the_rule_and_says_so():
    homes = street(owner=Owner(loss_max=2_000_000))
    members, visits, load, pv = homes
    retail, at = prices(dynamic=True), 8 * DAY
    agents = SmartAgents.start(members, CLOCK, visits, FIRST_SLOT + at)
    tariff = {"retail": 320_000, "feed_in": 80_000}
    for step in range(4):
        agents = agents.look_ahead(
            load_history=load[: at + step], pv_history=pv[: at + step], published=seen(retail, at + step), fees=FEES
        )
        before = agents
        done, ev_wh, agents = agents.dispatch(load_wh=load[at + step], pv_wh=pv[at + step], **tariff)
        paid = np.array([-1_500_000, 0, 0, 0])
        agents = agents.learn(MeanPrices(320_000, 80_000, 320_000, 80_000), paid)
    assert agents.shadow.back_at[0] == FIRST_SLOT + at + 2
    assert not agents.steered[0]
    assert agents.steered[1:3].all()
    told = before.explain(done, before.known(done, ev_wh, agents, **tariff), **tariff)
    assert "back to the simple rule" in told[0]
    assert "back" not in told[1]


def test_what_the_street_pays_is_learnt_by_time_of_day():
    none = MeanPrices.of(((None, 0), (None, 0)), np.array([900, -100]), 320_000, 80_000, FEES)
    assert (none.buy, none.sell) == (320_000, 80_000)
    # 600 Wh change hands at 0.14, of which the seller has 0.112; 300 Wh are bought and 200 Wh given at the tariff
    some = MeanPrices.of(((140_000, 400), (140_000, 200)), np.array([300, -200]), 320_000, 80_000, FEES)
    assert some.buy == (600 * 140_000 + 300 * 320_000) // 900
    assert some.sell == (600 * 112_000 + 200 * 80_000) // 800
    street_prices = StreetPrices.none(DAY)
    for day in range(6):
        street_prices = street_prices.learn(day * DAY + 40, some).learn(day * DAY + 41, none)
    buy, sell = street_prices.ahead(40, np.full(3, 320_000.0), np.full(3, 80_000.0))
    assert buy.tolist() == pytest.approx([some.buy, 320_000, 320_000])
    assert sell.tolist() == pytest.approx([some.sell, 80_000, 80_000])


def test_futures_have_the_weighted_mean_of_seven_days_and_order_the_suns_courses():
    chance = np.random.default_rng(1)
    load, pv = (chance.integers(0, 500, (15 * DAY, 3)).astype(float) for _ in range(2))
    load[-1 - DAY :: -DAY] = load[-1]  # the last reading is as always: nothing to correct
    pv[-1 - DAY :: -DAY] = pv[-1]
    futures = futures_of(load, pv, DAY, 2 * DAY)
    days = load[-7 * DAY :].reshape(7, DAY, 3)
    assert pytest.approx(np.average(days, axis=0, weights=[2, 1, 1, 1, 1, 2, 3])) == futures.load_wh[:, :DAY].T
    mean = sum(w * roof for w, roof in zip(futures.weight, futures.pv_wh, strict=True))
    assert pytest.approx(pv[-14 * DAY :].reshape(14, DAY, 3).mean(axis=0)) == mean[:, :DAY].T
    dull, usual, bright = (roof.sum(axis=1) for roof in futures.pv_wh)
    assert ((dull <= usual) & (usual <= bright)).all()


def test_every_reason_has_a_sentence_with_two_numbers():
    assert set(SMART_REASONS) == set(Reason)
    assert all(text.count("{") >= 2 for text in SMART_REASONS.values())


def test_what_a_car_will_lack_is_told_in_its_first_slot():
    """11 kW for three quarter-hours are 8 250 of the 9 000 Wh it needs."""
    members, _, load, pv = street()
    retail, at = prices(dynamic=True), 8 * DAY
    visits = Visits(
        np.array([1], np.int32), *(np.array([value]) for value in (FIRST_SLOT + at, FIRST_SLOT + at + 3, 9_000))
    )
    agents = SmartAgents.start(members, CLOCK, visits, FIRST_SLOT + at)
    agents = agents.look_ahead(load_history=load[:at], pv_history=pv[:at], published=seen(retail, at), fees=FEES)
    tariff, told = {"retail": 320_000, "feed_in": 80_000}, []
    for step in range(4):
        before = agents
        done, ev_wh, agents = agents.dispatch(load_wh=load[at + step], pv_wh=pv[at + step], **tariff)
        told.append(before.explain(done, before.known(done, ev_wh, agents, **tariff), **tariff)[1])
    assert ["it will lack 750 Wh when it has to be ready" in text for text in told] == [True, True, True, False]


def test_the_record_of_decisions_cannot_be_changed_unseen():
    targets, before, entries = Targets(0, 9_000, 500, 10_000), FIRST, []
    for at_s in range(3):
        entries.append(sealed(before, Measured(at_s, 10, 20, None), targets, None, Told()))
        before = entries[-1].seal
    assert broken_at(entries) is None
    assert broken_at([entries[0], replace(entries[1], command_w=500), entries[2]]) == 1
    assert broken_at([entries[0], entries[2]]) == 1
