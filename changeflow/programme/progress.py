"""Progress as people report it, in days, and as the plan has it, in minutes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.programme.facts import Facts
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit, parse_duration
from changeflow.values.moments import day_of, format_day, last_day_of, minute_of
from changeflow.values.words import Kind

SHOWN_AHEAD = 5
"""A list of checkpoints is read in a terminal: our own choice."""


@dataclass(frozen=True, slots=True)
class ReportedProgress:
    """What a person reports about a task: days, inclusive; `remaining` as a duration's text."""

    task: str
    started: date
    finished: date | None = None
    remaining: str | None = None


def parse_remaining(text: str, *, minutes_per_day: int) -> int:
    """Read what is left of a task, as minutes of working or elapsed time; `ValueError` says what would be right.

    >>> parse_remaining("1.5d", minutes_per_day=450)
    675
    """
    left = parse_duration(text, minutes_per_day=minutes_per_day)
    if left.unit not in (Unit.WORKING, Unit.ELAPSED):
        raise ValueError(f"'{text}' is not a time that is left. Write it in days or hours, such as 5d or 4h.")
    return left.amount


def finish_of(programme: Programme, task: TaskId, finished: date, started: date | None = None) -> ReportedProgress:
    """Return the report of a finish: its start is the one given, the one known, or its forecast's."""
    if task not in programme.roadmap.tasks:
        raise UnknownThingError("task", task, programme.roadmap.tasks)
    if started is None:
        known = programme.facts.progress.get(task)
        begun = day_of(known.actual_start if known else programme.timed(task).early_start)
        started = min(begun, finished)
    return ReportedProgress(task, started, finished)


def progress_of(programme: Programme, reported: ReportedProgress) -> TaskProgress:
    """Turn reported days into positions: a start is the day's first working minute, a finish its last."""
    task = programme.roadmap.tasks.get(reported.task)
    if task is None:
        raise UnknownThingError("task", reported.task, programme.roadmap.tasks)
    is_working = task.duration.unit is Unit.WORKING and not task.is_milestone
    calendar = programme.roadmap.calendar_of(task.id)
    start = minute_of(reported.started)
    finish = minute_of(reported.finished + timedelta(days=1)) if reported.finished else None
    if task.kind is Kind.DECISION and task.is_milestone:
        # A decision of the day counts from its evening: what led to it happened before.
        start = max(start, calendar.previous_working(minute_of(reported.started + timedelta(days=1))))
        finish = start if reported.finished else None
    elif task.is_milestone:
        finish = start if reported.finished else None
    elif is_working:
        start = calendar.next_working(start)
        # Work on a day off is work all the same: then the days stay as they were reported.
        finish = max(start, calendar.previous_working(finish)) if finish is not None else None
    try:
        day, text = programme.minutes_per_day, reported.remaining
        return TaskProgress(start, finish, parse_remaining(text, minutes_per_day=day) if text else None)
    except ValueError as error:
        raise InputError(str(error)) from None


def checked_progress(
    programme: Programme, reported: Iterable[ReportedProgress], on: date
) -> dict[TaskId, TaskProgress]:
    """Turn reports into positions; a day in the future, an unknown task and a gate's finish are errors."""
    checked: dict[TaskId, TaskProgress] = {}
    for one in reported:
        last = max(one.started, one.finished or one.started)
        if last > on:
            raise InputError(f"{one.task}: {format_day(last)} is in the future. No changes saved.")
        checked[one.task] = progress_of(programme, one)
        gate = programme.roadmap.tasks[one.task]
        if gate.gate is not None and one.finished is not None and not programme.is_done(one.task):
            raise InputError(
                f"{one.task} is a gate: a decision finishes it. Record it with changeflow gate decide {one.task}, "
                "or many with changeflow gate import. No changes saved."
            )
    _check_closing(programme, checked)
    return checked


def with_progress(facts: Facts, checked: Mapping[TaskId, TaskProgress]) -> Facts:
    """Return the facts with some more progress."""
    return replace(facts, progress={**facts.progress, **checked})


def task_subject(task: Task) -> Subject:
    """Return a task as the thing that an action is about."""
    owners = frozenset({task.owner} if task.owner else ())
    return Subject(thing=f"“{task.name}”", service=task.service, schools=task.schools, owners=owners)


def _check_closing(programme: Programme, checked: Mapping[TaskId, TaskProgress]) -> None:
    """Refuse to close a programme whose checkpoints are not all done: whether it has stuck is not known before."""
    closing = [t for t, p in checked.items() if p.is_done and programme.roadmap.tasks[t].kind is Kind.CLOSURE]
    ahead = [
        task
        for task in programme.tasks(kind=Kind.CHECKPOINT)
        if not programme.is_done(task.id) and not ((own := checked.get(task.id)) and own.is_done)
    ]
    if not closing or not ahead:
        return
    ahead.sort(key=lambda t: (programme.timed(t.id).early_finish, t.id))
    lines = [f"  {t.name}, {format_day(last_day_of(programme.timed(t.id).early_finish))}" for t in ahead[:SHOWN_AHEAD]]
    if len(ahead) > SHOWN_AHEAD:
        lines.append(f"  and {len(ahead) - SHOWN_AHEAD} more")
    last = format_day(last_day_of(programme.timed(ahead[-1].id).early_finish))
    raise CheckFailedError(
        f"The programme cannot be closed before its last checkpoint, planned for {last} (R16): whether the change has "
        "stuck is not known yet. No changes saved. Still ahead:\n" + "\n".join(lines)
    )
