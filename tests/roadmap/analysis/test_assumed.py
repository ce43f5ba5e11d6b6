"""Dates beyond what files give are assumed, and every output marks them in the same way."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from changeflow.calendar.extent import GivenDates
from changeflow.calendar.working import WorkingCalendar
from changeflow.intake.folder import read_folder
from changeflow.planning.levelling import LevelledProgramme
from changeflow.planning.wave_use import MilestoneEffect, PlanEffect
from changeflow.reports.exports import write_ics
from changeflow.reports.levelling import level_report
from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.reports.schedules import what_if_lines
from changeflow.reports.sro import build_sro
from changeflow.reports.tables import plan_json, plan_text
from changeflow.reports.waves_text import effect_text
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.reports.workbook.writing import write_workbook
from changeflow.roadmap.analysis.assumed import assumed_lines, mark_if_at
from changeflow.roadmap.analysis.why import explain
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.levelling.teams import Capacity
from changeflow.rules.engine import Judged
from changeflow.usecases.plan import longer_in, missing_dates, plan_folder
from changeflow.values.moments import DAY
from tests.builders import OFFICE, PROGRAMME, SERVICE, a_folder, a_roadmap, a_task, at

ONE_TERM = """\
calendar: terms
terms:
  - {name: Spring term 2027, first_day: 2027-01-04, last_day: 2027-03-25, half_term: [2027-02-15, 2027-02-19]}
  - {name: Summer term 2027, first_day: 2027-04-12, last_day: 2027-07-21, half_term: [2027-05-31, 2027-06-04]}
  - {name: Autumn term 2027, first_day: 2027-09-02, last_day: 2027-12-17, half_term: [2027-10-25, 2027-10-29]}
"""
CHECKPOINT = "  checkpoint: {after: [go-live FS+3t]}\n"
"""After three whole terms."""
CHECK, LIVE = "payroll/w1/checkpoint", "payroll/w1/go-live"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = a_folder(tmp_path_factory.mktemp("trust") / "trust", service=SERVICE + "tasks:\n" + CHECKPOINT)
    (path / "calendars").mkdir()
    (path / "calendars" / "terms.yaml").write_text(ONE_TERM, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def judged(folder: Path) -> Judged:
    return plan_folder(folder)


def test_what_follows_whole_terms_beyond_the_last_given_one_is_assumed(judged: Judged):
    """Wave 1 goes live in January 2027: the three whole terms after that are summer, autumn and spring 2028, which is
    spring 2027 moved by 52 weeks and ends on Thursday 23 March 2028. So the checkpoint is on Friday the 24th."""
    programme = judged.programme
    assumed = programme.required_schedule.assumed
    assert programme.days_of(CHECK) == (date(2028, 3, 24), date(2028, 3, 24))
    assert {CHECK, "programme/close"} <= assumed.early.keys()
    assert LIVE not in assumed.early
    assert "programme/close" not in assumed.own, "it follows one that is"
    assert [g.what for g in assumed.own[CHECK]] == ["term dates"]


def test_the_missing_dates_name_the_file_its_line_and_the_task(folder: Path):
    [problem] = missing_dates(read_folder(folder))
    assert (problem.file, problem.line) == ("calendars/terms.yaml", 2)
    span = "term dates are given from 4 Jan 2027 to 17 Dec 2027, but are needed until 24 Mar 2028"
    assert problem.what == f"Dates of 2 tasks are assumed: {span} (“Payroll, wave 2: checkpoint”)."


@pytest.mark.slow
def test_every_output_marks_them_and_nothing_else(judged: Judged, tmp_path: Path):
    programme = judged.programme
    schedule = programme.required_schedule
    text = "\n".join(plan_text(judged))
    assert "24 Mar 2028 (assumed)" in text
    assert "Assumed dates" in text
    found = json.loads(plan_json(judged))
    assert {t["id"] for t in found["tasks"] if t.get("assumed")} == set(schedule.assumed.early)
    assert [(a["calendar"], a["needed_to"]) for a in found["assumed"]] == [("terms", "2028-03-24")]
    assert "24 Mar 2028 (assumed)" in explain(programme.roadmap, schedule, CHECK).text
    assert "(assumed)" not in explain(programme.roadmap, schedule, LIVE).chain[-1].sentence
    report = build_sro(judged, today=date(2027, 1, 4))
    assert list(report.assumed) == assumed_lines(programme.roadmap, schedule)
    write_ics(programme, tmp_path / "plan.ics", now=datetime(2027, 1, 4, tzinfo=UTC))
    unfolded = (tmp_path / "plan.ics").read_text(encoding="utf-8").replace("\r\n ", "")
    assert unfolded.count("(assumed)") == sum(
        programme.roadmap.tasks[t].kind in {"go_live", "decision", "checkpoint"} for t in schedule.assumed.early
    )
    write_roadmap(programme.roadmap, schedule, tmp_path / "plan.xml", name="p", calendar="office")
    assert (tmp_path / "plan.xml").read_text(encoding="utf-8").count("<Notes>Dates (assumed)") == len(
        schedule.assumed.early
    )
    write_workbook(WorkbookSource(programme=programme, today=date(2027, 1, 4)), tmp_path / "plan.xlsx")
    sheets = (CalamineWorkbook.from_path(tmp_path / "plan.xlsx").get_sheet_by_name(n) for n in ("Tasks", "Milestones"))
    marked = sum("assumed" in row for sheet in sheets for row in sheet.to_python())
    assert marked == len(schedule.assumed.early)


def test_a_plan_within_its_dates_marks_nothing(tmp_path: Path):
    path = a_folder(tmp_path / "trust", service=SERVICE, programme=PROGRAMME)
    judged = plan_folder(path)
    assert "assumed" not in "\n".join(plan_text(judged))
    assert "assumed" not in plan_json(judged)


def test_another_finish_is_marked_where_what_drives_it_would_go_beyond_its_dates():
    """Build takes Monday 4 to Friday 8 January in a calendar given until the 31st; End follows on one without dates.
    Two weeks later still rests on given days, and four weeks later, with Build until 5 February, does not. A lag of
    three weeks in that calendar after Build reaches 29 January, and a week later goes beyond."""
    given = (GivenDates("term dates", "terms", "terms", date(2027, 1, 1), date(2027, 1, 31)),)
    school = WorkingCalendar("school", OFFICE.intervals, given=given)
    calendars = {"office": OFFICE, "school": school}

    def marked(link: str, weeks: int, calendar: str = "office") -> str:
        tasks = a_task("build", 5, calendar="school"), a_task("end", 0, calendar=calendar)
        roadmap = a_roadmap(*tasks, links=(link,), calendars=calendars)
        schedule = time_roadmap(roadmap)
        return mark_if_at("x", roadmap, schedule, "end", schedule["end"].early_finish + weeks * 7 * DAY)

    assert marked("build -> end", 0) == marked("build -> end", 2) == "x"
    assert marked("build -> end", 4) == "x (assumed)"
    assert marked("build -> end FS+15d", 0, "school") == "x"
    assert marked("build -> end FS+15d", 1, "school") == "x (assumed)"


def test_what_if_marks_the_end_and_milestones(judged: Judged):
    found = longer_in(judged.programme, "5d")
    lines = list(what_if_lines(found.roadmap, found.schedule, found.swept, "5d", found.milestones))
    assert "(assumed)" in lines[0]


def test_a_levelled_end_is_marked(judged: Judged):
    programme = judged.programme
    spans = {t: (x.early_start, x.early_finish) for t, x in programme.required_schedule.timed.items()}
    levelled = LevelledProgramme(
        programme=programme, before=spans, after=spans, moves=(), kept={}, load_before=(), load_after=(),
        capacity=Capacity({}), bound=0, is_best=True, is_repeatable=True, broken_keeps=(),
    )  # fmt: skip
    report = level_report(levelled)
    assert report.ends == report.ends_before
    assert report.ends.endswith("(assumed)")


def test_the_deadline_of_a_plan_of_waves_is_marked():
    effect = MilestoneEffect(name="All live", forecast=date(2028, 2, 1), deadline=date(2028, 3, 1), is_assumed=True)
    assert list(effect_text(PlanEffect(milestones=(effect,)))) == [
        "Deadlines:",
        "  All live: 1 Feb 2028 (assumed), meets its deadline of 1 Mar 2028",
    ]


def test_late_dates_that_assumed_ones_hold_are_assumed():
    """Long takes Monday 4 to Friday 22 January, and is the end. Middle takes two days of a calendar that is given until
    the 8th, early the 5th and 6th, and late the 21st and 22nd, which is assumed. First comes before it, so its late
    date, the 20th, is assumed too, and so is that of Start before it. Side comes before Middle as well, but Strict
    holds it, which has to end on the 8th."""
    given = (GivenDates("term dates", "terms", "terms", date(2027, 1, 1), date(2027, 1, 8)),)
    school = WorkingCalendar("school", OFFICE.intervals, given=given)
    tasks = [a_task(name, days) for name, days in {"start": 0, "first": 1, "side": 1, "long": 15}.items()]
    middle, strict = a_task("middle", 2, calendar="school"), a_task("strict", 1, deadline=at("2027-01-09"))
    roadmap = a_roadmap(
        *tasks,
        middle,
        strict,
        links=("start -> first", "first -> middle", "side -> middle", "side -> strict"),
        calendars={"office": OFFICE, "school": school},
    )
    assumed = time_roadmap(roadmap).assumed
    assert (assumed.early, set(assumed.own_late)) == ({}, {"middle"})
    assert set(assumed.late) == {"start", "first", "middle"}


def test_an_end_that_is_assumed_holds_late_dates_that_are():
    """Long takes three weeks of a calendar that is given for one: it ends everything, so that the late dates of Free
    rest on it. Those of Due rest on its own deadline."""
    given = (GivenDates("term dates", "terms", "terms", date(2027, 1, 1), date(2027, 1, 8)),)
    school = WorkingCalendar("school", OFFICE.intervals, given=given)
    tasks = a_task("long", 15, calendar="school"), a_task("free"), a_task("due", deadline=at("2027-01-09"))
    assumed = time_roadmap(a_roadmap(*tasks, calendars={"office": OFFICE, "school": school})).assumed
    assert (set(assumed.early), set(assumed.late)) == ({"long"}, {"long", "free"})
