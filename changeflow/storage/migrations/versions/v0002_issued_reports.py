"""Record issued reports, so that the next one can show what has changed, and each milestone's trend."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("milestones", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("programme_id", "number", name="uq_report_number"),
    )
    op.create_index(op.f("ix_report_programme_id"), "report", ["programme_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_report_programme_id"), table_name="report")
    op.drop_table("report")
