"""What is written is what was read, byte for byte the same each time."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.files import load_scenario, write_scenario
from sunfair.files.scenario_write import render_scenario
from sunfair.model import (
    SMALL_COMMUNITY,
    Battery,
    Car,
    Community,
    Fees,
    Mechanism,
    Member,
    Phase,
    Scenario,
    Series,
    Session,
    Strategy,
    Visits,
)
from sunfair.slots import SlotClock

IDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from([' "'[1], "\\", ".", ":"]),
    min_size=1,
    max_size=12,
).filter(lambda text: text.isprintable())
PERMILLE = st.integers(1, 1000)


@st.composite
def batteries(draw) -> Battery:
    capacity = draw(st.integers(1, 50_000))
    return Battery(
        capacity, draw(st.integers(1, 20_000)), draw(PERMILLE), draw(PERMILLE), draw(st.integers(0, capacity))
    )


@st.composite
def scenarios(draw) -> Scenario:
    count = draw(st.sampled_from([1, 3, SMALL_COMMUNITY, SMALL_COMMUNITY + 3]))
    ids = draw(st.lists(IDS, min_size=count, max_size=count, unique=True))
    members = tuple(
        Member(
            id=identity,
            meter=f"meter of {number}",
            bus=draw(st.none() | st.integers(0, 10**6)),
            phase=draw(st.none() | st.sampled_from(Phase)),
            pv_wp=draw(st.sampled_from([0, 1, 5_000, 83_300])),
            battery=draw(st.none() | batteries()),
            car=draw(st.none() | st.builds(Car, st.integers(1, 22_000))),
            strategy=draw(st.sampled_from(Strategy)),
            shape=draw(st.sampled_from(["", "H0-A"])),
        )
        for number, identity in enumerate(ids)
    )
    small = count < SMALL_COMMUNITY
    mechanism = Mechanism.MID_MARKET_RATE if small else draw(st.sampled_from(Mechanism))
    pool = mechanism is Mechanism.MID_MARKET_RATE
    sessions = draw(st.sampled_from([(Session.AHEAD, Session.POOL), (Session.AHEAD,), (Session.POOL,)]))
    seller = draw(st.integers(5_001, 10_000))
    utility = draw(st.integers(0, 10_000 - seller))
    clock = SlotClock(draw(st.sampled_from([5, 15, 30, 60])), draw(st.sampled_from(["UTC", "Europe/Berlin"])))
    denominator = draw(st.integers(1, 10**9))
    community = Community(
        name=draw(IDS),
        members=members,
        clock=clock,
        sessions=(Session.POOL,) if pool else sessions,
        mechanism=mechanism,
        fees=Fees(seller, utility, 10_000 - seller - utility),
        currency="CHF",
        k=(draw(st.integers(0, denominator)), denominator),
        gate_minutes=draw(st.integers(0, 1440)),
    )
    length, random = draw(st.integers(1, 40)), np.random.RandomState(draw(st.integers(0, 2**31)))
    roof = np.array([member.pv_wp for member in members]) * clock.minutes // 60
    first = draw(st.integers(-(10**5), 3 * 10**6))
    feed_in = draw(st.integers(-(10**9), 10**9))
    prices = np.full(length, feed_in, np.int64)
    series = Series(
        first,
        random.randint(0, 2_000, (length, count)).astype(np.int64),
        (random.rand(length, count) * (roof + 1)).astype(np.int64) * (roof > 0),
        np.minimum(prices + draw(st.integers(0, 10)) * random.randint(0, 10**6, length), 10**9),
        prices,
    )
    owners = [index for index, member in enumerate(members) if member.car]
    here = np.array(owners, np.int32)
    arrive = np.sort(first + random.randint(0, length, len(here))).astype(np.int64)
    visits = Visits(here, arrive, arrive + 1 + random.randint(0, 50, len(here)), random.randint(0, 10**5, len(here)))
    order = np.lexsort((visits.member, visits.arrive))
    visits = Visits(here[order], arrive[order], visits.depart[order], visits.need_wh[order])
    return Scenario(community, series, visits, None, draw(st.sampled_from([(), ('A notice: "quoted" \\ and all.',)])))


@settings(max_examples=60, deadline=None)
@given(scenarios())
def test_a_scenario_is_read_back_as_it_was_written(scenario):
    with tempfile.TemporaryDirectory() as place:
        folder = write_scenario(scenario, Path(place) / "out")
        back = load_scenario(folder)
        assert back.community == scenario.community
        for name in ("first_slot", "load_wh", "pv_wh", "retail", "feed_in"):
            np.testing.assert_array_equal(getattr(back.series, name), getattr(scenario.series, name))
        for name in ("member", "arrive", "depart", "need_wh"):
            np.testing.assert_array_equal(getattr(back.visits, name), getattr(scenario.visits, name))
        assert back.notices[: len(scenario.notices)] == scenario.notices
        # what was read is written with the same bytes
        again = render_scenario(back)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == again


@settings(max_examples=20, deadline=None)
@given(scenarios())
def test_the_same_scenario_is_the_same_bytes(scenario):
    assert render_scenario(scenario) == render_scenario(scenario)
