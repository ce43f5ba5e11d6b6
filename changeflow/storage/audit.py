"""The hash chain of every change of state."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert
from sqlmodel import Session, col, select

from changeflow.storage.tables.audit import AuditRow

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first row of a chain that does not fit."""

    programme: str
    number: int
    what: str


def append(session: Session, programme: str, *, at: datetime, actor: str, action: str, subject: str) -> None:
    """Add one entry. `subject` is made of ids only."""
    append_all(session, programme, [(action, subject)], at=at, actor=actor)


def append_all(
    session: Session, programme: str, entries: Sequence[tuple[str, str]], *, at: datetime, actor: str
) -> None:
    """Add an entry for each (action, subject), in order."""
    session.flush()
    last = session.exec(
        select(AuditRow.number, AuditRow.hash)
        .where(AuditRow.programme_id == programme)
        .order_by(col(AuditRow.number).desc())
        .limit(1)
    ).first()
    number, previous = last or (0, GENESIS)
    rows = []
    for action, subject in entries:
        number += 1
        digest = _digest((programme, number, _moment(at), actor, action, subject, previous))
        rows.append({
            "programme_id": programme, "number": number, "at": at, "actor": actor, "action": action,
            "subject": subject, "previous": previous, "hash": digest,
        })  # fmt: skip
        previous = digest
    if rows:
        session.connection().execute(insert(AuditRow), rows)


def verify(session: Session, programme: str | None = None) -> tuple[int, list[BrokenLink]]:
    """Check every chain, or one; return how many entries were read, and the first broken link of each chain."""
    query = select(AuditRow).order_by(col(AuditRow.programme_id), col(AuditRow.number))
    if programme is not None:
        query = query.where(AuditRow.programme_id == programme)
    count, broken, previous, expected, current = 0, list[BrokenLink](), GENESIS, 1, None
    for row in session.exec(query):
        count += 1
        if row.programme_id != current:
            current, previous, expected = row.programme_id, GENESIS, 1
        if any(b.programme == current for b in broken):
            continue
        if (fault := _fault(row, previous, expected)) is not None:
            broken.append(BrokenLink(row.programme_id, row.number, fault))
        previous, expected = row.hash, row.number + 1
    return count, broken


def entries(session: Session, programme: str) -> Iterator[tuple[int, datetime, str, str, str]]:
    """Yield (number, at, actor, action, subject), in order."""
    query = select(AuditRow).where(AuditRow.programme_id == programme).order_by(col(AuditRow.number))
    for row in session.exec(query):
        yield row.number, row.at, row.actor, row.action, row.subject


def _fault(row: AuditRow, previous: str, expected: int) -> str | None:
    if row.number != expected:
        return f"entry {expected} is missing"
    if row.previous != previous:
        return "it does not follow the entry before it"
    entry = (row.programme_id, row.number, _moment(row.at), row.actor, row.action, row.subject, row.previous)
    return None if _digest(entry) == row.hash else "its content was changed"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _digest(entry: tuple[object, ...]) -> str:
    return hashlib.sha256(json.dumps(entry).encode()).hexdigest()
