"""What happened: append-only rows, the latest of which counts."""

from datetime import date, datetime

from sqlalchemy import Boolean, Column, Index, Text, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from changeflow.storage.types import UtcDateTime


class ProgressRow(SQLModel, table=True):
    """Positions are civil minutes, `remaining` working minutes."""

    __tablename__ = "progress"

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    task: str
    actual_start: int
    actual_finish: int | None = None
    remaining: int | None = None
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class AssessmentRow(SQLModel, table=True):
    """One person's scores of one round; an element that was not assessed is null. A correction is a new revision."""

    __tablename__ = "assessment"
    __table_args__ = (
        UniqueConstraint("programme_id", "round", "person", "revision", name="uq_assessment_round_person_revision"),
    )

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    round: str
    person: str
    on: date
    evidence: str
    awareness: int | None = None
    desire: int | None = None
    knowledge: int | None = None
    ability: int | None = None
    reinforcement: int | None = None
    revision: int = 1
    publication: int | None = Field(default=None, foreign_key="publication.id", index=True)
    """The publication that counted it: one at most."""


class PublicationRow(SQLModel, table=True):
    """What was published of one round: counts of groups in steps, nobody's scores. Its content is JSON."""

    __tablename__ = "publication"
    __table_args__ = (UniqueConstraint("programme_id", "round", name="uq_publication_round"),)

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    round: str
    content: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    keeps_people: bool = Field(default=False, sa_column=Column(Boolean(), nullable=False, server_default=false()))
    """Whom it counted was kept with it; 0.1.0 kept that of no publication."""


class PublishedGroupRow(SQLModel, table=True):
    """Who was in a group that a publication newly showed, or hid: later publications are tested with it."""

    __tablename__ = "published_group"
    __table_args__ = (UniqueConstraint("publication", "view", "group", name="uq_published_group"),)

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    publication: int = Field(foreign_key="publication.id", index=True)
    view: str
    group: str
    people: str = Field(sa_column=Column(Text, nullable=False))
    """Ids as JSON, with whether reinforcement applied, null for a member who was not counted: nothing of answers."""


class DecisionRow(SQLModel, table=True):
    """A gate's answer. A second answer of the same round is refused here as well, unless the first was withdrawn."""

    __tablename__ = "decision"
    __table_args__ = (Index("uq_decision_round", "programme_id", "task", "round", "attempt", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    task: str
    outcome: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    by: str
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    round: int = Field(default=1)
    dissent: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    recorded_by: str | None = None
    attempt: int = 0
    """How many recordings of the same were withdrawn before this one."""


class ConditionRow(SQLModel, table=True):
    """What an approval asks for, in the order in which it was said."""

    __tablename__ = "condition"
    __table_args__ = (Index("uq_condition_number", "programme_id", "task", "round", "number", "attempt", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    task: str
    round: int
    number: int
    text: str = Field(sa_column=Column(Text, nullable=False))
    owner: str
    due: date
    before: str | None = None
    attempt: int = 0
    """Of its decision."""
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class SponsorActRow(SQLModel, table=True):
    """Something that the sponsor, or a change lead, did for the change where people could see it."""

    __tablename__ = "sponsor_act"
    __table_args__ = (Index("uq_sponsor_act", "programme_id", "on", "digest", "attempt", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    on: date
    what: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = "seen"
    who: str | None = None
    group: str | None = None
    digest: str
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
    attempt: int = 0
    """How many recordings of the same were withdrawn before this one."""


class CheckpointRow(SQLModel, table=True):
    """What a checkpoint found; the latest report of one counts."""

    __tablename__ = "checkpoint"

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    task: str
    on: date
    use: float | None = None
    proficiency: float | None = None
    experience: float | None = None
    sponsor_seen: bool | None = None
    old_way_gone: bool | None = None
    evidence: str = Field(sa_column=Column(Text, nullable=False))
    said: str = Field(sa_column=Column(Text, nullable=False))
    did: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class AttendanceRow(SQLModel, table=True):
    """A person came to a training session: once, however often it is reported."""

    __tablename__ = "attendance"
    __table_args__ = (UniqueConstraint("programme_id", "task", "person", "attempt", name="uq_attendance_task_person"),)

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    task: str
    person: str
    on: date
    evidence: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
    attempt: int = 0
    """How many recordings of the same were withdrawn before this one."""


class ConfidenceRow(SQLModel, table=True):
    """The delivery confidence that a person set; the latest counts."""

    __tablename__ = "confidence"

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    tier: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class WithdrawalRow(SQLModel, table=True):
    """A recorded fact that was wrong. Both rows are kept; the fact counts until the moment of its withdrawal."""

    __tablename__ = "withdrawal"
    __table_args__ = (UniqueConstraint("programme_id", "kind", "row", name="uq_withdrawal_row"),)

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    kind: str
    """The name of the table."""
    row: int
    reason: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
