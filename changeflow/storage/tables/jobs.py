"""Calculations that people start in the browser: how far they have got, and their results."""

from datetime import date, datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from changeflow.storage.types import OwnRow, UtcDateTime


class JobRow(OwnRow, table=True):
    """One calculation of a programme's version on a day. A worker claims it, and records how far it has got."""

    __tablename__ = "job"

    kind: str
    """`waves`, `odds`, `levelling`, `recovery`, `ledgers`, `messages` or `draft-odds`."""
    subject: str = ""
    """What it is about, if that is not the whole programme, such as the number of an uploaded pair of ledgers, or a
    draft's number and revision."""
    version: int
    on: date
    state: str = Field(default="waiting", index=True)
    """A `JobState`."""
    by: str
    asked_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    started_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    seen_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When its worker last reported."""
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    news: str = Field(default="", sa_column=Column(Text, nullable=False))
    """How far it has got, with the best result so far; at the end, why it failed."""
    page: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """The report as a separate page."""
    data: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """The report's numbers, as JSON."""
