"""Owners' rules, heat, appliances, credit and markets that cannot be: where they stand, and all of them at once."""

import numpy as np
import pytest

from sunfair.model import Gift, HeatPump, MarketKind, Override, Prepaid, Span

ONE = "community.toml [[member]] 1"
TWO = "community.toml [[member]] 2"
AFTER_ONE = "battery_kw = 5\n"
AFTER_TWO = 'ev = "ev.parquet"\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (AFTER_ONE, "[member.owner]\nneighbour_share = 80\n", f"{ONE} [member.owner] 'neighbour_share': is 80; it must lie from 0 to 1 (write a fraction: 0.8, not 80)"),
        (AFTER_ONE, "[member.owner]\nflor_price = 1\n", f"{ONE} [member.owner] 'flor_price': is not a known key (did you mean 'floor_price'?)"),
        (AFTER_ONE, '[member.owner]\nprefer = ["four"]\n', f"{ONE} [member.owner] 'prefer': names \"four\", which is no member (known are one, two, three)"),
        (AFTER_ONE, '[member.owner]\nprefer = ["one"]\n', f"{ONE} [member.owner] 'prefer': names \"one\", the member itself (name another member)"),
        (AFTER_ONE, '[[member.gift]]\nto = "two"\ndaily_kwh = 1\n[[member.gift]]\nto = "two"\ndaily_kwh = 2\n', f"{ONE} [[member.gift]] 2 'to': names \"two\" twice (name each member once)"),
        (AFTER_ONE, '[[member.gift]]\nto = "two"\n', f"{ONE} [[member.gift]] 1 'daily_kwh': is missing: surplus given in a civil day at most (add it)"),
        (AFTER_ONE, '[member.owner]\nready_by = "07:00"\n', f"{ONE} [member.owner] 'ready_by': is given, but there is no car charger (give ev_kw, or take it out)"),
        (AFTER_TWO, f"{AFTER_TWO}[member.owner]\nready_kwh = 5\n", f"{TWO} [member.owner] 'ready_by': is missing, but there is a ready_kwh (say when: ready_by = \"07:00\")"),
        (AFTER_TWO, f'{AFTER_TWO}[member.owner]\nready_by = "7 am"\n', f"{TWO} [member.owner] 'ready_by': is the text \"7 am\"; it must be a time of day to the minute (e.g. \"07:00\")"),
        (AFTER_ONE, "[[member.vacation]]\nfrom = 2016-07-01T00:00:00\nuntil = 2016-07-08T00:00:00Z\n", f"{ONE} [[member.vacation]] 1 'from': is the date 2016-07-01 00:00:00; it must be a date and time with an offset (e.g. 2016-06-15T18:00:00+02:00)"),
        (AFTER_ONE, "[[member.override]]\nfrom = 2016-07-01T00:05:00Z\nuntil = 2016-07-01T00:29:00Z\n", f"{ONE} [[member.override]] 1: holds no whole slot: 2016-07-01T00:05Z to 2016-07-01T00:29Z (it ends after it begins)"),
        (AFTER_ONE, "[[member.override]]\nfrom = 2016-07-01T01:00:00Z\nuntil = 2016-07-01T03:00:00Z\n[[member.override]]\nfrom = 2016-07-01T00:00:00Z\nuntil = 2016-07-01T02:00:00Z\n", f"{ONE} [[member.override]] 1: overlaps {ONE} [[member.override]] 2 (let one end before the other begins)"),
        (AFTER_TWO, f"{AFTER_TWO}[[member.override]]\nfrom = 2016-07-01T00:00:00Z\nuntil = 2016-07-01T02:00:00Z\n", f"{TWO} [[member.override]] 1: orders a state of charge, but there is no battery (give battery_kwh, or take the order out)"),
        (AFTER_ONE, '[[member.appliance]]\nname = "a"\nprofile_wh = [0, 0]\n', f"{ONE} [[member.appliance]] 1 'profile_wh': uses nothing (give what it uses in each slot)"),
        (AFTER_ONE, '[[member.appliance]]\nname = "a"\nprofile_wh = 500\n', f"{ONE} [[member.appliance]] 1 'profile_wh': is the number 500; it must be a list of 1 to 288 whole numbers from 0 to 1000000 Wh (e.g. [500, 200, 200])"),
        (AFTER_ONE, f'[[member.appliance]]\nname = "a"\nprofile_wh = {[1] * 97}\n', f"{ONE} [[member.appliance]] 1 'profile_wh': has 97 slots, more than a day's 96 (it runs once a day)"),
        (AFTER_ONE, f"{AFTER_ONE}heat_kw = 3\n", None),
        (AFTER_ONE, f"{AFTER_ONE}heat_low = 18\n", f"{ONE} 'heat_kw': is missing or 0, but there is heat_low (give the heat pump's kW)"),
        (AFTER_ONE, f'{AFTER_ONE}heat_kw = 3\nheat = "load.parquet:three"\nheat_capacity = 5\nheat_low = 22\n', f"{ONE} 'heat_high': is 22 °C, not above heat_low (22 °C) (leave a band to store warmth in)"),
        (AFTER_ONE, "[member.prepaid]\ntop_up = 20\nper_day = 10\nin_total = 100\n", f"{ONE} [member.prepaid] 'per_day': is less than top_up: none could ever be made (give at least top_up)"),
        (AFTER_ONE, f'{AFTER_ONE}markets = ["spot"]\n', f"{ONE} 'markets': names \"spot\", which is no market (write a [[market]] of that name)"),
        ("[[member]]", '[[market]]\nname = "spot"\nkind = "real_time"\nfile = "spot.csv"\nblock_minutes = 20\n[[member]]', "community.toml [[market]] 1 'block_minutes': is 20; a block has whole slots of 15 min (use a multiple of 15)"),
        ("[[member]]", '[[market]]\nname = "spot"\nkind = "spot"\nfile = "spot.csv"\n[[member]]', "community.toml [[market]] 1 'kind': is the text \"spot\"; there is no such kind (use one of \"day_ahead\", \"real_time\")"),
        ("[[member]]", '[[market]]\nname = "spot"\nkind = "real_time"\nfile = "spot.csv"\n[[member]]', "spot.csv: is not there, but community.toml [[market]] 1 'file' names it (put it beside the community file, or correct its name)"),
    ],
)  # fmt: skip
def test_a_fault_says_where_and_what(street, old, new, said):
    street.swap(old, new if new.startswith(old) or old == "[[member]]" else old + new)
    if said is None:
        assert [fault.place for fault in street.faults()] == [f"{ONE} 'heat'", f"{ONE} 'heat_capacity'"]
    else:
        assert street.fault() == said


MARKET = '[[market]]\nname = "spot"\nkind = "{kind}"\nfile = "spot.csv"\n[[member]]'


@pytest.mark.parametrize(
    ("kind", "csv", "said"),
    [
        ("real_time", "start,price\n2016-06-15T00:00,0.1\n", ["spot.csv line 2: 'start' \"2016-06-15T00:00\" has no UTC offset; e.g. 2016-06-15T00:15+02:00"]),
        ("real_time", "start,price\n2016-06-15T00:05Z,0.1\n", ["spot.csv line 2: 'start' 2016-06-15T00:05Z is not the beginning of a slot of 15 min"]),
        ("real_time", "start,price\n2016-06-15T00:00Z,31.2 ct\n", ["spot.csv line 2: 'price' \"31.2 ct\" is no price in currency per kWh, at most 1000"]),
        ("real_time", "start,price\n2016-06-15T00:00Z,0.1\n2016-06-15T00:45Z,0.1\n", ["spot.csv: has a block at 2016-06-15T00:45:00Z that begins within the one before (one price per block)"]),
        ("real_time", "start,price\n2016-06-15T00:00Z,0.1\n2016-06-15T00:00Z,0.2\n", ["spot.csv: has two prices for the block at 2016-06-15T00:00:00Z, known at the same time (keep one)"]),
        ("day_ahead", "start,price,known\n2016-06-15T00:00Z,0.1,2016-06-15T00:00Z\n", ["spot.csv line 2: 'known' 2016-06-15T00:00Z is not before the block: such a price cannot be bought day ahead"]),
        ("day_ahead", "start,cost\n2016-06-15T00:00Z,0.1\n", ["spot.csv line 1 'cost': is no column of prices (known are start, price, known)", "spot.csv line 1: has no column 'price' (add it)"]),
    ],
)  # fmt: skip
def test_a_table_of_prices_says_every_fault(street, kind, csv, said):
    street.raw["spot.csv"] = csv.encode()
    street.swap("[[member]]", MARKET.format(kind=kind))
    assert [str(fault) for fault in street.faults()] == said


def test_all_faults_of_a_home_at_once(street):
    street.swap(
        AFTER_ONE,
        AFTER_ONE
        + 'heat_low = 18\n[member.owner]\nprefer = ["nobody"]\nready_by = "07:00"\n[member.prepaid]\nper_day = 1\n',
    )
    assert len(street.faults()) == 5  # heat, prefer, ready_by, and two of the caps


def test_an_owner_is_read_as_written(street):
    street.swap(
        AFTER_ONE,
        AFTER_ONE
        + 'heat_kw = 3\nheat = "load.parquet:three"\nheat_capacity = 5\nheat_cop = 3.5\nmarkets = ["spot"]\n'
        + '[member.owner]\nneighbour_share = 0.8\nfloor_price = 0.12\n[[member.gift]]\nto = "two"\ndaily_kwh = 1.5\n'
        + "[[member.override]]\nfrom = 2016-06-15T18:01:00+02:00\nuntil = 2016-06-16T07:14:00+02:00\nsoc = 0.9\n"
        + "[member.prepaid]\ntop_up = 20\nper_day = 40\nin_total = 1000\n",
    )
    street.swap("[[member]]", MARKET.format(kind="day_ahead"))
    street.raw["spot.csv"] = b"start,price\n2016-03-27T12:00+02:00,-0.0312345\n"
    scenario = street.load()
    member = scenario.community.members[0]
    assert member.owner.neighbour_permille == 800
    assert member.owner.floor_price == 120_000
    assert member.owner.gifts == (Gift("two", 1_500),)
    evening = 1_466_006_400 // 900  # 2016-06-15T16:00Z
    assert member.owner.overrides == (Override(Span(evening + 1, evening + 13 * 4), 900),)
    assert member.heat == HeatPump(3_000, 5_000, performance_permille=3_500)
    assert member.heat.band_wh == 10_000
    assert member.prepaid == Prepaid(10_000_000, 20_000_000, 40_000_000, 1_000_000_000)
    assert scenario.community.markets[0].kind is MarketKind.DAY_AHEAD
    quotes = scenario.quotes[0]
    assert quotes.price.tolist() == [-31_234]  # half to even
    # 13:00 of the day before on the site's clock; the clocks went forward in between
    assert quotes.known_s.tolist() == [1_458_993_600]
    assert np.array_equal(scenario.series.heat_wh[:, 0], scenario.series.load_wh[:, 2])
