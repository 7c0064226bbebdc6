"""Alembic's entry: migrations run on the connection that `sunfair.store.database.migrate` gives, in its transaction."""

from alembic import context

from sunfair.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
