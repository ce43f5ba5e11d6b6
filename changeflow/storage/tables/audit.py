"""The audit chain and what each entry sealed: ids only, never names, addresses, scores or free text. And which database
this is, how far it has come and which key it has: what tells a restored copy from the database it was taken of.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from changeflow.storage.types import OwnRow, UtcDateTime


class AuditRow(OwnRow, table=True):
    """One entry. `form` 1 is that of release 0.1.0, which sealed no rows; the columns after it are of form 2."""

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_audit_number"),)

    number: int
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    """The moment that the act claims; `real_at` is what the machine's clock said."""
    actor: str
    action: str
    subject: str
    previous: str
    hash: str
    form: int = Field(default=1)
    real_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    via: str | None = None
    account: str | None = None
    version: int | None = None
    """Of the programme's definition, once the act was done; None before there is one."""
    facts: int | None = None
    """How many rows of `audit_fact` belong to it."""
    root: str | None = None
    """The digest over those rows."""


class AuditFactRow(SQLModel, table=True):
    """One row of another table that an entry wrote, changed or removed, as a salted digest.

    `row_key` and `salt` are there as long as the row is. Without its salt a digest gives nothing away, so an erased
    score cannot be guessed from it.
    """

    __tablename__ = "audit_fact"
    __table_args__ = (
        UniqueConstraint("programme_id", "number", "position", name="uq_audit_fact_position"),
        UniqueConstraint("of_table", "row_key", name="uq_audit_fact_row"),
    )

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id")
    number: int
    """Of the entry."""
    position: int
    op: str
    """`+` written, `-` ended by a change or a removal, `!` ended although the row was not as it had been sealed."""
    of_table: str
    digest: str
    row_key: str | None = None
    salt: str | None = None


class CustodyRow(SQLModel, table=True):
    """One row for the whole database."""

    __tablename__ = "custody"

    id: int = Field(default=1, primary_key=True)
    identity: str
    """Random; copies have the same one."""
    counter: int = Field(default=0, sa_column=Column(BigInteger(), nullable=False))
    """Grows with each tick and each message that is opened; the machines that send keep the last one they saw."""
    marker: str
    """Random, another one with each count: two copies that both went on differ in it."""
    releases: int = 0
    """How often a person has released it; Message-IDs differ after each."""
    restored_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """Since when it has waited for a person: nothing is sent meanwhile."""
    restored_why: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    copied_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """The last moment that the copy knew of."""
    reviewed: str | None = None
    """A digest of the list of possible repeats that was last shown."""


class KeyCheckRow(SQLModel, table=True):
    """One row, from the first keyed hash on."""

    __tablename__ = "key_check"

    id: int = Field(default=1, primary_key=True)
    check: str
    """A hash of the key: it tells keys apart and gives none away."""
