"""The migrations lead to the tables that the code knows, and may run any number of times."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from sunfair.store import migrate
from sunfair.store.tables import METADATA


def test_the_migrations_give_exactly_the_tables_of_the_code(database: Engine) -> None:
    migrate(database)
    with database.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
