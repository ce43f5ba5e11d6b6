"""Due things and the outbox: unique keys on the way in, leases on the way out."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import CursorResult, or_, update
from sqlmodel import Session, col, func, select

from changeflow.agenda.due import Due
from changeflow.storage.tables.agenda import DueRow, NudgeRow, TickRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """A message to one person, as the outbox holds it."""

    id: int
    programme: str
    person: str
    reason: str
    subject: str
    rung: int
    due_on: date
    message_id: str


def record(session: Session, programme: str, due: Iterable[Due], *, at: datetime, domain: str) -> int:
    """Write what is not known yet, with its nudge; return how many things were new."""
    known = set(session.exec(select(DueRow.key).where(DueRow.programme_id == programme)))
    new = 0
    for thing in due:
        if thing.key in known:
            continue
        known.add(thing.key)
        new += 1
        session.add(
            DueRow(
                programme_id=programme,
                key=thing.key,
                reason=thing.reason,
                subject=thing.subject,
                rung=thing.rung,
                person=thing.person,
                due_on=thing.due_on,
                opened_at=at,
            )
        )
        if thing.person is not None:
            digest = hashlib.sha256(f"{programme}|{thing.key}".encode()).hexdigest()[:32]
            session.add(
                NudgeRow(
                    programme_id=programme,
                    key=thing.key,
                    person=thing.person,
                    reason=thing.reason,
                    subject=thing.subject,
                    rung=thing.rung,
                    due_on=thing.due_on,
                    priority=thing.priority,
                    message_id=f"<{digest}@{domain}>",
                    created_at=at,
                )
            )
    return new


def last_tick(session: Session, programme: str) -> datetime | None:
    row = session.get(TickRow, programme)
    return row.at if row else None


def save_tick(session: Session, programme: str, *, at: datetime) -> None:
    row = session.get(TickRow, programme)
    if row is None:
        session.add(TickRow(programme_id=programme, at=at))
    else:
        row.at = at


def waiting(session: Session, *, now: datetime) -> list[Nudge]:
    """Return what can be sent: neither sent, withdrawn nor claimed by another worker; what matters most first."""
    free = or_(col(NudgeRow.claimed_until).is_(None), col(NudgeRow.claimed_until) < now)
    query = (
        select(NudgeRow)
        .where(col(NudgeRow.sent_at).is_(None), col(NudgeRow.withdrawn_at).is_(None), free)
        .order_by(col(NudgeRow.priority), col(NudgeRow.id))
    )
    return [_nudge(row) for row in session.exec(query)]


def claim(session: Session, nudge: int, *, worker: str, now: datetime, lease: timedelta) -> bool:
    """Take a nudge for sending; False when another worker took it first."""
    free = or_(col(NudgeRow.claimed_until).is_(None), col(NudgeRow.claimed_until) < now)
    result = session.exec(
        update(NudgeRow)
        .where(col(NudgeRow.id) == nudge, col(NudgeRow.sent_at).is_(None), col(NudgeRow.withdrawn_at).is_(None), free)
        .values(claimed_by=worker, claimed_until=now + lease, attempts=NudgeRow.attempts + 1)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def mark_sent(session: Session, nudge: int, *, worker: str, at: datetime, channel: str) -> bool:
    """Note that a nudge went out; False when the lease was lost meanwhile."""
    result = session.exec(
        update(NudgeRow)
        .where(col(NudgeRow.id) == nudge, col(NudgeRow.claimed_by) == worker, col(NudgeRow.sent_at).is_(None))
        .values(sent_at=at, channel=channel, claimed_until=None, error=None)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def release(session: Session, nudge: int, *, error: str) -> None:
    """Give a claim back after a failure; the next dispatch tries again."""
    session.exec(
        update(NudgeRow)
        .where(col(NudgeRow.id) == nudge, col(NudgeRow.sent_at).is_(None))
        .values(claimed_by=None, claimed_until=None, error=error)
    )


def withdraw(session: Session, nudge: int, *, at: datetime) -> None:
    session.exec(update(NudgeRow).where(col(NudgeRow.id) == nudge).values(withdrawn_at=at, claimed_until=None))


def sent_since(session: Session, since: datetime) -> dict[str, int]:
    """Count the messages to each person since a moment, across all programmes."""
    query = select(NudgeRow.person, func.count()).where(col(NudgeRow.sent_at) >= since).group_by(NudgeRow.person)
    return dict(session.exec(query).all())


def _nudge(row: NudgeRow) -> Nudge:
    return Nudge(
        id=row.id or 0,
        programme=row.programme_id,
        person=row.person,
        reason=row.reason,
        subject=row.subject,
        rung=row.rung,
        due_on=row.due_on,
        message_id=row.message_id,
    )
