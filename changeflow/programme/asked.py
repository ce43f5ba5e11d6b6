"""Decisions that are ready to be made: since when, and the earliest day on which they can be made.

Once everything before a decision is finished, its planned time starts, whether or not anyone works on it. It is made
today at the earliest, and takes effect that evening, as a recorded decision does (`recording.progress_of`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from changeflow.roadmap.engine.pace import lagged
from changeflow.roadmap.model.tasks import Bound, Link, Roadmap, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import ZERO, Duration, Unit
from changeflow.values.moments import DAY, day_of, minute_of
from changeflow.values.words import Kind

FLOORS = (Bound.START_NO_EARLIER, Bound.FINISH_NO_EARLIER, Bound.MUST_START)


def asked_at(roadmap: Roadmap, task: Task, into: Iterable[Link]) -> int | None:
    """Return the minute from which a decision can be made: everything before it is finished and its own day has come.

    None while something before it is unfinished.
    """
    at = max([roadmap.start, *(c.at for c in task.constraints if c.bound in FLOORS)])
    for link in into:
        before = roadmap.progress.get(link.predecessor)
        if before is None or before.actual_finish is None:
            return None
        end = before.actual_finish if link.type.from_finish else before.actual_start
        at = max(at, lagged(roadmap, end, link, (before.actual_start, before.actual_finish)))
    if task.starts_on is not None:
        at = roadmap.periods[task.starts_on].next_start(at)
    return at if task.is_milestone else roadmap.calendar_of(task.id).next_working(at)


def floor_of(roadmap: Roadmap, task: Task) -> int:
    """Return the minute before which a decision cannot be made in any case."""
    own = (c.at for c in task.constraints if c.bound in FLOORS)
    return max([roadmap.start, *own, *([roadmap.data_date] if roadmap.data_date is not None else [])])


def evening_of(roadmap: Roadmap, task: TaskId, at: int) -> int:
    """Return the end of the first working day, at or after an instant, on which a decision can be made."""
    calendar = roadmap.calendar_of(task)
    return calendar.previous_working(minute_of(day_of(calendar.next_working(at))) + DAY)


def with_asked(roadmap: Roadmap, reported: Mapping[TaskId, TaskProgress]) -> Roadmap:
    """Return the roadmap in which each decision that is ready ends this evening, or when its planned time is up.

    `reported` is the progress that people reported. A decision with start windows waits for the next window.
    """
    if roadmap.data_date is None:
        return roadmap
    progress = {t: p for t, p in roadmap.progress.items() if not _is_implied(roadmap, t, reported)}
    base = replace(roadmap, progress=progress)
    decisions = {
        t.id: t
        for t in roadmap.tasks.values()
        if t.kind is Kind.DECISION and t.starts_on is None and not base.is_done(t.id)
    }
    into: dict[TaskId, list[Link]] = {t: [] for t in decisions}
    for link in roadmap.links:
        if link.successor in into:
            into[link.successor].append(link)
    waiting = {t: found for t, task in decisions.items() if (found := _deciding(base, task, into[t])) is not None}
    return (
        replace(base, progress={**progress, **waiting}) if waiting or len(progress) < len(roadmap.progress) else roadmap
    )


def without_asked(roadmap: Roadmap, reported: Mapping[TaskId, TaskProgress]) -> dict[TaskId, TaskProgress]:
    """Return the progress without the additions of `with_asked`; decisions are then due when their time is up."""
    return {
        t: reported[t] if t in reported and roadmap.tasks[t].kind is Kind.DECISION else p
        for t, p in roadmap.progress.items()
        if not _is_implied(roadmap, t, reported)
    }


def _is_implied(roadmap: Roadmap, task: TaskId, reported: Mapping[TaskId, TaskProgress]) -> bool:
    return task not in reported and roadmap.tasks[task].kind is Kind.DECISION


def _deciding(roadmap: Roadmap, task: Task, into: Iterable[Link]) -> TaskProgress | None:
    begun, today = roadmap.progress.get(task.id), roadmap.data_date or 0
    asked = begun.actual_start if begun is not None else asked_at(roadmap, task, into)
    if asked is None or asked >= today or (begun is not None and begun.remaining is not None):
        return begun
    calendar = roadmap.calendar_of(task.id)
    finish = max(asked, evening_of(roadmap, task.id, today))
    if task.is_milestone:
        return TaskProgress(finish, remaining=ZERO)
    if task.duration.unit is not Unit.WORKING:
        return begun or TaskProgress(asked)
    finish = max(finish, calendar.add(asked, task.duration.amount))
    return TaskProgress(asked, remaining=Duration(calendar.between(today, finish)))
