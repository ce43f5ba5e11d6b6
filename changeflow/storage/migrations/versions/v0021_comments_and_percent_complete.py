"""Add comments on tasks and the reported % complete, which progress sheets bring back."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
    )
    op.create_index("ix_comment_programme_id", "comment", ["programme_id"])
    op.add_column("progress", sa.Column("percent", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM withdrawal WHERE kind = 'comment'")
    op.drop_column("progress", "percent")
    op.drop_table("comment")
