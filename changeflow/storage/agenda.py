"""Items that are due, and their nudges. A unique key ensures that each nudge is recorded only once."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, or_
from sqlmodel import Session, col, func, select, update

from changeflow.agenda.asks import CANCELLATION, CONVERSATION, about_calendar
from changeflow.agenda.due import Due, Invited
from changeflow.agenda.reasons import Gone, Reason
from changeflow.storage import versions
from changeflow.storage.database import count_touched
from changeflow.storage.messages import OPEN, PARKED, SENT
from changeflow.storage.rows import values_of
from changeflow.storage.tables.agenda import DueRow, TickRow
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from changeflow.storage.tables.programme import ProgrammeRow

MOVED = "finished, moved or reassigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A nudge that is in a message, and what became of the message."""

    message: int
    recipient: str
    person: str
    reason: str
    title: str
    state: str
    opened_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """One reminder or request to one person."""

    id: int
    programme: str
    person: str
    reason: str
    subject: str
    level: int
    due_on: date
    priority: int
    content: Mapping[str, Any] = field(hash=False)
    may_have_gone: bool = False
    """Whether it may have been sent before the database was restored."""


def wait_until(session: Session, moment: datetime) -> None:
    """Hold all waiting nudges until a moment."""
    waits = (col(NudgeRow.message).is_(None), col(NudgeRow.withdrawn_at).is_(None))
    session.exec(update(NudgeRow).where(*waits).values(not_before=moment))


def record(
    session: Session,
    programme: str,
    due: Iterable[Due],
    *,
    at: datetime,
    not_before: datetime,
    contents: Mapping[str, Mapping[str, Any]],
) -> tuple[int, int]:
    """Record new due items with their nudges, refresh waiting nudges, and withdraw those that no longer apply.

    `contents` has each item's content for messages, by the item's key. Returns the numbers of new items and of
    withdrawn nudges.
    """
    known = _known_keys(session, programme)
    due = list(due)
    for thing in due:
        if thing.key in known:
            continue
        both: dict[str, Any] = {
            "programme_id": programme,
            "key": thing.key,
            "reason": thing.reason,
            "subject": thing.subject,
            "rung": thing.level,
            "person": thing.person,
            "due_on": thing.due_on,
        }
        session.add(DueRow(opened_at=at, **both))
        if thing.person is not None:
            content = _text(contents.get(thing.key, {}))
            nudge = NudgeRow(priority=thing.priority, content=content, not_before=not_before, created_at=at, **both)
            session.add(nudge)
    _rearm(session, programme, {d.key for d in due} & known)
    withdrawn = _refresh(session, programme, {d.key: d for d in due}, contents, at)
    return len({d.key for d in due} - known), withdrawn


def _known_keys(session: Session, programme: str) -> set[str]:
    """Return the keys of items that were due before; for a renamed task also the keys with its new id.

    Unsent items under an old id are left out: they are withdrawn and sent under the new id.
    """
    known = set(session.exec(select(DueRow.key).where(DueRow.programme_id == programme)))
    if ids := versions.renames(session, programme):
        unsent = select(NudgeRow.key).where(NudgeRow.programme_id == programme, col(NudgeRow.message).is_(None))
        for key in known.difference(session.exec(unsent).all()):
            subject, mark, rest = key.partition("|")
            known.add(f"{ids.subject(subject)}{mark}{rest}")
    return known


def _rearm(session: Session, programme: str, due: Collection[str]) -> None:
    """Restore nudges that were withdrawn unsent but apply again, for example after a task was reopened."""
    unsent = select(NudgeRow).where(
        NudgeRow.programme_id == programme,
        col(NudgeRow.message).is_(None),
        col(NudgeRow.withdrawn_at).is_not(None),
        NudgeRow.why == MOVED,
    )
    for row in session.exec(unsent):
        if row.key in due:
            row.withdrawn_at, row.why = None, None
    session.flush()


def _refresh(
    session: Session, programme: str, due: Mapping[str, Due], contents: Mapping[str, Mapping[str, Any]], at: datetime
) -> int:
    """Update waiting nudges to what is due now; those already being sent can only be withdrawn."""
    over = []
    for row in session.exec(_waiting().where(NudgeRow.programme_id == programme)):
        if row.key in due:
            row.priority, row.content = due[row.key].priority, _text(contents.get(row.key, {}))
        else:
            over.append(row)
    on_its_way = (
        select(NudgeRow)
        .join(MessageRow, col(MessageRow.id) == NudgeRow.message)
        .where(NudgeRow.programme_id == programme, MessageRow.state == OPEN, col(NudgeRow.withdrawn_at).is_(None))
    )
    over += [row for row in session.exec(on_its_way) if row.key not in due]
    for row in over:
        row.withdrawn_at, row.why = at, MOVED
    return len(over)


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def _waiting() -> Any:  # noqa: ANN401  (a select of SQLModel's, whose type has no public name)
    return select(NudgeRow).where(col(NudgeRow.message).is_(None), col(NudgeRow.withdrawn_at).is_(None))


def last_tick(session: Session, programme: str) -> datetime | None:
    row = session.get(TickRow, programme)
    return row.at if row else None


def save_tick(session: Session, programme: str, *, at: datetime, revision: int, day: date, due: int) -> None:
    row = session.get(TickRow, programme) or TickRow(programme_id=programme, at=at)
    row.at, row.revision, row.day, row.due = max(at, row.at), revision, day, due
    session.add(row)


def due_counts(session: Session) -> dict[str, int]:
    """Return the number of items due at each programme's last tick."""
    return dict(session.exec(select(TickRow.programme_id, TickRow.due)).all())


def stale(session: Session, *, day: date, names: Collection[str] | None = None) -> list[str]:
    """Return the programmes whose state or day has changed since the last tick, in order of name."""
    query = (
        select(ProgrammeRow.id)
        .join(TickRow, col(TickRow.programme_id) == ProgrammeRow.id, isouter=True)
        .where(
            col(TickRow.programme_id).is_(None)
            | (TickRow.revision != ProgrammeRow.revision)
            | (col(TickRow.day).is_(None))
            | (TickRow.day != day)
        )
        .order_by(ProgrammeRow.id)
    )
    return [name for name in session.exec(query) if names is None or name in names]


def waiting(session: Session, *, now: datetime) -> list[Nudge]:
    """Return the waiting nudges, most important first."""
    is_time = col(NudgeRow.not_before).is_(None) | (col(NudgeRow.not_before) <= now)
    query = _waiting().where(is_time).order_by(col(NudgeRow.priority), col(NudgeRow.id))
    return [_nudge(row) for row in session.exec(query)]


def mark_as_possible_repeats(session: Session, nudges: Iterable[int]) -> None:
    """Record that the given nudges may already have been sent, because the database was restored."""
    waits = (col(NudgeRow.id).in_(list(nudges)), col(NudgeRow.message).is_(None))
    count_touched(session, update(NudgeRow).where(*waits).values(may_have_gone=True))


def saturated(session: Session, *, today: date) -> set[tuple[str, str]]:
    """Return (programme, person) for each person whose manager has been asked to talk to them this week."""
    query = select(NudgeRow.programme_id, NudgeRow.subject).where(
        NudgeRow.reason == Reason.CONVERSATION, col(NudgeRow.due_on) >= today, col(NudgeRow.withdrawn_at).is_(None)
    )
    return {(programme, subject.removeprefix(CONVERSATION)) for programme, subject in session.exec(query)}


def withdraw(session: Session, nudges: Iterable[int], *, at: datetime, why: str) -> None:
    """Withdraw unsent nudges."""
    session.exec(
        update(NudgeRow)
        .where(col(NudgeRow.id).in_(list(nudges)), col(NudgeRow.message).is_(None))
        .values(withdrawn_at=at, why=why)
    )


def close(session: Session, programme: str, subjects: Collection[str], *, at: datetime) -> None:
    """Withdraw unsent nudges about the given subjects, including those being sent."""
    on_its_way = select(MessageRow.id).where(MessageRow.state == OPEN)
    session.exec(
        update(NudgeRow)
        .where(
            col(NudgeRow.programme_id) == programme,
            col(NudgeRow.subject).in_(subjects),
            col(NudgeRow.withdrawn_at).is_(None),
            or_(col(NudgeRow.message).is_(None), col(NudgeRow.message).in_(on_its_way)),
        )
        .values(withdrawn_at=at, why=MOVED)
    )


def hold(session: Session, why: Mapping[int, str]) -> None:
    """Record why nudges are held, if the reason has changed."""
    for row in session.exec(select(NudgeRow).where(col(NudgeRow.id).in_(list(why)))):
        if row.why != why[row.id or 0]:
            row.why = why[row.id or 0]


def gone(session: Session, programme: str) -> list[Gone]:
    """Return the sent nudges, oldest first."""
    query = (
        select(NudgeRow, col(MessageRow.sent_at))
        .join(MessageRow, col(MessageRow.id) == NudgeRow.message)
        .where(NudgeRow.programme_id == programme, MessageRow.state == SENT, col(NudgeRow.withdrawn_at).is_(None))
        .order_by(col(MessageRow.sent_at), col(NudgeRow.id))
    )
    return [
        Gone(
            reason=row.reason,
            subject=row.subject,
            level=row.rung,
            due_at=max(row.created_at, row.not_before or row.created_at),
            sent_at=sent_at,
        )
        for row, sent_at in session.exec(query)
        if sent_at is not None
    ]


def carried(session: Session, programme: str, *, most: int) -> list[Carried]:
    """Return the nudges of the latest messages, latest message first; within each, most important nudge first."""
    latest = (
        select(NudgeRow.message)
        .where(NudgeRow.programme_id == programme, col(NudgeRow.message).is_not(None))
        .group_by(col(NudgeRow.message))
        .order_by(col(NudgeRow.message).desc())
        .limit(most)
    )
    query = (
        select(NudgeRow, MessageRow)
        .join(MessageRow, col(MessageRow.id) == NudgeRow.message)
        .where(NudgeRow.programme_id == programme, col(NudgeRow.message).in_(latest))
        .order_by(col(MessageRow.id).desc(), col(NudgeRow.priority), col(NudgeRow.id))
    )
    return [
        Carried(
            message=message.id or 0,
            recipient=message.recipient,
            person=nudge.person,
            reason=nudge.reason,
            title=str(json.loads(nudge.content).get("title", nudge.subject)),
            state=message.state,
            opened_at=message.created_at,
            sent_at=message.sent_at,
        )
        for nudge, message in session.exec(query)
    ]


def invited(session: Session, programme: str) -> dict[tuple[str, str], Invited]:
    """Return the calendar entries sent for checkpoints, by task and person."""
    query = (
        select(NudgeRow.subject, NudgeRow.person, col(NudgeRow.due_on))
        .join(MessageRow, col(MessageRow.id) == NudgeRow.message)
        .where(
            NudgeRow.programme_id == programme,
            NudgeRow.reason == Reason.CHECKPOINT,
            # Nudges being sent must still be due, or they would be withdrawn.
            col(MessageRow.state).in_((SENT, PARKED)),
            col(NudgeRow.withdrawn_at).is_(None),
            col(NudgeRow.subject).contains("#"),
        )
        .order_by(col(NudgeRow.message), col(NudgeRow.id))
    )
    found: dict[tuple[str, str], Invited] = {}
    ids = versions.renames(session, programme)
    for subject, person, due_on in session.exec(query):
        task = ids.task(subject.partition("#")[0])
        before = found.get((task, person))
        times = before.times + 1 if before else 1
        found[task, person] = Invited(due_on, times, about_calendar(subject) == CANCELLATION)
    return found


def carried_by(session: Session, message: int) -> list[Nudge]:
    """Return a message's nudges that still apply, most important first."""
    query = select(NudgeRow).where(NudgeRow.message == message, col(NudgeRow.withdrawn_at).is_(None))
    return [_nudge(row) for row in session.exec(query.order_by(col(NudgeRow.priority), col(NudgeRow.id)))]


def programmes_of(session: Session, message: int) -> list[str]:
    """Return the programmes of a message's nudges, including withdrawn ones."""
    query = select(NudgeRow.programme_id).where(NudgeRow.message == message).distinct()
    return sorted(session.exec(query))


def counts_by_reason(session: Session) -> dict[tuple[str, str], tuple[int, int]]:
    """Return the numbers of nudges waiting and in messages, by programme and reason, without withdrawn ones."""
    still = case((col(NudgeRow.message).is_(None), 1), else_=0)
    query = (
        select(NudgeRow.programme_id, NudgeRow.reason, func.sum(still), func.count())
        .where(col(NudgeRow.withdrawn_at).is_(None))
        .group_by(NudgeRow.programme_id, NudgeRow.reason)
    )
    return {
        (name, reason): (int(waiting), total - int(waiting)) for name, reason, waiting, total in session.exec(query)
    }


def _nudge(row: NudgeRow) -> Nudge:
    same = values_of(row, Nudge, "id", "programme", "level", "content")
    return Nudge(**same, id=row.id or 0, programme=row.programme_id, level=row.rung, content=json.loads(row.content))
