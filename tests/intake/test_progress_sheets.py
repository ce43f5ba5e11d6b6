"""Any one odd cell of a progress sheet is read as documented, or named with its place: none is dropped.

A team's table of three tasks of the small programme is right but for one cell, which may hold anything.
"""

import csv
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from changeflow.intake.cell_readers import NO_COMMENT, NOTHING
from changeflow.intake.days import read_day
from changeflow.intake.folder import Folder
from changeflow.intake.layout import fold
from changeflow.intake.progress_sheets import ProgressSheet, read_progress_sheet
from changeflow.intake.progress_values import parse_remaining
from changeflow.programme.programme import Programme
from changeflow.programme.typed_progress import TypedProgress, compare_typed
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.reports.workbook.tasks import tasks_sheet
from changeflow.values.problem import Problem
from tests.rules.judging import judged

HEAD = ["Task", "% complete", "Actual start", "Actual finish", "Remaining (days)", "Comment", "Colour"]
RIGHT = [
    ["payroll/requirements", "60%", "04/01/2027", "", "", "half", "red"],
    ["payroll/delegation", "0%", "", "", "", "", ""],
    ["Train, Ash School", "100%", "05/01/2027", "06/01/2027", "", "", "green"],
]
PLACES = [(line, column) for line in range(3) for column in range(7)]
ODD = [
    *(
        "",
        " ",
        "0",
        "1",
        "-1",
        "100",
        "101",
        "0.5",
        "50",
        "50%",
        "50 %",
        "5000%",
        "half",
        "n/a",
        "-",
        "–",
        "TBC",
        "yes",
    ),
    *("£5", "1,5", "#N/A", "1E+02", "13/13/2027", "31/02/2027", "5/1/27", "2027-01-06", "06.01.2027", "6 Jan 2027"),
    *("2027-01-06T00:00", "46028", "06/01/2028", "01/01/1900", "5d", "5 days", "2 wks", "5 bananas", "999999d", "=1+1"),
    *(
        "'=1+1",
        "payroll/delegation",
        "train",
        "Payroll: delegation",
        "x" * 3000,
        "\u00a0",
        "\u200b",
        "１",
        "٥",
        "Total",
    ),
]
ANY = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)


@cache
def programme() -> Programme:
    """Return the small programme; no fixture, for hypothesis would print it with every example."""
    with TemporaryDirectory() as home:
        return judged(Path(home) / "trust", on=date(2027, 1, 7)).programme


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("table") / "team.csv"


def read(
    file: Path, rows: list[list[str]], head: list[str] = HEAD
) -> tuple[ProgressSheet, TypedProgress, list[Problem]]:
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([head, *rows])
    problems: list[Problem] = []
    sheet = read_progress_sheet(file, file.name, problems, programme=programme())
    return sheet, compare_typed(programme(), sheet.rows), problems


def test_the_table_that_is_right_is_taken(file: Path):
    sheet, typed, problems = read(file, RIGHT)
    assert (problems, typed.wrong, typed.notes) == ([], (), ())
    assert [r.task for r in typed.reported] == ["payroll/requirements", "payroll/ash/train"]
    assert [remark.what for remark in sheet.unused] == ["The column was not used: 'Colour'."]


@pytest.mark.slow
@given(place=st.sampled_from(PLACES), text=st.sampled_from(ODD) | ANY)
def test_any_one_odd_cell_is_read_as_documented_or_named(file: Path, place: tuple[int, int], text: str):
    line, column = place
    rows = [list(row) for row in RIGHT]
    rows[line][column] = text
    sheet, typed, problems = read(file, rows)

    named = {(p.line, p.column) for p in (*problems, *sheet.unused)}
    named |= {(remark.line, sheet.columns[remark.column]) for remark in (*typed.wrong, *typed.notes)}
    # One task twice is named on the later line.
    is_twice = HEAD[column] == "Task" and any(p.what.startswith("Duplicate") for p in problems)
    if (line + 2, column + 1) in named or is_twice or (HEAD[column] == "Task" and line + 2 in {at for at, _ in named}):
        return
    assert problems == []
    if HEAD[column] == "Colour":
        assert any("Colour" in remark.what for remark in sheet.unused)
    else:
        [row] = [row for row in sheet.rows if row.line == line + 2]
        assert HEAD[column] == "Task" or is_read(HEAD[column], text, row.typed)


def is_read(heading: str, text: str, typed: object) -> bool:
    """Tell whether a row has the value that a cell stands for; an empty cell has none."""
    plain = text.strip().strip("\u200b\u00ad\u200e\u200f\u2060\ufeff \u00a0").strip()
    is_empty = not plain or plain.lower() in NOTHING
    name = {"% complete": "percent", "Actual start": "started", "Actual finish": "finished"}.get(heading)
    value = getattr(typed, name or heading.partition(" ")[0].lower())
    if heading == "Comment" and plain.lower() in NO_COMMENT:
        return bool(value == "")
    if heading == "Comment":
        return bool(value.lstrip("'")) == bool(plain.lstrip("'")) and fold(value) == fold(text)
    if is_empty:
        return value in (None, "")
    if heading == "% complete":
        number = float(plain.rstrip("% ").replace(",", "."))
        return value in {round(number), round(100 * number)} or 0 < number < 100
    if name is not None:
        return bool(value == read_day(plain))
    return bool(value == parse_remaining(plain, minutes_per_day=450, unit="d"))


@pytest.mark.slow
@given(text=ANY)
@example(text="COMMENT")
def test_a_heading_that_no_one_knows_is_said_not_to_be_used(file: Path, text: str):
    """Another heading is known, or named; a second column of comments is joined to the first."""
    sheet, _, problems = read(file, RIGHT, [*HEAD[:6], text])
    is_comment = any("red" in (row.typed.comment or "").split() for row in sheet.rows)
    assert problems or 7 in sheet.columns.values() or sheet.unused or is_comment


@pytest.mark.parametrize(
    "heading", ["Percent Complete", "% DONE", "percentage_complete", "Progress", "PHYSICAL % complete"]
)
def test_headings_mean_the_same_in_other_words_and_capitals(file: Path, heading: str):
    sheet, typed, problems = read(file, RIGHT, ["Task", heading, *HEAD[2:]])
    assert problems == []
    assert sheet.columns["percent"] == 2
    assert len(typed.reported) == 2


def test_a_table_without_tasks_or_without_progress_says_what_is_missing(file: Path):
    _, _, [no_task] = read(file, [["60%", "04/01/2027"]], ["% complete", "Actual start"])
    _, _, [no_progress] = read(file, [["payroll/requirements", "me"]], ["Task", "Who"])
    assert no_task.what == "No column says which task each line is about."
    assert no_progress.what == "No column has progress."


@pytest.mark.slow
def test_a_list_of_one_service_needs_no_column_for_it(file: Path, sample: Folder):
    """All three services of the sample form a team and agree a road map; payroll alone has a parallel run."""
    rows = [
        ["Task", "% complete"],
        ["Form the project team", "100%"],
        ["Agree the roadmap", "20%"],
        ["parallel run, pilot wave", "0%"],
    ]
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows)
    problems: list[Problem] = []
    sheet = read_progress_sheet(file, file.name, problems, programme=sample.programme)
    assert problems == []
    assert [row.task.split("/")[0] for row in sheet.rows] == ["payroll"] * 3
    assert sheet.unused[0].what == "Read as a list of Payroll: it is the only service with a task of every name."

    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows[:3])
    read_progress_sheet(file, file.name, problems, programme=sample.programme)
    assert [p.line for p in problems] == [2, 3], "without the parallel run it may be any service"


def test_planned_days_of_a_plan_are_never_read_as_actual_ones(file: Path):
    """Microsoft Project's table of tasks has Start and Finish, which are planned."""
    head = ["Task Name", "Duration", "Start", "Finish", "% Complete"]
    sheet, typed, problems = read(file, [["payroll/requirements", "5 days", "04/01/2027", "08/01/2027", "0%"]], head)
    assert (problems, typed.reported) == ([], ())
    said = " ".join(remark.what for remark in sheet.unused)
    assert "'Start', 'Finish' are not read back" in said
    assert "'Duration'" in said


def test_a_line_of_totals_is_left_out_and_said(file: Path):
    """The 13 in a column of days would be a mistake in any other line."""
    sheet, typed, problems = read(file, [*RIGHT, ["Grand total", "53%", "2", "13", "12", "", ""]])
    assert (problems, len(typed.reported)) == ([], 2)
    assert any(remark.line == 5 and "'Grand total' was not used" in remark.what for remark in sheet.unused)


HARMLESS = [
    ["----", "----", "----", "----", "", "", ""],
    ["", "", "", "", "", "", "red"],
    ["Phase 1: Preparation", "30%", "04/01/2027", "", "", "", ""],
    ["1. Payroll", "30%", "", "", "", "on track", ""],
    ["ASH SCHOOL", "", "", "", "", "", ""],
    ["Things to do", "100%", "", "", "", "", ""],
    ["", "60%", "", "", "", "", "sum of phase 1"],
    ["Tasks complete", "1 of 2", "", "", "", "", ""],
    ["Phase 1 total", "80%", "", "", "", "", ""],
    ["Overall progress", "80%", "", "", "", "", ""],
    ["Printed on 5 Jan 2027", "", "", "", "", "", ""],
]


@pytest.mark.parametrize("line", HARMLESS, ids=[" ".join(filter(None, cells))[:20] for cells in HARMLESS])
def test_a_line_that_is_about_no_task_is_skipped_and_the_others_are_taken(file: Path, line: list[str]):
    sheet, typed, problems = read(file, [RIGHT[0], line, *RIGHT[1:]])
    assert (problems, typed.wrong, [r.task for r in typed.reported]) == (
        [], (), ["payroll/requirements", "payroll/ash/train"],
    )  # fmt: skip
    assert [remark.line for remark in sheet.skipped] == [3]
    assert set(sheet.skipped) <= set(sheet.unused)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["Buy cakes", "100%", "05/01/2027", "06/01/2027", "", "", ""], "There is no task 'Buy cakes'."),
        (["Requirments", "50%", "", "", "", "", ""], "There is no task 'Requirments'."),
        (["payroll/w9/live", "50%", "", "", "", "", ""], "There is no task 'payroll/w9/live'."),
        (["", "50%", "", "", "", "", ""], "The line has progress and names no task."),
    ],
)
def test_progress_of_what_may_be_a_task_is_never_skipped(file: Path, line: list[str], says: str):
    _, _, problems = read(file, [RIGHT[0], line, *RIGHT[1:]])
    assert [(p.line, p.what) for p in problems] == [(3, says)]
    assert problems[0].remedy


def test_a_list_of_no_task_of_the_programme_is_refused(file: Path):
    _, _, problems = read(file, [["Buy cakes", "50%", "", "", "", "", ""], ["Bake them", "", "", "", "", "", ""]])
    assert [(p.line, p.what) for p in problems] == [(2, "No line names a task of the programme.")]


def test_not_done_says_nothing_of_progress_but_contradicts_a_finish(file: Path):
    head = ["Task", "Done", "Started", "Finished"]
    sheet, typed, problems = read(file, [["Requirements", "no", "04/01/2027", ""]], head)
    assert (problems, sheet.unused, [(r.percent, r.finished) for r in typed.reported]) == ([], (), [(None, None)])
    _, typed, _ = read(file, [["Requirements", "No", "04/01/2027", "06/01/2027"]], head)
    assert "is 0%, with an Actual finish" in typed.wrong[0].text


@pytest.mark.parametrize("word", ["n/a", "-", "–", "None"])
def test_a_comment_that_says_nothing_is_none(file: Path, word: str):
    _, typed, problems = read(file, [[*RIGHT[0][:5], word, ""]])
    assert (problems, typed.comments) == ([], ())


@pytest.mark.parametrize("heading", ["Done on", "Date done", "Finished date", "End date (actual)", "Completed"])
def test_the_day_of_the_finish_is_read_in_other_words(file: Path, heading: str):
    row = ["payroll/requirements", "100%", "04/01/2027", "06/01/2027"]
    _, typed, problems = read(file, [row], ["Task", "% complete", "Actual start", heading])
    assert (problems, [r.finished for r in typed.reported]) == ([], [date(2027, 1, 6)])


def test_a_day_beside_100_percent_in_a_column_that_was_not_used_is_a_mistake(file: Path):
    """Handed in may be the finish: the data date, 7 January, is never recorded instead. Where it has no day, it is."""
    rows = [
        ["payroll/requirements", "100%", "04/01/2027", "06/01/2027"],
        ["Train, Ash School", "100%", "05/01/2027", "soon"],
    ]
    _, typed, [problem] = read(file, rows, ["Task", "% complete", "Actual start", "Handed in"])
    assert (problem.line, problem.column) == (2, 2)
    assert "without an Actual finish. The column 'Handed in' was not used" in problem.what
    assert [(r.task, r.finished) for r in typed.reported] == [("payroll/ash/train", date(2027, 1, 7))]


def test_the_list_of_a_planner_is_read_by_its_names_and_words(file: Path):
    """Planner's export has ids of its own, planned days, and words for progress."""
    head = ["Task ID", "Task Name", "Bucket Name", "Progress", "Start date", "Due date", "Completed Date", "Labels"]
    rows = [
        ["aGVsbG8x", "Requirements", "To do", "Completed", "01/04/2027", "01/08/2027", "06/01/2027", ""],
        ["aGVsbG8y", "Delegation", "To do", "In progress", "", "", "", ""],
        ["aGVsbG8z", "Train, Ash School", "To do", "Not started", "", "", "", "red"],
    ]
    sheet, typed, problems = read(file, rows, head)
    assert (problems, typed.wrong) == ([], ())
    assert [(r.task, r.finished) for r in typed.reported] == [("payroll/requirements", date(2027, 1, 6))]
    assert any("'In progress' was not used" in remark.what and remark.line == 3 for remark in sheet.unused)


@cache
def exported() -> tuple[list[str], list[list[str]]]:
    """Return the headings and three rows of the exported workbook, as a spreadsheet saves them in a CSV."""
    sheet = tasks_sheet(WorkbookSource(programme=programme(), today=date(2027, 1, 7)), "As of now.")
    rows = [
        ["" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row]
        for row in sheet.rows
    ]
    return [column.heading for column in sheet.columns], rows[:3]


def test_the_exported_workbook_has_nothing_new_to_say(file: Path):
    head, rows = exported()
    sheet, typed, problems = read(file, rows, head)
    assert (problems, sheet.unused, typed.unchanged) == ([], (), 3)


@pytest.mark.slow
@given(line=st.integers(0, 2), column=st.integers(0, 21), text=st.sampled_from(ODD) | ANY)
def test_any_one_odd_cell_of_the_exported_workbook_is_read_or_named(file: Path, line: int, column: int, text: str):
    head, rows = exported()
    rows = [list(row) for row in rows]
    before, rows[line][column] = rows[line][column], text
    sheet, typed, problems = read(file, rows, head)

    remarks = [*typed.wrong, *typed.notes]
    said = {p.line for p in (*problems, *sheet.unused)} | {remark.line for remark in remarks}
    [row] = [row for row in sheet.rows if row.line == line + 2] or [None]
    if line + 2 in said or problems:
        return
    assert row is not None
    plain = text.strip().strip("\u200b\u00ad\u200e\u200f\u2060\ufeff \u00a0").strip()
    if head[column] in ("% complete", "Actual start", "Actual finish", "Comment") or head[column].startswith(
        "Remaining"
    ):
        assert is_read(head[column], text, row.typed)
    elif head[column] in ("Task id", "As exported"):
        assert row.task == rows[line][20] or plain in ("", before)
    else:
        assert fold(plain) == fold(before) or float(plain) == float(before) or read_day(plain) == read_day(before)


def test_where_there_is_no_percentage_a_status_in_words_is_read(file: Path):
    """Words that say nothing of progress are not used; a percentage beside them counts instead."""
    head = ["Task", "Status", "Actual start"]
    rows = [
        ["1.1 Requirements", "Complete", "04/01/2027"],
        ["1.2) Delegation", "In-progress", "05/01/2027"],
        ["Train, Ash School", "On track", "06/01/2027"],
    ]
    sheet, typed, problems = read(file, rows, head)
    assert problems == []
    assert [(r.task, r.finished is not None) for r in typed.reported] == [
        ("payroll/requirements", True), ("payroll/delegation", False), ("payroll/ash/train", False),
    ]  # fmt: skip
    assert [(remark.line, remark.what) for remark in sheet.unused] == [
        (4, "'On track' was not used: it does not say how much is complete.")
    ]
    ticked, _, _ = read(file, [["Requirements", "✓"], ["Delegation", "40%"]], ["Task", "Done"])
    assert [row.typed.percent for row in ticked.rows] == [100, 40]
    both, _, _ = read(file, [["Requirements", "On track", "40%"]], ["Task", "Status", "% complete"])
    assert both.rows[0].typed.percent == 40
    assert [remark.what for remark in both.unused] == ["'Status' is not read back."]


def test_a_status_that_contradicts_the_percentage_beside_it_is_reported(file: Path):
    rows = [
        ["Requirements", "Complete", "50%"],
        ["Delegation", "In progress", "20%"],
        ["Train, Ash School", "Done", ""],
    ]
    sheet, _, problems = read(file, rows, ["Task", "Status", "% complete"])
    assert problems == []
    assert [row.typed.percent for row in sheet.rows] == [50, 20, None]
    assert [(remark.line, remark.what) for remark in sheet.unused] == [
        (1, "'Status' is not read back."),
        (2, "'Complete' was not used: % complete says 50%."),
        (4, "'Done' was not used: % complete is empty."),
    ]


def test_a_fraction_of_a_percent_is_rounded_and_reported(file: Path):
    """Nothing but 100% is rounded to 100%; a half goes to the even number."""
    rows = [["Requirements", "12,5%"], ["Delegation", "99.9%"]]
    sheet, _, problems = read(file, rows, ["Task", "% complete"])
    assert problems == []
    assert [row.typed.percent for row in sheet.rows] == [12, 99]
    assert [(remark.line, remark.column, remark.what) for remark in sheet.unused] == [
        (2, 2, "'12,5%' was read as 12%: only whole percent count."),
        (3, 2, "'99.9%' was read as 99%: only whole percent count."),
    ]
