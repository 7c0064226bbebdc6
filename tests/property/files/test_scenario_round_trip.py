"""What is written is what was read, byte for byte the same each time."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.files import load_scenario, write_scenario
from sunfair.files.scenario_write import render_scenario
from sunfair.model import (
    SMALL_COMMUNITY,
    Appliance,
    Battery,
    Car,
    Community,
    Fees,
    Gift,
    HeatPump,
    Market,
    MarketKind,
    Mechanism,
    Member,
    Override,
    Owner,
    Phase,
    Prepaid,
    Quotes,
    Scenario,
    Series,
    Session,
    Span,
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


def spans(draw, first: int) -> list[Span]:
    """Up to two spans one after the other."""
    ends = sorted(draw(st.sets(st.integers(0, 500), min_size=4, max_size=4)))
    return [Span(first + ends[0], first + ends[1]), Span(first + ends[2], first + ends[3])][: draw(st.integers(0, 2))]


@st.composite
def owners(draw, others: list[str], first: int, battery: bool, car: bool) -> Owner:
    """Rules that a home with or without a battery and a car can have."""
    named = st.lists(st.sampled_from(others), unique=True, max_size=2) if others else st.just([])
    ready = draw(st.none() | st.integers(0, 1439)) if car else None
    return Owner(
        neighbour_permille=draw(st.integers(0, 1000)),
        floor_price=draw(st.none() | st.integers(-(10**9), 10**9)),
        ceiling_price=draw(st.none() | st.integers(-(10**9), 10**9)),
        preferred=tuple(draw(named)),
        gifts=tuple(Gift(to, draw(st.integers(1, 10**6))) for to in draw(named)),
        overrides=tuple(Override(span, draw(st.integers(0, 1000))) for span in spans(draw, first)) if battery else (),
        vacations=tuple(spans(draw, first)),
        ready_minute=ready,
        ready_wh=None if ready is None else draw(st.none() | st.integers(0, 10**6)),
        writes_per_day=draw(st.integers(1, 10_000)),
        loss_max=draw(st.integers(0, 10**10)),
    )


@st.composite
def prepaids(draw) -> Prepaid:
    caps = sorted(draw(st.lists(st.integers(1, 10**10), min_size=3, max_size=3)))
    opening = draw(st.none() | st.integers(0, 10**10))
    return Prepaid(draw(st.integers(0, 10**10)), *draw(st.sampled_from([(0, 0, 0), tuple(caps)])), opening=opening)


HEAT = st.builds(
    HeatPump,
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.integers(-200, 300),
    st.integers(301, 1000),
    st.integers(100, 10_000),
    st.integers(0, 990),
)
APPLIANCES = st.lists(
    st.builds(
        Appliance,
        st.sampled_from(["washing", "boiler"]),
        st.lists(st.integers(1, 10**6), min_size=1, max_size=24).map(tuple),
        st.integers(0, 1439),
        st.integers(0, 1439),
    ),
    max_size=2,
    unique_by=lambda appliance: appliance.name,
).map(tuple)


@st.composite
def markets(draw, clock: SlotClock, first: int) -> tuple[tuple[Market, ...], tuple[Quotes, ...]]:
    """Retailers' markets whose prices were told once or corrected later."""
    made, told = [], []
    for number in range(draw(st.integers(0, 2))):
        hours = draw(st.integers(1, 3))
        kind = draw(st.sampled_from(MarketKind))
        made.append(
            Market(f"market {number}", kind, draw(st.integers(0, 10**9)), 60 * hours, draw(st.integers(0, 2880)))
        )
        count = draw(st.integers(1, 5))
        begins = np.repeat(first + np.arange(count) * hours * 60 // clock.minutes, 2)
        known = begins * clock.seconds + np.tile([-7200, -3600], count)
        price = np.array(draw(st.lists(st.integers(-(10**9), 10**9), min_size=2 * count, max_size=2 * count)))
        told.append(Quotes(begins, known, price))
    return tuple(made), tuple(told)


@st.composite
def scenarios(draw) -> Scenario:
    count = draw(st.sampled_from([1, 3, SMALL_COMMUNITY, SMALL_COMMUNITY + 3]))
    ids = draw(st.lists(IDS, min_size=count, max_size=count, unique=True))
    clock = SlotClock(draw(st.sampled_from([5, 15, 30, 60])), draw(st.sampled_from(["UTC", "Europe/Berlin"])))
    first = draw(st.integers(-(10**5), 3 * 10**6))
    sold, quotes = draw(markets(clock, first))
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
    ruled = draw(st.integers(0, count - 1))  # one home has all of it: a street of them would take long to draw
    member = members[ruled]
    others = [other.id for other in members if other is not member]
    rules = draw(owners(others, first, bool(member.battery), bool(member.car)))
    steered = replace(
        member,
        owner=rules,
        heat=draw(st.none() | HEAT),
        appliances=draw(APPLIANCES),
        markets=tuple(market.name for market in sold if draw(st.booleans())),
        prepaid=draw(st.none() | prepaids()),
    )
    members = (*members[:ruled], steered, *members[ruled + 1 :])
    small = count < SMALL_COMMUNITY
    mechanism = (
        Mechanism.MID_MARKET_RATE if small else draw(st.sampled_from([Mechanism.UNIFORM, Mechanism.MID_MARKET_RATE]))
    )
    pool = mechanism is Mechanism.MID_MARKET_RATE
    sessions = draw(st.sampled_from([(Session.AHEAD, Session.POOL), (Session.AHEAD,), (Session.POOL,)]))
    seller = draw(st.integers(5_001, 10_000))
    utility = draw(st.integers(0, 10_000 - seller))
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
        markets=sold,
    )
    length, random = draw(st.integers(1, 40)), np.random.RandomState(draw(st.integers(0, 2**31)))
    roof = np.array([member.pv_wp for member in members]) * clock.minutes // 60
    feed_in = draw(st.integers(-(10**9), 10**9))
    prices = np.full(length, feed_in, np.int64)
    series = Series(
        first,
        random.randint(0, 2_000, (length, count)).astype(np.int64),
        (random.rand(length, count) * (roof + 1)).astype(np.int64) * (roof > 0),
        np.minimum(prices + draw(st.integers(0, 10)) * random.randint(0, 10**6, length), 10**9),
        prices,
        random.randint(0, 9_000, (length, count)).astype(np.int64)
        * np.array([member.heat is not None for member in members]),
    )
    owners_of_cars = [index for index, member in enumerate(members) if member.car]
    here = np.array(owners_of_cars, np.int32)
    arrive = np.sort(first + random.randint(0, length, len(here))).astype(np.int64)
    visits = Visits(here, arrive, arrive + 1 + random.randint(0, 50, len(here)), random.randint(0, 10**5, len(here)))
    order = np.lexsort((visits.member, visits.arrive))
    visits = Visits(here[order], arrive[order], visits.depart[order], visits.need_wh[order])
    notices = draw(st.sampled_from([(), ('A notice: "quoted" \\ and all.',)]))
    return Scenario(community, series, visits, None, notices, quotes)


@settings(max_examples=30, deadline=None)
@given(scenarios())
def test_a_scenario_is_read_back_as_it_was_written(scenario):
    with tempfile.TemporaryDirectory() as place:
        folder = write_scenario(scenario, Path(place) / "out")
        back = load_scenario(folder)
        assert back.community == scenario.community
        for name in ("first_slot", "load_wh", "pv_wh", "retail", "feed_in", "heat_wh"):
            np.testing.assert_array_equal(getattr(back.series, name), getattr(scenario.series, name))
        for name in ("member", "arrive", "depart", "need_wh"):
            np.testing.assert_array_equal(getattr(back.visits, name), getattr(scenario.visits, name))
        for mine, theirs in zip(scenario.quotes, back.quotes, strict=True):
            for name in ("first", "known_s", "price"):
                np.testing.assert_array_equal(getattr(theirs, name), getattr(mine, name))
        assert back.notices[: len(scenario.notices)] == scenario.notices
        # what was read is written with the same bytes
        again = render_scenario(back)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == again


@settings(max_examples=20, deadline=None)
@given(scenarios())
def test_the_same_scenario_is_the_same_bytes(scenario):
    assert render_scenario(scenario) == render_scenario(scenario)
