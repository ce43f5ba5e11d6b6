"""A process notices that its file was replaced, and never acknowledges a write to the old one."""

import gc
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session

from changeflow.errors import ChangeflowError, DatabaseReplacedError
from changeflow.storage import versions
from changeflow.storage.backup import backup
from changeflow.storage.database import engine_for, session_scope, upgrade
from changeflow.usecases import definitions, progress
from changeflow.usecases.unit_of_work import Change
from tests.apart import run_apart
from tests.builders import a_folder
from tests.killing import crashed
from tests.storage.test_restore import Elsewhere
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.forks]

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)


@pytest.fixture
def db(sqlite: str, tmp_path: Path) -> str:
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
    backup(sqlite, tmp_path / "copy.db", at=NOW)
    return sqlite


def write(db: str) -> None:
    with session_scope(db) as session:
        versions.touch(session, "small")


def move(folder: Path) -> None:
    shutil.copy(folder / "copy.db", folder / "other.db")
    (folder / "other.db").replace(folder / "test.db")


def overwrite(folder: Path) -> None:
    shutil.copyfile(folder / "copy.db", folder / "test.db")


def empty(folder: Path) -> None:
    (folder / "test.db").write_bytes(b"")


def remove(folder: Path) -> None:
    (folder / "test.db").unlink()


def scribble(folder: Path) -> None:
    (folder / "test.db").write_text("This is a letter. " * 999)


FAULTS: list[Callable[[Path], None]] = [move, overwrite, empty, remove, scribble]


@pytest.mark.usual(1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_session_is_refused_after_the_file_was_replaced(db: str, tmp_path: Path, fault: Callable[[Path], None]):
    write(db)
    fault(tmp_path)
    for _ in range(3):
        with pytest.raises(DatabaseReplacedError, match=r"test\.db.*No changes saved"):
            write(db)
    # The end of the process does not merge its log into the other file either.
    crashed(lambda: (engine_for(db).dispose(), gc.collect()))
    engine_for(db).dispose()
    gc.collect()
    if fault in (move, overwrite):
        assert (tmp_path / "test.db").read_bytes() == (tmp_path / "copy.db").read_bytes()


@pytest.mark.parametrize("fault", FAULTS)
def test_changes_in_progress_are_not_saved_after_the_file_was_replaced(
    db: str, tmp_path: Path, fault: Callable[[Path], None]
):
    def replaced_meanwhile() -> None:
        with session_scope(db) as session:
            versions.touch(session, "small")
            fault(tmp_path)

    with pytest.raises(DatabaseReplacedError):
        replaced_meanwhile()


ENDS = """
import shutil, sys
from changeflow.errors import DatabaseReplacedError
from changeflow.storage import versions
from changeflow.storage.database import session_scope

db, copy, file = sys.argv[1:]
with session_scope(db) as session:
    versions.touch(session, "small")
shutil.copyfile(copy, file)
try:
    with session_scope(db):
        pass
except DatabaseReplacedError:
    sys.exit(7)
"""


@pytest.mark.thorough
def test_a_process_that_ends_does_not_change_the_new_file(db: str, tmp_path: Path):
    engine_for(db).dispose()
    copy, file = tmp_path / "copy.db", tmp_path / "test.db"
    done = subprocess.run([sys.executable, "-c", ENDS, db, str(copy), str(file)], check=False)
    assert done.returncode == 7
    assert file.read_bytes() == copy.read_bytes()


def test_a_write_to_a_removed_file_is_not_acknowledged(db: str, tmp_path: Path):
    """The file is removed between the check before the commit and the end of the commit."""

    def late(_session: Session) -> None:
        move(tmp_path)

    event.listen(Session, "after_commit", late)
    try:
        with pytest.raises(DatabaseReplacedError):
            write(db)
    finally:
        event.remove(Session, "after_commit", late)


def test_an_earlier_copy_of_the_same_file_is_noticed(db: str, tmp_path: Path):
    """Its path and its life are the same, but its count is lower."""
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(tmp_path / "test.db", tmp_path / "earlier.db")
    for _ in range(3):
        write(db)
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    write(db)
    shutil.copyfile(tmp_path / "earlier.db", tmp_path / "test.db")
    with pytest.raises(DatabaseReplacedError):
        write(db)


def test_a_log_is_never_applied_to_another_file(db: str, tmp_path: Path):
    engine_for(db).dispose()
    shutil.copyfile(tmp_path / "test.db", tmp_path / "earlier.db")
    for _ in range(2):
        write(db)
    engine_for(db).dispose()
    crashed(lambda: write(db))
    assert (tmp_path / "test.db-wal").stat().st_size > 0
    for other in ("copy.db", "earlier.db"):
        shutil.copyfile(tmp_path / other, tmp_path / "test.db")
        before = (tmp_path / "test.db").read_bytes()
        with pytest.raises(DatabaseReplacedError, match=r"test\.db-wal.*do not belong together"):
            write(db)
        assert (tmp_path / "test.db").read_bytes() == before


def test_the_log_of_a_killed_process_is_applied(db: str, tmp_path: Path):
    for expected in range(2, 8):
        crashed(lambda: write(db))
        with session_scope(db) as session:
            assert versions.revision(session, "small") == expected
        if expected % 2:
            engine_for(db).dispose()


def test_a_database_of_an_earlier_version_is_opened_with_its_log(tmp_path: Path):
    from tests.storage.test_upgrade import released

    url = released("0.1.0", tmp_path)
    with closing(sqlite3.connect(tmp_path / "released.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE programme SET revision = revision + 1")
        connection.commit()
        upgrade(url)
        engine_for(url).dispose()
        with session_scope(url) as session:
            assert versions.programme_ids(session)
    engine_for(url).dispose()


@pytest.mark.thorough
def test_many_writers_and_checkpoints_do_not_look_like_a_replacement(db: str, tmp_path: Path):
    """There is no false alarm when three processes write and often merge the log into the file."""
    writes = 60

    def busy() -> object:
        for n in range(writes):
            write(db)
            if n % 3 == 0:
                with (
                    closing(sqlite3.connect(tmp_path / "test.db", timeout=PATIENCE)) as connection,
                    suppress(sqlite3.Error),
                ):
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if n % 10 == 0:
                engine_for(db).dispose()
        return True

    with session_scope(db) as session:
        before = versions.revision(session, "small")
    engine_for(db).dispose()
    with Elsewhere(busy), Elsewhere(busy):
        busy()
    with session_scope(db) as session:
        assert versions.revision(session, "small") == before + 3 * writes


def write_and_close(db: str) -> None:
    write(db)
    engine_for(db).dispose()


@pytest.mark.thorough
def test_the_log_of_an_open_database_is_never_removed_by_another_process(db: str, tmp_path: Path):
    """A process that closes its own handle of the file drops SQLite's locks; the next one to close removes the log."""
    for _ in range(3):
        write(db)
        assert run_apart(write_and_close, db, folder=tmp_path) == (0, "", "")
        for _ in range(2):
            with session_scope(db) as session:
                assert versions.revision(session, "small") > 1
    links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [link for link in links if link.startswith(str(tmp_path)) and link.endswith("(deleted)")]


def test_commands_report_a_replaced_database_and_exit_with_5(db: str, tmp_path: Path):
    write(db)
    move(tmp_path)
    with pytest.raises(ChangeflowError) as caught:
        progress.finish_task(
            "payroll/requirements",
            date(2027, 1, 8),
            None,
            Change(db=db, programme=None, actor="chief", now=NOW, on=date(2027, 1, 8)),
        )
    assert caught.value.exit_code == 5


def test_only_this_account_can_read_a_new_database(tmp_path: Path):
    upgrade(f"sqlite:///{tmp_path / 'new.db'}")
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600
