"""Add the switch for messages, which people use in the browser."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_switch",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
    )
    op.create_index("ix_message_switch_programme_id", "message_switch", ["programme_id"])


def downgrade() -> None:
    op.drop_table("message_switch")
