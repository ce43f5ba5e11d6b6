"""Daily: open the reinforcement checkpoints that fall due after go-live."""

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact

from changeflow.agenda.reasons import Reason
from changeflow.settings import as_flow, begin
from changeflow.usecases import ticks
from changeflow.usecases.ticks import ReasonCount


@flow(name="reinforcement-checkpoints")
@as_flow
def reinforcement_checkpoints(now: datetime | None = None) -> tuple[ReasonCount, ...]:
    """Record the checkpoints that are due at `now` (by default, the current time). They move with their go-live."""
    opened = ticks.ask(Reason.CHECKPOINT, db=begin().db, now=now or datetime.now(UTC))
    create_table_artifact([a.row() for a in opened], key="checkpoints", description="Checkpoints after go-live")
    return opened
