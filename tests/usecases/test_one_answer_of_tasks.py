"""One question has one answer: each task's % complete, days and float, in the workbook, the plan, the list and Project.

Asked is the stored sample in the middle, with some progress reported that day.
"""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress
from changeflow.reports.plan_rows import plan_rows
from changeflow.reports.tables import plan_json
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.reports.workbook.tasks import tasks_sheet
from changeflow.roadmap.analysis.lengths import float_in_words
from changeflow.rules.engine import Judged
from changeflow.usecases import definitions
from changeflow.usecases.progress import report_progress
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.stored import loaded, stored_on
from changeflow.usecases.unit_of_work import Change
from tests.conftest import SAMPLE, sample_copy

TODAY = date(2027, 5, 4)
REPORTED = (
    ReportedProgress("estates/w2/consultation", date(2027, 4, 19), percent=33),
    ReportedProgress("estates/pilot/quick-win", date(2027, 4, 20), remaining="3d"),
    ReportedProgress("payroll/w2/capacity-in-place", date(2027, 4, 12), remaining="2d", percent=99),
    ReportedProgress("estates/pilot/checkpoint-2-weeks", date(2027, 4, 20)),
)
"""A % complete, what is left, both, and a start alone."""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("begun")
    db = f"sqlite:///{home / 'changeflow.db'}"
    definitions.apply(sample_copy(home), db=db, actor="programme-manager", now=datetime(2026, 9, 1, 9, tzinfo=UTC))
    now = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)
    change = Change(db=db, programme=None, actor="programme-manager", now=now, on=TODAY)
    store_import(SAMPLE / "progress.csv", change, SAMPLE / "decisions.csv")
    report_progress(REPORTED, change)
    return db


def say(db: str, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--db", db, "--at", TODAY.isoformat()])
    assert done.exit_code == 0, done.output
    return done.stdout


def in_project(db: str, out: Path) -> dict[str, dict[str, str]]:
    """Return the fields of each task in the file for Project, by its id."""
    say(db, "export", "mspdi", str(out))
    tasks = etree.parse(out).iter("{*}Task")
    fields = {
        e.findtext("{*}ExtendedAttribute/{*}Value"): {f.tag.split("}")[1]: f.text or "" for f in e} for e in tasks
    }
    return {task: own for task, own in fields.items() if task is not None}


def in_workbook(db: str) -> list[dict[str, Any]]:
    sheet = tasks_sheet(WorkbookSource(programme=loaded(None, db=db, on=TODAY), today=TODAY), "")
    return [dict(zip([c.heading for c in sheet.columns], row, strict=True)) for row in sheet.rows]


@pytest.mark.thorough
@pytest.mark.slow
def test_each_task_has_one_answer_in_the_workbook_the_plan_the_list_and_project(db: str, tmp_path: Path):
    """What is done has no float in the workbook. Three of ten days left of the quick win are 70% complete.

    A list's `due` is not asked: it is what had been planned, and the last day is the forecast.
    """
    project, rows = in_project(db, tmp_path / "all.xml"), in_workbook(db)
    plan = {t["id"]: t for t in json.loads(say(db, "plan", "--format", "json"))["tasks"]}
    listed = {t["id"]: t for t in json.loads(say(db, "task", "list", "--format", "json"))}
    programme = loaded(None, db=db, on=TODAY)
    assert {row["Task id"] for row in rows} == plan.keys() - {m.task for m in programme.milestones}
    assert {r.task for r in REPORTED} <= listed.keys() < {row["Task id"] for row in rows}
    percents = {row["Task id"]: row["% complete"] for row in rows}
    assert [percents[r.task] for r in REPORTED] == [0.33, 0.7, 0.99, None]
    for row in rows:
        task = row["Task id"]
        own, planned = project[task], plan[task]
        assert int(own.get("PercentComplete", 0)) == round((row["% complete"] or 0) * 100), task
        for heading, name in {
            "First day": "Start", "Last day": "Finish", "Actual start": "ActualStart", "Actual finish": "ActualFinish",
        }.items():  # fmt: skip
            assert own.get(name, "")[:10] == str(row[heading] or ""), (task, heading)
        assert planned["critical"] == (row["Critical"] == "critical") == (own["Critical"] == "1"), task
        minutes = planned["total_float"]
        assert int(own["TotalSlack"]) == minutes * 10, task
        if programme.is_done(task):
            assert row["Float"] is None, task
        else:
            shown = f"{row['Float']:g} {row['Float in']}"
            assert float_in_words(programme.roadmap, task, minutes) in (shown, shown.removesuffix("s")), task
        if task in listed:
            assert (listed[task]["state"], listed[task]["first"]) == (row["State"], str(row["First day"])), task


@pytest.mark.slow
def test_each_task_has_the_same_answer_on_the_page_of_the_plan(db: str, monkeypatch: pytest.MonkeyPatch):
    """Also a milestone on the day after its deadline, though its float in minutes is zero or more."""
    monkeypatch.setattr(Programme, "spare", lambda *_: -480)
    programme = loaded(None, db=db, on=TODAY)
    shown = {r.id: r for r in plan_rows(WorkbookSource(programme=programme, today=TODAY))}
    plan = {t["id"]: t for t in json.loads(plan_json(judged_of(db)))["tasks"]}
    late = {m.task for m in programme.open_milestones}
    assert late
    assert shown.keys() == plan.keys()
    for task, row in shown.items():
        planned = plan[task]
        assert row.is_critical == planned["critical"], task
        assert row.spare_days == planned["total_float"] / programme.minutes_per_day, task
        assert (row.first, row.last) == programme.days_of(task), task
        if not row.is_done:
            amount = float_in_words(programme.roadmap, task, abs(planned["total_float"]))
            is_too_late = planned["total_float"] < 0
            assert row.spare == f"{amount} too late" if is_too_late else amount in row.spare or row.is_critical, task
            assert row.is_late or not is_too_late, task
    assert {t for t, row in shown.items() if row.spare.endswith("too late")} >= late


def judged_of(db: str) -> Judged:
    return stored_on(None, db=db, on=TODAY).judged
