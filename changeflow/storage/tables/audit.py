"""The audit chain and its sealed rows: ids only, never names, addresses, scores or free text."""

from datetime import datetime

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field

from changeflow.storage.types import OwnRow, StoredRow, UtcDateTime


class AuditRow(OwnRow, table=True):
    """One entry. `form` 1 is from release 0.1.0, which sealed no rows; the columns after it belong to form 2."""

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_audit_number"),)

    number: int
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    """The claimed moment of the act; `real_at` is the machine's clock."""
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
    """The hash of the programme's definition after the act; None before there is one."""
    facts: int | None = None
    """The number of its rows in `audit_fact`."""
    root: str | None = None
    """The digest over those rows."""


class AuditFactRow(StoredRow, table=True):
    """One row of another table that an entry wrote, changed or removed, as a salted digest.

    `row_key` and `salt` exist as long as the row does. Without its salt a digest reveals nothing, so an erased score
    cannot be guessed from it.
    """

    __tablename__ = "audit_fact"
    __table_args__ = (
        UniqueConstraint("programme_id", "number", "position", name="uq_audit_fact_position"),
        UniqueConstraint("of_table", "row_key", name="uq_audit_fact_row"),
    )

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id")
    number: int
    """The number of its entry."""
    position: int
    op: str
    """`+` written, `-` ended by a change or removal, `!` ended although the row differed from its seal."""
    of_table: str
    digest: str
    row_key: str | None = None
    salt: str | None = None
