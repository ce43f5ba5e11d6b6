"""A programme's recovery options for a date, resolved to its tasks and simulated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from changeflow.planning.risk import tasks_named
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Bound, Roadmap, Task
from changeflow.roadmap.risk.model import Play, Range, RiskModel, TaskChange, Tried
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit
from changeflow.values.moments import minute_of


def changes_of(programme: Programme, model: RiskModel) -> tuple[TaskChange, ...]:
    """Resolve the recovery options in risk.yaml; a shortened task keeps the shape of its range."""
    ranges = {r.task: r for r in model.ranges}
    found = []
    for option in programme.definition.risk.recovery_options:
        shortened: dict[TaskId, tuple[int, int, int]] = {}
        for text, percent in option.shorten.items():
            for task in tasks_named(programme, text):
                known = ranges.get(task) or _planned(programme.roadmap.tasks[task])
                if known is not None:
                    points = (known.low, known.likely, known.high)
                    shortened[task] = tuple(p * percent // 100 for p in points)  # type: ignore[assignment]
        names = {e.id: e.name or e.id for e in programme.definition.risk.events}
        found.append(
            TaskChange(
                id=option.id,
                name=option.name or option.id.replace("-", " "),
                cost=option.cost,
                ranges=shortened,
                odds={names[e]: odds for e, odds in option.events.items()},
                starts={t: minute_of(day) for text, day in option.starts.items() for t in tasks_named(programme, text)},
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryQuestion:
    """Whether `target` is done by `by` in a given percentage of iterations."""

    target: TaskId
    by: int
    percent: float
    iterations: int
    seed: int


def player(roadmap: Roadmap, model: RiskModel, changes: Sequence[TaskChange], question: RecoveryQuestion) -> Play:
    """Return a function that simulates a set of options. All sets use the same random numbers."""
    from changeflow.roadmap.risk.simulate import simulate

    # Tasks that any option affects are drawn in every set, so that all other draws are equal.
    known = {r.task for r in model.ranges}
    touched = dict.fromkeys(t for c in changes for t in c.ranges if t not in known)
    widened = [r for t in touched if (r := _planned(roadmap.tasks[t])) is not None]
    whole = replace(model, ranges=(*model.ranges, *widened))

    def play(chosen: Sequence[TaskChange]) -> Tried:
        improved = _with(whole, chosen)
        tasks = _starting(roadmap, chosen)
        target, count = question.target, question.iterations
        found = simulate(replace(roadmap, tasks=tasks), improved, [target], iterations=count, seed=question.seed)
        return Tried(odds=found.odds(target, question.by), at=found.percentile(target, question.percent))

    return play


def _with(model: RiskModel, chosen: Sequence[TaskChange]) -> RiskModel:
    """Apply options to a model; if two affect the same task, the better one counts."""
    ranges = []
    for r in model.ranges:
        options = [(r.low, r.likely, r.high), *(c.ranges[r.task] for c in chosen if r.task in c.ranges)]
        low, likely, high = min(options, key=sum)
        ranges.append(replace(r, low=low, likely=likely, high=high))
    events = tuple(
        replace(e, probability=min([e.probability, *(c.odds[e.name] for c in chosen if e.name in c.odds)]))
        for e in model.events
    )
    return replace(model, ranges=tuple(ranges), events=events)


def _starting(roadmap: Roadmap, chosen: Sequence[TaskChange]) -> dict[TaskId, Task]:
    """Apply options that let tasks start before their own date."""
    tasks = dict(roadmap.tasks)
    for change in chosen:
        for task, at in change.starts.items():
            own = tasks[task].constraints
            constraints = tuple(replace(c, at=min(c.at, at)) if c.bound is Bound.START_NO_EARLIER else c for c in own)
            tasks[task] = replace(tasks[task], constraints=constraints)
    return tasks


def _planned(task: Task) -> Range | None:
    """Return a zero-width range for work that has no range."""
    if task.duration.unit is not Unit.WORKING or task.duration.is_zero:
        return None
    planned = task.duration.amount
    return Range(task=task.id, low=planned, likely=planned, high=planned)
