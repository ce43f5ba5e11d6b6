"""From a programme to a model of its risks: ranges of tasks, causes that they share, events that strike them."""

from collections.abc import Iterable
from dataclasses import dataclass

from changeflow.planning.lessons import Lesson
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.roadmap.risk.model import Happening, Range, RiskModel, Shared
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit, parse_range

LONG_DAYS = 5
"""Working days from which on a task on the driving path needs a range before odds are told: our own choice."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """A range for tasks that have none, in percent of the planned duration: an assumption, and labelled so."""

    low: int
    high: int


def tasks_named(programme: Programme, text: str) -> tuple[TaskId, ...]:
    """Return the tasks that a text means: a full id, `service/step`, or a step of every service."""
    if text in programme.roadmap.tasks:
        return (text,)
    service, _, step = text.rpartition("/")
    return tuple(t.id for t in programme.tasks() if t.step == step and (not service or t.service == service))


def risk_model(programme: Programme, *, assumed: Assumed | None = None, learned: Iterable[Lesson] = ()) -> RiskModel:
    """Return what is drawn: `assumed` gives a range to open work without one, `learned` changes that of later waves."""
    risk, minutes = programme.definition.risk, programme.minutes_per_day
    taught = {task: lesson for lesson in learned for task in lesson.tasks}
    ranges = [
        r for t in programme.tasks() if (r := _range(t, risk.distribution, assumed, taught.get(t.id))) is not None
    ]
    return RiskModel(
        ranges=tuple(ranges),
        causes=tuple(
            Shared(name=c.name or c.id, correlation=c.correlation, tasks=_all(programme, c.tasks)) for c in risk.causes
        ),
        events=tuple(
            Happening(
                name=e.name or e.id,
                probability=e.probability,
                effect=parse_range(e.effect, minutes_per_day=minutes),
                tasks=_all(programme, e.tasks),
            )
            for e in risk.events
        ),
    )


def without_range(programme: Programme) -> tuple[Task, ...]:
    """Return the long open tasks on the driving path that have no range: odds mean little as long as they have none."""
    return tuple(
        t
        for t in programme.tasks()
        if t.estimate is None
        and t.id not in programme.roadmap.progress
        and t.duration.unit is Unit.WORKING
        and t.duration.amount >= LONG_DAYS * programme.minutes_per_day
        and programme.timed(t.id).driving
    )


def _range(task: Task, distribution: str, assumed: Assumed | None, lesson: Lesson | None) -> Range | None:
    planned, factor = task.duration.amount, lesson.factor if lesson else 1.0
    points: tuple[int, ...]
    if task.estimate is not None:
        points = tuple(round(minutes * factor) for minutes in task.estimate)
    elif lesson is not None:
        shares = (min(lesson.least, 1.0, factor), factor, max(lesson.most, 1.0, factor))
        points = tuple(round(planned * share) for share in shares)
    elif assumed is None or task.duration.unit is not Unit.WORKING or task.duration.is_zero:
        return None
    else:
        points = (planned * assumed.low // 100, planned, planned * assumed.high // 100)
    low, likely, high = points
    return Range(task=task.id, low=low, likely=likely, high=high, distribution=distribution)


def _all(programme: Programme, texts: tuple[str, ...]) -> tuple[TaskId, ...]:
    return tuple(dict.fromkeys(t for text in texts for t in tasks_named(programme, text)))
