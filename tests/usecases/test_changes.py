"""What changed since a report or the baseline, and why; on stored programmes and between folders.

The small programme starts on Monday 4 January 2027; its requirements take five days, to Friday the 8th, and everything
else waits for them.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import InputError
from changeflow.programme.recording import ReportedProgress
from changeflow.reports.sro import SroReport
from changeflow.storage import issued_reports, versions
from changeflow.storage.database import session_scope
from changeflow.usecases import baselines, definitions, progress, waivers
from changeflow.usecases.changes import changes_between, changes_since
from changeflow.usecases.issued_reports import issue_sro
from changeflow.usecases.stored import stored_on
from changeflow.usecases.unit_of_work import Change
from changeflow.values.finding import Waiver
from changeflow.values.moments import day_of
from tests import audited
from tests.builders import PROGRAMME, SCHOOLS, SERVICE, a_folder

LONGER = SERVICE + "tasks:\n  requirements: {duration: 8d}\n"


def moment(day: int, month: int = 1) -> datetime:
    return datetime(2027, month, day, 8, tzinfo=UTC)


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=moment(4), on=date(2027, 1, 4))
    baselines.take_baseline("Agreed", change(db, 4))
    progress.report_progress([ReportedProgress("payroll/requirements", date(2027, 1, 4))], change(db, 4))
    return db


def change(db: str, day: int) -> Change:
    return Change(db=db, programme=None, actor="chief", now=moment(day), on=date(2027, 1, day))


def finish_requirements(db: str, day: int) -> None:
    progress.finish_task("payroll/requirements", date(2027, 1, day), date(2027, 1, 4), change(db, day))


@pytest.mark.slow
def test_a_start_put_right_keeps_the_finish(stored: str):
    """Finished on Wednesday 13 with a start on Monday 4, which was Tuesday 5; a start after the finish is refused."""
    finish_requirements(stored, 13)
    assert progress.start_task("payroll/requirements", date(2027, 1, 5), change(stored, 14)) == (1, True)
    done = stored_on(None, db=stored, on=date(2027, 1, 14)).programme.facts.progress["payroll/requirements"]
    assert done.actual_finish is not None
    assert (day_of(done.actual_start), day_of(done.actual_finish)) == (date(2027, 1, 5), date(2027, 1, 13))
    with pytest.raises(InputError, match=r"because it finished on 13 Jan 2027\. If that is wrong, withdraw"):
        progress.start_task("payroll/requirements", date(2027, 1, 14), change(stored, 14))


@pytest.mark.slow
def test_what_is_left_needs_a_start_once(stored: str):
    """Requirements began on Monday 4; delegation has not begun."""
    asked = {"started": None, "remaining": "2d", "percent": None}
    assert progress.progress_task("payroll/requirements", change(stored, 6), **asked) == 1
    known = stored_on(None, db=stored, on=date(2027, 1, 6)).programme.facts.progress["payroll/requirements"]
    assert day_of(known.actual_start) == date(2027, 1, 4)
    with pytest.raises(InputError, match="payroll/delegation has no recorded start"):
        progress.progress_task("payroll/delegation", change(stored, 6), **asked)


def issue(db: str, day: int) -> SroReport:
    return issue_sro(None, db=db, today=date(2027, 1, day), actor="chief", now=moment(day))


@pytest.mark.slow
def test_a_late_task_is_named_with_its_days_since_the_baseline(stored: str):
    """Requirements end on Wednesday 13 instead of Friday 8: three working days, which the go-live passes on in full."""
    finish_requirements(stored, 13)
    found = changes_since(None, db=stored, since="baseline", on=date(2027, 1, 14))
    assert found.title == "since the baseline was set"
    [slip] = found.slips
    assert sum(c.days for c in slip.causes) == slip.days > 0
    assert [c.sentence for c in slip.causes] == ["“Payroll: requirements” finished later than planned, on 13 Jan 2027."]


@pytest.mark.slow
def test_each_report_says_what_changed_since_the_one_before(stored: str):
    assert issue(stored, 7).changes.title == "since the baseline was set"
    finish_requirements(stored, 13)
    second = issue(stored, 15)
    assert second.changes.title == "since the report of 7 Jan 2027"
    assert second.changes.slips[0].causes[0].cause == "actual"
    third = issue(stored, 18)
    assert third.changes.title == "since the report of 15 Jan 2027"
    assert not any(c.cause == "actual" for s in third.changes.slips for c in s.causes)


@pytest.mark.slow
def test_the_trend_looks_back_on_issued_reports(stored: str):
    first = issue(stored, 7)
    assert first.trend is None
    finish_requirements(stored, 13)
    trend = issue(stored, 15).trend
    assert trend.days == ("7 Jan 2027", "15 Jan 2027")
    [line] = trend.lines
    assert line.forecasts[0] != line.forecasts[1]
    assert "later" in line.sentence
    assert "of float used up" in line.sentence


@pytest.mark.slow
def test_a_report_issued_twice_on_one_day_counts_once(stored: str):
    issue(stored, 8)
    issue(stored, 8)
    with session_scope(stored) as session:
        assert [r.number for r in issued_reports.reports(session, "small")] == [1]
        assert audited.verify(session, "small")[1] == []


@pytest.mark.slow
def test_a_changed_definition_is_a_re_estimate_and_the_day_chooses_the_state(stored: str, tmp_path: Path):
    """From 5 to 8 days: three working days, from the 12th on. On the 8th it was not stored yet."""
    folder = tmp_path / "again"
    definitions.remember(folder_of(folder), *latest(stored))
    definitions.apply(folder, db=stored, actor="chief", now=moment(12), on=date(2027, 1, 12))
    found = changes_since(None, db=stored, since="2027-01-08", on=date(2027, 1, 12))
    causes = {c.cause: c for s in found.slips for c in s.causes}
    assert causes["re-estimate"].sentence == "“Payroll: requirements” takes 8 working days instead of 5 working days."
    later = changes_since(None, db=stored, since="2027-01-12", on=date(2027, 1, 12))
    assert later.slips == ()


def folder_of(folder: Path) -> Path:
    return a_folder(folder, service=LONGER)


def latest(db: str) -> tuple[str, int, str]:

    with session_scope(db) as session:
        version = versions.required(session, "small")
    return "small", version.number, version.hash


@pytest.mark.slow
def test_two_folders_are_compared_without_a_database(tmp_path: Path):
    before, after = a_folder(tmp_path / "before"), a_folder(tmp_path / "after", service=LONGER)
    found = changes_between(before, after)
    assert found.title == "between before and after"
    assert all(sum(c.days for c in s.causes) == s.days for s in found.slips)
    assert {c.cause for s in found.slips for c in s.causes} == {"re-estimate"}


@pytest.mark.slow
def test_without_anything_to_compare_with_that_is_said(db: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=moment(4), on=date(2027, 1, 4))
    with pytest.raises(InputError, match="no baseline was taken"):
        changes_since(None, db=db, since=None, on=date(2027, 1, 5))
    with pytest.raises(InputError, match="is not a date"):
        changes_since(None, db=db, since="yesterday", on=date(2027, 1, 5))
    with pytest.raises(InputError, match="--issue"):
        changes_since(None, db=db, since="report", on=date(2027, 1, 5))


@pytest.mark.slow
def test_what_a_rule_blocks_is_recorded_and_said_until_somebody_lifts_the_rule(stored: str):
    """The restructure of wave 1 waits for its system, and began before; with a waiver R02 says no more."""
    on, task = date(2027, 1, 13), "payroll/w1/restructure"
    assert progress.report_progress([ReportedProgress(task, on)], change(stored, 13)) == 1
    blocked = [f.message for f in progress.out_of_order([task], change(stored, 13)) if f.rule == "R02"]
    assert blocked == ["“Payroll, wave 1: restructure” started before “Payroll, wave 1: system live” finished."]
    lifted = Waiver(
        rule="R02", reason="They keep the old one", owner="lead", approved_by="chief", expires=date(2027, 12, 31)
    )
    waivers.add_waiver(lifted, change(stored, 13))
    assert not [f for f in progress.out_of_order([task], change(stored, 13)) if f.rule == "R02"]


@pytest.mark.slow
def test_apply_says_before_it_stores_what_changes_says_afterwards(stored: str, tmp_path: Path):
    """Beech leaves its wave, and the milestone's deadline goes: that stands first, then its go-live and its tasks."""
    folder = tmp_path / "trust"
    text = PROGRAMME.replace("schools: [ash, beech]", "schools: [ash]").replace(", deadline: 2027-12-31", "")
    (folder / "programme.yaml").write_text(text)
    (folder / "schools.csv").write_text(SCHOOLS.replace("beech,Beech School,secondary,north\n", ""))

    def run(*words: str) -> list[str]:
        done = CliRunner().invoke(app, [*words, "--db", stored, "--at", "2027-01-06"], env={"CHANGEFLOW_AS": "chief"})
        assert done.exit_code == 0, done.output
        return [line.strip() for line in done.output.splitlines()]

    before = run("apply", str(folder), "--yes")
    after = run("changes", "--since", "2027-01-05")
    said = [
        "The deadline of “All are live”, 31 Dec 2027, was dropped.",
        "Payroll no longer goes live at Beech School (was 20 Jan 2027).",
        "Beech School is no longer in wave 1.",
    ]
    for lines in (before, after):
        assert [line for line in lines if line in said] == said
        assert lines[lines.index(said[0]) - 1] == "Dropped"
    assert after.index(said[0]) < after.index("No milestone has moved.")
