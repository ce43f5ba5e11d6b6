"""The outbox: a worker claims each message for a time, sends it and marks it. None is lost, and repeats are marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, bindparam, insert, or_, update
from sqlmodel import Session, col, func, select

from changeflow.storage import keys, versions
from changeflow.storage.database import count_touched
from changeflow.storage.rows import values_of
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from changeflow.values.moments import LONDON

OPEN, SENT, PARKED, FAILED, DROPPED = "open", "sent", "parked", "failed", "dropped"
_UNCLAIMED: dict[str, object] = {"claimed_by": None, "claimed_until": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A claimed message."""

    id: int
    recipient: str
    message_id: str
    created_at: datetime
    attempts: int
    may_have_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to open, with its nudges."""

    recipient: str
    day: date
    number: int
    """The number of the recipient's message on that day."""
    message_id: str
    nudges: tuple[int, ...]
    may_have_gone: bool = False
    """Whether part of it may have been sent before the database was restored."""


def open_messages(
    session: Session, drafts: Sequence[Draft], *, worker: str, now: datetime, lease: timedelta
) -> list[Outgoing] | None:
    """Create claimed messages in the order of the drafts; None if another worker has claimed any of the nudges.

    The table refuses a second message with the same day and number, which ends the caller's transaction.
    """
    session.flush()
    connection = session.connection()
    rows = [
        {
            "recipient": d.recipient, "day": d.day, "number": d.number, "message_id": d.message_id, "state": OPEN,
            "may_have_gone": d.may_have_gone, "created_at": now, "claimed_by": worker, "claimed_until": now + lease,
            "attempts": 1,
        }
        for d in drafts
    ]  # fmt: skip
    made = connection.execute(insert(MessageRow).returning(col(MessageRow.id), sort_by_parameter_order=True), rows)
    ids = [found for found in made.scalars() if found is not None]
    taken = [{"nudge_id": nudge, "to": ids[n]} for n, draft in enumerate(drafts) for nudge in draft.nudges]
    is_free = col(NudgeRow.message).is_(None) & col(NudgeRow.withdrawn_at).is_(None)
    connection.execute(
        update(NudgeRow)
        .where(col(NudgeRow.id) == bindparam("nudge_id"), is_free)
        .values(message=bindparam("to"), why=None),
        taken,
    )
    if session.exec(select(func.count()).where(col(NudgeRow.message).in_(ids))).one() != len(taken):
        return None
    return [
        Outgoing(id=made_id, created_at=now, attempts=1, **values_of(d, Outgoing, "id", "created_at", "attempts"))
        for made_id, d in zip(ids, drafts, strict=True)
    ]


def resumable(session: Session, *, now: datetime) -> list[int]:
    """Return the messages to try again, because their lease expired or their time has come; oldest first."""
    query = (
        select(MessageRow.id)
        .where(col(MessageRow.state) == OPEN, _is_free(now))
        .where(or_(col(MessageRow.next_try).is_(None), col(MessageRow.next_try) <= now))
        .order_by(col(MessageRow.id))
    )
    return [found for found in session.exec(query) if found is not None]


def claim(session: Session, message: int, *, worker: str, now: datetime, lease: timedelta) -> Outgoing | None:
    """Claim a message for sending; None if another worker claimed it first.

    If its last claim was never returned, that worker died and the message may have been sent.
    """
    claimed = (
        update(MessageRow)
        .where(col(MessageRow.id) == message, col(MessageRow.state) == OPEN, _is_free(now))
        .values(
            may_have_gone=col(MessageRow.may_have_gone) | col(MessageRow.claimed_by).is_not(None),
            claimed_by=worker,
            claimed_until=now + lease,
            attempts=MessageRow.attempts + 1,
        )
    )
    if count_touched(session, claimed) != 1:
        return None
    row = session.get(MessageRow, message, populate_existing=True)
    return Outgoing(**values_of(row, Outgoing)) if row is not None else None


def settle(
    session: Session,
    some: Sequence[int],
    *,
    worker: str,
    state: str,
    at: datetime,
    channel: str,
    error: str | None = None,
) -> set[int]:
    """Record the results of messages; return those that this worker still held. Other workers have taken the rest."""
    result = session.exec(
        update(MessageRow)
        .where(col(MessageRow.id).in_(some), col(MessageRow.claimed_by) == worker, col(MessageRow.state) == OPEN)
        .values(state=state, sent_at=at if state == SENT else None, channel=channel, error=error, **_UNCLAIMED)
        .returning(col(MessageRow.id))
        .execution_options(synchronize_session=False)
    )
    ours = set(result.scalars())
    if state != PARKED:
        keys.forget_plain_ids(session, ours)
    return ours


def put_back(session: Session, message: int, *, worker: str, until: datetime) -> None:
    """Return an unused claim, because the message may not be sent at this hour."""
    _give_back(session, message, worker, {"next_try": until, "attempts": MessageRow.attempts - 1})


def postpone(
    session: Session, message: int, *, worker: str, until: datetime, error: str, may_have_gone: bool = False
) -> None:
    """Return a claim; the message is not tried again before a moment."""
    values: dict[str, object] = {"next_try": until, "error": error}
    if may_have_gone:
        values["may_have_gone"] = True
    _give_back(session, message, worker, values)


def _give_back(session: Session, message: int, worker: str, values: Mapping[str, object]) -> None:
    own = (col(MessageRow.id) == message, col(MessageRow.claimed_by) == worker, col(MessageRow.state) == OPEN)
    count_touched(session, update(MessageRow).where(*own).values(**_UNCLAIMED, **values))


def opened(session: Session) -> list[int]:
    """Return the messages being sent, oldest first."""
    query = select(MessageRow.id).where(MessageRow.state == OPEN).order_by(col(MessageRow.id))
    return [found for found in session.exec(query) if found is not None]


def mark_as_possible_repeats(session: Session, some: Sequence[int]) -> None:
    """Record that the given messages may already have been sent, because the database was restored."""
    still_open = (col(MessageRow.id).in_(some), col(MessageRow.state) == OPEN)
    count_touched(session, update(MessageRow).where(*still_open).values(may_have_gone=True))


def counts_since(session: Session, day: date) -> dict[str, int]:
    """Count each recipient's messages since a day, across all programmes, without dropped ones.

    A message opened earlier counts on the day it was sent; one still being sent counts on every day.
    """
    midnight = datetime.combine(day, time(), tzinfo=LONDON)
    is_since = or_(col(MessageRow.day) >= day, col(MessageRow.sent_at) >= midnight, col(MessageRow.state) == OPEN)
    query = select(MessageRow.recipient, func.count()).where(is_since, MessageRow.state != DROPPED)
    return dict(session.exec(query.group_by(MessageRow.recipient)).all())


def numbers_on(session: Session, day: date) -> dict[str, int]:
    """Return the highest number of each recipient's messages on a day, including dropped ones."""
    query = select(MessageRow.recipient, func.max(MessageRow.number)).where(MessageRow.day == day)
    return dict(session.exec(query.group_by(MessageRow.recipient)).all())


def by_state(session: Session) -> dict[str, int]:
    return dict(session.exec(select(MessageRow.state, func.count()).group_by(MessageRow.state)).all())


def open_since(session: Session, since: datetime) -> int:
    """Count messages opened before a moment and still being sent."""
    query = select(func.count()).where(MessageRow.state == OPEN, col(MessageRow.created_at) < since)
    return session.exec(query).one()


def reasons(session: Session) -> dict[str, int]:
    """Count the channel's reasons for failed or parked messages."""
    query = select(MessageRow.error, func.count()).where(col(MessageRow.state).in_((PARKED, FAILED)))
    return {error or "no reason given": count for error, count in session.exec(query.group_by(MessageRow.error))}


def last_reminders(
    session: Session, programme: str, *, until: datetime | None = None
) -> dict[tuple[str, str], tuple[datetime, str]]:
    """Return when people were last sent a message about each reason and subject, and by which channel."""
    query = (
        select(NudgeRow.reason, NudgeRow.subject, col(MessageRow.sent_at), col(MessageRow.channel))
        .join(MessageRow, col(MessageRow.id) == NudgeRow.message)
        .where(NudgeRow.programme_id == programme, MessageRow.state == SENT, col(MessageRow.sent_at).is_not(None))
        .order_by(col(MessageRow.sent_at))
    )
    if until is not None:
        query = query.where(col(MessageRow.sent_at) <= until)
    ids = versions.renames(session, programme, until=until)
    sent = session.exec(query)
    return {(reason, ids.subject(subject)): (at, channel or "") for reason, subject, at, channel in sent if at}


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(col(MessageRow.claimed_until).is_(None), col(MessageRow.claimed_until) < now)
