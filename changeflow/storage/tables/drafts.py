"""Drafts: changes to a programme's plan that someone has put together and not published."""

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from changeflow.storage.types import OwnRow, UtcDateTime


class DraftRow(OwnRow, table=True):
    """An ordered list of edits on a version. `revision` counts how often it was saved."""

    __tablename__ = "draft"

    name: str
    base: int
    """The number of the version that the edits are for."""
    edits: str = Field(sa_column=Column(Text, nullable=False))
    """The edits as JSON."""
    author: str
    made: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    revision: int = 1
