"""Let people who never chose a language follow the programme's.

Until now a person without a language was stored as one who reads English, and English was the only default. Where a
person did choose English, their line in people.csv says so, and is read together with a programme's new language.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE contact SET language = '' WHERE language = 'en'")


def downgrade() -> None:
    op.execute("UPDATE contact SET language = 'en' WHERE language = ''")
