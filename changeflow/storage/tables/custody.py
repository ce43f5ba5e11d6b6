"""Which database this is, how far it has come, and which key it has: what tells a restored copy from its database."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel

from changeflow.storage.types import UtcDateTime


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
