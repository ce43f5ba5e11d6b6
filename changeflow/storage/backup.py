"""Copies of an SQLite database, taken while it is in use: whole or not there."""

import glob
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from changeflow.errors import CannotWriteError, ChangeflowError, ConflictError, DatabaseUrlError, InputError
from changeflow.files import FULL, sync
from changeflow.storage import custody, presence
from changeflow.storage.database import is_sqlite, sqlite_path
from changeflow.storage.sqlite_file import MAGIC, new_life, sidecars

PART = ".part"


def backup(url: str, to: Path, *, at: datetime) -> None:
    """Copy the database. The copy knows that it is one: nothing is sent from it until a person has released it.

    It is written beside its place and renamed, readable by this account alone.
    """
    source = file_of(url)
    if not source.is_file():
        raise DatabaseUrlError(url, "there is no such file")
    to = Path(os.path.realpath(to))
    _check_place(to, source)
    with presence.shared(source), written_beside(to) as part:
        try:
            copy_pages(sqlite3.connect(source), part)
        except sqlite3.DatabaseError as error:
            if type(error) is sqlite3.DatabaseError:
                raise InputError(f"'{source}' is not a database, or damaged: {error}.") from None
            raise
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            check_whole(connection, part)
            connection.execute("BEGIN IMMEDIATE")
            new_life(connection)
            custody.mark_copy(connection, at=at)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode=DELETE")


def file_of(url: str) -> Path:
    if not is_sqlite(url):
        raise InputError("Only SQLite databases are copied here; for PostgreSQL use pg_dump and pg_restore.")
    return Path(os.path.realpath(sqlite_path(url)))


@contextmanager
def written_beside(to: Path) -> Iterator[Path]:
    """Yield a new file in the same folder, which takes its place when all went well, and is gone otherwise."""
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        _clear_stale(to)
        part = to.with_name(f".{to.name}.{secrets.token_hex(4)}{PART}")
        held = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"'{to}' cannot be written: {error.strerror}.") from None
    try:
        # Who finds this file without a lock on it knows that its writer was killed.
        presence.take(held)
        yield part
        os.fsync(held)
        part.replace(to)
        sync(to.parent)
    except (OSError, sqlite3.Error) as error:
        raise failure(error, to) from None
    finally:
        os.close(held)
        for leftover in (*sidecars(part), part):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)


def copy_pages(source: sqlite3.Connection, into: Path) -> None:
    """Copy a database page by page, as SQLite reads it, and close it."""
    with closing(source) as old, closing(sqlite3.connect(into)) as new:
        new.execute("PRAGMA synchronous=FULL")
        old.backup(new)


def check_whole(connection: sqlite3.Connection, file: Path) -> None:
    """Refuse a damaged file."""
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
        loose = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise InputError(f"'{file}' is damaged: {error}.") from None
    if found != ["ok"]:
        raise InputError(f"'{file}' is damaged: {'; '.join(found)}.")
    if loose is not None:
        raise InputError(f"'{file}' is damaged: a row of table '{loose[0]}' refers to a row that is not there.")


def _check_place(to: Path, source: Path) -> None:
    if to == source or (to.exists() and to.samefile(source)):
        raise InputError(f"'{to}' is the database itself. Name another file for the copy.")
    if any(side.exists() for side in sidecars(to)) or presence.is_open_here(to) or presence.users(to):
        raise ConflictError(f"'{to}' is a database in use. Name another file; nothing was changed.")
    if not to.exists():
        return
    if not stat.S_ISREG(to.stat().st_mode):
        raise InputError(f"'{to}' is not a file. Name a file for the copy.")
    with to.open("rb") as opened:
        begins = opened.read(len(MAGIC))
    if begins not in (b"", MAGIC):
        raise ConflictError(f"'{to}' exists and is no copy of a database. Name another file; nothing was changed.")


def _clear_stale(to: Path) -> None:
    """Remove what a copy left behind that was killed."""
    for stale in to.parent.glob(f".{glob.escape(to.name)}.*{PART}"):
        with suppress(OSError):
            held = os.open(stale, os.O_RDWR | os.O_CLOEXEC)
            try:
                if presence.take(held):
                    # The file last: by it the others are found.
                    for path in (*sidecars(stale), stale):
                        path.unlink(missing_ok=True)
            finally:
                os.close(held)


def failure(error: OSError | sqlite3.Error, to: Path) -> ChangeflowError:
    """Say in our words why a file could not be written."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if getattr(error, "errno", None) in FULL or "full" in text:
        return CannotWriteError(to, "the disk is full")
    if "I/O error" in text:
        return CannotWriteError(to, "the disk failed, or is full")
    return InputError(f"'{to}' was not written: {text}. What was there before is unchanged.")
