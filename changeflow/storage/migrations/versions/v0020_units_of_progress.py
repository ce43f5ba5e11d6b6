"""Let the remaining duration have any unit: what remains of 30 elapsed days or 2 pay periods is not working time."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("progress", sa.Column("unit", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("progress", "unit")
