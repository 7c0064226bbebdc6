"""`ports.SwitchStore` in PostgreSQL: a unit of work locks its points, loads them, and saves what changed."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Engine, Row, func, or_, select

from sunfair.registry import FUELS
from sunfair.registry.switching import (
    OPEN,
    ChangeReading,
    Notice,
    Request,
    Sector,
    Supply,
    SupplyPoint,
    Switch,
    SwitchKind,
    SwitchState,
)
from sunfair.store.database import among, copy_rows
from sunfair.store.tables import NOTICES, POINTS, SUPPLIES, SWITCHES

__all__ = ["SwitchRepository"]

_KINDS = {int(each): each for each in SwitchKind}
_STATES = {int(each): each for each in SwitchState}
_OPEN = [int(state) for state in sorted(OPEN)]
_NOTICE_COLUMNS = ("switch", "number", "state", "at", "gainer", "loser", "customer", "signature")


class SwitchRepository:
    """Switches and supplies behind an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def open_case(self, points: Collection[bytes], consents: Collection[bytes] = ()) -> Iterator["_Case"]:
        """Lock points and load them with their switches; one transaction."""
        with self._engine.begin() as connection:
            # Locked in one order, so that two units of work never wait for each other.
            locked = select(POINTS).where(among(POINTS.c.id, points)).order_by(POINTS.c.id)
            rows = connection.execute(locked.with_for_update()).all()
            yield _Case(connection, rows, list(consents))

    def points_of(self, switches: Collection[bytes]) -> list[bytes]:
        """The points of some switches and of those bundled with them."""
        own = among(SWITCHES.c.id, switches)
        bundles = select(SWITCHES.c.bundle).where(own, SWITCHES.c.bundle != b"")
        beside = (SWITCHES.c.bundle != b"") & SWITCHES.c.bundle.in_(bundles)
        # Two selects: either finds its rows by an index, an OR of them would read the whole table.
        found = select(SWITCHES.c.point).where(own).union(select(SWITCHES.c.point).where(beside))
        with self._engine.connect() as connection:
            return [bytes(point) for point in connection.scalars(found)]

    def known(self, switches: Sequence[bytes]) -> set[bytes]:
        """Which of these there are already."""
        with self._engine.connect() as connection:
            found = connection.scalars(select(SWITCHES.c.id).where(among(SWITCHES.c.id, switches)))
            return {bytes(each) for each in found}

    def due(self, now: datetime, limit: int) -> list[bytes]:
        """Points of which a switch has something to do by `now`, those of one bundle together."""
        waiting = or_(
            (SWITCHES.c.state == SwitchState.VALIDATED) & (SWITCHES.c.objection_ends <= now),
            (SWITCHES.c.state == SwitchState.CONFIRMED) & (SWITCHES.c.gate_closes <= now),
            (SWITCHES.c.state == SwitchState.SECURED) & (SWITCHES.c.starts <= now),
        )
        first = select(SWITCHES.c.id).where(SWITCHES.c.state.in_(_OPEN), waiting).order_by(SWITCHES.c.starts)
        with self._engine.connect() as connection:
            ids = [bytes(each) for each in connection.scalars(first.limit(limit))]
        return self.points_of(ids)

    def switches(self, point: bytes) -> list[Switch]:
        """All switches of a point, in order of submission."""
        found = select(SWITCHES).where(SWITCHES.c.point == point).order_by(SWITCHES.c.submitted, SWITCHES.c.id)
        with self._engine.connect() as connection:
            return [_switch(row) for row in connection.execute(found).all()]

    def notices(self, switch: bytes) -> list[tuple[Notice, bytes]]:
        """What was told of a switch, with its signatures."""
        told = select(NOTICES).where(NOTICES.c.switch == switch).order_by(NOTICES.c.number)
        with self._engine.connect() as connection:
            rows = connection.execute(told).all()
        return [(_notice(row), bytes(row.signature)) for row in rows]

    def reported(self) -> list[bytes]:
        """Points of which a switch was ever reported."""
        found = select(SWITCHES.c.point).where(SWITCHES.c.return_by.is_not(None)).distinct().order_by(SWITCHES.c.point)
        with self._engine.connect() as connection:
            return [bytes(each) for each in connection.scalars(found)]

    def broken_supplies(self) -> list[bytes]:
        """Points whose supplies do not abut, or whose last one is not open."""
        after = func.lead(SUPPLIES.c.starts).over(partition_by=SUPPLIES.c.point, order_by=SUPPLIES.c.starts)
        told = select(SUPPLIES.c.point, SUPPLIES.c.ends, after.label("next")).subquery()
        broken = select(told.c.point).where(told.c.ends.is_distinct_from(told.c.next)).distinct()
        with self._engine.connect() as connection:
            return [bytes(each) for each in connection.scalars(broken.order_by(told.c.point))]

    def all_notices(self) -> Iterator[tuple[Notice, bytes]]:
        """Every notice with its signature."""
        told = select(NOTICES).order_by(NOTICES.c.switch, NOTICES.c.number)
        with self._engine.connect() as connection:
            for row in connection.execution_options(stream_results=True, max_row_buffer=10_000).execute(told):
                yield _notice(row), bytes(row.signature)

    def supplies(self, point: bytes) -> SupplyPoint | None:
        """A point with its suppliers; None if there is none."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(POINTS).where(POINTS.c.id == point)).all()
            found = _points(connection, rows)
        return found[0] if found else None


class _Case:
    """`ports.OpenCase` on a connection."""

    def __init__(self, connection: Connection, rows: Sequence[Row[Any]], consents: Sequence[bytes]) -> None:
        self._connection = connection
        self.points = _points(connection, rows)
        ids = [point.id for point in self.points]
        began = [supply.switch for point in self.points for supply in point.supplies[-1:] if supply.switch]
        self.switches = [_switch(row) for row in connection.execute(_relevant(ids, [*began, *consents])).all()]
        told = select(NOTICES.c.switch, func.count()).where(among(NOTICES.c.switch, [s.id for s in self.switches]))
        self.told = {bytes(row[0]): int(row[1]) for row in connection.execute(told.group_by(NOTICES.c.switch)).all()}

    def save(
        self, points: Sequence[SupplyPoint], switches: Sequence[Switch], notices: Sequence[tuple[Notice, bytes]]
    ) -> None:
        """Keep what changed."""
        known = {switch.id for switch in self.switches}
        fresh = [_row(switch) for switch in switches if switch.id not in known]
        copy_rows(self._connection, SWITCHES, list(SWITCHES.c.keys()), [tuple(row.values()) for row in fresh])
        self._update([switch for switch in switches if switch.id in known])
        self._supply(points)
        copy_rows(
            self._connection,
            NOTICES,
            _NOTICE_COLUMNS,
            ((n.switch, n.number, n.state, n.at, *n.recipients, signature) for n, signature in notices),
        )

    def _update(self, switches: Sequence[Switch]) -> None:
        """Write states, return limits and readings of known switches in one statement."""
        if not switches:
            return
        columns = itemgetter("id", "state", "since", "return_by", "reading", "estimated")
        self._many(
            "UPDATE switches SET state = n.state, since = n.since, return_by = n.return_by, reading = n.reading, "
            "estimated = n.estimated FROM unnest(%b::bytea[], %b::smallint[], %b::timestamptz[], %b::timestamptz[], "
            "%b::bigint[], %b::boolean[]) AS n(id, state, since, return_by, reading, estimated) "
            "WHERE switches.id = n.id",
            [columns(_row(switch)) for switch in switches],
        )

    def _supply(self, points: Sequence[SupplyPoint]) -> None:
        """End the supplies that ended, begin those that began."""
        rows = [(p.id, s.starts, s.ends, s.supplier, s.switch) for p in points for s in p.supplies]
        # Ended ones first: a point has one open supply at any instant, also within this transaction.
        for part in ([row for row in rows if row[2]], [row for row in rows if not row[2]]):
            if part:
                self._many(
                    "INSERT INTO supplies (point, starts, ends, supplier, switch) SELECT * FROM unnest(%b::bytea[], "
                    "%b::timestamptz[], %b::timestamptz[], %b::bytea[], %b::bytea[]) "
                    "ON CONFLICT (point, starts) DO UPDATE SET ends = excluded.ends",
                    part,
                )

    def _many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """One statement for many rows, which it takes as one array a column: a statement each would cost more."""
        cursor = self._connection.connection.cursor()
        cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])
        cursor.close()


def _relevant(points: Sequence[bytes], named: Sequence[bytes]) -> CompoundSelect[Any]:
    """The open switches of points, and those that are named."""
    under_way = select(SWITCHES).where(among(SWITCHES.c.point, points), SWITCHES.c.state.in_(_OPEN))
    return under_way.union(select(SWITCHES).where(among(SWITCHES.c.id, named)))


def _points(connection: Connection, rows: Sequence[Row[Any]]) -> list[SupplyPoint]:
    ids = [row.id for row in rows]
    held = select(SUPPLIES).where(among(SUPPLIES.c.point, ids)).order_by(SUPPLIES.c.point, SUPPLIES.c.starts)
    supplies: dict[bytes, list[Supply]] = {}
    for row in connection.execute(held).all():
        switch = None if row.switch is None else bytes(row.switch)
        supplies.setdefault(bytes(row.point), []).append(Supply(bytes(row.supplier), row.starts, row.ends, switch))
    return [
        SupplyPoint(
            bytes(row.id),
            row.country,
            FUELS[row.fuel - 1],
            Sector(row.sector),
            bytes(row.owner),
            row.owner_since,
            tuple(supplies.get(bytes(row.id), ())),
            frozenset(bytes(each) for each in row.related),
        )
        for row in rows
    ]


def _row(switch: Switch) -> dict[str, Any]:
    """A switch as a row, columns in the table's order."""
    request, reading = switch.request, switch.reading
    return {
        "id": switch.id,
        "point": request.point,
        "gainer": request.gainer,
        "loser": switch.loser,
        "kind": int(request.kind),
        "start": request.start,
        "nonce": request.nonce,
        "signature": request.signature,
        "bundle": switch.bundle,
        "state": int(switch.state),
        "since": switch.since,
        "submitted": switch.submitted,
        "objection_ends": switch.objection_ends,
        "gate_closes": switch.gate_closes,
        "starts": switch.starts,
        "reasons": list(switch.reasons),
        "return_by": switch.return_by,
        "reading": None if reading is None else reading.register_wh,
        "estimated": None if reading is None else reading.estimated,
    }


def _switch(row: Row[Any]) -> Switch:
    request = Request(bytes(row.point), bytes(row.gainer), _KINDS[row.kind], row.start, row.nonce, bytes(row.signature))
    return Switch(
        bytes(row.id),
        request,
        bytes(row.loser),
        bytes(row.bundle),
        _STATES[row.state],
        row.since,
        row.submitted,
        row.objection_ends,
        row.gate_closes,
        row.starts,
        tuple(row.reasons),
        row.return_by,
        None if row.reading is None else ChangeReading(row.reading, row.estimated),
    )


def _notice(row: Row[Any]) -> Notice:
    parties = bytes(row.gainer), bytes(row.loser), bytes(row.customer)
    return Notice(bytes(row.switch), row.number, _STATES[row.state], row.at, *parties)
