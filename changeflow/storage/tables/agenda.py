"""What fell due, and the outbox of nudges."""

from datetime import date, datetime

from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from changeflow.storage.types import UtcDateTime


class TickRow(SQLModel, table=True):
    """The last tick of a programme."""

    __tablename__ = "tick"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class DueRow(SQLModel, table=True):
    """One thing that fell due. Its key makes a second tick do nothing."""

    __tablename__ = "due"
    __table_args__ = (UniqueConstraint("programme_id", "key", name="uq_due_key"),)

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    key: str
    reason: str
    subject: str
    rung: int
    person: str | None = None
    due_on: date
    opened_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class NudgeRow(SQLModel, table=True):
    """One message to one person. Claimed by a lease, sent once, or withdrawn when it no longer holds."""

    __tablename__ = "nudge"
    __table_args__ = (UniqueConstraint("programme_id", "key", name="uq_nudge_key"),)

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    key: str
    person: str
    reason: str
    subject: str
    rung: int
    due_on: date
    priority: int = 0
    message_id: str
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    claimed_by: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    attempts: int = 0
    sent_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True, index=True))
    withdrawn_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    channel: str | None = None
    error: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
