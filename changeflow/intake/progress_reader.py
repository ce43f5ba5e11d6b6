"""Read the cells of a progress sheet that depend on others: % complete and the remaining work."""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial

from changeflow.intake.cell_readers import TICK_OR_CROSS, UNCLEAR
from changeflow.intake.columns import Way
from changeflow.intake.days import read_day
from changeflow.intake.layout import fold
from changeflow.intake.progress_values import (
    BEGUN,
    NOT_DONE,
    TICKS,
    WORDS,
    are_shares,
    comment_of,
    exported_cells,
    folded,
    is_typed_as_whole,
    parse_percent,
    parse_remaining,
    plain_status,
    read_exported,
    unit_of,
    whole_percent,
)
from changeflow.intake.table_rows import Table, TableRow
from changeflow.intake.tables import rows_of
from changeflow.programme.progress_cells import ProgressCells
from changeflow.programme.typed_progress import LABELS, contradictions
from changeflow.values.limits import parse_day
from changeflow.values.problem import Problem

_DONE = {"done", "complete", "completed", "isdone", "iscomplete"}
"""(Folded) headings under which people write yes, a tick, or the day."""
_SHARE = r"(?!(?<!\d)(?:0[.,]\d+|1[.,]0+)%?$)"
"""0.5 and 1.0 are shares, not days."""
_LIKE_A_DAY = re.compile(
    rf"{_SHARE}\d[/.-]\d|\d\s*(?:st|nd|rd|th)?[\s-]+[A-Za-z]{{3}}|[A-Za-z]{{3,}}\s+\d{{1,2}},?\s+\d{{4}}"
)
MINUTES = 450
"""Minutes of a day if the programme is unknown, when only whether cells can be read matters."""

ONE_LINE = "Write one line for each task."


class SheetProgressReader:
    """Reads % complete and Remaining in a table's rows; adds a `Problem` for each mistake."""

    def __init__(self, table: Table, problems: list[Problem], minutes_per_day: int) -> None:
        self.table, self.problems = table, problems
        self.is_status = any(m.field.name == "percent" and m.way is Way.OTHER for m in table.columns.matches)
        """Whether % complete comes from a column of words."""
        self.shares = are_shares(row.cells["percent"] for row in table.rows if "percent" in row.cells)
        of_status = next((m.heading for m in table.columns.matches if m.field.name == "status"), "")
        self.asks_whether = fold(of_status) in _DONE
        heading = next((m.heading for m in table.columns.matches if m.field.name == "remaining"), "")
        self._remaining = partial(parse_remaining, minutes_per_day=minutes_per_day, unit=unit_of(heading))

    def cells(self, row: TableRow) -> ProgressCells:
        """Read all cells of progress."""
        return ProgressCells(
            percent=self.percent(row),
            started=row.read("started", parse_day, self.problems),
            finished=row.read("finished", parse_day, self.problems) or self.done_on(row),
            remaining=self.remaining(row),
            comment=comment_of(row.cells.get("comment", "")),
        )

    def remaining(self, row: TableRow) -> str:
        return row.read("remaining", self._remaining, self.problems) or ""

    def percent(self, row: TableRow) -> int | None:
        """Read % complete. A status beside it is ignored, and reported if it says something else."""
        percent = self._percent(row)
        if not self.is_status and "status" in row.cells and (percent is not None or "percent" not in row.cells):
            self._say_status(row, percent)
        return percent

    def done_on(self, row: TableRow) -> date | None:
        """Read the day in a column such as Done: it is the day on which the work was finished."""
        text = row.cells.get("percent", "")
        if not (self.is_status and self._has_day(text)):
            return None
        if "finished" in row.cells:
            self.table.say(f"'{text}' was not used: the line has a finish.", row.line, row.columns["percent"])
            return None
        return row.read("percent", read_day, self.problems)

    def _has_day(self, text: str) -> bool:
        """Return whether a cell of a column such as Done has a day (right or wrong) instead of yes or no."""
        return self.asks_whether and _LIKE_A_DAY.search(text) is not None

    def _say_status(self, row: TableRow, percent: int | None) -> None:
        word = folded(plain_status(row.cells["status"]))
        if word in BEGUN:
            agrees = (percent is not None and 0 < percent < 100) or (percent is None and "started" in row.cells)
        elif word in NOT_DONE:
            agrees = percent != 100
        else:
            agrees = (WORDS | TICKS).get(word, percent) == percent
        if not agrees:
            says = "is empty" if percent is None else f"says {percent}%"
            what = f"'{row.cells['status']}' was not used: {row.headings.get('percent', '% complete')} {says}."
            self.table.say(what, row.line, row.columns["status"])

    def _percent(self, row: TableRow) -> int | None:
        """Read % complete; it is unknown for work that has only begun, as some lists say in words.

        In a status column, words that say nothing about progress are ignored.
        """
        text = row.cells.get("percent", "")
        if self.is_status and self._has_day(text):
            return None
        given, text = text, plain_status(text) if self.is_status else text
        if self.is_status and folded(text) in NOT_DONE:
            return 0 if "finished" in row.cells else None
        is_begun, is_known = folded(text) in BEGUN, folded(text) in WORDS | TICKS
        is_words = self.is_status and not is_known and not text[:1].isdigit() and folded(text) not in UNCLEAR
        if text and (is_begun or is_words):
            if not is_begun or "started" not in row.cells:
                what = f"'{given}' was not used: it does not say how much is complete."
                self.table.say(what, row.line, row.columns["percent"])
            return None
        if is_typed_as_whole(text):
            self.table.say(f"'{text}' was read as {int(text[:-1]) // 100}%.", row.line, row.columns["percent"])
        number = row.read("percent", lambda _: self._parsed(text), self.problems)
        if number is None:
            return None
        percent = whole_percent(number)
        if percent != number:
            self.table.say(
                f"'{text}' was read as {percent}%: only whole percent count.", row.line, row.columns["percent"]
            )
        return percent

    def _parsed(self, text: str) -> float:
        if self.is_status and _LIKE_A_DAY.search(text):
            raise ValueError(f"'{text[:40]}' is a day, not a status. Put it in a column called 'Actual finish'.")
        if self.is_status and folded(text) in UNCLEAR:
            raise ValueError(TICK_OR_CROSS.format(text))
        return parse_percent(text, shares=self.shares, ticks=self.is_status)


def missing_columns(table: Table) -> Problem | None:
    """Return the problem of a sheet in which no column names tasks, or none has progress."""
    columns = {m.field.name for m in table.columns.matches}
    if not columns & {"task", "task_id"}:
        what = "No column says which task each line is about."
        remedy = "Add one headed 'Task' (for names) or 'Task id'."
    elif not columns & LABELS.keys():
        what, remedy = "No column has progress.", f"It is read from {', '.join(LABELS.values())}."
    else:
        return None
    return Problem(file=table.file, line=table.layout.header_line, what=what, remedy=remedy)


def check_progress(table: Table, problems: list[Problem], on: date) -> None:
    """Find a sheet's mistakes that can be found without its programme; `on` is the last day that it may name."""
    if (missing := missing_columns(table)) is not None:
        problems.append(missing)
        return
    reader, seen = SheetProgressReader(table, problems, MINUTES), dict[str, int]()
    for row in rows_of(table, problems):
        before = len(problems)
        typed, was = reader.cells(row), None
        with suppress(ValueError, TypeError, KeyError):
            was = exported_cells((read_exported(row.cells.get("exported", "")) or {})["cells"])
        if typed == was or len(problems) > before:
            continue
        if "task_id" in row.cells:
            row.is_first("task_id", row.cells["task_id"], seen, problems, remedy=ONE_LINE)
        for column, what, remedy in contradictions(_typed_into(typed, was), on):
            problems.append(row.problem(column, f"{LABELS[column]}: {what}", remedy))


def _typed_into(typed: ProgressCells, was: ProgressCells | None) -> ProgressCells:
    """Return the cells of an exported row that people have filled in; days are used as they are."""
    if was is None:
        return typed
    return replace(
        typed,
        percent=typed.percent if typed.percent != was.percent else None,
        remaining=typed.remaining if typed.remaining != was.remaining else "",
        comment=typed.comment if typed.comment != was.comment else "",
    )
