"""Workbooks as people write them: cover sheets, errors, percentages, ids with leading zeros, merged cells."""

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from changeflow.intake.fact_formats import PROGRESS
from changeflow.intake.layout import NO_RESULT
from changeflow.intake.sheets import Sheet, read_workbook
from changeflow.intake.tables import open_table
from changeflow.values.problem import Problem

KNOWN = ("id", "name", "since")


def workbook(path: Path, write: Callable[[Any], None], **options: object) -> Path:
    with xlsxwriter.Workbook(str(path / "t.xlsx"), options) as book:
        write(book)
    return path / "t.xlsx"


def read(path: Path, write: Callable[[Any], None], **options: object) -> Sheet:
    problems: list[Problem] = []
    sheet = read_workbook(workbook(path, write, **options), "t.xlsx", problems, known=KNOWN)
    assert problems == []
    assert sheet is not None
    return sheet


def rows(book: Any, name: str, *lines: list[object]) -> Any:
    sheet = book.add_worksheet(name)
    for n, line in enumerate(lines):
        sheet.write_row(n, 0, line)
    return sheet


def test_cells_are_what_the_sheet_shows(tmp_path: Path):
    """0.175 as a percentage is 17.5%; 123 as 000000 is 000123, 12 as "E"0000 is E0012; 0.1 + 0.2 is 0.3.

    Of 18 digits a spreadsheet keeps 15.
    """

    def write(book: Any) -> None:
        sheet = rows(book, "Staff", ["id", "name", "since", "share", "sum"])
        sheet.write_number(1, 0, 123, book.add_format({"num_format": "000000"}))
        sheet.write_formula(1, 1, "=NA()", None, "#N/A")
        sheet.write_datetime(1, 2, datetime(2027, 2, 1), book.add_format({"num_format": "dd/mm/yyyy"}))
        sheet.write_number(1, 3, 0.175, book.add_format({"num_format": "0.0%"}))
        sheet.write_number(1, 4, 0.30000000000000004)
        sheet.write_number(1, 5, 123456789012345678)
        sheet.write_formula(2, 0, "=A1", None, "")
        sheet.write_number(2, 2, 12, book.add_format({"num_format": '"E"0000'}))
        sheet.write_formula(2, 1, '=IF(A1="","","x")', None, "y")

    assert read(tmp_path, write).lines[1:] == [
        (2, ["000123", "#N/A", "2027-02-01", "17.5%", "0.3", "1.23456789012346e+17"]),
        (3, [NO_RESULT, "y", "E0012", "", "", ""]),
    ]


def test_days_of_a_workbook_that_counts_from_1904_are_right(tmp_path: Path):
    def write(book: Any) -> None:
        sheet = rows(book, "Staff", ["id", "since"])
        sheet.write_datetime(1, 1, datetime(2027, 2, 1), book.add_format({"num_format": "d mmm yy"}))

    assert read(tmp_path, write, date_1904=True).lines[1][1][1] == "2027-02-01"


def test_the_sheet_that_has_the_columns_is_read_and_others_are_said(tmp_path: Path):
    def write(book: Any) -> None:
        rows(book, "Cover", ["Staff of the trust"])
        rows(book, "Old", ["id", "name"], ["x", "X"]).hide()
        rows(book, "Staff", ["Id", "Name"], ["a", "A"])

    sheet = read(tmp_path, write)
    assert (sheet.name, sheet.lines[1]) == ("Staff", (2, ["a", "A"]))
    assert sheet.skipped == ("Sheet 'Staff' was read; 'Cover', 'Old' were not.",)


def test_a_cell_merged_over_lines_counts_for_each_of_them(tmp_path: Path):
    def write(book: Any) -> None:
        sheet = rows(book, "Staff", ["Staff of the trust"], [], ["id", "name"], ["a", ""], ["b", ""], ["c", "C"])
        sheet.merge_range("A1:B1", "Staff of the trust")
        sheet.merge_range("B4:B5", "Both")

    sheet = read(tmp_path, write)
    assert [cells for _, cells in sheet.lines][2:] == [["a", "Both"], ["b", "Both"], ["c", "C"]]
    assert sheet.notes == ("A merged cell is read as if each of its cells had its text.",)
    assert sheet.layout.skipped == ("Line 1 above the header was not used: 'Staff of the trust'.",)


def test_a_workbook_without_a_table_is_a_problem(tmp_path: Path):
    problems: list[Problem] = []
    path = workbook(tmp_path, lambda book: book.add_worksheet())
    assert read_workbook(path, "t.xlsx", problems, known=KNOWN) is None
    assert [p.what for p in problems] == ["The first sheet is empty."]


def test_formulas_without_results_are_named_wherever_they_are(tmp_path: Path):
    """Programs that make workbooks write formulas and no results: here in a heading, and alone on the last line."""
    book = openpyxl.Workbook()
    for cells in (["Task", "% complete", "=1"], ["=A1", "=50%"]):
        book.active.append(cells)
    book.save(tmp_path / "progress.xlsx")
    problems: list[Problem] = []
    open_table(tmp_path / "progress.xlsx", "progress.xlsx", problems, PROGRESS)
    assert [(p.line, p.column) for p in problems] == [(1, 3), (2, 1), (2, 2)]
    assert all("a formula whose result is not in the file" in p.what for p in problems)
    assert {p.remedy for p in problems} == {"Open the file in Excel and save it, or export it again."}


def refusal(path: Path) -> str:
    problems: list[Problem] = []
    assert read_workbook(path, "t.xlsx", problems, known=KNOWN) is None
    [problem] = problems
    return problem.what


@pytest.mark.parametrize(
    ("part", "old", "new", "why"),
    [
        ("xl/_rels/workbook.xml.rels", "/sheet1.xml", "/sheet2.xml", "its part xl/worksheets/sheet2.xml is missing"),
        ("xl/styles.xml", 'numFmtId="0"', 'numFmtId="none"', "no spreadsheet writes it in this way"),
    ],
)
def test_a_workbook_whose_parts_do_not_fit_is_refused(tmp_path: Path, part: str, old: str, new: str, why: str):
    path = workbook(tmp_path, lambda book: rows(book, "Staff", ["id", "name"]))
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content.replace(old.encode(), new.encode()) if name == part else content)
    assert refusal(path) == f"The workbook cannot be read: {why}."


def test_a_workbook_with_a_duration_beyond_all_bounds_is_refused(tmp_path: Path):
    def write(book: Any) -> None:
        sheet = rows(book, "Staff", ["id", "name"])
        sheet.write_number(1, 1, 1e12, book.add_format({"num_format": "[h]:mm"}))

    assert refusal(workbook(tmp_path, write)) == "The workbook cannot be read: it has a duration that is too long."


@pytest.mark.parametrize("second", ["Monthly", "Weekly (2)"])
def test_two_sheets_with_the_same_headings_are_not_guessed(tmp_path: Path, second: str):
    """The other lines would be lost, or the older of two copies read."""

    def write(book: Any) -> None:
        rows(book, "Cover", ["Staff list"])
        rows(book, "Weekly", ["id", "Name", "since"], ["a", "A", "2027-02-01"])
        rows(book, second, ["Title"], [], ["NAME", "id", "since"], ["B", "b", "2027-02-01"])

    problems: list[Problem] = []
    assert read_workbook(workbook(tmp_path, write), "t.xlsx", problems, known=KNOWN) is None
    [problem] = problems
    assert str(problem) == (
        f"t.xlsx:1:1: The sheets 'Weekly' and '{second}' have the same headings, and only one sheet is read. "
        "Put all lines on one sheet, or hide the other sheets."
    )


def test_a_hidden_copy_an_empty_form_and_other_headings_are_no_second_table(tmp_path: Path):
    def write(book: Any) -> None:
        rows(book, "Staff", ["id", "name", "since"], ["a", "A", "2027-02-01"])
        rows(book, "Old", ["id", "name", "since"], ["b", "B", "2027-02-01"]).hide()
        rows(book, "Form", ["id", "name", "since"])
        rows(book, "Leavers", ["id", "name", "until"], ["c", "C", "2027-02-01"])

    assert read(tmp_path, write).name == "Staff"


def test_the_sheet_that_is_asked_for_by_name_is_read_beside_a_copy_of_it(tmp_path: Path):
    def write(book: Any) -> None:
        rows(book, "Copy", ["id", "name"], ["a", "A"])
        rows(book, "Tasks", ["id", "name"], ["b", "B"])

    problems: list[Problem] = []
    sheet = read_workbook(workbook(tmp_path, write), "t.xlsx", problems, known=KNOWN, first="Tasks")
    assert (sheet and sheet.name, problems) == ("Tasks", [])


def test_what_people_mark_on_a_sheet_is_said(tmp_path: Path):
    """Not on the headings, and not on cells without content."""

    def write(book: Any) -> None:
        struck = book.add_format({"font_strikeout": True})
        sheet = rows(book, "Staff", ["id", "name"], ["a", "A"], ["b", "B"], ["c", "C"])
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.write(2, 1, "B", struck)
        sheet.write_blank(3, 2, None, struck)
        sheet.write_comment(3, 1, "Has left")
        sheet.write_comment(0, 1, "Surname first")

    assert read(tmp_path, write).skipped == (
        "Line 2 is hidden in the workbook, and read like the others.",
        "Cells of line 3 are struck through, and read like the others. Remove what does not count.",
        "The note on cell B4 was not read.",
    )
