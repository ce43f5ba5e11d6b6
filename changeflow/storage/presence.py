"""Which processes have an SQLite database open, and whether the file is still the one that was opened.

Every process with a connection shares a lock on the file `NAME.lock` beside the database; a restore takes that lock
exclusively. The kernel releases it when a process is killed. Each session checks the file when it begins, before it
commits and afterwards, so a write to a replaced file is never acknowledged.
"""

import ctypes
import os
import sqlite3
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, event

from changeflow.errors import DatabaseInUseError, DatabaseReplacedError, DatabaseRestoringError, DatabaseUrlError
from changeflow.storage.sqlite_file import (
    FileMark,
    check_file,
    count_write,
    log_is_own,
    mark_inside,
    read_mark,
    sidecars,
)

if sys.platform != "win32":
    import fcntl

PATIENCE_SECONDS = 10.0
"""How long a process waits for a restore in progress."""
_TRIES = 5
_GUARD = threading.RLock()
_WATCHES: dict[Path, "Watch"] = {}
_ENGINES: "weakref.WeakSet[Engine]" = weakref.WeakSet()


class Watch:
    """One database file that this process has open."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.connections = 0
        self._lock: int | None = None
        self._file: int | None = None
        """Our own handle of the file, kept open while SQLite uses the file: closing it would drop SQLite's locks."""
        self._known = FileMark()
        """The latest mark in the file itself; the log may be newer."""
        self._life = 0
        self._was_filled = False

    def connect(self, make: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
        """Open a connection to the same file that this process has open or will open."""
        with _GUARD:
            if self.connections == 0:
                self._enter()
            try:
                self._check_path()
                connection = make()
                self._check_path(connection)
            except BaseException:
                if self.connections == 0:
                    self._forget()
                raise
            self.connections += 1
            return connection

    def leave(self) -> None:
        with _GUARD:
            self.connections -= 1
            if self.connections == 0:
                self._forget()

    def check(self, inside: FileMark | None = None) -> None:
        """Raise `DatabaseReplacedError` if the file was replaced or overwritten since this process opened it."""
        with _GUARD:
            if self._file is None:
                return
            self._check_path()
            if inside is not None and inside.life:
                self._life = inside.life
            for tried in range(_TRIES):
                if tried:
                    # It may have been read while SQLite wrote it.
                    time.sleep(0.01)
                found = read_mark(self._file)
                if found is None and not self._was_filled and os.fstat(self._file).st_size == 0:
                    return
                if found is not None and self._follows(found, inside):
                    self._known, self._was_filled = found, True
                    return
        raise DatabaseReplacedError(self.file, "was overwritten while this process had it open")

    def _follows(self, found: FileMark, inside: FileMark | None) -> bool:
        # A new file has no mark until its log is first merged into it.
        life = self._known.life or self._life
        if found.life != life and (found.life or self._known.life):
            return False
        return found.writes >= self._known.writes and (inside is None or found.writes <= inside.writes)

    def _check_path(self, made: sqlite3.Connection | None = None) -> None:
        try:
            status = self.file.stat()
        except FileNotFoundError:
            status = None
        opened = os.fstat(self._file) if self._file is not None else None
        if status is None or opened is None or (status.st_dev, status.st_ino) != (opened.st_dev, opened.st_ino):
            if made is not None:
                made.close()
            raise DatabaseReplacedError(self.file)

    def _enter(self) -> None:
        # The file may be opened and closed only now, with no connection open: later, that would drop SQLite's locks.
        check_file(f"sqlite:///{self.file}", self.file)
        self._lock = _open_lock(self.file)
        try:
            _share(self._lock, self.file)
            # The file will contain personal data, so only this account may read it.
            self._file = os.open(self.file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if not log_is_own(self.file, self._file):
                what = f"and the log beside it ('{sidecars(self.file)[0].name}') do not belong together"
                raise DatabaseReplacedError(self.file, what)
            self._known = read_mark(self._file) or FileMark()
            self._was_filled = os.fstat(self._file).st_size > 0
        except OSError as error:
            self._forget()
            raise DatabaseUrlError(f"sqlite:///{self.file}", error.strerror or str(error)) from None
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        for descriptor in (self._file, self._lock):
            if descriptor is not None:
                # Closed, never unlocked, because a forked process may share the lock.
                os.close(descriptor)
        self._file = self._lock = None
        self._known, self._life, self._was_filled = FileMark(), 0, False


class GuardedConnection(sqlite3.Connection):
    """A connection that is counted while it is open."""

    watch: Watch | None = None
    changes = 0
    """The number of changes that it had made when the transaction began."""

    def close(self) -> None:
        watch, self.watch = self.watch, None
        if watch is None:
            super().close()
            return
        try:
            watch.check()
        except DatabaseReplacedError:
            # SQLite would merge the old file's log into the new file, or remove the new file's log. The end of the
            # process closes it without doing so; until then the last reference must be kept.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self))
            return
        super().close()
        watch.leave()

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()


def guard(engine: Engine) -> None:
    """Count an SQLite engine's connections, and check its file before every transaction."""
    _ENGINES.add(engine)

    @event.listens_for(engine, "do_connect")
    def on_connect(dialect: Any, _record: Any, args: Sequence[Any], more: dict[str, Any]) -> Any:  # noqa: ANN401
        file = _file_of(args)
        if file is None:
            return None
        watch = watch_of(file)
        made = watch.connect(lambda: dialect.connect(*args, factory=GuardedConnection, **more))
        made.watch = watch  # type: ignore[attr-defined]
        return made

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # Checked before SQLite reads, because it may report an overwritten file as damaged.
        if (raw := _raw(connection)) is not None and raw.watch is not None:
            raw.watch.check()


def look_within(engine: Engine) -> None:
    """Check again in each transaction, after it begins and before it commits."""

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        if (raw := _raw(connection)) is not None and raw.watch is not None:
            raw.changes = raw.total_changes
            raw.watch.check(mark_inside(raw))

    @event.listens_for(engine, "commit")
    def on_commit(connection: Connection) -> None:
        if (raw := _raw(connection)) is not None and raw.watch is not None:
            if raw.total_changes != raw.changes:
                count_write(raw)
            raw.watch.check()


def confirm(engine: Engine) -> None:
    """Check the file after a commit, before acknowledging it, or after a failure."""
    if engine.dialect.name == "sqlite":
        args, _ = engine.dialect.create_connect_args(engine.url)
        file = _file_of(args)
        if file is not None:
            watch_of(file).check()


def is_open_here(file: Path) -> bool:
    return watch_of(file).connections > 0


@contextmanager
def shared(file: Path) -> Iterator[None]:
    """Lock out restores of an existing database while no engine is connected to it."""
    lock = _open_lock(Path(os.path.realpath(file)))
    try:
        _share(lock, file)
        yield
    finally:
        os.close(lock)


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Lock a database exclusively; raise `DatabaseInUseError` if any process has it open."""
    file = Path(os.path.realpath(file))
    for engine in list(_ENGINES):
        args, _ = engine.dialect.create_connect_args(engine.url)
        if _file_of(args) == file:
            if isinstance(engine.pool, QueuePool) and engine.pool.checkedout():
                raise DatabaseInUseError(file, ["this process"])
            engine.dispose()
    with _GUARD:
        if watch_of(file).connections:
            raise DatabaseInUseError(file, ["this process"])
        lock = _open_lock(file)
    try:
        if not take(lock):
            raise DatabaseInUseError(file, users(file))
        # Earlier versions of changeflow and other tools do not hold our lock.
        if others := _users_of((file, *sidecars(file))):
            raise DatabaseInUseError(file, others)
        yield
    finally:
        os.close(lock)


def take(descriptor: int) -> bool:
    """Lock a file exclusively; False if another process has it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def users(file: Path) -> list[str]:
    """Return the other processes that have a database open, as far as visible on this machine."""
    return _users_of((file, *sidecars(file), _lock_path(file)))


def _users_of(paths: Iterable[Path]) -> list[str]:
    wanted = set()
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            wanted.add((status.st_dev, status.st_ino))
    processes = sorted(
        (p for p in Path("/proc").glob("[0-9]*") if int(p.name) != os.getpid()), key=lambda p: int(p.name)
    )
    return [f"process {p.name}{_name_of(p)}" for p in processes if _has_open(p, wanted)]


def watch_of(file: Path) -> Watch:
    with _GUARD:
        real = Path(os.path.realpath(file))
        return _WATCHES.setdefault(real, Watch(real))


def _has_open(process: Path, wanted: set[tuple[int, int]]) -> bool:
    try:
        for link in (process / "fd").iterdir():
            with suppress(FileNotFoundError):
                status = link.stat()
                if (status.st_dev, status.st_ino) in wanted:
                    return True
    except OSError:
        return False  # belongs to another account, or has just ended
    return False


def _name_of(process: Path) -> str:
    """Return a process's command without its options, which may contain secrets."""
    try:
        words = [w for w in (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0") if w]
    except OSError:
        return ""
    if len(words) > 1 and Path(words[0]).name.startswith("python") and not words[1].startswith("-"):
        words = words[1:]
    name = " ".join([Path(words[0]).name, *(w for w in words[1:2] if w.isalpha())]) if words else ""
    return f" ({name})" if name else ""


def _open_lock(file: Path) -> int:
    try:
        return os.open(_lock_path(file), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise DatabaseUrlError(f"sqlite:///{file}", f"{_lock_path(file)}: {error.strerror}") from None


def _share(lock: int, file: Path) -> None:
    if sys.platform == "win32":
        return
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                raise DatabaseRestoringError(file) from None
            time.sleep(0.05)
        else:
            return


def _lock_path(file: Path) -> Path:
    return file.with_name(file.name + ".lock")


def _file_of(args: Sequence[Any]) -> Path | None:
    name = str(args[0]) if args else ""
    return None if not name or name == ":memory:" or name.startswith("file:") else Path(os.path.realpath(name))


def _raw(connection: Connection) -> GuardedConnection | None:
    raw = connection.connection.dbapi_connection
    return raw if isinstance(raw, GuardedConnection) else None
