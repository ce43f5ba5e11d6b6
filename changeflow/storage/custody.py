"""Custody: recognise a restored database by comparing its count with the one that this machine recorded.

Each tick, and each transaction that opens or claims messages, increases the database's count. The machine records the
count outside the database, in a small file for each address, before any message is sent. A database with a lower count
was restored, by any tool, and waits for a person. docs/running.md has the limits of this check. The same folder has
append-only files, with JSON on each line.
"""

import hashlib
import json
import os
import secrets
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from changeflow.errors import CustodyLostError, InputError
from changeflow.files import check_ordinary, open_ordinary, read_ordinary, sync, write_all, write_whole
from changeflow.places import erasures_file, state_folder
from changeflow.storage.database import count_touched, engine_for, is_sqlite, sqlite_path
from changeflow.storage.rows import values_of
from changeflow.storage.tables.agenda import TickRow
from changeflow.storage.tables.audit import AuditRow
from changeflow.storage.tables.custody import CustodyRow
from changeflow.storage.tables.messages import MessageRow

if sys.platform != "win32":
    import fcntl

_MOST_BYTES = 10_000
"""The largest size in bytes of one database's record, which has three short values."""


@dataclass(frozen=True, slots=True)
class StateSeen:
    """A database's count when this machine last wrote to it."""

    identity: str
    counter: int
    marker: str


class MachineState:
    """The folder of one database's state on this machine."""

    def __init__(self, url: str) -> None:
        self.url = url
        file = Path(os.path.realpath(sqlite_path(url))) if is_sqlite(url) else None
        self.folder = state_folder(file)
        self.ledger = erasures_file(self.folder)
        self.publications = self.ledger.with_name("publications.jsonl")
        name = hashlib.sha256(_address(url, file).encode()).hexdigest()[:16]
        self.file = self.folder / f"seen-{name}.json"
        self.rewrite = self.folder / f"rewrite-{name}"
        """Exists while erased data may still be in the database's files."""
        self.forms = self.folder / f"forms-{name}"
        """Holds forms that could not be saved because a session had ended."""
        self.setup = self.folder / f"setup-{name}"
        """Holds what was entered to set up the first programme, until it is stored."""

    def seen(self) -> StateSeen | None:
        """Return what this machine has seen of the database; None if it has seen nothing."""
        try:
            found = json.loads(read_ordinary(self.file, most=_MOST_BYTES))
            return StateSeen(str(found["identity"]), int(found["counter"]), str(found["marker"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or "it is damaged"
            raise InputError(
                f"This machine's record of the database cannot be read: '{self.file}' ({why}). Correct the file, "
                "or remove it and review what may have been sent: changeflow db review"
            ) from None

    def note(self, seen: StateSeen, *, reset: bool = False) -> None:
        """Record a database's count. For the same database it is never lowered, except with `reset`."""
        with self.writing():
            before = None if reset else self.seen()
            if before is not None and before.identity == seen.identity and before.counter >= seen.counter:
                return
            write_whole(self.file, json.dumps(asdict(seen)) + "\n", private=True)

    def note_rewrite(self) -> None:
        with self.writing():
            write_whole(self.rewrite, "", private=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Lock out other processes of this machine; raise `InputError` if writing fails."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise self._unwritable(error) from None
        finally:
            os.close(lock)

    def append(self, file: Path, line: Mapping[str, object]) -> None:
        """Add a line of JSON, which is on disk when this returns.

        Raises `InputError` if that fails; the file is then unchanged.
        """
        text = json.dumps(line, sort_keys=True) + "\n"
        with self.writing():
            is_new = not file.exists()
            if is_new:
                file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)
            descriptor = os.open(file, flags, 0o600)
            try:
                check_ordinary(descriptor, named=file)
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    # A line that was cut off was never committed.
                    size = os.pread(descriptor, size, 0).rfind(b"\n") + 1
                    os.ftruncate(descriptor, size)
                try:
                    write_all(descriptor, text.encode())
                except OSError:
                    os.ftruncate(descriptor, size)
                    raise
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if is_new:
                sync(file.parent)

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(
            f"'{error.filename or self.folder}' cannot be written: {error.strerror}. No changes saved. Make room "
            "there, or name another folder in CHANGEFLOW_STATE. Without it, a restored database would not be noticed."
        )


def _address(url: str, file: Path | None) -> str:
    """Return an identifier of a database's address, without account and password."""
    if file is not None:
        return f"sqlite {file}"
    parsed = engine_for(url).url
    query = {name: parsed.query.get(name) for name in ("host", "port")}
    host, port = query["host"] or parsed.host or "localhost", query["port"] or parsed.port or 5432
    return f"postgresql {host} {port} {parsed.database}"


def read_lines(
    file: Path, what: str, is_one: Callable[[dict[str, Any]], bool], *, remedy: str
) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file; none if it does not exist.

    A truncated last line was never committed and is left out. Any other line that fails `is_one` is an `InputError`;
    `what` names the file in the message, and `remedy` says what to do.
    """
    try:
        with open_ordinary(file) as opened:
            text = opened.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(
            f"The {what} cannot be read: '{file}' ({error.strerror}). It must be an ordinary file that this account "
            "may read and write."
        ) from None
    rows = text.split("\n")
    for number, row in enumerate(rows, 1):
        if not row.strip():
            continue
        try:
            line = json.loads(row)
            if not is_one(line):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            if number == len(rows):
                return
            raise InputError(f"Line {number} of the {what} '{file}' is damaged. {remedy}") from None
        yield line


LEAP = 1_000_000
"""A release increases the count by more than any other machine can have seen since."""
OLDER = "it is older than the state this machine has seen"
OTHER = "this machine has seen another database at this address"


class CustodyState(StrEnum):
    """A database's state for this machine."""

    KNOWN = "known"
    FIRST = "first"
    """This machine has no record of the database, which has never sent a message."""
    RESTORED = "restored"
    """It was restored, and waits for a person to release it."""
    OUTDATED = "outdated"
    """It was restored, but has not been marked as such yet."""
    STRANGE = "strange"
    """It has been in use, but this machine has no record of it."""

    @property
    def may_send(self) -> bool:
        return self in (CustodyState.KNOWN, CustodyState.FIRST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """A database's own record."""

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
    """The database was found to be restored just before a message was sent. The transaction must not be committed."""


def read(session: Session, *, for_change: bool = False) -> Custody:
    """Return a database's own record; `for_change` keeps others from increasing its count.

    Raises `CustodyLostError` unless there is exactly one row.
    """
    query = select(CustodyRow).execution_options(populate_existing=True)
    rows = session.exec(query.with_for_update() if for_change else query).all()
    if len(rows) != 1:
        raise CustodyLostError
    [row] = rows
    return Custody(**values_of(row, Custody, "why"), why=row.restored_why)


def stand(found: Custody, seen: StateSeen | None) -> tuple[CustodyState, str]:
    """Compare a database with what a machine has seen; return its state, and the reason.

    Read `seen` before the session begins.
    """
    if found.restored_at is not None:
        return CustodyState.RESTORED, found.why or ""
    if seen is None:
        return (CustodyState.FIRST, "") if found.counter == 0 else (CustodyState.STRANGE, "")
    if seen.identity != found.identity:
        return CustodyState.OUTDATED, OTHER
    is_behind = found.counter < seen.counter or (found.counter == seen.counter and found.marker != seen.marker)
    return (CustodyState.OUTDATED, OLDER) if is_behind else (CustodyState.KNOWN, "")


def advance(session: Session, seen: StateSeen) -> StateSeen:
    """Increase the count at the end of a transaction; raise `NotReleasedError` if it differs from what was seen."""
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
    """Return whether the database has lost its own record."""
    return session.exec(select(CustodyRow.id).limit(1)).first() is None


def mark_restored(session: Session, *, at: datetime, why: str, identity: str | None = None) -> None:
    """Mark a database as restored, so that it waits for a person.

    `identity` replaces a lost identity, or one that an upgrade has just created.
    """
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
    """Let a restored database send again; return this machine's new record."""
    found = read(session)
    counter = max(found.counter, seen.counter if seen else 0) + LEAP
    marker = secrets.token_hex(8)
    _set(session, {
        "counter": counter, "marker": marker, "releases": found.releases + 1,
        "restored_at": None, "restored_why": None, "copied_at": None, "reviewed": None,
    })  # fmt: skip
    return StateSeen(found.identity, counter, marker)


def mark_copy(connection: sqlite3.Connection, *, at: datetime) -> None:
    """Mark a copy, so that it waits for a person wherever and however it is used."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'custody'").fetchone():
        return  # A copy from an earlier version is marked when it is restored.
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
