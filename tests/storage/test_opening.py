"""A file that is not a changeflow database is refused with a plain message, and not changed."""

import inspect
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from changeflow.errors import ChangeflowError, DatabaseUrlError
from changeflow.storage import database
from changeflow.storage.database import engine_for, session_scope, upgrade
from changeflow.storage.versions import programme_ids
from tests.quick import quick_first


def a_database(path: Path) -> Path:
    upgrade(f"sqlite:///{path}")
    engine_for(f"sqlite:///{path}").dispose()
    return path


def damaged(path: Path, keep: int) -> None:
    raw = bytearray(a_database(path).read_bytes())
    raw[keep:] = bytes(byte ^ 0x5A for byte in raw[keep:])
    path.write_bytes(raw)


def foreign(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements or ("create table person (id integer, name text)",):
            connection.execute(statement)
        connection.commit()


def without_version(path: Path) -> None:
    foreign(a_database(path), "delete from alembic_version")


def look(url: str, *, create: bool) -> None:
    with session_scope(url, create=create) as session:
        programme_ids(session)


KINDS = {
    "random": lambda path: path.write_bytes(os.urandom(8192)),
    "text": lambda path: path.write_text("hello"),
    "half": lambda path: path.write_bytes(a_database(path).read_bytes()[:20_000]),
    "only its head": lambda path: path.write_bytes(a_database(path).read_bytes()[:60]),
    "damaged": lambda path: damaged(path, 100),
    "another application's": foreign,
    "without its version": without_version,
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a loop": lambda path: path.symlink_to(path.name),
}


@pytest.mark.usual(8)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("create", quick_first(1, [False, True]))
def test_a_foreign_database_is_refused_and_not_changed(tmp_path: Path, kind: str, create: bool):
    path = tmp_path / "given.db"
    KINDS[kind](path)
    engine_for(f"sqlite:///{path}").dispose()
    before = path.read_bytes() if path.is_file() else None
    for attempt in range(2 if create else 1):
        with pytest.raises(ChangeflowError) as caught:
            (upgrade if attempt else look)(f"sqlite:///{path}", **({} if attempt else {"create": create}))
        assert caught.value.exit_code in (4, 5)
        assert "Traceback" not in str(caught.value)
        assert "sqlalche.me" not in str(caught.value)
    engine_for(f"sqlite:///{path}").dispose()
    assert before is None or path.read_bytes() == before


def test_another_applications_tables_are_named_as_such(tmp_path: Path):
    foreign(tmp_path / "given.db")
    with (
        pytest.raises(DatabaseUrlError, match="belong to another application"),
        session_scope(f"sqlite:///{tmp_path / 'given.db'}", create=True),
    ):
        pass


@pytest.mark.slow
def test_a_foreign_database_in_the_place_of_a_deleted_one_is_refused(tmp_path: Path):
    """A file system gives the inode of a deleted file to the next one."""
    path = a_database(tmp_path / "given.db")
    look(f"sqlite:///{path}", create=False)
    engine_for(f"sqlite:///{path}").dispose()
    foreign(tmp_path / "foreign.db")
    # Written over it, so that it has the same inode on every file system.
    with path.open("r+b") as given:
        given.write((tmp_path / "foreign.db").read_bytes())
        given.truncate()
    before = path.read_bytes()
    with pytest.raises(ChangeflowError, match="belong to another application"):
        look(f"sqlite:///{path}", create=False)
    engine_for(f"sqlite:///{path}").dispose()
    assert path.read_bytes() == before


@pytest.mark.slow
def test_an_empty_file_is_a_new_database(tmp_path: Path):
    (tmp_path / "new.db").touch()
    with session_scope(f"sqlite:///{tmp_path / 'new.db'}", create=True) as session:
        assert list(programme_ids(session)) == []


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///c.db?mode=ro"])
def test_an_address_that_names_no_file_is_refused(url: str):
    with pytest.raises(DatabaseUrlError, match=r"it names no file|no question mark"), session_scope(url, create=True):
        pass


def test_committed_data_is_on_the_disk(tmp_path: Path):
    """Other tests switch off the waiting for the disk (`tests/engines.py`)."""
    engine = create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    inspect.unwrap(database._set_up_sqlite)(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2, "FULL"
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()
