"""A programme is read and judged once for each state, day and set of rulepacks; whatever differs is another one."""

from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copyfile

import pytest

from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.storage import facts
from changeflow.storage.database import engine_for, read_scope, session_scope, sqlite_path
from changeflow.usecases import definitions, stored
from changeflow.usecases.progress import finish_task
from changeflow.usecases.stored import NotKeptError, Stored, kept_only, load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.rulepack import Rulepacks
from tests.builders import a_folder
from tests.storage.test_reading import a_writer

NOW = datetime(2027, 1, 5, 9, tzinfo=UTC)
ON = date(2027, 1, 5)
TASK = "payroll/requirements"


@pytest.fixture
def small(db: str, tmp_path: Path) -> str:
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    return db


def read(db: str, on: date = ON) -> Stored:
    with read_scope(db) as session:
        return load(session, None, on=on)


def finish(db: str) -> None:
    finish_task(TASK, ON, None, Change(db=db, programme=None, actor="chief", now=NOW, on=ON))


@pytest.mark.slow
def test_the_same_state_is_read_once(small: str):
    first = read(small)
    with kept_only():
        assert read(small) is first


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_kept_programme_is_read_while_another_writes(small: str):
    first = read(small)
    with a_writer(small), kept_only():
        assert read(small) is first


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_change_is_seen_at_once(small: str):
    before = read(small)
    finish(small)
    assert not before.programme.is_done(TASK)
    assert read(small).programme.is_done(TASK)


@pytest.mark.slow
def test_another_day_is_another_programme(small: str):
    read(small)
    with kept_only(), pytest.raises(NotKeptError):
        read(small, on=date(2027, 1, 6))
    assert read(small, on=date(2027, 1, 6)).programme.on == date(2027, 1, 6)


@pytest.mark.slow
def test_other_rulepacks_are_another_programme(small: str, monkeypatch: pytest.MonkeyPatch):
    before, packs = read(small), shipped_rulepacks().packs
    raised = {name: e.model_copy(update={"value": 99}) for name, e in packs[0].entries.items()}
    changed = Rulepacks(packs=(packs[0].model_copy(update={"entries": raised}), *packs[1:]))
    monkeypatch.setattr(stored, "shipped_rulepacks", lambda: changed)
    with kept_only(), pytest.raises(NotKeptError):
        read(small)
    after = read(small)
    assert after is not before
    assert after.programme.rulepacks.packs[0].entries == raised


@pytest.mark.slow
def test_another_file_under_the_same_address_is_another_programme(tmp_path: Path, migrated_file: Path):
    here, there = f"sqlite:///{tmp_path / 'here.db'}", f"sqlite:///{tmp_path / 'there.db'}"
    for db in (here, there):
        copyfile(migrated_file, sqlite_path(db))
        definitions.apply(a_folder(tmp_path / db[-7:-3]), db=db, actor="chief", now=NOW)
    finish(there)
    finish(here)
    with session_scope(here) as session:
        assert load(session, None, on=ON).programme.is_done(TASK)
    one = read(here)
    for db in (here, there):
        engine_for(db).dispose()
    sqlite_path(there).replace(sqlite_path(here))
    engine_for.cache_clear()
    with kept_only(), pytest.raises(NotKeptError):
        read(here)
    assert read(here) is not one


@pytest.mark.slow
def test_a_writer_that_has_written_reads_what_it_wrote(small: str):
    with session_scope(small) as session:
        before = load(session, None, on=ON, for_change=True)
        facts.add_progress(session, "small", TASK, a_finish(before), at=NOW, by="chief")
        assert load(session, None, on=ON, for_change=True).programme.is_done(TASK)
        session.rollback()
    assert not read(small).programme.is_done(TASK), "what was rolled back is not kept"


def a_finish(before: Stored) -> TaskProgress:
    timed = before.programme.timed(TASK)
    return TaskProgress(timed.early_start, timed.early_finish, None)
