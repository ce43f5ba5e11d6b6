"""Forecasts and baselines: schedules as JSON."""

from datetime import date, datetime

from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field

from changeflow.storage.tables.own import OwnRow
from changeflow.storage.types import UtcDateTime


class ForecastRow(OwnRow, table=True):
    """What the engine made of a version and the facts, each time that one of them changed."""

    __tablename__ = "forecast"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_forecast_number"),)

    number: int
    version: int
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    cause: str
    schedule: str = Field(sa_column=Column(Text, nullable=False))


class ReportRow(OwnRow, table=True):
    """A report as it was issued: what the next one is compared with, and a point of each milestone's trend."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_report_number"),)

    number: int
    version: int
    on: date
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    by: str
    milestones: str = Field(sa_column=Column(Text, nullable=False))
    head_number: int | None = None
    """The last entry of the audit when the report was made: its number and hash, which the report shows."""
    head_hash: str | None = None


class BaselineRow(OwnRow, table=True):
    """An approved forecast. None is ever changed: a new one is taken, with its reason."""

    __tablename__ = "baseline"
    __table_args__ = (UniqueConstraint("programme_id", "number", name="uq_baseline_number"),)

    number: int
    version: int
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    approver: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    schedule: str = Field(sa_column=Column(Text, nullable=False))
