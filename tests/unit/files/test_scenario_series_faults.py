"""Bad series: gaps, overlaps, wrong times and wrong numbers, each with its place in the file."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

START = datetime(2016, 6, 14, 22, 0, tzinfo=UTC)
STEP = timedelta(minutes=15)


def _starts(street, name="load.parquet"):
    return street.tables[name]["start"]


def _drop(street, *rows, name="load.parquet"):
    for column, values in street.tables[name].items():
        street.tables[name][column] = [value for at, value in enumerate(values) if at not in rows]


def test_a_gap(street):
    _drop(street, 10, 11, 12)
    _drop(street, 10, 11, 12, name="pv.parquet")
    said = [str(fault) for fault in street.faults()]
    what = "has a gap: after 2016-06-15T00:15Z comes 2016-06-15T01:15Z (3 values missing)"
    assert said == [f"{name} column 'start': {what} (fill it, or cut the series there)" for name in ("load.parquet", "pv.parquet")]  # fmt: skip


def test_many_gaps_are_counted(street):
    _drop(street, *range(5, 90, 8))
    said = [str(fault) for fault in street.faults()]
    assert len(said) == 3
    assert "and 8 more like it" in said[-1]


def test_a_time_that_stands_twice(street):
    _starts(street)[6] = _starts(street)[5]
    said = [str(fault) for fault in street.faults()]
    assert said[0] == "load.parquet column 'start': overlaps: 2016-06-14T23:15Z stands twice (sort the rows and keep one for each time)"  # fmt: skip
    assert "has a gap: after 2016-06-14T23:15Z" in said[1]


def test_times_that_go_back(street):
    starts = _starts(street)
    starts[6], starts[7] = starts[7], starts[6]
    assert any("goes back in time: after 2016-06-14T23:45Z comes 2016-06-14T23:30Z" in str(f) for f in street.faults())


def test_an_interval_inside_another(street):
    _starts(street)[6] -= timedelta(minutes=5)
    said = [str(fault) for fault in street.faults()]
    assert said[0] == "load.parquet column 'start': holds 2016-06-14T23:25Z, which is no start of a slot of 15 min (slots start at whole multiples of their length, in UTC)"  # fmt: skip
    assert "overlaps: 2016-06-14T23:25Z lies in the interval that starts at 2016-06-14T23:15Z" in said[1]


def test_another_interval_than_the_slots(street):
    street.tables["load.parquet"]["start"] = [START + timedelta(hours=i) for i in range(96)]
    assert street.fault() == (
        "load.parquet column 'start': has values every 60 min; the community's slots have 15 min "
        "(set slot_minutes to fit, or make the series anew with sunfair import csv)"
    )


def test_times_beside_the_slots(street):
    street.tables["load.parquet"]["start"] = [START + timedelta(minutes=7) + STEP * i for i in range(96)]
    assert "holds 2016-06-14T22:07Z, which is no start of a slot of 15 min, and 95 more like it" in street.fault()


def test_naive_times(street):
    street.tables["load.parquet"]["start"] = [time.replace(tzinfo=None) for time in _starts(street)]
    assert street.fault() == (
        "load.parquet column 'start': holds naive times: without a zone nobody knows when they were (write them in UTC)"
    )


def test_times_that_are_numbers(street):
    street.tables["load.parquet"]["start"] = list(range(96))
    assert street.fault().startswith("load.parquet column 'start': is of type int64; it must be times")


def test_a_time_that_is_missing(street):
    _starts(street)[3] = None
    assert street.fault() == "load.parquet column 'start': lacks 1 of 96 times (give every row its time)"


def test_no_start_column(street):
    del street.tables["load.parquet"]["start"]
    assert street.fault().startswith("load.parquet column 'start': is not in the file")


def test_an_empty_series(street):
    for column in street.tables["load.parquet"]:
        kind = pa.timestamp("us", "UTC") if column == "start" else pa.int64()
        street.tables["load.parquet"][column] = pa.array([], kind)
    assert street.fault() == "load.parquet column 'start': is empty (a series needs at least one slot)"


@pytest.mark.parametrize(("file", "column"), [("load.parquet", "two"), ("pv.parquet", "south")])
def test_negative_energy(street, file, column):
    street.tables[file][column][4] = -5
    street.tables[file][column][9] = -1
    said = f"{file} column '{column}': is negative (-5) at 2016-06-14T23:00Z, and 1 more like it"
    assert street.fault() == said


@pytest.mark.parametrize("value", [None, float("nan")])
def test_energy_that_is_missing(street, value):
    street.tables["load.parquet"]["two"] = [7.0] * 95 + [value]
    assert street.fault() == (
        "load.parquet column 'two': has no number (null or NaN) at 2016-06-15T21:45Z "
        "(give every slot a number, 0 where nothing flowed)"
    )


def test_kwh_are_not_wh(street):
    street.tables["load.parquet"]["two"] = [0.125] * 96
    assert street.fault() == (
        "load.parquet column 'two': is not whole Wh (0.125) at 2016-06-14T22:00Z, and 95 more like it "
        "(a kWh is 1000 Wh; sunfair import csv converts kWh, W and kW)"
    )


def test_infinite_energy(street):
    street.tables["load.parquet"]["two"] = [float("inf")] + [7.0] * 95
    assert "is infinite (inf) at 2016-06-14T22:00Z" in street.fault()


def test_a_column_that_says_another_unit(street):
    table = pa.table(street.tables["load.parquet"])
    at = table.schema.get_field_index("two")
    street.tables["load.parquet"] = table.set_column(
        at, pa.field("two", pa.int64(), metadata={"unit": "kWh"}), table.column("two")
    )
    assert street.fault().startswith("load.parquet column 'two': says it is in kWh; it must be in Wh")


def test_text_instead_of_energy(street):
    street.tables["load.parquet"]["two"] = ["7"] * 96
    assert street.fault().startswith("load.parquet column 'two': is of type string; it must be whole Wh")


def test_energy_above_the_bound(street):
    street.tables["load.parquet"]["two"][0] = 10**9 + 1
    assert "load.parquet column 'two': is above 1000000000 Wh (1e+09) at 2016-06-14T22:00Z" in street.fault()


def test_prices_out_of_bounds_and_below_feed_in(street):
    street.swap("retail = 0.32", 'retail = "prices.parquet:retail"')
    street.tables["prices.parquet"] = {"start": list(_starts(street)), "retail": [320_000] * 96}
    street.tables["prices.parquet"]["retail"][7] = 79_999
    assert street.fault() == (
        "community.toml [tariff] 'feed_in': is above retail in the slot at 2016-06-14T23:45Z (feed_in is at most retail)"
    )
    street.tables["prices.parquet"]["retail"][7] = 10**9 + 1
    assert "prices.parquet column 'retail': is above 1000000000 µ/kWh" in street.fault()


def test_prices_in_currency_are_not_micro(street):
    street.swap("retail = 0.32", 'retail = "prices.parquet:retail"')
    street.tables["prices.parquet"] = {"start": list(_starts(street)), "retail": [0.32] * 96}
    assert "is not whole µ/kWh (0.32)" in street.fault()
    assert "0.32 per kWh is 320000 µ/kWh" in street.fault()


def test_series_of_another_span(street):
    _drop(street, 0, 1, name="pv.parquet")
    assert street.fault() == (
        "pv.parquet: covers 2016-06-14T22:30Z to 2016-06-15T22:00Z, but load.parquet covers 2016-06-14T22:00Z to "
        "2016-06-15T22:00Z (cut all to 2016-06-14T22:30Z to 2016-06-15T22:00Z)"
    )


def test_one_column_for_energy_and_prices(street):
    street.swap("retail = 0.32", 'retail = "load.parquet:two"')
    assert "one column cannot hold both energy and prices" in street.fault()


def test_a_load_of_a_factory_hints_at_the_unit(street):
    street.tables["load.parquet"]["two"] = [400_000] * 96
    assert street.fault() == (
        "community.toml [[member]] 2 'load': takes 1,600 kW on average, more than 1000 kW "
        "(is the series really in Wh per slot?)"
    )


def test_a_roof_that_gives_more_than_it_can_hints_at_the_unit(street):
    street.tables["pv.parquet"]["south"] = [3_000] * 96  # W written as Wh: 12 kW from 5 kWp
    assert street.fault() == (
        "community.toml [[member]] 1 'pv': gives up to 12.0 kW, but pv_kwp is 5 "
        "(is the series really in Wh per slot, and of this roof?)"
    )


@pytest.mark.parametrize("keep", [0, 3, 500, -5])
def test_a_corrupt_parquet_file_is_named(street, keep):
    path = street.write().parent / "load.parquet"
    street.raw["load.parquet"] = path.read_bytes()[:keep]
    assert street.fault().startswith("load.parquet: is not a readable Parquet file: ")


def test_a_parquet_file_with_a_broken_page_is_named(street):
    street.tables["load.parquet"]["one"] = [i * 7919 % 10007 for i in range(96)]
    path = street.write().parent / "load.parquet"
    content = bytearray(path.read_bytes())
    metadata = pq.ParquetFile(path).metadata.row_group(0).column(1)
    at = metadata.dictionary_page_offset or metadata.data_page_offset
    content[at : at + metadata.total_compressed_size] = b"\xff" * metadata.total_compressed_size
    street.raw["load.parquet"] = bytes(content)
    assert street.fault().startswith("load.parquet: is not a readable Parquet file: ")


def test_text_called_parquet(street):
    street.raw["load.parquet"] = b"start,one\n2016-06-14T22:00Z,5\n"
    assert "load.parquet: is not a readable Parquet file" in street.fault()


def _visit(street, **columns):
    street.tables["ev.parquet"] |= columns


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"member": ["nobody"]}, "ev.parquet column 'member': holds 'nobody', which is no member with this table (give the member ev = \"ev.parquet\", or take its visits out)"),
        ({"member": ["one"]}, "ev.parquet column 'member': holds 'one', which is no member with this table (give the member ev = \"ev.parquet\", or take its visits out)"),
        ({"depart": [START]}, "ev.parquet columns 'arrive', 'depart': holds a stay without a whole slot, from 2016-06-14T23:00Z to 2016-06-14T22:00Z (row 1) (a car leaves after it has come)"),
        ({"need_wh": [-1]}, "ev.parquet column 'need_wh': holds -1 in row 1 (from 0 to 1000000000 Wh)"),
        ({"need_wh": [9.5]}, "ev.parquet column 'need_wh': must be whole Wh in every row (a kWh is 1000 Wh; sunfair import csv converts kWh, W and kW)"),
        ({"arrive": [datetime(2016, 6, 15)]}, "ev.parquet column 'arrive': holds naive times: without a zone nobody knows when they were (write them in UTC)"),
    ],
)  # fmt: skip
def test_bad_visits(street, columns, said):
    _visit(street, **columns)
    assert street.fault() == said


def test_visits_that_overlap(street):
    _visit(
        street,
        member=["two", "two"],
        arrive=[START + STEP * 4, START],
        depart=[START + STEP * 9, START + STEP * 5],
        need_wh=[1, 1],
    )
    assert street.fault() == (
        "ev.parquet column 'arrive': overlaps: a car comes at 2016-06-14T23:00Z (row 1) before it left at "
        "2016-06-14T23:15Z (one car, one visit at a time)"
    )


def test_visits_without_a_column(street):
    del street.tables["ev.parquet"]["need_wh"]
    assert street.fault().startswith("ev.parquet column 'need_wh': is not in the file, but community.toml [[member]] 2")
