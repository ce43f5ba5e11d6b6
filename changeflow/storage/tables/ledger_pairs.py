"""Outputs of a parallel run that people upload: which files, until the run is clean or its time has ended."""

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from changeflow.storage.types import OwnRow, UtcDateTime


class LedgerPairRow(OwnRow, table=True):
    """Two files of one month, and perhaps a list of contract ids that have changed.

    Files are named by the SHA-256 of their bytes; `storage.ledger_files` has them.
    """

    __tablename__ = "ledger_pair"

    service: str
    period: str
    old_file: str
    new_file: str
    identity_file: str = ""
    """Empty without a list."""
    old_name: str = Field(sa_column=Column(Text, nullable=False))
    """The name that the file had, for messages."""
    new_name: str = Field(sa_column=Column(Text, nullable=False))
    identity_name: str = Field(default="", sa_column=Column(Text, nullable=False))
    old_decimal: str = ""
    """The decimal mark that someone chose for a side, `.` or `,`; empty if the amounts show it."""
    new_decimal: str = ""
    by: str
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
