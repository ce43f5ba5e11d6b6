"""A "no" at a go-live costs a pay period, not a day: on the sample, payroll's pilot, decided on Tuesday 4 May 2027."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from changeflow.agenda.decisions import GateAnswer
from changeflow.programme.programme import Programme, join
from changeflow.reports.decisions import build_decisions, decisions_text
from changeflow.roadmap.analysis.why import explain
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.storage.database import session_scope
from changeflow.usecases import gates
from changeflow.usecases.baselines import take_baseline
from changeflow.usecases.changes import changes_since
from changeflow.usecases.definitions import apply
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON, day_of, minute_of
from changeflow.values.words import Outcome
from tests.conftest import SAMPLE, sample_copy

TODAY = date(2027, 5, 4)
GATE, GO_LIVE = "payroll/pilot/go-no-go", "payroll/pilot/go-live"


def change(db: str, hour: int) -> Change:
    now = datetime(2027, 5, 4, hour, tzinfo=LONDON)
    return Change(db=db, programme=None, actor="chief-executive", now=now, on=TODAY)


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("refused")
    db = f"sqlite:///{home / 'refused.db'}"
    apply(sample_copy(home), db=db, actor="programme-manager", now=datetime(2026, 9, 1, 9, tzinfo=LONDON))
    store_import(SAMPLE / "progress.csv", change(db, 8), SAMPLE / "decisions.csv")
    take_baseline("Agreed", change(db, 9))
    answer = GateAnswer(task=GATE, outcome=Outcome.REJECT, reason="April's run was not clean.", on=TODAY)
    gates.decide(answer, change(db, 10))
    return db


def loaded(db: str) -> Programme:
    with session_scope(db) as session:
        return load(session, None, on=TODAY).programme


@pytest.mark.slow
def test_the_go_live_moves_to_the_next_pay_period_and_why_says_so(refused: str):
    """It was to be on 1 June. The gate is asked again from Tuesday 1 June on, so that the next opening is 1 July."""
    programme = loaded(refused)
    assert day_of(programme.timed(GATE).early_start) == date(2027, 6, 1)
    assert day_of(programme.timed(GO_LIVE).early_start) == date(2027, 7, 1)
    assert programme.schedule is not None
    said = explain(programme.roadmap, programme.schedule, GO_LIVE).text
    assert "it was rejected on 4 May 2027 (April's run was not clean)" in said
    assert "it can be decided again when the next period has opened, on 1 Jun 2027" in said


@pytest.mark.slow
def test_a_rejected_gate_is_listed_until_it_is_approved(refused: str):
    """It is asked again on 1 June; decisions that are not rejected are listed from 30 days before. On 5 April it is 57
    days ahead."""
    with session_scope(refused) as session:
        judged = load(session, None, on=TODAY).judged
    [line] = [d for d in build_decisions(judged, today=date(2027, 4, 5)).needed if d.task == GATE]
    assert "(rejected on 4 May 2027)" in line.name
    text = "\n".join(decisions_text(build_decisions(judged, today=date(2027, 4, 5))))
    assert text.index("(rejected on 4 May 2027)") < text.index("Decisions made:")


@pytest.mark.slow
def test_what_changed_adds_up(refused: str):
    changes = changes_since(None, db=refused, on=TODAY, since="baseline")
    pilot = next(s for s in changes.slips if s.name == "Payroll is live in the pilot schools")
    assert pilot.days == 30
    assert sum(c.days for c in pilot.causes) == 30
    assert "it was rejected on 4 May 2027" in pilot.causes[0].sentence


@pytest.mark.slow
def test_a_go_that_follows_lifts_it(refused: str):
    """Progress of a gate that was approved after all: the refusal holds nothing any more."""
    with session_scope(refused) as session:
        stored = load(session, None, on=TODAY)
    at = minute_of(datetime(2027, 5, 20, 16))
    facts = stored.programme.facts
    facts = replace(facts, progress={**facts.progress, GATE: TaskProgress(at, at)})
    again, _ = join(stored.version.definition, rulepacks=stored.programme.rulepacks, facts=facts, on=date(2027, 5, 21))
    assert day_of(again.scheduled().timed(GO_LIVE).early_start) == date(2027, 6, 1)
