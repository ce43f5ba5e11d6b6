"""A change is one transaction with one load: written as a whole or not at all, and judged no more than it has to be."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.programme import programme
from changeflow.programme.recording import checked_progress, finish_of
from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.usecases import definitions, stored
from changeflow.usecases.progress import finish_task, record_progress, rehearse
from changeflow.usecases.stored import Cache, load
from changeflow.usecases.unit_of_work import Change, unit_of_work
from tests import audited
from tests.builders import a_folder
from tests.conftest import sample_copy

pytestmark = pytest.mark.both_databases(usual=True)

NOW = datetime(2027, 1, 5, 9, tzinfo=UTC)
ON = date(2027, 1, 5)


def a_change(db: str, actor: str = "chief") -> Change:
    return Change(db=db, programme=None, actor=actor, now=NOW, on=ON)


@pytest.fixture
def small(db: str, tmp_path: Path) -> str:
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    return db


def state(db: str) -> tuple[object, ...]:
    """Everything that a change of progress writes."""
    with read_scope(db) as session:
        forecast = versions.latest_forecast(session, "small")
        known = load(session, None, on=ON).programme.facts.progress
        return versions.state(session, "small"), audited.verify(session), forecast, dict(known)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a programme is joined, judged and scheduled."""
    found = Counter[str]()

    def counted(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            found[name] += 1
            return real(*args, **more)

        return call

    for module, name, label in (
        (stored, "join", "joins"),
        (stored, "judge", "judgements"),
        (programme, "time_roadmap", "schedules"),
    ):
        monkeypatch.setattr(module, name, counted(label, getattr(module, name)))
    # What another test has judged is not kept here.
    monkeypatch.setattr(stored, "_KEPT", Cache(stored.MOST_KEPT))
    return found


@pytest.mark.usual(1)
@pytest.mark.slow
def test_finishing_a_task_of_the_sample_judges_it_once_before_and_once_after(
    empty_db: str, tmp_path: Path, counts: Counter[str]
):
    definitions.apply(sample_copy(tmp_path), db=empty_db, actor="chair-of-trustees", now=NOW, on=ON)
    change = a_change(empty_db, "chief-executive")
    with read_scope(empty_db) as session:
        first, second, *_ = sorted(t.id for t in load(session, None, on=ON).programme.tasks() if t.gate is None)

    # On another day nothing is known of the programme: it is judged before the change as well.
    counts.clear()
    finish_task(first, date(2027, 1, 6), None, replace(change, on=date(2027, 1, 6)))
    assert (counts["joins"], counts["judgements"]) == (2, 2)
    assert counts["schedules"] <= 4

    counts.clear()
    finish_task(second, date(2027, 1, 6), None, replace(change, on=date(2027, 1, 6)))
    assert (counts["joins"], counts["judgements"]) == (1, 1)
    assert counts["schedules"] <= 2


@pytest.mark.slow
def test_what_is_read_after_a_change_is_not_judged_again(small: str, counts: Counter[str]):
    finish_task("payroll/requirements", ON, None, a_change(small))
    counts.clear()
    with read_scope(small) as session:
        after = load(session, None, on=ON)
    assert after.programme.is_done("payroll/requirements")
    assert counts == {}


@pytest.mark.slow
def test_a_work_that_raises_at_its_end_writes_nothing(small: str):
    before = state(small)

    def cut_off() -> None:
        with unit_of_work(a_change(small)) as work:
            said = checked_progress(work.programme, [finish_of(work.programme, "payroll/requirements", ON)], ON)
            record_progress(work, said, work.actor())
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        cut_off()
    assert state(small) == before


@pytest.mark.slow
def test_a_work_whose_forecast_fails_writes_nothing(small: str, monkeypatch: pytest.MonkeyPatch):
    before = state(small)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(versions, "add_forecast", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            finish_task("payroll/requirements", ON, None, a_change(small))
    assert state(small) == before
    assert finish_task("payroll/requirements", ON, None, a_change(small)) == 1


@pytest.mark.slow
def test_a_work_that_records_nothing_leaves_the_state_as_it_was(small: str):
    before = state(small)
    with unit_of_work(a_change(small)) as work:
        assert work.actor() == "chief"
    assert state(small) == before


@pytest.mark.slow
def test_a_rehearsal_that_another_change_overtook_is_not_used(small: str):
    with read_scope(small) as session:
        before = load(session, None, on=ON)
    ahead = rehearse(before, [finish_of(before.programme, "payroll/requirements", ON)])
    finish_task("payroll/delegation", ON, ON, a_change(small))

    with unit_of_work(a_change(small), ahead=ahead) as work:
        said = checked_progress(work.programme, [finish_of(work.programme, "payroll/requirements", ON)], ON)
        record_progress(work, said, work.actor())

    assert work.after.programme.is_done("payroll/requirements")
    assert work.after.programme.is_done("payroll/delegation")
