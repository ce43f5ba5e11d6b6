"""Separate messages from nudges, so that a digest contains several; add answers, links, preferences and revisions."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("programme", sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("contact", sa.Column("language", sa.String(), nullable=False, server_default="en"))
    op.add_column("contact", sa.Column("away", sa.Text(), nullable=True))
    op.add_column("contact", sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("tick", sa.Column("revision", sa.Integer(), nullable=False, server_default="-1"))
    op.add_column("tick", sa.Column("day", sa.Date(), nullable=True))
    op.add_column("tick", sa.Column("due", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("may_have_gone", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_try", UtcDateTime(), nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
        sa.UniqueConstraint("recipient", "day", "number", name="uq_message_of_the_day"),
    )
    for column in ("recipient", "state", "sent_at"):
        op.create_index(op.f(f"ix_message_{column}"), "message", [column])
    # Each nudge sent before had its own message; the recipient's address was not stored.
    op.execute(
        "INSERT INTO message (id, recipient, day, number, message_id, state, may_have_gone, created_at, attempts, "
        "sent_at, channel) SELECT id, 'nudge ' || id, due_on, 1, message_id, 'sent', attempts > 1, created_at, "
        "attempts, sent_at, channel FROM nudge WHERE sent_at IS NOT NULL"
    )
    _nudge()
    _answers()


def _nudge() -> None:
    with op.batch_alter_table("nudge") as table:
        table.add_column(sa.Column("content", sa.Text(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("not_before", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("message", sa.Integer(), nullable=True))
        table.add_column(sa.Column("why", sa.Text(), nullable=True))
        table.create_foreign_key("fk_nudge_message", "message", ["message"], ["id"])
    op.execute("UPDATE nudge SET message = id WHERE sent_at IS NOT NULL")
    op.drop_index("ix_nudge_sent_at", "nudge")
    with op.batch_alter_table("nudge") as table:
        for column in ("message_id", "claimed_by", "claimed_until", "attempts", "sent_at", "channel", "error"):
            table.drop_column(column)
    op.create_index("ix_nudge_message", "nudge", ["message"])
    if op.get_bind().dialect.name == "postgresql":
        following = "(SELECT COALESCE(MAX(id), 0) + 1 FROM message)"
        op.execute(f"SELECT setval(pg_get_serial_sequence('message', 'id'), {following}, false)")


def _answers() -> None:
    op.create_table(
        "reach",
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("optional_off", sa.Boolean(), nullable=False),
        sa.Column("undeliverable_since", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("recipient"),
    )
    op.create_table(
        "link",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"]),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("ix_link_programme_id", "link", ["programme_id"])
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("to", sa.String(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_answer_programme_id", "answer", ["programme_id"])


def downgrade() -> None:
    with op.batch_alter_table("nudge") as table:
        table.add_column(sa.Column("message_id", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("claimed_by", sa.String(), nullable=True))
        table.add_column(sa.Column("claimed_until", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("sent_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("channel", sa.String(), nullable=True))
        table.add_column(sa.Column("error", sa.Text(), nullable=True))
    for column in ("message_id", "attempts", "sent_at", "channel"):
        value = f"(SELECT {column} FROM message WHERE message.id = nudge.message)"  # noqa: S608
        op.execute(f"UPDATE nudge SET {column} = {value} WHERE message IS NOT NULL")  # noqa: S608
    op.execute("UPDATE nudge SET message_id = '<nudge-' || id || '@changeflow.invalid>' WHERE message IS NULL")
    op.drop_index("ix_nudge_message", "nudge")
    with op.batch_alter_table("nudge") as table:
        table.drop_constraint("fk_nudge_message", type_="foreignkey")
        for column in ("content", "not_before", "message", "why"):
            table.drop_column(column)
    op.create_index(op.f("ix_nudge_sent_at"), "nudge", ["sent_at"])
    for name in ("answer", "link", "reach", "message"):
        op.drop_table(name)
    for table_name, columns in (
        ("tick", ("due", "day", "revision")),
        ("contact", ("is_active", "away", "language")),
        ("programme", ("revision",)),
    ):
        for column in columns:
            op.drop_column(table_name, column)
