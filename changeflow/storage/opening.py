"""Whether an SQLite file is one that changeflow may use: looked at before it is opened, and before tables are made."""

import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from changeflow.errors import DatabaseDownError
from changeflow.storage.sqlite_file import MAGIC

VERSIONS, OURS = "alembic_version", "programme"
RESTORE = "Restore a backup (changeflow db restore)"


def check_file(url: str, path: Path) -> None:
    """Refuse what is no SQLite database: a folder, a pipe, a device, another kind of file. An empty one is new."""
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
        head = os.read(descriptor, len(MAGIC))
    finally:
        os.close(descriptor)
    if head and head != MAGIC:
        raise DatabaseDownError(url, "it is not an SQLite database")
    if head and (found.st_dev, found.st_ino) not in _LOOKED_INTO:
        _look_into(url, path)
        _LOOKED_INTO.add((found.st_dev, found.st_ino))


_LOOKED_INTO: set[tuple[int, int]] = set()
"""Files that this process has looked into already."""


def _look_into(url: str, path: Path) -> None:
    """Refuse another application's database before opening it in earnest, which would change its journal."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.OperationalError:
        # Busy, or in a folder that takes no side files: whoever opens it hears of it.
        return
    except sqlite3.DatabaseError:
        raise DatabaseDownError(url, f"it is damaged. {RESTORE}") from None
    if tables - {VERSIONS} and OURS not in tables:
        raise DatabaseDownError(url, "its tables belong to another application")


def check_owner(engine: Engine, url: str) -> None:
    """Refuse a database that has tables, and not ours: another application's, or one that has lost its version."""
    with suppress(DBAPIError):
        tables = set(inspect(engine).get_table_names())
        # Asked after the tables: another process may be making them at this moment.
        if OURS in tables and not (VERSIONS in tables and _has_version(engine)):
            raise DatabaseDownError(url, f"it does not say of which version it is. {RESTORE}")
        if tables - {VERSIONS} and OURS not in tables:
            raise DatabaseDownError(url, "its tables belong to another application")


def _has_version(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {VERSIONS}").scalar() != 0  # noqa: S608


def plain_words(text: str) -> str:
    """Say in plain words what SQLite says of a file; what has no such words stays as it is."""
    if "malformed" in text or "not a database" in text:
        return f"it is damaged. {RESTORE}"
    if text.startswith("no such table: "):
        return f"its table '{text.partition(': ')[2]}' is missing. {RESTORE}"
    if "is full" in text:
        return "the disk is full. No changes saved; make room, and try again"
    if "I/O error" in text:
        return "the disk failed, or is full (I/O error). No changes saved"
    if "readonly" in text or "read-only" in text:
        return "it, or its folder, is read-only"
    return text
