"""Pilots and parallel runs: what was compared, measured, filed and said. Rows are only ever added.

What is about single contracts goes when its time of keeping is over.
"""

from datetime import date, datetime

from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field

from changeflow.storage.types import OwnRow, UtcDateTime


class SubmissionRow(OwnRow, table=True):
    """What was filed. A second submitter of a scheme's period is refused here as well."""

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
    """How many recordings of the same were withdrawn before this one."""


class RunRow(OwnRow, table=True):
    """One reconciled parallel run, without any contract: the same inputs are recognised by their digest."""

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("programme_id", "digest", name="uq_run_digest"),)

    service: str
    period: str
    digest: str
    """Of the inputs; followed by a number where the same inputs were kept, and withdrawn, before."""
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
    """One difference of a kept run that somebody has to look into; removed when its time of keeping is over."""

    __tablename__ = "variance"

    run: int = Field(foreign_key="run.id", index=True)
    contract: str
    element: str
    old: str | None = None
    new: str | None = None
    outcome: str
    reason: str = Field(sa_column=Column(Text, nullable=False))


class PilotEntryRow(OwnRow, table=True):
    """What was said about a pilot: its content is JSON; whom or whose pay it is about stands beside that."""

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
