"""Inspect an SQLite file from outside SQLite: whether changeflow may use it, its identity, and whether its log matches.

Two numbers in the header, which SQLite never changes itself, identify files. The application id is the file's *life*: a
random number, new in every copy by `db backup` and every file restored by `db restore`. The user version counts the
writing transactions. SQLite copies both from the log (`-wal`) to the file at each checkpoint.
"""

import os
import secrets
import sqlite3
import stat
import struct
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from changeflow.errors import DatabaseDownError

MAGIC = b"SQLite format 3\x00"
_HEADER, _WRITES_AT, _LIFE_AT, _FORMAT_AT = 100, 60, 68, 18
_LOG_HEADER, _FRAME_HEADER = 32, 24
_LOG_MAGIC = (0x377F0682, 0x377F0683)
_MOST_FRAMES = 100_000
_MOST_WRITES = 2**31 - 2
_TRIES = 5
"""The number of attempts to read a header, because SQLite may be writing it."""


@dataclass(frozen=True, slots=True)
class FileMark:
    """A file's identity; both numbers are 0 until changeflow first writes to it."""

    life: int = 0
    writes: int = 0


def read_mark(descriptor: int) -> FileMark | None:
    """Return the mark of an open file; None if it is empty or not an SQLite file."""
    header = os.pread(descriptor, _HEADER, 0)
    if len(header) < _HEADER or not header.startswith(MAGIC):
        return None
    return _mark_in(header)


def mark_inside(connection: sqlite3.Connection) -> FileMark:
    """Return the mark as a transaction sees it, including the log."""
    [life] = connection.execute("PRAGMA application_id").fetchone()
    [writes] = connection.execute("PRAGMA user_version").fetchone()
    return FileMark(life & 0xFFFFFFFF, writes)


def count_write(connection: sqlite3.Connection) -> None:
    """Count a writing transaction, within it."""
    found = mark_inside(connection)
    if found.life == 0:
        new_life(connection)
    connection.execute(f"PRAGMA user_version={min(found.writes + 1, _MOST_WRITES)}")


def new_life(connection: sqlite3.Connection) -> None:
    """Give this file a new identity, different from the one it was copied from."""
    # Signed, and never 0.
    connection.execute(f"PRAGMA application_id={secrets.randbelow(2**31 - 1) + 1}")


def uses_log(file: Path) -> bool:
    """Return whether a file is in the mode with a log beside it."""
    with file.open("rb") as opened:
        return opened.read(_HEADER)[_FORMAT_AT : _FORMAT_AT + 1] == b"\x02"


def sidecars(file: Path) -> tuple[Path, ...]:
    """Return the files that SQLite may keep beside a database: the log, its index and the journal."""
    return tuple(file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal"))


def log_is_own(file: Path, descriptor: int) -> bool:
    """Return whether the log beside a file belongs to it; SQLite would apply any complete log."""
    for tried in range(_TRIES):
        if tried:
            time.sleep(0.01)
        # The log is read first: the file's count only grows, so a checkpoint in between does no harm.
        pages = _first_pages(sidecars(file)[0])
        mark = read_mark(descriptor)
        # SQLite writes the file's first page before it begins a log, so an empty file has none.
        if not pages or (mark is not None and _fits(mark, pages)):
            return True
    return False


def _fits(mark: FileMark, pages: list[FileMark]) -> bool:
    lives = {page.life for page in pages}
    if lives == {0}:
        return mark.life == 0
    if mark.life not in lives | {0}:
        return False
    return next(page.writes for page in pages if page.life) <= mark.writes + 1


def _first_pages(log: Path) -> list[FileMark]:
    """Return the marks of every first page in the committed part of a log, oldest first."""
    found: list[FileMark] = []
    pending: list[FileMark] = []
    try:
        with log.open("rb") as opened:
            header = opened.read(_LOG_HEADER)
            if len(header) < _LOG_HEADER or struct.unpack(">I", header[:4])[0] not in _LOG_MAGIC:
                return []
            size, salt = struct.unpack(">I", header[8:12])[0], header[16:24]
            for n in range(_MOST_FRAMES):
                opened.seek(_LOG_HEADER + n * (_FRAME_HEADER + size))
                frame = opened.read(_FRAME_HEADER + _HEADER)
                if len(frame) < _FRAME_HEADER + _HEADER or frame[8:16] != salt:
                    break
                page, commits = struct.unpack(">II", frame[:8])
                if page == 1:
                    pending.append(_mark_in(frame[_FRAME_HEADER:]))
                if commits:
                    found += pending
                    pending = []
    except FileNotFoundError:
        return []
    return found


def _mark_in(header: bytes) -> FileMark:
    [life] = struct.unpack(">I", header[_LIFE_AT : _LIFE_AT + 4])
    [writes] = struct.unpack(">I", header[_WRITES_AT : _WRITES_AT + 4])
    return FileMark(life, writes)


VERSIONS, OURS = "alembic_version", "programme"
RESTORE = "Restore a backup (changeflow db restore)"


def check_file(url: str, path: Path) -> None:
    """Refuse anything but an SQLite database: a folder, pipe, device or other file. An empty file is new."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise DatabaseDownError(url, f"it cannot be opened ({error.strerror})") from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, a socket or a device"
        raise DatabaseDownError(url, f"it is {kind}, not a file")
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise DatabaseDownError(url, f"it cannot be opened ({error.strerror})") from None
    try:
        head, mark = os.pread(descriptor, len(MAGIC), 0), read_mark(descriptor)
    finally:
        os.close(descriptor)
    if head and head != MAGIC:
        raise DatabaseDownError(url, "it is not an SQLite database")
    # The numbers of a deleted file are given to the next new one, so they alone do not identify a file.
    known = (found.st_dev, found.st_ino, mark.life if mark else 0)
    if head and known not in _LOOKED_INTO:
        _look_into(url, path)
        if mark and mark.life:
            _LOOKED_INTO.add(known)


_LOOKED_INTO: set[tuple[int, int, int]] = set()
"""Files that this process has already checked, each by its device, inode and life."""


def _look_into(url: str, path: Path) -> None:
    """Refuse another application's database before fully opening it, which would change its journal."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.OperationalError:
        # Busy, or in a folder without space for side files: opening it will report that.
        return
    except sqlite3.DatabaseError:
        raise DatabaseDownError(url, f"it is damaged. {RESTORE}") from None
    if tables - {VERSIONS} and OURS not in tables:
        raise DatabaseDownError(url, "its tables belong to another application")


def check_owner(engine: Engine, url: str) -> None:
    """Refuse a database with foreign tables, or one that has lost its version."""
    with suppress(DBAPIError):
        tables = set(inspect(engine).get_table_names())
        # Read after the tables, because another process may be creating them now.
        if OURS in tables and not (VERSIONS in tables and _has_version(engine)):
            raise DatabaseDownError(url, f"its version is missing. {RESTORE}")
        if tables - {VERSIONS} and OURS not in tables:
            raise DatabaseDownError(url, "its tables belong to another application")


def _has_version(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {VERSIONS}").scalar() != 0  # noqa: S608


def plain_words(text: str) -> str:
    """Translate SQLite's error about a file into plain words, if known."""
    if "malformed" in text or "not a database" in text:
        return f"it is damaged. {RESTORE}"
    if text.startswith("no such table: "):
        return f"its table '{text.partition(': ')[2]}' is missing. {RESTORE}"
    if "is full" in text:
        return "the disk is full. No changes saved; make room and try again"
    if "I/O error" in text:
        return "the disk failed, or is full (I/O error). No changes saved"
    if "readonly" in text or "read-only" in text:
        return "it, or its folder, is read-only"
    return text
