"""The audit chain: ids only, never names, addresses, scores or free text, so that erasure leaves it whole."""

from datetime import datetime

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from changeflow.storage.types import UtcDateTime


class AuditRow(SQLModel, table=True):
    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_audit_number"),)

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
    number: int
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    actor: str
    action: str
    subject: str
    previous: str
    hash: str
