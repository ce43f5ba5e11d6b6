"""Roadmaps out as Microsoft Project files (MSPDI): read back, they give the same schedule.

What Project does not know (pay periods, terms, openings, school weeks) is written as working time, held at its computed
start by a "start no earlier than" date.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.calendar.working import WorkingCalendar
from changeflow.files import write_whole
from changeflow.programme.dates import Dates
from changeflow.roadmap.engine.cpm import Schedule, TimedTask
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, LinkType, Roadmap, Task, TaskProgress
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
    *("ConstraintType", "CalendarUID", "ConstraintDate", "Deadline"),
)
"""A task's fields in the order of Project's schema."""

Hours = tuple[tuple[int, int], ...]


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
    _Writer(roadmap, schedule, root, calendar, baselines or {}).write(name)
    # A Project file's resources may be people, by name.
    write_whole(out, etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True), private=True)


class _Writer:
    def __init__(
        self,
        roadmap: Roadmap,
        schedule: Schedule,
        root: "etree._Element",
        calendar: str,
        baselines: Mapping[int, Mapping[TaskId, Dates]],
    ) -> None:
        self.roadmap = roadmap
        self.baselines = baselines
        self.schedule = schedule
        self.root = root
        used = {t.calendar for t in roadmap.tasks.values()} | {t.placed_on for t in roadmap.tasks.values()}
        used |= {a.calendar for t in roadmap.tasks.values() for a in t.assignments}
        keys = [calendar, *sorted(k for k in used - {calendar, None} if k is not None)]
        self.calendars = {key: n for n, key in enumerate(keys, 1)}
        own = {t: t for t in roadmap.tasks} if all(t.isdigit() for t in roadmap.tasks) else {}
        self.uids = own or {t: str(n) for n, t in enumerate(roadmap.tasks, 1)}
        self.resources = {key: n for n, key in enumerate(sorted(self._placing()), 1)}
        self.incoming: dict[str, list[Link]] = {}
        for link in roadmap.links:
            self.incoming.setdefault(link.successor, []).append(link)

    def write(self, name: str) -> None:
        roadmap = self.roadmap
        add(self.root, "Name", name)
        add(self.root, "Title", name)
        add(self.root, "ScheduleFromStart", int(roadmap.finish is None))
        add(self.root, "StartDate", iso(roadmap.start))
        add(self.root, "FinishDate", iso(self.schedule.finish))
        add(self.root, "CriticalSlackLimit", roadmap.slack_limit // roadmap.minutes_per_day)
        add(self.root, "CalendarUID", 1)
        add(self.root, "MinutesPerDay", roadmap.minutes_per_day)
        add(self.root, "MinutesPerWeek", 5 * roadmap.minutes_per_day)
        add(self.root, "MultipleCriticalPaths", int(roadmap.several_paths))
        if roadmap.data_date is not None:
            add(self.root, "StatusDate", iso(roadmap.data_date))
        add(self.root, "HonorConstraints", int(roadmap.holds_set_dates))
        calendars = part(self.root, "Calendars")
        for key, number in self.calendars.items():
            write_calendar(part(calendars, "Calendar"), roadmap.calendars[key], number, key)
        tasks = part(self.root, "Tasks")
        for number, task in enumerate(roadmap.tasks.values(), 1):
            self._task(part(tasks, "Task"), task, number)
        resources, assignments = part(self.root, "Resources"), part(self.root, "Assignments")
        for key, number in self.resources.items():
            resource = part(resources, "Resource")
            add(resource, "UID", number)
            add(resource, "ID", number)
            add(resource, "Name", f"People on {key}")
            add(resource, "Type", 1)
            add(resource, "CalendarUID", self.calendars[key])
        count = 0
        for task in roadmap.tasks.values():
            for key, minutes in self._work_of(task):
                count += 1
                self._assignment(part(assignments, "Assignment"), count, task, key, minutes)

    def _placing(self) -> set[str]:
        return {key for task in self.roadmap.tasks.values() for key, _ in self._work_of(task)}

    def _work_of(self, task: Task) -> Iterator[tuple[str, int]]:
        if task.assignments:
            yield from ((a.calendar, a.minutes) for a in task.assignments)
        elif task.placed_on is not None:
            yield task.placed_on, task.duration.amount

    def _task(self, element: "etree._Element", task: Task, number: int) -> None:
        for name, value in in_order(self._fields(task, number)):
            add(element, name, value)
        for link in self.incoming.get(task.id, []):
            self._link(part(element, "PredecessorLink"), link)
        for count, dates in self.baselines.items():
            if (known := dates.get(task.id)) is not None:
                self._baseline(part(element, "Baseline"), count, task, known)

    def _fields(self, task: Task, number: int) -> dict[str, str | int]:
        timed, progress = self.schedule[task.id], self.roadmap.progress.get(task.id)
        is_summary = task.id in self.schedule.below
        duration = self._duration(task, timed)
        # What is as late as possible stands at its late dates, whatever early ones it could have.
        is_late = task.as_late_as_possible and progress is None
        fields: dict[str, str | int] = {
            "UID": self.uids[task.id],
            "ID": number,
            "Name": task.name,
            "Manual": int(task.manual is not None),
            "OutlineLevel": self._level(task.id),
            "Start": iso(timed.late_start if is_late else timed.early_start),
            "Finish": iso(timed.late_finish if is_late else timed.early_finish),
            "Duration": spell(duration.amount),
            "DurationFormat": ELAPSED_DAYS if duration.unit is Unit.ELAPSED else WORKING_DAYS,
            "Milestone": int(task.is_milestone and not is_summary),
            "Summary": int(is_summary),
            "Critical": int(timed.critical),
            "EarlyStart": iso(timed.early_start),
            "EarlyFinish": iso(timed.early_finish),
            "LateStart": iso(timed.late_start),
            "LateFinish": iso(timed.late_finish),
            "FreeSlack": timed.free_float * TENTHS,
            "TotalSlack": timed.total_float * TENTHS,
        }
        fields |= self._constraint(task, timed)
        if task.manual is not None:
            fields["ManualStart"], fields["ManualFinish"] = iso(task.manual.start), iso(task.manual.finish)
            fields["ManualDuration"] = spell(duration.amount)
        if not is_summary:
            fields |= _progress(duration.amount, progress)
        if task.calendar != next(iter(self.calendars)):
            fields["CalendarUID"] = self.calendars[task.calendar]
        if task.deadline is not None:
            fields["Deadline"] = iso(task.deadline)
        return fields

    def _baseline(self, element: "etree._Element", number: int, task: Task, dates: Dates) -> None:
        add(element, "Number", number)
        add(element, "Start", iso(dates.start))
        add(element, "Finish", iso(dates.finish))
        is_elapsed = task.duration.unit is Unit.ELAPSED
        length = dates.finish - dates.start if is_elapsed else self._worked(task, dates)
        add(element, "Duration", spell(length))
        add(element, "DurationFormat", ELAPSED_DAYS if is_elapsed else WORKING_DAYS)

    def _worked(self, task: Task, dates: Dates) -> int:
        return self.roadmap.calendar_of(task.id).between(dates.start, dates.finish)

    def _constraint(self, task: Task, timed: TimedTask) -> dict[str, str | int]:
        own = self._own_constraints(task)
        if task.as_late_as_possible:
            return {"ConstraintType": AS_LATE_AS_POSSIBLE}
        if self._is_foreign(task):
            return {"ConstraintType": BOUNDS[Bound.START_NO_EARLIER], "ConstraintDate": iso(timed.early_start)}
        if own:
            return {"ConstraintType": BOUNDS[own[0].bound], "ConstraintDate": iso(own[0].at)}
        return {"ConstraintType": 0}

    def _own_constraints(self, task: Task) -> list[Constraint]:
        """Leave out what a summary above hands down: it is written there."""
        above: list[Constraint] = []
        parent = self.roadmap.parents.get(task.id)
        while parent is not None:
            above += self.roadmap.tasks[parent].constraints
            parent = self.roadmap.parents.get(parent)
        return [c for c in task.constraints if c not in above]

    def _is_foreign(self, task: Task) -> bool:
        """Tell whether the task's start follows from something that Project does not know."""
        if task.manual is not None or task.id in self.schedule.below:
            return False
        lags = (link.lag.unit for link in self.incoming.get(task.id, []))
        foreign_lag = any(unit not in (*KNOWN, Unit.PERCENT) for unit in lags)
        return bool(task.starts_on) or task.duration.unit not in KNOWN or foreign_lag

    def _duration(self, task: Task, timed: TimedTask) -> Duration:
        if task.id in self.schedule.below or task.duration.unit in KNOWN:
            return task.duration
        return Duration(self.roadmap.calendar_of(task.id).between(timed.early_start, timed.early_finish))

    def _link(self, element: "etree._Element", link: Link) -> None:
        unit = link.lag.unit
        add(element, "PredecessorUID", self.uids[link.predecessor])
        add(element, "Type", TYPES[link.type])
        amount = link.lag.amount if unit is Unit.PERCENT else link.lag.amount * 10 if unit in KNOWN else 0
        add(element, "LinkLag", amount)
        codes = {Unit.PERCENT: PERCENT, Unit.ELAPSED: ELAPSED_DAYS}
        add(element, "LagFormat", codes.get(unit, WORKING_DAYS))

    def _assignment(self, element: "etree._Element", number: int, task: Task, key: str, minutes: int) -> None:
        timed, progress = self.schedule[task.id], self.roadmap.progress.get(task.id)
        parts = [part for part in progress.parts if part[0] == key] if progress else []
        left = minutes if progress is None else 0 if progress.is_done else progress.remaining or 0
        left = parts[0][2] if parts else min(left, minutes)
        add(element, "UID", number)
        add(element, "TaskUID", self.uids[task.id])
        add(element, "ResourceUID", self.resources[key])
        add(element, "ActualWork", spell(minutes - left))
        add(element, "Finish", iso(timed.early_finish))
        add(element, "RegularWork", spell(minutes))
        add(element, "RemainingWork", spell(left))
        if parts:
            add(element, "Resume", iso(parts[0][1]))
        add(element, "Start", iso(timed.early_start))
        add(element, "Units", 1)
        add(element, "Work", spell(minutes))

    def _level(self, task: str) -> int:
        level, parent = 1, self.roadmap.parents.get(task)
        while parent is not None:
            level, parent = level + 1, self.roadmap.parents.get(parent)
        return level


def _progress(minutes: int, progress: TaskProgress | None) -> dict[str, str | int]:
    """Return the fields of progress; of work that has not begun, those that say so."""
    if progress is None:
        return {"PercentComplete": 0, "ActualDuration": spell(0), "RemainingDuration": spell(minutes)}
    fields: dict[str, str | int] = {"ActualStart": iso(progress.actual_start)}
    left = 0 if progress.is_done else progress.remaining
    if progress.actual_finish is not None:
        fields |= {"PercentComplete": 100, "ActualFinish": iso(progress.actual_finish)}
    elif left is not None and minutes:
        fields["PercentComplete"] = max(0, round(100 * (minutes - left) / minutes))
    if progress.resume is not None:
        fields["Resume"] = iso(progress.resume)
    if left is not None:
        fields |= {"ActualDuration": spell(max(0, minutes - left)), "RemainingDuration": spell(left)}
    return fields


def in_order(fields: Mapping[str, str | int]) -> list[tuple[str, str | int]]:
    """Return a task's fields in the order of Project's schema."""
    return sorted(fields.items(), key=lambda field: FIELDS.index(field[0]))


def write_calendar(element: "etree._Element", calendar: WorkingCalendar, number: int, name: str) -> None:
    """Write a compiled calendar: its commonest hours by weekday as the week, every other day as an exception."""
    hours = _hours_by_day(calendar)
    week = {
        weekday: Counter(h for day, h in hours.items() if day.weekday() == weekday).most_common(1)[0][0]
        for weekday in range(7)
    }
    add(element, "UID", number)
    add(element, "Name", name)
    add(element, "IsBaseCalendar", 1)
    add(element, "BaseCalendarUID", -1)
    days = part(element, "WeekDays")
    for weekday in range(7):
        day = part(days, "WeekDay")
        add(day, "DayType", (weekday + 1) % 7 + 1)
        _write_hours(day, week[weekday])
    exceptions = part(element, "Exceptions")
    for first, last, spans in _runs(hours, week):
        exception = part(exceptions, "Exception")
        add(exception, "EnteredByOccurrences", 0)
        period = part(exception, "TimePeriod")
        add(period, "FromDate", f"{first.isoformat()}T00:00:00")
        add(period, "ToDate", f"{last.isoformat()}T23:59:00")
        add(exception, "Occurrences", (last - first).days + 1)
        add(exception, "Name", calendar.closures.get(first, "day off" if not spans else "other hours"))
        add(exception, "Type", 1)
        _write_hours(exception, spans)


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
    first: date | None = None
    last = date.min
    for day, spans in hours.items():
        if spans == week[day.weekday()]:
            continue
        if first is not None and last + timedelta(days=1) == day and hours[first] == spans:
            last = day
            continue
        if first is not None:
            yield first, last, hours[first]
        first = last = day
    if first is not None:
        yield first, last, hours[first]


def _write_hours(element: "etree._Element", hours: Hours) -> None:
    add(element, "DayWorking", int(bool(hours)))
    if hours:
        times = part(element, "WorkingTimes")
        for start, end in hours:
            time = part(times, "WorkingTime")
            add(time, "FromTime", _clock(start))
            add(time, "ToTime", _clock(end % DAY))


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}:00"


def spell(minutes: int) -> str:
    """Write minutes as Project does: `PT40H0M0S`."""
    return f"PT{minutes // 60}H{minutes % 60}M0S"


def part(parent: "etree._Element", name: str) -> "etree._Element":
    from lxml import etree

    return etree.SubElement(parent, name)


def add(parent: "etree._Element", name: str, text: str | int) -> None:
    part(parent, name).text = str(text)
