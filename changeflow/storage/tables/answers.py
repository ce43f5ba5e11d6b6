"""Links in messages, the answers that people give through them, and whether messages reach people."""

from datetime import date, datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from changeflow.storage.types import OwnRow, StoredRow, UtcDateTime


class ReachRow(StoredRow, table=True):
    """A person's contact preferences and whether their address works, across all programmes."""

    __tablename__ = "reach"

    recipient: str = Field(primary_key=True)
    optional_off: bool = False
    undeliverable_since: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    error: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


class LinkRow(StoredRow, table=True):
    """A link that lets one person do one thing once. Only the token's digest is stored."""

    __tablename__ = "link"

    token: str = Field(primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    person: str
    action: str
    """`answer` or `unsubscribe`."""
    subject: str
    due_on: date
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class AnswerRow(OwnRow, table=True):
    """A person's answer to a nudge. The latest answer for each subject and person counts."""

    __tablename__ = "answer"

    person: str
    subject: str
    due_on: date
    kind: str
    until: date | None = None
    to: str | None = None
    text: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
