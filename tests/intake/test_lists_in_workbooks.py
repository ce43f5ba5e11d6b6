"""Lists as people keep them in workbooks: titles, merged headings, days and numbers in every format. Made by hand."""

from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter

from changeflow.intake.fact_formats import ATTENDANCE, DECISIONS
from changeflow.intake.folder_formats import ASSESSMENTS, PEOPLE, SCHOOLS
from changeflow.intake.formats import Format
from changeflow.intake.table_rows import Table
from changeflow.intake.tables import open_table
from changeflow.values.problem import Problem

DAY = date(2026, 9, 1)
SERIAL = 46266  # 46 266 days after 30 December 1899 is 1 September 2026


class Sheet:
    """A sheet that is written line by line."""

    def __init__(self, path: Path) -> None:
        self.path, self.book = path, xlsxwriter.Workbook(str(path))
        self.sheet, self.line = self.book.add_worksheet("List"), 0

    def add(self, *cells: object, shown: str = "", merged: tuple[tuple[int, int], ...] = ()) -> "Sheet":
        """Write a line; `shown` is the format of its numbers, `merged` are first and last columns from 0."""
        form = self.book.add_format({"num_format": shown}) if shown else None
        days = self.book.add_format({"num_format": "dd/mm/yyyy"})
        for n, cell in enumerate(cells):
            if isinstance(cell, date):
                self.sheet.write_datetime(self.line, n, cell, days)
            elif cell is not None:
                self.sheet.write(self.line, n, cell, form)
        for first, last in merged:
            self.sheet.merge_range(self.line, first, self.line, last, cells[first])
        self.line += 1
        return self

    def read(self, wanted: Format) -> tuple[Table, list[str]]:
        self.book.close()
        problems: list[Problem] = []
        table = open_table(self.path, self.path.name, problems, wanted)
        assert table is not None, problems
        return table, [str(p) for p in problems]


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return Sheet(tmp_path / "list.xlsx")


def cells(table: Table) -> list[dict[str, str]]:
    return [dict(row.cells) for row in table.rows]


def test_people_below_a_title_and_merged_headings(sheet: Sheet):
    sheet.add("Staff list").add("Run date:", DAY).add()
    sheet.add("Personal", "", "", "Post", "", "", merged=((0, 2), (3, 5)))
    sheet.add("Staff No", "Forename", "Surname", "Job Title", "Start\nDate", "End Date")
    sheet.add(1001, "Person", "One", "Teacher", DAY, None).add(1002.0, "Person", "Two", "Head", SERIAL, "31/08/2027")
    sheet.add(1003, "Person", "Three", "Clerk", datetime(2026, 9, 1, 9, 30), "31 Aug 2027").add("Total", None, None, 3)
    table, problems = sheet.read(PEOPLE)
    assert problems == []
    joins = {"joins": "2026-09-01"}
    assert cells(table) == [
        {"id": "1001", "name": "Person One", "role": "Teacher", **joins},
        {"id": "1002", "name": "Person Two", "role": "Head", **joins, "leaves": "2027-08-31"},
        {"id": "1003", "name": "Person Three", "role": "Clerk", **joins, "leaves": "2027-08-31"},
    ]
    assert "'46266' was read as the day that spreadsheets store as this number, 1 Sep 2026." in [
        remark.what for remark in table.remarks
    ]


def test_ids_of_people_that_are_shown_with_zeros_or_thousands(sheet: Sheet):
    sheet.add("Staff No", "Role", "Line manager").add(123, "Head", None, shown="000000")
    sheet.add("000124", "Clerk", 123, shown="000000").add(100125, "Clerk", None, shown="#,##0")
    table, problems = sheet.read(PEOPLE)
    assert problems == []
    assert [(row.get("id"), row.get("manager")) for row in cells(table)] == [
        ("000123", None), ("000124", "000123"), ("100125", None),
    ]  # fmt: skip


def test_ids_that_a_spreadsheet_has_rounded_are_mistakes(sheet: Sheet):
    sheet.add("Staff No", "Role").add(123456789012345678, "Head").add("1.00E+11", "Head").add(100000000001, "Head")
    table, problems = sheet.read(PEOPLE)
    assert [p.partition(" Format")[0] for p in problems] == [
        f"list.xlsx[List]:{line}:1: In the column 'Staff No', '{text}' is a number that a spreadsheet has rounded."
        for line, text in ((2, "1.23456789012346e+17"), (3, "1.00E+11"))
    ]
    assert [row["id"] for row in cells(table)] == ["100000000001"]


def test_schools_of_a_trust_with_totals_and_a_closed_one(sheet: Sheet):
    sheet.add("Schools in the trust").add()
    sheet.add("URN", "Establishment name", "Phase of education", "LA (name)", "NOR", "Joining date", "School status")
    sheet.add(900001, "Ash", "Primary", "West Sussex", 415.0, DAY, "Open")
    sheet.add(900002, "Beech", "Not applicable", "West Sussex", "1,180", SERIAL, "Closed")
    sheet.add(900003, "Cedar", "Special", "West Sussex", 96, None, "Open").add("Total", None, None, None, 511)
    table, problems = sheet.read(SCHOOLS)
    assert problems == []
    assert [(row["id"], row["phase"], row["authority"], row["pupils"], row.get("joins")) for row in cells(table)] == [
        ("900001", "primary", "west-sussex", "415", "2026-09-01"), ("900003", "special", "west-sussex", "96", None),
    ]  # fmt: skip


def test_schools_by_their_codes_where_there_is_no_urn(sheet: Sheet):
    sheet.add("Code", "Name", "Phase", "LA", "Pupils (October)").add("ASH", "Ash", "Primary", "X", 5)
    table, problems = sheet.read(SCHOOLS)
    assert (problems, cells(table)[0]["id"]) == ([], "ash")
    assert table.unused_columns == "The column was not used: 'Pupils (October)' (did you mean 'pupils'?)."


def test_answers_as_a_form_exports_them(sheet: Sheet):
    sheet.add("ADKAR survey, round 2")
    sheet.add(
        "ID", "Completion time", "Staff No", "1. Awareness", "2. Desire (I want this)", "3. Knowledge", "Comments"
    )
    sheet.add(1, datetime(2026, 9, 1, 9, 5, 30), "e1", 4, "3", 2.0, "x").add(2, SERIAL + 0.4, "e2", 5, None, 1, None)
    sheet.add(3, DAY, "e3", None, None, None, "on leave")
    table, problems = sheet.read(ASSESSMENTS)
    assert problems == []
    assert cells(table) == [
        {"on": "2026-09-01", "person": "e1", "awareness": "4", "desire": "3", "knowledge": "2"},
        {"on": "2026-09-01", "person": "e2", "awareness": "5", "knowledge": "1"},
    ]
    assert "The line has no score and was not recorded as an answer." in [remark.what for remark in table.remarks]


def test_a_register_with_ticks_checkboxes_and_numbers(sheet: Sheet):
    sheet.add("Register: payroll training").add("Date:", DAY).add().add("Session", "Staff No", "Date", "Present?")
    marks = ("✓", True, 1, "/", "L", "✗", False, 0)
    for n, mark in enumerate(marks):
        sheet.add("payroll/train", f"e{n}", DAY if n % 2 else SERIAL, mark)
    table, problems = sheet.read(ATTENDANCE)
    assert problems == []
    assert [row["attended"] for row in cells(table)] == ["yes"] * 5 + ["no"] * 3
    assert {row["on"] for row in cells(table)} == {"2026-09-01"}


def test_minutes_with_conditions(sheet: Sheet):
    sheet.add("Minutes of the board").add()
    sheet.add("Item", "Decision", "Decided by", "Meeting date", "Reason", "Conditions", "Owner", "Due")
    sheet.add("payroll/design-agreed", "Approve with conditions", "Chair", DAY, "Ready", "Train staff", "Head", SERIAL)
    table, problems = sheet.read(DECISIONS)
    assert problems == []
    assert cells(table) == [
        {
            "task": "payroll/design-agreed", "outcome": "Approve with conditions", "by": "chair", "on": "2026-09-01",
            "reason": "Ready", "condition": "Train staff", "condition_owner": "head", "condition_due": "2026-09-01",
        }
    ]  # fmt: skip


def test_a_formula_without_a_result_in_a_list_is_named(sheet: Sheet):
    sheet.add("Staff No", "Role", "Start date").add("e1", "Head", DAY)
    sheet.sheet.write_formula(1, 2, "=TODAY()", None, "")
    _, [problem] = sheet.read(PEOPLE)
    assert problem.startswith(
        "list.xlsx[List]:2:3: In the column 'Start date', '=' begins a formula whose result is not in the file."
    )
