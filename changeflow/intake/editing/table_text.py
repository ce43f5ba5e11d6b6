"""Add a line to the text of a CSV file and keep all other lines as they are, or write a new file."""

import csv
import io
from collections.abc import Collection, Mapping

from changeflow.errors import EditRefusedError
from changeflow.intake.formats import Format
from changeflow.intake.table_rows import Table
from changeflow.intake.tables import PastedText, open_table
from changeflow.values.cells import safe_cell
from changeflow.values.problem import Problem


def table_of(text: str, file: str, wanted: Format, columns: Mapping[str, str]) -> Table:
    """Read the text of a table; `columns` are the programme's own names for its columns."""
    problems: list[Problem] = []
    table = open_table(PastedText(text), file, problems, wanted, mapping=columns)
    if table is None or problems:
        raise EditRefusedError(f"{file} cannot be read.")
    return table


def with_line(table: Table, text: str, file: str, cells: Mapping[str, str], *, optional: Collection[str] = ()) -> str:
    """Add a line with these cells, by the names of their fields, with the table's own separator and line endings.

    Raise an `EditRefusedError` if the table lacks a column; cells of `optional` columns are then left out.
    """
    places = {match.field.name: match.place for match in table.columns.matches}
    if lacking := [name for name in cells if name not in places and name not in optional]:
        raise EditRefusedError(f"{file} has no column '{lacking[0]}'. Add it to the file first.")
    line = [""] * table.layout.width
    for name, cell in cells.items():
        if name in places:
            line[places[name] - 1] = safe_cell(cell)
    out, newline = io.StringIO(), _newline(text)
    csv.writer(out, delimiter=table.layout.separator, lineterminator="").writerow(line)
    if not text.endswith(("\n", "\r")):
        return f"{text}{newline}{out.getvalue()}"
    return f"{text}{out.getvalue()}{newline}"


def new_table(cells: Mapping[str, str]) -> str:
    """Return the text of a table with one line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(cells)
    writer.writerow(safe_cell(cell) for cell in cells.values())
    return out.getvalue()


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\r" if "\r" in text and "\n" not in text else "\n"
