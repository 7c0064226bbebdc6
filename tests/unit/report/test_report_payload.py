import json
import re
import shutil
from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest

from sunfair.chain import read_chain
from sunfair.errors import RunFilesError
from sunfair.report import write_report
from sunfair.report.run import open_run
from sunfair.settlement import LINES


@pytest.fixture(scope="module")
def small(streets, small_run):
    return streets.payload_of(small_run / "report.html")[0]


def test_a_name_like_a_script_stays_a_name(streets, small_run, small):
    text = (small_run / "report.html").read_text(encoding="utf-8")
    assert streets.HOSTILE not in text
    assert small["homes"][0]["id"] == streets.HOSTILE
    assert len(re.findall(r"<script", text)) == 2


def test_the_page_names_no_place_to_fetch_from(small_run):
    text = (small_run / "report.html").read_text(encoding="utf-8")
    assert set(re.findall(r"\w+://[^\s\"'`<]*", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"""\b(src|href|srcset|action)\s*=\s*["']""", text.split("<script>")[0])
    assert "default-src 'none'" in text
    assert "unsafe-inline" not in text


def test_the_same_folder_gives_the_same_bytes(small_run):
    before = (small_run / "report.html").read_bytes()
    assert write_report(small_run) == small_run / "report.html"
    assert (small_run / "report.html").read_bytes() == before
    assert not (small_run / "report.html.new").exists()


def test_bills_are_those_of_the_files(small_run, small):
    bills = pq.read_table(small_run / "bills.parquet").to_pylist()
    for home in small["homes"]:
        mine = {LINES[line].value: [wh, micro] for line, wh, micro in home["day_lines"]}
        assert mine == {b["line"]: [b["energy_wh"], b["amount"]] for b in bills if b["account"] == home["account"]}
        assert -home["bill_market"] == sum(micro for _, _, micro in home["lines"])
    assert sum(small["institutions"]) == sum(home["bill_market"] for home in small["homes"])


def test_flows_add_up_to_what_the_feeder_saw(small_run, small):
    slots = pq.read_table(small_run / "slots.parquet")
    series = {
        name: np.broadcast_to(small["series"][name], small["series"]["count"]) for name in small["series"]["flows"]
    }
    net = series["grid_home"] + series["grid_battery"] - series["roof_grid"] - series["battery_grid"]
    feeder = np.asarray(slots["import_wh"]) - np.asarray(slots["export_wh"]) - np.asarray(slots["losses_wh"])
    assert np.array_equal(net, feeder)


def test_the_chain_stands_in_the_page_as_it_is(small_run, small):
    record = read_chain(small_run / "chain")
    facts = small["day"]["chain"]
    assert facts["anchor"] == record.anchors[0].root.hex()
    assert facts["period_root"] == record.settlements[0].period_root.hex()
    assert facts["amounts"] == list(record.settlements[0].amounts)
    assert facts["applied"]


def test_the_map_holds_the_voltages_of_the_run(small_run, small):
    slots = pq.read_table(small_run / "slots.parquet")
    high = np.array(small["map"]["high"]).max(axis=0) / 10_000
    low = np.array(small["map"]["low"]).min(axis=0) / 10_000
    assert np.allclose(high, np.asarray(slots["max_voltage_pu"]), atol=6e-5)
    assert np.allclose(low, np.asarray(slots["min_voltage_pu"]), atol=6e-5)
    places = list(zip(small["map"]["depth"], small["map"]["row"], strict=True))
    assert len(set(places)) == len(places)


@pytest.fixture(scope="module")
def long_run(streets, tmp_path_factory):
    """Nine days from the Friday before the clocks go forward, no cables, hourly."""
    scenario = streets.street(4, days=9, day=date(2016, 3, 25), grid=False, minutes=60)
    return streets.run(tmp_path_factory.mktemp("long") / "run", scenario, days=9, day=date(2016, 3, 25))


def test_longer_than_a_week_is_plotted_by_day_with_the_rows_of_the_last(streets, long_run):
    data, text = streets.payload_of(long_run / "report.html")
    assert data["series"]["by"] == "day"
    assert data["series"]["count"] == 9
    assert data["day"]["date"] == "2016-04-02"
    assert data["day"]["count"] == 24
    assert data["day"]["chain"]["period"] == 8
    assert data["map"] is None
    readings = pq.read_table(long_run / "readings.parquet").to_pylist()
    last = [r for r in readings if r["slot"] == data["day"]["first"] - 1]
    assert data["day"]["rows"]["meter_before"] == [[r["import_wh"], r["export_wh"], 0, 0, 0] for r in last]
    assert len(text) < 60_000


def test_the_site_clock_follows_summer_time(streets, long_run):
    data, _ = streets.payload_of(long_run / "report.html")
    first = data["series"]["first"]
    # 2016-03-27 02:00 CET is 03:00 CEST: 50 hours after Friday's midnight.
    assert data["offsets"] == [[first, 60], [first + 50, 120]]


def test_an_interrupted_run_has_a_report_of_what_is_there(streets, tmp_path):
    folder = streets.run(tmp_path / "run", streets.street(4, days=2), days=2, stop_after=120)
    assert folder.name == "run.partial"
    data, _ = streets.payload_of(folder / "report.html")
    assert data["partial"]
    assert len(data["series"]["days"]) == 2
    assert data["planned_days"] == 2
    # The first day was anchored; whether it is settled yet is the chain's to say, and the page's rows follow that.
    settled = read_chain(folder / "chain").settlements
    assert data["day"]["date"] == ("2016-06-15" if settled else "2016-06-16")
    (folder / "summary.json").unlink()
    again, _ = streets.payload_of(write_report(folder))
    assert again["partial"]
    assert again["homes"][0]["bill_alone"] is None


def test_a_run_without_a_slot_has_a_report(streets, tmp_path):
    folder = streets.run(tmp_path / "run", streets.street(3), stop_after=0)
    data, _ = streets.payload_of(folder / "report.html")
    assert data["day"] is None
    assert data["series"]["count"] == 0


def test_an_unreadable_chain_is_said_not_hidden(streets, small_run, tmp_path):
    folder = shutil.copytree(small_run, tmp_path / "run")
    shutil.rmtree(folder / "chain")
    data, _ = streets.payload_of(write_report(folder))
    assert data["day"]["chain"] is None
    assert data["day"]["chain_error"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "slots.parquet").unlink(), "slots.parquet: is absent"),
        (lambda folder: (folder / "rows.parquet").write_bytes(b"PAR1 no"), "rows.parquet: cannot be read as Parquet"),
        (lambda folder: (folder / "community.toml").unlink(), "community.toml: is absent"),
        (lambda folder: _drop_row(folder / "rows.parquet"), "96 slots of 9 accounts make 864"),
        (lambda folder: _drop_column(folder / "plans.parquet", "soc_wh"), "plans.parquet: lacks soc_wh"),
    ],
)
def test_a_folder_that_is_no_run_is_refused(small_run, tmp_path, spoil, says):
    folder = shutil.copytree(small_run, tmp_path / "run")
    (folder / "report.html").unlink()
    spoil(folder)
    with pytest.raises(RunFilesError, match=re.escape(says)):
        write_report(folder)
    assert not (folder / "report.html").exists()


def _drop_row(path):
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)


def _drop_column(path, name):
    pq.write_table(pq.read_table(path).drop_columns([name]), path)


def test_notices_reach_the_page_word_for_word(small_run, small):
    assert small["notices"] == json.loads((small_run / "summary.json").read_text(encoding="utf-8"))["notices"]


def test_days_are_the_runs_civil_days(long_run):
    days = open_run(long_run).days
    assert [span.length for _, span in days] == [24, 24, 23, 24, 24, 24, 24, 24, 24]
