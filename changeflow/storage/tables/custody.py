"""The database's identity and count, which distinguish a restored copy from the original."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field

from changeflow.storage.types import StoredRow, UtcDateTime


class CustodyRow(StoredRow, table=True):
    """One row for the whole database."""

    __tablename__ = "custody"

    id: int = Field(default=1, primary_key=True)
    identity: str
    """A random number that identifies the database; copies have the same one."""
    counter: int = Field(default=0, sa_column=Column(BigInteger(), nullable=False))
    """A count that grows with each tick and opened message; sending machines record the last one they saw."""
    marker: str
    """A random number, new with each count, so that two copies that both continued differ."""
    releases: int = 0
    """How often a person has released it after a restore; each release changes the Message-IDs."""
    restored_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When it was found to be restored; no messages are sent until a person releases it."""
    restored_why: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    copied_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """The latest moment in the copy."""
    reviewed: str | None = None
    """A digest of the list of possible repeats that was last shown."""
