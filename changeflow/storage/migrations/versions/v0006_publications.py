"""Add frozen publications, results of checkpoints, attendance at training, and the kind of a sponsor's act."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("round", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("programme_id", "round", name="uq_publication_round"),
    )
    op.create_index("ix_publication_programme_id", "publication", ["programme_id"])
    with op.batch_alter_table("sponsor_act") as table:
        table.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="seen"))
        table.add_column(sa.Column("who", sa.String(), nullable=True))
        table.add_column(sa.Column("group", sa.String(), nullable=True))
    op.create_table(
        "checkpoint",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("use", sa.Float(), nullable=True),
        sa.Column("proficiency", sa.Float(), nullable=True),
        sa.Column("experience", sa.Float(), nullable=True),
        sa.Column("sponsor_seen", sa.Boolean(), nullable=True),
        sa.Column("old_way_gone", sa.Boolean(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
    )
    op.create_index("ix_checkpoint_programme_id", "checkpoint", ["programme_id"])
    op.create_table(
        "attendance",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.UniqueConstraint("programme_id", "task", "person", name="uq_attendance_task_person"),
    )
    op.create_index("ix_attendance_programme_id", "attendance", ["programme_id"])


def downgrade() -> None:
    op.drop_table("attendance")
    with op.batch_alter_table("sponsor_act") as table:
        table.drop_column("group")
        table.drop_column("who")
        table.drop_column("kind")
    op.drop_table("checkpoint")
    op.drop_table("publication")
