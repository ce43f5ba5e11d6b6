"""An MSPDI file as a roadmap: tasks, outline, links, constraints, resources' calendars and progress."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path

from changeflow.errors import ProblemsError
from changeflow.intake.mspdi.calendars import ProjectCalendars
from changeflow.intake.mspdi.fields import (
    code_of,
    is_elapsed,
    lag_of,
    minutes_of,
    moment_of,
    number_of,
    problems_of,
    uid_of,
)
from changeflow.intake.mspdi.records import REMEDY, Record, children, read_records
from changeflow.intake.opening import open_input
from changeflow.programme.dates import Dates
from changeflow.roadmap.engine.cpm import ENDS
from changeflow.roadmap.model.profile import MSPROJECT
from changeflow.roadmap.model.tasks import (
    Assignment,
    Bound,
    Constraint,
    Link,
    LinkType,
    ManualDates,
    Roadmap,
    Task,
    TaskProgress,
)
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY, minute_of
from changeflow.values.problem import Problem

MAX_BYTES = 100_000_000
YEARS_AROUND = 10
LINK_TYPES = {0: LinkType.FF, 1: LinkType.FS, 2: LinkType.SF, 3: LinkType.SS}
AS_LATE_AS_POSSIBLE = 1
CONSTRAINTS = {
    2: Bound.MUST_START,
    3: Bound.MUST_FINISH,
    4: Bound.START_NO_EARLIER,
    5: Bound.START_NO_LATER,
    6: Bound.FINISH_NO_EARLIER,
    7: Bound.FINISH_NO_LATER,
}
ON_SUMMARIES = (Bound.START_NO_EARLIER, Bound.FINISH_NO_LATER)
"""The constraints that a summary hands to its tasks."""
WORK_RESOURCE = 1
MOST_PROBLEMS = 1_000
MOST_LEVELS = 200
"""Of the outline: every task looks at all the summaries above it."""
MOST_BELOW = 5_000_000
"""Tasks below summaries, counted once for each summary above them: 250,000 tasks of twenty levels have as many."""
MOST_BINDINGS = 2_000_000
"""A link of a summary binds every task below it."""


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A schedule as read: task ids are `UID`s as text."""

    name: str
    roadmap: Roadmap
    names: Mapping[str, str]
    calendar: str
    """The key of the project's own calendar."""
    baselines: Mapping[int, Mapping[str, Dates]]
    """Each stored baseline, by its number from 0: the dates of the tasks that it holds."""
    notes: tuple[str, ...]
    """What the file asks for and is not computed, in words."""


def read_mspdi(path: Path) -> ProjectFile:
    """Read an MSPDI file; entities are never expanded and nothing is fetched."""
    problems: list[Problem] = []
    with open_input(path, path.name, problems, most=MAX_BYTES) as file:
        if file is None:
            raise ProblemsError(problems)
        root = read_records(file, path.name)
    if problems := list(islice(problems_of(root, path.name), MOST_PROBLEMS)):
        raise ProblemsError(problems)
    try:
        return _read(root, path.name)
    except (ValueError, ArithmeticError, LookupError, TypeError) as error:
        what = f"A date or number in it cannot be read: {error}."
        raise ProblemsError([Problem(file=path.name, what=what, remedy=REMEDY)]) from None


@dataclass(frozen=True, slots=True)
class _Source:
    """What a file holds: its active tasks, their outline, and the calendars on which work is placed."""

    elements: Mapping[str, Record]
    parents: Mapping[str, str]
    summaries: frozenset[str]
    calendars: ProjectCalendars
    project_calendar: str
    resources: Mapping[str, str | None]
    assignments: Mapping[str, Sequence[Record]]


def _read(root: Record, shown: str) -> ProjectFile:
    elements = {
        uid_of(t): t
        for t in children(root, "Tasks/Task")
        if t.get("IsNull") != "1" and t.get("Active") != "0" and uid_of(t) != "0"
    }
    parents = _parents(elements)
    start = _start(root, elements, shown)
    notes = tuple(_notes(root, elements, set(parents.values()), start))
    source = _source(root, elements, parents, start)
    tasks = {uid: _task(source, uid, element) for uid, element in elements.items()}
    progress = {
        uid: p
        for uid, element in elements.items()
        if uid not in source.summaries and (p := _progress(source, uid, element, tasks[uid])) is not None
    }
    links = tuple(dict.fromkeys(_links(elements)))
    _check_outline(parents, links)
    minutes_per_day = code_of(root, "MinutesPerDay", 480)
    roadmap = Roadmap(
        tasks=tasks,
        links=links,
        calendars={**source.calendars.compiled, **source.calendars.joined},
        start=minute_of(start),
        data_date=_minute(root, "StatusDate"),
        finish=_finish(root, shown),
        minutes_per_day=minutes_per_day,
        progress=progress,
        parents=parents,
        profile=MSPROJECT,
        several_paths=root.get("MultipleCriticalPaths") == "1",
        slack_limit=round(number_of(root, "CriticalSlackLimit") * minutes_per_day),
        holds_set_dates=root.get("HonorConstraints") != "0",
    )
    name = root.get("Title") or root.get("Name") or shown
    names = {uid: task.name for uid, task in tasks.items()}
    return ProjectFile(name, roadmap, names, source.project_calendar, _baselines(elements), notes)


def _source(root: Record, elements: Mapping[str, Record], parents: Mapping[str, str], start: datetime) -> _Source:
    days = [start.date(), *_days(elements)]
    first, last = min(days) - timedelta(days=366), max(days) + timedelta(days=366 * YEARS_AROUND)
    calendars = ProjectCalendars(children(root, "Calendars/Calendar"), first=first, last=last)
    project_calendar = calendars.key(root.get("CalendarUID")) or calendars.standard()
    resources = {
        uid_of(r): calendars.key(r.get("CalendarUID"))
        for r in children(root, "Resources/Resource")
        if code_of(r, "Type", WORK_RESOURCE) == WORK_RESOURCE
    }
    assignments: dict[str, list[Record]] = {}
    for assignment in children(root, "Assignments/Assignment"):
        if assignment.get("ResourceUID") in resources:
            assignments.setdefault(assignment.get("TaskUID") or "", []).append(assignment)
    summaries = frozenset(parents.values())
    return _Source(elements, parents, summaries, calendars, project_calendar, resources, assignments)


def _baselines(elements: Mapping[str, Record]) -> dict[int, dict[str, Dates]]:
    found: dict[int, dict[str, Dates]] = {}
    for uid, element in elements.items():
        for baseline in children(element, "Baseline"):
            finish = _end(baseline, "Finish")
            is_point = baseline.get("Start") == baseline.get("Finish")
            start = finish if is_point else _minute(baseline, "Start")
            if start is not None and finish is not None:
                found.setdefault(code_of(baseline, "Number"), {})[uid] = Dates(start, finish)
    return found


def _minute(record: Record, name: str) -> int | None:
    moment = moment_of(record, name)
    return None if moment is None else minute_of(moment)


def _end(record: Record, name: str) -> int | None:
    """Read the end of something: 23:59 means the end of the day, as where calendars give their last day."""
    at = _minute(record, name)
    return at if at is None or at % DAY != DAY - 1 else at + 1


def _start(root: Record, elements: Mapping[str, Record], shown: str) -> datetime:
    start = moment_of(root, "StartDate")
    if start is None:
        start = min((m for e in elements.values() if (m := moment_of(e, "Start")) is not None), default=None)
    if start is None:
        what = "The file has no project start, and no task has a date."
        raise ProblemsError([Problem(file=shown, what=what, remedy="Set it in Project Information.")])
    return start


def _finish(root: Record, shown: str) -> int | None:
    """Return the finish that the file is scheduled back from, where it is."""
    if root.get("ScheduleFromStart") != "0":
        return None
    finish = _end(root, "FinishDate")
    if finish is None:
        what = "The file is scheduled from its finish, and has none."
        raise ProblemsError([Problem(file=shown, what=what, remedy="Set it in Project Information.")])
    return finish


def _notes(root: Record, elements: Mapping[str, Record], summaries: set[str], start: datetime) -> Iterator[str]:
    """Say what is taken for something that the file lacks, and what of it is left out."""
    if moment_of(root, "StartDate") is None:
        yield f"The file has no project start; its first task's is taken: {start:%d %b %Y}."
    if inactive := sum(t.get("Active") == "0" for t in children(root, "Tasks/Task")):
        yield f"{inactive} inactive tasks are left out."
    if unused := sum(_is_unused(elements[uid]) for uid in summaries if uid in elements):
        yield f"Dates that {unused} summaries have of their own are not used."
    if delayed := sum(bool(number_of(e, "LevelingDelay")) for e in elements.values()):
        yield f"The levelling delay of {delayed} tasks is not applied."


def _days(elements: Mapping[str, Record]) -> Iterator[date]:
    names = ("Start", "Finish", "ConstraintDate", "ActualStart", "ActualFinish", "ManualStart", "ManualFinish")
    moments = (moment_of(element, name) for element in elements.values() for name in names)
    return (moment.date() for moment in moments if moment is not None)


def _task(source: _Source, uid: str, element: Record) -> Task:
    elapsed, is_summary = is_elapsed(code_of(element, "DurationFormat")), uid in source.summaries
    manual = _manual(element)
    own = source.calendars.key(element.get("CalendarUID"))
    placed_on: str | None = None
    assignments: tuple[Assignment, ...] = ()
    if not elapsed and manual is None and not is_summary:
        placed_on, assignments = _placing(source, uid, element, own)
    deadline = _end(element, "Deadline")
    minutes = 0 if is_summary else minutes_of(element, "Duration") or 0
    return Task(
        id=uid,
        name=element.get("Name") or uid,
        duration=Duration(max(0, minutes), Unit.ELAPSED if elapsed else Unit.WORKING),
        calendar=own or source.project_calendar,
        placed_on=placed_on,
        assignments=assignments,
        manual=manual,
        as_late_as_possible=code_of(element, "ConstraintType") == AS_LATE_AS_POSSIBLE,
        constraints=tuple(_constraints(source, uid)),
        deadline=None if is_summary else deadline,
    )


def _manual(element: Record) -> ManualDates | None:
    start, finish = _minute(element, "ManualStart"), _minute(element, "ManualFinish")
    if element.get("Manual") != "1" or start is None or finish is None:
        return None
    return ManualDates(start, finish)


def _constraints(source: _Source, uid: str) -> Iterator[Constraint]:
    """Yield a task's own constraint, and those that the summaries above it hand down."""
    own: str | None = uid
    while own is not None:
        element = source.elements[own]
        bound = CONSTRAINTS.get(code_of(element, "ConstraintType"))
        at = _end(element, "ConstraintDate") if bound in ENDS else _minute(element, "ConstraintDate")
        if bound and at is not None and (own == uid or bound in ON_SUMMARIES):
            yield Constraint(bound, at)
        own = source.parents.get(own)


def _placing(source: _Source, uid: str, element: Record, own: str | None) -> tuple[str | None, tuple[Assignment, ...]]:
    """Return the calendar that places the work, or each assignment's where they differ."""
    if element.get("IgnoreResourceCalendar") == "1":
        return None, ()
    placed = [(a, _work_calendar(source, a, own)) for a in source.assignments.get(uid, [])]
    keys = {key for _, key in placed}
    if len(keys) <= 1:
        return next(iter(keys), None), ()
    parts = [Assignment(key, work) for a, key in placed if (work := _minutes_of_work(a, "Work")) > 0]
    return None, tuple(parts) if len(parts) > 1 else ()


def _work_calendar(source: _Source, assignment: Record, own: str | None) -> str:
    """The resource's calendar replaces the project's; with a calendar of the task's own, work is where both are."""
    resource = source.resources[assignment.get("ResourceUID") or ""] or source.project_calendar
    return resource if own is None or own == resource else source.calendars.both(own, resource)


def _links(elements: Mapping[str, Record]) -> Iterator[Link]:
    for uid, element in elements.items():
        for link in children(element, "PredecessorLink"):
            before = link.get("PredecessorUID")
            # A predecessor that is not in the file belongs to another project.
            if before in elements and before != uid and before is not None:
                yield Link(before, uid, LINK_TYPES.get(code_of(link, "Type", 1), LinkType.FS), lag_of(link))


def _progress(source: _Source, uid: str, element: Record, task: Task) -> TaskProgress | None:
    start, finish = _minute(element, "ActualStart"), _end(element, "ActualFinish")
    if start is None or finish is not None:
        return None if start is None else TaskProgress(start, finish)
    resume = _minute(element, "Resume")
    parts = tuple(_parts(source, uid, element, resume)) if task.assignments else ()
    left, unit = minutes_of(element, "RemainingDuration"), task.duration.unit
    return TaskProgress(start, None, None if left is None else Duration(left, unit), resume, parts)


def _parts(source: _Source, uid: str, element: Record, resume: int | None) -> Iterator[tuple[str, int, int]]:
    own = source.calendars.key(element.get("CalendarUID"))
    for assignment in source.assignments.get(uid, []):
        own_resume = _minute(assignment, "Resume")
        from_ = resume if own_resume is None else own_resume
        left = _minutes_of_work(assignment, "RemainingWork")
        if from_ is not None and left > 0:
            yield _work_calendar(source, assignment, own), from_, left


def _is_unused(summary: Record) -> bool:
    """Tell whether a summary has a deadline, or a constraint that it does not hand to its tasks."""
    bound = CONSTRAINTS.get(code_of(summary, "ConstraintType"))
    return moment_of(summary, "Deadline") is not None or (bound is not None and bound not in ON_SUMMARIES)


def _minutes_of_work(assignment: Record, name: str) -> int:
    """How long an assignment takes: work divided by units."""
    units = number_of(assignment, "Units", 1) or 1
    return round((minutes_of(assignment, name) or 0) / units)


def _check_outline(parents: Mapping[str, str], links: Sequence[Link]) -> None:
    """Refuse, as `ValueError`, summaries within each other, or linked with each other, beyond what can be computed."""
    summaries, below = set(parents.values()), dict.fromkeys(parents.values(), 0)
    # A summary comes before its tasks, so from the end each has all of its own when it is handed up.
    for task, above in reversed(list(parents.items())):
        below[above] += below[task] if task in summaries else 1
    if sum(below.values()) > MOST_BELOW:
        raise ValueError(f"the tasks below all summaries are more than {MOST_BELOW:,}; use fewer levels")
    if sum(below.get(k.predecessor, 1) + below.get(k.successor, 1) for k in links) > MOST_BINDINGS:
        raise ValueError(f"links of summaries bind more than {MOST_BINDINGS:,} tasks; link the tasks themselves")


def _parents(elements: Mapping[str, Record]) -> dict[str, str]:
    """Return each task's parent: the nearest earlier task of a lower outline level."""
    parents: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for uid, element in elements.items():
        level = code_of(element, "OutlineLevel")
        while stack and stack[-1][0] >= level:
            stack.pop()
        if stack:
            parents[uid] = stack[-1][1]
        stack.append((level, uid))
        if len(stack) > MOST_LEVELS:
            raise ValueError(f"the outline has more than {MOST_LEVELS} levels")
    return parents
