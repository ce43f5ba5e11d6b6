"""The switch for each programme's messages."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field

from changeflow.storage.types import OwnRow, UtcDateTime


class MessageSwitchRow(OwnRow, table=True):
    """Messages of a programme switched on or off; the last row counts. Without one, the programme's files decide."""

    __tablename__ = "message_switch"

    is_on: bool
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
