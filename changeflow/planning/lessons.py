"""Lessons of finished waves for later ones: the actual duration of a step against its plan."""

from collections.abc import Iterator
from dataclasses import dataclass

from changeflow.programme.programme import Programme
from changeflow.roadmap.model.naming import TaskName
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit
from changeflow.values.moments import day_of, last_day_of

TRUST = 2
WORTH_TELLING = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One step of one service: its planned and actual duration, and the effect on the rest."""

    service: str
    step: str
    name: str
    count: int
    """The number of finished tasks."""
    planned: int
    """Total working minutes."""
    taken: int
    factor: float
    """The factor for the rest: as observed, but closer to the plan if there are few observations."""
    least: float
    most: float
    """The smallest and largest actual duration as a share of its plan."""
    tasks: tuple[TaskId, ...]
    """Tasks that have not begun, in later waves and schools."""


def lessons(programme: Programme) -> Iterator[Lesson]:
    """Yield a lesson for each step with finished and future tasks, if the difference is large enough."""
    done: dict[tuple[str, str], list[tuple[Task, int]]] = {}
    ahead: dict[tuple[str, str], list[Task]] = {}
    for task in programme.tasks():
        if task.service is None or task.wave is None or task.duration.is_zero or task.duration.unit is not Unit.WORKING:
            continue
        key = (task.service, task.step)
        progress = programme.facts.progress.get(task.id)
        if progress is None:
            ahead.setdefault(key, []).append(task)
        elif progress.actual_finish is not None:
            taken = _taken(programme, task, progress.actual_start, progress.actual_finish)
            done.setdefault(key, []).append((task, taken))
    for key in sorted(done.keys() & ahead.keys()):
        lesson = _lesson(programme, key, done[key], ahead[key])
        if abs(lesson.factor - 1) >= WORTH_TELLING:
            yield lesson


def _taken(programme: Programme, task: Task, start: int, finish: int) -> int:
    """Return a task's actual working minutes; a day off on which it began or finished counts as a day."""
    calendar = programme.roadmap.calendar_of(task.id)
    days_off = [day for day in {day_of(start), last_day_of(finish)} if not calendar.works_on(day)]
    return calendar.between(start, finish) + len(days_off) * programme.minutes_per_day


def _lesson(programme: Programme, key: tuple[str, str], done: list[tuple[Task, int]], ahead: list[Task]) -> Lesson:
    planned, taken = sum(t.duration.amount for t, _ in done), sum(minutes for _, minutes in done)
    shares = [minutes / t.duration.amount for t, minutes in done]
    count, (service, step) = len(done), key
    return Lesson(
        service=service,
        step=step,
        name=str(TaskName(step.replace("-", " "), service=programme.service(service).name)),
        count=count,
        planned=planned,
        taken=taken,
        factor=(count * taken / planned + TRUST) / (count + TRUST),
        least=min(shares),
        most=max(shares),
        tasks=tuple(t.id for t in ahead),
    )
