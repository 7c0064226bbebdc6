"""A real PostgreSQL: one server for the whole run, a database of its own for every test."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from sunfair.errors import ServiceMissing
from sunfair.store import open_database, start_server


@pytest.fixture(scope="session")
def server(testrun_uid: str, missing) -> str:
    """Address of the server that all workers share; its folder goes with the last of them."""
    try:  # the folder holds a socket, whose whole path has about a hundred characters at most
        return start_server(Path(f"/tmp/sunfair-{testrun_uid[:16]}"), delete_at_end=True)
    except ServiceMissing:
        missing("PostgreSQL")
        raise


@pytest.fixture(scope="session")
def template(server: str, worker_id: str) -> str:
    """A migrated database of this worker's, from which each test's is copied."""
    name = f"template_{worker_id}"
    _run(server, f"CREATE DATABASE {name}")
    open_database(_at(server, name)).dispose()
    return name


@pytest.fixture
def database(server: str, template: str) -> Iterator[Engine]:
    """An engine on a fresh, migrated database."""
    name = f"test_{uuid.uuid4().hex}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    engine = create_engine(_at(server, name), connect_args={"options": "-c timezone=UTC"})
    yield engine
    engine.dispose()
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


def _at(server: str, name: str) -> str:
    head, tail = server.split("/postgres?", 1)
    return f"{head}/{name}?{tail}"


def _run(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
