"""Add accounts, sessions, sign-in links, invitations, tokens for programs, and the mark of a sandbox."""

import sqlalchemy as sa
from alembic import op

from changeflow.storage.types import UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.UniqueConstraint("issuer", "subject", name="uq_account_subject"),
    )
    op.create_index("ix_account_address", "account", ["address"])
    op.create_table(
        "session",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("account", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_session_account", "session", ["account"])
    op.create_table(
        "sign_in_link",
        sa.Column("token", sa.String(), primary_key=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("next", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_sign_in_link_address", "sign_in_link", ["address"])
    _add_what_admins_give()


def _add_what_admins_give() -> None:
    """Add invitations, tokens for programs, and the mark of a sandbox."""
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_invitation_programme_id", "invitation", ["programme_id"])
    op.create_index("ix_invitation_address", "invitation", ["address"])
    op.create_table(
        "api_token",
        sa.Column("token", sa.String(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_api_token_programme_id", "api_token", ["programme_id"])
    op.create_table(
        "sandbox",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("since", UtcDateTime(), nullable=False),
    )


def downgrade() -> None:
    for table in ("sandbox", "api_token", "invitation", "sign_in_link", "session", "account"):
        op.drop_table(table)
