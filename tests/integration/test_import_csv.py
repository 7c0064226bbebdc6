"""A user's own meters: folders of CSV files of every kind, good and bad, through to a community that runs."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sunfair.errors import ImportFault, InputError
from sunfair.files import import_csv, load_scenario
from sunfair.model import Mechanism, Session

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2023, 6, 1, tzinfo=BERLIN)
IDS = ("anna", "bert", "cleo")


def starts(count: int, minutes: int, start: datetime = START) -> list[str]:
    """ISO 8601 on Berlin's clock: the offsets change where daylight saving does."""
    first = start.astimezone(UTC)
    return [(first + timedelta(minutes=minutes * i)).astimezone(BERLIN).isoformat() for i in range(count)]


def write(folder: Path, name: str, header: list[str], rows: list[list[object]]) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def members(folder: Path, header: str = "id", *rows: str) -> None:
    write(folder, "members.csv", header.split(","), [row.split(",") for row in (rows or IDS)])


def readings(folder: Path, name: str, count: int, minutes: int, value, ids=IDS, start=START) -> None:
    times = starts(count, minutes, start)
    write(folder, name, ["start", *ids], [[times[i], *(value(i, j) for j in range(len(ids)))] for i in range(count)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three homes, one day of quarter-hours in Wh, one roof."""
    folder = tmp_path / "meters"
    members(folder, "id,pv_kwp,battery_kwh,battery_kw,meter", "anna,5,10,5,A1", "bert,,,,B1", "cleo,,,,C1")
    readings(folder, "load.csv", 96, 15, lambda i, j: 100 + i + j)
    readings(folder, "pv.csv", 96, 15, lambda i, j: 10 * i, ids=("anna",))
    return folder


def faults(source: Path, **options) -> list[str]:
    """Every fault of an import; finding them must leave nothing behind."""
    out = source.parent / "out"
    before = sorted(source.parent.rglob("*"))
    with pytest.raises(ImportFault) as caught:
        import_csv(source, out=out, **options)
    assert sorted(source.parent.rglob("*")) == before
    assert "nothing was written" in str(caught.value)
    return [str(fault) for fault in caught.value.faults]


def swap(source: Path, name: str, old: str, new: str) -> None:
    path = source / name
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


# What a good folder becomes


def test_a_folder_becomes_a_community_that_loads(source, tmp_path):
    report = import_csv(source, out=tmp_path / "out", timezone="Europe/Berlin", name="Lane")
    scenario = load_scenario(report.folder)
    assert (report.members, report.slots, report.start, report.end) == (3, 96, START, START + timedelta(days=1))
    assert sorted(path.name for path in report.folder.iterdir()) == ["community.toml", "load.parquet", "pv.parquet"]
    assert [member.id for member in scenario.community.members] == list(IDS)
    assert [member.meter for member in scenario.community.members] == ["A1", "B1", "C1"]
    assert scenario.community.name == "Lane"
    assert scenario.community.members[0].battery.power_w == 5_000
    assert scenario.community.members[0].pv_wp == 5_000
    assert scenario.series.load_wh.tolist() == [[100 + i, 101 + i, 102 + i] for i in range(96)]
    assert scenario.series.pv_wh[:, 0].tolist() == [10 * i for i in range(96)]
    assert not scenario.series.pv_wh[:, 1:].any()
    assert set(scenario.notices) < set(report.notices)  # an assumption is told once, not written into the files


def test_what_was_assumed_is_told(source, tmp_path):
    report = import_csv(source, out=tmp_path / "out")
    told = " ".join(report.notices)
    for word in ("fewer than 20 members (3)", "0.32", "days in UTC"):
        assert word in told
    assert load_scenario(report.folder).series.retail.tolist() == [320_000] * 96


def test_twenty_meters_trade_in_both_sessions(tmp_path):
    ids = [f"home-{number}" for number in range(20)]
    members(tmp_path / "m", "id", *ids)
    readings(tmp_path / "m", "load.csv", 24, 60, lambda i, j: 200, ids=ids)
    community = load_scenario(import_csv(tmp_path / "m", out=tmp_path / "out").folder).community
    assert community.sessions == (Session.AHEAD, Session.POOL)
    assert community.mechanism is Mechanism.UNIFORM


def test_an_import_is_the_same_bytes_each_time(source, tmp_path):
    one, two = (import_csv(source, out=tmp_path / name).folder for name in ("one", "two"))
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in two.iterdir()}


@pytest.mark.parametrize("minutes", [5, 15, 30, 60])
@pytest.mark.parametrize(("unit", "factor"), [("Wh", 1.0), ("kWh", 0.001), ("W", 60.0), ("kW", 0.06)])
def test_every_interval_and_unit_holds_the_same_energy(tmp_path, minutes, unit, factor):
    power = factor / minutes if unit.endswith("W") else factor
    energy = [[(7 * i + 31 * j) % 400 for j in range(3)] for i in range(48)]
    members(tmp_path / "m")
    readings(tmp_path / "m", "load.csv", 48, minutes, lambda i, j: f"{energy[i][j] * power:.12g}")
    scenario = load_scenario(import_csv(tmp_path / "m", out=tmp_path / "out", unit=unit).folder)
    assert scenario.community.clock.minutes == minutes
    assert scenario.series.load_wh.tolist() == energy


def test_hours_are_spread_to_quarter_hours_without_a_loss(tmp_path):
    members(tmp_path / "m")
    readings(tmp_path / "m", "load.csv", 24, 60, lambda i, j: 101 * i + j)
    scenario = load_scenario(import_csv(tmp_path / "m", out=tmp_path / "out", slot_minutes=15).folder)
    assert scenario.series.load_wh.shape == (96, 3)
    assert scenario.series.load_wh.reshape(24, 4, 3).sum(axis=1).tolist() == [[101 * i + j for j in range(3)] for i in range(24)]  # fmt: skip
    assert np.ptp(scenario.series.load_wh.reshape(24, 4, 3), axis=1).max() <= 1


def test_five_minutes_are_summed_to_quarter_hours(tmp_path):
    members(tmp_path / "m")
    readings(tmp_path / "m", "load.csv", 36, 5, lambda i, j: i)
    scenario = load_scenario(import_csv(tmp_path / "m", out=tmp_path / "out", slot_minutes=15).folder)
    assert scenario.series.load_wh[:, 0].tolist() == [9 * i + 3 for i in range(12)]


def test_ten_minutes_become_half_hours(tmp_path):
    members(tmp_path / "m")
    readings(tmp_path / "m", "load.csv", 36, 10, lambda i, j: 10)
    scenario = load_scenario(import_csv(tmp_path / "m", out=tmp_path / "out").folder)
    assert scenario.community.clock.minutes == 30
    assert scenario.series.load_wh.tolist() == [[30] * 3] * 12


def test_ends_that_fill_no_slot_are_left_out_and_told(tmp_path):
    members(tmp_path / "m")
    readings(tmp_path / "m", "load.csv", 25, 5, lambda i, j: 30, start=START + timedelta(minutes=5))
    report = import_csv(tmp_path / "m", out=tmp_path / "out", slot_minutes=15)
    assert report.start == START + timedelta(minutes=15)
    assert report.slots == 7
    assert any("20 min at the ends of load.csv fill no slot of 15 min" in notice for notice in report.notices)


@pytest.mark.parametrize(("day", "quarters"), [(date(2023, 3, 26), 92), (date(2023, 10, 29), 100), (date(2023, 6, 1), 96)])  # fmt: skip
def test_days_of_daylight_saving_have_all_their_quarter_hours(tmp_path, day, quarters):
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
    members(tmp_path / "m")
    readings(tmp_path / "m", "load.csv", quarters, 15, lambda i, j: i, start=start)
    report = import_csv(tmp_path / "m", out=tmp_path / "out", timezone="Europe/Berlin")
    scenario = load_scenario(report.folder)
    clock = scenario.community.clock
    assert report.end == start + timedelta(days=1)
    assert clock.day(day) == range(scenario.series.first_slot, scenario.series.end_slot)
    assert scenario.series.load_wh[:, 0].tolist() == list(range(quarters))


def test_zulu_times_and_a_byte_order_mark_are_read(source, tmp_path):
    text = (source / "load.csv").read_text().replace("+02:00", "Z")
    (source / "load.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (source / "pv.csv").unlink()
    swap(source, "members.csv", "anna,5,", "anna,,")
    report = import_csv(source, out=tmp_path / "out")
    assert report.start == datetime(2023, 6, 1, tzinfo=UTC)


def test_prices_are_held_over_their_hours_and_may_reach_further(source, tmp_path):
    times = starts(30, 60, START - timedelta(hours=3))
    write(source, "prices.csv", ["start", "retail", "feed_in"], [[time, f"0.{300 + i}", -0.01] for i, time in enumerate(times)])  # fmt: skip
    series = load_scenario(import_csv(source, out=tmp_path / "out").folder).series
    assert series.retail.tolist() == [1_000 * (303 + i // 4) for i in range(96)]
    assert set(series.feed_in.tolist()) == {-10_000}


def test_a_roof_without_a_rating_is_rated_by_what_it_gave(source, tmp_path):
    swap(source, "members.csv", "anna,5,", "anna,,")
    report = import_csv(source, out=tmp_path / "out")
    assert load_scenario(report.folder).community.members[0].pv_wp == 3_800
    assert any("pv_kwp of 1 roofs is not given" in notice for notice in report.notices)


def test_buses_without_a_network_are_kept_for_later(source, tmp_path):
    members(source, "id,bus,phase,pv_kwp", "anna,4,a,5", "bert,5,b,", "cleo,5,abc,")
    report = import_csv(source, out=tmp_path / "out")
    assert [member.bus for member in load_scenario(report.folder).community.members] == [4, 5, 5]
    assert any("no network" in notice for notice in report.notices)


def test_an_empty_folder_may_be_filled(source, tmp_path):
    (tmp_path / "out").mkdir()
    assert load_scenario(import_csv(source, out=tmp_path / "out").folder).community.size == 3


def test_small_numbers_are_told_of(tmp_path):
    members(tmp_path / "m")
    readings(tmp_path / "m", "load.csv", 96, 15, lambda i, j: 0.1 * (j < 2))
    report = import_csv(tmp_path / "m", out=tmp_path / "out")
    assert any("2.4 kWh a year on average: is load.csv in another unit?" in notice for notice in report.notices)
    assert any("1 members use nothing at all: cleo." in notice for notice in report.notices)


# Bad input


def test_a_gap_an_overlap_and_a_doubled_hour(source):
    rows = (source / "load.csv").read_text().splitlines()
    (source / "load.csv").write_text("\n".join([*rows[:5], *rows[7:20], rows[19], *rows[20:]]) + "\n")
    said = faults(source)
    assert said == [
        "load.csv column 'start': overlaps: 2023-06-01T02:30Z stands twice (sort the rows and keep one for each time)",
        "load.csv column 'start': has a gap: after 2023-05-31T22:45Z comes 2023-05-31T23:30Z (2 values missing) (fill it, or cut the series there)",
    ]


def test_a_clock_that_did_not_change_its_offset_is_a_gap_and_an_overlap(tmp_path):
    """Local wall-clock times labelled with one offset all the year jump on the day daylight saving begins."""
    members(tmp_path / "m")
    start = datetime(2023, 3, 26, tzinfo=BERLIN)
    readings(tmp_path / "m", "load.csv", 92, 15, lambda i, j: i, start=start)
    path = tmp_path / "m" / "load.csv"
    path.write_text(path.read_text().replace("+02:00", "+01:00"))
    assert faults(tmp_path / "m") == [
        "load.csv column 'start': has a gap: after 2023-03-26T00:45Z comes 2023-03-26T02:00Z (4 values missing) (fill it, or cut the series there)"
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("load.csv", "2023-06-01T00:15:00+02:00", "2023-06-01T00:15:00", "load.csv line 3 'start': \"2023-06-01T00:15:00\" has no UTC offset (e.g. 2016-06-15T00:15+02:00 or 2016-06-14T22:15Z)"),
        ("load.csv", "2023-06-01T00:15:00+02:00", "01.06.2023 00:15", "load.csv line 3 'start': \"01.06.2023 00:15\" is no time in ISO 8601 (e.g. 2016-06-15T00:15+02:00)"),
        ("load.csv", ",100,101,", ",100,-101,", "load.csv line 2 'bert': \"-101\" is negative (load and production are never negative: net readings cannot be imported)"),
        ("load.csv", ",100,101,", ",100,NaN,", "load.csv line 2 'bert': \"NaN\" is no number (write a number in every cell, with a point for decimals; 0 where nothing flowed)"),
        ("load.csv", ",100,101,", ",100,,", "load.csv line 2 'bert': an empty cell is no number (write a number in every cell, with a point for decimals; 0 where nothing flowed)"),
        ("load.csv", ",100,101,", ",100,x,", "load.csv line 2 'bert': \"x\" is no number (write a number in every cell, with a point for decimals; 0 where nothing flowed)"),
        ("load.csv", ",100,101,", ",100,101,102,", "load.csv line 2: has 5 cells; the header has 4"),
        ("load.csv", "start,anna", "time,anna", "load.csv line 1: begins with the column 'time'; the first column is 'start' (put the interval's beginning first, in ISO 8601)"),
        ("load.csv", "cleo", "anna", None),
        ("pv.csv", "start,anna", "start,dora", "pv.csv column 'dora': is no member of members.csv (known are anna, bert, cleo)"),
        ("load.csv", "start,anna", "start,ana", "load.csv column 'ana': is no member of members.csv (did you mean 'anna'?)"),
        ("members.csv", "bert,,,,B1", "anna,,,,B1", "members.csv line 3 'id': is \"anna\", which is already the id of member 1 (every member has an id of its own)"),
        ("members.csv", "B1", "A1", "members.csv line 3 'meter': is \"A1\", which is already the meter of member 1 (every member has a meter of its own)"),
        ("members.csv", "anna,5,", "anna,5 kW,", "members.csv line 2 'pv_kwp': is the text \"5 kW\"; it must be a number in kWp (write kWp, not Wp)"),
        ("members.csv", "anna,5,10", "anna,5,10000", "members.csv line 2 'battery_kwh': is 10000; it must lie from 0 to 2500 kWh (write kWh, not Wh)"),
        ("members.csv", "battery_kwh", "batery_kwh", "members.csv line 1 'batery_kwh': is no column of members.csv (did you mean 'battery_kwh'?)"),
        ("members.csv", "bert,,", "bert,3,", "members.csv line 3 'pv_kwp': 'bert' has a roof, but no column in pv.csv (add the column, or leave pv_kwp empty)"),
        ("members.csv", "cleo,,,,C1", "cleo,,,,C1\r\ndora,,,,D1", "members.csv line 5 'id': 'dora' has no column in load.csv (add it; zeros if it uses nothing)"),
        ("members.csv", "anna,5,", "anna,1,", "members.csv line 2 'pv_kwp': is 1, but pv.csv goes up to 3.8 kW (is pv.csv in another unit? Say which with unit)"),
        ("members.csv", "id,", "name,", "members.csv line 1: has no column 'id' (add it: the members' names)"),
    ],
)  # fmt: skip
def test_one_fault_is_said_with_place_reason_and_mending(source, name, old, new, said):
    swap(source, name, old, new)
    found = faults(source)
    assert said is None or said in found


def test_all_faults_of_all_files_are_reported_at_once(source):
    swap(source, "members.csv", "B1", "A1")
    swap(source, "load.csv", ",100,101,", ",100,-101,")
    swap(source, "pv.csv", "2023-06-01T00:15:00+02:00", "2023-06-01T00:15:00")
    write(source, "prices.csv", ["start", "retail", "feed_in"], [[time, 0.1, 0.2] for time in starts(24, 60)])
    (source.parent / "out").mkdir()
    (source.parent / "out" / "mine.txt").write_text("keep")
    said = faults(source, unit="MWh", slot_minutes=10, timezone="Berlin")
    places = [one.partition(":")[0] for one in said]
    assert places == [
        "unit",
        "slot_minutes",
        "timezone",
        str(source.parent / "out"),
        "members.csv line 3 'meter'",
        "load.csv line 2 'bert'",
        "pv.csv line 3 'start'",
        "prices.csv column 'feed_in'",
    ]


def test_a_folder_with_something_in_it_is_left_alone(source, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="is there already and not empty"):
        import_csv(source, out=tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_write_that_fails_leaves_nothing(source, tmp_path, monkeypatch):
    written = []

    def fail(self, content):
        written.append(self.name)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(InputError, match="No space left on device"):
        import_csv(source, out=tmp_path / "out")
    assert written == ["community.toml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["meters"]


def test_an_unfinished_import_in_the_way(source, tmp_path):
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "load.parquet").write_text("half")
    assert any("out.partial: is there already and not empty" in said for said in faults(source))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "load.csv: is empty (write a line of column names and the rows below it)"),
        (b"start,anna,bert,cleo\n", "load.csv: has no rows below its header (add the data)"),
        (b"start;anna;bert;cleo\n2023-06-01T00:00+02:00;0,1;0,2;0,3\n", "load.csv: is separated by semicolons (save it with commas between the columns and points in the numbers)"),
        (b"start\tanna\n1\t2\n", "load.csv: is separated by tabs (save it with commas between the columns and points in the numbers)"),
        ("start,anna\n".encode("utf-16"), "load.csv: is UTF-16 text (save it as CSV UTF-8)"),
        (b"start,anna\n\xff,1\n", "load.csv: is not UTF-8 text (byte 11) (save it as CSV UTF-8)"),
        (b"start,anna,anna\n2023-06-01T00:00+02:00,1,2\n", "load.csv line 1: names the column 'anna' 2 times (name each column once)"),
        (b"start,anna,bert,cleo\n2023-06-01T00:00+02:00,1,2,3\n", "load.csv column 'start': has one row: the interval is read from two (add rows)"),
        (b"start\n2023-06-01T00:00+02:00\n", "load.csv line 1: has no column beside 'start' (add a column per member id)"),
        (None, "load.csv: is not there (see docs/data.md for what the folder must hold)"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read(source, content, said):
    if content is None:
        (source / "load.csv").unlink()
    else:
        (source / "load.csv").write_bytes(content)
    assert said in faults(source)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(1, "has intervals of 1 min; 5 to 60 min can be imported"), (1440, "has intervals of 1440 min; 5 to 60 min")],
)
def test_intervals_that_are_too_short_or_too_long(source, minutes, said):
    readings(source, "load.csv", 96, minutes, lambda i, j: 1)
    assert any(said in one for one in faults(source))


def test_mixed_intervals(source):
    rows = [[time, 1, 1, 1] for time in [*starts(48, 15), *starts(12, 60, START + timedelta(hours=12))]]
    write(source, "load.csv", ["start", *IDS], rows)
    readings(source, "load.csv", 96, 15, lambda i, j: 1)
    times = [*starts(20, 15), *starts(20, 60, START + timedelta(hours=5))]
    write(source, "load.csv", ["start", *IDS], [[time, 1, 1, 1] for time in times])
    assert "load.csv column 'start': mixes intervals of 15 min and 60 min (one file has one interval)" in faults(source)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (400_000, "Wh", "load.csv column 'anna': is 1,600 kW on average if it is in Wh, more than 1000 kW (is it in another unit? Say which with unit)"),
        (1_500, "kW", "load.csv column 'anna': is 1,500 kW on average if it is in kW, more than 1000 kW (is it in another unit? Say which with unit)"),
        (0.00001, "Wh", "load.csv column 'anna': is less than 1 Wh in a year if it is in Wh (is it in another unit? Say which with unit)"),
    ],
)  # fmt: skip
def test_readings_that_cannot_be_in_that_unit(source, value, unit, said):
    readings(source, "load.csv", 96, 15, lambda i, j: value if j == 0 else 300)
    assert said in faults(source, unit=unit)


def test_load_and_roofs_of_another_time(source):
    readings(source, "pv.csv", 92, 15, lambda i, j: 10, ids=("anna",))
    assert faults(source) == [
        "pv.csv: covers 2023-05-31T22:00Z to 2023-06-01T21:00Z, but load.csv covers 2023-05-31T22:00Z to "
        "2023-06-01T22:00Z (cut both to the same time)"
    ]


def test_no_whole_slot(source):
    readings(source, "load.csv", 3, 5, lambda i, j: 10, start=START + timedelta(minutes=5))
    (source / "pv.csv").unlink()
    swap(source, "members.csv", "anna,5,", "anna,,")
    said = faults(source, slot_minutes=60)
    assert said == ["load.csv: covers no whole slot of 60 min (add rows, or choose shorter slots)"]


@pytest.mark.parametrize(
    ("count", "minutes", "row", "said"),
    [
        (23, 60, (0.3, 0.1), "prices.csv: covers 2023-05-31T22:00Z to 2023-06-01T21:00Z, but load.csv covers 2023-05-31T22:00Z to 2023-06-01T22:00Z (add the missing prices)"),
        (288, 5, (0.3, 0.1), "prices.csv: has a price every 5 min; a slot of 15 min has one price (give one price per slot, or per several whole slots)"),
        (24, 60, (1000.5, 0.1), "prices.csv: holds 1000.5 in the interval at 2023-05-31T22:00Z (prices are in currency per kWh, at most 1000)"),
        (24, 60, (0.3, 0.31), "prices.csv column 'feed_in': is above retail in the interval at 2023-05-31T22:00Z, and 23 more like it (feed_in is at most retail)"),
    ],
)  # fmt: skip
def test_bad_prices(source, count, minutes, row, said):
    write(source, "prices.csv", ["start", "retail", "feed_in"], [[time, *row] for time in starts(count, minutes)])
    assert faults(source) == [said]


def test_prices_with_other_columns(source):
    write(source, "prices.csv", ["start", "price"], [[time, 0.3] for time in starts(24, 60)])
    assert faults(source) == ["prices.csv line 1: has start, price; it must have start, retail, feed_in"]


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(ImportFault, match="is no folder"):
        import_csv(tmp_path / "nowhere", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
