"""Publications: what was published of each round of assessments, frozen."""

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


def downgrade() -> None:
    op.drop_table("publication")
