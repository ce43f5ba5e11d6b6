"""Add filings, with the system that filed each."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "submission",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.UniqueConstraint("programme_id", "service", "scheme", "period", name="uq_submission_scheme_period"),
    )
    op.create_index("ix_submission_programme_id", "submission", ["programme_id"])


def downgrade() -> None:
    op.drop_table("submission")
