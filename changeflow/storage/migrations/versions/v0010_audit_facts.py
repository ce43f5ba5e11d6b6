"""Let audit entries seal rows and record the real time and the actor; store the audit's head in reports."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit", sa.Column("form", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("audit", sa.Column("real_at", UtcDateTime(), nullable=True))
    op.add_column("audit", sa.Column("via", sa.String(), nullable=True))
    op.add_column("audit", sa.Column("account", sa.String(), nullable=True))
    op.add_column("audit", sa.Column("version", sa.Integer(), nullable=True))
    op.add_column("audit", sa.Column("facts", sa.Integer(), nullable=True))
    op.add_column("audit", sa.Column("root", sa.String(), nullable=True))
    op.create_table(
        "audit_fact",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("op", sa.String(), nullable=False),
        sa.Column("of_table", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=True),
        sa.Column("salt", sa.String(), nullable=True),
        sa.UniqueConstraint("programme_id", "number", "position", name="uq_audit_fact_position"),
        sa.UniqueConstraint("of_table", "row_key", name="uq_audit_fact_row"),
    )
    op.add_column("report", sa.Column("head_number", sa.Integer(), nullable=True))
    op.add_column("report", sa.Column("head_hash", sa.String(), nullable=True))


def downgrade() -> None:
    for column in ("head_hash", "head_number"):
        op.drop_column("report", column)
    op.drop_table("audit_fact")
    for column in ("root", "facts", "version", "account", "via", "real_at", "form"):
        op.drop_column("audit", column)
