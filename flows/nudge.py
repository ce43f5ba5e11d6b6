"""Every few minutes: send what is in the outbox."""

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact

from changeflow.delivery.channels import channel_for
from changeflow.delivery.writing import templates_of
from changeflow.settings import as_flow, begin
from changeflow.usecases import dispatch
from changeflow.usecases.dispatch import Dispatched
from changeflow.usecases.messages import Desk


@flow(name="dispatch-nudges")
@as_flow
def dispatch_nudges(now: datetime | None = None) -> Dispatched:
    """Send what is in the outbox at `now` (by default, the current time); return the results."""
    chosen = begin()
    channel = channel_for(chosen.channels)
    desk = Desk(base_url=chosen.base_url, templates=templates_of(chosen.templates))

    def clock() -> datetime:
        return now or datetime.now(UTC)

    outcome = dispatch.dispatch(db=chosen.db, now=clock(), channel=channel, desk=desk, clock=clock)
    by_channel = f"Nudges, by the channel '{channel.name}'"
    create_table_artifact(outcome.rows(), key="dispatched", description=outcome.blocked or by_channel)
    return outcome
