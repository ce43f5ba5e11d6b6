"""Reading takes no lock and cannot write; an unavailable database is a `DatabaseError`, on both databases."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, col, select, update

from changeflow.errors import DatabaseBusyError, DatabaseDownError, DatabaseError
from changeflow.storage import versions
from changeflow.storage.database import WriteInReadError, engine_for, read_scope, session_scope
from changeflow.storage.tables.answers import ReachRow
from changeflow.storage.tables.programme import ProgrammeRow
from changeflow.usecases import definitions, export, governance, monitoring, nudges, reports, stored, waves
from changeflow.usecases.baselines import take_baseline
from changeflow.usecases.unit_of_work import Change
from tests.builders import a_folder
from tests.conftest import new_database
from tests.stored import store_once

pytestmark = pytest.mark.both_databases(usual=True)

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
ON = date(2027, 1, 4)


@pytest.fixture
def small(db: str, tmp_path: Path) -> str:
    store_once(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    return db


def revision(session: Session) -> int:
    return session.exec(select(ProgrammeRow.revision)).one()


@contextmanager
def a_writer(db: str) -> Iterator[None]:
    """Another process in the middle of a change to the programme."""
    engine = engine_for(db)
    with engine.begin() as connection:
        connection.execute(update(ProgrammeRow).values(revision=99))
        yield
        connection.rollback()


def an_object(session: Session) -> None:
    session.add(ReachRow(recipient="x"))
    session.flush()


def a_statement(session: Session) -> None:
    session.exec(update(ProgrammeRow).where(col(ProgrammeRow.id) == "small").values(revision=7))


def a_lock(session: Session) -> None:
    a_statement(session)
    versions.lock_programme(session, "small")


@pytest.mark.parametrize("write", [an_object, a_statement, a_lock])
def test_a_session_for_reading_cannot_write(small: str, write: Callable[[Session], None]):
    with read_scope(small) as session:
        before = revision(session)
    with pytest.raises(WriteInReadError), read_scope(small) as session:
        write(session)
    with session_scope(small) as session:
        assert revision(session) == before
        # The same connection, taken from the pool again, can write.
        a_statement(session)
    with read_scope(small) as session:
        assert revision(session) == 7


def test_a_readers_pending_changes_are_not_written_at_the_end(small: str):
    with pytest.raises(WriteInReadError), read_scope(small) as session:
        session.add(ReachRow(recipient="x"))
    with read_scope(small) as session:
        assert session.exec(select(ReachRow)).all() == []


def test_a_reader_sees_one_state_and_blocks_no_writer(small: str):
    with read_scope(small) as reader:
        before = revision(reader)
        with session_scope(small) as writer:
            versions.touch(writer, "small")
        reader.expire_all()
        assert revision(reader) == before
    with read_scope(small) as reader:
        assert revision(reader) == before + 1


READERS: dict[str, Callable[[str, Path], object]] = {
    "loaded": lambda db, _: stored.loaded(None, db=db, on=ON),
    "numbers": lambda db, _: monitoring.numbers(db=db),
    "troubles": lambda db, _: monitoring.troubles(db=db, now=NOW),
    "metrics": lambda db, _: monitoring.metrics(db=db, now=NOW),
    "confidence": lambda db, _: governance.confidence_of(None, db=db, today=ON),
    "checkpoints": lambda db, _: stored.loaded(None, db=db, on=ON).checkpoints(),
    "effects": lambda db, _: nudges.effects(db=db),
    "export": lambda db, out: export.export_folder(out / "copy", db=db, programme=None, on=ON),
    "waves": lambda db, _: waves.programme_of(None, db=db, programme=None, on=ON),
    "report": lambda db, _: reports.sro_of_stored(None, db=db, today=ON),
    "decisions": lambda db, _: reports.decision_log(None, db=db, today=ON),
    "answers": lambda db, _: list(nudges.answered(db=db, programme=None)),
}


@pytest.mark.usual(8)
@pytest.mark.parametrize("name", READERS)
def test_readers_do_not_wait_for_a_writer(small: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("changeflow.storage.database.BUSY_SECONDS", 0.05)
    engine_for(small).dispose()
    with a_writer(small):
        # As a control, another writer would have to wait.
        with pytest.raises(DatabaseBusyError):
            take_baseline("Agreed", Change(db=small, programme=None, actor="chief", now=NOW, on=ON))
        assert READERS[name](small, tmp_path) is not None


def test_a_writer_that_waits_too_long_learns_that_the_database_is_busy(small: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("changeflow.storage.database.BUSY_SECONDS", 0.05)
    engine_for(small).dispose()
    with a_writer(small), pytest.raises(DatabaseBusyError, match="no changes were saved") as caught:
        take_baseline("Agreed", Change(db=small, programme=None, actor="chief", now=NOW, on=ON))
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("content", [b"This is a letter. " * 400, None], ids=["foreign", "damaged"])
def test_a_file_that_is_no_longer_a_database_is_reported(sqlite: str, tmp_path: Path, content: bytes | None):
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
    engine_for(sqlite).dispose()
    path = tmp_path / "test.db"
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    whole = path.read_bytes()
    # The header still has the number of pages, but their contents are gone.
    path.write_bytes(content or whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(DatabaseError) as caught, read_scope(sqlite) as session:
        session.exec(select(ProgrammeRow)).all()
    assert caught.value.exit_code == 4


@pytest.mark.slow
def test_a_connection_ended_by_the_server_means_that_the_database_is_down(postgres: str, tmp_path: Path):
    db = new_database(postgres)
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)

    def cut_off() -> None:
        with session_scope(db) as session:
            own = session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with engine_for(db).connect() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({own})")
            revision(session)

    with pytest.raises(DatabaseDownError):
        cut_off()
    with read_scope(db) as session:
        assert revision(session) >= 0
    engine_for(db).dispose()
