"""Register and switching: points, their records, secrets and meters, suppliers and switches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _parties_and_points()
    _imports()
    _records()
    _switches()
    _supplies()


def downgrade() -> None:
    """Drop them."""
    op.drop_table("notices")
    op.drop_index("uq_switches_open", table_name="switches", postgresql_where=sa.text("state IN (1, 3, 7, 8)"))
    op.drop_index("ix_switches_point", table_name="switches")
    op.drop_index("ix_switches_due", table_name="switches", postgresql_where=sa.text("state IN (1, 3, 7, 8)"))
    op.drop_index("ix_switches_bundle", table_name="switches", postgresql_where=sa.text("bundle <> ''"))
    op.drop_table("switches")
    op.drop_table("grants")
    op.drop_index("uq_supplies_active", table_name="supplies", postgresql_where=sa.text("ends IS NULL"))
    op.drop_table("supplies")
    op.drop_table("settings")
    op.drop_table("records")
    op.drop_table("points")
    op.drop_table("parties")
    op.drop_table("imports")
    op.drop_table("import_faults")
    op.drop_index("ix_bindings_device", table_name="bindings")
    op.drop_table("bindings")
    op.drop_table("batches")


def _parties_and_points() -> None:
    """Who is who, and what points there are."""
    op.create_table(
        "batches",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("tops", sa.LargeBinary(), nullable=False),
        sa.Column("starts", sa.LargeBinary(), nullable=False),
        sa.Column("registrar", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_batches")),
        sa.UniqueConstraint("source", name=op.f("uq_batches_source")),
    )
    op.create_table(
        "parties",
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_parties")),
        sa.UniqueConstraint("name", name=op.f("uq_parties_name")),
    )
    op.create_table(
        "points",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("fuel", sa.SmallInteger(), nullable=False),
        sa.Column("sector", sa.SmallInteger(), nullable=False),
        sa.Column("owner", sa.LargeBinary(), nullable=False),
        sa.Column("owner_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("related", postgresql.ARRAY(sa.LargeBinary()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points")),
        sa.UniqueConstraint("source", "place", name=op.f("uq_points_source")),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )


def _imports() -> None:
    """Batch files and what was wrong with them."""
    op.create_table(
        "import_faults",
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("mend", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "line", "number", name=op.f("pk_import_faults")),
    )
    op.create_table(
        "imports",
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_imports")),
    )


def _records() -> None:
    """What is kept of a point."""
    op.create_table(
        "bindings",
        sa.Column("point", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("import_wh", sa.BigInteger(), nullable=False),
        sa.Column("export_wh", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("import_wh >= 0 AND export_wh >= 0", name=op.f("ck_bindings_registers")),
        sa.PrimaryKeyConstraint("point", "since", name=op.f("pk_bindings")),
    )
    op.create_index("ix_bindings_device", "bindings", ["device"], unique=False)
    op.create_table(
        "records",
        sa.Column("point", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("open", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("granted", sa.LargeBinary(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("point", name=op.f("pk_records")),
    )
    op.create_table(
        "grants",
        sa.Column("point", sa.LargeBinary(), nullable=False),
        sa.Column("reader", sa.LargeBinary(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["point"], ["points.id"], name=op.f("fk_grants_point"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("point", "reader", "field", "since", name=op.f("pk_grants")),
    )


def _switches() -> None:
    """Requests to switch."""
    op.create_table(
        "switches",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("point", sa.LargeBinary(), nullable=False),
        sa.Column("gainer", sa.LargeBinary(), nullable=False),
        sa.Column("loser", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted", sa.DateTime(timezone=True), nullable=False),
        sa.Column("objection_ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gate_closes", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("return_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reading", sa.BigInteger(), nullable=True),
        sa.Column("estimated", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["point"], ["points.id"], name=op.f("fk_switches_point"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_switches")),
    )
    op.create_index(
        "ix_switches_bundle", "switches", ["bundle"], unique=False, postgresql_where=sa.text("bundle <> ''")
    )
    op.create_index(
        "ix_switches_due", "switches", ["starts"], unique=False, postgresql_where=sa.text("state IN (1, 3, 7, 8)")
    )
    op.create_index("ix_switches_point", "switches", ["point"], unique=False)
    op.create_index(
        "uq_switches_open", "switches", ["point"], unique=True, postgresql_where=sa.text("state IN (1, 3, 7, 8)")
    )


def _supplies() -> None:
    """Who supplied when, and what was told."""
    op.create_table(
        "supplies",
        sa.Column("point", sa.LargeBinary(), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=True),
        sa.Column("supplier", sa.LargeBinary(), nullable=False),
        sa.Column("switch", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("ends IS NULL OR ends > starts", name=op.f("ck_supplies_order")),
        sa.PrimaryKeyConstraint("point", "starts", name=op.f("pk_supplies")),
    )
    op.create_index("uq_supplies_active", "supplies", ["point"], unique=True, postgresql_where=sa.text("ends IS NULL"))
    op.create_table(
        "notices",
        sa.Column("switch", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gainer", sa.LargeBinary(), nullable=False),
        sa.Column("loser", sa.LargeBinary(), nullable=False),
        sa.Column("customer", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["switch"], ["switches.id"], name=op.f("fk_notices_switch"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("switch", "number", name=op.f("pk_notices")),
    )
