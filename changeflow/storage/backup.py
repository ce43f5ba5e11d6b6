"""Copies of an SQLite database, taken while it is in use, and put back."""

import sqlite3
from contextlib import closing
from pathlib import Path

from changeflow.errors import ConflictError, DatabaseUrlError, InputError
from changeflow.storage.database import engine_for, is_sqlite, sqlite_path


def backup(url: str, to: Path) -> None:
    """Copy the database; the copy is whole or not there."""
    source = _path(url)
    if not source.is_file():
        raise DatabaseUrlError(url, "there is no such file")
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(part)) as new:
        old.backup(new)
    _check(part)
    part.replace(to)


def restore(copy: Path, url: str, *, replace: bool) -> Path | None:
    """Put a copy in place; return where the database that was there is kept, if there was one."""
    target = _path(url)
    _check(copy)
    if target.exists() and not replace:
        raise ConflictError(f"'{target}' exists. Add --yes to put the copy in its place; it will be kept beside it.")
    engine_for(url).dispose()
    kept = None
    if target.exists():
        kept = target.with_name(f"{target.name}.before-restore")
        backup(url, kept)
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(copy)) as old, closing(sqlite3.connect(part)) as new:
        old.backup(new)
    for side in ("-wal", "-shm"):
        target.with_name(target.name + side).unlink(missing_ok=True)
    part.replace(target)
    return kept


def _path(url: str) -> Path:
    if not is_sqlite(url):
        raise InputError("Only SQLite databases are copied here; for PostgreSQL use pg_dump and pg_restore.")
    return sqlite_path(url)


def _check(file: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as connection:
            [answer] = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise InputError(f"'{file}' is not a database: {error}.") from None
    if answer != "ok":
        raise InputError(f"'{file}' is damaged: {answer}.")
