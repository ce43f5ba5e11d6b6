"""Facts: append-only rows, the latest of which counts.

Data about individual contracts in pilots and parallel runs is removed after its retention time.
"""

from datetime import date, datetime

from sqlalchemy import Boolean, Column, Index, LargeBinary, Text, UniqueConstraint, false
from sqlmodel import Field

from changeflow.storage.types import OwnRow, StoredRow, UtcDateTime


class ProgressRow(OwnRow, table=True):
    """Reported progress. Positions are civil minutes; `remaining` is in `unit`, or working minutes if that is null."""

    __tablename__ = "progress"

    task: str
    actual_start: int
    actual_finish: int | None = None
    remaining: int | None = None
    unit: str | None = None
    percent: int | None = None
    """% complete, if reported."""
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class CommentRow(OwnRow, table=True):
    """A person's comment on a task; its text is removed after its retention time."""

    __tablename__ = "comment"

    task: str
    on: date
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class EvidenceRow(OwnRow, table=True):
    """Evidence about a task: a link, or a file by its digest."""

    __tablename__ = "evidence"

    task: str
    title: str = Field(sa_column=Column(Text, nullable=False))
    link: str = Field(default="", sa_column=Column(Text, nullable=False))
    name: str = Field(default="", sa_column=Column(Text, nullable=False))
    """The file's name."""
    media: str = ""
    sha256: str = ""
    """Of the file, in hexadecimal."""
    size: int = 0
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class EvidenceFileRow(StoredRow, table=True):
    """A file of evidence, stored once for each programme."""

    __tablename__ = "evidence_file"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    sha256: str = Field(primary_key=True)
    """Of the content, in hexadecimal."""
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AssessmentRow(OwnRow, table=True):
    """One person's scores in one round; an unassessed element is null. A correction is a new revision."""

    __tablename__ = "assessment"
    __table_args__ = (
        UniqueConstraint("programme_id", "round", "person", "revision", name="uq_assessment_round_person_revision"),
    )

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
    """The publication that counted it, if any."""


class PublicationRow(OwnRow, table=True):
    """The publication of one round: counts of groups in bands, no one's scores. Its content is JSON."""

    __tablename__ = "publication"
    __table_args__ = (UniqueConstraint("programme_id", "round", name="uq_publication_round"),)

    round: str
    content: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    keeps_people: bool = Field(default=False, sa_column=Column(Boolean(), nullable=False, server_default=false()))
    """Whether the counted people were stored with it. Release 0.1.0 did not store them."""


class PublishedGroupRow(OwnRow, table=True):
    """The people in a group that a publication newly showed or hid, to test later publications."""

    __tablename__ = "published_group"
    __table_args__ = (UniqueConstraint("publication", "view", "group", name="uq_published_group"),)

    publication: int = Field(foreign_key="publication.id", index=True)
    view: str
    group: str
    people: str = Field(sa_column=Column(Text, nullable=False))
    """Ids as JSON with whether reinforcement applied (null for uncounted members), without answers."""


class DecisionRow(OwnRow, table=True):
    """A decision at a gate. The table refuses a second one for a round, unless the first was withdrawn."""

    __tablename__ = "decision"
    __table_args__ = (Index("uq_decision_round", "programme_id", "task", "round", "attempt", unique=True),)

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
    """The number of withdrawn records of the same subject before this one."""


class ConditionRow(OwnRow, table=True):
    """A condition of an approval, in order."""

    __tablename__ = "condition"
    __table_args__ = (Index("uq_condition_number", "programme_id", "task", "round", "number", "attempt", unique=True),)

    task: str
    round: int
    number: int
    text: str = Field(sa_column=Column(Text, nullable=False))
    owner: str
    due: date
    before: str | None = None
    attempt: int = 0
    """The attempt of its decision."""
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class SponsorActRow(OwnRow, table=True):
    """Visible support by the sponsor or a change lead."""

    __tablename__ = "sponsor_act"
    __table_args__ = (Index("uq_sponsor_act", "programme_id", "on", "digest", "attempt", unique=True),)

    on: date
    what: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = "seen"
    who: str | None = None
    group: str | None = None
    digest: str
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
    attempt: int = 0
    """The number of withdrawn records of the same subject before this one."""


class CheckpointRow(OwnRow, table=True):
    """A checkpoint's result; its latest report counts."""

    __tablename__ = "checkpoint"

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


class AttendanceRow(OwnRow, table=True):
    """A person's attendance at a training session, stored once however often it is reported."""

    __tablename__ = "attendance"
    __table_args__ = (UniqueConstraint("programme_id", "task", "person", "attempt", name="uq_attendance_task_person"),)

    task: str
    person: str
    on: date
    evidence: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
    attempt: int = 0
    """The number of withdrawn records of the same subject before this one."""


class ConfidenceRow(OwnRow, table=True):
    """The delivery confidence; the latest counts."""

    __tablename__ = "confidence"

    tier: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class AnnouncementRow(OwnRow, table=True):
    """An announced go-live day of a service at a school; the latest announcement counts."""

    __tablename__ = "announcement"

    service: str
    school: str
    day: date
    on: date
    how: str
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class OddsRow(OwnRow, table=True):
    """A milestone's odds in a simulation of one version on one day; the latest counts."""

    __tablename__ = "odds"

    milestone: str
    version: int
    on: date
    planned: date
    planned_odds: int | None = None
    deadline: date | None = None
    deadline_odds: int | None = None
    p50: date
    p80: date
    p90: date
    certain_share: int
    iterations: int
    seed: int
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class WithdrawalRow(OwnRow, table=True):
    """The withdrawal of a wrong fact. Both rows are kept; the fact counts until its withdrawal."""

    __tablename__ = "withdrawal"
    __table_args__ = (UniqueConstraint("programme_id", "kind", "row", name="uq_withdrawal_row"),)

    kind: str
    """The name of the table."""
    row: int
    reason: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class SubmissionRow(OwnRow, table=True):
    """A filing. The table also refuses a second submitter for a scheme's period."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("programme_id", "service", "scheme", "period", "attempt", name="uq_submission_scheme_period"),
    )

    service: str
    scheme: str
    period: str
    system: str
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
    attempt: int = 0
    """The number of withdrawn records of the same subject before this one."""


class RunRow(OwnRow, table=True):
    """One reconciled parallel run, without contracts; equal inputs have equal digests."""

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("programme_id", "digest", name="uq_run_digest"),)

    service: str
    period: str
    digest: str
    """The digest of the inputs, with a number if the same inputs were stored and withdrawn before."""
    compared: int
    equal: int
    within_tolerance: int
    explained: int
    unexplained: int
    missing: int
    extra: int
    duplicates: int
    largest_unexplained: str
    unpaid: int = Field(default=0)
    pay: str | None = None
    cells: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """Counts by element and class, as JSON."""
    coverage: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """The compared and skipped columns, as JSON: headings and reasons, no cells."""
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class MeasureRow(OwnRow, table=True):
    """One measured exit criterion of a pilot."""

    __tablename__ = "measure"

    service: str
    criterion: str
    value: str
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str


class VarianceRow(OwnRow, table=True):
    """One difference in a stored run that a person must look into; removed after its retention time."""

    __tablename__ = "variance"

    run: int = Field(foreign_key="run.id", index=True)
    contract: str
    element: str
    old: str | None = None
    new: str | None = None
    outcome: str
    reason: str = Field(sa_column=Column(Text, nullable=False))


class PilotEntryRow(OwnRow, table=True):
    """An entry about a pilot. Its content is JSON; the person or contract is in separate columns."""

    __tablename__ = "pilot_entry"
    __table_args__ = (UniqueConstraint("programme_id", "service", "kind", "number", name="uq_pilot_entry_number"),)

    service: str
    kind: str
    number: int
    content: str = Field(sa_column=Column(Text, nullable=False))
    contract: str | None = None
    owner: str | None = None
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
