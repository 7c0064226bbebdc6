"""Every table of the database. 32-byte values are `bytea`; instants carry their zone; migrations follow this list."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

__all__ = [
    "ASSETS",
    "BATCHES",
    "BINDINGS",
    "GRANTS",
    "IMPORTS",
    "IMPORT_FAULTS",
    "METADATA",
    "NOTICES",
    "PARTIES",
    "POINTS",
    "RECORDS",
    "SETTINGS",
    "SUPPLIES",
    "SWITCHES",
]

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

_INSTANT = DateTime(timezone=True)


def _point(*, key: bool = False) -> Column[bytes]:
    """A point's nullifier as a reference."""
    return Column("point", LargeBinary, ForeignKey("points.id", ondelete="CASCADE"), primary_key=key, nullable=False)


def _bulk_point() -> Column[bytes]:
    """The same in tables filled by the million together with `points`, where a check of every row costs a third."""
    return Column("point", LargeBinary, primary_key=True, nullable=False)


PARTIES = Table(
    "parties",
    METADATA,
    Column("address", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", SmallInteger, nullable=False),
    UniqueConstraint("name"),
)
"""Who may do what; roles are bits: registrar 1, supplier 2, auditor 4."""

SETTINGS = Table(
    "settings",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""What the database says of itself, such as the mark of the secret that its nullifiers are made with."""

BATCHES = Table(
    "batches",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("source", LargeBinary, nullable=False, unique=True),
    Column("root", LargeBinary, nullable=False),
    Column("points", Integer, nullable=False),
    Column("tops", LargeBinary, nullable=False),
    Column("starts", LargeBinary, nullable=False),
    Column("registrar", LargeBinary, nullable=False),
    Column("made_at", _INSTANT, nullable=False),
)
"""The points of a file under one root, in the order of `place`. `tops` are the tops of its subtrees of 1,024 points, 32
bytes each; `starts` the place of each subtree's first point, 8 bytes each, little-endian."""

POINTS = Table(
    "points",
    METADATA,
    Column("id", LargeBinary, primary_key=True),
    Column("commitment", LargeBinary, nullable=False),
    Column("country", Text, nullable=False),
    Column("fuel", SmallInteger, nullable=False),
    Column("sector", SmallInteger, nullable=False),
    Column("owner", LargeBinary, nullable=False),
    Column("owner_since", _INSTANT, nullable=False),
    Column("source", LargeBinary, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("related", ARRAY(LargeBinary), nullable=False, server_default=text("'{}'")),
    UniqueConstraint("source", "place"),
)
"""Meter points by nullifier. `source` is the file (its SHA-256) they came from, `place` their order in it."""

RECORDS = Table(
    "records",
    METADATA,
    _bulk_point(),
    Column("salt", LargeBinary, nullable=False),
    Column("open", JSONB, nullable=False),
    Column("granted", LargeBinary, nullable=False),
    Column("private", LargeBinary, nullable=False),
)
"""What opens a point's commitment, and its record: open fields, and two sealed parts. Erasure deletes this row."""

GRANTS = Table(
    "grants",
    METADATA,
    _point(key=True),
    Column("reader", LargeBinary, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("since", _INSTANT, primary_key=True),
    Column("until", _INSTANT),
)
"""Who may read which granted field of whom, and when."""

BINDINGS = Table(
    "bindings",
    METADATA,
    _bulk_point(),
    Column("since", _INSTANT, primary_key=True),
    Column("device", LargeBinary, nullable=False),
    Column("import_wh", BigInteger, nullable=False),
    Column("export_wh", BigInteger, nullable=False),
    Column("known_at", _INSTANT, nullable=False),
    Index("ix_bindings_device", "device"),
    CheckConstraint("import_wh >= 0 AND export_wh >= 0", name="registers"),
)
"""Dated device keys: each holds until the next begins."""

ASSETS = Table(
    "assets",
    METADATA,
    _bulk_point(),
    Column("since", _INSTANT, primary_key=True),
    Column("until", _INSTANT),
    Column("mark", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("opening_import_wh", BigInteger, nullable=False),
    Column("opening_export_wh", BigInteger, nullable=False),
    Column("closing_import_wh", BigInteger),
    Column("closing_export_wh", BigInteger),
    Column("known_at", _INSTANT, nullable=False),
    CheckConstraint("until IS NULL OR until > since", name="order"),
    CheckConstraint("opening_import_wh >= 0 AND opening_export_wh >= 0", name="registers"),
    Index("ix_assets_mark", "mark"),
    Index("uq_assets_point", "point", unique=True, postgresql_where=text("until IS NULL")),
    Index("uq_assets_hanging", "mark", unique=True, postgresql_where=text("until IS NULL")),
)
"""Meters by point and time, their serial numbers sealed. One hangs at a point, and at one point, at any instant."""

IMPORTS = Table(
    "imports",
    METADATA,
    Column("source", LargeBinary, primary_key=True),
    Column("rows_done", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("faults", BigInteger, nullable=False),
    Column("finished", Boolean, nullable=False),
)
"""How far each batch file has been read: moved on in the transaction that holds its rows."""

IMPORT_FAULTS = Table(
    "import_faults",
    METADATA,
    Column("source", LargeBinary, primary_key=True),
    Column("line", BigInteger, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("place", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("mend", Text, nullable=False),
)
"""What was wrong with lines of batch files; lines that are in order were loaded all the same."""

SUPPLIES = Table(
    "supplies",
    METADATA,
    _bulk_point(),
    Column("starts", _INSTANT, primary_key=True),
    Column("ends", _INSTANT),
    Column("supplier", LargeBinary, nullable=False),
    Column("switch", LargeBinary),
    CheckConstraint("ends IS NULL OR ends > starts", name="order"),
    Index("uq_supplies_active", "point", unique=True, postgresql_where=text("ends IS NULL")),
)
"""Who supplies a point from when to when; intervals abut, and one is open."""

SWITCHES = Table(
    "switches",
    METADATA,
    Column("id", LargeBinary, primary_key=True),
    _point(),
    Column("gainer", LargeBinary, nullable=False),
    Column("loser", LargeBinary, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("start", Date, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("bundle", LargeBinary, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("since", _INSTANT, nullable=False),
    Column("submitted", _INSTANT, nullable=False),
    Column("objection_ends", _INSTANT, nullable=False),
    Column("gate_closes", _INSTANT, nullable=False),
    Column("starts", _INSTANT, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("return_by", _INSTANT),
    Column("reading", BigInteger),
    Column("estimated", Boolean),
    Index("ix_switches_point", "point"),
    Index("uq_switches_open", "point", unique=True, postgresql_where=text("state IN (1, 3, 7, 8)")),
    Index("ix_switches_due", "starts", postgresql_where=text("state IN (1, 3, 7, 8)")),
    Index("ix_switches_bundle", "bundle", postgresql_where=text("bundle <> ''")),
)
"""Requests to switch; the states 1, 3, 7, 8 are the open ones, of which a point has one at most."""

NOTICES = Table(
    "notices",
    METADATA,
    Column("switch", LargeBinary, ForeignKey("switches.id", ondelete="CASCADE"), primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("state", SmallInteger, nullable=False),
    Column("at", _INSTANT, nullable=False),
    Column("gainer", LargeBinary, nullable=False),
    Column("loser", LargeBinary, nullable=False),
    Column("customer", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
"""Every transition as it was told, signed, to both suppliers and the customer."""
