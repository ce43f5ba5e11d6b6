"""Hourly: find what is due and write it down once."""

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact

from changeflow.settings import as_flow, begin
from changeflow.usecases import ticks
from changeflow.usecases.ticks import Ticked


@flow(name="tick")
@as_flow
def tick(now: datetime | None = None) -> tuple[Ticked, ...]:
    """Write what is due at `now` (default: this moment) for every programme."""
    done = ticks.tick(db=begin().db, now=now or datetime.now(UTC))
    rows = [{"programme": t.programme, "due": t.due, "new": t.new, "re-forecast": t.readiness} for t in done]
    create_table_artifact(rows, key="due", description="What this tick found, and what no earlier one had written")
    return done
