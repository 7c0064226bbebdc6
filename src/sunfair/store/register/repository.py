"""`ports.RegisterStore` in PostgreSQL: points, their secrets, records, device keys and grants."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    cast,
    delete,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from sunfair.errors import Fault, InputError, ServiceMissing
from sunfair.ports.registry import ImportProgress
from sunfair.registry import FUELS
from sunfair.registry.batch_tree import CHUNK, Batch
from sunfair.registry.records import SealedRecord
from sunfair.registry.register import Binding, Grant, LineFault, NewPoints, Party, Role, StoredPoint
from sunfair.registry.switching import Sector
from sunfair.store.database import among, copy_rows
from sunfair.store.register.assets import binding_row
from sunfair.store.register.copying import copied, copy_points
from sunfair.store.tables import (
    ASSETS,
    BATCHES,
    BINDINGS,
    GRANTS,
    IMPORT_FAULTS,
    IMPORTS,
    NOTICES,
    PARTIES,
    POINTS,
    RECORDS,
    SETTINGS,
    SWITCHES,
)

__all__ = ["RegisterRepository"]

_BLOCK = 65_536

_PATIENCE = 120
"""Seconds that an erasure waits for transactions that began before it."""


class RegisterRepository:
    """The register behind an engine; every call is a transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_doubtful = False

    # ── Parties ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def put_party(self, party: Party) -> None:
        """Keep a party, or what it is now; InputError if another has its name."""
        values = {"address": party.address, "name": party.name, "roles": int(party.roles)}
        with self._engine.begin() as connection:
            named = select(PARTIES.c.address).where(PARTIES.c.name == party.name, PARTIES.c.address != party.address)
            if connection.scalar(named) is not None:
                raise InputError("the party cannot be kept", [Fault("name", f"another party is named {party.name!r}")])
            kept = insert(PARTIES).values(values)
            connection.execute(kept.on_conflict_do_update(index_elements=["address"], set_=values))

    def parties(self) -> list[Party]:
        """All parties, by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(PARTIES).order_by(PARTIES.c.name)).all()
        return [Party(bytes(row.address), row.name, Role(row.roles)) for row in rows]

    def setting(self, name: str, value: bytes) -> bytes:
        """What a setting is; it becomes `value` if there is none yet."""
        with self._engine.begin() as connection:
            connection.execute(insert(SETTINGS).values(name=name, value=value).on_conflict_do_nothing())
            return bytes(connection.scalar(select(SETTINGS.c.value).where(SETTINGS.c.name == name)) or b"")

    # ── Points in bulk ────────────────────────────────────────────────────────────────────────────────────────────────

    def progress(self, source: bytes) -> ImportProgress:
        """How far a file has been taken in."""
        with self._engine.connect() as connection:
            row = connection.execute(select(IMPORTS).where(IMPORTS.c.source == source)).one_or_none()
        if row is None:
            return ImportProgress(source)
        return ImportProgress(source, row.rows_done, row.points, row.faults, row.finished)

    def held(self, points: Sequence[bytes]) -> set[bytes]:
        """Which of these points the register holds."""
        with self._engine.connect() as connection:
            return _held(connection, points)

    def hanging(self, marks: Sequence[bytes]) -> set[bytes]:
        """Which of these meters hang at a point now."""
        with self._engine.connect() as connection:
            return _hanging(connection, marks)

    def put_points(
        self, points: NewPoints, faults: Sequence[LineFault], progress: ImportProgress, now: datetime
    ) -> ImportProgress:
        """Keep a block of points, its faults and how far their file has come; returns that."""
        with self._engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('register points'))"))
            # Looking up every point costs a tenth of it all, and next to none is held: the keys tell. After a block in
            # which one was, the next is looked up before it is copied.
            again: list[LineFault] = []
            if self._is_doubtful or not copied(connection, points, progress.source, now):
                again = _conflicts(connection, points)
                self._is_doubtful = bool(again)
                wrong = [fault.line for fault in again]
                points = points.only(~np.isin(points.places, wrong))
                copy_points(connection, points, progress.source, now)
            _copy_faults(connection, [*faults, *again], progress.source)
            kept = replace(
                progress, points=progress.points + len(points), faults=progress.faults + len(faults) + len(again)
            )
            state = {"rows_done": kept.rows_done, "points": kept.points, "faults": kept.faults}
            values = insert(IMPORTS).values(source=kept.source, finished=kept.finished, **state)
            connection.execute(values.on_conflict_do_update(index_elements=["source"], set_=state))
        return kept

    def faults(self, source: bytes) -> Iterator[LineFault]:
        """What was wrong with a file, in order of its lines."""
        table = IMPORT_FAULTS
        found = select(table).where(table.c.source == source).order_by(table.c.line, table.c.number)
        with self._engine.connect() as connection:
            rows = connection.execution_options(stream_results=True, max_row_buffer=_BLOCK).execute(found)
            for row in rows:
                yield LineFault(row.line, row.place, row.what, row.mend)

    def leaves(self, source: bytes) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
        """Commitment ‖ nullifier of a file's points in their order, and their places."""
        with self._engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            last = -1
            while block := _leaf_block(connection, source, last):
                pairs, places = block
                last = int(places[-1])
                yield pairs, places

    def put_batch(self, source: bytes, batch: Batch, starts: NDArray[np.int64], registrar: bytes, now: datetime) -> int:
        """Keep the batch of a file's points; its number follows the last one's."""
        with self._engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('register batches'))"))
            number = int(connection.scalar(select(func.coalesce(func.max(BATCHES.c.number) + 1, 0))) or 0)
            made = {"root": batch.root, "points": batch.count, "tops": batch.tops.tobytes()}
            laid = {"starts": starts.astype("<i8").tobytes(), "source": source, "registrar": registrar}
            connection.execute(BATCHES.insert().values(number=number, made_at=now, **made, **laid))
            connection.execute(update(IMPORTS).where(IMPORTS.c.source == source).values(finished=True))
        return number

    def batches(self) -> list[tuple[int, bytes, int, bytes]]:
        """Every batch: number, root, points, registrar."""
        columns = (BATCHES.c.number, BATCHES.c.root, BATCHES.c.points, BATCHES.c.registrar)
        with self._engine.connect() as connection:
            rows = connection.execute(select(*columns).order_by(BATCHES.c.number)).all()
        return [(row[0], bytes(row[1]), row[2], bytes(row[3])) for row in rows]

    def batch_sources(self) -> list[tuple[int, bytes, bytes, int]]:
        """Every batch: number, the file it was made of, root, points."""
        columns = (BATCHES.c.number, BATCHES.c.source, BATCHES.c.root, BATCHES.c.points)
        with self._engine.connect() as connection:
            rows = connection.execute(select(*columns).order_by(BATCHES.c.number)).all()
        return [(row[0], bytes(row[1]), bytes(row[2]), row[3]) for row in rows]

    def place_in_batch(self, point: bytes) -> tuple[int, Batch, int, NDArray[np.uint8]] | None:
        """The point's batch, its index there, and the leaves of its subtree."""
        found = self.point(point)
        with self._engine.connect() as connection:
            held = select(BATCHES).where(BATCHES.c.source == (b"" if found is None else found.source))
            row = connection.execute(held).one_or_none()
            if row is None or found is None:
                return None
            starts = np.frombuffer(row.starts, "<i8")
            chunk = int(np.searchsorted(starts, found.place, "right")) - 1
            beside = (POINTS.c.source == found.source) & (POINTS.c.place >= int(starts[chunk]))
            columns = (POINTS.c.commitment, POINTS.c.id, POINTS.c.place)
            rows = connection.execute(select(*columns).where(beside).order_by(POINTS.c.place).limit(CHUNK)).all()
        batch = Batch(row.points, np.frombuffer(row.tops, np.uint8).reshape(-1, 32))
        index = chunk * CHUNK + [each.place for each in rows].index(found.place)
        return row.number, batch, index, _pairs(rows)

    # ── One point ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def point(self, point: bytes) -> StoredPoint | None:
        """A point, None if there is none."""
        with self._engine.connect() as connection:
            row = connection.execute(select(POINTS).where(POINTS.c.id == point)).one_or_none()
        if row is None:
            return None
        return StoredPoint(
            bytes(row.id),
            bytes(row.commitment),
            row.country,
            FUELS[row.fuel - 1],
            Sector(row.sector),
            bytes(row.owner),
            row.owner_since,
            bytes(row.source),
            row.place,
        )

    def salt(self, point: bytes) -> bytes | None:
        """What opens a point's commitment and, with the registrar's secret, its record."""
        with self._engine.connect() as connection:
            salt = connection.scalar(select(RECORDS.c.salt).where(RECORDS.c.point == point))
        return None if salt is None else bytes(salt)

    def record(self, point: bytes) -> SealedRecord | None:
        """A point's sealed record."""
        with self._engine.connect() as connection:
            row = connection.execute(select(RECORDS).where(RECORDS.c.point == point)).one_or_none()
        return None if row is None else SealedRecord(row.open, bytes(row.granted), bytes(row.private))

    def bindings(self, point: bytes) -> list[Binding]:
        """A point's device keys, in order of time."""
        held = select(BINDINGS).where(BINDINGS.c.point == point).order_by(BINDINGS.c.since)
        with self._engine.connect() as connection:
            rows = connection.execute(held).all()
        return [
            Binding(bytes(row.point), row.since, bytes(row.device), row.import_wh, row.export_wh, row.known_at)
            for row in rows
        ]

    def points_of_device(self, device: bytes) -> list[bytes]:
        """The points a key ever measured."""
        with self._engine.connect() as connection:
            found = connection.scalars(select(BINDINGS.c.point).where(BINDINGS.c.device == device).distinct())
            return [bytes(each) for each in found]

    def put_binding(self, binding: Binding, replaced: Binding | None = None) -> None:
        """Keep a device key of a point, in the place of one that lay ahead if it replaces that."""
        with self._engine.begin() as connection:
            if replaced is not None:
                ahead = (BINDINGS.c.point == replaced.point) & (BINDINGS.c.since == replaced.since)
                connection.execute(delete(BINDINGS).where(ahead))
            connection.execute(BINDINGS.insert().values(binding_row(binding)))

    def put_owner(self, point: bytes, owner: bytes, since: datetime) -> None:
        """Another customer; grants of the one before end."""
        with self._engine.begin() as connection:
            connection.execute(update(POINTS).where(POINTS.c.id == point).values(owner=owner, owner_since=since))
            lasting = (GRANTS.c.until.is_(None)) | (GRANTS.c.until > since)
            connection.execute(update(GRANTS).where(GRANTS.c.point == point, lasting).values(until=since))

    def put_related(self, points: Sequence[bytes]) -> None:
        """From now on these points switch together, and with none they did before."""
        with self._engine.begin() as connection:
            held = select(POINTS.c.related).where(among(POINTS.c.id, points))
            before = {bytes(other) for related in connection.scalars(held) for other in related} - set(points)
            for left in sorted(before):
                kept: ColumnElement[Any] = POINTS.c.related
                for point in points:
                    kept = func.array_remove(kept, cast(point, LargeBinary))
                connection.execute(update(POINTS).where(POINTS.c.id == left).values(related=kept))
            for point in sorted(points):
                others = [other for other in points if other != point]
                connection.execute(update(POINTS).where(POINTS.c.id == point).values(related=others))

    def put_grant(self, grant: Grant) -> None:
        """Keep a grant, or its end."""
        values = {"point": grant.point, "reader": grant.reader, "field": grant.field, "since": grant.since}
        kept = insert(GRANTS).values(**values, until=grant.until)
        with self._engine.begin() as connection:
            connection.execute(kept.on_conflict_do_update(index_elements=list(values), set_={"until": grant.until}))

    def grants(self, point: bytes) -> list[Grant]:
        """All grants of a point."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(GRANTS).where(GRANTS.c.point == point).order_by(GRANTS.c.since)).all()
        return [Grant(bytes(row.point), bytes(row.reader), row.field, row.since, row.until) for row in rows]

    def erase(self, point: bytes) -> None:
        """Delete a point's salt, record, meters and grants, forget its owner; then rewrite the tables they stood in.

        A deleted row stays in its table's file until that is rewritten with nobody looking who began before: that is
        waited for. ServiceMissing if somebody looks for longer than two minutes.
        """
        nobody = {"owner": bytes(20), "related": []}
        switched = select(SWITCHES.c.id).where(SWITCHES.c.point == point)
        with self._engine.begin() as connection:
            erased: str = connection.scalar(text("SELECT pg_current_xact_id()::xid::text"))
            for table in (RECORDS, GRANTS, BINDINGS, ASSETS):
                connection.execute(delete(table).where(table.c.point == point))
            connection.execute(update(POINTS).where(POINTS.c.id == point).values(nobody))
            told = update(NOTICES).where(NOTICES.c.switch.in_(switched))
            connection.execute(told.values(customer=bytes(20), signature=b""))
            connection.execute(update(SWITCHES).where(SWITCHES.c.point == point).values(signature=b""))
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            _until_unseen(connection, erased)
            for table in (RECORDS, GRANTS, BINDINGS, ASSETS, NOTICES, SWITCHES, POINTS):
                connection.execute(text(f'VACUUM FULL "{table.name}"'))
            connection.execute(text("CHECKPOINT"))


def _until_unseen(connection: Connection, erased: str) -> None:
    """Wait until no transaction of this database began before `erased` was over: VACUUM keeps what those may still see.

    An automatic ANALYZE is such a transaction, too.
    """
    seen = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND "
        "(age(backend_xmin) >= age(CAST(:erased AS xid)) OR age(backend_xid) >= age(CAST(:erased AS xid)))"
    )
    end = time.monotonic() + _PATIENCE
    while connection.scalar(seen, {"erased": erased}):
        if time.monotonic() > end:
            what = f"a transaction has been open on this database for {_PATIENCE} s and may still see what was erased"
            raise ServiceMissing(f"{what}; end it, then run VACUUM FULL: until then the deleted rows stay in the files")
        time.sleep(0.05)


def _copy_faults(connection: Connection, faults: Sequence[LineFault], source: bytes) -> None:
    number: dict[int, int] = {}
    rows = []
    for fault in faults:
        number[fault.line] = number.get(fault.line, -1) + 1
        rows.append((source, fault.line, number[fault.line], fault.place, fault.what, fault.mend))
    copy_rows(connection, IMPORT_FAULTS, list(IMPORT_FAULTS.c.keys()), rows)


def _conflicts(connection: Connection, points: NewPoints) -> list[LineFault]:
    """Faults of points that the register holds, and of those whose meter hangs at another point."""
    ids, places = points.id_list(), points.places.tolist()
    held, hung = _held(connection, ids), _hanging(connection, [asset.mark for asset in points.assets])
    place_of = dict(zip(ids, places, strict=True))
    again = [LineFault(place_of[each], "id", "the register holds this point already") for each in ids if each in held]
    what, mend = "a meter of this number hangs at another point", "write its maker before it"
    again += [
        LineFault(place_of[asset.point], "serial", what, mend)
        for asset in points.assets
        if asset.mark in hung and asset.point not in held
    ]
    return again


def _hanging(connection: Connection, marks: Sequence[bytes]) -> set[bytes]:
    if not marks:
        return set()
    known = select(ASSETS.c.mark).where(among(ASSETS.c.mark, marks), ASSETS.c.until.is_(None))
    return {bytes(each) for each in connection.scalars(known)}


def _held(connection: Connection, points: Sequence[bytes]) -> set[bytes]:
    known = select(POINTS.c.id).where(among(POINTS.c.id, points))
    return {bytes(each) for each in connection.scalars(known)}


def _leaf_block(
    connection: Connection, source: bytes, after: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
    """The next points of a file behind a place, put together by the database: a row of each would cost more."""
    found = (
        select(POINTS.c.commitment, POINTS.c.id, POINTS.c.place)
        .where(POINTS.c.source == source, POINTS.c.place > after)
        .order_by(POINTS.c.place)
        .limit(_BLOCK)
        .subquery()
    )
    pair, place = found.c.commitment.op("||")(found.c.id), func.int8send(found.c.place)
    joined = [func.string_agg(each, aggregate_order_by(literal(b""), found.c.place)) for each in (pair, place)]
    row = connection.execute(select(*joined)).one()
    if row[0] is None:
        return None
    pairs = np.frombuffer(bytes(row[0]), np.uint8).reshape(-1, 64)
    return pairs, np.frombuffer(bytes(row[1]), ">i8").astype(np.int64)


def _pairs(rows: Iterable[Any]) -> NDArray[np.uint8]:
    block = b"".join(bytes(row[0]) + bytes(row[1]) for row in rows)
    return np.frombuffer(block, np.uint8).reshape(-1, 64)
