"""Read tables (CSV or xlsx) as people and programs export them: one reader for all of them, with every mistake's place.

`open_table` reads a file, with notes on how it was read. `read_table` yields its rows, and warns about anything unused.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from changeflow.alike import MOST_LISTED
from changeflow.intake.columns import match_columns, unmapped
from changeflow.intake.formats import Format
from changeflow.intake.layout import Layout, TableColumn, look_at_text
from changeflow.intake.opening import WORKBOOKS, decode, read_text_as
from changeflow.intake.table_lines import Lines, Names, TableLines, TableTooBigError
from changeflow.intake.table_rows import Table, TableRow
from changeflow.intake.text_lines import MAX_FIELD, BrokenTableError, read_lines
from changeflow.values.problem import Problem

MOST_BYTES = 16_000_000
"""The largest CSV. A table of 50,000 people with 20 columns is about half this size."""
MOST_COLUMNS = 500
SPLIT = "Split the table into several files."


@dataclass(frozen=True, slots=True)
class PastedText:
    """A table that someone has copied from a spreadsheet and pasted."""

    text: str
    headings: tuple[str, ...] = ()
    """The headings, if the first line of the text is data; its cells are then separated by tabs."""


def read_table(
    path: Path,
    shown: str,
    problems: list[Problem],
    wanted: Format,
    *,
    mapping: Mapping[str, str] | None = None,
    names: Names | None = None,
    inside: Path | None = None,
) -> Iterator[TableRow]:
    """Yield the rows of a CSV or an xlsx. `mapping` maps our columns to the file's, and `names` other names to ids.

    Warns with `UnusedWarning` about anything not used. Refuses a file that leads out of the folder `inside`. Stops once
    there are more problems than will be listed.
    """
    table = open_table(path, shown, problems, wanted, mapping=mapping, names=names, inside=inside)
    if table is not None:
        table.warn()
        yield from rows_of(table, problems)


def rows_of(table: Table, problems: list[Problem]) -> Iterator[TableRow]:
    """Yield the rows of a table until there are more problems than will be listed."""
    for row in table.rows:
        if len(problems) > MOST_LISTED:
            return
        yield row


def open_table(
    source: Path | PastedText,
    shown: str,
    problems: list[Problem],
    wanted: Format,
    *,
    mapping: Mapping[str, str] | None = None,
    names: Names | None = None,
    inside: Path | None = None,
) -> Table | None:
    """Read a CSV, an xlsx or a pasted text, with notes on how it was read.

    Return None, and add a `Problem`, if there is no table.
    """
    mapping, names, known = mapping or {}, names or {}, [*wanted.headings, *(mapping or {}).values()]
    lines: Lines
    is_from_1904 = False
    try:
        if isinstance(source, Path) and source.suffix.lower() in WORKBOOKS:
            # Imported only when needed, because most folders contain only CSVs.
            from changeflow.intake.sheets import read_workbook

            sheet = read_workbook(source, shown, problems, known=known, inside=inside, first=wanted.sheet)
            if sheet is None:
                return None
            shown, layout, encoding = f"{shown}[{sheet.name}]", sheet.layout, "Excel workbook"
            more, lines = (sheet.notes, sheet.skipped), (one for one in sheet.lines if one[0] >= layout.data_line)
            is_from_1904 = sheet.is_from_1904
        else:
            text, encoding = _text_of(source, shown, problems, inside)
            found = None if text is None else _layout_of(source, text, shown, problems, known)
            if text is None or found is None:
                return None
            is_usual = encoding in ("UTF-8", "UTF-8 with a byte order mark")
            more = (() if is_usual else (f"The file is {encoding}.",), ())
            layout, lines = found, read_lines(text, found)
        if layout.width > MOST_COLUMNS:
            raise TableTooBigError(layout.header_line, f"The table has more than {MOST_COLUMNS} columns.")
        columns = match_columns(layout, wanted, mapping, shown, problems)
        notes = [*layout.notes, *more[0]]
        table = Table(shown, encoding, layout, columns, notes=notes, is_from_1904=is_from_1904)
        for what in (*layout.skipped, *more[1], *unmapped(wanted, mapping, layout), *columns.notes):
            table.say(what)
        if {m.field.name for m in columns.matches}.issuperset(wanted.required):
            TableLines(table, wanted, names, problems).read(lines)
        return table
    except TableTooBigError as error:
        line, what = error.args
        problems.append(Problem(file=shown, line=line, what=what, remedy=SPLIT))
    except BrokenTableError as error:
        line, what = error.args
        remedy = f"Look for a quotation mark that is never closed; a cell has at most {MAX_FIELD:,} characters."
        problems.append(Problem(file=shown, line=line, what=f"The table cannot be read: {what}.", remedy=remedy))
    return None


def _text_of(
    source: Path | PastedText, shown: str, problems: list[Problem], inside: Path | None
) -> tuple[str | None, str]:
    """Return a table's text, and its encoding."""
    if isinstance(source, PastedText):
        return decode(source.text.encode(), shown, problems), "UTF-8"
    return read_text_as(source, shown, problems, most=MOST_BYTES, inside=inside)


def _layout_of(
    source: Path | PastedText, text: str, shown: str, problems: list[Problem], known: Collection[str]
) -> Layout | None:
    """Return where the table is in some text; with given headings, it has no header of its own."""
    if isinstance(source, Path) or not source.headings:
        return look_at_text(text, shown, problems, known=known)
    columns = tuple(TableColumn(name, place) for place, name in enumerate(source.headings, 1))
    return Layout(separator="\t", header_line=1, data_line=1, columns=columns, width=len(columns))
