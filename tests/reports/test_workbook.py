"""The workbook that people work in, looked at as a spreadsheet opens it: the small programme, whose work begins on
Monday 4 January 2027. Its requirements take five days, to Friday the 8th; delegation, capacity and system-live follow.
"""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from openpyxl import load_workbook

from changeflow.programme.dates import dates_of
from changeflow.programme.facts import Comment, Facts
from changeflow.programme.programme import Programme
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.reports.workbook.tasks import TYPED
from changeflow.reports.workbook.writing import write_workbook
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.values.duration import Duration
from tests.builders import PROGRAMME, SERVICE, at
from tests.rules.judging import judged

NAMED = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
CLOSING = PROGRAMME.replace("close: {kind", "close: {name: '=1+1', kind")
BEGUN = Facts(
    progress={"payroll/requirements": TaskProgress(at("2027-01-04T08:30"), None, Duration(900), percent=60)},
    comments=(Comment(task="payroll/requirements", text="-2 people", by="lead", on=date(2027, 1, 6)),),
)


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    folder = tmp_path_factory.mktemp("book") / "trust"
    return judged(folder, service=NAMED, programme=CLOSING, facts=BEGUN, on=date(2027, 1, 6)).programme


@pytest.fixture(scope="module")
def book(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Any:
    planned = dates_of(programme)
    was = replace(planned["payroll/delegation"], finish=planned["payroll/delegation"].finish - 7 * 24 * 60)
    shown = WorkbookSource(
        programme=programme,
        today=programme.on,
        at=datetime(2027, 1, 6, 9, tzinfo=UTC),
        version=3,
        baseline={"payroll/delegation": was},
    )
    out = tmp_path_factory.mktemp("out") / "book.xlsx"
    write_workbook(shown, out)
    return load_workbook(out)


def rows(book: Any, name: str, first: str) -> dict[str, dict[str, Any]]:
    """Return a sheet's rows by their task id, each cell by its heading."""
    lines = [[cell.value for cell in row] for row in book[name].iter_rows()]
    [top] = [n for n, line in enumerate(lines) if line[0] == first]
    named = [dict(zip(lines[top], line, strict=True)) for line in lines[top + 1 :]]
    return {row.get("Task id") or row["Id"]: row for row in named}


def letters(book: Any) -> dict[str, str]:
    """Return the letter of each column of the tasks, by its heading."""
    sheet = book["Tasks"]
    return {cell.value: cell.column_letter for cell in sheet[int(sheet.freeze_panes[1:]) - 1]}


def test_there_is_a_sheet_for_each_question(book: Any):
    assert book.sheetnames == ["This week", "Tasks", "Milestones", "Go-lives by school", "Decisions"]
    assert book.properties.title == "A small programme"


def test_a_task_has_names_first_days_as_days_and_floats_as_numbers(book: Any, programme: Programme):
    """Of 5 days of 7.5 hours (2 250 minutes) 900 are left, two days: Wednesday and Thursday."""
    row = rows(book, "Tasks", "Task")["payroll/requirements"]
    assert list(row)[:5] == ["Task", "Owner", "Service", "Wave", "School"]
    assert (row["Owner"], row["Service"], row["School"]) == ("Director of People", "Payroll", "3 schools")
    assert (row["First day"].date(), row["Last day"].date()) == (date(2027, 1, 4), date(2027, 1, 7))
    assert (row["% complete"], row["Actual start"].date(), row["Actual finish"]) == (0.6, date(2027, 1, 4), None)
    assert row["Remaining (working days)"] == 2
    spare = programme.timed("payroll/requirements").total_float
    assert (row["Float"] * programme.minutes_per_day, row["Float in"]) == (spare, "working days")


def test_a_baseline_and_its_variance_are_a_day_and_a_number(book: Any):
    """The baseline ended a week before the forecast."""
    row = rows(book, "Tasks", "Task")["payroll/delegation"]
    assert (row["Last day"] - row["Baseline finish"]).days == row["Variance (calendar days)"] == 7
    assert rows(book, "Tasks", "Task")["payroll/requirements"]["Baseline finish"] is None


def test_nothing_in_a_cell_is_run(book: Any):
    row = rows(book, "Tasks", "Task")["payroll/requirements"]
    assert row["Comment"] == "'-2 people"
    assert rows(book, "Tasks", "Task")["programme/close"]["Task"] == "'=1+1"
    assert all(cell.data_type != "f" for sheet in book for line in sheet.iter_rows() for cell in line)


@pytest.mark.parametrize("name", ["This week", "Tasks", "Milestones", "Go-lives by school", "Decisions"])
def test_every_sheet_can_be_filtered_and_printed(book: Any, name: str):
    sheet = book[name]
    header = int(sheet.freeze_panes[1:]) - 1
    assert sheet.auto_filter.ref.startswith(f"A{header}:")
    assert sheet.print_title_rows == f"${header}:${header}"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert "Page &P of &N" in f"{sheet.oddFooter.center.text}".replace("&[Page]", "&P").replace("&[Pages]", "&N")
    assert sheet["A1"].value.startswith("A small programme")


def test_what_may_be_typed_is_checked_where_it_is_typed(book: Any):
    checks = {str(v.sqref)[0]: (v.type, v.formula1) for v in book["Tasks"].data_validations.dataValidation}
    headings = letters(book)
    assert checks[headings["% complete"]][0] == "decimal"
    assert checks[headings["Actual start"]][0] == checks[headings["Actual finish"]][0] == "date"


def test_what_a_row_said_is_kept_in_a_hidden_column(book: Any):
    row = rows(book, "Tasks", "Task")["payroll/requirements"]
    known = json.loads(row["As exported"])
    assert (known["programme"], known["version"], known["task"]) == ("small", 3, "payroll/requirements")
    assert {key: known["cells"].get(key) for key in TYPED} == {
        "percent": "60", "started": "2027-01-04", "finished": None, "remaining": "2", "comment": "-2 people",
    }  # fmt: skip
    assert book["Tasks"].column_dimensions[letters(book)["As exported"]].hidden


def test_this_week_has_what_is_due_and_what_starts(book: Any):
    """On the 6th, requirements are due on the 8th as planned, and what follows them starts on the 8th."""
    found = {task: (row["What"], row["Due"].date()) for task, row in rows(book, "This week", "Task").items()}
    assert found["payroll/requirements"] == ("due", date(2027, 1, 8))
    assert found["payroll/delegation"][0] == "starts"
    assert "payroll/w2/go-live" not in found


def test_milestones_and_go_lives_have_days_to_count_with(book: Any, programme: Programme):
    [milestone] = rows(book, "Milestones", "Milestone").values()
    spare = programme.spare(programme.milestones[0])
    assert (milestone["Deadline"].date(), milestone["State"]) == (date(2027, 12, 31), "on time")
    assert milestone["Float"] * programme.minutes_per_day == spare
    lines = [[c.value for c in row] for row in book["Go-lives by school"].iter_rows(min_row=5)]
    assert [line[0] for line in lines] == ["Ash School", "Beech School", "Cedar School"]
    assert {line[5] for line in lines} == {"not announced"}
