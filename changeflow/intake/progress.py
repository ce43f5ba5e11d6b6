"""Progress in: one CSV line a task, with its actual dates."""

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

from changeflow.intake.tables import read_table
from changeflow.programme.recording import ReportedProgress, parse_remaining
from changeflow.values.limits import parse_day
from changeflow.values.problem import Problem


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


_parse_any_remaining = partial(parse_remaining, minutes_per_day=24 * 60)
