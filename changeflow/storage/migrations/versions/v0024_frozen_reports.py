"""Freeze issued reports: store the whole report with a signature."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "frozen_report",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.UniqueConstraint("programme_id", "number", name="uq_frozen_report_number"),
    )
    op.create_index("ix_frozen_report_programme_id", "frozen_report", ["programme_id"])


def downgrade() -> None:
    op.drop_table("frozen_report")
