"""An MSPDI file as a roadmap: tasks, outline, links, constraints, resources' calendars and progress."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path

from changeflow.calendar.working import WorkingCalendar, intersection
from changeflow.errors import ProblemsError
from changeflow.intake.mspdi.calendars import ProjectCalendars
from changeflow.intake.mspdi.checks import problems_of
from changeflow.intake.mspdi.fields import (
    children,
    code_of,
    is_elapsed,
    lag_of,
    minutes_of,
    moment_of,
    number_of,
    text_of,
    uid_of,
)
from changeflow.intake.mspdi.records import REMEDY, Record, read_records
from changeflow.intake.opening import open_input
from changeflow.programme.dates import Dates
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
from changeflow.values.moments import minute_of
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
        return _Reader(root, path.name).read()
    except (ValueError, ArithmeticError, LookupError, TypeError) as error:
        what = f"A date or number in it cannot be read: {error}."
        raise ProblemsError([Problem(file=path.name, what=what, remedy=REMEDY)]) from None


class _Reader:
    def __init__(self, root: Record, shown: str) -> None:
        self.root = root
        self.shown = shown
        self.notes: list[str] = []
        self.elements = {
            uid_of(t): t
            for t in children(root, "Tasks/Task")
            if text_of(t, "IsNull") != "1" and text_of(t, "Active") != "0" and uid_of(t) != "0"
        }
        self.parents = _parents(self.elements)
        self.summaries = set(self.parents.values())
        self.start = self._start()

    def read(self) -> ProjectFile:
        self._note_what_is_left_out()
        days = [self.start.date(), *self._days()]
        first = min(days) - timedelta(days=366)
        last = max(days) + timedelta(days=366 * YEARS_AROUND)
        self.calendars = ProjectCalendars(children(self.root, "Calendars/Calendar"), first=first, last=last)
        self.project_calendar = self.calendars.key(text_of(self.root, "CalendarUID")) or self.calendars.standard()
        self.joined: dict[str, WorkingCalendar] = {}
        self.resources = {
            uid_of(r): self.calendars.key(text_of(r, "CalendarUID"))
            for r in children(self.root, "Resources/Resource")
            if code_of(r, "Type", WORK_RESOURCE) == WORK_RESOURCE
        }
        self.assignments: dict[str, list[Record]] = {}
        for assignment in children(self.root, "Assignments/Assignment"):
            if text_of(assignment, "ResourceUID") in self.resources:
                self.assignments.setdefault(text_of(assignment, "TaskUID") or "", []).append(assignment)
        tasks = {uid: self._task(uid, element) for uid, element in self.elements.items()}
        progress = {
            uid: p
            for uid, element in self.elements.items()
            if uid not in self.summaries and (p := self._progress(uid, element, tasks[uid])) is not None
        }
        links = tuple(dict.fromkeys(self._links()))
        _check_outline(self.parents, links)
        minutes_per_day = code_of(self.root, "MinutesPerDay", 480)
        roadmap = Roadmap(
            tasks=tasks,
            links=links,
            calendars={**self.calendars.compiled, **self.joined},
            start=minute_of(self.start),
            data_date=self._data_date(),
            finish=self._finish(),
            minutes_per_day=minutes_per_day,
            progress=progress,
            parents=self.parents,
            profile=MSPROJECT,
            several_paths=text_of(self.root, "MultipleCriticalPaths") == "1",
            slack_limit=round(number_of(self.root, "CriticalSlackLimit") * minutes_per_day),
            holds_set_dates=text_of(self.root, "HonorConstraints") != "0",
        )
        name = text_of(self.root, "Title") or text_of(self.root, "Name") or self.shown
        names = {uid: task.name for uid, task in tasks.items()}
        return ProjectFile(name, roadmap, names, self.project_calendar, self._baselines(), tuple(self.notes))

    def _data_date(self) -> int | None:
        status = moment_of(self.root, "StatusDate")
        return minute_of(status) if status is not None else None

    def _baselines(self) -> dict[int, dict[str, Dates]]:
        found: dict[int, dict[str, Dates]] = {}
        for uid, element in self.elements.items():
            for baseline in children(element, "Baseline"):
                start, finish = moment_of(baseline, "Start"), moment_of(baseline, "Finish")
                if start is not None and finish is not None:
                    dates = Dates(minute_of(start), minute_of(finish))
                    found.setdefault(code_of(baseline, "Number"), {})[uid] = dates
        return found

    def _start(self) -> datetime:
        start = moment_of(self.root, "StartDate")
        if start is None:
            starts = [m for e in self.elements.values() if (m := moment_of(e, "Start")) is not None]
            if not starts:
                what = "The file has no project start, and no task has a date."
                raise ProblemsError([Problem(file=self.shown, what=what, remedy="Set it in Project Information.")])
            start = min(starts)
            self.notes.append(f"The file has no project start; its first task's is taken: {start:%d %b %Y}.")
        return start

    def _finish(self) -> int | None:
        """Return the finish that the file is scheduled back from, where it is."""
        if text_of(self.root, "ScheduleFromStart") != "0":
            return None
        finish = moment_of(self.root, "FinishDate")
        if finish is None:
            what = "The file is scheduled from its finish, and has none."
            raise ProblemsError([Problem(file=self.shown, what=what, remedy="Set it in Project Information.")])
        return minute_of(finish)

    def _note_what_is_left_out(self) -> None:
        inactive = sum(1 for t in children(self.root, "Tasks/Task") if text_of(t, "Active") == "0")
        if inactive:
            self.notes.append(f"{inactive} inactive tasks are left out.")
        unused = sum(1 for uid in self.summaries if uid in self.elements and _is_unused(self.elements[uid]))
        if unused:
            self.notes.append(f"Dates that {unused} summaries have of their own are not used.")
        delayed = sum(1 for e in self.elements.values() if number_of(e, "LevelingDelay"))
        if delayed:
            self.notes.append(f"The levelling delay of {delayed} tasks is not applied.")

    def _days(self) -> Iterator[date]:
        names = ("Start", "Finish", "ConstraintDate", "ActualStart", "ActualFinish", "ManualStart", "ManualFinish")
        for element in self.elements.values():
            for name in names:
                moment = moment_of(element, name)
                if moment is not None:
                    yield moment.date()

    def _task(self, uid: str, element: Record) -> Task:
        elapsed = is_elapsed(code_of(element, "DurationFormat"))
        manual = self._manual(element)
        own = self.calendars.key(text_of(element, "CalendarUID"))
        placed_on: str | None = None
        assignments: tuple[Assignment, ...] = ()
        if not elapsed and manual is None and uid not in self.summaries:
            placed_on, assignments = self._placing(uid, element, own)
        deadline = moment_of(element, "Deadline")
        minutes = 0 if uid in self.summaries else minutes_of(element, "Duration") or 0
        return Task(
            id=uid,
            name=text_of(element, "Name") or uid,
            duration=Duration(max(0, minutes), Unit.ELAPSED if elapsed else Unit.WORKING),
            calendar=own or self.project_calendar,
            placed_on=placed_on,
            assignments=assignments,
            manual=manual,
            as_late_as_possible=code_of(element, "ConstraintType") == AS_LATE_AS_POSSIBLE,
            constraints=tuple(self._constraints(uid)),
            deadline=minute_of(deadline) if deadline and uid not in self.summaries else None,
        )

    def _manual(self, element: Record) -> ManualDates | None:
        start, finish = moment_of(element, "ManualStart"), moment_of(element, "ManualFinish")
        if text_of(element, "Manual") != "1" or start is None or finish is None:
            return None
        return ManualDates(minute_of(start), minute_of(finish))

    def _constraints(self, uid: str) -> Iterator[Constraint]:
        """Yield a task's own constraint, and those that the summaries above it hand down."""
        own: str | None = uid
        while own is not None:
            element = self.elements[own]
            bound, at = CONSTRAINTS.get(code_of(element, "ConstraintType")), moment_of(element, "ConstraintDate")
            if bound and at and (own == uid or bound in ON_SUMMARIES):
                yield Constraint(bound, minute_of(at))
            own = self.parents.get(own)

    def _placing(self, uid: str, element: Record, own: str | None) -> tuple[str | None, tuple[Assignment, ...]]:
        """Return the calendar that places the work, or each assignment's where they differ."""
        if text_of(element, "IgnoreResourceCalendar") == "1":
            return None, ()
        placed = [(a, self._work_calendar(a, own)) for a in self.assignments.get(uid, [])]
        keys = {key for _, key in placed}
        if len(keys) <= 1:
            return next(iter(keys), None), ()
        parts = [Assignment(key, work) for a, key in placed if (work := _minutes_of_work(a, "Work")) > 0]
        return None, tuple(parts) if len(parts) > 1 else ()

    def _work_calendar(self, assignment: Record, own: str | None) -> str:
        """The resource's calendar replaces the project's; with a calendar of the task's own, work is where both are."""
        resource = self.resources[text_of(assignment, "ResourceUID") or ""] or self.project_calendar
        if own is None or own == resource:
            return resource
        key = f"{own} and {resource}"
        if key not in self.joined:
            self.calendars.budget.spend((self.calendars.last - self.calendars.first).days)
            both = intersection(key, [self.calendars.compiled[own], self.calendars.compiled[resource]])
            self.joined[key] = both if both.intervals else self.calendars.compiled[own]
        return key

    def _links(self) -> Iterator[Link]:
        for uid, element in self.elements.items():
            for link in children(element, "PredecessorLink"):
                before = text_of(link, "PredecessorUID")
                # A predecessor that is not in the file belongs to another project.
                if before in self.elements and before != uid and before is not None:
                    yield Link(before, uid, LINK_TYPES.get(code_of(link, "Type", 1), LinkType.FS), lag_of(link))

    def _progress(self, uid: str, element: Record, task: Task) -> TaskProgress | None:
        start, finish = moment_of(element, "ActualStart"), moment_of(element, "ActualFinish")
        if start is None:
            return None
        if finish is not None:
            return TaskProgress(minute_of(start), minute_of(finish))
        resume = moment_of(element, "Resume")
        parts: tuple[tuple[str, int, int], ...] = ()
        if task.assignments:
            parts = tuple(self._parts(uid, element, resume))
        remaining = minutes_of(element, "RemainingDuration")
        return TaskProgress(minute_of(start), None, remaining, minute_of(resume) if resume else None, parts)

    def _parts(self, uid: str, element: Record, resume: datetime | None) -> Iterator[tuple[str, int, int]]:
        own = self.calendars.key(text_of(element, "CalendarUID"))
        for assignment in self.assignments.get(uid, []):
            from_ = moment_of(assignment, "Resume") or resume
            left = _minutes_of_work(assignment, "RemainingWork")
            if from_ is not None and left > 0:
                yield self._work_calendar(assignment, own), minute_of(from_), left


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
