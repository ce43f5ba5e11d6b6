"""Is this the database that it was? How far it has come, compared with what this machine has seen of it.

Each tick, and each transaction that opens or claims messages, counts the database on; the machine notes the count
outside the database before anything is sent. A database that has come less far was restored, by whatever tool, and
waits for a person. What cannot be told is in docs/running.md.
"""

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from changeflow.errors import CustodyLostError
from changeflow.storage.database import count_touched
from changeflow.storage.rows import values_of
from changeflow.storage.state import StateSeen
from changeflow.storage.tables.agenda import MessageRow, TickRow
from changeflow.storage.tables.audit import AuditRow, CustodyRow

LEAP = 1_000_000
"""A release counts on by more than any other machine can have seen since."""
OLDER = "it has come less far than this machine has seen"
OTHER = "this machine has seen another database at this address"


class CustodyState(StrEnum):
    """What a database is to this machine."""

    KNOWN = "known"
    FIRST = "first"
    """Neither has seen the other, and nothing was ever sent from it."""
    RESTORED = "restored"
    """It waits for a person to release it."""
    OUTDATED = "outdated"
    """It was restored, and does not know it yet."""
    STRANGE = "strange"
    """It has been in use, and this machine has no record of it."""

    @property
    def may_send(self) -> bool:
        return self in (CustodyState.KNOWN, CustodyState.FIRST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """What a database says of itself."""

    identity: str
    counter: int
    marker: str
    releases: int
    restored_at: datetime | None
    why: str | None
    copied_at: datetime | None
    reviewed: str | None

    @property
    def seen(self) -> StateSeen:
        return StateSeen(self.identity, self.counter, self.marker)


class NotReleasedError(Exception):
    """It turned out to be restored while something was about to be sent; the transaction must not be committed."""


def read(session: Session, *, for_change: bool = False) -> Custody:
    """Return what a database says of itself; `for_change` keeps others from counting it on.

    Without exactly one row it is a `CustodyLostError`.
    """
    query = select(CustodyRow).execution_options(populate_existing=True)
    rows = session.exec(query.with_for_update() if for_change else query).all()
    if len(rows) != 1:
        raise CustodyLostError
    [row] = rows
    return Custody(**values_of(row, Custody, but="why"), why=row.restored_why)


def stand(found: Custody, seen: StateSeen | None) -> tuple[CustodyState, str]:
    """Compare a database with what a machine has seen, and say why. Read `seen` before the session begins."""
    if found.restored_at is not None:
        return CustodyState.RESTORED, found.why or ""
    if seen is None:
        return (CustodyState.FIRST, "") if found.counter == 0 else (CustodyState.STRANGE, "")
    if seen.identity != found.identity:
        return CustodyState.OUTDATED, OTHER
    is_behind = found.counter < seen.counter or (found.counter == seen.counter and found.marker != seen.marker)
    return (CustodyState.OUTDATED, OLDER) if is_behind else (CustodyState.KNOWN, "")


def advance(session: Session, seen: StateSeen) -> StateSeen:
    """Count the database on, at the end of a transaction; `NotReleasedError` where it is not what was seen."""
    rows = session.exec(
        update(CustodyRow)
        .values(counter=CustodyRow.counter + 1, marker=secrets.token_hex(8))
        .returning(
            col(CustodyRow.identity), col(CustodyRow.counter), col(CustodyRow.marker), col(CustodyRow.restored_at)
        )
        .execution_options(synchronize_session=False)
    ).all()
    if len(rows) != 1:
        raise CustodyLostError
    identity, counter, marker, restored_at = rows[0]
    if restored_at is not None or identity != seen.identity or counter <= seen.counter:
        raise NotReleasedError
    return StateSeen(identity, counter, marker)


def is_lost(session: Session) -> bool:
    """Return whether the row is gone."""
    return session.exec(select(CustodyRow.id).limit(1)).first() is None


def mark_restored(session: Session, *, at: datetime, why: str, identity: str | None = None) -> None:
    """Have it wait for a person. `identity` replaces one that is lost, or that an upgrade has just made up."""
    if is_lost(session):
        session.add(CustodyRow(identity=secrets.token_hex(16), marker=secrets.token_hex(8)))
        session.flush()
    found = read(session)
    values: dict[str, object] = {"restored_at": at, "restored_why": why, "reviewed": None}
    if found.copied_at is None:
        values["copied_at"] = _last_moment(session)
    if identity is not None:
        values["identity"] = identity
    _set(session, values)


def note_review(session: Session, digest: str) -> None:
    _set(session, {"reviewed": digest})


def release(session: Session, seen: StateSeen | None) -> StateSeen:
    """Let it send again; return what this machine has seen from now on."""
    found = read(session)
    counter = max(found.counter, seen.counter if seen else 0) + LEAP
    marker = secrets.token_hex(8)
    _set(session, {
        "counter": counter, "marker": marker, "releases": found.releases + 1,
        "restored_at": None, "restored_why": None, "copied_at": None, "reviewed": None,
    })  # fmt: skip
    return StateSeen(found.identity, counter, marker)


def mark_copy(connection: sqlite3.Connection, *, at: datetime) -> None:
    """Have a copy know that it is one: put to use anywhere, by any tool, it waits for a person."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'custody'").fetchone():
        return  # of an earlier version: whoever restores it marks it then
    moment = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    last = connection.execute(
        "SELECT max(m) FROM (SELECT max(at) m FROM audit UNION ALL SELECT max(at) FROM tick "
        "UNION ALL SELECT max(created_at) FROM message UNION ALL SELECT max(sent_at) FROM message)"
    ).fetchone()[0]
    connection.execute(
        "UPDATE custody SET restored_at = ?, restored_why = ?, copied_at = coalesce(?, ?), reviewed = NULL "
        "WHERE restored_at IS NULL",
        (moment, "it is a copy that changeflow db backup made", last, moment),
    )


def _set(session: Session, values: dict[str, object]) -> None:
    count_touched(session, update(CustodyRow).values(**values))


def _last_moment(session: Session) -> datetime | None:
    moments = [
        session.exec(select(func.max(column))).one()
        for column in (col(AuditRow.at), col(TickRow.at), col(MessageRow.created_at), col(MessageRow.sent_at))
    ]
    return max((m for m in moments if m is not None), default=None)
