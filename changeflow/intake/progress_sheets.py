"""Read progress sheets: an exported workbook that people have filled in, or a team's own table.

Every cell is read or reported as unused: an unknown column, a row that names no task, a changed cell in a read-only
column.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from changeflow.intake.columns import Way
from changeflow.intake.days import is_serial, read_day
from changeflow.intake.fact_formats import PROGRESS
from changeflow.intake.layout import fold
from changeflow.intake.progress_reader import ONE_LINE, SheetProgressReader, missing_columns
from changeflow.intake.progress_tasks import PLACE, RowTasks
from changeflow.intake.progress_values import exported_cells, read_exported
from changeflow.intake.table_rows import Table, TableRow
from changeflow.intake.tables import PastedText, open_table
from changeflow.programme.programme import Programme
from changeflow.programme.progress_cells import ProgressCells, progress_cells
from changeflow.programme.renames import Renames
from changeflow.programme.typed_progress import OF_PROGRESS, TypedRow
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.limits import parse_day
from changeflow.values.problem import Problem

FOR_READING = (
    *("owner", *PLACE, "state", "first", "last", "float", "float_unit", "critical"),
    *("baseline_first", "baseline_last", "variance", "assumed"),
)
"""Read-only columns of the exported workbook: a changed cell is reported."""


MOST_CHANGED = 3
"""How many changed cells of one column to name; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressSheet:
    """A sheet as read."""

    file: str
    """The file's name, with the sheet if it is a workbook."""
    rows: tuple[TypedRow, ...] = ()
    columns: Mapping[str, int] = field(default_factory=dict)
    """The places of the columns that are read, from 1, by their keys."""
    unused: tuple[Problem, ...] = ()
    """What was read but not used. These are not errors."""
    skipped: tuple[Problem, ...] = ()
    """Those among them that are whole lines about no task."""

    def problem(self, line: int, column: str, what: str, remedy: str = "") -> Problem:
        return Problem(file=self.file, line=line, column=self.columns.get(column, 1), what=what, remedy=remedy)


def read_progress_sheet(
    source: Path | PastedText, shown: str, problems: list[Problem], *, programme: Programme, ids: Renames | None = None
) -> ProgressSheet:
    """Read a CSV, a pasted text, or an xlsx: the sheet Tasks, otherwise the one with the columns.

    `ids` gives the current ids of tasks by their former ones, because a sheet may be older than the plan.
    """
    table = open_table(source, shown, problems, PROGRESS)
    if table is None:
        return ProgressSheet(file=shown)
    columns = {m.field.name: m.place for m in table.columns.matches}
    if (missing := missing_columns(table)) is not None:
        problems.append(missing)
        return ProgressSheet(file=table.file)
    _say_unused(table, is_exported="exported" in columns)
    rows = tuple(_Sheet(table, programme, problems, ids or Renames()).rows())
    if table.rows and table.skipped and not rows and not problems:
        first, what = table.skipped[0], "No line names a task of the programme."
        problems.append(Problem(file=table.file, line=first.line, what=what, remedy=first.what))
    unused = sorted(table.remarks, key=lambda remark: remark.line)
    skipped = tuple(sorted(table.skipped, key=lambda remark: remark.line))
    return ProgressSheet(file=table.file, rows=rows, columns=columns, unused=tuple(unused), skipped=skipped)


def _say_unused(table: Table, *, is_exported: bool) -> None:
    """Report the columns of a team's own sheet that are known but not read, such as a status beside a % complete."""
    unread = set() if is_exported else {*FOR_READING} - {*PLACE}
    if any(m.field.name == "percent" and m.way is not Way.OTHER for m in table.columns.matches):
        unread.add("status")
    if names := [f"'{m.heading}'" for m in table.columns.matches if m.field.name in unread]:
        table.say(f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not read back.")


class _Sheet:
    """A sheet, while its rows are read."""

    def __init__(self, table: Table, programme: Programme, problems: list[Problem], ids: Renames) -> None:
        self.table, self.programme, self.problems = table, programme, problems
        self.headings = {m.field.name: m.heading for m in table.columns.matches}
        self.tasks = RowTasks(table, programme, problems, ids)
        self._seen: dict[str, int] = {}
        self._changed: dict[str, list[Problem]] = {}

    def rows(self) -> Iterator[TypedRow]:
        reader = SheetProgressReader(self.table, self.problems, self.programme.minutes_per_day)
        refused = {problem.line for problem in self.problems}
        for row in self.table.rows:
            is_typed = row.line in refused or any(key in row.cells for key in OF_PROGRESS)
            if not is_typed and not {"task", "task_id"} & row.cells.keys():
                self.table.skip("The line names no task and was not used.", row.line)
                continue
            if row.line not in refused and self.tasks.is_heading(row, is_typed=is_typed):
                continue
            before = len(self.problems)
            exported = self._exported(row)
            typed = reader.cells(row)
            was = self._was(row, exported)
            if typed == was and self.tasks.key(row, exported) not in self.programme.roadmap.tasks:
                self.table.say("The line was not used: its task is no longer in the plan.", row.line)
                continue
            task = self.tasks.task_of(row, exported)
            if task is None or len(self.problems) > before or not (typed == was or self._is_first(row, task)):
                continue
            if row.line not in refused and self._has_day_beside(row, task, typed, was):
                continue
            if exported is not None and was is not None:
                self._say_changed(row, exported["cells"])
            yield TypedRow(line=row.line, task=task, typed=typed, exported=was)
        self._say_all_changed()

    def _has_day_beside(self, row: TableRow, task: TaskId, typed: ProgressCells, was: ProgressCells | None) -> bool:
        """Return whether a task is 100% without a finish although an unused column has a day."""
        is_open = typed.percent == 100 and typed.finished is None and typed != was
        if not is_open or progress_cells(self.programme, task).finished is not None:
            return False
        for column, text in self.table.others.get(row.line, {}).items():
            if not _is_day(text):
                continue
            what = f"is 100% without an Actual finish. The column '{column.name}' was not used."
            remedy = "Call it 'Actual finish', or leave it out if it is another day."
            self.problems.append(row.problem("percent", what, remedy))
            return True
        return False

    def _is_first(self, row: TableRow, task: TaskId) -> bool:
        column = "task" if "task" in row.cells else "task_id"
        return row.is_first(column, task, self._seen, self.problems, remedy=ONE_LINE)

    def _exported(self, row: TableRow) -> dict[str, Any] | None:
        """Return the content of a row's hidden cell; add a `Problem` if the sheet is another programme's."""
        if "exported" not in self.headings:
            return None
        found = read_exported(row.cells.get("exported", ""))
        if found is None:
            return None
        if found.get("programme") != self.programme.id:
            what = f"This row was exported from the programme '{found.get('programme')}', not '{self.programme.id}'."
            self.problems.append(row.problem("task_id", what, "Choose the programme that it belongs to."))
        return found

    def _was(self, row: TableRow, exported: dict[str, Any] | None) -> ProgressCells | None:
        if "exported" not in self.headings:
            return None
        if exported is not None:
            with suppress(ValueError, TypeError):
                return exported_cells(exported["cells"])
        self.table.say("The line no longer says how it was exported: all its cells count as typed.", row.line)
        return None

    def _say_changed(self, row: TableRow, was: Mapping[str, Any]) -> None:
        for key in ("task", *FOR_READING):
            now, before = row.cells.get(key, ""), str(was.get(key, ""))
            if key not in self.headings or _is_same(now, before):
                continue
            said = f"{self.headings[key]} is not read back (“{now or 'empty'}” instead of “{before or 'empty'}”)."
            remark = row.problem(key, said, "Save the file as .xlsx." if _is_month_first(now, before) else "")
            self._changed.setdefault(key, []).append(remark)

    def _say_all_changed(self) -> None:
        """Report changed read-only cells, a few of each column; add a `Problem` for days with the month first."""
        months = [remark for remarks in self._changed.values() for remark in remarks if remark.remedy]
        if months:
            what = f"The days of this file have the month first, in {counted(len(months), 'cell')}"
            self.problems.append(replace(months[0], what=f"{what} that can be compared.", heading=""))
        for remarks in self._changed.values():
            self.table.unused += remarks[:MOST_CHANGED]
            if (more := len(remarks) - MOST_CHANGED) > 0:
                what = f"{remarks[0].heading} is not read back on {counted(more, 'more line')}."
                self.table.unused.append(replace(remarks[MOST_CHANGED], what=what))


def _is_day(text: str) -> bool:
    """Return whether a cell is a day, and not just a number.

    >>> _is_day("1 Dec 2026"), _is_day("46028"), _is_day("soon")
    (True, False, False)
    """
    with suppress(ValueError):
        return bool(text) and not is_serial(text) and read_day(text) is not None
    return False


def _is_month_first(now: str, before: str) -> bool:
    """Return whether two days differ only because a program wrote the month first.

    >>> _is_month_first("05/04/2027", "2027-05-04"), _is_month_first("04/05/2027", "2027-05-04")
    (True, False)
    """
    parts = now.replace(".", "/").replace("-", "/").split("/")
    with suppress(ValueError):
        day = parse_day(before)
        return len(parts) == 3 and [int(part) for part in parts[:2]] == [day.month, day.day]
    return False


def _is_same(now: str, before: str) -> bool:
    if fold(now) == fold(before) and now.strip("-") == before.strip("-"):
        return True
    with suppress(ValueError):
        return float(now) == float(before)
    with suppress(ValueError):
        return read_day(now) == parse_day(before)
    return " ".join(now.split()) == " ".join(before.split())
