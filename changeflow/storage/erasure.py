"""Erasing a person: what is about them goes, and a tombstone stays so that no import brings them back."""

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from changeflow.storage.database import count_touched
from changeflow.storage.persons import ERASED_RECIPIENT
from changeflow.storage.pseudonyms import adopt_key, recipient_at, recipient_of, tombstones_of
from changeflow.storage.tables.agenda import AnswerRow, LinkRow, MessageRow, NudgeRow, ReachRow
from changeflow.storage.tables.facts import AssessmentRow, AttendanceRow, WithdrawalRow
from changeflow.storage.tables.programme import ContactRow, TombstoneRow

ERASED = "they were erased"


def erase(
    session: Session,
    programme: str,
    person: str,
    *,
    email: str | None,
    recipients: Collection[str],
    at: datetime,
) -> dict[str, int]:
    """Remove what is about a person; return how much of what.

    Their id stays where history rests on it (versions, the audit, what was due): it is a pseudonym from then on. It
    also stays among the people that published groups counted, because later publications are tested with these figures.
    `recipients` are the hashes under which messages went to them and to no one else, and `email` is their address where
    no one else has or had it.
    """
    key = adopt_key(session)
    theirs = (col(AttendanceRow.programme_id) == programme, col(AttendanceRow.person) == person)
    # A row's number may be given out again: no withdrawal outlives its row.
    of_theirs = (
        col(WithdrawalRow.programme_id) == programme,
        col(WithdrawalRow.kind) == AttendanceRow.__tablename__,
        col(WithdrawalRow.row).in_(select(AttendanceRow.id).where(*theirs)),
    )
    count_touched(session, delete(WithdrawalRow).where(*of_theirs))
    removed = {
        "contact details": count_touched(
            session,
            delete(ContactRow).where(col(ContactRow.programme_id) == programme, col(ContactRow.person) == person),
        ),
        "assessments": count_touched(
            session,
            delete(AssessmentRow).where(
                col(AssessmentRow.programme_id) == programme, col(AssessmentRow.person) == person
            ),
        ),
        "attendance": count_touched(
            session,
            delete(AttendanceRow).where(*theirs),
        ),
        "answers": count_touched(
            session,
            delete(AnswerRow).where(col(AnswerRow.programme_id) == programme, col(AnswerRow.person) == person),
        ),
        "links": count_touched(
            session, delete(LinkRow).where(col(LinkRow.programme_id) == programme, col(LinkRow.person) == person)
        ),
    }
    own = (col(NudgeRow.programme_id) == programme, col(NudgeRow.person) == person)
    waiting = col(NudgeRow.message).is_(None) & col(NudgeRow.withdrawn_at).is_(None)
    count_touched(session, update(NudgeRow).where(*own, waiting).values(withdrawn_at=at, why=ERASED))
    count_touched(session, update(NudgeRow).where(*own).values(content="{}"))
    if recipients:
        theirs_alone = col(ReachRow.recipient).in_(list(recipients))
        removed["preferences"] = count_touched(session, delete(ReachRow).where(theirs_alone))
    for recipient in recipients:
        nobody = f"{ERASED_RECIPIENT}{secrets.token_hex(8)}"
        count_touched(
            session, update(MessageRow).where(col(MessageRow.recipient) == recipient).values(recipient=nobody)
        )
    addresses = set(recipients) - {recipient_of(key, programme, person, None)}
    for digest in tombstones_of(key, programme, person, email, recipients=addresses):
        if session.get(TombstoneRow, (programme, digest)) is None:
            session.add(TombstoneRow(programme_id=programme, digest=digest, at=at))
    session.flush()
    return removed


def count_tombstones(session: Session) -> int:
    return session.exec(select(func.count()).select_from(TombstoneRow)).one()


def erased(session: Session, programme: str, people: Iterable[tuple[str, str | None]]) -> dict[str, datetime]:
    """Return which of some people, given as (id, address), were erased, and when."""
    own = TombstoneRow.programme_id == programme
    if session.exec(select(TombstoneRow.digest).where(own).limit(1)).first() is None:
        return {}
    key = adopt_key(session)
    known = dict(session.exec(select(TombstoneRow.digest, col(TombstoneRow.at)).where(own)).all())
    found: dict[str, datetime] = {}
    for person, email in people:
        recipients = [recipient_at(key, email)] if email else []
        for digest in tombstones_of(key, programme, person, email, recipients=recipients):
            if digest in known:
                found[person] = known[digest]
    return found
