"""Accounts of people who sign in, their sessions and sign-in links, invitations, and the mark of a sandbox.

No address is stored: people are recognised by the keyed hash of theirs, as recipients of messages are.
"""

from datetime import datetime

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field

from changeflow.storage.types import OwnRow, StoredRow, UtcDateTime


class AccountRow(StoredRow, table=True):
    """One person's account at one identity provider, or one address that gets sign-in links."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("issuer", "subject", name="uq_account_subject"),)

    id: int | None = Field(default=None, primary_key=True)
    issuer: str
    """The provider's address, or `mail` for sign-in links."""
    subject: str
    """A keyed hash of the provider's permanent name for the person; for `mail`, of the address."""
    address: str = Field(index=True)
    """A keyed hash of the address, the same as for recipients of messages."""
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    closed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class SessionRow(StoredRow, table=True):
    """One browser that is signed in, for an account or, on this machine, for one person of one programme."""

    __tablename__ = "session"

    id: str = Field(primary_key=True)
    """A keyed hash of the browser's token."""
    account: int | None = Field(default=None, foreign_key="account.id", index=True)
    programme_id: str | None = Field(default=None, foreign_key="programme.id")
    person: str | None = None
    """Set with the programme for a session without an account: a sandbox, or the first start."""
    how: str
    """A `SignIn`."""
    browser: str = ""
    """The kind of browser, to recognise it in a list."""
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class SignInLinkRow(StoredRow, table=True):
    """A sign-in link that was sent. Only digests are stored."""

    __tablename__ = "sign_in_link"

    token: str = Field(primary_key=True)
    address: str = Field(index=True)
    browser: str
    """A digest of the cookie of the browser that asked; no other browser can use the link."""
    next: str = ""
    """The page to open afterwards."""
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class InvitationRow(OwnRow, table=True):
    """An invitation to a person of a programme to sign in by email."""

    __tablename__ = "invitation"

    person: str
    address: str = Field(index=True)
    """A keyed hash of the address that was invited."""
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
    withdrawn_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class ApiTokenRow(StoredRow, table=True):
    """A token that lets a program read one programme. Only its digest is stored."""

    __tablename__ = "api_token"

    token: str = Field(primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    name: str
    """What it is for."""
    by: str
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    withdrawn_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class SandboxRow(StoredRow, table=True):
    """The mark of a sandbox: a database to try things in, which never sends messages to people."""

    __tablename__ = "sandbox"

    id: int = Field(default=1, primary_key=True)
    since: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
