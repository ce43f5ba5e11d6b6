"""Every few minutes: send what the outbox holds."""

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact

from changeflow.delivery.channels import channel_for
from changeflow.settings import settings
from changeflow.usecases import agenda
from changeflow.usecases.agenda import Dispatched


@flow(name="dispatch-nudges")
def dispatch_nudges(now: datetime | None = None) -> Dispatched:
    """Send what the outbox holds at `now` (default: this moment); return what became of it."""
    chosen = settings()
    channel = channel_for(chosen.smtp_url, chosen.outbox)
    outcome = agenda.dispatch(db=chosen.db, now=now or datetime.now(UTC), channel=channel)
    create_table_artifact(outcome.rows(), key="dispatched", description=f"Nudges, by the channel '{channel.name}'")
    return outcome
