"""Meters: which hung at a point from when to when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "assets",
        sa.Column("point", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("opening_import_wh", sa.BigInteger(), nullable=False),
        sa.Column("opening_export_wh", sa.BigInteger(), nullable=False),
        sa.Column("closing_import_wh", sa.BigInteger(), nullable=True),
        sa.Column("closing_export_wh", sa.BigInteger(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("until IS NULL OR until > since", name=op.f("ck_assets_order")),
        sa.CheckConstraint("opening_import_wh >= 0 AND opening_export_wh >= 0", name=op.f("ck_assets_registers")),
        sa.PrimaryKeyConstraint("point", "since", name=op.f("pk_assets")),
    )
    op.create_index("ix_assets_mark", "assets", ["mark"], unique=False)
    for name, column in (("uq_assets_point", "point"), ("uq_assets_hanging", "mark")):
        op.create_index(name, "assets", [column], unique=True, postgresql_where=sa.text("until IS NULL"))


def downgrade() -> None:
    """Drop it."""
    op.drop_table("assets")
