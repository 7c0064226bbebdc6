"""Batch files into a real PostgreSQL: every fault with its line, good lines loaded, nothing twice, kill -9 survived."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, text

sys.path.insert(0, str(Path(__file__).parent))
from register_world import NEW, OLD, REGISTRAR, SECRET, Office, mpan, mprn, write_csv

from sunfair.app.registering import dry_run
from sunfair.errors import InputError
from sunfair.files import batch_file
from sunfair.files.batch_file import open_batch
from sunfair.registry import MeterKey, nullifier
from sunfair.registry.batch_tree import batch_leaves
from sunfair.settlement import Tree

HEAD = ("fuel", "id", "supplier", "owner", "serial", "address")


@pytest.fixture
def office(database: Engine) -> Office:
    return Office(database)


def faulty(folder: Path) -> Path:
    rows = [
        ("electricity", mpan(1), "Old", "0x" + "11" * 20, "S1", "1 Sunny Street"),
        ("electricity", "1234567890123", "Old", "", "S2", ""),
        ("electricity", mprn(7), "Old", "", "S3", ""),  # columns or fuels swapped
        ("gas", mpan(7), "Old", "", "S4", ""),
        ("electricity", mpan(1), "Old", "", "S5", ""),  # again
        ("gas", mprn(2), "Nobody", "0x12", "S6", ""),  # two faults in one line
        ("gas", mprn(2), "New", "", "S7", "1 Sunny Street"),
        ("water", mprn(3), "New", "", "S8", ""),
        ("electricity", f"{mpan(4)}\n", "Old", "", "S9", ""),  # a line break within quotes
        ("electricity", mpan(5), "", "", "S10", "", "one too many"),
        ("electricity", mpan(6), "", "", "S11", "no supplier yet"),
    ]
    return write_csv(folder / "points.csv", HEAD, rows)


WANTED = [
    (3, "id, check digit"),
    (4, "id, other scheme"),
    (5, "id, other scheme"),
    (6, "id"),
    (7, "owner"),
    (7, "supplier"),
    (9, "id, country, fuel"),
    (11, "id, character"),
    (12, "line"),
]


def test_every_fault_has_its_line_and_good_lines_are_loaded(office: Office, tmp_path: Path) -> None:
    path = faulty(tmp_path)
    source = open_batch(path)
    dry = [fault for _, faults in dry_run(source, office.reader, office.store) for fault in faults]
    assert sorted((fault.line, fault.place) for fault in dry) == WANTED
    assert office.store.progress(source.digest).points == 0
    progress, number = office.take(path)
    assert (progress.rows_done, progress.points, progress.faults) == (11, 3, len(WANTED))
    assert sorted((fault.line, fault.place) for fault in office.store.faults(source.digest)) == WANTED
    assert office.take(path) == (office.store.progress(source.digest), None)
    assert number == 0
    held = office.points.find(MeterKey("GB", "electricity", mpan(6)))
    assert office.points.prove(held.id).holds()


def test_duplicates_across_files_are_named_and_nothing_is_twice(office: Office, tmp_path: Path) -> None:
    office.take(write_csv(tmp_path / "a.csv", HEAD[:2], [("gas", mprn(at)) for at in range(5)]))
    again = write_csv(tmp_path / "b.csv", HEAD[:2], [("gas", mprn(at)) for at in range(3, 7)])
    dry = [fault for _, faults in dry_run(open_batch(again), office.reader, office.store) for fault in faults]
    progress, number = office.take(again)
    assert (progress.points, progress.faults, number) == (2, 2, 1)
    found = list(office.store.faults(progress.source))
    assert dry == found
    assert [(fault.line, fault.what) for fault in found] == [
        (at, "the register holds this point already") for at in (2, 3)
    ]


def test_blocks_with_and_without_points_that_are_held(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block is looked up where its copy is refused; one refused leaves nothing of itself behind."""
    monkeypatch.setattr(batch_file, "BLOCK_ROWS", 4)
    office.take(write_csv(tmp_path / "a.csv", HEAD[:2], [("gas", mprn(at)) for at in (5, 9, 10)]))
    progress, _ = office.take(write_csv(tmp_path / "b.csv", HEAD[:2], [("gas", mprn(at)) for at in range(16)]))
    assert (progress.points, progress.faults) == (13, 3)
    assert [fault.line for fault in office.store.faults(progress.source)] == [7, 11, 12]
    places = np.concatenate([places for _, places in office.store.leaves(progress.source)])
    assert places.tolist() == [line for line in range(2, 18) if line not in (7, 11, 12)]
    with office.store._engine.connect() as connection:
        held = [connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("points", "records")]
    assert held == [16, 16]


def test_what_stands_in_the_file_is_read_back(office: Office, tmp_path: Path) -> None:
    head = ("fuel", "id", "sector", "owner", "device", "import_wh", "export_wh", "profile_class", "name")
    owner, device = "0x" + "1f" * 20, "0x" + "d0" * 20
    rows = [
        ("gas", mprn(1), "business", owner, device, 7, 2**63 - 1, "02", 'Ann "A" Ünal'),
        ("gas", mprn(2), "", "", "", "", "", "", ""),
        ("gas", mprn(3), "shop", "0x" + " f" * 20, "0x", -1, 2**63, "\x00", ""),
    ]
    progress, _ = office.take(write_csv(tmp_path / "a.csv", head, rows))
    told = {fault.place for fault in office.store.faults(progress.source)}
    assert told == {"sector", "owner", "device", "import_wh", "export_wh", "profile_class"}
    one, two = (office.points.find(MeterKey("GB", "gas", mprn(at))) for at in (1, 2))
    now = office.clock.now()
    assert [(p.country, p.fuel, p.sector.name, p.owner.hex(), p.owner_since) for p in (one, two)] == [
        ("GB", "gas", "BUSINESS", "1f" * 20, now),
        ("GB", "gas", "DOMESTIC", "00" * 20, now),
    ]
    (bound,) = office.store.bindings(one.id)
    assert (bound.device.hex(), bound.since, bound.known_at) == ("d0" * 20, now, now)
    assert (bound.import_wh, bound.export_wh, office.store.bindings(two.id)) == (7, 2**63 - 1, [])
    seen = {"profile_class": "02", "name": 'Ann "A" Ünal', "id": mprn(1)}
    assert office.points.read(one.id, one.owner) == seen
    assert office.points.read(one.id, bytes(20)) == {"profile_class": "02"}
    assert office.points.read(two.id, bytes(20)) == {}


def test_a_german_point_has_one_fuel(office: Office, tmp_path: Path) -> None:
    head = ("country", "fuel", "id")
    malo = "41373559241"
    office.take(write_csv(tmp_path / "a.csv", head, [("DE", "gas", malo)]))
    progress, _ = office.take(write_csv(tmp_path / "b.csv", head, [("DE", "electricity", malo)]))
    assert [(fault.line, fault.place) for fault in office.store.faults(progress.source)] == [(2, "fuel")]
    both = write_csv(tmp_path / "c.csv", head, [("DE", "gas", "51238696781"), ("DE", "electricity", "51238696781")])
    progress, _ = office.take(both)
    assert (progress.points, progress.faults) == (0, 2)


def test_a_file_that_cannot_be_read_says_why_before_anything_happens(office: Office, tmp_path: Path) -> None:
    wrong = write_csv(tmp_path / "a.csv", ("id", "post code", "serial"), [])
    with pytest.raises(InputError) as caught:
        office.take(wrong)
    assert [fault.place for fault in caught.value.faults] == ["column fuel", "column post code"]
    for name, content in (("b.txt", b""), ("c.parquet", b"no"), ("d.csv", b"id,id\n"), ("e.csv", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="cannot be read"):
            open_batch(tmp_path / name)


def test_parquet_gives_the_same_points_as_csv_and_the_settlement_s_tree_the_same_root(
    office: Office, tmp_path: Path
) -> None:
    count = 2_100
    table = pa.table({"fuel": ["gas"] * count, "id": [int(mprn(at)) for at in range(count)]})
    pq.write_table(table, tmp_path / "points.parquet", row_group_size=700)
    progress, number = office.take(tmp_path / "points.parquet")
    assert (progress.points, number) == (count, 0)
    blocks = [pairs for pairs, _ in office.store.leaves(progress.source)]
    pairs = np.concatenate(blocks)
    wanted = [nullifier(MeterKey("GB", "gas", mprn(at)), SECRET) for at in range(count)]
    assert [pair[32:].tobytes() for pair in pairs] == wanted
    tree = Tree(batch_leaves(pairs[:, :32], pairs[:, 32:]))
    assert office.store.batches() == [(0, tree.root, count, REGISTRAR)]
    for at in (0, 1_023, 1_024, 2_047, 2_048, count - 1):
        proof = office.points.prove(wanted[at])
        assert (proof.path.index, proof.path.siblings) == (at, tree.proof(at).siblings)
        assert proof.holds()


CHILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from sqlalchemy import create_engine
from register_world import Office
from sunfair.app.registering import register_file
from sunfair.files import batch_file
from sunfair.files.batch_file import open_batch
batch_file.BLOCK_ROWS = 500
office = Office(create_engine({url!r}, connect_args={{"options": "-c timezone=UTC"}}))
put, calls = office.store.put_points, 0
def dying(*args):
    global calls
    calls += 1
    from sunfair.store.register import repository
    if calls == 2:
        real = repository._copy_faults
        repository._copy_faults = lambda *a: (real(*a), os.kill(os.getpid(), signal.SIGKILL))
    return put(*args)
office.store.put_points = dying
list(register_file(open_batch(Path({path!r})), office.reader, office.store, office.clock))
"""


def test_kill_9_in_the_middle_of_a_block_loses_and_doubles_nothing(
    office: Office, database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 1_250
    monkeypatch.setattr(batch_file, "BLOCK_ROWS", 500)
    rows = ((("gas", mprn(at)) if at % 250 else ("gas", "1")) for at in range(count))
    path = write_csv(tmp_path / "points.csv", HEAD[:2], rows)
    url = database.url.render_as_string(hide_password=False)
    child = CHILD.format(here=str(Path(__file__).parent), url=url, path=str(path))
    done = subprocess.run([sys.executable, "-c", child], env={**os.environ}, check=False)
    assert done.returncode == -signal.SIGKILL
    source = open_batch(path)
    assert office.store.progress(source.digest).rows_done == 500
    progress, _ = office.take(path)
    assert (progress.rows_done, progress.points, progress.faults) == (count, count - 5, 5)
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM points")) == count - 5
        assert connection.scalar(text("SELECT count(DISTINCT id) FROM points")) == count - 5
    assert [fault.line for fault in office.store.faults(source.digest)] == [2 + 250 * at for at in range(5)]


def test_owners_and_suppliers_of_the_file_stand_in_the_register(office: Office, tmp_path: Path) -> None:
    office.take(faulty(tmp_path))
    found = office.points.find(MeterKey("GB", "electricity", mpan(1)))
    assert found.owner == bytes.fromhex("11" * 20)
    from sunfair.store.switching import SwitchRepository

    switches = SwitchRepository(office.store._engine)
    held = switches.supplies(found.id)
    assert held is not None
    assert [supply.supplier for supply in held.supplies] == [OLD]
    gas = switches.supplies(office.points.find(MeterKey("GB", "gas", mprn(2))).id)
    assert gas is not None
    assert gas.active.supplier == NEW
