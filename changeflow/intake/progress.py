"""Progress in: one CSV line a task, with its actual dates."""

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from changeflow.intake.tables import TableRow, read_table
from changeflow.programme.progress import ReportedProgress, parse_remaining
from changeflow.values.limits import parse_day
from changeflow.values.problem import Problem, did_you_mean


def read_progress(
    path: Path, shown: str, problems: list[Problem], *, tasks: Collection[str]
) -> Iterator[ReportedProgress]:
    """Read lines of `task,started,finished,remaining`."""
    rows = read_table(path, shown, problems, required=("task", "started"), optional=("finished", "remaining"))
    for row in rows:
        task = row.cells["task"]
        if task not in tasks:
            problems.append(row.problem(shown, "task", f"There is no task '{task}'.", did_you_mean(task, tasks)))
            continue
        remaining = row.cells.get("remaining")
        if remaining is not None and not _is_remaining(remaining, row, shown, problems):
            continue
        started, finished = read_day(row, "started", shown, problems), read_day(row, "finished", shown, problems)
        if started and finished and finished < started:
            problems.append(row.problem(shown, "finished", f"'{task}' finishes before it starts.", "Swap the days."))
        elif started:
            yield ReportedProgress(task, started, finished, remaining)


def _is_remaining(text: str, row: TableRow, shown: str, problems: list[Problem]) -> bool:
    try:
        parse_remaining(text, minutes_per_day=24 * 60)
    except ValueError as error:
        what, _, remedy = str(error).partition(". ")
        problems.append(row.problem(shown, "remaining", f"{what}.", remedy))
        return False
    return True


def read_day(row: TableRow, column: str, shown: str, problems: list[Problem]) -> date | None:
    """Read a cell that is a day; an empty one is None, one that is no day a problem."""
    text = row.cells.get(column)
    if text is None:
        return None
    try:
        return parse_day(text)
    except ValueError as error:
        what, _, remedy = str(error).partition(". ")
        problems.append(row.problem(shown, column, f"{what}.", remedy))
        return None
