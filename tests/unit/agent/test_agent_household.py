"""What homes with a heat pump, an appliance, a vacation or a car in a hurry do and are told, against what is known."""

import numpy as np

from sunfair.agent import Cars, Household, MeanPrices, Outlook, Published, RuleAgents, SmartAgents, plan
from sunfair.agent.dispatch_device import Device
from sunfair.agent.smart_cars import Promises
from sunfair.agent.smart_orders import Policy, home_devices
from sunfair.agent.smart_shadow import Beside, Shadow
from sunfair.model import Appliance, Battery, Fees, HeatPump, Member, Owner, Span, Strategy, Visits
from sunfair.slots import SlotClock

CLOCK, FIRST, DAY = SlotClock(60), 24 * 17_000, 24
BATTERY = Battery(4_000, 2_000)
WASH = Appliance("wash", (1_200, 400, 900))


def street(*members):
    return SmartAgents.start(members, CLOCK, Visits.none(), FIRST)


def ahead(agents, retail, *, load=300, gap=None):
    size = len(agents.members)
    history = np.full((8 * DAY, size), load)
    if gap is not None:
        history[gap] = -1
    feed_in = np.full(len(retail), 50_000)
    told = Published(retail[:DAY], feed_in[:DAY], retail, feed_in)
    return agents.look_ahead(load_history=history, pv_history=np.zeros_like(history), published=told, fees=Fees())


def test_an_appliance_starts_where_brute_force_over_all_starts_finds_it_cheapest():
    retail = np.random.default_rng(4).integers(100_000, 400_000, 2 * DAY)
    home = Member("a", "m", battery=BATTERY, strategy=Strategy.SMART, appliances=(WASH,))
    agents = ahead(street(home), retail)
    (key, start), *_ = sorted(agents.household.machines.planned.items())
    assert key[1] == CLOCK.date_of(FIRST).toordinal()
    devices = home_devices(agents.fleet, agents.state.soc_wh, Policy().wear)
    prospect, costs = agents.prospect, []
    for at in range(24):
        load = np.full((1, 2 * DAY), 300.0)
        load[0, at : at + 3] += WASH.profile_wh
        terminal = prospect.buy.mean() * agents.fleet.discharge_permille / 1_000
        outlook = Outlook(load, np.zeros_like(load), prospect.buy, prospect.sell, terminal, slot_seconds=3_600)
        costs.append(plan(devices, outlook).cost[0])
    assert costs[start - FIRST] <= min(costs) + 1
    assert costs[start - FIRST] < costs[0]


def test_a_planned_heat_pump_costs_less_than_its_thermostat_and_keeps_its_band():
    hours = np.arange(4 * DAY) % DAY
    retail = np.where(hours < 6, 100_000, 400_000)
    pump = HeatPump(3_000, 4_000)
    agents = street(Member("a", "m", strategy=Strategy.SMART, heat=pump))
    paid = np.zeros(2, np.int64)
    for slot in range(2 * DAY):
        agents = ahead(agents, retail[slot : slot + 2 * DAY], gap=-1 if slot == 5 else None)
        asked = np.array([-1 if slot == 7 else 700])
        _, _, agents = agents.dispatch(
            load_wh=np.array([300]), pv_wh=np.array([0]), heat_wh=asked, retail=int(retail[slot]), feed_in=50_000
        )
        assert 0 <= agents.household.warmth.level_wh[0] <= pump.band_wh
        paid += [int(one.used_wh[0]) * int(retail[slot]) for one in (agents.household, agents.shadow.household)]
    difference = int(agents.household.banked_wh[0] - agents.shadow.household.banked_wh[0])
    assert paid[0] - difference * 400_000 < 0.9 * paid[1]


def test_on_vacation_little_use_is_expected_and_nothing_starts():
    away = Owner(vacations=(Span(FIRST, FIRST + DAY),))
    home = Member("a", "m", battery=BATTERY, strategy=Strategy.SMART, appliances=(WASH,), owner=away)
    agents = street(home)
    history = np.tile([100, 900, 900, 900], 2 * DAY)[:, None]
    told = Published(*(np.full(2 * DAY, price) for price in (300_000, 50_000) * 2))
    agents = agents.look_ahead(load_history=history, pv_history=0 * history, published=told, fees=Fees())
    assert set(agents.prospect.load_wh[0, :DAY]) == {100.0}
    assert agents.prospect.load_wh[0, DAY:].max() > 800
    assert not agents.household.expected(FIRST, DAY, np.ones(1, np.bool_)).any()


def test_a_car_that_cannot_be_ready_is_told_at_once_and_none_is_promised_on_vacation():
    cars, taken = Cars(np.array([9_000]), np.array([FIRST + 3]), 0), np.array([3_000])
    limit, none = np.array([3_000]), Promises.none(1)
    short, by = none.shortfall(cars, taken, FIRST, limit)
    assert (short[0], by[0]) == (3_000, FIRST + 3)  # 12 kWh in three hours of 3 kWh
    eager = Owner(ready_minute=0), Owner(ready_minute=0, vacations=(Span(FIRST, FIRST + 3 * DAY),))
    long = Cars(np.array([9_000]), np.array([FIRST + 4 * DAY]), 0)
    ready = [none.arrived(np.array([0]), long, FIRST, [owner], CLOCK).ready[0] for owner in eager]
    assert ready == [FIRST + DAY, 0]


def test_the_owners_budget_of_writes_is_the_devices():
    assert Device.of(BATTERY, Owner(writes_per_day=24)) == Device(2_000, 4_000, writes_per_day=24)


def test_what_a_retailers_statement_gives_is_no_loss():
    """At 0.32 a home pays 0.32 for a kWh and gets 0.20 back for its price of 0.12; so would it under the rule."""
    members = [Member("a", "m")]
    rule = RuleAgents.start(members, CLOCK, Visits.none(), FIRST)
    household, one = Household.start(members, CLOCK, FIRST), np.array([1_000])
    shadow = Shadow.of(rule, household).live(load_wh=one, pv_wh=0 * one, heat_wh=None, retail=320_000)
    prices = MeanPrices.of(((None, 0), (None, 0)), one, 320_000, 80_000, Fees())
    beside = Beside(np.array([200_000]), np.array([120_000]))
    told = shadow.settle(np.array([-320_000]), rule, household, [Owner()], prices, beside)
    assert told.lost[0] == 0
