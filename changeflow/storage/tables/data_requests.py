"""Requests that people make about the data on them, with the days that decide when they must be answered."""

from datetime import date, datetime

from sqlalchemy import Column
from sqlmodel import Field

from changeflow.storage.types import OwnRow, UtcDateTime


class DataRequestRow(OwnRow, table=True):
    """One request. It stays after an erasure, to show for some years that the request was answered in time."""

    __tablename__ = "data_request"

    person: str
    """The person whose data it is about."""
    kind: str
    received: date
    extended_on: date | None = None
    """The day on which the person was told that a complex request takes longer."""
    answered_on: date | None = None
    by: str
    """The person who recorded it."""
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
