"""Add files of parallel runs that people upload, and what a calculation is about."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_pair",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("old_file", sa.String(), nullable=False),
        sa.Column("new_file", sa.String(), nullable=False),
        sa.Column("identity_file", sa.String(), nullable=False),
        sa.Column("old_name", sa.Text(), nullable=False),
        sa.Column("new_name", sa.Text(), nullable=False),
        sa.Column("identity_name", sa.Text(), nullable=False),
        sa.Column("old_decimal", sa.String(), nullable=False),
        sa.Column("new_decimal", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_ledger_pair_programme_id", "ledger_pair", ["programme_id"])
    op.add_column("job", sa.Column("subject", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("job", "subject")
    op.drop_table("ledger_pair")
