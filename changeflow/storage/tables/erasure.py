"""Tombstones of erased people."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field

from changeflow.storage.types import StoredRow, UtcDateTime


class TombstoneRow(StoredRow, table=True):
    """An erased person: keyed hashes of their id and address, so that neither is imported again."""

    __tablename__ = "tombstone"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    digest: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
