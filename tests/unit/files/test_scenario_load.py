"""What a good community file becomes."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from sunfair.files import load_community, load_scenario
from sunfair.model import Battery, Car, Fees, Mechanism, Phase, Session, Strategy, Visits


def _grown(street, count: int):
    """The same street with `count` members."""
    for number in range(4, count + 1):
        street.toml += f'\n[[member]]\nid = "m{number}"\nbus = 1\nphase = "c"\nload = "load.parquet:two"\n'
    return street


def test_members_are_read_in_file_order_and_in_whole_numbers(street):
    one, two, three = street.load().community.members
    assert (one.id, one.meter, one.bus, one.phase) == ("one", "M1", 1, Phase.A)
    assert one.pv_wp == 5000
    assert one.battery == Battery(10_000, 5_000, 950, 950, 0)
    assert two.car == Car(11_000)
    assert two.battery is None
    assert (three.phase, three.strategy) == (Phase.ABC, Strategy.POOL)


def test_series_are_laid_out_slot_by_member(street):
    series = street.load().series
    assert series.first_slot == int(datetime(2016, 6, 14, 22, tzinfo=UTC).timestamp()) // 900
    assert series.load_wh.dtype == np.int64
    assert series.load_wh.shape == series.pv_wh.shape == (96, 3)
    assert series.load_wh[:, 0].tolist() == list(range(100, 196))
    assert series.pv_wh[:, 0].tolist() == list(range(0, 960, 10))
    assert not series.pv_wh[:, 1:].any()
    assert set(series.retail.tolist()) == {320_000}
    assert set(series.feed_in.tolist()) == {80_000}


def test_prices_are_decimals_and_never_floats(street):
    street.swap("retail = 0.32", "retail = 0.290001")
    assert street.load().series.retail[0] == int(Decimal("0.290001") * 1_000_000)


def test_prices_may_be_series_and_a_whole_number_is_a_price(street):
    street.tables["prices.parquet"] = {"start": street.tables["load.parquet"]["start"], "retail": list(range(96))}
    street.swap("retail = 0.32", 'retail = "prices.parquet:retail"').swap("feed_in = 0.08", "feed_in = -1")
    series = street.load().series
    assert series.retail.tolist() == list(range(96))
    assert series.feed_in[0] == -1_000_000


def test_what_is_left_out_has_its_documented_default(street):
    street.toml = '[community]\nname = "S"\n[tariff]\nretail = 1\nfeed_in = 0\n'
    street.toml += '[[member]]\nid = "one"\nload = "load.parquet:one"\nbattery_kwh = 9\n'
    scenario = street.load()
    community, member = scenario.community, scenario.community.members[0]
    assert (community.clock.minutes, community.clock.timezone, community.gate_minutes) == (15, "UTC", 5)
    assert (community.fees, community.k, community.currency) == (Fees(8000, 1200, 800), (1, 2), "EUR")
    assert member.meter == "one"
    assert member.battery == Battery(9_000, 4_500)
    assert (member.strategy, member.pv_wp, member.car) == (Strategy.SMART, 0, None)
    assert scenario.network_json is None


def test_visits_are_rounded_inward_to_whole_slots(street):
    start = datetime(2016, 6, 14, 22, 0, tzinfo=UTC)
    street.tables["ev.parquet"]["arrive"] = [start + timedelta(minutes=61)]
    street.tables["ev.parquet"]["depart"] = [start + timedelta(minutes=134)]
    visits = street.load().visits
    first = int(start.timestamp()) // 900
    assert (visits.member.tolist(), visits.need_wh.tolist()) == ([1], [9000])
    assert (visits.arrive[0], visits.depart[0]) == (first + 5, first + 8)


def test_the_network_gets_exactly_the_members_as_loads(street):
    street.network["data"]["asym_load"] = [{"id": 999, "node": 0, "status": 1, "type": 0}]
    data = json.loads(street.load().network_json)["data"]
    assert [(load["id"], load["node"]) for load in data["asym_load"]] == [(1000003, 1), (1000004, 2), (1000005, 2)]


def test_a_network_in_compact_form_is_read(street):
    nodes = street.network["data"]["node"]
    street.network["attributes"] = {"node": ["id", "u_rated"]}
    street.network["data"]["node"] = [[node["id"], node["u_rated"]] for node in nodes]
    assert len(json.loads(street.load().network_json)["data"]["asym_load"]) == 3


def test_a_small_community_is_pool_only_at_the_mid_market_rate_and_says_so(street):
    scenario = street.load()
    assert scenario.community.sessions == (Session.POOL,)
    assert scenario.community.mechanism is Mechanism.MID_MARKET_RATE
    assert len(scenario.notices) == 1
    assert "fewer than 20 members (3)" in scenario.notices[0]


def test_twenty_members_have_the_sessions_they_chose(street):
    scenario = _grown(street, 20).load()
    assert scenario.community.sessions == (Session.AHEAD, Session.POOL)
    assert scenario.community.mechanism is Mechanism.UNIFORM
    assert scenario.notices == ()


def test_nineteen_members_have_not(street):
    assert _grown(street, 19).load().community.sessions == (Session.POOL,)


def test_the_mid_market_rate_is_pool_only_in_a_large_community_too(street):
    scenario = _grown(street, 20).swap('mechanism = "uniform"', 'mechanism = "mid_market_rate"').load()
    assert scenario.community.sessions == (Session.POOL,)
    assert "mid-market" in scenario.notices[0]


def test_buses_without_a_grid_are_told_of(street):
    street.swap('[grid]\nfile = "network.json"\n', "")
    scenario = street.load()
    assert scenario.network_json is None
    assert any("no network" in notice for notice in scenario.notices)


def test_the_files_own_notices_come_first(street):
    scenario = street.swap("slot_minutes = 15", 'slot_minutes = 15\nnotices = ["Data: ours."]').load()
    assert scenario.notices[0] == "Data: ours."


def test_a_folder_stands_for_its_community_file(street):
    street.write()
    assert load_scenario(street.folder).community.name == "Street"


def test_load_community_needs_no_series(street):
    path = street.write()
    for name in ("load.parquet", "pv.parquet", "network.json", "ev.parquet"):
        (street.folder / name).unlink()
    assert [member.id for member in load_community(path).members] == ["one", "two", "three"]


def test_whole_numbers_in_a_float_column_are_whole_numbers(street):
    street.tables["load.parquet"]["one"] = [float(i) for i in range(96)]
    assert street.load().series.load_wh[:, 0].tolist() == list(range(96))


@pytest.mark.parametrize(("minutes", "expected"), [(5, 5), (30, 30), (60, 60)])
def test_every_slot_length_is_read(street, minutes, expected):
    start = datetime(2016, 6, 14, 22, 0, tzinfo=UTC)
    for name in ("load.parquet", "pv.parquet"):
        street.tables[name]["start"] = [start + timedelta(minutes=minutes * i) for i in range(96)]
    street.tables["pv.parquet"]["south"] = [0] * 96
    street.swap("slot_minutes = 15", f"slot_minutes = {minutes}")
    scenario = street.load()
    assert scenario.community.clock.minutes == expected
    assert scenario.series.first_slot == int(start.timestamp()) // (minutes * 60)


def test_a_byte_order_mark_is_no_fault(street):
    street.write()
    path = street.folder / "community.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_scenario(path).community.name == "Street"


def test_a_community_without_cars_has_no_visits(street):
    street.swap('ev_kw = 11\nev = "ev.parquet"', "")
    assert len(street.load().visits.member) == len(Visits.none().member) == 0
