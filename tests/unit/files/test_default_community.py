"""The bundled community is what its page and its notice say."""

import hashlib
import json
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
import pytest

import sunfair
from sunfair.errors import InputError
from sunfair.files import default_community
from sunfair.grid import Network
from sunfair.model import FIRST_MEMBER, Mechanism, Phase, Scenario, Session

FOLDER = Path(sunfair.__file__).parent / "data" / "rural2"


@pytest.fixture(scope="module")
def street() -> Scenario:
    return default_community()


def test_files_are_those_that_the_import_wrote():
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()
    written = dict(reversed(line.split("  ")) for line in lines)
    assert set(written) | {"SHA256SUMS"} == {path.name for path in FOLDER.iterdir()}
    for name, digest in written.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


def test_it_is_a_few_megabytes():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 5_000_000


def test_it_covers_the_civil_year_2016_in_berlin_by_quarter_hours(street):
    clock, series = street.community.clock, street.series
    berlin = ZoneInfo("Europe/Berlin")
    assert clock.minutes == 15
    assert clock.start(series.first_slot) == datetime(2016, 1, 1, tzinfo=berlin)
    assert clock.start(series.end_slot) == datetime(2017, 1, 1, tzinfo=berlin)
    assert series.load_wh.shape == series.pv_wh.shape == (35_136, 99)
    assert [len(clock.day(day)) for day in (date(2016, 3, 27), date(2016, 10, 30))] == [92, 100]


def test_homes_use_what_homes_use(street):
    kwh = street.series.load_wh.sum(axis=0) / 1000
    assert kwh.min() >= 1_500
    assert kwh.max() <= 9_000
    assert 2_800 <= np.median(kwh) <= 4_200
    assert street.series.load_wh.max() * 4 <= 14_500  # a single-phase connection of 63 A


def test_no_two_homes_are_alike_and_six_shapes_are_named(street):
    load = street.series.load_wh
    assert len({load[:, index].tobytes() for index in range(99)}) == 99
    assert {member.shape for member in street.community.members} == {f"H0-{letter}" for letter in "ABCGHL"}


def test_homes_of_one_shape_are_scaled_copies_shifted_by_whole_weeks(street):
    members = street.community.members
    load = street.series.load_wh.astype(np.float64)
    pair = [index for index, member in enumerate(members) if member.shape == "H0-A"][:2]
    one, other = (load[: 52 * 672, index] for index in pair)
    likeness = [float(np.corrcoef(np.roll(one, 672 * weeks), other)[0, 1]) for weeks in range(-26, 27)]
    assert max(likeness) > 0.999
    assert sorted(likeness)[-2] < 0.9


def test_the_mix_of_batteries_and_cars_holds_for_every_beginning(street):
    members = street.community.members
    for count in range(20, 100):
        some = members[:count]
        assert abs(sum(member.battery is not None for member in some) - 0.40 * count) <= 1
        assert abs(sum(member.car is not None for member in some) - 0.25 * count) <= 1
    both = sum(member.battery is not None and member.car is not None for member in members)
    assert both in (9, 10)


def test_batteries_cars_and_roofs_are_those_of_the_design(street):
    members = street.community.members
    batteries = {(m.battery.capacity_wh, m.battery.power_w) for m in members if m.battery}
    assert batteries == {(10_000, 5_000)}
    assert {member.car.power_w for member in members if member.car} == {11_000}
    single = [member for member in members if member.phase is not Phase.ABC]
    assert {member.pv_wp for member in single} == {5_000}
    assert min(member.pv_wp for member in members) == 5_000
    assert len(members) - len(single) == 11  # the grid's own roofs, 233.5 kWp in all
    assert sum(member.pv_wp for member in members) == 99 * 5_000 + 233_500


def test_phases_are_in_balance_and_neighbours_on_a_bus_differ(street):
    members = street.community.members
    counts = Counter(member.phase for member in members)
    assert max(counts[p] for p in "abc") - min(counts[p] for p in "abc") <= 6
    for bus in {member.bus for member in members}:
        phases = [member.phase for member in members if member.bus == bus and member.phase is not Phase.ABC]
        assert len(set(phases)) == len(phases)


def test_roofs_give_by_day_and_nothing_by_night(street):
    clock, series = street.community.clock, street.series
    pv = series.pv_wh.sum(axis=1)
    day = clock.day(date(2016, 6, 15))
    at = slice(day.start - series.first_slot, day.stop - series.first_slot)
    hours = np.array([clock.local(slot).hour for slot in day])
    assert not pv[at][(hours < 4) | (hours >= 22)].any()
    assert pv[at][(hours >= 11) & (hours < 15)].min() > 0
    # the sun's noon at 11.4° E is 12:15 CET on average over the year
    stamp = np.tile(np.arange(96) * 0.25 + 0.125, 366)
    assert abs(float((pv * stamp).sum() / pv.sum()) - 12.25) < 0.5


def test_cars_come_home_need_little_and_are_never_in_two_visits(street):
    visits, members = street.visits, street.community.members
    assert set(visits.member.tolist()) == {index for index, member in enumerate(members) if member.car}
    assert (visits.arrive < visits.depart).all()
    assert (np.diff(visits.arrive) >= 0).all()
    power = 11_000 / 4
    assert (visits.need_wh <= (visits.depart - visits.arrive) * power).all()
    for index in set(visits.member.tolist()):
        mine = visits.member == index
        assert (visits.arrive[mine][1:] >= visits.depart[mine][:-1]).all()
        assert 500_000 < visits.need_wh[mine].sum() < 2_500_000


def test_it_hangs_on_its_network(street):
    accounts = [FIRST_MEMBER + index for index in range(99)]
    network = Network.parse(street.network_json, accounts)
    assert (network.buses, network.lines, network.members) == (97, 95, 99)
    assert [int(network.bus_id[at]) for at in network.member_bus] == [m.bus for m in street.community.members]


def test_the_network_states_its_assumptions():
    data = json.loads((FOLDER / "network.json").read_text("utf-8"))["data"]
    for line in data["line"]:
        assert line["r0"] == pytest.approx(4 * line["r1"])
        assert line["x0"] == pytest.approx(4 * line["x1"])
        assert line["c0"] == line["c1"]
        assert line["i_n"] == 270
    transformer = data["transformer"][0]
    # 250 kVA Dyn5 at tap −1 of 2.5 %: without it the low voltage would be 0.026 pu lower
    assert (transformer["sn"], transformer["clock"], transformer["tap_pos"]) == (250_000, 5, -1)
    assert transformer["tap_size"] == pytest.approx(500)
    assert data["source"][0]["sk"] == 500e6


def test_the_tariff_is_constant_and_its_variant_hourly(street):
    assert set(street.series.retail.tolist()) == {320_000}
    assert set(street.series.feed_in.tolist()) == {80_000}
    dynamic = default_community(dynamic=True)
    retail = dynamic.series.retail
    assert abs(retail.mean() - 320_000) < 1_000
    assert retail.std() > 40_000
    assert (retail.reshape(-1, 4) == retail.reshape(-1, 4)[:, :1]).all()
    assert (dynamic.series.feed_in <= retail).all()
    assert any("synthetic" in notice for notice in dynamic.notices)
    np.testing.assert_array_equal(dynamic.series.load_wh, street.series.load_wh)


def test_the_licence_and_the_limits_travel_with_it(street):
    said = " ".join(street.notices)
    for word in ("SimBench", "Open Database License 1.0", "six measured shapes", "zero-sequence", "departures"):
        assert word in said
    notice = (FOLDER / "NOTICE.md").read_text("utf-8")
    for word in ("opendatacommons.org/licenses/odbl/1.0", "Share alike", "Meinecke", "Kassel", "CET"):
        assert word in notice


def test_units_are_written_beside_the_numbers():
    schema = pq.ParquetFile(FOLDER / "load.parquet").schema_arrow
    assert schema.field("home-001").metadata == {b"unit": b"Wh"}
    assert str(schema.field("start").type) == "timestamp[us, tz=UTC]"


def test_the_first_homes_are_the_street_s_first(street):
    some = default_community(homes=40)
    assert some.community.members == street.community.members[:40]
    np.testing.assert_array_equal(some.series.pv_wh, street.series.pv_wh[:, :40])
    assert some.visits.member.max() < 40
    assert Network.parse(some.network_json, [FIRST_MEMBER + index for index in range(40)]).members == 40
    assert some.notices == street.notices


def test_few_homes_are_pool_only(street):
    few = default_community(homes=19)
    assert few.community.sessions == (Session.POOL,)
    assert few.community.mechanism is Mechanism.MID_MARKET_RATE
    assert any("fewer than 20" in notice for notice in few.notices)
    assert not any("fewer than 20" in notice for notice in street.notices)


@pytest.mark.parametrize("homes", [0, -1, 100])
def test_homes_that_are_not_there(homes):
    with pytest.raises(InputError, match="choose 1 to 99"):
        default_community(homes=homes)
