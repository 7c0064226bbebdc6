"""Tables of the charging network's central system; the values are those of `sunfair.ports.charge_points`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from sunfair.store.tables import METADATA

__all__ = [
    "CHARGE_BOOKINGS",
    "CHARGE_COMMANDS",
    "CHARGE_CONNECTORS",
    "CHARGE_NOTES",
    "CHARGE_OUTLOOK",
    "CHARGE_POINTS",
    "CHARGE_RESERVATIONS",
    "CHARGE_SAMPLES",
    "CHARGE_SESSIONS",
    "CHARGE_TAGS",
    "CHARGE_TRANSACTIONS",
]

_INSTANT = DateTime(timezone=True)


def _point(*, key: bool = False) -> Column[str]:
    return Column("point", Text, ForeignKey("charge_points.id"), primary_key=key, nullable=False)


CHARGE_TRANSACTIONS = Sequence("charge_transactions", metadata=METADATA)
"""Numbers of OCPP 1.6 transactions."""

CHARGE_RESERVATIONS = Sequence("charge_reservations", metadata=METADATA)
"""Numbers of bookings, as charge points know them."""

CHARGE_POINTS = Table(
    "charge_points",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("rated_w", Integer, nullable=False),
    Column("connectors", SmallInteger, nullable=False),
    Column("profile", SmallInteger, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("meter_key", LargeBinary, nullable=False),
    Column("site", Text, nullable=False),
    Column("seen", _INSTANT),
    Column("protocol", Text, nullable=False, server_default=text("''")),
    Column("about", JSONB, nullable=False, server_default=text("'{}'")),
    CheckConstraint("rated_w > 0 AND connectors > 0 AND profile BETWEEN 0 AND 3", name="sane"),
)
"""Charge points, and when each was heard of last."""

CHARGE_CONNECTORS = Table(
    "charge_connectors",
    METADATA,
    _point(key=True),
    Column("connector", SmallInteger, primary_key=True, autoincrement=False),
    Column("status", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("since", _INSTANT, nullable=False),
)
"""What each connector last said of itself."""

CHARGE_TAGS = Table(
    "charge_tags",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("group", Text, nullable=False),
    Column("until", _INSTANT),
    Column("blocked", Boolean, nullable=False),
)
"""Who may charge without a booking; `key` is the id in small letters."""

CHARGE_BOOKINGS = Table(
    "charge_bookings",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _point(),
    Column("connector", SmallInteger, nullable=False),
    Column("tag", Text, nullable=False),
    Column("begin", _INSTANT, nullable=False),
    Column("end", _INSTANT, nullable=False),
    Column("cap_wh", BigInteger),
    Column("state", Text, nullable=False),
    Column("extended", Boolean, nullable=False),
    Column("id", LargeBinary, nullable=False),
    CheckConstraint('"end" > "begin" AND number > 0', name="order"),
    Index("ix_charge_bookings_live", "point", "end", postgresql_where=text("state IN ('RESERVED', 'CHARGING')")),
)
"""The calendar as the central system enforces it."""

CHARGE_SESSIONS = Table(
    "charge_sessions",
    METADATA,
    _point(key=True),
    Column("transaction", Text, primary_key=True),
    Column("connector", SmallInteger, nullable=False),
    Column("tag", Text, nullable=False),
    Column("began", _INSTANT, nullable=False),
    Column("start_wh", BigInteger),
    Column("register_wh", BigInteger),
    Column("state", Text, nullable=False),
    Column("booking", Integer),
    Column("stop_by", _INSTANT),
    Column("stop_why", Text, nullable=False),
    Column("ended", _INSTANT),
    Column("stop_wh", BigInteger),
    Column("reason", Text, nullable=False),
    Column("energy_wh", BigInteger),
    Column("evidence", Text, nullable=False),
    Column("doubts", ARRAY(Text), nullable=False),
    Column("signed_start", Text, nullable=False),
    Column("signed_stop", Text, nullable=False),
    Column("page", BigInteger),
    Column("known_at", _INSTANT),
    Column("told", _INSTANT),
    Column("unplugged", _INSTANT),
    CheckConstraint("energy_wh >= 0", name="energy"),
    Index("ix_charge_sessions_begun", "point", "connector", "began"),
    Index("ix_charge_sessions_page", "point", "page", postgresql_where=text("page IS NOT NULL")),
    Index("ix_charge_sessions_under_way", "point", postgresql_where=text("state <> 'SETTLED'")),
)
"""Transactions; each is settled once."""

CHARGE_SAMPLES = Table(
    "charge_samples",
    METADATA,
    Column("point", Text, primary_key=True),
    Column("transaction", Text, primary_key=True),
    Column("at", _INSTANT, primary_key=True),
    Column("register_wh", BigInteger, nullable=False),
)
"""Registers during sessions."""

CHARGE_NOTES = Table(
    "charge_notes",
    METADATA,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("point", Text, nullable=False),
    Column("at", _INSTANT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_charge_notes_point", "point", "number"),
)
"""What happened, to be read by people."""

CHARGE_COMMANDS = Table(
    "charge_commands",
    METADATA,
    Column("number", BigInteger, Identity(), primary_key=True),
    _point(),
    Column("kind", Text, nullable=False),
    Column("arguments", JSONB, nullable=False),
    Column("asked", _INSTANT, nullable=False),
    Column("until", _INSTANT, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer", JSONB, nullable=False),
    Column("key", Text, unique=True),
    Index("ix_charge_commands_waiting", "until", postgresql_where=text("state IN ('waiting', 'taken')")),
)
"""What is asked of charge points, and what became of it."""

CHARGE_OUTLOOK = Table(
    "charge_outlook",
    METADATA,
    Column("site", Text, primary_key=True),
    Column("begin", _INSTANT, primary_key=True),
    Column("surplus_w", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
)
"""Surplus and price that a site expects."""
