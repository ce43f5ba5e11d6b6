"""Add and remove a line of schools.csv, and keep all other lines as they are."""

import re
from collections.abc import Mapping

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.sources import PROGRAMME_FILE, SCHOOLS_FILE, Sources, data_in
from changeflow.intake.editing.table_text import table_of, with_line
from changeflow.intake.folder_formats import SCHOOLS
from changeflow.intake.table_rows import Table

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
    return with_line(table, text, SCHOOLS_FILE, cells)


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


def _table(text: str, columns: Mapping[str, str]) -> Table:
    return table_of(text, SCHOOLS_FILE, SCHOOLS, columns)
