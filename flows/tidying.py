"""Nightly: remove what is about single people and has been kept long enough."""

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact

from changeflow.settings import as_flow, begin
from changeflow.usecases.retention import Removed, retain


@flow(name="retention")
@as_flow
def retention(now: datetime | None = None) -> tuple[Removed, ...]:
    """Remove what is over at `now` (default: this moment); counts by programme, of nobody by name."""
    removed = retain(db=begin().db, now=now or datetime.now(UTC))
    create_table_artifact([r.row() for r in removed], key="retention", description="What was kept long enough")
    return removed
