"""Programmes: their versions, forecasts, baselines and reports (schedules as JSON), and how people are reached."""

from datetime import date, datetime

from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from changeflow.storage.types import OwnRow, UtcDateTime


class ProgrammeRow(SQLModel, table=True):
    __tablename__ = "programme"

    id: str = Field(primary_key=True)
    revision: int = 0
    """Counts the changes of its state: a version, a fact, an answer. What is made of it holds as long as this does."""
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


class SchoolJoinedRow(SQLModel, table=True):
    """A school that a later version has added, and when: it is planned from that day."""

    __tablename__ = "school_joined"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    school: str = Field(primary_key=True)
    on: date
    version: int


class ContactRow(SQLModel, table=True):
    """Personal data, kept apart from versions so that it can be erased."""

    __tablename__ = "contact"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    person: str = Field(primary_key=True)
    name: str
    email: str | None = None
    language: str = "en"
    away: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """Days on which somebody is not to be written to: `2027-02-01..2027-02-12`, several with a semicolon."""
    is_active: bool = True


class AddressSeenRow(SQLModel, table=True):
    """That a person was known under an address, as a keyed hash: with another id they are still the same person."""

    __tablename__ = "address_seen"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    person: str = Field(primary_key=True)
    address: str = Field(primary_key=True)


class TombstoneRow(SQLModel, table=True):
    """That somebody was erased: keyed hashes of their id and address, so that neither is taken in again."""

    __tablename__ = "tombstone"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    digest: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class ForecastRow(OwnRow, table=True):
    """What the engine made of a version and the facts, each time that one of them changed."""

    __tablename__ = "forecast"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_forecast_number"),)

    number: int
    version: int
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    cause: str
    schedule: str = Field(sa_column=Column(Text, nullable=False))


class ReportRow(OwnRow, table=True):
    """A report as it was issued: what the next one is compared with, and a point of each milestone's trend."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_report_number"),)

    number: int
    version: int
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
    milestones: str = Field(sa_column=Column(Text, nullable=False))
    head_number: int | None = None
    """The last entry of the audit when the report was made: its number and hash, which the report shows."""
    head_hash: str | None = None
    go_lives_announced: int | None = None
    """School go-lives with an announced day, and how many of them were later; null before that was kept."""
    go_lives_late: int | None = None


class BaselineRow(OwnRow, table=True):
    """An approved forecast. None is ever changed: a new one is taken, with its reason."""

    __tablename__ = "baseline"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_baseline_number"),)

    number: int
    version: int
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    approver: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    schedule: str = Field(sa_column=Column(Text, nullable=False))
    announces: bool | None = None
    """Whether its go-live days were announced to schools; null where it was taken before that was recorded."""
