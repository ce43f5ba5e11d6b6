"""Decide gates once in each round, with conditions and dissent; add the sponsor's acts and the delivery confidence."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decision", sa.Column("round", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("decision", sa.Column("dissent", sa.Text(), nullable=True))
    op.add_column("decision", sa.Column("recorded_by", sa.String(), nullable=True))
    # Earlier versions allowed several decisions at a gate: each one counts as a separate round.
    op.execute(
        "UPDATE decision SET round = (SELECT COUNT(*) FROM decision AS d WHERE d.programme_id = decision.programme_id "
        "AND d.task = decision.task AND d.id <= decision.id)"
    )
    op.execute("UPDATE decision SET outcome = 'approve' WHERE outcome = 'go'")
    op.execute("UPDATE decision SET outcome = 'reject' WHERE outcome = 'no_go'")
    op.create_index("uq_decision_round", "decision", ["programme_id", "task", "round"], unique=True)
    op.create_table(
        "condition",
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("uq_condition_number", "condition", ["programme_id", "task", "round", "number"], unique=True)
    op.create_table(
        "sponsor_act",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("uq_sponsor_act", "sponsor_act", ["programme_id", "on", "digest"], unique=True)
    op.create_table(
        "confidence",
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for table in ("condition", "sponsor_act", "confidence"):
        op.create_index(op.f(f"ix_{table}_programme_id"), table, ["programme_id"], unique=False)


def downgrade() -> None:
    for table in ("confidence", "sponsor_act", "condition"):
        op.drop_index(op.f(f"ix_{table}_programme_id"), table_name=table)
        op.drop_table(table)
    op.drop_index("uq_decision_round", table_name="decision")
    op.execute("UPDATE decision SET outcome = 'go' WHERE outcome <> 'reject'")
    op.execute("UPDATE decision SET outcome = 'no_go' WHERE outcome = 'reject'")
    for column in ("recorded_by", "dissent", "round"):
        op.drop_column("decision", column)
