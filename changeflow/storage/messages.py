"""The outbox, a row a message: claimed by a lease, sent, marked. Nothing is lost, and a repeat is marked as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, or_, update
from sqlmodel import Session, col, func, select

from changeflow.storage.tables.agenda import MessageRow, NudgeRow

OPEN, SENT, PARKED, FAILED, DROPPED = "open", "sent", "parked", "failed", "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that somebody has claimed."""

    id: int
    recipient: str
    message_id: str
    created_at: datetime
    attempts: int
    may_have_gone: bool


def open_message(
    session: Session,
    *,
    recipient: str,
    day: date,
    number: int,
    message_id: str,
    nudges: Sequence[int],
    worker: str,
    now: datetime,
    lease: timedelta,
) -> Outgoing | None:
    """Make a message that carries nudges, claimed at once; None where another dispatcher has some of them already.

    A second message of the same day and number is refused by the table: the caller's transaction ends with it.
    """
    row = MessageRow(
        recipient=recipient,
        day=day,
        number=number,
        message_id=message_id,
        created_at=now,
        claimed_by=worker,
        claimed_until=now + lease,
        attempts=1,
    )
    session.add(row)
    session.flush()
    taken = session.exec(
        update(NudgeRow)
        .where(col(NudgeRow.id).in_(nudges), col(NudgeRow.message).is_(None), col(NudgeRow.withdrawn_at).is_(None))
        .values(message=row.id, why=None)
    )
    if not isinstance(taken, CursorResult) or taken.rowcount != len(nudges):
        return None
    return _outgoing(row)


def resumable(session: Session, *, now: datetime) -> list[int]:
    """Return the messages that can be tried again: their lease ran out, or their time has come. The oldest first."""
    query = (
        select(MessageRow.id)
        .where(col(MessageRow.state) == OPEN, _is_free(now), or_(col(MessageRow.next_try).is_(None), _has_come(now)))
        .order_by(col(MessageRow.id))
    )
    return [found for found in session.exec(query) if found is not None]


def claim(session: Session, message: int, *, worker: str, now: datetime, lease: timedelta) -> Outgoing | None:
    """Take a message for sending; None when another worker took it first.

    Where its last claim was never given back, whoever had it died with it: it may have gone.
    """
    result = session.exec(
        update(MessageRow)
        .where(col(MessageRow.id) == message, col(MessageRow.state) == OPEN, _is_free(now))
        .values(
            may_have_gone=col(MessageRow.may_have_gone) | col(MessageRow.claimed_by).is_not(None),
            claimed_by=worker,
            claimed_until=now + lease,
            attempts=MessageRow.attempts + 1,
        )
        .execution_options(synchronize_session=False)
    )
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        return None
    row = session.get(MessageRow, message, populate_existing=True)
    return _outgoing(row) if row is not None else None


def settle(
    session: Session, message: int, *, worker: str, state: str, at: datetime, channel: str, error: str | None = None
) -> bool:
    """Note what became of a message; False when the claim was lost meanwhile, and another worker has it."""
    result = session.exec(
        update(MessageRow)
        .where(col(MessageRow.id) == message, col(MessageRow.claimed_by) == worker, col(MessageRow.state) == OPEN)
        .values(
            state=state,
            sent_at=at if state == SENT else None,
            channel=channel,
            error=error,
            claimed_by=None,
            claimed_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def postpone(
    session: Session, message: int, *, worker: str, until: datetime, error: str, may_have_gone: bool = False
) -> None:
    """Give a claim back; the message is tried again from a moment on."""
    values: dict[str, object] = {"claimed_by": None, "claimed_until": None, "next_try": until, "error": error}
    if may_have_gone:
        values["may_have_gone"] = True
    session.exec(
        update(MessageRow)
        .where(col(MessageRow.id) == message, col(MessageRow.claimed_by) == worker, col(MessageRow.state) == OPEN)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def counts_since(session: Session, day: date) -> dict[str, int]:
    """Count the messages of each recipient since a day, across all programmes; dropped ones never went."""
    query = (
        select(MessageRow.recipient, func.count())
        .where(col(MessageRow.day) >= day, MessageRow.state != DROPPED)
        .group_by(MessageRow.recipient)
    )
    return dict(session.exec(query).all())


def by_state(session: Session) -> dict[str, int]:
    return dict(session.exec(select(MessageRow.state, func.count()).group_by(MessageRow.state)).all())


def open_since(session: Session, since: datetime) -> int:
    """Count what was opened before a moment and is on its way still."""
    query = select(func.count()).where(MessageRow.state == OPEN, col(MessageRow.created_at) < since)
    return session.exec(query).one()


def reasons(session: Session) -> dict[str, int]:
    """Count the reasons for which messages failed or were parked, as the channel gave them."""
    query = (
        select(MessageRow.error, func.count())
        .where(col(MessageRow.state).in_((PARKED, FAILED)))
        .group_by(MessageRow.error)
    )
    return {error or "no reason given": count for error, count in session.exec(query)}


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(col(MessageRow.claimed_until).is_(None), col(MessageRow.claimed_until) < now)


def _has_come(now: datetime) -> ColumnElement[bool]:
    return col(MessageRow.next_try) <= now


def _outgoing(row: MessageRow) -> Outgoing:
    return Outgoing(
        id=row.id or 0,
        recipient=row.recipient,
        message_id=row.message_id,
        created_at=row.created_at,
        attempts=row.attempts,
        may_have_gone=row.may_have_gone,
    )
