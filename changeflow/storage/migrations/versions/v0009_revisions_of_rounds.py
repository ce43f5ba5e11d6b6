"""Store corrections as revisions of their round, and the people that each publication counted, so that later ones can
be tested against it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "published_group",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("programme_id", sa.String(), sa.ForeignKey("programme.id"), nullable=False),
        sa.Column("publication", sa.Integer(), sa.ForeignKey("publication.id"), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.UniqueConstraint("publication", "view", "group", name="uq_published_group"),
    )
    op.create_index("ix_published_group_programme_id", "published_group", ["programme_id"])
    op.create_index("ix_published_group_publication", "published_group", ["publication"])
    with op.batch_alter_table("assessment") as table:
        table.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("publication", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_assessment_publication", "publication", ["publication"], ["id"])
        table.drop_constraint("uq_assessment_round_person", type_="unique")
        table.create_unique_constraint(
            "uq_assessment_round_person_revision", ["programme_id", "round", "person", "revision"]
        )
    op.create_index("ix_assessment_publication", "assessment", ["publication"])
    # Answers in a published round are taken as counted: one that came too late cannot be distinguished.
    op.execute(
        "UPDATE assessment SET publication = (SELECT p.id FROM publication p "
        "WHERE p.programme_id = assessment.programme_id AND p.round = assessment.round)"
    )


def downgrade() -> None:
    op.execute("DELETE FROM assessment WHERE revision > 1")
    op.drop_index("ix_assessment_publication", "assessment")
    with op.batch_alter_table("assessment") as table:
        table.drop_constraint("uq_assessment_round_person_revision", type_="unique")
        table.create_unique_constraint("uq_assessment_round_person", ["programme_id", "round", "person"])
        table.drop_constraint("fk_assessment_publication", type_="foreignkey")
        table.drop_column("publication")
        table.drop_column("revision")
    op.drop_table("published_group")
