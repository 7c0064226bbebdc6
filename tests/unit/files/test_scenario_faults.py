"""Bad community files: the place, the wording and the mending of every fault, and all of them at once."""

import pytest

from sunfair.errors import ScenarioError
from sunfair.files import load_community, load_scenario

M = "community.toml [[member]]"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        # unknown keys
        ("slot_minutes", "slot_minuts", "community.toml [community] 'slot_minuts': is not a known key (did you mean 'slot_minutes'?)"),
        ("battery_kwh = 10\n", "battery_kwh = 10\nbatery_kw = 1\n", f"{M} 1 'batery_kw': is not a known key (did you mean 'battery_kw'?)"),
        ("seller_bps", "sellr_bps", "community.toml [tariff.fees] 'sellr_bps': is not a known key (did you mean 'seller_bps'?)"),
        ("[grid]\n", "[grid]\nfiles = 1\n", "community.toml [grid] 'files': is not a known key (did you mean 'file'?)"),
        ("retail = 0.32\n", "retail = 0.32\nxyz = 1\n", "community.toml [tariff] 'xyz': is not a known key (known are retail, feed_in)"),
        # wrong types and units
        ('name = "Street"', "name = 5", "community.toml [community] 'name': is the number 5; it must be text (put it in quotes)"),
        ("pv_kwp = 5", 'pv_kwp = "5 kW"', f"{M} 1 'pv_kwp': is the text \"5 kW\"; it must be a number in kWp (write kWp, not Wp)"),
        ("pv_kwp = 5", "pv_kwp = 5000", f"{M} 1 'pv_kwp': is 5000; it must lie from 0 to 2500 kWp (write kWp, not Wp)"),
        ("battery_kwh = 10", "battery_kwh = 10000", f"{M} 1 'battery_kwh': is 10000; it must lie from 0 to 2500 kWh (write kWh, not Wh)"),
        ("battery_kw = 5", "battery_kw = 5000", f"{M} 1 'battery_kw': is 5000; it must lie from 0 to 2500 kW (write kW, not W)"),
        ("ev_kw = 11", "ev_kw = 11000", f"{M} 2 'ev_kw': is 11000; it must lie from 0 to 1000 kW (write kW, not W)"),
        ("pv_kwp = 5", "pv_kwp = -5", f"{M} 1 'pv_kwp': is -5; it must lie from 0 to 2500 kWp (write kWp, not Wp)"),
        ("pv_kwp = 5", "pv_kwp = 5.0001", f"{M} 1 'pv_kwp': is 5.0001; it may have at most 3 decimals (write kWp, not Wp)"),
        ("battery_kw = 5", "battery_kw = 5\nbattery_charge_eff = 95", f"{M} 1 'battery_charge_eff': is 95; it must lie from 0.001 to 1 (write a fraction: 0.95, not 95)"),
        ("pv_kwp = 5", "pv_kwp = nan", f"{M} 1 'pv_kwp': is NaN; it must be a finite number in kWp (write kWp, not Wp)"),
        ("bus = 1", "bus = 1.0", f"{M} 1 'bus': is the number 1.0; it must be a whole number"),
        ("bus = 1", "bus = true", f"{M} 1 'bus': is true, a truth value; it must be a whole number"),
        ("retail = 0.32", 'retail = "0.32"', "community.toml [tariff] 'retail': is the text \"0.32\"; it must be a number in currency/kWh or a series (write 0.32 without quotes, or a series: \"prices.parquet:retail\")"),
        ('load = "load.parquet:one"', "load = 3", f"{M} 1 'load': is the number 3; it must name a Parquet file and its column (e.g. \"load.parquet:home-001\")"),
        ('load = "load.parquet:one"', 'load = "load.csv"', f"{M} 1 'load': is the text \"load.csv\"; it must name a Parquet file and its column (e.g. \"load.parquet:home-001\")"),
        ('load = "load.parquet:one"', 'load = "../load.parquet:one"', f"{M} 1 'load': is the text \"../load.parquet\"; it must lie in the community file's own folder (e.g. \"load.parquet\")"),
        ('id = "one"', 'id = ""', f"{M} 1 'id': is the text \"\"; it must be 1 to 80 printable characters without spaces around them"),
        # words
        ('phase = "a"', 'phase = "d"', f"{M} 1 'phase': is the text \"d\"; there is no such phase (use one of \"a\", \"b\", \"c\", \"abc\")"),
        ('strategy = "pool"', 'strategy = "clever"', f"{M} 3 'strategy': is the text \"clever\"; there is no such strategy (use one of \"smart\", \"rule\", \"pool\")"),
        ('"uniform"', '"magic"', "community.toml [community] 'mechanism': is the text \"magic\"; there is no such mechanism (use one of \"uniform\", \"mid_market_rate\", \"network\")"),
        ('"ahead", "pool"', '"ahead", "later"', "community.toml [community] 'sessions': holds the text \"later\"; there is no such session (use \"ahead\", \"pool\")"),
        ('["ahead", "pool"]', "[]", "community.toml [community] 'sessions': is a list; it must be a list of one or more of \"ahead\", \"pool\""),
        ('["ahead", "pool"]', '["pool", "pool"]', "community.toml [community] 'sessions': names one of them twice (name each once)"),
        # limits
        ("retail = 0.32", "retail = 1000.1", "community.toml [tariff] 'retail': is 1000.1; it must lie from -1000 to 1000 currency/kWh (write the price of a kWh in the currency itself: 0.32 is 32 ct)"),
        ("feed_in = 0.08", "feed_in = -1000.1", "community.toml [tariff] 'feed_in': is -1000.1; it must lie from -1000 to 1000 currency/kWh (write the price of a kWh in the currency itself: 0.32 is 32 ct)"),
        ("retail = 0.32", "retail = 0.3200001", "community.toml [tariff] 'retail': is 0.3200001; it may have at most 6 decimals (write the price of a kWh in the currency itself: 0.32 is 32 ct)"),
        ("feed_in = 0.08", "feed_in = 0.33", "community.toml [tariff] 'feed_in': is 0.33, above retail (0.32): who feeds in and buys back would gain from nothing (feed_in is at most retail)"),
        ("slot_minutes = 15", "slot_minutes = 20", "community.toml [community] 'slot_minutes': is 20; a slot has 5, 15, 30, 60 minutes (use one of them)"),
        ("slot_minutes = 15", "slot_minutes = 15\nk = [3, 2]", "community.toml [community] 'k': is 3/2; it must lie from 0 to 1 (e.g. k = [1, 2])"),
        ("slot_minutes = 15", "slot_minutes = 15\nk = [0, 0]", "community.toml [community] 'k': is 0/0; it must lie from 0 to 1 (e.g. k = [1, 2])"),
        ("Europe/Berlin", "Berlin", "community.toml [community] 'timezone': 'Berlin' is not an IANA time zone such as Europe/Berlin (e.g. timezone = \"Europe/Berlin\")"),
        ("slot_minutes = 15", 'slot_minutes = 15\ncurrency = "Euro"', "community.toml [community] 'currency': is \"Euro\"; it must be an ISO 4217 code (e.g. EUR)"),
        # fees
        ("network_bps = 800", "network_bps = 900", "community.toml [tariff.fees]: sum to 8000 + 1200 + 900 = 10100 bps; the shares of seller, utility and network sum to 10000 (take off 100 bps)"),
        ("network_bps = 800", "network_bps = 8", "community.toml [tariff.fees]: sum to 8000 + 1200 + 8 = 9208 bps; the shares of seller, utility and network sum to 10000 (add 792 bps)"),
        ("seller_bps = 8000\nutility_bps = 1200", "seller_bps = 5000\nutility_bps = 4200", "community.toml [tariff.fees] 'seller_bps': is 5000 bps; the seller gets more than half of a trade's money (give at least 5001)"),
        ("network_bps = 800", "network_bps = -800", "community.toml [tariff.fees] 'network_bps': is -800; it must lie from 0 to 10000 bps (1 % is 100 bps)"),
        # members among each other
        ('id = "three"', 'id = "one"', f"{M} 3 'id': is \"one\", which is already the id of member 1 (every member has an id of its own)"),
        ('meter = "M3"', 'meter = "M1"', f"{M} 3 'meter': is \"M1\", which is already the meter of member 1 (every member has a meter of its own)"),
        ('meter = "M2"\n', 'meter = "three"\n', None),
        # a member's own keys
        ("battery_kw = 5", "battery_kw = 0", f"{M} 1 'battery_kw': is 0, but there is a battery_kwh (give its power in kW)"),
        ("battery_kwh = 10\n", "", f"{M} 1 'battery_kwh': is missing, but there is a battery_kw (give its capacity in kWh)"),
        ("battery_kw = 5", "battery_kw = 5\nbattery_reserve_kwh = 11", f"{M} 1 'battery_reserve_kwh': keeps 11000 Wh back, more than the battery's 10000 Wh (at most battery_kwh)"),
        ('pv = "pv.parquet:south"\n', "", f"{M} 1 'pv': is missing, but there is a pv_kwp (name its series: \"pv.parquet:column\")"),
        ("pv_kwp = 5\n", "", f"{M} 1 'pv_kwp': is missing or 0, but there is a pv series (give the roof's kWp)"),
        ("ev_kw = 11\n", "", f"{M} 2 'ev_kw': is missing or 0, but there is an ev table (give the charger's kW)"),
        ('load = "load.parquet:two"\n', "", f"{M} 2 'load': is missing, and so is pv: nothing is measured here (name its series: \"load.parquet:column\")"),
        ('id = "two"\n', "", f"{M} 2 'id': is missing: its name, once in the file (add it)"),
        # the network
        ("bus = 1", "bus = 7", f"{M} 1 'bus': is 7, which is no node of network.json (it has 3 nodes: 0, 1, 2)"),
        ("bus = 1\n", "", f"{M} 1 'bus': is missing, but the community has a [grid] (give it, or leave [grid] out to run without a network)"),
        ('phase = "b"\n', "", f"{M} 2 'phase': is missing, but the community has a [grid] (give it, or leave [grid] out to run without a network)"),
        ('"network.json"', '"net.json"', "net.json: is not there (put it beside the community file, or correct [grid] file)"),
        ('file = "network.json"', "", "community.toml [grid] 'file': is missing: the network beside this file: JSON of power-grid-model or pandapower, or a folder of SimBench's CSV (add it)"),
        # files
        ('"load.parquet:one"', '"lod.parquet:one"', f"lod.parquet: is not there, but {M} 1 'load' names it (put it beside the community file, or correct its name)"),
        ('"load.parquet:one"', '"load.parquet:on"', f"load.parquet column 'on': is not in the file, but {M} 1 'load' names it (did you mean 'one'?)"),
        ('"ev.parquet"', '"cars.parquet"', f"cars.parquet: is not there, but {M} 2 'ev' names it (put it beside the community file, or correct its name)"),
    ],
)  # fmt: skip
def test_one_fault_is_said_with_place_reason_and_mending(street, old, new, said):
    street.swap(old, new)
    if said is None:  # the meter of another member is only taken if it has it
        street.load()
    else:
        assert street.fault() == said


def test_all_faults_are_reported_at_once(street):
    street.swap('name = "Street"', 'nam = "Street"').swap("network_bps = 800", "network_bps = 900")
    street.swap("bus = 1", "bus = 7").swap('phase = "b"', 'phase = "x"').swap('meter = "M3"', 'meter = "M1"')
    street.swap('"pv.parquet:south"', '"pv.parquet:north"').swap("battery_kw = 5", 'battery_kw = "5"')
    street.tables["load.parquet"]["two"] = [-1, *[7] * 95]
    places = {fault.place for fault in street.faults()}
    assert places == {
        "community.toml [community] 'nam'",
        "community.toml [community] 'name'",
        "community.toml [tariff.fees]",
        f"{M} 1 'bus'",
        f"{M} 1 'battery_kw'",
        f"{M} 2 'phase'",
        f"{M} 3 'meter'",
        "pv.parquet column 'north'",
        "load.parquet column 'two'",
    }


def test_the_headline_says_how_many_and_that_nothing_was_run(street):
    street.swap('name = "Street"', 'nam = "Street"')
    path = street.write()
    with pytest.raises(ScenarioError, match=r"has 2 faults; nothing was run\.\n  - community\.toml"):
        load_scenario(path)


def test_a_missing_table_names_its_required_keys(street):
    street.swap("[tariff]\nretail = 0.32\nfeed_in = 0.08\n", "")
    assert [fault.place for fault in street.faults()] == [
        "community.toml [tariff] 'retail'",
        "community.toml [tariff] 'feed_in'",
    ]


def test_a_misspelt_table_is_near_a_known_one(street):
    street.swap("[community]", "[comunity]")
    said = [str(fault) for fault in street.faults()]
    assert said[0] == "community.toml 'comunity': is not a known table (did you mean 'community'?)"
    assert said[1].startswith("community.toml [community] 'name': is missing")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("a = = 1", "community.toml: is not TOML: Invalid value (at line 1, column 5) (see docs/scenario.md for an example)"),
        ('[community]\nname = "S"\n[tariff]\nretail = 1\nfeed_in = 0\n', "community.toml [[member]]: is missing: a community has at least one member (add one)"),
        ('[community]\nname = "S"\n[tariff]\nretail = 1\nfeed_in = 0\n[member]\nid = "a"', "community.toml [[member]]: must be a list of tables (write [[member]] above each member)"),
        ('community = 3\n[tariff]\nretail = 1\nfeed_in = 0\n', None),
    ],
)  # fmt: skip
def test_files_that_are_no_community(street, toml, said):
    street.toml = toml
    faults = [str(fault) for fault in street.faults()]
    if said is None:
        assert "community.toml [community]: must be a table (write its name in single brackets: [community])" in faults
    else:
        assert said in faults
        assert len(faults) == 1


def test_a_community_file_that_is_not_there(tmp_path):
    with pytest.raises(ScenarioError, match="is not there"):
        load_scenario(tmp_path / "x.toml")


def test_text_that_is_not_utf8(street):
    street.raw["community.toml"] = '[community]\nname = "Straße"'.encode("latin-1")
    assert street.fault() == "community.toml: is not UTF-8 text (byte 24) (save it as UTF-8)"


def test_load_community_reports_the_text_s_faults(street):
    path = street.swap("network_bps = 800", "network_bps = 900").swap('id = "two"', 'id = "one"').write()
    with pytest.raises(ScenarioError) as caught:
        load_community(path)
    assert [fault.place for fault in caught.value.faults] == ["community.toml [tariff.fees]", f"{M} 2 'id'"]


def test_network_faults_are_said_with_the_file_s_name(street):
    street.network["data"]["line"][0].pop("i_n")
    street.network["data"]["line"][1]["to_node"] = 77
    places = [fault.place for fault in street.faults()]
    assert "network.json line 10" in places
    assert "network.json line 11" in places


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"data": {"node": []}}', b"\xff"])
def test_a_network_that_is_none(street, text):
    street.raw["network.json"] = text
    assert street.fault().startswith("network.json: ")
