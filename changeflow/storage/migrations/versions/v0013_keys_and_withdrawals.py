"""Add a check value of the key for hashes, and withdrawals of wrong facts, which can then be recorded again.

A wrong or missing key file is an error, never a new key. A fact is never deleted: a withdrawal says that it was wrong,
and `attempt` lets the same thing be recorded after that.
"""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

INDEXES = {
    "uq_decision_round": ("decision", ["programme_id", "task", "round"]),
    "uq_condition_number": ("condition", ["programme_id", "task", "round", "number"]),
    "uq_sponsor_act": ("sponsor_act", ["programme_id", "on", "digest"]),
}
CONSTRAINTS = {
    "uq_attendance_task_person": ("attendance", ["programme_id", "task", "person"]),
    "uq_submission_scheme_period": ("submission", ["programme_id", "service", "scheme", "period"]),
}


def upgrade() -> None:
    op.create_table(
        "key_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("check", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "withdrawal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("programme_id", "kind", "row", name="uq_withdrawal_row"),
    )
    op.create_index("ix_withdrawal_programme_id", "withdrawal", ["programme_id"])
    for name, (table, columns) in INDEXES.items():
        op.add_column(table, sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"))
        op.drop_index(name, table_name=table)
        op.create_index(name, table, [*columns, "attempt"], unique=True)
    for name, (table, columns) in CONSTRAINTS.items():
        with op.batch_alter_table(table) as changed:
            changed.add_column(sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"))
            changed.drop_constraint(name, type_="unique")
            changed.create_unique_constraint(name, [*columns, "attempt"])


FACTS = (
    "progress", "decision", "condition", "sponsor_act", "checkpoint", "attendance", "confidence", "submission", "run",
    "measure", "pilot_entry",
)  # fmt: skip


def downgrade() -> None:
    # Without the table of withdrawals, withdrawn facts would count again.
    op.execute("DELETE FROM variance WHERE run IN (SELECT row FROM withdrawal WHERE kind = 'run')")
    for table in FACTS:
        op.execute(f"DELETE FROM {table} WHERE id IN (SELECT row FROM withdrawal WHERE kind = '{table}')")  # noqa: S608
    for name, (table, columns) in CONSTRAINTS.items():
        with op.batch_alter_table(table) as changed:
            changed.drop_constraint(name, type_="unique")
            changed.drop_column("attempt")
            changed.create_unique_constraint(name, columns)
    for name, (table, columns) in INDEXES.items():
        op.drop_index(name, table_name=table)
        op.drop_column(table, "attempt")
        op.create_index(name, table, columns, unique=True)
    op.drop_table("withdrawal")
    op.drop_table("key_check")
