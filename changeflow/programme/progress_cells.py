"""A task's cells in the progress sheet columns that people fill in and that are read back."""

from dataclasses import dataclass
from datetime import date

from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY, day_of

_WHOLE = {Unit.SCHOOL_WEEKS: "sw", Unit.PAY_PERIODS: "pp", Unit.TERMS: "t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressCells:
    """The recorded progress of one task; empty if there is none."""

    percent: int | None = None
    started: date | None = None
    finished: date | None = None
    """The last day, inclusive."""
    remaining: str = ""
    """Working days as a number, any other unit as a duration: `2.5`, `10ed`."""
    comment: str = ""


def progress_cells(programme: Programme, task: TaskId) -> ProgressCells:
    """Return a task's recorded progress; for an unreported milestone, the progress that follows from its tasks."""
    found = programme.roadmap.tasks[task]
    progress = programme.facts.progress.get(task)
    if progress is None and programme.is_done(task):
        progress = programme.roadmap.progress[task]
    comment = programme.facts.comment(task)
    words = comment.text if comment is not None else ""
    if progress is None:
        return ProgressCells(percent=0, comment=words)
    finished = None
    if progress.actual_finish is not None:
        finished = Dates(progress.actual_start, progress.actual_finish).last_day
    left = progress.remaining if finished is None else None
    return ProgressCells(
        percent=percent_complete(found, progress),
        started=day_of(progress.actual_start),
        finished=finished,
        remaining=days_or_duration(left, programme.minutes_per_day) if left is not None else "",
        comment=words,
    )


def percent_complete(task: Task, progress: TaskProgress | None) -> int | None:
    """Return % complete as reported, otherwise from the remaining duration; None for begun work without a report.

    >>> task = Task(id="t", name="T", calendar="office", duration=Duration(4500))
    >>> percent_complete(task, TaskProgress(0, None, Duration(900))), percent_complete(task, None)
    (80, 0)
    """
    if progress is None:
        return 0
    if progress.is_done:
        return 100
    if progress.percent is not None:
        return progress.percent
    left, planned = progress.remaining, task.duration
    if left is None or left.unit is not planned.unit or planned.is_zero:
        return None
    return max(0, min(99, round(100 * (planned.amount - left.amount) / planned.amount)))


def days_or_duration(length: Duration, minutes_per_day: int) -> str:
    """Write working time as a number of days, and any other unit as a duration.

    >>> days_or_duration(Duration(675), 450), days_or_duration(Duration(2, Unit.PAY_PERIODS), 450)
    ('1.5', '2pp')
    >>> days_or_duration(Duration(14400, Unit.ELAPSED), 450)
    '10ed'
    """
    if length.unit is Unit.WORKING:
        return f"{round(length.amount / minutes_per_day, 2):g}"
    if length.unit is Unit.ELAPSED:
        return f"{length.amount // DAY}ed" if length.amount % DAY == 0 else f"{length.amount}em"
    return f"{length.amount}{_WHOLE[length.unit]}"


def duration_text(length: Duration) -> str:
    """Write a duration so that it is read back exactly; working time in minutes.

    >>> duration_text(Duration(905)), duration_text(Duration(3, Unit.SCHOOL_WEEKS))
    ('905m', '3sw')
    """
    return f"{length.amount}m" if length.unit is Unit.WORKING else days_or_duration(length, 1)
