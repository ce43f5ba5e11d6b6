"""A restore locks the database, checks the copy first, and leaves the complete old or new state."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import (
    CannotWriteError,
    ConflictError,
    DatabaseDownError,
    DatabaseInUseError,
    DatabaseReplacedError,
    DatabaseRestoringError,
    InputError,
    NewerDatabaseError,
)
from changeflow.storage import versions
from changeflow.storage.backup import backup
from changeflow.storage.database import engine_for, head_version, session_scope
from changeflow.usecases import progress
from changeflow.usecases.restoration import Restored, restore
from changeflow.usecases.unit_of_work import Change
from tests.builders import a_folder
from tests.killing import crashed, killed_at
from tests.storage.test_backup import leftovers, tables
from tests.storage.test_upgrade import released
from tests.stored import store_once

pytestmark = [pytest.mark.slow, pytest.mark.forks]

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
LATER = datetime(2027, 1, 20, 8, tzinfo=UTC)
MODULES = tuple(f"changeflow.storage.{name}" for name in ("backup", "sqlite_file"))


@pytest.fixture
def db(sqlite: str, tmp_path: Path) -> str:
    """A programme, a copy of it, and a task that was finished after the copy was taken."""
    store_once(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
    backup(sqlite, tmp_path / "copy.db", at=NOW)
    finish(sqlite)
    engine_for(sqlite).dispose()
    return sqlite


def finish(db: str, task: str = "payroll/requirements") -> None:
    on = date(2027, 1, 8)
    progress.finish_task(task, on, on, Change(db=db, programme=None, actor="chief", now=LATER, on=date(2027, 1, 20)))


def finished(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM progress WHERE actual_finish IS NOT NULL").fetchone()[0])


def put_back(db: str, tmp_path: Path, copy: str = "copy.db") -> Restored:
    return restore(tmp_path / copy, db=db, now=LATER, replace=True)


class Elsewhere:
    """Run work in another process, which begins with the block and ends on request."""

    def __init__(self, begin: Callable[[], object]) -> None:
        self._begin = begin

    def __enter__(self) -> int:
        ready, self._end = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._end[1])
                kept = self._begin()
                os.write(ready[1], b"x" if kept is not None else b"-")
                os.read(self._end[0], 1)
            finally:
                os._exit(0)
        os.close(self._end[0])
        assert os.read(ready[0], 1) == b"x"
        return self.pid

    def __exit__(self, *_: object) -> None:
        os.close(self._end[1])
        os.waitpid(self.pid, 0)


def test_a_restore_is_refused_while_another_process_has_the_database_open(db: str, tmp_path: Path):
    before = tables(tmp_path / "test.db")

    def use() -> object:
        with session_scope(db) as session:
            # The connection returns to the pool and stays open, like a server's between two requests.
            return versions.programme_ids(session)

    with Elsewhere(use) as process:
        with pytest.raises(DatabaseInUseError, match=rf"is open by process {process} .*nothing was changed") as caught:
            put_back(db, tmp_path)
        assert caught.value.exit_code == 5
        run = CliRunner().invoke(app, ["db", "restore", str(tmp_path / "copy.db"), "--yes", "--db", db])
        assert (run.exit_code, str(process) in run.stderr) == (5, True)
    assert tables(tmp_path / "test.db") == before
    assert put_back(db, tmp_path).kept is not None


def test_a_killed_process_does_not_block_a_restore(db: str, tmp_path: Path):
    crashed(lambda: session_scope(db).__enter__())
    put_back(db, tmp_path)
    assert finished(tmp_path / "test.db") == 0


def test_a_restore_is_refused_while_a_tool_without_our_lock_has_read_the_database(db: str, tmp_path: Path):
    def use() -> object:
        connection = sqlite3.connect(tmp_path / "test.db")
        return connection, connection.execute("SELECT count(*) FROM audit").fetchone()

    with Elsewhere(use), pytest.raises(DatabaseInUseError):
        put_back(db, tmp_path)
    put_back(db, tmp_path)


def test_sqlites_own_locks_refuse_a_restore_where_processes_cannot_be_listed(
    db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("changeflow.storage.presence._users_of", lambda _paths: [])

    def use() -> object:
        connection = sqlite3.connect(tmp_path / "test.db")
        connection.execute("PRAGMA journal_mode=WAL")
        return connection, connection.execute("SELECT count(*) FROM audit").fetchone()

    with Elsewhere(use), pytest.raises(DatabaseInUseError):
        put_back(db, tmp_path)
    assert finished(tmp_path / "test.db") == 1


def test_a_restore_is_refused_within_a_session_of_this_process(db: str, tmp_path: Path):
    with session_scope(db) as session:
        assert versions.programme_ids(session) == ["small"]
        with pytest.raises(DatabaseInUseError, match="this process"):
            put_back(db, tmp_path)
    put_back(db, tmp_path)
    with session_scope(db) as session:
        assert versions.programme_ids(session) == ["small"]


def test_a_process_that_opens_a_database_during_a_restore_waits(
    db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from changeflow.storage import presence

    monkeypatch.setattr(presence, "PATIENCE_SECONDS", 0.1)
    with (
        presence.alone(tmp_path / "test.db"),
        pytest.raises(DatabaseRestoringError),
        session_scope(db),
    ):
        pass


def test_each_restore_keeps_the_old_database_under_its_own_name(db: str, tmp_path: Path):
    kept = [put_back(db, tmp_path).kept for _ in range(3)]
    assert len({*kept}) == 3
    assert [finished(k) for k in kept if k] == [1, 0, 0]
    # Each is a separate file, not another name of the database.
    assert not any(k.samefile(tmp_path / "test.db") for k in kept if k)


def test_the_new_file_has_the_permissions_of_the_old_one(db: str, tmp_path: Path):
    (tmp_path / "test.db").chmod(0o640)
    put_back(db, tmp_path)
    assert (tmp_path / "test.db").stat().st_mode & 0o777 == 0o640
    restore(tmp_path / "copy.db", db=f"sqlite:///{tmp_path / 'blank' / 'host.db'}", now=LATER)
    assert (tmp_path / "blank" / "host.db").stat().st_mode & 0o777 == 0o600


def damaged_page(copy: Path) -> None:
    data = bytearray(copy.read_bytes())
    with closing(sqlite3.connect(copy)) as connection:
        [page] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit'").fetchone()
    data[(page - 1) * 4096 : page * 4096] = bytes(range(256)) * 16
    copy.write_bytes(data)


def sql(*statements: str) -> Callable[[Path], None]:
    def change(copy: Path) -> None:
        with closing(sqlite3.connect(copy)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return change


def another_tools(copy: Path) -> None:
    copy.unlink()
    sql("CREATE TABLE programme (id)", "CREATE TABLE alembic_version (version_num)")(copy)


UNFIT = {
    "empty": (lambda copy: copy.write_bytes(b""), InputError, "is empty"),
    "a letter": (lambda copy: copy.write_text("This is a letter. " * 99), InputError, "is not a database"),
    "a header alone": (lambda copy: copy.write_bytes(copy.read_bytes()[:100]), InputError, "is damaged"),
    "cut off": (lambda copy: copy.write_bytes(copy.read_bytes()[:-8192]), InputError, "is damaged"),
    "a bad page": (damaged_page, InputError, "is damaged"),
    "another tool's": (another_tools, InputError, "is not a database of changeflow"),
    "no version": (sql("DELETE FROM alembic_version"), InputError, "is not a database of changeflow"),
    "newer": (sql("UPDATE alembic_version SET version_num = '9999'"), NewerDatabaseError, "newer changeflow"),
    "a loose row": (sql("DELETE FROM programme"), InputError, "refers to a missing row"),
    "a table short": (sql("DROP TABLE measure"), InputError, "its table 'measure' lacks"),
    "a trigger": (sql("CREATE TRIGGER t AFTER INSERT ON audit BEGIN SELECT 1; END"), InputError, "has a trigger 't'"),
    "a view": (sql("CREATE VIEW v AS SELECT * FROM contact"), InputError, "has a view 'v'"),
    "a column short": (sql("ALTER TABLE programme DROP COLUMN revision"), InputError, "'programme' lacks revision"),
}


@pytest.mark.usual(5)
@pytest.mark.parametrize("name", UNFIT)
def test_an_unusable_copy_is_refused_and_nothing_is_changed(db: str, tmp_path: Path, name: str):
    spoil, error, match = UNFIT[name]
    copy = tmp_path / "copy.db"
    spoil(copy)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    with pytest.raises(error, match=match):
        put_back(db, tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before
    assert not [n for n in leftovers(tmp_path) if "restor" in n]


def test_the_database_itself_a_folder_and_a_missing_file_are_refused_as_copies(db: str, tmp_path: Path):
    (tmp_path / "soft.db").symlink_to(tmp_path / "test.db")
    (tmp_path / "hard.db").hardlink_to(tmp_path / "test.db")
    for name in ("test.db", "soft.db", "hard.db"):
        with pytest.raises(InputError, match="is the database itself"):
            put_back(db, tmp_path, name)
    for name in ("trust", "gone.db"):
        with pytest.raises(InputError, match="is not a file"):
            put_back(db, tmp_path, name)
    with pytest.raises(ConflictError, match="--yes"):
        restore(tmp_path / "copy.db", db=db, now=LATER)
    assert finished(tmp_path / "test.db") == 1


def test_an_older_copy_is_upgraded_before_it_replaces_the_database(db: str, tmp_path: Path):
    engine_for(released("0.1.0", tmp_path)).dispose()
    older = (tmp_path / "released.db").read_bytes()
    done = put_back(db, tmp_path, "released.db")
    assert done.upgraded_from == "0008"
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (head_version(),)
        assert connection.execute("SELECT count(*) FROM contact").fetchone() == (116,)
    assert (tmp_path / "released.db").read_bytes() == older


def test_a_damaged_database_is_replaced_and_kept_unchanged(db: str, tmp_path: Path):
    (tmp_path / "test.db").write_bytes(b"SQLite format 3\x00" + b"\x00" * 9000)
    (tmp_path / "test.db-wal").write_bytes(b"not a log")
    kept = put_back(db, tmp_path).kept
    assert kept is not None
    assert kept.read_bytes().startswith(b"SQLite format 3\x00\x00\x00")
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == b"not a log"
    assert finished(tmp_path / "test.db") == 0


def test_the_old_log_is_kept_with_the_old_database_and_never_applied_to_the_new_one(db: str, tmp_path: Path):
    crashed(lambda: finish(db, "payroll/delegation"))
    assert (tmp_path / "test.db-wal").stat().st_size > 0
    kept = put_back(db, tmp_path).kept
    assert kept is not None
    assert (finished(kept), finished(tmp_path / "test.db")) == (2, 0)


def test_a_log_without_its_database_is_never_applied(db: str, tmp_path: Path):
    crashed(lambda: finish(db, "payroll/delegation"))
    (tmp_path / "test.db").unlink()
    put_back(db, tmp_path)
    assert finished(tmp_path / "test.db") == 0
    assert [n for n in leftovers(tmp_path) if "before-restore" in n and n.endswith("-wal")]


@pytest.mark.thorough
def test_a_restore_killed_at_any_step_leaves_the_complete_old_or_new_database(db: str, tmp_path: Path):
    base, home = tmp_path / "base", tmp_path / "home"
    base.mkdir()
    crashed(lambda: finish(db, "payroll/delegation"))
    for name in ("test.db", "test.db-wal", "copy.db"):
        shutil.copy(tmp_path / name, base / name)
    n, states = 1, []
    while True:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(base, home)
        url = f"sqlite:///{home / 'test.db'}"
        was_killed = killed_at(n, partial(put_back, url, home), modules=MODULES)
        # Open it as any command would, with any log that was left behind.
        with session_scope(url) as session:
            assert versions.programme_ids(session) == ["small"]
        engine_for(url).dispose()
        engine_for.cache_clear()
        found = tables(home / "test.db")
        assert (home / "copy.db").read_bytes() == (base / "copy.db").read_bytes()
        states.append(finished(home / "test.db"))
        if states[-1] == 2:
            assert found["audit"] == tables_with_log(base)["audit"]
        else:
            kept = [p for p in home.iterdir() if "before-restore" in p.name and not p.samefile(home / "test.db")]
            assert [finished(k) for k in kept] == [2]
        if not was_killed:
            break
        n += 1
    # First the old one at every step, then the new one at every step.
    assert states == sorted(states, reverse=True)
    assert {*states} == {2, 0}
    assert n > 40
    assert not [p for p in leftovers(home) if "restoring" in p]


def tables_with_log(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    shutil.copytree(folder, folder.with_name("read"), dirs_exist_ok=True)
    return tables(folder.with_name("read") / "test.db")


@pytest.mark.thorough
def test_the_next_restore_removes_the_files_of_a_killed_one(db: str, tmp_path: Path):
    for n in (30, 60, 90, 120):
        killed_at(n, lambda: put_back(db, tmp_path), modules=MODULES)
    put_back(db, tmp_path)
    assert not [p for p in tmp_path.iterdir() if "restoring" in p.name]
    assert not [p for p in tmp_path.iterdir() if "before-restore" in p.name and p.samefile(tmp_path / "test.db")]


def test_a_full_disk_leaves_the_old_database(db: str, tmp_path: Path):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = tables(tmp_path / "test.db")
    for limit in range(0, (tmp_path / "copy.db").stat().st_size, 65536):
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
            with pytest.raises((CannotWriteError, DatabaseDownError)):
                put_back(db, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert tables(tmp_path / "test.db") == before
        assert not [n for n in leftovers(tmp_path) if "restor" in n]


def test_only_sqlite_databases_can_be_restored(tmp_path: Path):
    (tmp_path / "copy.db").touch()
    with pytest.raises(InputError, match="pg_restore"):
        restore(tmp_path / "copy.db", db="postgresql://db.example.org/change", now=NOW)


def test_a_replaced_database_has_its_own_error():
    assert issubclass(DatabaseReplacedError, ConflictError)
