"""Opening the database: SQLite by default, PostgreSQL when the address names one; the same code on both."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, CursorResult, Delete, Engine, Update, create_engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, ProgrammingError
from sqlmodel import Session

from changeflow.errors import ConflictError, DatabaseUrlError, NewerDatabaseError

BUSY_SECONDS = 10
"""How long a writer on SQLite waits for another one before it gives up."""
_UPGRADE_LOCK = 7_272_741
_MIGRATIONS = Path(__file__).resolve().parent / "migrations"


@lru_cache(maxsize=8)
def engine_for(url: str) -> Engine:
    """Open an engine. A wrong address is a `DatabaseUrlError`, at the latest when it is first used."""
    scheme = url.partition("://")[0]
    plain = url.replace("postgres://", "postgresql://", 1) if scheme == "postgres" else url
    if plain.startswith("postgresql://"):
        plain = plain.replace("postgresql://", "postgresql+psycopg://", 1)
    if "://" not in plain or scheme.split("+")[0] not in ("sqlite", "postgres", "postgresql"):
        raise DatabaseUrlError(url, "only SQLite and PostgreSQL are supported")
    try:
        engine = create_engine(plain, pool_pre_ping=not plain.startswith("sqlite"))
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise DatabaseUrlError(url, str(error).split("\n")[0]) from None
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine)
    return engine


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401
        # The driver's own transactions begin too late: two writers would read first and then lose an update.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA synchronous=FULL")
        # What is erased is overwritten in the file as well.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def session_scope(url: str, *, create: bool = False) -> Iterator[Session]:
    """Open a session in one transaction: committed at the end, rolled back on any error.

    A database that is not there, or has no tables yet, is an error unless `create` makes them.
    """
    if not create and is_sqlite(url) and not sqlite_path(url).exists():
        raise DatabaseUrlError(url, "there is no such file yet; changeflow apply makes it")
    engine = engine_for(url)
    try:
        with Session(engine) as session:
            if _version_in(session) != head_version():
                _check_version(engine, url, create=create)
            with session.begin():
                yield session
    except OperationalError as error:
        raise _spoken(error, url) from error


@contextmanager
def rolled_back(url: str) -> Iterator[Session]:
    """Open a session of which nothing is kept: for a look at what would happen."""
    with suppress(_EnoughError), session_scope(url) as session:
        yield session
        raise _EnoughError


class _EnoughError(Exception):
    """Ends a look at what would happen."""


def upgrade(url: str) -> str:
    """Bring the database to this changeflow's version; return it. An empty one gets its tables."""
    engine = engine_for(url)
    try:
        found, known = current_version(engine), _known_versions()
        if found is not None and found not in known:
            raise NewerDatabaseError(found)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                # Two who come at once to an empty database: the second waits, and finds everything done.
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
            config = _alembic()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        raise _spoken(error, url) from error
    return head_version()


def compact(url: str) -> None:
    """Write an SQLite file afresh, without what was deleted before deleting meant overwriting."""
    if not is_sqlite(url):
        return
    connection = engine_for(url).raw_connection()
    try:
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            connection.cursor().execute(statement)
    finally:
        connection.close()


def current_version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _version_in(session: Session) -> str | None:
    """Ask the database itself, each time: it may have been upgraded since this process began. None: no tables yet."""
    try:
        return session.connection().exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    except ProgrammingError:
        return None
    except OperationalError as error:
        if "no such table" in str(error.orig):
            return None
        raise
    finally:
        session.rollback()


@lru_cache(maxsize=1)
def head_version() -> str:
    return ScriptDirectory.from_config(_alembic()).get_current_head() or ""


def _known_versions() -> set[str]:
    return {s.revision for s in ScriptDirectory.from_config(_alembic()).walk_revisions()}


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _check_version(engine: Engine, url: str, *, create: bool) -> None:
    found = current_version(engine)
    if found == head_version():
        return
    if found is None:
        if not create:
            raise DatabaseUrlError(url, "it has no tables yet; changeflow apply makes them")
        upgrade(url)
    elif found not in _known_versions():
        raise NewerDatabaseError(found)
    else:
        raise ConflictError(f"This database is of an older version ({found}). Run: changeflow db upgrade --db {url}")


def _spoken(error: DBAPIError, url: str) -> Exception:
    text = str(error.orig)
    if "locked" in text or "busy" in text:
        return ConflictError("Somebody else is writing to this database. Try again in a moment; nothing was changed.")
    return DatabaseUrlError(url, text.strip().split("\n")[0])


def count_touched(session: Session, statement: Delete | Update) -> int:
    """Run a statement over many rows; return how many it touched."""
    done = session.exec(statement.execution_options(synchronize_session=False))
    return done.rowcount if isinstance(done, CursorResult) else 0


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def sqlite_path(url: str) -> Path:
    """Return the file of an SQLite address."""
    database = engine_for(url).url.database
    if not database or database == ":memory:":
        raise DatabaseUrlError(url, "it has no file")
    return Path(database)
