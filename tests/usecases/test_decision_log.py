"""Decisions imported with the progress around them, and the log of how long each has waited and what that costs."""

from datetime import date
from pathlib import Path

import pytest

from changeflow.agenda.decisions import decision_log, delay_so_far
from changeflow.errors import ProblemsError
from changeflow.usecases.gates import decide
from changeflow.usecases.progress import SheetRecorded
from changeflow.usecases.progress_import import store_import
from changeflow.values.moments import day_of
from tests.usecases.gated import GO, PLAN, answer, change, decisions, planned, state, stored_with

PROGRESS = """\
task,started,finished
payroll/plan,2027-01-04,2027-01-05
payroll/requirements,2027-01-06,
"""
MINUTES = "task,outcome,by,on,reason,dissent\npayroll/plan-agreed,approve,lead,2027-01-05,Ready,One would wait\n"


@pytest.fixture
def db_gated(db: str, tmp_path: Path) -> str:
    return stored_with(db, tmp_path)


class TestHistory:
    def files(self, tmp_path: Path, progress: str = PROGRESS, minutes: str = MINUTES) -> tuple[Path, Path]:
        (tmp_path / "progress.csv").write_text(progress)
        (tmp_path / "minutes.csv").write_text(minutes)
        return tmp_path / "progress.csv", tmp_path / "minutes.csv"

    @pytest.mark.slow
    def test_progress_and_the_decisions_between_it_are_taken_together(self, db_gated: str, tmp_path: Path):
        reported, minutes = self.files(tmp_path)
        by = change(db_gated, 8, actor="manager")
        assert store_import(reported, by, minutes) == (SheetRecorded(progress=3, comments=0), 1)
        assert decisions(db_gated) == [(PLAN, "approve", "lead", 1)]
        programme = state(db_gated, date(2027, 1, 8)).programme
        assert programme.is_done(PLAN)
        [made] = programme.facts.decisions
        assert made.dissent == "One would wait"
        assert store_import(reported, by, minutes) == (SheetRecorded(progress=0, comments=0), 0)

    @pytest.mark.slow
    def test_without_the_decision_a_finding_says_what_was_overtaken(self, db_gated: str, tmp_path: Path):
        reported, _ = self.files(tmp_path)
        assert store_import(reported, change(db_gated, 8)) == (SheetRecorded(progress=2, comments=0), 0)
        findings = state(db_gated, date(2027, 1, 8)).judged.findings
        assert any(f.rule == "R31" and "the gate “Payroll: plan agreed”" in f.message for f in findings)

    def test_a_decision_rests_on_what_was_done_by_its_day(self, db_gated: str, tmp_path: Path):
        early = MINUTES.replace("2027-01-05", "2027-01-04")
        reported, early_minutes = self.files(tmp_path, minutes=early)
        with pytest.raises(ProblemsError) as caught:
            store_import(reported, change(db_gated, 8), early_minutes)
        assert str(caught.value).startswith(
            "minutes.csv:2:1: The evidence does not support approving “Payroll: plan agreed”"
        )
        assert decisions(db_gated) == []
        assert not state(db_gated, date(2027, 1, 8)).programme.facts.progress

    def test_every_mistake_is_told_at_once(self, db_gated: str, tmp_path: Path):
        minutes = (
            "task,outcome,by,on,reason,condition,condition_owner,condition_due\n"
            "payroll/plan-agreed,maybe,lead,2027-01-05,Ready,,,\n"
            "payroll/plan-agreed,approve,manager,2027-01-05,Ready,,,\n"
            "payroll/plan-agred,approve,lead,2027-01-05,Ready,,,\n"
            "payroll/plan-agreed,go,lead,2027-02-30,Ready,,,\n"
            "payroll/plan-agreed,approve_with_conditions,lead,2027-01-05,Ready,Free a day,,2027-01-11\n"
        )
        reported, wrong = self.files(tmp_path, minutes=minutes)
        with pytest.raises(ProblemsError) as caught:
            store_import(reported, change(db_gated, 8), wrong)
        lines = str(caught.value).splitlines()
        assert [line.split(":")[1] for line in lines[:-1]] == ["2", "3", "4", "5", "6"]
        assert "Did you mean" in lines[2]
        assert lines[-1] == "5 problems found. No changes saved."


class TestTheLog:
    def test_a_decision_ages_from_the_day_it_was_asked(self, db_gated: str):
        planned(db_gated)
        today = date(2027, 1, 12)
        programme = state(db_gated, today).programme
        log = {d.task.id: d for d in decision_log(programme, today=today)}
        assert (log[PLAN].asked_on, log[PLAN].waited, log[PLAN].late) == (date(2027, 1, 5), 7, 7)
        assert log[PLAN].is_waiting
        assert log[GO].asked_on is None
        assert not log[GO].is_waiting
        assert next(iter(log)) == PLAN, "what waits comes first"

    def test_its_delay_on_the_path_is_told_in_days(self, db_gated: str):
        """Due on Tuesday 5 January; if it is made on Tuesday the 12th, it counts from that evening, and what follows
        begins five working days later: the go-live of Friday 22 is one of Friday 29."""
        planned(db_gated)
        today = date(2027, 1, 12)
        programme = state(db_gated, today).programme
        log = {d.task.id: d for d in decision_log(programme, today=today)}
        [moved] = delay_so_far(programme, log[PLAN])
        assert (moved.milestone.id, moved.days) == ("all-live", 7)
        assert (day_of(moved.before), day_of(moved.after)) == (date(2027, 1, 22), date(2027, 1, 29))

    @pytest.mark.slow
    def test_what_was_decided_tells_how_long_it_took(self, db_gated: str):
        planned(db_gated)
        decide(answer(on=8, reason="Late, but ready"), change(db_gated, 8))
        today = date(2027, 2, 1)
        programme = state(db_gated, today).programme
        [made] = [d for d in decision_log(programme, today=today) if not d.is_open]
        assert (made.waited, made.answers[0].reason) == (3, "Late, but ready")
