"""What was published of where people stand: written once a round, never changed. And the way in to single scores."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.published import Snapshot
from changeflow.storage.tables.facts import AssessmentRow, PublicationRow

_SNAPSHOT = TypeAdapter(Snapshot)


def snapshots(session: Session, programme: str, *, until: datetime | None = None) -> tuple[Snapshot, ...]:
    """Return what has been published, in the order of its days: a round may be taken in after a later one."""
    query = select(PublicationRow.content).where(PublicationRow.programme_id == programme)
    if until is not None:
        query = query.where(col(PublicationRow.at) <= until)
    found = (_SNAPSHOT.validate_json(text) for text in session.exec(query.order_by(col(PublicationRow.id))))
    return tuple(sorted(found, key=lambda s: s.on))


def add_snapshot(session: Session, programme: str, snapshot: Snapshot, *, at: datetime) -> None:
    """Keep a publication. A second one of the same round is refused by the database."""
    content = _SNAPSHOT.dump_json(snapshot).decode()
    session.add(PublicationRow(programme_id=programme, round=snapshot.round, content=content, at=at))


def answered(session: Session, programme: str) -> dict[str, frozenset[str]]:
    """Return who has answered in each round, without what."""
    query = select(AssessmentRow.round, AssessmentRow.person).where(AssessmentRow.programme_id == programme)
    found: dict[str, set[str]] = {}
    for name, person in session.exec(query):
        found.setdefault(name, set()).add(person)
    return {name: frozenset(people) for name, people in found.items()}


def unpublished(session: Session, programme: str) -> list[str]:
    """Return the rounds that have answers and have not been published."""
    done = select(PublicationRow.round).where(PublicationRow.programme_id == programme)
    query = (
        select(AssessmentRow.round)
        .where(AssessmentRow.programme_id == programme, col(AssessmentRow.round).not_in(done))
        .distinct()
    )
    return sorted(session.exec(query))


def assessments(session: Session, programme: str) -> Sequence[Assessment]:
    """Return everybody's scores. Personal data: only what publishes them, and people's own export, may ask for them."""
    query = select(AssessmentRow).where(AssessmentRow.programme_id == programme).order_by(col(AssessmentRow.id))
    return [_assessment(r) for r in session.exec(query)]


def add_assessments(session: Session, programme: str, assessments: Sequence[Assessment]) -> int:
    """Add those that are not known yet, by round and person; return how many. None is ever changed."""
    known = set(
        session.exec(
            select(AssessmentRow.round, AssessmentRow.person).where(AssessmentRow.programme_id == programme)
        ).all()
    )
    new = [a for a in assessments if (a.round, a.person) not in known]
    for a in new:
        scores = {e.value: a.scores.get(e) for e in Element}
        row = AssessmentRow(
            programme_id=programme, round=a.round, person=a.person, on=a.on, evidence=a.evidence, **scores
        )
        session.add(row)
    return len(new)


def _assessment(r: AssessmentRow) -> Assessment:
    scores = {e: s for e in Element if (s := getattr(r, e.value)) is not None}
    return Assessment(person=r.person, round=r.round, on=r.on, scores=scores, evidence=r.evidence)
