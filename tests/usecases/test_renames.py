"""A task with another id keeps its history: progress, decisions, baselines, reminders, milestones and what changed.

The small programme with gates (`gated.py`): the plan ends on Tuesday 5 January 2027, and its gate was approved then.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.errors import InputError
from changeflow.programme.renames import Renames, composed
from changeflow.storage.database import session_scope
from changeflow.storage.tables.agenda import DueRow
from changeflow.storage.tables.messages import NudgeRow
from changeflow.usecases import baselines, changes, comments, definitions, evidence, recorded, ticks
from changeflow.usecases.gates import decide
from changeflow.usecases.stored import read
from tests.builders import PROGRAMME, a_folder
from tests.stored import fill_once
from tests.usecases.gated import GATED, TEAM, answer, change, finish, planned, state, stored_with

RENAMED = (
    GATED.replace("  requirements: {", "  needs: {was: requirements, ")
    .replace("  plan-agreed: {", "  plan-approved: {was: plan-agreed, ")
    .replace("  train: {", "  teach: {was: train, ")
    .replace("after: requirements}", "after: needs}")
    .replace("after: plan-agreed,", "after: plan-approved,")
    .replace("after: train}", "after: teach}")
)
DAY_9 = date(2027, 1, 9)
pytestmark = pytest.mark.both_databases


def applied(db: str, tmp_path: Path, day: int = 9, **files: str) -> int:
    folder = a_folder(tmp_path / "trust", **({"pathway": RENAMED, "people": TEAM} | files))
    return definitions.apply(folder, db=db, actor="chief", now=datetime(2027, 1, day, 8, tzinfo=UTC))


@pytest.fixture
def begun(db: str, tmp_path: Path) -> str:
    """The plan is approved, requirements are done on the 8th, and a baseline was taken before."""

    def fill() -> None:
        stored_with(db, tmp_path)
        baselines.take_baseline("Agreed", change(db, 4))
        planned(db)
        decide(answer(), change(db, 5, actor="lead"))
        finish(db, "payroll/requirements", 6, 8)

    fill_once("approved and finished", db, tmp_path, fill)
    return db


@pytest.mark.slow
def test_progress_decisions_and_baselines_go_on_under_the_new_id(begun: str, tmp_path: Path):
    before = state(begun, DAY_9)
    assert applied(begun, tmp_path) == 2
    after = state(begun, DAY_9)
    progress = after.programme.facts.progress
    assert progress["payroll/needs"] == before.programme.facts.progress["payroll/requirements"]
    assert progress.keys() & {"payroll/requirements", "payroll/plan-agreed"} == set()
    assert after.programme.facts.decision("payroll/plan-approved") is not None
    assert after.baseline is not None
    assert before.baseline is not None
    dates = after.baseline.dates
    assert dates["payroll/ash/teach"] == before.baseline.dates["payroll/ash/train"]
    assert dates.keys() == after.programme.roadmap.tasks.keys()
    schedules = [{t.early_finish for t in s.programme.required_schedule.timed.values()} for s in (before, after)]
    assert schedules[0] == schedules[1], "a name moves no date"


@pytest.mark.slow
def test_a_renamed_task_was_neither_dropped_nor_added(begun: str, tmp_path: Path):
    folder = a_folder(tmp_path / "other", pathway=RENAMED, people=TEAM)
    found = definitions.difference(folder, db=begun, on=DAY_9)
    assert found.moved == ()
    assert not [c.sentence for c in found.changes if "dropped" in c.sentence or "added" in c.sentence]
    applied(begun, tmp_path)
    since = changes.changes_since(None, db=begun, since="baseline", on=DAY_9)
    # Requirements took three days instead of five: that is all that moved anything.
    assert {(c.cause, c.sentence) for s in since.slips for c in s.causes} == {
        ("actual", "“Payroll: needs” finished earlier than planned, on 8 Jan 2027.")
    }


@pytest.mark.slow
def test_renames_of_renamed_tasks_add_up(begun: str, tmp_path: Path):
    applied(begun, tmp_path)
    again = RENAMED.replace("needs: {was: requirements, ", "asked: {was: needs, ").replace(
        "after: needs}", "after: asked}"
    )
    applied(begun, tmp_path, 10, pathway=again)
    assert state(begun, date(2027, 1, 10)).programme.is_done("payroll/asked")
    back = again.replace("asked: {was: needs, ", "requirements: {was: asked, ").replace(
        "after: asked}", "after: requirements}"
    )
    applied(begun, tmp_path, 11, pathway=back)
    assert state(begun, date(2027, 1, 11)).programme.is_done("payroll/requirements")


@pytest.mark.slow
def test_history_stays_when_the_line_is_taken_out_later(begun: str, tmp_path: Path):
    applied(begun, tmp_path)
    applied(begun, tmp_path, 10, pathway=RENAMED.replace("was: requirements, ", ""))
    assert state(begun, date(2027, 1, 10)).programme.is_done("payroll/needs")


@pytest.mark.slow
def test_an_id_that_a_task_had_is_not_given_to_another(begun: str, tmp_path: Path):
    applied(begun, tmp_path)
    reused = RENAMED.replace("was: requirements, ", "") + "  requirements: {duration: 1d}\n"
    with pytest.raises(InputError, match="'payroll/requirements' is the former id of 'payroll/needs'"):
        applied(begun, tmp_path, 10, pathway=reused)


@pytest.mark.slow
def test_what_was_known_earlier_is_looked_at_under_the_ids_of_then(begun: str, tmp_path: Path):
    applied(begun, tmp_path)
    with session_scope(begun) as session:
        then = read(session, "small", on=DAY_9, until=datetime(2027, 1, 8, 23, tzinfo=UTC))
    assert "payroll/requirements" in then.programme.facts.progress


@pytest.mark.slow
def test_nobody_is_reminded_twice_of_a_renamed_task(begun: str, tmp_path: Path):
    """A tick before and one after, on Friday 22 January, when training is late: once that has been sent, it is not due
    again under the new id."""
    for task in ("delegation", "w1/capacity", "w1/system-live"):
        finish(begun, f"payroll/{task}", 11, 15)
    now = datetime(2027, 1, 22, 8, tzinfo=UTC)
    ticks.tick(db=begun, now=now)
    with session_scope(begun) as session:
        sent = {row.key for row in session.exec(select(DueRow))}
        for nudge in session.exec(select(NudgeRow)):
            session.delete(nudge)  # none of them waits any more
    assert any("/train|" in key for key in sent)
    applied(begun, tmp_path, 22)
    ticks.tick(db=begun, now=now)
    with session_scope(begun) as session:
        assert {row.key for row in session.exec(select(DueRow))} == sent


@pytest.mark.slow
def test_a_milestone_keeps_its_trend(begun: str, tmp_path: Path):
    renamed = PROGRAMME.replace("  all-live: {", "  everywhere: {was: all-live, ")
    applied(begun, tmp_path, programme=renamed)
    stored = state(begun, DAY_9)
    assert stored.baseline is not None
    assert "programme/everywhere" in stored.baseline.dates


def test_tasks_made_of_a_renamed_one_follow_it():
    """Conditions of a gate and repetitions have ids of their own, made of the task's."""
    ids = Renames({"s/a": "s/b"})
    tasks = ["s/a", "s/a/condition-2", "s/a-again-1", "s/a-side", "s/ab"]
    assert [ids.task(t) for t in tasks] == ["s/b", "s/b/condition-2", "s/b-again-1", "s/a-side", "s/ab"]
    assert ids.subject("s/a#evidence") == "s/b#evidence"


def test_renames_there_and_back_are_none():
    assert composed([Renames({"a": "b"}), Renames({"b": "a"})]).task("a") == "a"
    assert composed([Renames({"a": "b"}), Renames({"b": "c"})]).known == {"a": "c", "b": "c"}


@pytest.mark.slow
def test_comments_and_evidence_go_on_under_the_new_id(begun: str, tmp_path: Path):
    comments.comment_on("payroll/requirements", "Agreed with HR", change(begun, 8))
    minutes = evidence.NewEvidence(title="Minutes", link="https://example.org/minutes")
    evidence.add_evidence("payroll/requirements", minutes, change(begun, 8))
    applied(begun, tmp_path)
    with session_scope(begun) as session:
        for kind in ("comment", "evidence", "progress"):
            found = recorded.facts_now(session, "small", kind)
            assert {f.values["task"] for f in found} & {"payroll/needs", "payroll/requirements"} == {"payroll/needs"}


@pytest.mark.slow
def test_the_owner_of_a_renamed_gate_can_withdraw_its_decision(begun: str, tmp_path: Path):
    applied(begun, tmp_path)
    done = recorded.withdraw_fact("decision-1", "New facts", change(begun, 9, actor="lead"))
    assert {fact.values["task"] for fact in done.facts} == {"payroll/plan-approved"}
    assert state(begun, DAY_9).programme.facts.decision("payroll/plan-approved") is None
