"""A copy is complete or absent, even on a full disk or if killed, and never replaces another kind of file."""

import os
import resource
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from changeflow.errors import CannotWriteError, ConflictError, InputError
from changeflow.storage.backup import backup
from changeflow.storage.database import session_scope
from changeflow.usecases import definitions
from tests.builders import a_folder
from tests.killing import killed_at, killed_beyond
from tests.stored import store_once

pytestmark = [pytest.mark.slow, pytest.mark.forks]

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)


@pytest.fixture
def db(sqlite: str, tmp_path: Path) -> str:
    store_once(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
    return sqlite


def tables(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return everything in a file except the row that marks it as a copy."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")]
        return {n: sorted(connection.execute(f'SELECT * FROM "{n}"'), key=repr) for n in names if n != "custody"}


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_copy_taken_in_use_is_complete_and_readable_only_by_this_account(db: str, tmp_path: Path):
    with session_scope(db):
        backup(db, tmp_path / "copies" / "copy.db", at=NOW)
    assert leftovers(tmp_path / "copies") == ["copy.db"]
    assert (tmp_path / "copies" / "copy.db").stat().st_mode & 0o777 == 0o600
    assert tables(tmp_path / "copies" / "copy.db") == tables(tmp_path / "test.db")


def test_a_full_disk_leaves_the_earlier_copy_and_nothing_else(db: str, tmp_path: Path):
    """Yield every size at which the disk may be full, in pages of the copy."""
    copy = tmp_path / "copies" / "copy.db"
    backup(db, copy, at=NOW)
    before, size = copy.read_bytes(), copy.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    failed = 0
    for limit in [*range(0, size, max(4096, size // 40 // 4096 * 4096)), size - 1]:
        try:
            # Python ignores the signal, so the write fails as on a full disk.
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
            with pytest.raises(CannotWriteError, match="Its earlier contents are unchanged"):
                backup(db, copy, at=NOW)
            failed += 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert leftovers(tmp_path / "copies") == ["copy.db"]
        assert copy.read_bytes() == before
    assert failed > 10


def test_a_full_disk_is_named_in_the_error(db: str, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("needs the right to mount a small disk; the test with a limit on sizes covers the behaviour")
    try:
        with pytest.raises(CannotWriteError, match="the disk is full"):
            backup(db, disk / "copy.db", at=NOW)
        assert not leftovers(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.thorough
def test_a_backup_killed_at_any_write_leaves_the_earlier_copy_or_none(db: str, tmp_path: Path):
    folder = tmp_path / "copies"
    folder.mkdir()
    size = (tmp_path / "test.db").stat().st_size
    kills = 0
    for limit in range(0, size, max(4096, size // 15 // 4096 * 4096)):
        kills += killed_beyond(limit, lambda: backup(db, folder / "copy.db", at=NOW))
        assert not (folder / "copy.db").exists()
    n = 1
    while killed_at(n, lambda: backup(db, folder / "copy.db", at=NOW), modules=("changeflow.storage.backup",)):
        if (folder / "copy.db").exists():
            assert tables(folder / "copy.db") == tables(tmp_path / "test.db")
            (folder / "copy.db").unlink()
        n, kills = n + 1, kills + 1
    assert kills > 30
    # The next copy removes the files of the killed ones.
    assert leftovers(folder) == ["copy.db"]


def test_a_copy_that_is_being_written_is_left_alone(db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    done = []

    def meanwhile(*_: object) -> None:
        if not done:
            done.append(True)
            backup(db, tmp_path / "copy.db", at=NOW)

    monkeypatch.setattr("changeflow.storage.backup.check_whole", meanwhile)
    backup(db, tmp_path / "copy.db", at=NOW)
    assert tables(tmp_path / "copy.db") == tables(tmp_path / "test.db")


def test_a_copy_replaces_only_another_copy(db: str, tmp_path: Path):
    file = tmp_path / "test.db"
    (tmp_path / "soft").symlink_to(file)
    (tmp_path / "hard").hardlink_to(file)
    (tmp_path / "people.csv").write_text("id,name\n")
    os.mkfifo(tmp_path / "pipe")
    before = {p: p.read_bytes() for p in (file, tmp_path / "people.csv")}
    for name in ("test.db", "soft", "hard"):
        with pytest.raises(InputError, match="is the database itself"):
            backup(db, tmp_path / name, at=NOW)
    for name in ("trust", "pipe"):
        with pytest.raises(InputError, match="is not a file"):
            backup(db, tmp_path / name, at=NOW)
    with pytest.raises(ConflictError, match="is not a copy of a database"):
        backup(db, tmp_path / "people.csv", at=NOW)
    other = f"sqlite:///{tmp_path / 'other.db'}"
    definitions.apply(a_folder(tmp_path / "trust"), db=other, actor="chief", now=NOW)
    with pytest.raises(ConflictError, match="is a database in use"):
        backup(db, tmp_path / "other.db", at=NOW)
    with pytest.raises(InputError, match="cannot be written"):
        backup(db, tmp_path / "people.csv" / "copy.db", at=NOW)
    assert {p: p.read_bytes() for p in before} == before


def test_only_a_database_can_be_copied(tmp_path: Path):
    (tmp_path / "letter.db").write_text("This is a letter. " * 400)
    with pytest.raises(InputError, match=r"letter\.db.* is not a database"):
        backup(f"sqlite:///{tmp_path / 'letter.db'}", tmp_path / "copy.db", at=NOW)
    assert leftovers(tmp_path) == ["letter.db", "letter.db.lock"]
