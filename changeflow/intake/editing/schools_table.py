"""Add and remove a line of schools.csv, and keep all other lines as they are."""

import csv
import io
import re
from collections.abc import Mapping

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.sources import PROGRAMME_FILE, SCHOOLS_FILE, Sources, data_in
from changeflow.intake.folder_formats import SCHOOLS
from changeflow.intake.table_rows import Table
from changeflow.intake.tables import PastedText, open_table
from changeflow.values.cells import safe_cell
from changeflow.values.problem import Problem

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")


def text_in(sources: Sources) -> str:
    """Return the text of schools.csv."""
    if SCHOOLS_FILE not in sources:
        raise EditRefusedError("The schools are in a workbook. Change them there.")
    return sources[SCHOOLS_FILE]


def columns_in(sources: Sources) -> Mapping[str, str]:
    """Return the programme's own names for the columns."""
    return (data_in(sources, PROGRAMME_FILE).get("columns") or {}).get("schools") or {}


def rows_of(text: str, columns: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the cells of each school, by id."""
    return {row.cells["id"]: dict(row.cells) for row in _table(text, columns).rows}


def with_school(text: str, columns: Mapping[str, str], cells: Mapping[str, str]) -> str:
    """Add a school's line after the others."""
    table = _table(text, columns)
    if any(row.cells.get("id") == cells["id"] for row in table.rows):
        raise EditRefusedError(f"There is already a school '{cells['id']}'.")
    places = {match.field.name: match.place for match in table.columns.matches}
    if lacking := [name for name in cells if name not in places]:
        raise EditRefusedError(f"{SCHOOLS_FILE} has no column '{lacking[0]}'. Add it to the file first.")
    line = [""] * table.layout.width
    for name, cell in cells.items():
        line[places[name] - 1] = safe_cell(cell)
    out, newline = io.StringIO(), _newline(text)
    csv.writer(out, delimiter=table.layout.separator, lineterminator="").writerow(line)
    if not text.endswith(("\n", "\r")):
        return f"{text}{newline}{out.getvalue()}"
    return f"{text}{out.getvalue()}{newline}"


def without_school(text: str, columns: Mapping[str, str], school: str) -> str:
    """Remove a school's line."""
    table = _table(text, columns)
    row = next((row for row in table.rows if row.cells.get("id") == school), None)
    if row is None:
        raise EditRefusedError(f"There is no school '{school}'.")
    lines = [found[0] for found in _LINE.finditer(text) if found[0]]
    last = row.line
    # A cell in quotation marks may have line breaks.
    while "".join(lines[row.line - 1 : last]).count('"') % 2 and last < len(lines):
        last += 1
    changed = "".join([*lines[: row.line - 1], *lines[last:]])
    wanted = {id_: cells for id_, cells in rows_of(text, columns).items() if id_ != school}
    if rows_of(changed, columns) != wanted:
        raise EditRefusedError(
            f"The line of '{school}' in {SCHOOLS_FILE} is not separate from the other lines. Change the file."
        )
    return changed


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\r" if "\r" in text and "\n" not in text else "\n"


def _table(text: str, columns: Mapping[str, str]) -> Table:
    problems: list[Problem] = []
    table = open_table(PastedText(text), SCHOOLS_FILE, problems, SCHOOLS, mapping=columns)
    if table is None or problems:
        raise EditRefusedError(f"{SCHOOLS_FILE} cannot be read.")
    return table
