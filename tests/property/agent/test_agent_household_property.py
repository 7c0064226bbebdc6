"""Heat pumps and appliances over all devices, states and wishes: no warmth out of nothing, no run lost, no limit passed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.agent import Household
from sunfair.agent.heating import BY_THERMOSTAT, Heating, Warmth
from sunfair.agent.machines import Machines
from sunfair.model import Appliance, HeatPump, Member, Owner, Span
from sunfair.slots import SlotClock

PUMPS = st.builds(
    HeatPump,
    st.integers(0, 12_000),
    st.integers(100, 12_000),
    st.integers(-50, 200),
    st.integers(210, 400),
    st.integers(100, 10_000),
    st.integers(0, 990),
)


@given(PUMPS, st.sampled_from((5, 15, 30, 60)), st.data())
@settings(max_examples=60, deadline=None)
def test_warmth_is_conserved_and_every_limit_holds(pump, minutes, data):
    heating = Heating.of([Member("a", "m", heat=pump)], SlotClock(minutes))
    level = data.draw(st.integers(-50_000, 2 * pump.band_wh))
    warmth, limit, most_wh = Warmth(np.array([level]), np.array([False]), heating.start().demand_wh), 0, 30_000
    limit = pump.power_w * minutes // 60
    for slot in range(6):
        asked = data.draw(st.integers(0, most_wh))
        wanted, away = data.draw(st.just(BY_THERMOSTAT) | st.integers(0, 20_000)), data.draw(st.booleans())
        use, after = heating.serve(warmth, slot, np.array([asked]), wanted_wh=np.array([wanted]), away=np.array([away]))
        before, now, taken = int(warmth.level_wh[0]), int(after.level_wh[0]), int(use[0])
        lost = max(before, 0) * pump.loss_permille * minutes // 60_000
        made = taken * pump.performance_permille // 1_000
        assert now == before - lost - asked + made
        assert 0 <= taken <= limit
        bit = pump.performance_permille // 1_000 + 1
        assert now <= max(pump.band_wh, before, bit)  # never too warm because of the pump,
        assert now >= 0 or taken == limit  # and too cold only where it gives all it can,
        if away:
            assert not taken or now <= bit  # kept at the lower edge while nobody is there
        warmth = after


def test_the_thermostat_heats_from_one_edge_of_the_band_to_the_other():
    heating = Heating.of([Member("a", "m", heat=HeatPump(4_000, 2_000))], SlotClock(15))  # 4 kWh of band, 3 kWh a slot
    warmth, levels, uses = Warmth(np.array([1_500]), np.array([False]), heating.start().demand_wh), [], []
    for slot in range(8):
        use, warmth = heating.serve(
            warmth, slot, np.array([900]), wanted_wh=np.array([BY_THERMOSTAT]), away=np.array([False])
        )
        levels.append(int(warmth.level_wh[0]))
        uses.append(int(use[0]))
    assert levels == [600, 2_700, 3_999, 3_099, 2_199, 1_299, 399, 2_499]
    assert uses == [0, 1_000, 733, 0, 0, 0, 0, 1_000]


def test_what_is_missing_is_taken_as_usual_and_nothing_known_as_nothing():
    heating = Heating.of([Member("a", "m", heat=HeatPump(4_000, 2_000))], SlotClock(60))
    none, away = np.array([BY_THERMOSTAT]), np.array([False])
    _, first = heating.serve(heating.start(), 0, np.array([-1]), wanted_wh=none, away=away)
    assert first.level_wh[0] == 2_000
    _, second = heating.serve(first, 1, np.array([500]), wanted_wh=none, away=away)
    _, third = heating.serve(second, 25, np.array([-1]), wanted_wh=none, away=away)
    assert (second.level_wh[0], third.level_wh[0]) == (1_500, 1_000)
    assert third.ahead(0, 3).tolist() == [[500, 500, 500]]


@given(
    st.lists(st.tuples(st.integers(0, 1_439), st.integers(0, 1_439), st.integers(1, 9)), min_size=1, max_size=3),
    st.integers(0, 40),
    st.integers(0, 60),
)
@settings(max_examples=25, deadline=None)
def test_every_run_starts_once_a_day_inside_its_window_and_is_foreseen(windows, begin, away):
    clock, first = SlotClock(60, "Europe/Berlin"), 400_000
    owner = Owner(vacations=(Span(first + begin, first + begin + away),) if away else ())
    runs = tuple(Appliance(f"a{at}", (500,) * length, *window) for at, (*window, length) in enumerate(windows))
    machines = Machines.of([Member("a", "m", owner=owner, appliances=runs)], clock, first)
    nobody, starts = np.zeros(1, np.bool_), [[] for _ in runs]
    foreseen, lived = machines.expected(first, 24 * 5, nobody, 1)[0], []
    for slot in range(first, first + 24 * 5):
        before = machines
        use, machines = machines.live(slot, nobody)
        lived.append(int(use.sum()))
        for at, (old, new) in enumerate(zip(before.began, machines.began, strict=True)):
            if old != new:
                starts[at].append(slot)
    assert foreseen.tolist() == lived
    assert machines.used_wh.sum() == sum(lived)
    for at, (earliest, latest, length) in enumerate(windows):
        assert all(not owner.away(slot) for slot in starts[at])
        assert all(late - early >= length for early, late in zip(starts[at], starts[at][1:], strict=False))
        if not away and earliest <= latest:
            days = [clock.date_of(slot) for slot in starts[at]]
            assert len(set(days)) == len(days) >= 4


@pytest.mark.parametrize("slot", [400_000, 400_100])
def test_a_home_without_any_of_it_uses_nothing(slot):
    household = Household.start([Member("a", "m")], SlotClock(60), slot)
    assert household.live(slot, None, np.ones(1, np.bool_)) is household
    assert household.expected(slot, 3, np.ones(1, np.bool_)).tolist() == [[0, 0, 0]]
