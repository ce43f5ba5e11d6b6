"""Which tasks can have another owner or start, to which day a start moves, and whether the plan follows it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from changeflow.programme.assembly.action_owners import is_planned_action
from changeflow.programme.programme import Programme
from changeflow.programme.references import PROGRAMME
from changeflow.roadmap.analysis.lengths import OFFICE
from changeflow.roadmap.model.tasks import Bound, Constraint, Task
from changeflow.values.base import TaskId
from changeflow.values.moments import format_day, minute_of
from changeflow.values.words import Kind

_REPEATED = re.compile(r"-again-\d+$")
"""How the id of a repeated pilot or run ends."""
_FIXED = (Bound.MUST_START, Bound.MUST_FINISH)


@dataclass(frozen=True, slots=True)
class TaskMove:
    """A task with the day to which its start moves."""

    task: TaskId
    to: date
    is_set: bool
    """Whether its earliest start must change. Otherwise it moves earlier if the tasks before it do."""


def moves_by(programme: Programme, tasks: Iterable[TaskId], days: int) -> tuple[TaskMove, ...]:
    """Return the moves of tasks by working days of the office, negative for earlier."""
    return tuple(_move(programme, task, days) for task in tasks)


def _move(programme: Programme, task: TaskId, days: int) -> TaskMove:
    roadmap = programme.roadmap
    office = roadmap.calendars.get(OFFICE) or roadmap.calendar_of(task)
    to = office.day_after(programme.timed(task).first_day, days)
    is_set = days > 0 or any(c.at > minute_of(to) for c in own_earliest(programme, task))
    return TaskMove(task, to, is_set)


def own_earliest(programme: Programme, task: TaskId) -> tuple[Constraint, ...]:
    """Return the earliest starts that are set for the task itself, not for its wave or by levelling."""
    found, others = programme.roadmap.tasks[task], {day for _, day in _others(programme, task)}
    bounds = (c for c in found.constraints if c.bound is Bound.START_NO_EARLIER and not c.because)
    return tuple(c for c in bounds if c.at not in others)


def _others(programme: Programme, task: TaskId) -> Iterator[tuple[str, int]]:
    """Yield what else sets an earliest start for a task, in words, and when it is."""
    definition, found = programme.definition, programme.roadmap.tasks[task]
    wave = next((w for w in definition.programme.waves if w.id == found.wave), None)
    if found.kind is Kind.GO_LIVE and wave is not None and wave.start_no_earlier is not None:
        yield f"The earliest start of {wave.name}", minute_of(wave.start_no_earlier)
    if (at := definition.levelling.accepted.get(task)) is not None:
        yield "Levelling", minute_of(at)


def is_in_no_file(task: Task) -> bool:
    """Return whether a task was added for something that was recorded or decided."""
    return task.is_added or (bool(task.because) and _REPEATED.search(task.id) is not None)


def is_never_moved(task: Task) -> bool:
    """Return whether a task has no start of its own in the files: a milestone of the programme, or an added task."""
    return is_in_no_file(task) or (task.is_milestone and task.id.startswith(f"{PROGRAMME}/"))


def why_fixed(programme: Programme, task: TaskId, *, earlier: bool = False) -> str:
    """Return why a task's start cannot be moved, as a sentence; empty if it can be."""
    found, progress = programme.roadmap.tasks[task], programme.roadmap.progress.get(task)
    name = f"“{found.name}”"
    if progress is not None:
        return f"{name} has {'finished' if progress.is_done else 'started'}, so its start is recorded."
    if is_in_no_file(found):
        return f"{name} is not in the plan’s files. Its dates follow from what was recorded or decided."
    if is_never_moved(found):
        return f"{name} is a milestone. It moves with the tasks before it."
    if any(c.bound in _FIXED for c in found.constraints):
        return f"{name} has a fixed date. Remove or change that date first."
    if earlier and found.as_late_as_possible:
        return f"{name} is planned as late as possible. It moves with the tasks after it."
    return ""


def why_owned(programme: Programme, task: TaskId) -> str:
    """Return why the plan's files cannot give a task another owner, as a sentence; empty if they can."""
    found = programme.roadmap.tasks[task]
    if is_in_no_file(found) and not (found.service and is_planned_action(found.step)):
        return f"“{found.name}” is not in the plan’s files. Its owner follows from what was recorded or decided."
    return ""


def why_held(programme: Programme, move: TaskMove) -> str:
    """Return what else keeps a task from an earlier start, besides links: its wave, or levelling."""
    name = programme.roadmap.tasks[move.task].name
    found = (what for what, at in _others(programme, move.task) if at > minute_of(move.to))
    return next((f"{what} keeps “{name}” from starting on {format_day(move.to)}." for what in found), "")


def falls_short(after: Programme, move: TaskMove, *, earlier: bool) -> bool:
    """Return whether the plan would not follow a move: the task starts before its new day, or later than it could."""
    timed, wanted = after.timed(move.task), minute_of(move.to)
    if not earlier:
        return timed.early_start < wanted
    task = after.roadmap.tasks[move.task]
    first = after.roadmap.calendar_of(move.task).next_working(wanted)
    if task.starts_on is not None:
        first = after.roadmap.periods[task.starts_on].next_start(first)
    bounds = [c.at for c in task.constraints if c.bound is Bound.START_NO_EARLIER]
    is_only_new = timed.reason is Bound.START_NO_EARLIER and max(bounds) <= wanted
    return timed.early_start > first and not is_only_new
