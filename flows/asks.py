"""Daily: requests other than tasks. Each kind has its own flow, so that you can pause it separately."""

from collections.abc import Iterable
from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_table_artifact

from changeflow.agenda.reasons import Reason
from changeflow.settings import as_flow, begin
from changeflow.usecases import monitoring, ticks
from changeflow.usecases.ticks import ReasonCount


@flow(name="adkar-rounds")
@as_flow
def adkar_rounds(now: datetime | None = None) -> tuple[ReasonCount, ...]:
    """Ask for assessments in programmes that open rounds; return counts by programme, without names."""
    return _ask((Reason.ASSESSMENT,), "adkar-rounds", now)


@flow(name="pilot-checkpoints")
@as_flow
def pilot_checkpoints(now: datetime | None = None) -> tuple[ReasonCount, ...]:
    """Ask for feedback from the people that a running pilot reaches."""
    return _ask((Reason.FEEDBACK,), "pilot-checkpoints", now)


@flow(name="gate-requests")
@as_flow
def gate_requests(now: datetime | None = None) -> tuple[ReasonCount, ...]:
    """Ask for decisions that are due, and for evidence that is missing for gates that are due soon."""
    return _ask((Reason.GATE, Reason.DECISION, Reason.EVIDENCE), "gate-requests", now)


@flow(name="health")
@as_flow
def health(now: datetime | None = None) -> tuple[str, ...]:
    """List what is late or needs a person; an empty list means all is well."""
    found = monitoring.troubles(db=begin().db, now=now or datetime.now(UTC))
    rows = [{"what": trouble} for trouble in found] or [{"what": "nothing needs attention"}]
    create_table_artifact(rows, key="health", description="What is late, and what needs a person")
    return found


def _ask(reasons: Iterable[Reason], key: str, now: datetime | None) -> tuple[ReasonCount, ...]:
    asked = ticks.ask(*reasons, db=begin().db, now=now or datetime.now(UTC))
    create_table_artifact([a.row() for a in asked], key=key, description="Requests other than tasks, by programme")
    return asked
