"""Roaming partners of a charging network."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "roaming_partners",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("name", "country_code", "party_id", "url", "their_token")
        ),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("token_hash", name="pk_roaming_partners"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("roaming_partners")
