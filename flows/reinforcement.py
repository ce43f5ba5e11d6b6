"""Daily: open the reinforcement checkpoints that fall due after go-live."""

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact

from changeflow.settings import settings
from changeflow.usecases import agenda
from changeflow.usecases.agenda import Ticked


@flow(name="reinforcement-checkpoints")
def reinforcement_checkpoints(now: datetime | None = None) -> tuple[Ticked, ...]:
    """Write the checkpoints that are due at `now` (default: this moment); a re-planned go-live moves them."""
    opened = agenda.tick(db=settings().db, now=now or datetime.now(UTC), reason="checkpoint")
    rows = [{"programme": t.programme, "open checkpoints": t.due, "new": t.new} for t in opened]
    create_table_artifact(rows, key="checkpoints", description="Checkpoints after go-live")
    return opened
