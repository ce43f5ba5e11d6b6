"""Mark the publications that stored the counted people: those of 0.1.0 did not, and one may have no new group."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publication", sa.Column("keeps_people", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("publication", "keeps_people")
