"""Hourly: find what is due and record it once."""

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact

from changeflow.settings import as_flow, begin
from changeflow.usecases import ticks
from changeflow.usecases.ticks import Ticked


@flow(name="tick")
@as_flow
def tick(now: datetime | None = None) -> tuple[Ticked, ...]:
    """Record what is due at `now` (by default, the current time) in every programme."""
    done = ticks.tick(db=begin().db, now=now or datetime.now(UTC))
    rows = [{"programme": t.programme, "due": t.due, "new": t.new, "re-forecast": t.readiness} for t in done]
    create_table_artifact(rows, key="due", description="What is due, and what is new in this tick")
    return done
