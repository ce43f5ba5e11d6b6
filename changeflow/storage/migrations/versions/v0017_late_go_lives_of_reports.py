"""Add the number of late announced go-lives to issued reports, for the trend; it is unknown for earlier reports."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report", sa.Column("go_lives_announced", sa.Integer(), nullable=True))
    op.add_column("report", sa.Column("go_lives_late", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("report", "go_lives_late")
    op.drop_column("report", "go_lives_announced")
