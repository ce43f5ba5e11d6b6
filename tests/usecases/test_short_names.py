"""What people write short is understood in tables too: the end of a task's id, or its name, where one task has it."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import ProblemsError
from changeflow.usecases import gates
from changeflow.usecases.attendance import import_attendance
from changeflow.usecases.gates import decide
from changeflow.usecases.progress import SheetRecorded
from changeflow.usecases.progress_import import store_import
from tests.usecases.gated import PLAN, answer, change, decisions, planned, state, stored_with

PROGRESS, MINUTES, CAME = "task,started,finished", "task,outcome,by,on,reason", "session,person,on"


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    return stored_with(db, tmp_path)


def table(tmp_path: Path, *lines: str) -> Path:
    (path := tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.slow
def test_progress_decisions_and_attendance_take_short_names(stored: str, tmp_path: Path):
    sheet = table(tmp_path, PROGRESS, "plan,2027-01-04,2027-01-05")
    assert store_import(sheet, change(stored, 5)) == (SheetRecorded(progress=1, comments=0), 0)
    minutes = table(tmp_path, MINUTES, "plan-agreed,approve,lead,2027-01-05,Ready")
    assert gates.import_decisions(minutes, change(stored, 5)) == 1
    assert gates.import_decisions(minutes, change(stored, 5)) == 0, "the same under its short name"
    assert decisions(stored) == [(PLAN, "approve", "lead", 1)]
    came = table(tmp_path, CAME, "ash/train,lead,2027-01-05", '"Payroll, Beech School: train",lead,2027-01-05')
    assert import_attendance(came, change(stored, 5)) == 2
    facts = state(stored, date(2027, 1, 5)).programme.facts
    assert set(facts.progress) == {"payroll/plan", PLAN}
    assert [a.task for a in facts.attendance] == ["payroll/ash/train", "payroll/beech/train"]


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("train", "'train' matches 3 tasks: payroll/ash/train, payroll/beech/train, payroll/cedar/train.", "Write"),
        ("plann", "There is no task 'plann'.", "Did you mean 'plan'?"),
    ],
)
def test_a_name_that_several_have_or_none_is_named_with_its_line(
    stored: str, tmp_path: Path, name: str, what: str, remedy: str
):
    with pytest.raises(ProblemsError) as caught:
        store_import(table(tmp_path, PROGRESS, f"{name},2027-01-04,"), change(stored, 5))
    [problem] = caught.value.problems
    assert (problem.line, problem.what) == (2, what)
    assert problem.remedy.startswith(remedy)


def test_a_gate_that_several_waves_have_is_refused_with_its_line(stored: str, tmp_path: Path):
    with pytest.raises(ProblemsError, match=r"'go-no-go' matches 2 gates: payroll/w1/go-no-go, payroll/w2/go-no-go"):
        gates.import_decisions(table(tmp_path, MINUTES, "go-no-go,approve,chief,2027-01-05,x"), change(stored, 5))


@pytest.mark.slow
def test_a_condition_comes_before_a_task_that_is_named_short(stored: str, tmp_path: Path):
    planned(stored)
    head = f"{MINUTES},condition,condition_owner,condition_due,condition_before"
    line = "plan-agreed,approve_with_conditions,lead,2027-01-05,Ready,Agree terms,chief,2027-02-01,w1/go-live"
    assert gates.import_decisions(table(tmp_path, head, line), change(stored, 5)) == 1
    [decision] = state(stored, date(2027, 1, 5)).programme.facts.decisions
    assert [c.before for c in decision.conditions] == ["payroll/w1/go-live"]


@pytest.mark.slow
def test_facts_are_listed_about_a_short_name(stored: str):
    planned(stored)
    decide(answer(), change(stored, 5, actor="lead"))

    def listed(about: str) -> list[str]:
        done = CliRunner().invoke(app, ["fact", "list", "--about", about, "--db", stored, "--at", "2027-01-06"])
        assert done.exit_code == 0, done.output
        return [line.split()[0] for line in done.stdout.splitlines()]

    assert listed("plan-agreed") == listed(PLAN) == ["progress-2", "decision-1"]
    assert listed("Payroll: plan agreed") == listed(PLAN)
    several = CliRunner().invoke(app, ["fact", "list", "--about", "go-live", "--db", stored, "--at", "2027-01-06"])
    assert several.exit_code == 4
    assert "'go-live' matches 2 tasks: payroll/w1/go-live, payroll/w2/go-live" in several.stderr
