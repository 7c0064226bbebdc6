"""The slot clock, held against a count of every slot's own local date, in zones that do odd things at midnight."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.slots import SLOT_MINUTES, SlotClock, zone

ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Atlantic/Azores",  # springs forward at midnight, falls back into it
    "America/Havana",  # likewise, west of Greenwich
    "America/Sao_Paulo",  # its midnight was skipped until 2018
    "Asia/Kolkata",  # +05:30
    "Asia/Kathmandu",  # +05:45: midnight inside hourly and half-hourly slots
    "Australia/Lord_Howe",  # daylight saving of half an hour
    "Antarctica/Troll",  # daylight saving of two hours
    "Pacific/Apia",  # 2011-12-30 did not happen
]


def counted(minutes, name, civil):
    """The slots that start on `civil`: every slot of five days around it, by its own local date."""
    seconds, site = minutes * 60, ZoneInfo(name)
    middle = int(datetime(civil.year, civil.month, civil.day, tzinfo=UTC).timestamp()) // seconds
    reach = 2 * 86_400 // seconds
    around = range(middle - reach, middle + reach + 1)
    return [s for s in around if datetime.fromtimestamp(s * seconds, site).date() == civil]


@pytest.mark.parametrize("name", ["Europe/Berlin", "Europe/London"])
@pytest.mark.parametrize(
    ("civil", "hours"), [(date(2016, 3, 27), 23), (date(2016, 10, 30), 25), (date(2016, 6, 15), 24)]
)
@pytest.mark.parametrize("minutes", SLOT_MINUTES)
def test_days_of_23_24_and_25_hours(name, civil, hours, minutes):
    day = SlotClock(minutes, name).day(civil)
    assert len(day) == hours * 60 // minutes
    assert list(day) == counted(minutes, name, civil)


def test_a_day_has_92_96_or_100_quarter_hours():
    clock = SlotClock(15, "Europe/Berlin")
    assert [len(clock.day(d)) for d in (date(2016, 3, 27), date(2016, 3, 28), date(2016, 10, 30))] == [92, 96, 100]


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("minutes", SLOT_MINUTES)
@pytest.mark.parametrize(
    "civil",
    [
        date(2011, 12, 29),
        date(2011, 12, 30),
        date(2011, 12, 31),
        date(2018, 2, 17),
        date(2018, 11, 3),
        date(2018, 11, 4),
        date(2023, 3, 12),
        date(2023, 3, 26),
        date(2023, 10, 29),
        date(2023, 11, 5),
    ],
)
def test_a_civil_day_holds_exactly_the_slots_that_start_on_it(name, minutes, civil):
    assert list(SlotClock(minutes, name).day(civil)) == counted(minutes, name, civil)


@pytest.mark.parametrize(
    ("name", "civil", "quarters"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), 92),
        ("Atlantic/Azores", date(2023, 3, 26), 92),
        ("Atlantic/Azores", date(2023, 10, 29), 100),
        ("America/Havana", date(2023, 11, 5), 100),
        ("Australia/Lord_Howe", date(2023, 10, 1), 94),
        ("Australia/Lord_Howe", date(2023, 4, 2), 98),
        ("Antarctica/Troll", date(2023, 3, 26), 88),
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_days_that_lose_or_gain_other_than_an_hour(name, civil, quarters):
    assert len(SlotClock(15, name).day(civil)) == quarters


def test_a_skipped_midnight_starts_the_day_at_one():
    clock = SlotClock(15, "America/Sao_Paulo")
    first = clock.day(date(2018, 11, 4))[0]
    assert clock.local(first).isoformat() == "2018-11-04T01:00:00-02:00"


def test_a_midnight_inside_a_slot_leaves_that_slot_to_the_day_before():
    clock = SlotClock(60, "Asia/Kathmandu")
    first = clock.day(date(2023, 1, 2))[0]
    assert clock.local(first).isoformat() == "2023-01-02T00:45:00+05:45"
    assert clock.date_of(first - 1) == date(2023, 1, 1)


@settings(deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(SLOT_MINUTES),
    st.dates(date(2012, 1, 1), date(2037, 12, 30)),
    st.integers(0, 99),
)
def test_days_join_without_gap_or_overlap(name, minutes, civil, place):
    clock = SlotClock(minutes, name)
    today, tomorrow = clock.day(civil), clock.day(civil + timedelta(days=1))
    assert today.stop == tomorrow.start
    slot = today[place % len(today)]
    assert clock.date_of(slot) == civil
    assert slot in clock.day(clock.date_of(slot))
    assert clock.days(civil, 2) == [today, tomorrow]


@settings(deadline=None)
@given(
    st.sampled_from(SLOT_MINUTES),
    st.datetimes(datetime(1960, 1, 1), datetime(2037, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_a_slot_holds_its_instants_whatever_the_offset(minutes, wall, offset):
    instant = wall.replace(tzinfo=timezone(timedelta(minutes=offset)))
    clock = SlotClock(minutes)
    slot = clock.slot_at(instant)
    assert clock.start(slot) <= instant < clock.end(slot)
    assert clock.start(slot).timestamp() == slot * minutes * 60
    assert clock.end(slot) == clock.start(slot + 1)
    assert clock.start(slot).tzinfo is UTC


def test_a_slot_is_labelled_by_its_start():
    clock = SlotClock(15, "Europe/Berlin")
    midnight = datetime(2016, 6, 15, tzinfo=ZoneInfo("Europe/Berlin"))
    slot = clock.slot_at(midnight)
    assert slot == 1_465_941_600 // 900
    assert clock.slot_at(midnight + timedelta(minutes=14, seconds=59, microseconds=999_999)) == slot
    assert clock.slot_at(midnight - timedelta(microseconds=1)) == slot - 1
    assert clock.local(slot).isoformat() == "2016-06-15T00:00:00+02:00"


@pytest.mark.parametrize(
    ("minutes", "seconds", "a_day"), [(5, 300, 288), (15, 900, 96), (30, 1800, 48), (60, 3600, 24)]
)
def test_lengths(minutes, seconds, a_day):
    clock = SlotClock(minutes)
    assert (clock.seconds, clock.per_day) == (seconds, a_day)


def test_naive_datetimes_are_refused():
    with pytest.raises(ValueError, match="no UTC offset"):
        SlotClock().slot_at(datetime(2016, 6, 15))


@pytest.mark.parametrize("minutes", [0, -15, 1, 10, 45, 1440])
def test_only_four_lengths_exist(minutes):
    with pytest.raises(ValueError, match="slot_minutes"):
        SlotClock(minutes)


@pytest.mark.parametrize("name", ["", "Berlin", "Europe/Atlantis", "../etc/passwd", "Europe", "/etc/localtime"])
def test_unknown_zones_are_named(name):
    with pytest.raises(ValueError, match="IANA time zone"):
        zone(name)
    with pytest.raises(ValueError, match="IANA time zone"):
        SlotClock(15, name)
