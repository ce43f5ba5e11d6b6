"""Backup and restore of an SQLite database. A backup can be taken while the database is in use, and is never partial.

If a restore is killed at any step, either the old or the new database is in place, and complete:

1. This process locks the database exclusively.
2. The copy is copied into a folder beside the database, and checked, upgraded and marked there.
3. SQLite merges the old log into the old file, so that no log is left that could be applied to the new one.
4. The old file gets a second, unused name.
5. The new file is renamed over the old name.
"""

import glob
import os
import secrets
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from changeflow.errors import (
    CannotWriteError,
    ChangeflowError,
    ConflictError,
    DatabaseInUseError,
    DatabaseUrlError,
    InputError,
    NewerDatabaseError,
)
from changeflow.files import FULL, sync
from changeflow.storage import custody, keys, presence
from changeflow.storage.database import engine_for, head_version, is_sqlite, known_versions, sqlite_path, upgrade
from changeflow.storage.sqlite_file import MAGIC, log_is_own, new_life, sidecars, uses_log
from changeflow.storage.tables.every_table import metadata

PART = ".part"


def backup(url: str, to: Path, *, at: datetime) -> None:
    """Copy the database. The copy is marked, so that it sends no messages until a person releases it.

    The copy is written beside its destination and renamed, and only this account can read it.
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
    """Yield a new file in the same folder, which replaces the old one on success and is removed otherwise."""
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        _clear_stale(to)
        part = to.with_name(f".{to.name}.{secrets.token_hex(4)}{PART}")
        held = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"'{to}' cannot be written: {error.strerror}.") from None
    try:
        # If this file is found without a lock, its writer was killed.
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
        raise InputError(f"'{file}' is damaged: a row of table '{loose[0]}' refers to a missing row.")


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
        raise ConflictError(f"'{to}' exists and is not a copy of a database. Name another file; nothing was changed.")


def _clear_stale(to: Path) -> None:
    """Remove the files that a killed backup left."""
    for stale in to.parent.glob(f".{glob.escape(to.name)}.*{PART}"):
        with suppress(OSError):
            held = os.open(stale, os.O_RDWR | os.O_CLOEXEC)
            try:
                if presence.take(held):
                    # This file is removed last, because it leads to the others.
                    for path in (*sidecars(stale), stale):
                        path.unlink(missing_ok=True)
            finally:
                os.close(held)


def failure(error: OSError | sqlite3.Error, to: Path) -> ChangeflowError:
    """Describe in plain words why a file could not be written."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if getattr(error, "errno", None) in FULL or "full" in text:
        return CannotWriteError(to, "the disk is full")
    if "I/O error" in text:
        return CannotWriteError(to, "the disk failed, or is full")
    return InputError(f"'{to}' was not written: {text}. Any earlier file is unchanged.")


OURS = frozenset({"programme", "version", "audit", "contact"})
"""Tables that every version of changeflow has."""
_WORK = "restoring-"


@dataclass(slots=True)
class PreparedCopy:
    """A checked copy that is ready to replace the database. Changes that the caller makes in it are included."""

    url: str
    """The address of the copy until it replaces the database."""
    found: str
    """The version of its tables before the upgrade."""
    is_older: bool
    was_without_custody: bool
    """Whether it comes from a version without custody."""
    kept: Path | None = None
    """The path of the old database after it was replaced."""


@contextmanager
def replaced(copy: Path, url: str, *, replace: bool, at: datetime) -> Iterator[PreparedCopy]:
    """Yield the upgraded copy for final changes; replace the database with it when the block succeeds."""
    target, copy = file_of(url), Path(os.path.realpath(copy))
    _check_names(copy, target, replace=replace)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with presence.alone(target), _work_folder(target) as folder:
            fresh = folder / target.name
            _take_in(copy, fresh)
            found, was_without = _check_ours(fresh, copy)
            is_older = found != head_version()
            prepared = PreparedCopy(f"sqlite:///{fresh}", found, is_older=is_older, was_without_custody=was_without)
            # The copy uses the database's own key, not a new one.
            before = keys.keep_in(keys.key_file(url))
            try:
                upgrade(prepared.url)
                _check_tables(fresh, copy)
                yield prepared
            finally:
                keys.keep_in(before)
                engine_for(prepared.url).dispose()
            _close(fresh, like=target)
            prepared.kept = _put(fresh, target, at=at)
    except (OSError, sqlite3.Error) as error:
        raise failure(error, target) from None


def _check_names(copy: Path, target: Path, *, replace: bool) -> None:
    if not copy.is_file():
        raise InputError(f"'{copy}' is not a file. Name a copy that changeflow db backup made.")
    if target.exists() and not target.is_file():
        raise InputError(f"'{target}' is not a file. Name the file of a database.")
    if copy == target or (target.exists() and copy.samefile(target)):
        raise InputError(f"'{copy}' is the database itself. Name a copy of it.")
    if target.exists() and not replace:
        raise ConflictError(
            f"'{target}' exists. Add --yes to replace it with the copy; the old file will be kept beside it."
        )


@contextmanager
def _work_folder(target: Path) -> Iterator[Path]:
    """Make a folder beside the database that only this account can read, and remove those of killed restores."""
    for stale in target.parent.iterdir():
        if stale.name.startswith(f".{target.name}.{_WORK}") and stale.is_dir():
            shutil.rmtree(stale, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.{_WORK}", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take_in(copy: Path, fresh: Path) -> None:
    """Copy the backup; the backup itself is not changed."""
    with copy.open("rb") as opened:
        begins = opened.read(len(MAGIC))
    if not begins:
        raise InputError(f"'{copy}' is empty. Name a copy that changeflow db backup made; nothing was changed.")
    if begins != MAGIC:
        raise InputError(
            f"'{copy}' is not a database. Name a copy that changeflow db backup made; nothing was changed."
        )
    fresh.touch(mode=0o600)
    # Opened as immutable, or SQLite would create a log beside it; a copy with a log is read with the log.
    quiet = uses_log(copy) and not sidecars(copy)[0].exists()
    try:
        copy_pages(sqlite3.connect(f"{copy.as_uri()}?{'immutable=1' if quiet else 'mode=ro'}", uri=True), fresh)
        with closing(sqlite3.connect(fresh)) as connection:
            check_whole(connection, copy)
    except sqlite3.DatabaseError as error:
        if "full" in str(error) or "I/O error" in str(error):
            raise
        raise InputError(f"'{copy}' is damaged: {error}. Nothing was changed.") from None


def _check_ours(fresh: Path, copy: Path) -> tuple[str, bool]:
    """Refuse another application's or a newer database; return its version, and whether it lacks custody."""
    with closing(sqlite3.connect(fresh)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        foreign = connection.execute(
            "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY name"
        ).fetchone()
        has_version = "alembic_version" in tables
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall() if has_version else []
    if not tables >= OURS or len(rows) != 1:
        raise InputError(f"'{copy}' is not a database of changeflow. Name a copy of one; nothing was changed.")
    if foreign is not None:
        raise InputError(
            f"'{copy}' has a {foreign[0]} '{foreign[1]}', which changeflow did not make. Name another copy; nothing "
            "was changed."
        )
    found = str(rows[0][0])
    if found not in known_versions():
        raise NewerDatabaseError(found)
    return found, "custody" not in tables


def _check_tables(fresh: Path, copy: Path) -> None:
    """Refuse a copy with missing tables or columns for its version."""
    with closing(sqlite3.connect(fresh)) as connection:
        for table in metadata.sorted_tables:
            there = {row[1] for row in connection.execute(f'PRAGMA table_info("{table.name}")')}
            if missing := sorted({c.name for c in table.columns} - there):
                raise InputError(
                    f"'{copy}' is damaged: its table '{table.name}' lacks {', '.join(missing)}. Nothing was changed."
                )


def _close(fresh: Path, *, like: Path) -> None:
    """Write the new database to one file on disk, with the old file's account and group."""
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        new_life(connection)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=DELETE")
    if any(side.exists() for side in sidecars(fresh)):
        raise OSError(f"a log of '{fresh}' is left")
    mode = 0o600
    if like.exists():
        before = like.stat()
        mode = before.st_mode & 0o777
        with suppress(PermissionError):
            os.chown(fresh, before.st_uid, before.st_gid)
    fresh.chmod(mode)
    sync(fresh)


def _put(fresh: Path, target: Path, *, at: datetime) -> Path | None:
    """Replace the old file; return its second name."""
    if not target.exists():
        if any(side.exists() for side in sidecars(target)):
            _set_aside(target, _kept_name(target, at), with_file=False)
        _rename(fresh, target)
        return None
    _clear_stale_names(target)
    kept = _kept_name(target, at)
    descriptor = os.open(target, os.O_RDONLY)
    try:
        is_own = log_is_own(target, descriptor)
    finally:
        os.close(descriptor)
    log, kept_log = sidecars(target)[0], sidecars(kept)[0]
    if is_own:
        if log.exists():
            # If the file turns out to be damaged, SQLite drops its log.
            shutil.copyfile(log, kept_log)
        with closing(sqlite3.connect(target, isolation_level=None, timeout=0)) as old:
            if _fold(old, target):
                kept_log.unlink(missing_ok=True)
                _second_name(target, kept)
                _rename(fresh, target)
                return kept
    # It is unreadable, or the log belongs to another file: SQLite must not merge them.
    _set_aside(target, kept, with_file=True)
    _rename(fresh, target)
    return kept


def _fold(old: sqlite3.Connection, target: Path) -> bool:
    """Merge the old log into the old file and lock out other processes; False if the old file is damaged."""
    try:
        mode = old.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        old.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise DatabaseInUseError(target, presence.users(target)) from None
        return False
    except sqlite3.DatabaseError:
        return False
    return mode == "delete" and not any(side.exists() for side in sidecars(target)[:2])


def _set_aside(target: Path, kept: Path, *, with_file: bool) -> None:
    """Keep the old files under other names, including the log, so that no log is applied to the new file."""
    pairs = list(zip(sidecars(target), sidecars(kept), strict=True))
    for there, other in [*([(target, kept)] if with_file else []), *pairs]:
        if there.exists() and not other.exists():
            _second_name(there, other)
    for side in sidecars(target):
        side.unlink(missing_ok=True)
    sync(target.parent)


def _clear_stale_names(target: Path) -> None:
    """Remove second names that killed restores gave to the current database."""
    for name in target.parent.iterdir():
        if not name.name.startswith(f"{target.name}.before-restore-"):
            continue
        is_lone_log = name.name.endswith("-wal") and not name.with_name(name.name.removesuffix("-wal")).exists()
        if name.samefile(target) or is_lone_log:
            name.unlink()


def _kept_name(target: Path, at: datetime) -> Path:
    """Return an unused name."""
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    first = target.with_name(f"{target.name}.before-restore-{stamp}")
    names = [first, *(first.with_name(f"{first.name}-{n}") for n in range(2, 1000))]
    return next(n for n in names if not any(p.exists() or p.is_symlink() for p in (n, *sidecars(n))))


def _second_name(file: Path, name: Path) -> None:
    """Give a file a second, unused name; copy it if the disk does not support hard links."""
    try:
        name.hardlink_to(file)
    except FileExistsError:
        raise
    except OSError:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as out, file.open("rb") as opened:
            shutil.copyfileobj(opened, out)
            out.flush()
            os.fsync(out.fileno())
    sync(name.parent)


def _rename(fresh: Path, target: Path) -> None:
    fresh.replace(target)
    sync(target.parent)
