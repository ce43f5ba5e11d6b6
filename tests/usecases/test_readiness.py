"""People on the critical path, on the sample of 4 May 2027: where a wave stands moves its go-live, and no other."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from changeflow.intake.folder import Folder, read_folder
from changeflow.programme.programme import Programme, join
from changeflow.reports.changes import changes_text
from changeflow.roadmap.analysis.why import explain
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.storage.database import session_scope
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.baselines import take_baseline
from changeflow.usecases.changes import changes_since
from changeflow.usecases.definitions import apply
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON, day_of, minute_of
from tests.conftest import SAMPLE, sample_copy

TODAY = date(2027, 5, 4)
START = datetime(2026, 9, 1, 9, tzinfo=LONDON)
NOW = datetime(2027, 5, 4, 9, tzinfo=LONDON)
Scores = Callable[[str], tuple[int, int, int, int]]
"""What a school's people answer: awareness, desire, knowledge, ability."""


@pytest.fixture(scope="module")
def sample() -> Folder:
    return read_folder(SAMPLE)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with its progress and decisions until May 2027; no one has been asked where they stand."""
    path = tmp_path_factory.mktemp("readiness") / "begun.db"
    db = f"sqlite:///{path}"
    apply(sample_copy(path.parent), db=db, actor="programme-manager", now=START)
    before = NOW - timedelta(hours=1)
    store_import(SAMPLE / "progress.csv", _change(db, before), SAMPLE / "decisions.csv")
    take_baseline("Agreed", replace(_change(db, before), actor="chief-executive"))
    return path


def _change(db: str, now: datetime) -> Change:
    return Change(db=db, programme=None, actor="programme-manager", now=now, on=now.date())


def asked(begun: Path, sample: Folder, folder: Path, scores: Scores, *, name: str = "round") -> str:
    """Ask everyone in a school today, and store what they say; return the database."""
    folder.mkdir(exist_ok=True)
    path, answers = folder / f"{name}.db", folder / f"{name}.csv"
    with closing(sqlite3.connect(begun)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
    lines = ["person,on,awareness,desire,knowledge,ability"]
    lines += [f"{p.id},{TODAY},{','.join(map(str, scores(p.school)))}" for p in sample.definition.people if p.school]
    answers.write_text("\n".join(lines) + "\n")
    import_assessments(answers, _change(f"sqlite:///{path}", NOW))
    return f"sqlite:///{path}"


def loaded(db: str) -> Programme:
    with session_scope(db) as session:
        return load(session, None, on=TODAY).programme


def go_lives(programme: Programme) -> dict[str, date]:
    return {t: day_of(programme.timed(t).early_finish) for t in programme.roadmap.tasks if t.endswith("/go-live")}


def why(programme: Programme, task: str) -> str:
    assert programme.schedule is not None
    return explain(programme.roadmap, programme.schedule, task).text


def all_well(school: str) -> tuple[int, int, int, int]:
    return (5, 5, 5, 4)


def schools(sample: Folder, wave: str) -> frozenset[str]:
    return frozenset(next(w.schools for w in sample.definition.programme.waves if w.id == wave))


class TestOnTheSample:
    @pytest.mark.thorough
    @pytest.mark.slow
    def test_a_wave_that_has_not_heard_of_it_goes_live_later_and_no_wave_before_it(
        self, begun: Path, sample: Folder, tmp_path: Path
    ):
        """Wave 2 of estates goes live on 1 August. With its barrier at desire, six school weeks to win it and three to
        prepare it end on 13 July (half-term lies between): in time. Three weeks more at awareness end in September, and
        its go-live waits for 1 October. Later waves follow the one before them."""
        there = schools(sample, "w2")

        def held(awareness: int) -> Scores:
            return lambda s: (awareness, 1, 1, 1) if s in there else all_well(s)

        well = loaded(asked(begun, sample, tmp_path, all_well, name="well"))
        unwilling = loaded(asked(begun, sample, tmp_path, held(5), name="unwilling"))
        low = loaded(asked(begun, sample, tmp_path, held(1), name="low"))
        raised = loaded(asked(begun, sample, tmp_path, all_well, name="raised"))

        before, after = go_lives(well), go_lives(low)
        assert go_lives(unwilling)["estates/w2/go-live"] == before["estates/w2/go-live"] == date(2027, 8, 2)
        assert after["estates/w2/go-live"] == date(2027, 10, 1)
        assert {t for t in before if after[t] > before[t]} >= {"estates/w3/go-live", "estates/w4/go-live"}
        assert [t for t in before if after[t] != before[t] and "/pilot/" in t] == []
        assert go_lives(raised) == before
        said = why(low, "estates/w2/go-live")
        assert "have a barrier at awareness" in said
        assert "Estates, wave 2: confirm readiness" in said
        assert "held back" not in why(well, "estates/w2/go-live")

    @pytest.mark.slow
    def test_what_is_to_be_done_has_owners_and_says_what_is_in_it(self, begun: Path, sample: Folder, tmp_path: Path):
        """Payroll's pilot is next: its schools are in the north and west hubs, and Ashdown's champion is the first by
        id. Later waves are one task an element, of no one."""
        tasks = loaded(asked(begun, sample, tmp_path, lambda _: (5, 1, 1, 1), name="low")).roadmap.tasks
        owners = {t.step: t.owner for t in tasks.values() if t.wave == "pilot" and t.service == "payroll"}
        assert owners["listen-and-answer"] == "chief-executive"
        assert owners["talk-one-to-one"] == "change-lead-north"
        assert owners["bring-a-colleague"] == "ashdown-champion"
        assert owners["say-who-to-call"] == "director-of-people"
        assert "one expert team to ask" in tasks["payroll/pilot/listen-and-answer"].note
        later = {t.step for t in tasks.values() if t.wave == "w3" and t.service == "payroll" and t.kind == "engagement"}
        assert later == {"people-desire", "people-knowledge"}

    @pytest.mark.slow
    def test_an_action_that_was_not_enough_is_planned_again(self, begun: Path, sample: Folder, tmp_path: Path):
        """Done on 3 May, asked on 4 May, and still held back: a second one is planned, and the first one stays."""
        db = asked(begun, sample, tmp_path, lambda _: (5, 1, 1, 1), name="low")
        with session_scope(db) as session:
            stored = load(session, None, on=TODAY)
            done = TaskProgress(minute_of(date(2027, 5, 3)), minute_of(date(2027, 5, 4)))
            name = "payroll/pilot/listen-and-answer"
            facts = replace(stored.programme.facts, progress={**stored.programme.facts.progress, name: done})
            again, _ = join(stored.version.definition, rulepacks=stored.programme.rulepacks, facts=facts, on=TODAY)
        assert {name, f"{name}-2"} <= again.roadmap.tasks.keys()
        waits = {k.predecessor for k in again.roadmap.links if k.successor == "payroll/pilot/train-on-own-cases"}
        assert f"{name}-2" in waits
        assert name not in waits

    @pytest.mark.thorough
    @pytest.mark.slow
    def test_what_changed_says_which_wave_and_by_how_much(self, begun: Path, sample: Folder, tmp_path: Path):
        there = schools(sample, "pilot")
        db = asked(begun, sample, tmp_path, lambda s: (1, 1, 1, 1) if s in there else all_well(s), name="low")
        changes = changes_since(None, db=db, on=TODAY, since="baseline")
        text = "\n".join(changes_text(changes))
        assert "Readiness of people. " in text
        assert "pilot: confirm readiness” not yet reached, because" in text
        assert "a barrier at awareness" in text
        for slip in changes.slips:
            assert sum(c.days for c in slip.causes) == slip.days
