"""Plans of Microsoft Planner, exported to Excel, are read as tasks in buckets that keep their dates."""

from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from changeflow.errors import ProblemsError
from changeflow.intake.planner import read_planner
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.usecases.project_files import schedule_project
from changeflow.values.moments import datetime_of

HEADINGS = "Task ID,Task Name,Bucket Name,Progress,Priority,Assigned To,Start date,Due date,Is Recurring,Completed Date"
ABOVE = [["Plan name", "Roll-out"], ["Plan ID", "x"], ["Date of export", "15/01/2027"], []]
ROWS = (
    "a,Buy licences,Set up,Completed,Medium,,01/03/2027,05/03/2027,false,04/03/2027",
    "b,Train staff,Set up,In progress,Medium,,08/03/2027,19/03/2027,false,",
    "c,Go live,Live,Not started,Urgent,,,31/03/2027,false,",
)


def a_plan(path: Path, *rows: str) -> Path:
    """Write a workbook as Planner does: a sheet about the plan, and its tasks below a few lines about it."""
    out = path / "plan.xlsx"
    with xlsxwriter.Workbook(str(out)) as book:
        book.add_worksheet("Roll-out").write(0, 0, "Plan name")
        sheet = book.add_worksheet("Tasks")
        for n, cells in enumerate([*ABOVE, HEADINGS.split(","), *(row.split(",") for row in rows)]):
            sheet.write_row(n, 0, cells)
    return out


def planned(path: Path) -> dict[str, str]:
    project = read_planner(path)
    timed = time_roadmap(project.roadmap).timed.values()
    return {
        project.names[t.task]: f"{datetime_of(t.early_start):%d %b %H:%M} to {datetime_of(t.early_finish):%d %b %H:%M}"
        for t in timed
    }


def test_tasks_keep_their_dates_and_buckets_are_summaries(tmp_path: Path):
    path = a_plan(tmp_path, *ROWS)
    assert planned(path) == {
        "Set up": "01 Mar 08:00 to 19 Mar 17:00",
        "Buy licences": "01 Mar 08:00 to 04 Mar 17:00",
        "Train staff": "08 Mar 08:00 to 19 Mar 17:00",
        "Live": "31 Mar 08:00 to 31 Mar 17:00",
        "Go live": "31 Mar 08:00 to 31 Mar 17:00",
    }
    said: list[str] = []
    project, schedule = schedule_project(path, say=said.append)
    assert project.roadmap.is_done("a")
    assert schedule["c"].critical
    assert any("columns were not used: 'Priority', 'Assigned To', 'Is Recurring'" in line for line in said)


def test_dates_with_the_month_first_are_read_as_such_where_some_can_be_no_other(tmp_path: Path):
    """19 March is written 03/19/2027, so 03/01/2027 is 1 March too."""
    path = a_plan(tmp_path, "a,A,,,,,03/01/2027,03/05/2027,,", "b,B,,,,,03/08/2027,03/19/2027,,")
    assert planned(path)["A"] == "01 Mar 08:00 to 05 Mar 17:00"
    assert any("month first" in note for note in read_planner(path).notes)


def test_dates_that_show_no_order_are_read_with_the_day_first_and_it_is_said(tmp_path: Path):
    path = a_plan(tmp_path, "a,A,,,,,03/01/2027,05/01/2027,,")
    assert planned(path)["A"] == "03 Jan 08:00 to 05 Jan 17:00"
    [note] = [note for note in read_planner(path).notes if "day first" in note]
    assert "'03/01/2027' on line 6 is 3 Jan 2027" in note


def test_tasks_without_dates_are_placeholders_and_named(tmp_path: Path):
    project = read_planner(a_plan(tmp_path, *ROWS, "d,Tidy up,,Not started,,,,,,"))
    assert project.roadmap.tasks["d"].is_placeholder
    assert not time_roadmap(project.roadmap)["d"].critical
    assert project.notes[-1] == "Tasks without dates are taken to be a day at the start of the plan: 'Tidy up'."


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            "d,D,,,,,05/03/2027,01/03/2027,,",
            r"plan\.xlsx\[Tasks\]:9:8: .*due on 2027-03-01, before it starts on 2027-03-05",
        ),
        ("d,D,,,,,soon,,,", r"plan\.xlsx\[Tasks\]:9:7: .*'soon'"),
        ("d,D,,,,,03/31/2027,,,", r"Some dates have the day first \(line 7\), some the month \(line 9\)"),
        ("a,D,,,,,01/03/2027,,,", r"Duplicate task_id 'a' \(first on line 6\)"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, row: str, says: str):
    with pytest.raises(ProblemsError, match=says):
        read_planner(a_plan(tmp_path, *ROWS, row))


def test_a_plan_without_any_date_is_refused(tmp_path: Path):
    with pytest.raises(ProblemsError, match=r"No task of the plan has a date\."):
        read_planner(a_plan(tmp_path, "a,A,,,,,,,,"))


def test_its_calendar_does_not_end(tmp_path: Path):
    calendar = read_planner(a_plan(tmp_path, *ROWS)).roadmap.calendars["office"]
    assert calendar.works_on(date(2060, 3, 1))


PROJECT_LIST = """\
ID,Name,Duration,Start,Finish,Predecessors,% Complete
1,Plan,3 days?,Thu 07/01/27,Mon 11/01/27,,100%
2,Move,1 mon,Tue 12/01/27,NA,1,50%
3,Tidy,2 wks,NA,Fri 26/03/27,2FS+2 days,0%
4,Check,NA,NA,NA,,0%
"""


@pytest.mark.parametrize(("ending", "mark"), [(".csv", ","), (".txt", "\t")])
def test_a_list_of_tasks_as_project_writes_it_is_read(tmp_path: Path, ending: str, mark: str):
    """1 mon is twenty days of work: Tuesday 12 January to Monday 8 February. Two weeks end on Friday 26 March."""
    path = tmp_path / f"plan{ending}"
    path.write_text(PROJECT_LIST.replace(",", mark))
    assert planned(path) == {
        "Plan": "07 Jan 08:00 to 11 Jan 17:00",
        "Move": "12 Jan 08:00 to 08 Feb 17:00",
        "Tidy": "15 Mar 08:00 to 26 Mar 17:00",
        "Check": "07 Jan 08:00 to 07 Jan 17:00",
    }
    project, _ = schedule_project(path)
    assert project.roadmap.is_done("1")
    assert any("'Predecessors' is not used (first on line 3)" in note for note in project.notes)


def test_a_day_of_the_week_shows_that_the_month_is_first(tmp_path: Path):
    """12 January 2027 is a Tuesday and 1 December a Wednesday, so that Wed 12/01 can be the latter alone."""
    path = a_plan(tmp_path, "a,A,,,,,Wed 12/01/27,12/03/27,,")
    assert planned(path)["A"] == "01 Dec 08:00 to 03 Dec 17:00"


def test_tasks_below_another_in_the_outline_make_it_a_summary(tmp_path: Path):
    """As the paid Planner exports it. The summary's own dates are those of its tasks."""
    path = tmp_path / "plan.csv"
    path.write_text(
        "Task number,Outline number,Name,Start,Finish,Bucket,% complete,Depends on\n"
        "1,1,Prepare,15/01/2027,31/12/2027,A,50,\n"
        "2,1.1,Plan,15/01/2027,20/01/2027,A,100,\n"
        "3,1.2,Move,21/01/2027,29/01/2027,B,25,2FS\n"
        "4,2,Check,01/02/2027,02/02/2027,B,0,\n"
    )
    project = read_planner(path)
    assert dict(project.roadmap.parents) == {"2": "1", "3": "1"}
    assert planned(path)["Prepare"] == "15 Jan 08:00 to 29 Jan 17:00"
    assert {t: p.is_done for t, p in project.roadmap.progress.items()} == {"2": True, "3": False}


def test_a_word_that_says_nothing_of_progress_is_noted(tmp_path: Path):
    notes = read_planner(a_plan(tmp_path, *ROWS, "d,D,,Deferred,,,01/03/2027,02/03/2027,,")).notes
    assert any("'Deferred' was not used" in note for note in notes)


def test_inactive_tasks_of_a_list_are_left_out_and_named(tmp_path: Path):
    path = tmp_path / "plan.csv"
    path.write_text("ID,Active,Name,Start,Finish\n1,Yes,Plan,07/01/2027,11/01/2027\n2,No,Move,12/01/2027,26/03/2027\n")
    assert planned(path) == {"Plan": "07 Jan 08:00 to 11 Jan 17:00"}
    assert "An inactive task is left out: 'Move'." in read_planner(path).notes


def test_tasks_at_a_weekend_and_durations_that_do_not_fit_are_noted(tmp_path: Path):
    """6 and 7 March 2027 are a Saturday and a Sunday; 8 to 12 March are five working days."""
    path = tmp_path / "plan.csv"
    rows = ("Move,06/03/2027,07/03/2027,", "Train,08/03/2027,12/03/2027,5 days", "Check,08/03/2027,12/03/2027,3 days?")
    path.write_text("\n".join(["Name,Start,Finish,Duration", *rows, ""]))
    notes = read_planner(path).notes
    assert "Tasks on days without working time, such as a weekend, count as no work: 'Move'." in notes
    assert "Some durations do not match the dates, which are kept: 'Check (3 days?)'." in notes
