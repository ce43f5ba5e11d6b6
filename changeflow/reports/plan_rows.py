"""The plan as rows: each task with its owner, dates, status, float and variance, and the filters and groups of rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from changeflow.agenda.worklist import WorkFilter, WorkItem, WorkState, work_list
from changeflow.phrases import capitalised
from changeflow.programme.announcements import go_lives
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.reports.changes import variance_days
from changeflow.reports.schedules import task_float
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.reports.worklist import work_state
from changeflow.roadmap.analysis.assumed import mark_assumed
from changeflow.roadmap.analysis.lengths import critical_or_float, float_in_words
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId
from changeflow.values.moments import format_day
from changeflow.values.moved_dates import later_or_earlier

SOON = timedelta(weeks=6)
NEITHER = "~"
"""In addresses: tasks of no wave, service or school. No id looks like it."""


NOWHERE = ("",)


class Grouping(StrEnum):
    """What the plan is grouped by."""

    WAVE = "wave"
    SERVICE = "service"
    SCHOOL = "school"


class Only(StrEnum):
    """Which tasks are shown, if not all."""

    LATE = "late"
    CRITICAL = "critical"
    SOON = "next-six-weeks"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanQuery:
    """Which part of the plan a page shows; empty means all."""

    by: Grouping = Grouping.WAVE
    only: Only | None = None
    wave: str = ""
    service: str = ""
    school: str = ""
    words: str = ""
    page: int = 1

    def of(self, grouping: Grouping) -> str:
        """Return the chosen wave, service or school."""
        return str(getattr(self, grouping.value))

    def narrowed(self, grouping: Grouping, member: str) -> "PlanQuery":
        """Return the query narrowed to one wave, service or school."""
        return replace(self, page=1, **{grouping.value: member})  # type: ignore[arg-type]  # the name is a text field

    @property
    def address(self) -> str:
        """The query of its page's address, with its question mark; empty if it is the first page."""
        given = {
            "by": self.by.value if self.by is not Grouping.WAVE else "",
            "only": self.only.value if self.only else "",
            "wave": self.wave,
            "service": self.service,
            "school": self.school,
            "q": self.words,
            "page": str(self.page) if self.page > 1 else "",
        }
        asked = {key: value for key, value in given.items() if value}
        return f"?{urlencode(asked)}" if asked else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One task of the plan."""

    id: TaskId
    name: str
    owner: str
    """Empty if it has none."""
    service: str
    wave: str
    schools: frozenset[str]
    """Empty also for a task of all schools, which belongs to none in particular."""
    first: date
    last: date
    start: str
    finish: str
    status: str
    state: str
    """A `WorkState`."""
    spare: str
    """Float with its unit, or how late it is; empty if done."""
    is_critical: bool
    is_milestone: bool
    is_work: bool
    """Whether it counts as a task; the programme's milestones do not."""
    days_late: int
    """Working days since its due date."""
    after_announced: int
    """Calendar days later than announced to a school; negative if earlier."""
    spare_days: float
    """Float in days of its own calendar; negative if it is too late for a deadline."""
    baseline: date | None
    """Its last day in the baseline, if it is in one."""
    variance: str
    variance_days: int
    span: tuple[int, int]
    """Civil minutes of its forecast start and finish."""
    latest: int
    """Civil minutes of its latest finish."""
    planned: tuple[int, int] | None
    """Civil minutes of its baseline start and finish."""

    @property
    def was(self) -> str:
        """Its last day in the baseline, in words."""
        return format_day(self.baseline) if self.baseline else ""

    @property
    def is_done(self) -> bool:
        return self.state == WorkState.DONE

    @property
    def lateness(self) -> float:
        """Days overdue, too late for a deadline or later than announced: the most of the three; 0 if none."""
        return 0 if self.is_done else max(self.days_late, self.after_announced, -self.spare_days, 0)

    @property
    def is_late(self) -> bool:
        return self.lateness > 0

    def members(self, grouping: Grouping) -> Iterable[str]:
        """Return the groups that it belongs to; an empty one if none."""
        if grouping is Grouping.SCHOOL:
            return self.schools or NOWHERE
        return (self.wave if grouping is Grouping.WAVE else self.service,)


def plan_rows(shown: WorkbookSource) -> tuple[PlanRow, ...]:
    """Return a row for each task, by date and id."""
    programme = shown.programme
    everything = WorkFilter(states=frozenset(WorkState))
    known = {i.task.id: i for i in work_list(programme, everything, today=shown.today, answers=shown.answers)}
    late: dict[TaskId, int] = {}
    for live in go_lives(programme):
        if live.task is not None and live.announced is not None:
            late[live.task] = max(live.days_late, late.get(live.task, live.days_late))
    rows = (
        _row(programme, t, known.get(t.id), (shown.baseline or {}).get(t.id), late.get(t.id, 0))
        for t in programme.roadmap.tasks.values()
    )
    return tuple(sorted(rows, key=lambda r: (*r.span, r.id)))


def _row(programme: Programme, task: Task, item: WorkItem | None, planned: Dates | None, announced: int) -> PlanRow:
    timed, schedule = programme.timed(task.id), programme.required_schedule
    progress = programme.roadmap.progress.get(task.id)
    state = item.state if item else _state(programme, task.id)
    status = work_state(item) if item else _status(programme, task.id)
    if announced and state is not WorkState.DONE:
        status += f"; {later_or_earlier(announced)} than announced"
    is_open, days = state is not WorkState.DONE, variance_days(programme, task.id, planned) if planned else 0
    asked = item.asked if item else task.owner
    return PlanRow(
        id=task.id,
        name=task.name,
        owner=programme.person(asked) if asked else "",
        service=task.service or "",
        wave=task.wave or "",
        schools=_schools(programme, task),
        first=timed.first_day,
        last=timed.last_day,
        start=format_day(timed.first_day),
        finish=mark_assumed(format_day(timed.last_day), schedule, task.id),
        status=status,
        state=state.value,
        spare=spare_in_words(programme, task.id) if is_open else "",
        is_critical=timed.critical,
        is_milestone=task.is_milestone,
        is_work=item is not None,
        days_late=item.days_late if item else 0,
        after_announced=announced,
        spare_days=task_float(programme, task.id) / programme.minutes_per_day,
        baseline=timed.day_at(planned.finish) if planned else None,
        variance=(later_or_earlier(days) if days else "as planned") if planned else "",
        variance_days=days,
        span=(progress.actual_start if progress else timed.early_start, timed.early_finish),
        latest=timed.late_finish,
        planned=(planned.start, planned.finish) if planned else None,
    )


def _schools(programme: Programme, task: Task) -> frozenset[str]:
    every = programme.definition.schools
    return frozenset() if len(every) > 1 and len(task.schools) == len(every) else task.schools


def spare_in_words(programme: Programme, task: TaskId) -> str:
    """Write an open task's float with its unit, that it is critical, or how late it is."""
    spare = task_float(programme, task)
    if spare < 0:
        return f"{float_in_words(programme.roadmap, task, -spare)} too late"
    return critical_or_float(programme.roadmap, task, spare)


def _state(programme: Programme, task: TaskId) -> WorkState:
    if programme.is_done(task):
        return WorkState.DONE
    return WorkState.BEGUN if task in programme.roadmap.progress else WorkState.WAITING


def _status(programme: Programme, task: TaskId) -> str:
    """Describe a milestone that no one works on."""
    day = format_day(programme.timed(task).last_day)
    return f"done {day}" if programme.is_done(task) else f"expected {day}"


def chosen(rows: Sequence[PlanRow], query: PlanQuery, today: date) -> list[PlanRow]:
    """Return the rows that a query is about. Late ones have latest first, others are by date."""
    words = query.words.casefold().split()
    found = [
        row
        for row in rows
        if all(_is_of(row, grouping, query.of(grouping)) for grouping in Grouping)
        and _is_only(row, query.only, today)
        and (not words or _has(row, words))
    ]
    return sorted(found, key=_lateness) if query.only is Only.LATE else found


def _is_of(row: PlanRow, grouping: Grouping, member: str) -> bool:
    return not member or member.replace(NEITHER, "") in row.members(grouping)


def _is_only(row: PlanRow, only: Only | None, today: date) -> bool:
    if only is Only.LATE:
        return row.is_late
    if only is Only.CRITICAL:
        return row.is_critical
    if only is Only.SOON:
        return not row.is_done and row.first <= today + SOON
    return True


def _has(row: PlanRow, words: Sequence[str]) -> bool:
    text = f"{row.name} {row.owner}".casefold()
    return all(word in text for word in words)


def _lateness(row: PlanRow) -> tuple[object, ...]:
    return (-row.lateness, -row.variance_days, row.span[1], row.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanGroup:
    """The tasks of one wave, service or school, in one row."""

    name: str
    address: str
    """The query of its own page."""
    rows: tuple[PlanRow, ...]
    start: str
    finish: str
    tasks: int
    done: int
    late: int
    critical: int
    variance: str
    """Its finish against the baseline's; empty without one."""

    @property
    def span(self) -> tuple[int, int]:
        return min(r.span[0] for r in self.rows), max(r.span[1] for r in self.rows)

    @property
    def planned(self) -> tuple[int, int] | None:
        known = [r.planned for r in self.rows if r.planned]
        return (min(p[0] for p in known), max(p[1] for p in known)) if known else None


NONE_OF = {Grouping.WAVE: "No wave", Grouping.SERVICE: "Whole programme", Grouping.SCHOOL: "No particular school"}


def group_names(programme: Programme, grouping: Grouping) -> dict[str, str]:
    """Return the names of all waves, services or schools by id, in the programme's order."""
    if grouping is Grouping.WAVE:
        return {w.id: w.name for w in programme.definition.programme.waves}
    if grouping is Grouping.SERVICE:
        return {s.service: s.name for s in programme.services}
    return dict(sorted(((s.id, s.name) for s in programme.definition.schools), key=lambda s: s[1]))


def plan_groups(
    programme: Programme, rows: Sequence[PlanRow], query: PlanQuery, grouping: Grouping
) -> Iterator[PlanGroup]:
    """Yield the groups that have tasks. A task of several schools is in the group of each."""
    names, found = group_names(programme, grouping), dict[str, list[PlanRow]]()
    for row in rows:
        for member in row.members(grouping):
            found.setdefault(member, []).append(row)
    order = [*names, *sorted(found.keys() - names.keys() - {""}), ""]
    only = query.of(grouping)
    for member in order:
        if member in found and (not only or member == only.replace(NEITHER, "")):
            name = names.get(member, member) or NONE_OF[grouping]
            yield _group(capitalised(name), query.narrowed(grouping, member or NEITHER).address, found[member])


def _group(name: str, address: str, rows: Sequence[PlanRow]) -> PlanGroup:
    last, planned = max(r.last for r in rows), [r.baseline for r in rows if r.baseline]
    days = (last - max(planned)).days if planned else 0
    return PlanGroup(
        name=name,
        address=address,
        rows=tuple(rows),
        start=format_day(min(r.first for r in rows)),
        finish=format_day(last),
        tasks=sum(r.is_work for r in rows),
        done=sum(r.is_done for r in rows if r.is_work),
        late=sum(r.is_late for r in rows),
        critical=sum(r.is_critical for r in rows),
        variance=(later_or_earlier(days) if days else "as planned") if planned else "",
    )
