"""Workbooks that count days from 1904, as older Macs made them: 1 January 1904 is their day 0.

Days and numbers are counted by hand or by `datetime`, never by the reader.
"""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.intake.fact_formats import PROGRESS
from changeflow.intake.folder_formats import PEOPLE
from changeflow.intake.formats import Format
from changeflow.intake.planner import read_planner
from changeflow.intake.sheets import read_workbook
from changeflow.intake.table_rows import Table
from changeflow.intake.tables import open_table
from changeflow.values.moments import datetime_of
from changeflow.values.problem import Problem
from tests.quick import draws

DAY = date(2027, 2, 1)
SERIAL = 44_957  # 44 957 days after 1 January 1904 is 1 February 2027


def a_book(path: Path, *lines: tuple[object, ...], is_from_1904: bool = True) -> Path:
    """Write a workbook; days are cells with a format, and numbers of (number, format) have that format."""
    with xlsxwriter.Workbook(str(path), {"date_1904": is_from_1904}) as book:
        sheet = book.add_worksheet("List")
        for n, line in enumerate(lines):
            for place, cell in enumerate(line):
                if isinstance(cell, date):
                    sheet.write_datetime(n, place, cell, book.add_format({"num_format": "dd/mm/yyyy"}))
                elif isinstance(cell, tuple):
                    sheet.write_number(n, place, cell[0], book.add_format({"num_format": cell[1]}))
                else:
                    sheet.write(n, place, cell)
    return path


def opened(path: Path, wanted: Format) -> tuple[Table, list[Problem]]:
    problems: list[Problem] = []
    table = open_table(path, path.name, problems, wanted)
    assert table is not None, problems
    return table, problems


def people(path: Path, *joins: object, is_from_1904: bool = True) -> Path:
    lines = [(f"p{n}", "Teacher", join) for n, join in enumerate(joins)]
    return a_book(path, ("id", "role", "joins"), *lines, is_from_1904=is_from_1904)


def test_a_number_without_a_format_is_the_day_that_the_workbook_counts(tmp_path: Path):
    table, problems = opened(people(tmp_path / "p.xlsx", DAY, SERIAL, SERIAL + 0.4, (SERIAL, "0"), str(SERIAL)), PEOPLE)
    assert problems == []
    assert [row.cells["joins"] for row in table.rows] == ["2027-02-01"] * 5
    assert "'44957' was read as 1 Feb 2027: its workbook counts days from 1904." in [r.what for r in table.remarks]


def test_the_same_number_is_another_day_in_other_workbooks(tmp_path: Path):
    table, problems = opened(people(tmp_path / "p.xlsx", SERIAL, is_from_1904=False), PEOPLE)
    assert (problems, table.rows[0].cells["joins"]) == ([], "2023-01-31")


@pytest.mark.slow
@settings(max_examples=draws(15), deadline=None)
@given(st.lists(st.dates(date(1950, 1, 1), date(2099, 12, 31)), min_size=1, max_size=30))
def test_every_day_is_the_same_with_and_without_a_format(tmp_path_factory: pytest.TempPathFactory, days: list[date]):
    place = tmp_path_factory.mktemp("books")
    numbers = [(day - date(1904, 1, 1)).days for day in days]
    formatted, _ = opened(people(place / "a.xlsx", *days), PEOPLE)
    bare, problems = opened(people(place / "b.xlsx", *numbers), PEOPLE)
    assert problems == []
    assert [row.cells["joins"] for row in bare.rows] == [day.isoformat() for day in days]
    assert [row.cells for row in bare.rows] == [row.cells for row in formatted.rows]


@pytest.mark.parametrize("number", [72_000, 12_000, 99_999])
def test_a_number_that_is_no_day_is_refused_as_it_is_written(tmp_path: Path, number: int):
    """72,000 would be a day of 2097 if it were counted from 1900; from 1904 it is one of 2101."""
    _, problems = opened(people(tmp_path / "p.xlsx", number), PEOPLE)
    assert [(p.line, p.column, p.what) for p in problems] == [(2, 3, f"'{number}' is not a date.")]


def test_spans_and_moves_count_from_1904_too_and_ids_stay(tmp_path: Path):
    span, move = f"{SERIAL}..{SERIAL + 4}; {SERIAL + 7}", f"{SERIAL}=44957"
    lines = [("id", "role", "away", "moves", "school"), ("44957", "Teacher", span, move, SERIAL)]
    table, problems = opened(a_book(tmp_path / "p.xlsx", *lines), PEOPLE)
    assert problems == []
    [row] = table.rows
    assert dict(row.cells) == {
        "id": "44957", "role": "Teacher", "away": "2027-02-01..2027-02-05;2027-02-08",
        "moves": "2027-02-01=44957", "school": "44957",
    }  # fmt: skip
    said = f"'{span}' was read as 2027-02-01..2027-02-05;2027-02-08: its workbook counts days from 1904."
    assert said in [remark.what for remark in table.remarks]


def test_progress_and_plans_count_from_1904(tmp_path: Path):
    lines = [("Task", "% complete", "Started on"), ("payroll/train", 0.5, SERIAL)]
    table, problems = opened(a_book(tmp_path / "progress.xlsx", *lines), PROGRESS)
    assert (problems, table.rows[0].cells["started"]) == ([], "2027-02-01")
    plan = [("Task Name", "Bucket Name", "Start date", "Due date"), ("Train", "Payroll", SERIAL, DAY + timedelta(4))]
    project = read_planner(a_book(tmp_path / "plan.xlsx", *plan))
    assert datetime_of(project.roadmap.start).date() == DAY
    assert "'44957' was read as 1 Feb 2027: its workbook counts days from 1904." in project.notes


@pytest.mark.parametrize("is_from_1904", [False, True])
def test_hours_are_the_same_in_both_kinds_of_workbook(tmp_path: Path, is_from_1904: bool):
    """1.5625 days are 37 hours and 30 minutes. Before 0, only workbooks from 1904 show a time; -0.25 is -6:00."""
    shown = ("h:mm", "[h]:mm", "hh:mm:ss")
    lines = [tuple((days, form) for form in shown) for days in (1.5625, 0.5, -0.25, -1.5)]
    path = a_book(tmp_path / "hours.xlsx", ("id", "name", "since"), *lines, is_from_1904=is_from_1904)
    problems: list[Problem] = []
    sheet = read_workbook(path, path.name, problems, known=("id", "name", "since"))
    assert (problems, sheet is not None and sheet.is_from_1904) == ([], is_from_1904)
    assert sheet is not None
    assert [cells for _, cells in sheet.lines[1:]] == [["37:30"] * 3, ["12:00"] * 3, ["-6:00"] * 3, ["-36:00"] * 3]


def test_a_moment_keeps_its_time_and_a_negative_amount_stays_one(tmp_path: Path):
    moment = datetime(2027, 2, 1, 9, 30)
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(str(path), {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "name", "since"])
        sheet.write_datetime(1, 0, moment, book.add_format({"num_format": "dd/mm/yyyy hh:mm"}))
        sheet.write_number(1, 1, -2.5, book.add_format({"num_format": '"days" 0.00;[Red]-0.00'}))
        sheet.write_number(1, 2, -1, book.add_format({"num_format": "dd/mm/yyyy"}))
    found = read_workbook(path, "t.xlsx", [], known=("id", "name", "since"))
    assert found is not None
    assert found.lines[1][1] == ["2027-02-01T09:30", "-2.5", "-24:00"]
