"""An SQLite file read from outside SQLite: which file it is, and whether the log beside it is its own.

Two numbers in the header, which SQLite itself never changes, tell files apart. The application id is the file's *life*:
random, and another one in every copy that `db backup` makes and every file that `db restore` puts in place. The user
version counts the transactions that wrote. SQLite copies both from the log (`-wal`) to the file with each checkpoint.
"""

import os
import secrets
import sqlite3
import struct
import time
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"SQLite format 3\x00"
_HEADER, _WRITES_AT, _LIFE_AT, _FORMAT_AT = 100, 60, 68, 18
_LOG_HEADER, _FRAME_HEADER = 32, 24
_LOG_MAGIC = (0x377F0682, 0x377F0683)
_MOST_FRAMES = 100_000
_MOST_WRITES = 2**31 - 2
_TRIES = 5
"""A header may be read while SQLite writes it; what looks wrong is read again."""


@dataclass(frozen=True, slots=True)
class FileMark:
    """Which file it is; both are 0 until changeflow first writes to it."""

    life: int = 0
    writes: int = 0


def read_mark(descriptor: int) -> FileMark | None:
    """Return the mark of an open file; None where it is no SQLite file, or an empty one."""
    header = os.pread(descriptor, _HEADER, 0)
    if len(header) < _HEADER or not header.startswith(MAGIC):
        return None
    return _mark_in(header)


def mark_inside(connection: sqlite3.Connection) -> FileMark:
    """Return the mark as a transaction sees it: the log included."""
    [life] = connection.execute("PRAGMA application_id").fetchone()
    [writes] = connection.execute("PRAGMA user_version").fetchone()
    return FileMark(life & 0xFFFFFFFF, writes)


def count_write(connection: sqlite3.Connection) -> None:
    """Count a transaction that has written, within it."""
    found = mark_inside(connection)
    if found.life == 0:
        new_life(connection)
    connection.execute(f"PRAGMA user_version={min(found.writes + 1, _MOST_WRITES)}")


def new_life(connection: sqlite3.Connection) -> None:
    """Tell this file apart from the one that it was copied from."""
    # Signed, and never 0.
    connection.execute(f"PRAGMA application_id={secrets.randbelow(2**31 - 1) + 1}")


def uses_log(file: Path) -> bool:
    """Tell whether a file is in the mode that keeps a log beside it."""
    with file.open("rb") as opened:
        return opened.read(_HEADER)[_FORMAT_AT : _FORMAT_AT + 1] == b"\x02"


def sidecars(file: Path) -> tuple[Path, ...]:
    """Return the files that SQLite may keep beside one: log, its index, journal."""
    return tuple(file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal"))


def log_is_own(file: Path, descriptor: int) -> bool:
    """Tell whether the log beside a file was written for it: SQLite would apply any log that is whole."""
    for tried in range(_TRIES):
        if tried:
            time.sleep(0.01)
        # The log first: what the file counts only grows, so that a checkpoint in between does no harm.
        pages = _first_pages(sidecars(file)[0])
        mark = read_mark(descriptor)
        # SQLite writes the file's first page before it begins a log: an empty file has none.
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
