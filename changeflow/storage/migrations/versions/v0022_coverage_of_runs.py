"""Store the compared and skipped columns of a run, because a column that was not compared is not known to be equal."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("coverage", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "coverage")
