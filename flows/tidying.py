"""Nightly: remove personal data whose retention period has ended."""

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact

from changeflow.settings import as_flow, begin
from changeflow.usecases.retention import Removed, retain


@flow(name="retention")
@as_flow
def retention(now: datetime | None = None) -> tuple[Removed, ...]:
    """Remove what has expired at `now` (by default, the current time); return counts by programme, without names."""
    removed = retain(db=begin().db, now=now or datetime.now(UTC))
    create_table_artifact([r.row() for r in removed], key="retention", description="Personal data removed")
    return removed
