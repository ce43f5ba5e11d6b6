"""Add the schools that joined a programme after its first version, with the day from which they are planned."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "school_joined",
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), primary_key=True),
        sa.Column("school", sa.String(), primary_key=True),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("school_joined")
