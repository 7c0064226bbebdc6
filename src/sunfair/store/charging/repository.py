"""`ports.ChargingStore` in PostgreSQL: one transaction a book, what comes in floods is written in bulk at its end."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import Select

from sunfair.charging import BookingState
from sunfair.ports.charge_points import (
    Booked,
    ChargePoint,
    Connector,
    Note,
    Outlook,
    Sample,
    Session,
    SessionState,
    Tag,
)
from sunfair.store.charging.commands import CommandPages
from sunfair.store.charging.pruning import prune
from sunfair.store.charging_tables import (
    CHARGE_BOOKINGS,
    CHARGE_CONNECTORS,
    CHARGE_NOTES,
    CHARGE_OUTLOOK,
    CHARGE_POINTS,
    CHARGE_TAGS,
)

__all__ = ["ChargingRepository"]

_LOCK = 0x0CC9
_POINT_FIELDS = tuple(each.name for each in fields(ChargePoint))
_SESSION_FIELDS = tuple(each.name for each in fields(Session))


class ChargingRepository:
    """The records behind an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def open_book(self) -> Iterator["_Book"]:
        """One transaction."""
        with self._engine.begin() as connection:
            book = _Book(connection)
            yield book
            book.flush()

    @contextmanager
    def sole_keeper(self) -> Iterator[bool]:
        """Whether this process alone is the central system of the database; the lock dies with its connection."""
        with self._engine.connect() as connection:
            held = connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK})
            connection.commit()  # the lock belongs to the connection; an open transaction would hold back vacuum
            try:
                yield bool(held)
            finally:
                if held:
                    connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})


class _Book(CommandPages):
    """`ports.ChargingBook` on a connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._seen: dict[str, datetime] = {}
        self._samples: dict[tuple[str, str, datetime], Sample] = {}
        self._connectors: dict[tuple[str, int], Connector] = {}
        self._notes: list[Note] = []

    def flush(self) -> None:
        """Write what was gathered, a table in one statement each."""
        if self._seen:
            self._bulk(
                "UPDATE charge_points SET seen = greatest(seen, n.at) "
                "FROM unnest(%s::text[], %s::timestamptz[]) AS n(id, at) WHERE charge_points.id = n.id",
                [*zip(*self._seen.items(), strict=True)],
            )
        if self._samples:
            columns = [(s.point, s.transaction, s.at, s.register_wh) for s in self._samples.values()]
            self._bulk(
                'INSERT INTO charge_samples (point, transaction, "at", register_wh) '
                "SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::bigint[]) ON CONFLICT DO NOTHING",
                [*zip(*columns, strict=True)],
            )
        if self._connectors:
            rows = [(c.point, c.connector, c.status, c.error, c.since) for c in self._connectors.values()]
            self._bulk(
                "INSERT INTO charge_connectors AS kept (point, connector, status, error, since) SELECT * FROM "
                "unnest(%s::text[], %s::smallint[], %s::text[], %s::text[], %s::timestamptz[]) "
                "ON CONFLICT (point, connector) DO UPDATE SET status = excluded.status, error = excluded.error, "
                "since = excluded.since WHERE kept.since <= excluded.since",
                [*zip(*rows, strict=True)],
            )
        if self._notes:
            self._connection.execute(insert(CHARGE_NOTES), [asdict(note) for note in self._notes])
        self._seen, self._samples, self._connectors, self._notes = {}, {}, {}, []

    def _bulk(self, statement: str, columns: Sequence[Sequence[Any]]) -> None:
        cursor = self._connection.connection.cursor()
        cursor.execute(statement, [list(column) for column in columns])
        cursor.close()

    # ── Charge points ─────────────────────────────────────────────────────────────────────────────────────────────────

    def points(self) -> list[ChargePoint]:
        """All of them."""
        rows = self._connection.execute(select(CHARGE_POINTS).order_by(CHARGE_POINTS.c.id)).all()
        return [_point(row) for row in rows]

    def point(self, point: str) -> ChargePoint | None:
        """One of them."""
        row = self._connection.execute(_POINT_BY_ID, {"point": point}).one_or_none()
        return None if row is None else _point(row)

    def put_point(self, point: ChargePoint) -> None:
        """Keep it."""
        self._put(CHARGE_POINTS, asdict(point), ("id",))

    def seen(
        self, point: str, at: datetime, *, protocol: str | None = None, about: dict[str, Any] | None = None
    ) -> None:
        """It was heard of."""
        self._seen[point] = max(at, self._seen.get(point, at))
        values = {name: value for name, value in (("protocol", protocol), ("about", about)) if value is not None}
        if values:
            self._connection.execute(update(CHARGE_POINTS).where(CHARGE_POINTS.c.id == point).values(values))

    def last_seen(self) -> dict[str, tuple[datetime, str, dict[str, Any]]]:
        """When each was heard of."""
        self.flush()
        table = CHARGE_POINTS.c
        found = select(table.id, table.seen, table.protocol, table.about).where(table.seen.is_not(None))
        return {row.id: (row.seen, row.protocol, row.about) for row in self._connection.execute(found).all()}

    def put_connector(self, connector: Connector) -> None:
        """What it said."""
        key = connector.point, connector.connector
        kept = self._connectors.get(key)
        if kept is None or kept.since <= connector.since:
            self._connectors[key] = connector

    def connectors(self, point: str | None = None) -> list[Connector]:
        """What was said."""
        self.flush()
        table = CHARGE_CONNECTORS
        found = _of(select(table).order_by(table.c.point, table.c.connector), table, point)
        return [Connector(*row) for row in self._connection.execute(found).all()]

    # ── Tags and bookings ─────────────────────────────────────────────────────────────────────────────────────────────

    def put_tag(self, tag: Tag) -> None:
        """Keep a tag."""
        self._put(CHARGE_TAGS, {"key": tag.id.lower(), **asdict(tag)}, ("key",))

    def tag(self, tag: str) -> Tag | None:
        """One tag."""
        row = self._connection.execute(_TAG_BY_KEY, {"key": tag.lower()}).one_or_none()
        return None if row is None else Tag(row.id, row.group, row.until, row.blocked)

    def put_booking(self, booking: Booked) -> None:
        """Keep a booking."""
        self._put(CHARGE_BOOKINGS, {**asdict(booking), "state": booking.state.name}, ("number",))

    def booking(self, number: int) -> Booked | None:
        """One booking."""
        row = self._connection.execute(select(CHARGE_BOOKINGS).where(CHARGE_BOOKINGS.c.number == number)).one_or_none()
        return None if row is None else _booking(row)

    def next_booking(self) -> int:
        """A fresh number."""
        return int(self._connection.scalar(_NEXT_BOOKING) or 0)

    def bookings(self, begin: datetime, end: datetime, point: str | None = None) -> list[Booked]:
        """Live ones in a stretch of time."""
        found = _BOOKINGS if point is None else _BOOKINGS_OF
        rows = self._connection.execute(found, {"after": begin, "before": end, "of": point}).all()
        return [_booking(row) for row in rows]

    # ── Sessions ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def next_transaction(self) -> int:
        """A fresh number."""
        return int(self._connection.scalar(_NEXT) or 0)

    def session(self, point: str, transaction: str) -> Session | None:
        """One session."""
        row = self._connection.execute(_SESSION_BY_KEY, {"of": point, "number": transaction}).one_or_none()
        return None if row is None else _session(row)

    def session_begun(self, point: str, connector: int, tag: str, told: datetime) -> Session | None:
        """One session by its beginning."""
        key = {"of": point, "at": connector, "by": tag, "when": told}
        row = self._connection.execute(_SESSION_BEGUN, key).first()
        return None if row is None else _session(row)

    def sessions(self, states: Collection[SessionState], point: str | None = None) -> list[Session]:
        """Sessions in states."""
        found = _SESSIONS if point is None else _SESSIONS_OF
        wanted = {"states": [str(state) for state in states], "of": point}
        return [_session(row) for row in self._connection.execute(found, wanted).all()]

    def overstays(self, due: datetime) -> list[Session]:
        """Cars that stay."""
        return [_session(row) for row in self._connection.execute(_OVERSTAYS, {"due": due}).all()]

    def page_used(self, point: str, page: int) -> bool:
        """Whether a page was there before."""
        return bool(self._connection.scalar(_PAGE_USED, {"of": point, "page": page}))

    def last_session(self, point: str, connector: int) -> Session | None:
        """The newest of a connector."""
        row = self._connection.execute(_LAST_SESSION, {"of": point, "at": connector}).first()
        return None if row is None else _session(row)

    def put_session(self, session: Session) -> None:
        """Keep a session."""
        values = {name: getattr(session, name) for name in _SESSION_FIELDS}
        values["doubts"] = list(session.doubts)
        self._connection.execute(_PUT_SESSION, values)

    def put_samples(self, samples: Sequence[Sample]) -> None:
        """Keep registers."""
        for sample in samples:
            self._samples.setdefault((sample.point, sample.transaction, sample.at), sample)

    # ── Notes and outlook ─────────────────────────────────────────────────────────────────────────────────────────────

    def note(self, note: Note) -> None:
        """Write down."""
        self._notes.append(note)

    def notes(self, point: str | None = None, limit: int = 100) -> list[Note]:
        """Newest first."""
        self.flush()
        table = CHARGE_NOTES
        found = select(table.c.point, table.c.at, table.c.kind, table.c.text).order_by(table.c.number.desc())
        return [Note(*row) for row in self._connection.execute(_of(found.limit(limit), table, point)).all()]

    def put_outlook(self, site: str, outlook: Sequence[Outlook]) -> None:
        """Keep what is expected."""
        for each in outlook:
            self._put(CHARGE_OUTLOOK, {"site": site, **asdict(each)}, ("site", "begin"))

    def outlook(self, site: str, begin: datetime, end: datetime) -> list[Outlook]:
        """What is expected."""
        table = CHARGE_OUTLOOK.c
        first = select(func.coalesce(func.max(table.begin), begin)).where(table.site == site, table.begin <= begin)
        stretch = select(table.begin, table.surplus_w, table.price).where(
            table.site == site, table.begin >= first.scalar_subquery(), table.begin < end
        )
        return [Outlook(*row) for row in self._connection.execute(stretch.order_by(table.begin)).all()]

    def prune(self, before: datetime, most: int) -> Mapping[str, int]:
        """Delete some of what is old."""
        return prune(self._connection, before, most)

    def _put(self, table: Table, values: dict[str, Any], key: Sequence[str]) -> None:
        rest = {name: value for name, value in values.items() if name not in key}
        kept = insert(table).values(values)
        self._connection.execute(kept.on_conflict_do_update(index_elements=list(key), set_=rest))


def _of(found: Select[Any], table: Table, point: str | None) -> Select[Any]:
    return found if point is None else found.where(table.c.point == point)


def _point(row: Any) -> ChargePoint:
    values = {name: getattr(row, name) for name in _POINT_FIELDS}
    return ChargePoint(**{**values, "secret": bytes(row.secret), "meter_key": bytes(row.meter_key)})


def _booking(row: Any) -> Booked:
    values = row._asdict()
    return Booked(**{**values, "id": bytes(row.id), "state": BookingState[row.state]})


def _session(row: Any) -> Session:
    values = row._asdict()
    return Session(**{**values, "state": SessionState(row.state), "doubts": tuple(row.doubts)})


# Statements of every message are made once: their text is then found in SQLAlchemy's cache without being built again.
_POINT_BY_ID = text("SELECT * FROM charge_points WHERE id = :point")
_TAG_BY_KEY = text('SELECT id, "group", until, blocked FROM charge_tags WHERE key = :key')
_NEXT_BOOKING = text("SELECT nextval('charge_reservations')")
_NEXT = text("SELECT nextval('charge_transactions')")
_STRETCH = (
    "SELECT * FROM charge_bookings WHERE state IN ('RESERVED', 'CHARGING') "
    'AND "end" > :after AND "begin" < :before {} ORDER BY "begin", number'
)
_BOOKINGS = text(_STRETCH.format(""))
_BOOKINGS_OF = text(_STRETCH.format("AND point = :of"))
_SESSION_BY_KEY = text("SELECT * FROM charge_sessions WHERE point = :of AND transaction = :number")
_SESSION_BEGUN = text(
    "SELECT * FROM charge_sessions WHERE point = :of AND connector = :at AND tag = :by AND told = :when"
)
_OVERSTAYS = text(
    "SELECT session.* FROM charge_bookings AS booking JOIN charge_sessions AS session ON session.point = booking.point "
    "AND session.booking = booking.number WHERE session.state = 'SETTLED' AND session.unplugged IS NULL "
    "AND session.ended > booking.\"begin\" - interval '1 day' "
    'AND booking."end" <= :due AND booking."end" > CAST(:due AS timestamptz) - interval \'1 day\''
)
_PAGE_USED = text("SELECT EXISTS (SELECT FROM charge_sessions WHERE point = :of AND page = :page)")
_LAST_SESSION = text("SELECT * FROM charge_sessions WHERE point = :of AND connector = :at ORDER BY began DESC LIMIT 1")
_SESSIONS = text("SELECT * FROM charge_sessions WHERE state = ANY(:states) ORDER BY began, point, transaction")
_SESSIONS_OF = text(
    "SELECT * FROM charge_sessions WHERE state = ANY(:states) AND point = :of ORDER BY began, transaction"
)
_PUT_SESSION = text(
    f"INSERT INTO charge_sessions ({', '.join(_SESSION_FIELDS)}) "
    f"VALUES ({', '.join(':' + name for name in _SESSION_FIELDS)}) ON CONFLICT (point, transaction) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _SESSION_FIELDS if name not in ("point", "transaction"))
)
