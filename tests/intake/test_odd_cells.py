"""Any one odd cell, in any column of any table, in any of its files: read as the tables' page says, or named."""

import csv
import io
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.intake.formats import Field, FieldKind, Format
from changeflow.intake.table_rows import Table
from changeflow.intake.table_schemas import FORMATS
from changeflow.intake.tables import open_table
from changeflow.values.problem import Problem
from tests.intake.odd_cells import BY_KIND, CHOICES, EMPTY, ERRORS, OLD_DAYS, PLAIN, PLAIN_CHOICES, REFUSED, Reading
from tests.quick import draws, quick_first

TABLES = {name: one for name, one in FORMATS.items() if not one.takes_all}
OF_TABLES = [(one, column) for one in TABLES.values() for column in one.fields]
OF_EACH_KIND = list({column.cell: (one, column) for one, column in reversed(OF_TABLES)}.values())
COLUMNS = [*OF_EACH_KIND, *(own for own in OF_TABLES if own not in OF_EACH_KIND)]
in_every_column = pytest.mark.parametrize(
    ("wanted", "column"),
    quick_first(len(OF_EACH_KIND), COLUMNS),
    ids=[f"{one.name}-{column.name}" for one, column in COLUMNS],
)


def readings(column: Field) -> Reading:
    by_kind = CHOICES[column.name] if column.cell is FieldKind.CHOICE else BY_KIND[column.cell]
    return {**by_kind, **(OLD_DAYS if column.may_be_old else {}), **ERRORS, **EMPTY}


def plain(column: Field) -> str:
    return PLAIN_CHOICES[column.name] if column.cell is FieldKind.CHOICE else PLAIN[column.cell]


def read(path: Path, wanted: Format) -> tuple[Table, list[Problem]]:
    problems: list[Problem] = []
    table = open_table(path, path.name, problems, wanted)
    assert table is not None, problems
    return table, problems


def as_csv(lines: list[list[str]], separator: str, encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(lines)
    return text.getvalue().encode(encoding)


def check(table: Table, problems: list[Problem], column: Field, cell: str, line: int, place: int) -> None:
    """Compare what was read with what the page says; the other lines are as they are."""
    wanted = readings(column)[cell]
    [found] = [row.cells for row in table.rows if row.line == line] or [{}]
    others = [row for row in table.rows if row.line != line]
    assert len(others) == 2
    if wanted == "" and not column.is_required:
        assert not problems
        assert column.name not in found
    elif wanted:
        assert not problems
        assert found[column.name] == wanted
    else:
        [problem] = problems
        assert (problem.line, problem.column, problem.heading) == (line, place, column.name)
        parts = ["is empty"] if wanted == "" else [p.strip() for p in re.split(r"[;,|\n=]|\.\.", cell)]
        assert any(f"'{part[:40]}" in str(problem) for part in [cell[:40], *parts] if part) or wanted is not REFUSED
        assert column.name in str(problem)


@pytest.mark.usual(4)
@in_every_column
def test_every_odd_cell_is_read_as_documented_or_named(tmp_path: Path, wanted: Format, column: Field):
    """Each odd cell of the column's kind, in the middle of three lines."""
    heads = [f.name for f in wanted.fields]
    place = heads.index(column.name) + 1
    line = [plain(f) for f in wanted.fields]
    for cell in readings(column):
        odd = [cell if f is column else plain(f) for f in wanted.fields]
        path = tmp_path / "t.csv"
        path.write_bytes(as_csv([heads, line, odd, line], ",", "utf-8"))
        check(*read(path, wanted), column, cell, 3, place)


@pytest.mark.usual(6)
@in_every_column
def test_the_same_in_the_first_line_of_a_table_of_few_columns(tmp_path: Path, wanted: Format, column: Field):
    """Only what is required, and the column: the first line must not be taken for a second header."""
    fields = [f for f in wanted.fields if f.is_required or f is column or f.name in wanted.needs_one_of[:1]]
    if len(fields) < 2:
        fields = [f for f in wanted.fields if f in (wanted.fields[0], wanted.fields[1], column)]
    heads = [f.name for f in fields]
    line = [plain(f) for f in fields]
    for cell in readings(column):
        odd = [cell if f is column else plain(f) for f in fields]
        path = tmp_path / "t.csv"
        path.write_bytes(as_csv([heads, odd, line, line], ";", "utf-8"))
        table, problems = read(path, wanted)
        check(table, list(dict.fromkeys(problems)), column, cell, 2, heads.index(column.name) + 1)


@st.composite
def odd_tables(draw: st.DrawFn) -> tuple[Format, Field, str, list[int], str, str, list[str]]:
    wanted = draw(st.sampled_from(list(TABLES.values())))
    column = draw(st.sampled_from(wanted.fields))
    cell = draw(st.sampled_from([c for c in readings(column) if "\n" not in c]))
    order = draw(st.permutations(range(len(wanted.fields))))
    kinds = [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-16"), ("|", "utf-8")]
    separator, encoding = draw(st.sampled_from(kinds))
    above = draw(st.sampled_from([[], ["Report of March 2027"], ["Staff list", "as of 1 March"]]))
    return wanted, column, cell, order, separator, encoding, above


@pytest.mark.thorough
@pytest.mark.slow
@settings(max_examples=draws(400), deadline=None)
@given(odd_tables(), st.sampled_from(["as it is", "capitals", "another name"]), st.booleans())
def test_an_odd_cell_is_the_same_in_any_order_separator_encoding_and_under_any_heading(
    odd: tuple[Format, Field, str, list[int], str, str, list[str]], way: str, has_more: bool
):
    wanted, column, cell, order, separator, encoding, above = odd
    fields = [wanted.fields[n] for n in order]

    def heading(one: Field) -> str:
        if way == "capitals":
            return one.name.upper().replace("_", " ")
        return one.synonyms[0] if way == "another name" and one.synonyms else one.name

    ends = ["own column", "x"] if has_more else []
    lines = [[plain(f) for f in fields] for _ in range(3)]
    lines[1] = [cell if f is column else plain(f) for f in fields]
    table = [[a] for a in above] + ([[]] if above else [])
    table += [[heading(f) for f in fields] + ends[:1] + [""] * 2]
    table += [line + ends[1:] + [""] * 2 for line in lines] + [[""] * len(fields)]
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "t.csv"
        path.write_bytes(as_csv(table, separator, encoding))
        found, problems = read(path, wanted)
    begin = len(above) + (1 if above else 0) + 1
    assert found.layout.header_line == begin
    assert [c.name for c in found.columns.unused] == ends[:1]
    for problem in problems:
        assert problem.heading == heading(column)
    same = [replace(p, heading=column.name) for p in problems]
    check(found, same, column, cell, begin + 2, fields.index(column) + 1)


@pytest.mark.parametrize("name", TABLES)
def test_a_workbook_is_read_as_a_csv_is(tmp_path: Path, name: str):
    """The same cells as text, one odd cell of each column a line; what a CSV refuses a workbook refuses."""
    wanted = TABLES[name]
    heads = [f.name for f in wanted.fields]
    lines = [[plain(f) for f in wanted.fields] for _ in range(3)]
    for column in wanted.fields:
        for cell in list(readings(column))[::7]:
            odd = [cell if f is column else plain(f) for f in wanted.fields]
            lines.append(odd)
    with xlsxwriter.Workbook(str(tmp_path / "t.xlsx"), {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("List")
        for n, line in enumerate([heads, *lines]):
            for at, text in enumerate(line):
                sheet.write_string(n, at, text)
    (tmp_path / "t.csv").write_bytes(as_csv([heads, *lines], ",", "utf-8"))
    (one, first), (other, second) = read(tmp_path / "t.xlsx", wanted), read(tmp_path / "t.csv", wanted)
    assert [dict(row.cells) for row in one.rows] == [dict(row.cells) for row in other.rows]
    assert [(p.column, p.what) for p in first] == [(p.column, p.what) for p in second]
    assert all(p.file == "t.xlsx[List]" for p in first)
    assert first
