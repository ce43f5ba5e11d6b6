"""Give a database an identity and a count, so that a restored copy is noticed and sends nothing."""

import secrets

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    custody = op.create_table(
        "custody",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("marker", sa.String(), nullable=False),
        sa.Column("releases", sa.Integer(), nullable=False),
        sa.Column("restored_at", UtcDateTime(), nullable=True),
        sa.Column("restored_why", sa.Text(), nullable=True),
        sa.Column("copied_at", UtcDateTime(), nullable=True),
        sa.Column("reviewed", sa.String(), nullable=True),
    )
    row = {"id": 1, "identity": secrets.token_hex(16), "counter": 0, "marker": secrets.token_hex(8), "releases": 0}
    op.bulk_insert(custody, [row])
    with op.batch_alter_table("nudge") as nudge:
        nudge.add_column(sa.Column("may_have_gone", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("nudge") as nudge:
        nudge.drop_column("may_have_gone")
    op.drop_table("custody")
