"""A point outlives its meters: which hung there when, with which registers, whose device; what was used over an exchange."""

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

sys.path.insert(0, str(Path(__file__).parent))
from register_world import SECRET, Office, mpan, write_csv

from sunfair.app.meters import Change, exchange_file
from sunfair.errors import InputError
from sunfair.files.batch_file import open_batch
from sunfair.registry import nullifier, parse
from sunfair.registry.assets import Asset, used_between

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)


def point(at: int) -> bytes:
    return nullifier(parse("GB", "electricity", mpan(at)).key, SECRET)


@pytest.fixture
def office(database: Engine, tmp_path: Path) -> Office:
    office = Office(database)
    rows = [("electricity", mpan(at), f"L&G {at}", BEGIN.isoformat(), "100", "5") for at in range(3)]
    rows.append(("electricity", mpan(3), "", "", "", ""))
    rows += [
        ("electricity", mpan(4), "L&G 1", BEGIN.isoformat(), "", ""),  # hangs at point 1
        ("electricity", mpan(5), "", BEGIN.isoformat(), "", ""),
        ("electricity", mpan(6), "L&G 6", "2026-06-01", "", ""),
    ]
    head = ("fuel", "id", "serial", "installed", "import_wh", "export_wh")
    office.take(write_csv(tmp_path / "points.csv", head, rows))
    return office


def faults(office: Office, at: int, change: Change) -> list[str]:
    before = office.meters.history(point(at))
    with pytest.raises(InputError) as caught:
        office.meters.change(point(at), change)
    assert office.meters.history(point(at)) == before
    return [fault.place for fault in caught.value.faults]


def test_points_begin_with_the_meters_of_their_file(office: Office) -> None:
    ((serial, asset),) = office.meters.history(point(1))
    assert (serial, asset.since, asset.opening, asset.until) == ("L&G 1", BEGIN, (100, 5), None)
    assert office.meters.history(point(3)) == []
    (source,) = {found.source for found in [office.store.point(point(0))] if found}
    told = [(fault.line, fault.place) for fault in office.store.faults(source)]
    assert told == [(6, "serial"), (7, "serial"), (8, "installed")]


def test_an_exchange_closes_one_meter_and_opens_the_next(office: Office) -> None:
    at, new = BEGIN + timedelta(days=3), b"n" * 20
    office.points.bind(point(0), b"o" * 20, BEGIN, (100, 5))
    office.meters.change(point(0), Change(at, closing=(900, 45), serial=" EDMI 7 ", opening=(10, 20), device=new))
    (_, old), (serial, fresh) = office.meters.history(point(0))
    assert (old.until, old.closing, serial, fresh.since, fresh.opening) == (at, (900, 45), "EDMI 7", at, (10, 20))
    assert office.points.check_reading(point(0), new, at).import_wh == 10
    with pytest.raises(InputError, match="superseded"):
        office.points.check_reading(point(0), b"o" * 20, at)
    used = office.meters.used(point(0), (BEGIN, (100, 5)), (at + timedelta(days=1), (50, 21)))
    assert used == (800 + 40, 40 + 1)
    office.meters.change(point(0), Change(at + timedelta(days=2), closing=(60, 30)))
    assert office.meters.hung(point(0), at + timedelta(days=2)) is None
    with pytest.raises(InputError, match="no meter hung"):
        office.points.check_reading(point(0), new, at + timedelta(days=2))
    office.meters.change(point(1), Change(at, closing=(100, 5)))
    later = at + timedelta(days=3)
    office.meters.change(point(1), Change(later, serial="EDMI 7", opening=(60, 30)))  # the same meter elsewhere


def test_what_cannot_be(office: Office) -> None:
    at, ahead = BEGIN + timedelta(days=3), office.clock.now() + timedelta(seconds=1)
    assert faults(office, 0, Change(ahead, closing=(900, 45))) == ["at"]
    assert faults(office, 0, Change(at.replace(tzinfo=None), closing=(900, 45))) == ["at"]
    assert faults(office, 3, Change(at, closing=(1, 1))) == ["point"]
    assert faults(office, 0, Change(at, serial="X")) == ["point"]
    assert faults(office, 0, Change(BEGIN, closing=(99, -1))) == ["closing", "until", "closing", "closing"]
    assert faults(office, 3, Change(at, serial="L&G 0")) == ["serial"]
    assert faults(office, 3, Change(at, serial="\t")) == ["serial"]
    assert faults(office, 3, Change(at, serial="X", opening=(2**63, 0))) == ["opening"]
    assert faults(office, 3, Change(at, device=b"d" * 20)) == ["device"]
    office.points.bind(point(1), b"d" * 20, BEGIN, (0, 0))
    assert faults(office, 3, Change(at, serial="X", device=b"d" * 20)) == ["device"]
    office.meters.change(point(0), Change(at, closing=(100, 5)))
    assert faults(office, 0, Change(BEGIN, serial="X")) == ["since"]


def test_erasure_takes_the_meters_along_and_no_serial_number_stands_in_the_database(
    office: Office, database: Engine
) -> None:
    with database.connect() as connection:
        dump = str(connection.execute(text("SELECT assets::text FROM assets")).all())
    assert "L&G" not in dump
    assert b"L&G".hex() not in dump
    office.points.occupy(point(2), b"w" * 20)
    office.points.erase(point(2), b"w" * 20)
    assert office.meters.history(point(2)) == []


def test_a_file_of_exchanges_may_be_given_again(office: Office, tmp_path: Path) -> None:
    at = (BEGIN + timedelta(days=1)).isoformat()
    head = ("country", "fuel", "id", "at", "serial", "closing_import_wh", "closing_export_wh", "device")
    good = [("GB", "electricity", mpan(n), at, f"New {n}", 200, 9, "0x" + f"{n + 1:040x}") for n in range(3)]
    bad = [
        ("GB", "electricity", mpan(3), at, "New 3", 200, 9, ""),
        ("GB", "electricity", "123", "today", "New 4", "-1", "", "0x1"),
        ("GB", "electricity", mpan(77), at, "New 5", "", "", ""),
    ]
    source = open_batch(write_csv(tmp_path / "exchanges.csv", head, [*good[:2], *bad, good[2]]))
    for keep, changed, before in ((False, 3, 0), (True, 3, 0), (True, 0, 3)):
        *_, done = exchange_file(source, SECRET, office.meters, office.store, keep=keep)
        assert (done.rows, done.changed, done.before) == (6, changed, before)
        assert [(fault.line, fault.place.split(",")[0]) for fault in done.faults] == [
            (4, "point"), (5, "id"), (5, "at"), (5, "closing_import_wh"), (5, "device"), (6, "id"),
        ]  # fmt: skip
    assert [serial for serial, _ in office.meters.history(point(2))] == ["L&G 2", "New 2"]
    with pytest.raises(InputError, match="is not known"):
        list(exchange_file(open_batch(write_csv(tmp_path / "x.csv", (*head, "colour"), [])), SECRET, office.meters,
                           office.store))  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_use_over_any_exchanges_is_the_sum_of_what_was_used_hour_by_hour(seed: int) -> None:
    chance = random.Random(seed)
    hours = [(chance.randrange(900), chance.randrange(500)) for _ in range(200)]
    cuts = [0, *sorted(chance.sample(range(1, 200), 4))]
    held, registers = list[Asset](), dict[int, tuple[int, int]]()
    for begin, end in zip(cuts, [*cuts[1:], None], strict=True):
        opening = chance.randrange(10**6), chance.randrange(10**6)
        shown = opening
        for hour in range(begin, 200 if end is None else end):
            registers[hour] = shown
            shown = shown[0] + hours[hour][0], shown[1] + hours[hour][1]
        since, until = BEGIN + timedelta(hours=begin), None if end is None else BEGIN + timedelta(hours=end)
        closing = None if end is None else shown
        held.append(Asset(bytes(32), bytes(32), b"", since, opening, BEGIN, until, closing))
    for _ in range(30):
        first, last = sorted(chance.sample(range(200), 2))
        both = [(BEGIN + timedelta(hours=hour), registers[hour]) for hour in (first, last)]
        due = tuple(sum(hour[side] for hour in hours[first:last]) for side in (0, 1))
        assert used_between(held, both[0], both[1]) == due, f"seed {seed}: hours {first} to {last}"
