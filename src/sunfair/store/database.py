"""The engine, the schema's version, and COPY: what every repository of this room stands on."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any
from uuid import uuid4

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    Table,
    cast,
    create_engine,
    func,
    literal,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import OperationalError, ProgrammingError

from sunfair.errors import ServiceMissing
from sunfair.store.server import database_url

__all__ = ["among", "copy_binary", "copy_rows", "migrate", "open_database", "temporary_database"]

_MIGRATION_LOCK = 0x5EFA


def open_database(url: str) -> Engine:
    """An engine on a migrated database; ServiceMissing if there is no server at this address."""
    engine = create_engine(url, pool_pre_ping=True, connect_args={"options": "-c timezone=UTC"})
    try:
        migrate(engine)
    except OperationalError as error:
        engine.dispose()
        place = engine.url.render_as_string(hide_password=True)
        reason = str(error.orig).splitlines()[0]
        raise ServiceMissing(f"no PostgreSQL answers at {place}: {reason}; look at DATABASE_URL") from error
    return engine


@contextmanager
def temporary_database() -> Iterator[Engine]:
    """A fresh database on the server of `DATABASE_URL`, or on the embedded one; it is dropped at the end."""
    base, name = make_url(database_url()), f"sunfair_{uuid4().hex}"
    _statement(base, f"CREATE DATABASE {name}")
    engine = open_database(base.set(database=name).render_as_string(hide_password=False))
    try:
        yield engine
    finally:
        engine.dispose()
        _statement(base, f"DROP DATABASE {name} WITH (FORCE)")


def _statement(server: URL, statement: str) -> None:
    """One statement outside any transaction."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    except (OperationalError, ProgrammingError) as error:
        reason = str(error.orig).splitlines()[0]
        raise ServiceMissing(f"no database can be made for this: {reason}; look at DATABASE_URL") from error
    finally:
        engine.dispose()


def migrate(engine: Engine) -> None:
    """Bring the schema to this version's, one process at a time; nothing happens where it stands there."""
    config = Config()
    config.set_main_option("script_location", str(files("sunfair.store").joinpath("migrations")))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def among(column: ColumnElement[bytes], ids: Collection[bytes]) -> ColumnElement[bool]:
    """Whether a column of 32-byte ids is one of these: sent as one value, as arrays of many are slow to write."""
    place: ColumnElement[int] = func.generate_series(0, len(ids) - 1).column_valued("place")
    cut = func.substring(cast(literal(b"".join(ids)), LargeBinary), 1 + 32 * place, 32)
    return column.in_(select(cut))


def copy_binary(connection: Connection, table: Table, columns: Sequence[str], data: bytes) -> None:
    """COPY rows that are written out in COPY's binary format (`sunfair.store.binary`): for rows by the million."""
    names = ", ".join(f'"{column}"' for column in columns)
    cursor = connection.connection.cursor()
    with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)') as copy:
        copy.write(data)
    cursor.close()


def copy_rows(connection: Connection, table: Table | str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """COPY rows of Python values into a table; returns their number. Part of the connection's transaction."""
    name = table if isinstance(table, str) else table.name
    names = ", ".join(f'"{column}"' for column in columns)
    cursor = connection.connection.cursor()
    count = 0
    with cursor.copy(f'COPY "{name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    cursor.close()
    return count
