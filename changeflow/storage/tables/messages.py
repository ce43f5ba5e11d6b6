"""Nudges, and the outbox of messages that contain them."""

from datetime import date, datetime

from sqlalchemy import Column, Text, UniqueConstraint, false
from sqlmodel import Field

from changeflow.storage.types import OwnRow, StoredRow, UtcDateTime


class NudgeRow(OwnRow, table=True):
    """One reminder or request to one person, sent in a message or withdrawn when it no longer applies."""

    __tablename__ = "nudge"
    __table_args__ = (UniqueConstraint("programme_id", "key", name="uq_nudge_key"),)

    key: str
    person: str
    reason: str
    subject: str
    rung: int
    due_on: date
    priority: int = 0
    content: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    """The content for templates, as JSON: names of tasks and roles, never of people, and no scores."""
    not_before: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    message: int | None = Field(default=None, foreign_key="message.id", index=True)
    withdrawn_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    why: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """Why it was withdrawn or is being held."""
    may_have_gone: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether it may have been sent before the database was restored, so that its message may be a repeat."""


class MessageRow(StoredRow, table=True):
    """One message to one recipient. A worker claims it for a time, sends it and marks it.

    The daily limit for a recipient applies across all programmes; the unique key enforces it for two dispatchers.
    """

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("recipient", "day", "number", name="uq_message_of_the_day"),)

    id: int | None = Field(default=None, primary_key=True)
    recipient: str = Field(index=True)
    """A keyed hash of the address, so that nothing here reveals the address of an erased contact."""
    day: date
    number: int = 1
    message_id: str = Field(unique=True)
    state: str = Field(default="open", index=True)
    """`open`, `sent`, `parked` (may have been sent, and must not be repeated), `failed` or `dropped`."""
    may_have_gone: bool = False
    """Whether an earlier attempt may have sent it without marking it, so that this one may be a repeat."""
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    next_try: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    claimed_by: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    attempts: int = 0
    sent_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True, index=True))
    channel: str | None = None
    error: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
