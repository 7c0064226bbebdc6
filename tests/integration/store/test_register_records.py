"""Three visibilities, dated device keys, and erasure that leaves nothing, on a real PostgreSQL."""

import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

sys.path.insert(0, str(Path(__file__).parent))
from register_world import NEW, OLD, SECRET, Office, mpan, mprn, write_csv

from sunfair.errors import InputError
from sunfair.registry import MeterKey, commitment, nullifier
from sunfair.registry.records import open_record, record_key
from sunfair.registry.register import Role

OWNER = bytes.fromhex("11" * 20)
HEAD = ("fuel", "id", "owner", "profile_class", "serial", "postcode", "address", "name")
HOME = ("electricity", mpan(1), "0x" + OWNER.hex(), "01", "SERIAL-4711", "AB1 2CD", "1 Sunny Street", "Jo Sunfield")
KEY = MeterKey("GB", "electricity", mpan(1))


@pytest.fixture
def office(database: Engine, tmp_path: Path) -> Office:
    office = Office(database)
    office.take(write_csv(tmp_path / "a.csv", HEAD, [HOME, ("gas", mprn(1), "", "", "G1", "", "", "")]))
    return office


def test_each_field_is_seen_by_whom_it_may_be(office: Office) -> None:
    point = office.points.find(KEY).id
    assert office.points.read(point, NEW) == {"profile_class": "01"}
    whole = dict(zip(HEAD[3:], HOME[3:], strict=True)) | {"id": mpan(1)}
    assert office.points.read(point, OWNER) == whole
    with pytest.raises(InputError, match="not the point's owner"):
        office.points.grant(point, NEW, NEW, ["serial"], None)
    with pytest.raises(InputError, match=r"name: is not shared by grant"):
        office.points.grant(point, OWNER, NEW, ["serial", "name"], None)
    office.points.grant(point, OWNER, NEW, ["serial"], office.clock.now() + timedelta(days=1))
    office.points.grant(point, OWNER, OLD, ["postcode"], None)
    assert office.points.read(point, NEW) == {"profile_class": "01", "serial": "SERIAL-4711"}
    office.clock.pass_by(days=1)
    assert office.points.read(point, NEW) == {"profile_class": "01"}
    assert office.points.revoke(point, OWNER, OLD) == 1
    assert office.points.read(point, OLD) == {"profile_class": "01"}
    office.points.grant(point, OWNER, NEW, ["serial"], None)
    office.points.occupy(point, b"next" * 5)
    assert office.points.read(point, NEW) == office.points.read(point, OWNER) == {"profile_class": "01"}
    assert office.points.read(point, bytes(20)) == {"profile_class": "01"}


def test_a_reading_counts_by_the_binding_of_its_date(office: Office) -> None:
    point, other = office.points.find(KEY).id, office.points.find(MeterKey("GB", "gas", mprn(1))).id
    first, second, begin = b"1" * 20, b"2" * 20, office.clock.now()
    office.points.bind(point, first, begin, (100, 0))
    later = begin + timedelta(days=30)
    office.points.bind(point, second, later, (5, 6))
    assert office.points.check_reading(point, first, later - timedelta(seconds=1)).import_wh == 100
    assert office.points.check_reading(point, second, later).export_wh == 6
    for device, at, why in (
        (first, later, "superseded"),
        (second, begin, "not yet in force"),
        (first, begin - timedelta(seconds=1), "superseded, or not yet"),
        (b"3" * 20, later, "not registered for this point"),
    ):
        with pytest.raises(InputError, match=why):
            office.points.check_reading(point, device, at)
    office.points.bind(point, first, later, (7, 7))  # what still lies ahead is replaced
    assert office.points.check_reading(point, first, later).import_wh == 7
    office.clock.pass_by(days=30)
    with pytest.raises(InputError) as caught:
        office.points.bind(point, first, later, (-1, 0))
    assert [fault.place for fault in caught.value.faults] == ["since", "registers"]
    with pytest.raises(InputError, match="belongs to one point for ever"):
        office.points.bind(other, first, later, (0, 0))


def test_what_is_erased_matches_nothing_any_more(office: Office, database: Engine) -> None:
    found = office.points.find(KEY)
    salt, sealed = office.store.salt(found.id), office.store.record(found.id)
    assert salt is not None
    assert sealed is not None
    assert commitment(KEY, salt) == found.commitment
    office.points.bind(found.id, b"1" * 20, office.clock.now(), (0, 0))
    proof = office.points.prove(found.id)
    files = _files_of_tables(database)
    if files:
        assert any(salt in file.read_bytes() for file in files)
    with pytest.raises(InputError, match="not the point's owner"):
        office.points.erase(found.id, NEW)
    office.points.erase(found.id, OWNER)
    assert office.store.salt(found.id) is None
    assert not office.points.opens(KEY, found.id)
    assert office.points.prove(found.id) == proof  # the others' paths are whole
    with pytest.raises(InputError, match="is erased"):
        office.points.read(found.id, OWNER)
    # With the id and all that stands on the chain (commitment, nullifier, root): no guess of a salt is confirmed, and
    # what was sealed opens under no key that the secret alone gives.
    on_chain = {proof.commitment, proof.nullifier, proof.root, *proof.path.siblings}
    for guess in (bytes(31) + b"\1", SECRET, found.id, found.commitment):
        assert commitment(KEY, guess) not in on_chain
        assert nullifier(KEY, guess) not in on_chain or guess == SECRET
        with pytest.raises(InputError, match="does not open"):
            open_record(sealed, point=found.id, key=record_key(SECRET, guess))
    dump = _everything(database)
    for trace in (mpan(1), "SERIAL-4711", "Sunny", "AB1", OWNER.hex(), salt.hex(), sealed.private.hex()):
        assert trace not in dump, trace
    for file in _files_of_tables(database):
        content = file.read_bytes()
        for secret in (salt, OWNER, sealed.private, sealed.granted):
            assert secret not in content, file


def test_an_erasure_waits_for_whoever_may_still_see_the_row(office: Office, database: Engine) -> None:
    """What an older snapshot may see survives VACUUM FULL: erased only once that snapshot is gone."""
    found = office.points.find(KEY)
    salt = office.store.salt(found.id)
    assert salt is not None
    older = database.connect().execution_options(isolation_level="REPEATABLE READ")
    older.execute(text("SELECT 1 FROM points"))
    eraser = threading.Thread(target=office.points.erase, args=(found.id, OWNER))
    eraser.start()
    eraser.join(0.5)
    older.rollback()
    older.close()
    eraser.join(60)
    assert not eraser.is_alive()
    assert not any(salt in file.read_bytes() for file in _files_of_tables(database))


def test_parties_are_named_once(office: Office) -> None:
    from sunfair.registry.register import Party

    with pytest.raises(InputError, match="another party is named 'Old'"):
        office.store.put_party(Party(b"X" * 20, "Old", Role.SUPPLIER))
    office.store.put_party(Party(OLD, "Older", Role.SUPPLIER | Role.AUDITOR))
    assert [(party.name, int(party.roles)) for party in office.store.parties()] == [
        ("New", 2),
        ("Older", 6),
        ("office", 1),
    ]


def test_related_points_are_related_both_ways(office: Office, database: Engine, tmp_path: Path) -> None:
    from sunfair.store.switching import SwitchRepository

    owner = "0x" + OWNER.hex()
    office.take(write_csv(tmp_path / "b.csv", HEAD[:3], [("gas", mprn(at), owner) for at in (5, 6, 7)]))
    one, two, three = (nullifier(MeterKey("GB", "gas", mprn(at)), SECRET) for at in (5, 6, 7))
    store = SwitchRepository(database)

    def related() -> list[set[bytes]]:
        return [set(held.related) if (held := store.supplies(at)) else set() for at in (one, two, three)]

    office.points.relate([one, two])
    assert related() == [{two}, {one}, set()]
    office.points.relate([two, three])
    assert related() == [set(), {three}, {two}]
    office.points.relate([three])
    assert related() == [set(), set(), set()]


def _everything(database: Engine) -> str:
    """Every row of every table as text, bytes in hexadecimal."""
    with database.connect() as connection:
        names = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        rows = [connection.scalars(text(f'SELECT t::text FROM "{name}" t')).all() for name in names]
    return "\n".join(row for table in rows for row in table)


def _files_of_tables(database: Engine) -> list[Path]:
    """The files of this database's tables and indexes on the server's disk, once all is written to them."""
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        folder = Path(connection.scalar(text("SHOW data_directory")) or "")
        paths = connection.scalars(text("SELECT pg_relation_filepath(oid) FROM pg_class WHERE relfilenode > 0")).all()
    return [folder / path for path in paths if (folder / path).is_file()]
