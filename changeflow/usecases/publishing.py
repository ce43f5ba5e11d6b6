"""Publish where people stand: a round once, when it is closed. Only this reads everybody's scores."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import Session

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.published import Snapshot
from changeflow.adkar.publishing import Protection, publish, read_answers
from changeflow.agenda.asks import open_round
from changeflow.programme.audiences import views
from changeflow.programme.people import live_people
from changeflow.programme.programme import Programme
from changeflow.storage import audit, publications
from changeflow.storage.database import read_scope
from changeflow.usecases.stored import SYSTEM, load


def publish_rounds(
    programme: Programme, assessments: Sequence[Assessment], *, known: Sequence[Snapshot] = (), leave: str | None = None
) -> tuple[Snapshot, ...]:
    """Publish the rounds that have not been published, the earliest first; return the new snapshots.

    `leave` names a round that is still open. What comes too late for its round is not counted: the next one asks again.
    """
    rounds: dict[str, list[Assessment]] = {}
    for assessment in assessments:
        rounds.setdefault(assessment.round, []).append(assessment)
    threshold = programme.policy.barrier_threshold
    answers = {
        name: read_answers(found, threshold=threshold, live=live_people(programme, on=max(a.on for a in found)))
        for name, found in rounds.items()
    }
    protection = Protection(minimum=programme.minimum_group, step=programme.step)
    done, new = {s.round for s in known}, list[Snapshot]()
    for name, one in sorted(answers.items(), key=lambda item: (item[1].on, item[0])):
        if name in done or name == leave:
            continue
        before = max((s for s in (*known, *new) if s.on <= one.on), key=lambda s: s.on, default=None)
        looked_at = views(programme.definition, one.people, minimum=protection.minimum, on=one.on)
        new.append(publish(one, looked_at, threshold=threshold, protection=protection, before=before, earlier=answers))
    return tuple(new)


def is_published(name: str, *, db: str, programme: str | None, on: date) -> bool:
    """Tell whether a round has been published: what is added to it after that is counted in none."""
    with read_scope(db) as session:
        return any(s.round == name for s in load(session, programme, on=on).programme.facts.snapshots)


def publish_closed(session: Session, name: str, *, on: date, now: datetime, by: str = SYSTEM) -> tuple[Snapshot, ...]:
    """Publish what is due to be published of a stored programme; return it."""
    waiting = publications.unpublished(session, name)
    if not waiting:
        return ()
    session.flush()
    programme = load(session, name, on=on).programme
    everybody, known = publications.assessments(session, name), publications.snapshots(session, name)
    new = publish_rounds(programme, everybody, known=known, leave=open_round(programme, on))
    for snapshot in new:
        publications.add_snapshot(session, name, snapshot, at=now)
        audit.append(session, name, at=now, actor=by, action="publish", subject=f"round:{snapshot.round}")
    session.flush()
    return new
