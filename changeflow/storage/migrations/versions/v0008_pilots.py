"""Add entries about pilots, and the differences in parallel runs that people must look into."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("unpaid", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("run", sa.Column("pay", sa.String(), nullable=True))
    op.add_column("run", sa.Column("cells", sa.Text(), nullable=True))
    op.create_table(
        "variance",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("run", sa.Integer(), sa.ForeignKey("run.id"), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("element", sa.String(), nullable=False),
        sa.Column("old", sa.String(), nullable=True),
        sa.Column("new", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("ix_variance_programme_id", "variance", ["programme_id"])
    op.create_index("ix_variance_run", "variance", ["run"])
    op.create_table(
        "pilot_entry",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("contract", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.UniqueConstraint("programme_id", "service", "kind", "number", name="uq_pilot_entry_number"),
    )
    op.create_index("ix_pilot_entry_programme_id", "pilot_entry", ["programme_id"])


def downgrade() -> None:
    op.drop_table("pilot_entry")
    op.drop_table("variance")
    for column in ("cells", "pay", "unpaid"):
        op.drop_column("run", column)
