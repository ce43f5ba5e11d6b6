"""Progress in: one CSV line a task, with its actual dates."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from changeflow.intake.tables import read_table
from changeflow.values.duration import Unit, parse_duration
from changeflow.values.limits import parse_day
from changeflow.values.problem import Problem


@dataclass(frozen=True, slots=True)
class ReportedProgress:
    """What somebody reports of a task: days, inclusive; `remaining` as a duration's text."""

    task: str
    started: date
    finished: date | None = None
    remaining: str | None = None


def read_progress(
    path: Path, shown: str, problems: list[Problem], *, tasks: Collection[str]
) -> Iterator[ReportedProgress]:
    """Read lines of `task,started,finished,remaining`."""
    rows = read_table(path, shown, problems, required=("task", "started"), optional=("finished", "remaining"))
    for row in rows:
        if not row.names("task", "task", tasks, problems):
            continue
        task, remaining = row.cells["task"], row.cells.get("remaining")
        if remaining is not None and row.read("remaining", _parse_any_remaining, problems) is None:
            continue
        started, finished = (row.read(column, parse_day, problems) for column in ("started", "finished"))
        if started and finished and finished < started:
            problems.append(row.problem("finished", f"'{task}' finishes before it starts.", "Swap the days."))
        elif started:
            yield ReportedProgress(task, started, finished, remaining)


def parse_remaining(text: str, *, minutes_per_day: int) -> int:
    """Read what is left of a task, as minutes of working or elapsed time; `ValueError` says what would be right.

    >>> parse_remaining("1.5d", minutes_per_day=450)
    675
    """
    left = parse_duration(text, minutes_per_day=minutes_per_day)
    if left.unit not in (Unit.WORKING, Unit.ELAPSED):
        raise ValueError(f"'{text}' is not a time that is left. Write it in days or hours, such as 5d or 4h.")
    return left.amount


_parse_any_remaining = partial(parse_remaining, minutes_per_day=24 * 60)
