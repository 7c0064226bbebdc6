"""Deleting what was written for people, some rows at a time."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, text

__all__ = ["prune"]

_OPEN = "SELECT FROM charge_sessions AS session WHERE session.point = old.point AND session.state <> 'SETTLED'"
_OLD = {
    "samples": (
        "charge_samples",
        'old."at" < :before AND NOT EXISTS (SELECT FROM charge_sessions AS session WHERE session.point = old.point '
        "AND session.transaction = old.transaction AND (session.state <> 'SETTLED' "
        "OR greatest(session.ended, session.unplugged, session.known_at) >= :before))",
    ),
    "notes": ("charge_notes", f'old."at" < :before AND NOT EXISTS ({_OPEN} AND session.began <= old."at")'),
    "commands": (
        "charge_commands",
        f"old.until < :before AND old.state NOT IN ('waiting', 'taken') AND NOT EXISTS ({_OPEN})",
    ),
    # The line that was in force at that instant stays: each is until the next.
    "outlooks": (
        "charge_outlook",
        'old."begin" < (SELECT max(kept."begin") FROM charge_outlook AS kept '
        'WHERE kept.site = old.site AND kept."begin" <= :before)',
    ),
}
_STATEMENTS = {
    name: text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT old.ctid FROM {table} AS old WHERE {which} LIMIT :most))"
    )
    for name, (table, which) in _OLD.items()
}


def prune(connection: Connection, before: datetime, most: int) -> Mapping[str, int]:
    """Delete at most so many rows of each kind from before an instant; how many of each."""
    values = {"before": before, "most": most}
    return {name: connection.execute(statement, values).rowcount for name, statement in _STATEMENTS.items()}
