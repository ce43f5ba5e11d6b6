"""Ticks, and the items that are due."""

from datetime import date, datetime

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field

from changeflow.storage.types import OwnRow, StoredRow, UtcDateTime


class TickRow(StoredRow, table=True):
    """The last tick of a programme and its state; another tick for the same state finds nothing new."""

    __tablename__ = "tick"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    revision: int = -1
    """The programme's revision at that tick."""
    day: date | None = None
    """The day of that tick."""
    due: int = 0
    """The number of items due at that tick."""


class DueRow(OwnRow, table=True):
    """One item that is due. Its key stops a second tick from adding it again."""

    __tablename__ = "due"
    __table_args__ = (UniqueConstraint("programme_id", "key", name="uq_due_key"),)

    key: str
    reason: str
    subject: str
    rung: int
    person: str | None = None
    due_on: date
    opened_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
