"""Erasure and retention: remove everything about an erased person except a tombstone, and remove old records.

The tombstone keeps imports from bringing the person back. SQLite overwrites a deleted row in place, but not copies left
by page splits or older pages in the log (`-wal`), so the file is rewritten and the log truncated. That is impossible
while another process reads or writes: a note in the state folder records it as pending, and the next erasure, retention
or tick tries again.
"""

import secrets
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from changeflow.errors import DatabaseUrlError
from changeflow.logs import log
from changeflow.storage.custody import MachineState
from changeflow.storage.database import BUSY_SECONDS, count_touched, engine_for, is_sqlite
from changeflow.storage.keys import adopt_key, recipient_at, recipient_of, tombstones_of
from changeflow.storage.sqlite_file import plain_words
from changeflow.storage.tables.accounts import InvitationRow, SessionRow
from changeflow.storage.tables.agenda import DueRow
from changeflow.storage.tables.answers import AnswerRow, LinkRow, ReachRow
from changeflow.storage.tables.erasure import TombstoneRow
from changeflow.storage.tables.facts import AssessmentRow, AttendanceRow, CommentRow, WithdrawalRow
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from changeflow.storage.tables.programme import ContactRow

ERASED = "they were erased"
ERASED_RECIPIENT = "erased-"
"""Prefix of the random value that replaces the recipient of an erased person's messages."""
_THEIRS: Mapping[str, Any] = {
    "contact details": ContactRow,
    "assessments": AssessmentRow,
    "attendance": AttendanceRow,
    "answers": AnswerRow,
    "links": LinkRow,
    "invitations": InvitationRow,
    "sessions": SessionRow,
}
"""Tables whose rows about a person are removed, by name."""


def erase(
    session: Session, programme: str, person: str, *, email: str | None, recipients: Collection[str], at: datetime
) -> dict[str, int]:
    """Remove all data about a person; return the numbers of rows by kind.

    Their id stays where history depends on it (versions, the audit, due items) and is a pseudonym from then on. It
    also stays among the people counted in published groups, because later publications are tested against these.
    `recipients` are the hashes of messages to them and to no one else; `email` is their address if no one else has or
    had it.
    """
    key = adopt_key(session)
    theirs = (col(AttendanceRow.programme_id) == programme, col(AttendanceRow.person) == person)
    # A row's number may be reused, so no withdrawal outlives its row.
    of_theirs = (
        col(WithdrawalRow.programme_id) == programme,
        col(WithdrawalRow.kind) == AttendanceRow.__tablename__,
        col(WithdrawalRow.row).in_(select(AttendanceRow.id).where(*theirs)),
    )
    count_touched(session, delete(WithdrawalRow).where(*of_theirs))
    removed = {
        what: count_touched(
            session, delete(table).where(col(table.programme_id) == programme, col(table.person) == person)
        )
        for what, table in _THEIRS.items()
    }
    removed["comments"] = count_touched(
        session, update(CommentRow).where(*_words_of(programme, person)).values(text="")
    )
    removed |= _leave_messages(session, programme, person, recipients, at)
    addresses = set(recipients) - {recipient_of(key, programme, person, None)}
    for digest in tombstones_of(key, programme, person, email, recipients=addresses):
        if session.get(TombstoneRow, (programme, digest)) is None:
            session.add(TombstoneRow(programme_id=programme, digest=digest, at=at))
    session.flush()
    return removed


def _words_of(programme: str, person: str) -> tuple[Any, ...]:
    """Match a person's comments that still have text."""
    own = (col(CommentRow.programme_id) == programme, col(CommentRow.by) == person)
    return (*own, col(CommentRow.text) != "")


def _leave_messages(
    session: Session, programme: str, person: str, recipients: Collection[str], at: datetime
) -> dict[str, int]:
    """Withdraw unsent nudges, empty sent ones, and remove the person from their messages; the rows stay."""
    own = (col(NudgeRow.programme_id) == programme, col(NudgeRow.person) == person)
    waiting = col(NudgeRow.message).is_(None) & col(NudgeRow.withdrawn_at).is_(None)
    count_touched(session, update(NudgeRow).where(*own, waiting).values(withdrawn_at=at, why=ERASED))
    count_touched(session, update(NudgeRow).where(*own).values(content="{}"))
    for recipient in recipients:
        no_one = f"{ERASED_RECIPIENT}{secrets.token_hex(8)}"
        count_touched(
            session, update(MessageRow).where(col(MessageRow.recipient) == recipient).values(recipient=no_one)
        )
    if not recipients:
        return {}
    theirs_alone = col(ReachRow.recipient).in_(list(recipients))
    return {"preferences": count_touched(session, delete(ReachRow).where(theirs_alone))}


def count_tombstones(session: Session) -> int:
    return session.exec(select(func.count()).select_from(TombstoneRow)).one()


def erased(session: Session, programme: str, people: Iterable[tuple[str, str | None]]) -> dict[str, datetime]:
    """Return which of the given people, as (id, address), were erased, and when."""
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


def people_named(session: Session, programme: str) -> set[str]:
    """Return the ids of everyone with a row in a programme."""
    found: set[str] = set()
    for table in (*_THEIRS.values(), NudgeRow, DueRow):
        people = session.exec(select(table.person).where(col(table.programme_id) == programme).distinct())
        found.update(person for person in people if person is not None)
    found.update(session.exec(select(CommentRow.by).where(col(CommentRow.programme_id) == programme).distinct()))
    return found


def people_with_data(session: Session, programme: str) -> set[str]:
    """Return the ids of everyone with rows or texts that an erasure would remove."""
    found: set[str] = set()
    for table in _THEIRS.values():
        found.update(session.exec(select(table.person).where(col(table.programme_id) == programme).distinct()))
    texts = (col(CommentRow.programme_id) == programme, col(CommentRow.text) != "")
    found.update(session.exec(select(CommentRow.by).where(*texts).distinct()))
    words = (col(NudgeRow.programme_id) == programme, col(NudgeRow.content) != "{}")
    found.update(session.exec(select(NudgeRow.person).where(*words).distinct()))
    return found


def is_anything_left(session: Session, programme: str, person: str) -> bool:
    """Return whether any rows or text remain that an erasure would have removed."""
    for table in _THEIRS.values():
        own = (col(table.programme_id) == programme, col(table.person) == person)
        if session.exec(select(table.person).where(*own).limit(1)).first() is not None:
            return True
    if session.exec(select(CommentRow.id).where(*_words_of(programme, person)).limit(1)).first() is not None:
        return True
    words = (col(NudgeRow.programme_id) == programme, col(NudgeRow.person) == person, col(NudgeRow.content) != "{}")
    return session.exec(select(NudgeRow.id).where(*words).limit(1)).first() is not None


def remove_links(session: Session, programme: str, *, ended_before: datetime) -> int:
    """Remove links that expired before a moment."""
    ended = (col(LinkRow.programme_id) == programme, col(LinkRow.expires_at) < ended_before)
    return count_touched(session, delete(LinkRow).where(*ended))


def remove_words(session: Session, programme: str, *, given_before: datetime) -> int:
    """Remove the text of answers given before a moment; the answers and their times are kept."""
    own = (col(AnswerRow.programme_id) == programme, col(AnswerRow.at) < given_before)
    return count_touched(session, update(AnswerRow).where(*own, col(AnswerRow.text).is_not(None)).values(text=None))


def remove_comments(session: Session, programme: str, *, given_before: datetime) -> int:
    """Empty comments written before a moment; their authors and times are kept."""
    own = (col(CommentRow.programme_id) == programme, col(CommentRow.at) < given_before, col(CommentRow.text) != "")
    return count_touched(session, update(CommentRow).where(*own).values(text=""))


def remove_scores(session: Session, programme: str) -> int:
    """Remove all individual scores."""
    return count_touched(session, delete(AssessmentRow).where(col(AssessmentRow.programme_id) == programme))


PATIENCE_SECONDS = 2
"""How long to wait for other processes. Writers must wait during this time."""


def compact(url: str) -> None:
    """Rewrite an SQLite file without deleted data."""
    if not is_sqlite(url):
        return
    try:
        _rewrite(url, patience=BUSY_SECONDS)
    except sqlite3.OperationalError as error:
        raise DatabaseUrlError(url, plain_words(str(error))) from None


def owe(state: MachineState) -> None:
    """Record, before an erasure commits, that the file must be rewritten."""
    if is_sqlite(state.url):
        state.note_rewrite()


def settle(state: MachineState) -> bool:
    """Rewrite the file if that is pending; return whether nothing is pending any more."""
    if not is_sqlite(state.url) or not state.rewrite.exists():
        return True
    try:
        is_done = _rewrite(state.url, patience=PATIENCE_SECONDS)
    except (sqlite3.Error, SQLAlchemyError) as error:
        log("database", state="erased rows are still in its files", error=plain_words(str(error)))
        return False
    if is_done:
        state.rewrite.unlink(missing_ok=True)
    else:
        log("database", state="erased rows are still in its log", error="another process is reading")
    return is_done


def _rewrite(url: str, *, patience: int) -> bool:
    """Return whether the log is empty now; a reader of an older state keeps it."""
    with closing(engine_for(url).raw_connection()) as connection, closing(connection.cursor()) as cursor:
        # A reader may have used this connection before.
        cursor.execute("PRAGMA query_only=OFF")
        cursor.execute(f"PRAGMA busy_timeout={patience * 1000}")
        try:
            cursor.execute("VACUUM")
            [is_busy, *_] = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    return not is_busy
