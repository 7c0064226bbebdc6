from dataclasses import replace

import numpy as np
import pytest

from sunfair.agent import RuleAgents, dispatch_rule, forecast_floor, offers_rule
from sunfair.agent.forecast import LOAD_DECAY, PV_DECAY
from sunfair.model import Battery, Car, Fees, Member, Visits
from sunfair.slots import SlotClock

CLOCK = SlotClock()
FIRST = 1_612_800
MEMBERS = [
    Member("a", "m1", pv_wp=5_000, battery=Battery(10_000, 5_000, 950, 950, 500), car=Car(3_700)),
    Member("b", "m2", pv_wp=5_000),
]
VISITS = Visits(np.array([0], np.int32), np.array([FIRST + 2]), np.array([FIRST + 30]), np.array([2_850]))
TARIFF = {"retail": 320_000, "feed_in": 80_000, "fees": Fees()}


def history(slots=800, seed=5):
    rng = np.random.default_rng(seed)
    return rng.integers(400, 600, (slots, 2)), rng.integers(0, 100, (slots, 2))


def test_every_slot_balances_at_the_meter_and_in_the_battery():
    load, pv = history()
    agents = RuleAgents.start(MEMBERS, CLOCK, VISITS, FIRST)
    assert agents.soc_wh.tolist() == [500, 0]
    charged = 0
    for step in range(60):
        done, ev_wh, after = agents.dispatch(load_wh=load[step], pv_wh=pv[step], retail=320_000)
        assert (done.metered_wh == load[step] - pv[step] + done.curtail_wh + done.battery_wh + ev_wh).all()
        assert after.slot == agents.slot + 1
        assert after.soc_wh.tolist() == done.soc_wh.tolist()
        charged += int(ev_wh[0])
        agents = after
    assert charged == 2_850


def test_a_step_leaves_the_agents_as_they_were():
    load, pv = history()
    agents = RuleAgents.start(MEMBERS, CLOCK, VISITS, FIRST)
    once = agents.dispatch(load_wh=load[0], pv_wh=pv[0], retail=320_000)
    twice = agents.dispatch(load_wh=load[0], pv_wh=pv[0], retail=320_000)
    assert once[0].soc_wh.tolist() == twice[0].soc_wh.tolist()
    assert agents.slot == FIRST


def test_the_running_slot_is_forecast_before_the_next_one_is_offered():
    load, pv = history()
    agents = RuleAgents.start(MEMBERS, CLOCK, VISITS, FIRST, np.array([3_000, 0]))
    for step in range(4):  # the car is plugged in by then
        agents = agents.dispatch(load_wh=load[step], pv_wh=pv[step], retail=320_000)[2]
    agents = replace(agents, soc_wh=np.array([1_600, 0]))  # enough for a part of the running slot only
    got = agents.offer(agents.slot + 1, load_history=load, pv_history=pv, **TARIFF)

    both = [
        (
            forecast_floor(load, 96, lead, decay_permille=LOAD_DECAY),
            forecast_floor(pv, 96, lead, decay_permille=PV_DECAY),
        )
        for lead in (1, 2)
    ]
    running = dispatch_rule(
        agents.fleet,
        load_wh=both[0][0].energy_wh,
        pv_wh=both[0][1].energy_wh,
        soc_wh=agents.soc_wh,
        ev_wh=np.array([925, 0]),
        retail=320_000,
    )
    want = offers_rule(
        agents.fleet,
        load=both[1][0],
        pv=both[1][1],
        soc_wh=running.soc_wh,
        ev_expected_wh=np.array([75, 0]),
        **TARIFF,
    )
    assert running.soc_wh.tolist() == [500, 0]
    assert got.energy_wh.any()
    assert got.energy_wh.tolist() == want.energy_wh.tolist()
    assert got.limit.tolist() == want.limit.tolist()


def test_without_history_there_are_only_standing_limits():
    empty = np.zeros((0, 2), np.int64)
    agents = RuleAgents.start(MEMBERS, CLOCK, VISITS, FIRST)
    curves = agents.offer(FIRST + 1, load_history=empty, pv_history=empty, **TARIFF)
    assert not curves.energy_wh.any()
    assert curves.pool_buy.tolist() == [310_000, 310_000]
    assert curves.pool_sell.tolist() == [100_000, 100_000]


def test_a_slot_that_is_over_cannot_be_offered_for():
    load, pv = history()
    agents = RuleAgents.start(MEMBERS, CLOCK, VISITS, FIRST)
    with pytest.raises(ValueError, match="slots ahead"):
        agents.offer(FIRST - 1, load_history=load, pv_history=pv, **TARIFF)
