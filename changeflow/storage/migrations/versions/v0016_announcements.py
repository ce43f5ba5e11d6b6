"""Add the go-live days announced to schools, and whether a baseline announced its own.

For an existing baseline this was not recorded: it counts as announced, as it did in plans of waves.
"""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announcement",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("school", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
    )
    op.create_index("ix_announcement_programme_id", "announcement", ["programme_id"])
    op.add_column("baseline", sa.Column("announces", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM withdrawal WHERE kind = 'announcement'")
    op.drop_column("baseline", "announces")
    op.drop_table("announcement")
