"""Turn a programme into a model of its risks: the ranges of tasks, shared causes, and events."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from changeflow.planning.lessons import Lesson
from changeflow.programme.facts import Odds
from changeflow.programme.programme import Programme
from changeflow.roadmap.levelling.teams import everybody, stretches
from changeflow.roadmap.model.requests import Event
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Milestone, Roadmap, Task
from changeflow.roadmap.risk.model import Happening, Range, RiskModel, Shared, Simulation
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit, parse_range
from changeflow.values.moments import DAY, minute_of

LONG_DAYS = 5
"""A task on the driving path with at least this many working days needs a range before odds are shown. This number is
our own choice."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """The range to assume for tasks without one, in percent of their planned duration. Reports label it as assumed."""

    low: int
    high: int


def tasks_named(programme: Programme, text: str) -> tuple[TaskId, ...]:
    """Return the tasks that a reference names: a full id, `service/step`, or a step of every service."""
    if text in programme.roadmap.tasks:
        return (text,)
    service, _, step = text.rpartition("/")
    return tuple(t.id for t in programme.tasks() if t.step == step and (not service or t.service == service))


def risk_model(programme: Programme, *, assumed: Assumed | None = None, learned: Iterable[Lesson] = ()) -> RiskModel:
    """Return the risk model. `assumed` supplies a range for open tasks without one; `learned` adjusts the ranges of
    later waves."""
    risk = programme.definition.risk
    taught = {task: lesson for lesson in learned for task in lesson.tasks}
    ranges = (_range(t, risk.distribution, assumed, taught.get(t.id)) for t in programme.tasks())
    return RiskModel(
        ranges=tuple(r for r in ranges if r is not None),
        causes=tuple(
            Shared(name=c.name or c.id, correlation=c.correlation, tasks=_all(programme, c.tasks)) for c in risk.causes
        ),
        events=tuple(_happening(programme, e) for e in risk.events),
    )


def _happening(programme: Programme, event: Event) -> Happening:
    effect, unit = parse_range(event.effect, minutes_per_day=programme.minutes_per_day)
    return Happening(
        name=event.name or event.id,
        probability=event.probability,
        effect=effect,
        unit=unit,
        tasks=_all(programme, event.tasks),
        distribution=programme.definition.risk.distribution,
    )


def without_range(programme: Programme) -> tuple[Task, ...]:
    """Return the long open tasks on the driving path that have no range. Such tasks make odds unreliable."""
    working = [t for t in programme.tasks() if t.duration.unit is Unit.WORKING and t.estimate is None]
    long = [t for t in working if t.duration.amount >= LONG_DAYS * programme.minutes_per_day]
    return tuple(t for t in long if t.id not in programme.roadmap.progress and programme.timed(t.id).driving)


def last_moment(day: date) -> int:
    """Return the last minute of a day."""
    return minute_of(day) + DAY - 1


def whole_percent(share: float) -> int:
    """Round a share to a whole percent, but return 0 or 100 only if it is exactly 0 or 1."""
    return round(100 * share) if share in (0, 1) else min(99, max(1, round(100 * share)))


def odds_of(programme: Programme, found: Simulation, *, version: int = 0) -> tuple[Odds, ...]:
    """Return the results of a simulation for each coming milestone, in planned order.

    Odds are those of finishing by the end of the day.
    """
    ahead = [m for m in programme.milestones if m.task in found.finishes]
    return tuple(_odds(programme, found, m, version) for m in sorted(ahead, key=lambda m: found.planned[m.task]))


def _odds(programme: Programme, found: Simulation, milestone: Milestone, version: int) -> Odds:
    task, deadline = milestone.task, milestone.deadline
    timed = programme.timed(task)
    planned = timed.day_at(found.planned[task])

    def odds_by(day: date | None) -> int | None:
        odds = found.sure_odds(task, last_moment(day) + timed.ends_day) if day else None
        return None if odds is None else whole_percent(odds)

    return Odds(
        milestone=milestone.id,
        version=version,
        on=programme.on,
        planned=planned,
        planned_odds=odds_by(planned),
        deadline=deadline,
        deadline_odds=odds_by(deadline),
        p50=timed.day_at(found.percentile(task, 50)),
        p80=timed.day_at(found.percentile(task, 80)),
        p90=timed.day_at(found.percentile(task, 90)),
        certain_share=whole_percent(found.certain_share[task]),
        iterations=found.iterations,
        seed=found.seed,
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


PEOPLE = "people"
"""The `origin` of the links that `keeping_people_order` adds."""


def keeping_people_order(programme: Programme) -> Roadmap:
    """Return the roadmap with each accepted move linked to the tasks that hold its team, rather than tied to a date.

    Planned dates do not change. A task that takes longer then delays the tasks that need its people, as in levelling. A
    move that no task causes (its team was away) keeps its date.
    """
    roadmap, accepted = programme.roadmap, programme.definition.levelling.accepted
    links: list[Link] = []
    tasks = dict(roadmap.tasks)
    for name, moment in sorted(accepted.items()):
        if name not in tasks or name in roadmap.progress:
            continue
        behind = list(_tasks_releasing_people(programme, name))
        if not behind:
            continue
        date = Constraint(Bound.START_NO_EARLIER, minute_of(moment))
        kept = tuple(c for c in tasks[name].constraints if c != date)
        tasks[name] = replace(tasks[name], constraints=kept)
        links += [Link(before, name, origin=PEOPLE) for before in behind]
    return replace(roadmap, tasks=tasks, links=(*roadmap.links, *links)) if links else roadmap


def _tasks_releasing_people(programme: Programme, name: TaskId) -> Iterator[TaskId]:
    """Yield the tasks whose people become free exactly when the named task, which needs them, begins."""
    roadmap, timed = programme.roadmap, programme.timed(name)
    hours = everybody(roadmap)
    before = hours.previous_working(timed.early_start) - 1
    for other in roadmap.tasks.values():
        if other.id == name or not other.needs.keys() & roadmap.tasks[name].needs.keys():
            continue
        dates = programme.timed(other.id)
        start, finish = dates.early_start, dates.early_finish
        ends = hours.between(finish, timed.early_start) == 0 and finish <= timed.early_start
        if ends and any(a <= before < b for a, b in stretches(other, roadmap, start, finish)):
            yield other.id
