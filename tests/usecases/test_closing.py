"""A programme closes after its last checkpoint, and checkpoints follow the actual go-live.

Go-live of wave 1 on Monday 1 February 2027 puts its checkpoint, ten working days later, on the 15th.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.errors import CheckFailedError
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.storage import facts, versions
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import definitions
from changeflow.usecases.progress import finish_task
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import last_day_of, minute_of
from tests.builders import a_folder

CLOSE, CHECKPOINTS = "programme/close", ("payroll/w1/checkpoint", "payroll/w2/checkpoint")


@pytest.fixture
def db(sqlite: str, tmp_path: Path) -> Iterator[str]:
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=at(1, 4))
    yield sqlite
    engine_for(sqlite).dispose()


def at(month: int, day: int) -> datetime:
    return datetime(2027, month, day, 9, tzinfo=UTC)


def happened(db: str, task: str, day: date) -> None:
    minute = minute_of(datetime(day.year, day.month, day.day))
    with session_scope(db) as session:
        facts.add_progress(session, "small", task, TaskProgress(minute, minute), at=at(2, 1), by="lead")
        versions.touch(session, "small")


def planned(db: str, task: str) -> date:
    with session_scope(db) as session:
        return last_day_of(load(session, "small", on=date(2027, 2, 1)).programme.timed(task).early_finish)


def close(db: str) -> None:
    change = Change(db=db, programme=None, actor="chief", now=at(6, 1), on=date(2027, 6, 1))
    finish_task(CLOSE, date(2027, 6, 1), None, change)


@pytest.mark.slow
def test_a_moved_go_live_moves_its_checkpoint_and_no_other(db: str):
    happened(db, "payroll/w1/go-live", date(2027, 2, 1))
    other = planned(db, CHECKPOINTS[1])
    assert planned(db, CHECKPOINTS[0]) == date(2027, 2, 15)
    happened(db, "payroll/w1/go-live", date(2027, 2, 8))
    assert planned(db, CHECKPOINTS[0]) == date(2027, 2, 22)
    assert planned(db, CHECKPOINTS[1]) == other


@pytest.mark.slow
def test_closing_before_the_last_checkpoint_is_refused_with_the_reason(db: str):
    happened(db, CHECKPOINTS[0], date(2027, 3, 1))
    with pytest.raises(CheckFailedError) as refused:
        close(db)
    text = str(refused.value)
    assert text.startswith("The programme cannot close before its last checkpoint, planned for ")
    assert "not yet known whether the change is embedded" in text
    assert "Payroll, wave 2: checkpoint, " in text
    assert "wave 1" not in text
    with session_scope(db) as session:
        assert not load(session, "small", on=date(2027, 6, 1)).programme.is_done(CLOSE)


@pytest.mark.slow
def test_with_the_last_checkpoint_done_it_closes(db: str):
    for task in CHECKPOINTS:
        happened(db, task, date(2027, 3, 1))
    close(db)
    with session_scope(db) as session:
        assert load(session, "small", on=date(2027, 6, 1)).programme.is_done(CLOSE)
