"""What was erased leaves every file of an SQLite database, not its tables alone.

SQLite overwrites a deleted row where it is, but not copies that it left when it split a page, nor older pages in the
log (`-wal`). So the file is written again and the log is cut off. While another process reads or writes, that cannot
be: a note in the folder for state says that it is owed, and the next erasure, retention or tick tries again.
"""

import sqlite3
from contextlib import closing

from sqlalchemy.exc import SQLAlchemyError

from changeflow.errors import DatabaseUrlError
from changeflow.logs import log
from changeflow.storage.database import BUSY_SECONDS, engine_for, is_sqlite
from changeflow.storage.sqlite_file import plain_words
from changeflow.storage.state import MachineState

PATIENCE_SECONDS = 2
"""How long others keep it from being done now; writers wait meanwhile."""


def compact(url: str) -> None:
    """Write an SQLite file again, without what was deleted."""
    if not is_sqlite(url):
        return
    try:
        _rewrite(url, patience=BUSY_SECONDS)
    except sqlite3.OperationalError as error:
        raise DatabaseUrlError(url, plain_words(str(error))) from None


def owe(state: MachineState) -> None:
    """Note, before an erasure commits, that the file has to be written again."""
    if is_sqlite(state.url):
        state.note_rewrite()


def settle(state: MachineState) -> bool:
    """Write the file again where that is owed; return whether nothing is owed any more."""
    if not is_sqlite(state.url) or not state.rewrite.exists():
        return True
    try:
        is_done = _rewrite(state.url, patience=PATIENCE_SECONDS)
    except (sqlite3.Error, SQLAlchemyError) as error:
        log("database", state="erased rows are in its files still", error=plain_words(str(error)))
        return False
    if is_done:
        state.rewrite.unlink(missing_ok=True)
    else:
        log("database", state="erased rows are in its log still", error="another process reads")
    return is_done


def _rewrite(url: str, *, patience: int) -> bool:
    """Return whether the log is empty now: who reads an older state keeps it."""
    with closing(engine_for(url).raw_connection()) as connection, closing(connection.cursor()) as cursor:
        # The connection may have served a reader before.
        cursor.execute("PRAGMA query_only=OFF")
        cursor.execute(f"PRAGMA busy_timeout={patience * 1000}")
        try:
            cursor.execute("VACUUM")
            [is_busy, *_] = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    return not is_busy
