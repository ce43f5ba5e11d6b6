"""Roadmaps out as Microsoft Project files (MSPDI): read back, they give the same schedule.

What Project does not know (pay periods, terms, start windows, school weeks) is written as working time, held at its
computed start by a "start no earlier than" date.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.calendar.working import WorkingCalendar
from changeflow.files import write_whole
from changeflow.programme.dates import Dates
from changeflow.roadmap.analysis.assumed import mark_assumed
from changeflow.roadmap.engine.cpm import ENDS, Schedule, TimedTask
from changeflow.roadmap.model.profile import MSPROJECT
from changeflow.roadmap.model.tasks import Bound, Link, LinkType, Roadmap, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY, day_of, iso, minute_of

if TYPE_CHECKING:
    from lxml import etree

NAMESPACE = "http://schemas.microsoft.com/project"
TYPES = {LinkType.FF: 0, LinkType.FS: 1, LinkType.SF: 2, LinkType.SS: 3}
BOUNDS = {
    Bound.MUST_START: 2,
    Bound.MUST_FINISH: 3,
    Bound.START_NO_EARLIER: 4,
    Bound.START_NO_LATER: 5,
    Bound.FINISH_NO_EARLIER: 6,
    Bound.FINISH_NO_LATER: 7,
}
AS_LATE_AS_POSSIBLE = 1
WORKING_DAYS, ELAPSED_DAYS, PERCENT = 7, 8, 19
KNOWN = (Unit.WORKING, Unit.ELAPSED)
TENTHS = 10
"""Project writes floats in tenths of a minute."""
FIELDS = (
    *("UID", "ID", "Name", "Manual", "OutlineLevel", "Start", "Finish", "Duration"),
    *("ManualStart", "ManualFinish", "ManualDuration", "DurationFormat", "Resume", "Milestone", "Summary", "Critical"),
    *("EarlyStart", "EarlyFinish", "LateStart", "LateFinish", "FreeSlack", "TotalSlack", "PercentComplete"),
    *("ActualStart", "ActualFinish", "ActualDuration", "RemainingDuration"),
    *("ConstraintType", "CalendarUID", "ConstraintDate", "Deadline", "Notes"),
)
"""A task's fields in the order of Project's schema."""

Hours = tuple[tuple[int, int], ...]
Fields = Iterable[tuple[str, "str | int | Fields"]]
"""What an element holds, in order: a text, a number, or elements again."""


def write_roadmap(
    roadmap: Roadmap,
    schedule: Schedule,
    out: Path,
    *,
    name: str,
    calendar: str,
    baselines: Mapping[int, Mapping[TaskId, Dates]] | None = None,
) -> None:
    """Write a timed roadmap; `calendar` is the key of the project's own calendar, `baselines` are by number from 0."""
    from lxml import etree

    root = etree.Element("Project", nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    _add(root, _project(_numbered(roadmap, schedule, calendar, baselines or {}), name))
    # A Project file's resources may be people, by name.
    write_whole(out, etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True), private=True)


def _add(parent: "etree._Element", fields: Fields) -> None:
    for name, value in fields:
        element = parent.makeelement(f"{{{NAMESPACE}}}{name}")
        parent.append(element)
        if isinstance(value, (str, int)):
            element.text = str(value)
        else:
            _add(element, value)


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A timed roadmap, and the numbers under which its parts are written."""

    roadmap: Roadmap
    schedule: Schedule
    baselines: Mapping[int, Mapping[TaskId, Dates]]
    calendars: Mapping[str, int]
    """The first is the project's own."""
    uids: Mapping[str, str]
    resources: Mapping[str, int]
    """By the key of the calendar that places their work."""
    incoming: Mapping[str, Sequence[Link]]


def _numbered(
    roadmap: Roadmap, schedule: Schedule, calendar: str, baselines: Mapping[int, Mapping[TaskId, Dates]]
) -> _Numbered:
    tasks = roadmap.tasks
    used = {key for t in tasks.values() for key in (t.calendar, t.placed_on, *(a.calendar for a in t.assignments))}
    keys = [calendar, *sorted(key for key in used - {calendar} if key is not None)]
    own = {t: t for t in tasks} if all(t.isdigit() for t in tasks) else {}
    incoming: dict[str, list[Link]] = {}
    for link in roadmap.links:
        incoming.setdefault(link.successor, []).append(link)
    placing = sorted({key for task in tasks.values() for key, _ in _work_of(task)})
    return _Numbered(
        roadmap=roadmap,
        schedule=schedule,
        baselines=baselines,
        calendars={key: n for n, key in enumerate(keys, 1)},
        uids=own or {t: str(n) for n, t in enumerate(tasks, 1)},
        resources={key: n for n, key in enumerate(placing, 1)},
        incoming=incoming,
    )


def _end(roadmap: Roadmap, at: int) -> str:
    """Write the end of something. Project shows a midnight as the day that begins then, so it is the minute before.

    Files of Project itself keep their minutes.
    """
    return iso(at if at % DAY or roadmap.profile is MSPROJECT else at - 1)


def _span(roadmap: Roadmap, timed: TimedTask, start: int, finish: int) -> tuple[str, str]:
    """Write a task's start and finish; a milestone that ends a day is at the end of it."""
    if start == finish:
        at = _end(roadmap, finish) if timed.ends_day else iso(finish)
        return at, at
    return iso(start), _end(roadmap, finish)


def _project(plan: _Numbered, name: str) -> Fields:
    roadmap = plan.roadmap
    yield "Name", name
    yield "Title", name
    yield "ScheduleFromStart", int(roadmap.finish is None)
    yield "StartDate", iso(roadmap.start)
    yield "FinishDate", _end(roadmap, plan.schedule.finish)
    yield "CriticalSlackLimit", roadmap.slack_limit // roadmap.minutes_per_day
    yield "CalendarUID", 1
    yield "MinutesPerDay", roadmap.minutes_per_day
    yield "MinutesPerWeek", 5 * roadmap.minutes_per_day
    yield "MultipleCriticalPaths", int(roadmap.several_paths)
    if roadmap.data_date is not None:
        yield "StatusDate", iso(roadmap.data_date)
    yield "HonorConstraints", int(roadmap.holds_set_dates)
    calendars = roadmap.calendars
    yield "Calendars", (("Calendar", _calendar(calendars[key], n, key)) for key, n in plan.calendars.items())
    yield "Tasks", (("Task", _task(plan, task, n)) for n, task in enumerate(roadmap.tasks.values(), 1))
    yield "Resources", (("Resource", _resource(plan, key, n)) for key, n in plan.resources.items())
    work = ((task, key, minutes) for task in roadmap.tasks.values() for key, minutes in _work_of(task))
    yield "Assignments", (("Assignment", _assignment(plan, n, *placed)) for n, placed in enumerate(work, 1))


def _resource(plan: _Numbered, key: str, number: int) -> Fields:
    yield "UID", number
    yield "ID", number
    yield "Name", f"People on {key}"
    yield "Type", 1
    yield "CalendarUID", plan.calendars[key]


def _work_of(task: Task) -> Iterator[tuple[str, int]]:
    if task.assignments:
        yield from ((a.calendar, a.minutes) for a in task.assignments)
    elif task.placed_on is not None:
        yield task.placed_on, task.duration.amount


def _task(plan: _Numbered, task: Task, number: int) -> Fields:
    yield from sorted(_fields(plan, task, number).items(), key=lambda field: FIELDS.index(field[0]))
    for link in plan.incoming.get(task.id, []):
        yield "PredecessorLink", _link(plan, link)
    for count, dates in plan.baselines.items():
        if (known := dates.get(task.id)) is not None:
            yield "Baseline", _baseline(plan.roadmap, count, task, known, plan.schedule[task.id])


def _fields(plan: _Numbered, task: Task, number: int) -> dict[str, str | int]:
    timed, progress = plan.schedule[task.id], plan.roadmap.progress.get(task.id)
    is_summary = task.id in plan.schedule.below
    duration = task.duration
    if not is_summary and duration.unit not in KNOWN:
        duration = Duration(plan.roadmap.calendar_of(task.id).between(timed.early_start, timed.early_finish))
    # What is as late as possible has its late dates, whatever early ones it could have.
    is_late = task.as_late_as_possible and progress is None
    early = _span(plan.roadmap, timed, timed.early_start, timed.early_finish)
    late = _span(plan.roadmap, timed, timed.late_start, timed.late_finish)
    start, finish = late if is_late else early
    fields: dict[str, str | int] = {
        "UID": plan.uids[task.id],
        "ID": number,
        "Name": task.name,
        "Manual": int(task.manual is not None),
        "OutlineLevel": 1 + sum(1 for _ in _above(plan.roadmap, task)),
        "Start": start,
        "Finish": finish,
        "Duration": spell(duration.amount),
        "DurationFormat": ELAPSED_DAYS if duration.unit is Unit.ELAPSED else WORKING_DAYS,
        "Milestone": int(task.is_milestone and not is_summary),
        "Summary": int(is_summary),
        "Critical": int(timed.critical),
        "EarlyStart": early[0],
        "EarlyFinish": early[1],
        "LateStart": late[0],
        "LateFinish": late[1],
        "FreeSlack": timed.free_float * TENTHS,
        "TotalSlack": timed.total_float * TENTHS,
    }
    if mark := mark_assumed("", plan.schedule, task.id).strip():
        fields["Notes"] = f"Dates {mark}"
    fields |= _constraint(plan, task, timed)
    if task.manual is not None:
        fields["ManualStart"], fields["ManualFinish"] = iso(task.manual.start), iso(task.manual.finish)
        fields["ManualDuration"] = spell(duration.amount)
    if not is_summary:
        fields |= _progress(plan.roadmap, duration.amount, progress, _left(plan, task))
    if task.calendar != next(iter(plan.calendars)):
        fields["CalendarUID"] = plan.calendars[task.calendar]
    if task.deadline is not None:
        fields["Deadline"] = _end(plan.roadmap, task.deadline)
    return fields


def _baseline(roadmap: Roadmap, number: int, task: Task, dates: Dates, timed: TimedTask) -> Fields:
    is_elapsed = task.duration.unit is Unit.ELAPSED
    start, finish = dates.start, dates.finish
    worked = finish - start if is_elapsed else roadmap.calendar_of(task.id).between(start, finish)
    yield "Number", number
    written = _span(roadmap, timed, start, finish)
    yield "Start", written[0]
    yield "Finish", written[1]
    yield "Duration", spell(worked)
    yield "DurationFormat", ELAPSED_DAYS if is_elapsed else WORKING_DAYS


def _constraint(plan: _Numbered, task: Task, timed: TimedTask) -> dict[str, str | int]:
    if task.as_late_as_possible:
        return {"ConstraintType": AS_LATE_AS_POSSIBLE}
    if _is_foreign(plan, task):
        return {"ConstraintType": BOUNDS[Bound.START_NO_EARLIER], "ConstraintDate": iso(timed.early_start)}
    # What a summary above hands down is written there.
    above = [c for parent in _above(plan.roadmap, task) for c in parent.constraints]
    own = next((c for c in task.constraints if c not in above), None)
    if own is None:
        return {"ConstraintType": 0}
    at = _end(plan.roadmap, own.at) if own.bound in ENDS else iso(own.at)
    return {"ConstraintType": BOUNDS[own.bound], "ConstraintDate": at}


def _above(roadmap: Roadmap, task: Task) -> Iterator[Task]:
    """Yield the summaries above a task, the nearest first."""
    parent = roadmap.parents.get(task.id)
    while parent is not None:
        yield roadmap.tasks[parent]
        parent = roadmap.parents.get(parent)


def _is_foreign(plan: _Numbered, task: Task) -> bool:
    """Tell whether the task's start follows from something that Project does not know."""
    if task.manual is not None or task.id in plan.schedule.below:
        return False
    lags = (link.lag.unit for link in plan.incoming.get(task.id, []))
    foreign_lag = any(unit not in (*KNOWN, Unit.PERCENT) for unit in lags)
    return bool(task.starts_on) or task.duration.unit not in KNOWN or foreign_lag


def _link(plan: _Numbered, link: Link) -> Fields:
    unit = link.lag.unit
    yield "PredecessorUID", plan.uids[link.predecessor]
    yield "Type", TYPES[link.type]
    yield "LinkLag", link.lag.amount if unit is Unit.PERCENT else link.lag.amount * TENTHS if unit in KNOWN else 0
    yield "LagFormat", {Unit.PERCENT: PERCENT, Unit.ELAPSED: ELAPSED_DAYS}.get(unit, WORKING_DAYS)


def _assignment(plan: _Numbered, number: int, task: Task, key: str, minutes: int) -> Fields:
    timed, progress = plan.schedule[task.id], plan.roadmap.progress.get(task.id)
    parts = [part for part in progress.parts if part[0] == key] if progress else []
    left = minutes if progress is None else _left(plan, task) or 0
    left = parts[0][2] if parts else min(left, minutes)
    yield "UID", number
    yield "TaskUID", plan.uids[task.id]
    yield "ResourceUID", plan.resources[key]
    yield "ActualWork", spell(minutes - left)
    yield "Finish", _end(plan.roadmap, timed.early_finish)
    yield "RegularWork", spell(minutes)
    yield "RemainingWork", spell(left)
    if parts:
        yield "Resume", iso(parts[0][1])
    yield "Start", iso(timed.early_start)
    yield "Units", 1
    yield "Work", spell(minutes)


def _left(plan: _Numbered, task: Task) -> int | None:
    """Return the minutes that are left of a task, by its own calendar where Project does not know their unit."""
    progress, roadmap = plan.roadmap.progress.get(task.id), plan.roadmap
    if progress is None or progress.is_done:
        return 0
    if (left := progress.remaining) is None:
        return None
    if left.unit in (Unit.WORKING, Unit.ELAPSED) and left.unit is task.duration.unit:
        return left.amount
    since = max(progress.actual_start, roadmap.data_date or progress.actual_start)
    finish = plan.schedule[task.id].early_finish
    if task.duration.unit is Unit.ELAPSED:
        return max(0, finish - since)
    return max(0, roadmap.calendar_of(task.id).between(since, finish))


def _progress(roadmap: Roadmap, minutes: int, progress: TaskProgress | None, left: int | None) -> dict[str, str | int]:
    """Return the fields of progress; of work that has not begun, those that say so."""
    if progress is None:
        return {"PercentComplete": 0, "ActualDuration": spell(0), "RemainingDuration": spell(minutes)}
    fields: dict[str, str | int] = {"ActualStart": iso(progress.actual_start)}
    if progress.actual_finish is not None:
        is_point = progress.actual_finish == progress.actual_start
        end = iso(progress.actual_finish) if is_point else _end(roadmap, progress.actual_finish)
        fields |= {"PercentComplete": 100, "ActualFinish": end}
    elif left is not None and minutes:
        fields["PercentComplete"] = max(0, round(100 * (minutes - left) / minutes))
    if progress.resume is not None:
        fields["Resume"] = iso(progress.resume)
    if left is not None:
        fields |= {"ActualDuration": spell(max(0, minutes - left)), "RemainingDuration": spell(left)}
    return fields


def _calendar(calendar: WorkingCalendar, number: int, name: str) -> Fields:
    """Yield a compiled calendar: its commonest hours by weekday as the week, every other day as an exception."""
    hours = _hours_by_day(calendar)
    week = {
        weekday: Counter(h for day, h in hours.items() if day.weekday() == weekday).most_common(1)[0][0]
        for weekday in range(7)
    }
    yield "UID", number
    yield "Name", name
    yield "IsBaseCalendar", 1
    yield "BaseCalendarUID", -1
    yield "WeekDays", [("WeekDay", [("DayType", (n + 1) % 7 + 1), *_working(week[n])]) for n in range(7)]
    yield "Exceptions", [("Exception", _exception(calendar, *run)) for run in _runs(hours, week)]


def _exception(calendar: WorkingCalendar, first: date, last: date, hours: Hours) -> Fields:
    yield "EnteredByOccurrences", 0
    yield "TimePeriod", [("FromDate", f"{first.isoformat()}T00:00:00"), ("ToDate", f"{last.isoformat()}T23:59:00")]
    yield "Occurrences", (last - first).days + 1
    yield "Name", calendar.closures.get(first, "other hours" if hours else "day off")
    yield "Type", 1
    yield from _working(hours)


def _hours_by_day(calendar: WorkingCalendar) -> dict[date, Hours]:
    """Cut the working intervals at midnights."""
    found: dict[date, list[tuple[int, int]]] = {}
    for start, end in calendar.intervals:
        while start < end:
            day = day_of(start)
            midnight = minute_of(day)
            stop = min(end, midnight + DAY)
            found.setdefault(day, []).append((start - midnight, stop - midnight))
            start = stop
    if not found:
        return {date(1970, 1, 5) + timedelta(days=n): () for n in range(7)}
    first, last = min(found), max(found)
    days = [first + timedelta(days=n) for n in range(max(7, (last - first).days + 1))]
    return {day: tuple(found.get(day, ())) for day in days}


def _runs(hours: Mapping[date, Hours], week: Mapping[int, Hours]) -> Iterator[tuple[date, date, Hours]]:
    """Yield the spans of consecutive days that share hours other than their weekday's."""
    for (is_usual, spans), run in groupby(hours, key=lambda day: (hours[day] == week[day.weekday()], hours[day])):
        if not is_usual:
            first, *others = run
            yield first, others[-1] if others else first, spans


def _working(hours: Hours) -> Fields:
    yield "DayWorking", int(bool(hours))
    if hours:
        spans = [[("FromTime", _clock(start)), ("ToTime", _clock(end % DAY))] for start, end in hours]
        yield "WorkingTimes", [("WorkingTime", span) for span in spans]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}:00"


def spell(minutes: int) -> str:
    """Write minutes as Project does: `PT40H0M0S`."""
    return f"PT{minutes // 60}H{minutes % 60}M0S"
