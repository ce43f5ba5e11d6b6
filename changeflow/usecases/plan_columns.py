"""The columns of a list of tasks: what each would be read as, for people to correct."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from changeflow.errors import ProblemsError
from changeflow.intake.plan_formats import PLANNER
from changeflow.intake.table_rows import Table
from changeflow.intake.tables import open_table
from changeflow.values.problem import Problem

COLUMNS_IN_WORDS: Mapping[str, str] = {
    "name": "Task",
    "task_id": "Task number",
    "bucket": "Bucket or section",
    "outline": "Outline",
    "start": "Start",
    "due": "Finish",
    "duration": "Duration",
    "percent": "% complete",
    "progress": "Status",
    "completed": "Actual finish",
    "active": "Active",
    "after": "Predecessors",
}
"""What a column of a plan can be read as."""
SHOWN_CELLS, LONGEST_CELL = 3, 40


@dataclass(frozen=True, slots=True)
class PlanColumn:
    """A column of a file: its heading, what it would be read as (empty if it is not used), and its first cells."""

    heading: str
    field: str
    examples: tuple[str, ...]


def plan_columns(path: Path) -> Sequence[PlanColumn]:
    """Return the columns of a list of tasks; raise `ProblemsError` if there is no table in the file."""
    problems: list[Problem] = []
    anything = tuple(replace(field, is_required=False) for field in PLANNER.fields)
    table = open_table(path, path.name, problems, replace(PLANNER, fields=anything, keeps_others=True))
    if table is None:
        raise ProblemsError(problems)
    fields = {m.place: m.field.name for m in table.columns.matches}
    return [
        PlanColumn(column.name, fields.get(column.place, ""), _examples(table, column.place, fields))
        for column in table.layout.columns
        if column.name
    ]


def _examples(table: Table, place: int, fields: Mapping[int, str]) -> tuple[str, ...]:
    """Return the first cells of a column that are not empty."""
    if (name := fields.get(place)) is not None:
        cells = (row.cells.get(name, "") for row in table.rows)
    else:
        cells = (text for row in table.rows for c, text in table.others.get(row.line, {}).items() if c.place == place)
    found = []
    for cell in cells:
        if cell:
            found.append(cell if len(cell) <= LONGEST_CELL else f"{cell[:LONGEST_CELL]}…")
        if len(found) == SHOWN_CELLS:
            break
    return tuple(found)
