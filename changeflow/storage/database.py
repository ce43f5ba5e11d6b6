"""Open the database: SQLite by default, PostgreSQL if the address names one, with the same code for both."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, Delete, Engine, Update, create_engine, event
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from changeflow import __version__
from changeflow.addresses import is_plain
from changeflow.errors import (
    DatabaseBusyError,
    DatabaseDownError,
    DatabaseError,
    DatabaseUrlError,
    NewerDatabaseError,
    OlderDatabaseError,
)
from changeflow.storage import anchor, audit, covered, migrations, presence, sealing
from changeflow.storage.migrations import head_version as head_version
from changeflow.storage.migrations import known_versions as known_versions
from changeflow.storage.sqlite_file import check_owner, plain_words
from changeflow.values.acting import current

BUSY_SECONDS = 10
"""How long a writer waits for another before it gives up."""
MOST_CONNECTIONS = 25
"""The number of connections of one process: one for each thread of the pages, and a few more."""
CONNECT_SECONDS = 4
"""How long a server may take to answer; monitoring then learns of a failure within five seconds."""
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
"""Drivers by an address's scheme; other drivers behave differently."""
_SERVER_OPTIONS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""These settings detect a vanished server within half a minute, not after hours (libpq's defaults)."""
_BUSY_STATES = frozenset({"40001", "40P01", "55P03", "57014"})
"""PostgreSQL: serialization failure, deadlock, lock not available, cancelled by a time limit."""
_REFUSED_STATES = frozenset({"25006", "42501", "42P01"})
"""PostgreSQL: a read-only standby server, an account without permission, and a missing table."""
_BUSY_CODES = ("SQLITE_BUSY", "SQLITE_LOCKED")
_STATEMENT_CODES = ("SQLITE_ERROR", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_MISUSE", "SQLITE_RANGE")
"""SQLite: errors in a statement. All other codes are about the file, the disk or memory."""
_READ_ONLY = "changeflow_read_only"
_BEFORE_COMMIT, _AFTER_COMMIT = "changeflow_before_commit", "changeflow_after_commit"
_UPGRADE_LOCK = 7_272_741


@lru_cache(maxsize=8)
def engine_for(url: str) -> Engine:
    """Open an engine. A wrong address raises `DatabaseUrlError`, at the latest on first use."""
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in _DRIVERS:
        raise DatabaseUrlError(url, "only SQLite and PostgreSQL are supported")
    plain = f"{_DRIVERS[scheme]}://{rest}"
    if scheme.startswith("sqlite"):
        _check_sqlite_address(url)
    pool: dict[str, Any] = {"max_overflow": MOST_CONNECTIONS - 5, "pool_timeout": BUSY_SECONDS}
    try:
        if scheme.startswith("sqlite"):
            engine = create_engine(plain, **pool)
        else:
            engine = create_engine(plain, pool_pre_ping=True, connect_args=_options(plain), **pool)
            _check_server_address(engine, url)
    except (ArgumentError, ValueError, NoSuchModuleError, ImportError):
        # The driver's own message repeats parts of the address, perhaps including the password.
        raise DatabaseUrlError(url, "it is not a complete address") from None
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine)
    covered.listen(engine)
    return engine


def _check_sqlite_address(url: str) -> None:
    name = url.partition(":///")[2]
    if name in ("", ":memory:"):
        raise DatabaseUrlError(url, "it names no file, and a database in memory is lost when the command ends")
    if "?" in name:
        raise DatabaseUrlError(url, "the name of an SQLite file has no question mark, and takes no options after one")


def _check_server_address(engine: Engine, url: str) -> None:
    """Refuse options unknown to libpq, before a driver misreads them."""
    import psycopg

    _, options = engine.dialect.create_connect_args(engine.url)
    for host in str(options.get("host", "")).split(","):
        if not host.startswith("/"):  # a socket's folder
            # An invalid host name raises `ValueError` here, as it would when looked up.
            host.encode("idna")
    try:
        # The context is SQLAlchemy's own.
        psycopg.conninfo.make_conninfo(**{name: value for name, value in options.items() if name != "context"})
    except psycopg.Error:
        raise DatabaseUrlError(url, "it has an option that libpq does not support or cannot read") from None


def _options(url: str) -> dict[str, int]:
    """Return libpq's options, without those that the address sets itself."""
    query = url.partition("?")[2]
    return {name: value for name, value in _SERVER_OPTIONS.items() if f"{name}=" not in query}


def _set_up_sqlite(engine: Engine) -> None:
    presence.guard(engine)

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401
        # The driver's own transactions begin too late: two writers would read first and then lose an update.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA synchronous=FULL")
        # Erased data is overwritten in the file as well.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # Each transaction sets its own mode, because pooled connections serve both.
        is_read = bool(connection.get_execution_options().get(_READ_ONLY))
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if is_read else 'OFF'}")
        # A reader in WAL mode sees one state and blocks no one; a writer takes its lock before it reads.
        connection.exec_driver_sql("BEGIN" if is_read else "BEGIN IMMEDIATE")

    presence.look_within(engine)


@contextmanager
def session_scope(url: str, *, create: bool = False, write: bool = True) -> Iterator[Session]:
    """Open a session in one transaction: committed at the end, rolled back on any error.

    Audit entries added in it seal everything it writes. With an anchor, they are announced to it before the commit and
    confirmed afterwards.

    A missing database, or one without tables, is an error unless `create` makes them. Without `write` the session sees
    one state, neither waits for other sessions nor blocks them, and raises `WriteInReadError` on writing. A database
    that is unavailable raises `DatabaseError`.
    """
    engine = engine_for(url)
    presence.confirm(engine)
    if not create and is_sqlite(url) and not sqlite_path(url).exists():
        raise DatabaseUrlError(url, "there is no such file yet. Run `changeflow apply DIR` to create it")
    with _translated(url, write=write), Session(_engine_to(engine, write=write)) as session:
        if write:
            sealing.begin(session)
        if _version_in(session) != head_version():
            session.rollback()
            _check_version(engine, url, create=create)
        if write and not is_sqlite(url):
            # SQLite's writers give up after the same time; without a limit a page would wait for ever.
            session.connection().exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
        try:
            yield session
            announced = sealing.finish(session) if write else None
            for act in session.info.get(_BEFORE_COMMIT, ()):
                act()
            session.commit()
            for act in session.info.get(_AFTER_COMMIT, ()):
                act()
        except BaseException:
            session.rollback()
            raise
    presence.confirm(engine)
    anchor.confirm(announced)


def before_commit(session: Session, act: Callable[[], None]) -> None:
    """Run a function just before a session commits; if it fails, the session does not commit."""
    session.info.setdefault(_BEFORE_COMMIT, []).append(act)


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Run a function after a session has committed; it must not fail."""
    session.info.setdefault(_AFTER_COMMIT, []).append(act)


def url_of(session: Session) -> str:
    """Return the address of a session's database, with its password."""
    bind = session.get_bind()
    engine = bind if isinstance(bind, Engine) else bind.engine
    return engine.url.render_as_string(hide_password=False)


def name_of(url: str) -> str:
    """Return a database's name: its file name, or its name on the server."""
    return sqlite_path(url).name if is_sqlite(url) else engine_for(url).url.database or ""


def _engine_to(engine: Engine, *, write: bool) -> Engine:
    """Return an engine whose transactions write, or see one state and cannot write."""
    if write:
        return engine
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_READ_ONLY: True})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@contextmanager
def read_scope(url: str) -> Iterator[Session]:
    """Open a session for reading: one state of the database, no lock, no writing."""
    with session_scope(url, write=False) as session:
        yield session


class WriteInReadError(RuntimeError):
    """A read-only session tried to write, which is a bug."""


@contextmanager
def _translated(url: str, *, write: bool) -> Iterator[None]:
    """Turn drivers' errors about an unavailable database into ours; constraint errors are not changed."""
    try:
        yield
    except PoolTimeoutError:
        raise DatabaseBusyError from None
    except DBAPIError as error:
        # An overwritten file looks damaged to the driver.
        presence.confirm(engine_for(url))
        if not write and _is_write_refused(error):
            raise WriteInReadError("A read-only session tried to write.") from error
        if (meant := _meaning(error, url)) is None:
            raise
        # From None, because the driver's message may contain part of the password, and a traceback shows causes.
        raise meant from None


@contextmanager
def rolled_back(url: str) -> Iterator[Session]:
    """Open a session that is rolled back, for a preview."""
    with suppress(_EnoughError), session_scope(url) as session:
        yield session
        raise _EnoughError


class _EnoughError(Exception):
    """Ends a preview."""


def upgrade(url: str) -> str:
    """Upgrade the database to this version of changeflow; return the version. An empty one gets its tables."""
    from alembic import command

    engine = engine_for(url)
    with _translated(url, write=True):
        found, known = current_version(engine), known_versions()
        if found not in known:
            check_owner(engine, url)
        if found is not None and found not in known:
            raise NewerDatabaseError(found)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                # If two processes start with an empty database, the second waits and finds everything done.
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
            config = migrations.config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    _seal_all(url)
    return head_version()


def _seal_all(url: str) -> None:
    """Seal all rows of an earlier release in one transaction, so that later changes are noticed."""
    with session_scope(url) as session:
        for name in audit.unsealed(session):
            now = current().clock()
            audit.append(session, name, at=now, actor="system", action="seal", subject=f"release:{__version__}")


def current_version(engine: Engine) -> str | None:
    from alembic.migration import MigrationContext

    # Without a lock, so that it works while another process writes.
    with _engine_to(engine, write=False).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _version_in(session: Session) -> str | None:
    """Return the database's version, read each time because it may have been upgraded. None if it has no tables yet."""
    # Done here, because an unreachable server is not a database without tables.
    connection = session.connection()
    try:
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    except ProgrammingError:
        return None
    except OperationalError as error:
        if "no such table" in str(error.orig):
            return None
        raise


def _check_version(engine: Engine, url: str, *, create: bool) -> None:
    found = current_version(engine)
    if found == head_version():
        return
    if found not in known_versions():
        check_owner(engine, url)
    if found is None:
        if not create:
            raise DatabaseUrlError(url, "it has no tables yet; changeflow apply makes them")
        upgrade(url)
    elif found not in known_versions():
        raise NewerDatabaseError(found)
    else:
        raise OlderDatabaseError(url, found)


def _is_write_refused(error: DBAPIError) -> bool:
    """Return whether a write was refused because the transaction is read-only."""
    state = getattr(error.orig, "sqlstate", None)
    return state == "25006" or "attempt to write a readonly database" in str(error.orig)


def _meaning(error: DBAPIError, url: str) -> DatabaseError | None:
    """Return what a driver's error says about the database; None if it is about the statement."""
    text, state = str(error.orig).strip().split("\n")[0], getattr(error.orig, "sqlstate", None)
    if is_sqlite(url):
        code = getattr(error.orig, "sqlite_errorname", "")
        if code.startswith(_BUSY_CODES):
            return DatabaseBusyError()
        is_statement = code.startswith(_STATEMENT_CODES) and not text.startswith("no such table")
        return DatabaseDownError(url, plain_words(text)) if code and not is_statement else None
    if state in _BUSY_STATES:
        return DatabaseBusyError()
    if state is None and error.statement is None and not isinstance(error, OperationalError | InterfaceError):
        # Not from the server: the driver could not use the address.
        return DatabaseUrlError(url, "an option in it has a value that cannot be used")
    # A read-only transaction that we did not request means a standby server.
    is_about_the_server = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    # If the address is malformed, any part of the driver's message could be the password.
    text = text if is_plain(url) else "its user, host, port or name has an invalid character"
    return DatabaseDownError(url, text) if is_about_the_server or state in _REFUSED_STATES else None


def count_touched(session: Session, statement: Delete | Update) -> int:
    """Run a statement over many rows; return the number of rows changed."""
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
