"""PostgreSQL: what the market knows for good. Only this room speaks SQL."""

from sunfair.store.database import migrate, open_database, temporary_database
from sunfair.store.server import data_folder, database_url, start_server

__all__ = ["data_folder", "database_url", "migrate", "open_database", "start_server", "temporary_database"]
