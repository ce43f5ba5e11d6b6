"""Programmes: versions, forecasts, baselines and reports (schedules as JSON), and contact details."""

from datetime import date, datetime

from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field

from changeflow.storage.types import OwnRow, StoredRow, UtcDateTime


class ProgrammeRow(StoredRow, table=True):
    __tablename__ = "programme"

    id: str = Field(primary_key=True)
    revision: int = 0
    """Counts changes to its state: a version, a fact, an answer. Derived data is valid while this is unchanged."""
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class VersionRow(OwnRow, table=True):
    """One immutable definition. `number` counts from 1; a second writer of the same number fails."""

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_version_number"),)

    number: int
    hash: str
    parent_hash: str | None = None
    definition: str = Field(sa_column=Column(Text, nullable=False))
    sources: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    created_by: str
    edits: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """The edits that made it from its parent, as JSON; null if a folder was stored."""
    reason: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """Why, as the person who published the edits said."""


class SchoolJoinedRow(StoredRow, table=True):
    """A school that a later version added, with the day from which it is planned."""

    __tablename__ = "school_joined"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    school: str = Field(primary_key=True)
    on: date
    version: int


class ContactRow(StoredRow, table=True):
    """A person's contact details, stored apart from versions so that they can be erased."""

    __tablename__ = "contact"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    person: str = Field(primary_key=True)
    name: str
    email: str | None = None
    language: str = ""
    """The language of messages to them; empty means the programme's."""
    away: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """Days without messages to the person: `2027-02-01..2027-02-12`, separated by semicolons."""
    is_active: bool = True


class ForecastRow(OwnRow, table=True):
    """The engine's schedule for a version and its facts, stored at each change."""

    __tablename__ = "forecast"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_forecast_number"),)

    number: int
    version: int
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    cause: str
    schedule: str = Field(sa_column=Column(Text, nullable=False))


class ReportRow(OwnRow, table=True):
    """An issued report, for comparison with the next one and as a point in each milestone's trend."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_report_number"),)

    number: int
    version: int
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
    milestones: str = Field(sa_column=Column(Text, nullable=False))
    head_number: int | None = None
    """The number and hash of the last audit entry at that time, which the report shows."""
    head_hash: str | None = None
    go_lives_announced: int | None = None
    """The numbers of announced go-lives and of late ones; null before these were stored."""
    go_lives_late: int | None = None


class FrozenReportRow(OwnRow, table=True):
    """What an issued report says, never changed. People are in it by id, so no name needs to be erased."""

    __tablename__ = "frozen_report"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_frozen_report_number"),)

    number: int
    text: str = Field(sa_column=Column(Text, nullable=False))
    """JSON, compressed and in base 85."""
    signature: str
    """A hash of the JSON, made with the database's key when it was issued."""
    seal: str
    """A hash of the JSON and the signature, made with the current key, and made again when a lost key is replaced."""


class BaselineRow(OwnRow, table=True):
    """An approved forecast, never changed. A new one is taken with a reason."""

    __tablename__ = "baseline"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_baseline_number"),)

    number: int
    version: int
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    approver: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    schedule: str = Field(sa_column=Column(Text, nullable=False))
    announces: bool | None = None
    """Whether its go-live days were announced to schools; null if taken before this was recorded."""
