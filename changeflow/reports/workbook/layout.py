"""The layout of every sheet on screen and on paper: title, notes, one table, print set-up."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

from changeflow.values.cells import safe_cell
from changeflow.values.limits import EARLIEST, LATEST

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Cell = str | int | float | date | None
Form = Literal["text", "day", "number", "signed", "percent", "id"]
A4, A3 = 9, 8
"""Excel's codes for paper sizes."""
DARK, TYPED, GREY, LINE = "#1F3A5F", "#FFF6CC", "#6B6B6B", "#C9CED6"
MARGIN = 0.4
"""Inches."""
LINE_HEIGHT = 15
"""Points for each line of text, so that programs need not work out row heights."""
WIDEST = 5 / 3
"""A column grows to at most this many times its width, if none of its cells then needs a second line."""
MOST_OF_A_FOOTER = 80
_DAY_RULE: dict[str, Any] = {
    "validate": "date",
    "criteria": "between",
    "minimum": EARLIEST,
    "maximum": LATEST,
    "error_title": "Not a date",
    "error_message": "Type a day, such as 05/02/2027.",
}
RULES: dict[str, dict[str, Any]] = {
    "percent": {
        "validate": "decimal",
        "criteria": "between",
        "minimum": 0,
        "maximum": 1,
        "error_title": "Not a percentage",
        "error_message": "Type a percentage from 0% to 100%.",
    },
    "day": _DAY_RULE,
}
"""Validation of typed columns, by form."""
LOOKS: dict[str, dict[str, Any]] = {
    "text": {"text_wrap": True},
    "day": {"num_format": "d mmm yyyy", "align": "left"},
    "number": {"num_format": "General;[Red]-General;0", "align": "right", "indent": 1},
    "signed": {"num_format": "[Red]+0;-0;0", "align": "right", "indent": 1},
    "percent": {"num_format": "0%", "align": "right", "indent": 1},
    "id": {"font_color": GREY, "font_size": 8, "shrink": True},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetColumn:
    """One column of a table."""

    heading: str
    width: int
    """In characters."""
    form: Form = "text"
    is_typed: bool = False
    """Whether people type into it, so that it is read back."""
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSheet:
    """One sheet: title, notes and a table."""

    name: str
    title: str
    lines: tuple[str, ...]
    """Notes above the table."""
    columns: tuple[SheetColumn, ...]
    rows: Sequence[Sequence[Cell]]
    """A cell for each column."""
    none: str
    """The text if there are no rows."""
    paper: int = A4


@dataclass(slots=True)
class Book:
    """A workbook being written, with the formats that its sheets share."""

    book: "Workbook"
    footer: str
    """The footer of every printed page, beside the page number."""
    _formats: dict[tuple[str, bool], "Format"] = field(default_factory=dict)

    def add(self, sheet: BookSheet) -> None:
        """Write a sheet: title, notes and table."""
        fitted = tuple(_fitted(c, [row[n] for row in sheet.rows]) for n, c in enumerate(sheet.columns))
        sheet = replace(sheet, columns=fitted)
        paper = self.book.add_worksheet(sheet.name)
        paper.write_string(0, 0, safe_cell(sheet.title), self.book.add_format({"bold": True, "font_size": 14}))
        for row, line in enumerate(sheet.lines, 1):
            paper.write_string(row, 0, safe_cell(line), self.book.add_format({"font_color": GREY}))
        top = len(sheet.lines) + 1
        self._write_table(paper, sheet, top)
        self._set_up_print(paper, sheet, top)

    def _write_table(self, paper: "Worksheet", sheet: BookSheet, top: int) -> None:
        last = top + max(1, len(sheet.rows))
        for n, column in enumerate(sheet.columns):
            paper.write_string(top, n, column.heading, self._heading(column))
            paper.set_column(n, n, column.width, None, {"hidden": column.is_hidden})
            if column.is_typed and column.form in RULES and sheet.rows:
                paper.data_validation(top + 1, n, last, n, RULES[column.form])
        paper.set_row(top, LINE_HEIGHT * _lines(sheet.columns, [c.heading for c in sheet.columns], spare=3))
        for row, cells in enumerate(sheet.rows, top + 1):
            paper.set_row(row, LINE_HEIGHT * _lines(sheet.columns, cells))
            for n, (column, cell) in enumerate(zip(sheet.columns, cells, strict=True)):
                _write(paper, row, n, cell, self._format(column))
        if not sheet.rows:
            paper.write_string(top + 1, 0, sheet.none, self._format(sheet.columns[0]))
        paper.autofilter(top, 0, last, len(sheet.columns) - 1)
        paper.freeze_panes(top + 1, 1)

    def _set_up_print(self, paper: "Worksheet", sheet: BookSheet, top: int) -> None:
        shown = [n for n, column in enumerate(sheet.columns) if not column.is_hidden]
        paper.set_landscape()
        paper.set_paper(sheet.paper)
        paper.set_margins(MARGIN, MARGIN, MARGIN, 0.6)
        paper.fit_to_pages(1, 0)
        paper.print_area(0, 0, top + max(1, len(sheet.rows)), shown[-1])
        paper.repeat_rows(top)
        paper.hide_gridlines(2)
        title, stamp = (text.replace("&", "&&")[:MOST_OF_A_FOOTER] for text in (sheet.title, self.footer))
        paper.set_footer(f"&L&8{title}&C&8Page &P of &N&R&8{stamp}")

    def _heading(self, column: SheetColumn) -> "Format":
        look = {"bold": True, "text_wrap": True, "valign": "top", "border": 1, "border_color": LINE}
        own = {"bg_color": TYPED} if column.is_typed else {"bg_color": DARK, "font_color": "#FFFFFF"}
        return self.book.add_format(look | own)

    def _format(self, column: SheetColumn) -> "Format":
        key = (column.form, column.is_typed)
        if key not in self._formats:
            look = {"valign": "top", "bottom": 1, "bottom_color": LINE} | LOOKS[column.form]
            own = {"bg_color": TYPED, "border": 1, "border_color": LINE} if column.is_typed else {}
            self._formats[key] = self.book.add_format(look | own)
        return self._formats[key]


def _fitted(column: SheetColumn, cells: Sequence[Cell]) -> SheetColumn:
    """Widen a column of short text, such as names of owners, so that each cell stays on one line."""
    longest = max((len(cell) for cell in cells if isinstance(cell, str)), default=0) + 1
    is_short = column.form == "text" and not column.is_typed and column.width < longest <= column.width * WIDEST
    return replace(column, width=longest) if is_short else column


def _lines(columns: Sequence[SheetColumn], cells: Sequence[Cell], *, spare: int = 0) -> int:
    """Count the lines of a row's tallest cell; `spare` characters of each line are reserved."""
    # Widths are measured in digits, and most letters are narrower.
    shown = [(c.width * 9 // 8 - spare, cell) for c, cell in zip(columns, cells, strict=True) if c.form != "id"]
    return max([1, *(len(wrap(cell, width)) for width, cell in shown if isinstance(cell, str))])


def _write(paper: "Worksheet", row: int, n: int, cell: Cell, form: "Format") -> None:
    if cell is None or cell == "":
        paper.write_blank(row, n, None, form)
    elif isinstance(cell, str):
        paper.write_string(row, n, safe_cell(cell), form)
    elif isinstance(cell, date):
        paper.write_datetime(row, n, datetime(cell.year, cell.month, cell.day), form)  # noqa: DTZ001
    else:
        paper.write_number(row, n, cell, form)
