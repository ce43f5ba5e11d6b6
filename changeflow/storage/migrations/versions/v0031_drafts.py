"""Add drafts, and the edits of a version with the reason for them."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("edits", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made", UtcDateTime(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
    )
    op.create_index("ix_draft_programme_id", "draft", ["programme_id"])
    op.add_column("version", sa.Column("edits", sa.Text(), nullable=True))
    op.add_column("version", sa.Column("reason", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("version", "reason")
    op.drop_column("version", "edits")
    op.drop_table("draft")
