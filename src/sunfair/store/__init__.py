"""PostgreSQL: what the market knows for good. Only this room speaks SQL."""

from sunfair.store import charging_tables as charging_tables  # all tables are known before any migration
from sunfair.store import roaming as roaming
from sunfair.store.database import migrate, open_database, temporary_database
from sunfair.store.server import data_folder, database_url, start_server

__all__ = ["data_folder", "database_url", "migrate", "open_database", "start_server", "temporary_database"]
