"""From a programme to a model of its risks: ranges of tasks, causes that they share, events that strike them.

Finished waves teach about those to come: how long a step took, against how long it was planned. Recovery options say
what could be done to keep a date.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from changeflow.programme.programme import Programme
from changeflow.roadmap.levelling.teams import everybody, stretches
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Roadmap, Task
from changeflow.roadmap.risk.model import Happening, Play, Range, RiskModel, Shared, TaskChange, Tried
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit, parse_range
from changeflow.values.moments import minute_of

TRUST = 2
"""A lesson of so many finished tasks weighs as much as the plan: one late school does not change a whole rollout. Our
own choice."""
WORTH_TELLING = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One step of one service: what was planned, what it took, and what follows for the rest."""

    service: str
    step: str
    name: str
    count: int
    """Finished tasks."""
    planned: int
    """Working minutes of all of them together."""
    taken: int
    factor: float
    """By which the rest is drawn longer, or shorter: what was seen, drawn towards the plan where little was seen."""
    least: float
    most: float
    """The smallest and the largest share of its plan that a finished task took."""
    tasks: tuple[TaskId, ...]
    """Those that have not begun, in waves and schools to come."""


def lessons(programme: Programme) -> Iterator[Lesson]:
    """Yield a lesson for each step of which something is finished and something is ahead, and that is worth telling."""
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
            calendar = programme.roadmap.calendar_of(task.id)
            taken = calendar.between(progress.actual_start, progress.actual_finish)
            done.setdefault(key, []).append((task, taken))
    for key in sorted(done.keys() & ahead.keys()):
        lesson = _lesson(programme, key, done[key], ahead[key])
        if abs(lesson.factor - 1) >= WORTH_TELLING:
            yield lesson


def _lesson(programme: Programme, key: tuple[str, str], done: list[tuple[Task, int]], ahead: list[Task]) -> Lesson:
    planned, taken = sum(t.duration.amount for t, _ in done), sum(minutes for _, minutes in done)
    shares = [minutes / t.duration.amount for t, minutes in done]
    count, (service, step) = len(done), key
    return Lesson(
        service=service,
        step=step,
        name=f"{programme.service(service).name}: {step.replace('-', ' ')}",
        count=count,
        planned=planned,
        taken=taken,
        factor=(count * taken / planned + TRUST) / (count + TRUST),
        least=min(shares),
        most=max(shares),
        tasks=tuple(t.id for t in ahead),
    )


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
    ranges = (_range(t, risk.distribution, assumed, taught.get(t.id)) for t in programme.tasks())
    return RiskModel(
        ranges=tuple(r for r in ranges if r is not None),
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
    working = [t for t in programme.tasks() if t.duration.unit is Unit.WORKING and t.estimate is None]
    long = [t for t in working if t.duration.amount >= LONG_DAYS * programme.minutes_per_day]
    return tuple(t for t in long if t.id not in programme.roadmap.progress and programme.timed(t.id).driving)


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


def changes_of(programme: Programme, model: RiskModel) -> tuple[TaskChange, ...]:
    """Resolve the recovery options of risk.yaml: what is shortened keeps the shape of its range."""
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


def _planned(task: Task) -> Range | None:
    """Return a range without any width, of work that has none."""
    if task.duration.unit is not Unit.WORKING or task.duration.is_zero:
        return None
    planned = task.duration.amount
    return Range(task=task.id, low=planned, likely=planned, high=planned)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryQuestion:
    """Is `target` done by `by`, in so many percent of the iterations?"""

    target: TaskId
    by: int
    percent: float
    iterations: int
    seed: int


def player(roadmap: Roadmap, model: RiskModel, changes: Sequence[TaskChange], question: RecoveryQuestion) -> Play:
    """Return a function that plays a set of options through. Every set draws the same numbers."""
    from changeflow.roadmap.risk.simulate import simulate

    # What any option touches has a place among the draws in every set, so that nothing else draws differently.
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
    """Lay options over a model; where two touch the same, the better counts."""
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
    """Let tasks start earlier than their own date says, where an option does."""
    tasks = dict(roadmap.tasks)
    for change in chosen:
        for task, at in change.starts.items():
            own = tasks[task].constraints
            constraints = tuple(replace(c, at=min(c.at, at)) if c.bound is Bound.START_NO_EARLIER else c for c in own)
            tasks[task] = replace(tasks[task], constraints=constraints)
    return tasks


PEOPLE = "people"
"""The origin of such a link."""


def keeping_people_order(programme: Programme) -> Roadmap:
    """Return the roadmap in which every accepted move waits for whoever has its people, and no longer for a date.

    The planned dates stay as they are; a task that takes longer then makes those wait that need its people, as
    levelling had them wait. A move behind which nobody is (its team was away) keeps its date.
    """
    roadmap, accepted = programme.roadmap, programme.definition.levelling.accepted
    links: list[Link] = []
    tasks = dict(roadmap.tasks)
    for name, moment in sorted(accepted.items()):
        if name not in tasks or name in roadmap.progress:
            continue
        behind = list(_behind(programme, name))
        if not behind:
            continue
        date = Constraint(Bound.START_NO_EARLIER, minute_of(moment))
        kept = tuple(c for c in tasks[name].constraints if c != date)
        tasks[name] = replace(tasks[name], constraints=kept)
        links += [Link(before, name, origin=PEOPLE) for before in behind]
    return replace(roadmap, tasks=tasks, links=(*roadmap.links, *links)) if links else roadmap


def _behind(programme: Programme, name: TaskId) -> Iterator[TaskId]:
    """Yield the tasks whose people are free just when a task that needs them begins."""
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
