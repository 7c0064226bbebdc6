"""The central system of a charging network: charge points, bookings, sessions, commands."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("CREATE SEQUENCE charge_transactions")
    op.execute("CREATE SEQUENCE charge_reservations")
    _points()
    _bookings()
    _sessions()
    _samples()
    _commands()


def downgrade() -> None:
    """Drop them."""
    op.drop_index(
        "ix_charge_sessions_under_way", table_name="charge_sessions", postgresql_where=sa.text("state <> 'SETTLED'")
    )
    op.drop_index("ix_charge_sessions_page", table_name="charge_sessions", postgresql_where=sa.text("page IS NOT NULL"))
    op.drop_index("ix_charge_sessions_begun", table_name="charge_sessions")
    op.drop_table("charge_sessions")
    op.drop_table("charge_connectors")
    op.drop_index(
        "ix_charge_commands_waiting",
        table_name="charge_commands",
        postgresql_where=sa.text("state IN ('waiting', 'taken')"),
    )
    op.drop_table("charge_commands")
    op.drop_index(
        "ix_charge_bookings_live",
        table_name="charge_bookings",
        postgresql_where=sa.text("state IN ('RESERVED', 'CHARGING')"),
    )
    op.drop_table("charge_bookings")
    op.drop_table("charge_tags")
    op.drop_table("charge_samples")
    op.drop_table("charge_points")
    op.drop_table("charge_outlook")
    op.drop_index("ix_charge_notes_point", table_name="charge_notes")
    op.drop_table("charge_notes")
    op.execute("DROP SEQUENCE charge_transactions")
    op.execute("DROP SEQUENCE charge_reservations")


def _points() -> None:
    """Charge points, their connectors, tags."""
    op.create_table(
        "charge_points",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rated_w", sa.Integer(), nullable=False),
        sa.Column("connectors", sa.SmallInteger(), nullable=False),
        sa.Column("profile", sa.SmallInteger(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("meter_key", sa.LargeBinary(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=True),
        sa.Column("protocol", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("about", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint(
            "rated_w > 0 AND connectors > 0 AND profile BETWEEN 0 AND 3", name=op.f("ck_charge_points_sane")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge_points")),
    )
    op.create_table(
        "charge_connectors",
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("connector", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["point"], ["charge_points.id"], name=op.f("fk_charge_connectors_point")),
        sa.PrimaryKeyConstraint("point", "connector", name=op.f("pk_charge_connectors")),
    )
    op.create_table(
        "charge_tags",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_charge_tags")),
    )


def _bookings() -> None:
    """The calendar, and what sites expect."""
    op.create_table(
        "charge_bookings",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("connector", sa.SmallInteger(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("begin", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cap_wh", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint('"end" > "begin" AND number > 0', name=op.f("ck_charge_bookings_order")),
        sa.ForeignKeyConstraint(["point"], ["charge_points.id"], name=op.f("fk_charge_bookings_point")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_charge_bookings")),
    )
    op.create_index(
        "ix_charge_bookings_live",
        "charge_bookings",
        ["point", "end"],
        unique=False,
        postgresql_where=sa.text("state IN ('RESERVED', 'CHARGING')"),
    )
    op.create_table(
        "charge_outlook",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("begin", sa.DateTime(timezone=True), nullable=False),
        sa.Column("surplus_w", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "begin", name=op.f("pk_charge_outlook")),
    )


def _sessions() -> None:
    """Transactions and their registers."""
    op.create_table(
        "charge_sessions",
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("transaction", sa.Text(), nullable=False),
        sa.Column("connector", sa.SmallInteger(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("start_wh", sa.BigInteger(), nullable=True),
        sa.Column("register_wh", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("booking", sa.Integer(), nullable=True),
        sa.Column("stop_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_why", sa.Text(), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_wh", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("doubts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("signed_start", sa.Text(), nullable=False),
        sa.Column("signed_stop", sa.Text(), nullable=False),
        sa.Column("page", sa.BigInteger(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unplugged", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("energy_wh >= 0", name=op.f("ck_charge_sessions_energy")),
        sa.ForeignKeyConstraint(["point"], ["charge_points.id"], name=op.f("fk_charge_sessions_point")),
        sa.PrimaryKeyConstraint("point", "transaction", name=op.f("pk_charge_sessions")),
    )
    op.create_index("ix_charge_sessions_begun", "charge_sessions", ["point", "connector", "began"], unique=False)
    op.create_index(
        "ix_charge_sessions_page",
        "charge_sessions",
        ["point", "page"],
        unique=False,
        postgresql_where=sa.text("page IS NOT NULL"),
    )
    op.create_index(
        "ix_charge_sessions_under_way",
        "charge_sessions",
        ["point"],
        unique=False,
        postgresql_where=sa.text("state <> 'SETTLED'"),
    )


def _samples() -> None:
    """Registers of transactions."""
    op.create_table(
        "charge_samples",
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("transaction", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("register_wh", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("point", "transaction", "at", name=op.f("pk_charge_samples")),
    )


def _commands() -> None:
    """What is asked and what happened."""
    op.create_table(
        "charge_commands",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["point"], ["charge_points.id"], name=op.f("fk_charge_commands_point")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_charge_commands")),
        sa.UniqueConstraint("key", name=op.f("uq_charge_commands_key")),
    )
    op.create_index(
        "ix_charge_commands_waiting",
        "charge_commands",
        ["until"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'taken')"),
    )
    op.create_table(
        "charge_notes",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_charge_notes")),
    )
    op.create_index("ix_charge_notes_point", "charge_notes", ["point", "number"], unique=False)
