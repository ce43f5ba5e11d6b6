"""Tasks, summaries, links and baselines of a Project file, in the order of its schema."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from changeflow.programme.dates import Dates
from changeflow.reports.mspdi.elements import (
    ELAPSED_DAYS,
    PERCENT,
    TENTHS,
    WORKING_DAYS,
    Fields,
    moment,
    name_of,
    spell,
)
from changeflow.reports.mspdi.outline import OutlineRow
from changeflow.roadmap.engine.cpm import Schedule, TimedTask
from changeflow.roadmap.model.tasks import Bound, Link, LinkType, Roadmap, Task, TaskProgress
from changeflow.roadmap.project_terms.targets import shown_end
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit

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
FIXED_DURATION = 1
ELAPSED_UNITS = ((24 * 60, ELAPSED_DAYS), (60, 6), (1, 4))
"""Units of elapsed time in minutes, and Project's codes."""
ID_FIELD = 188743731
"""Project's number of the field `Text1`, which has the task's id."""
FIELDS = (
    *("UID", "ID", "Name", "Manual", "Type", "IsNull", "OutlineNumber", "OutlineLevel", "Start", "Finish"),
    *("Duration", "DurationFormat", "Stop", "Resume", "EffortDriven", "Estimated", "Milestone", "Summary", "Critical"),
    *("EarlyStart", "EarlyFinish", "LateStart", "LateFinish", "FreeSlack", "TotalSlack", "PercentComplete"),
    *("ActualStart", "ActualFinish", "ActualDuration", "RemainingDuration"),
    *("ConstraintType", "CalendarUID", "ConstraintDate", "Deadline", "IgnoreResourceCalendar", "Notes"),
    "PhysicalPercentComplete",
)
"""A task's fields in the order of Project's schema, up to its links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A timed roadmap in Project's terms, and the numbers of its parts in the file."""

    roadmap: Roadmap
    schedule: Schedule
    rows: Sequence[OutlineRow]
    uids: Mapping[str, int]
    """By row key."""
    calendars: Mapping[str, int]
    """The first is the project's."""
    notes: Mapping[TaskId, str] = field(default_factory=dict)
    baselines: Mapping[int, Mapping[TaskId, Dates]] = field(default_factory=dict)
    percents: Mapping[TaskId, int] = field(default_factory=dict)
    """% complete of a programme's started tasks, as in the workbook: in Project's terms durations can differ."""
    is_ours: bool = False
    """True for a programme's plan; False for a Project file, whose resources place work and whose tasks have no ids."""

    @property
    def incoming(self) -> dict[TaskId, list[Link]]:
        found: dict[TaskId, list[Link]] = {}
        for link in self.roadmap.links:
            found.setdefault(link.successor, []).append(link)
        return found


def task_elements(plan: Numbered) -> Iterator[tuple[str, Fields]]:
    incoming, numbers = plan.incoming, [0]
    for number, row in enumerate(plan.rows, 1):
        numbers = [*numbers, 0][: row.level]
        numbers[-1] += 1
        place: dict[str, str | int] = {
            "UID": plan.uids[row.key],
            "ID": number,
            "Name": name_of(row.name),
            "OutlineNumber": ".".join(map(str, numbers)),
            "OutlineLevel": row.level,
        }
        if row.task is None:
            yield "Task", _ordered(place | _group(plan, row))
        else:
            yield "Task", _task(plan, row.task, place, incoming.get(row.task.id, ()))


def _ordered(fields: Mapping[str, str | int]) -> Fields:
    return sorted(fields.items(), key=lambda field: FIELDS.index(field[0]))


def _task(plan: Numbered, task: Task, place: dict[str, str | int], incoming: Sequence[Link]) -> Fields:
    yield from _ordered(place | _fields(plan, task))
    for link in incoming:
        yield "PredecessorLink", _link(plan, link)
    if plan.is_ours:
        yield "ExtendedAttribute", [("FieldID", ID_FIELD), ("Value", task.id)]
    for count, dates in plan.baselines.items():
        if (known := dates.get(task.id)) is not None:
            yield "Baseline", _baseline(plan, count, task, known)
    if task.manual is not None:
        yield "ManualStart", moment(task.manual.start)
        yield "ManualFinish", moment(task.manual.finish)
        yield "ManualDuration", spell(task.duration.amount)


def _fields(plan: Numbered, task: Task) -> dict[str, str | int]:
    timed, progress = plan.schedule[task.id], plan.roadmap.progress.get(task.id)
    is_summary = task.id in plan.schedule.below
    # A task that is scheduled as late as possible has its late dates, even if it could be earlier.
    is_late = task.as_late_as_possible and progress is None
    fields: dict[str, str | int] = {
        "Manual": int(task.manual is not None),
        "Start": moment(timed.late_start if is_late else timed.early_start),
        "Finish": moment(timed.late_finish if is_late else timed.early_finish),
        "Duration": spell(task.duration.amount),
        "DurationFormat": _format(task.duration),
        "Milestone": int(task.is_milestone and not is_summary),
        "Summary": int(is_summary),
        **_computed(timed),
        **_constraint(plan, task),
    }
    if plan.is_ours:
        # The owner's calendar does not place the work, and assigned hours do not change its duration.
        fields |= {"Type": FIXED_DURATION, "IsNull": 0, "EffortDriven": 0, "Estimated": 0, "IgnoreResourceCalendar": 1}
    if note := plan.notes.get(task.id):
        fields["Notes"] = note
    if not is_summary:
        left = left_of(plan.roadmap, plan.schedule, task)
        fields |= _progress(task.duration.amount, progress, left, _stop(plan, task, progress))
        if task.id in plan.percents:
            fields["PercentComplete"] = plan.percents[task.id]
            # Project may replace the field above with the share of the duration that has passed, but it keeps this one.
            fields["PhysicalPercentComplete"] = plan.percents[task.id]
    if task.calendar != next(iter(plan.calendars)):
        fields["CalendarUID"] = plan.calendars[task.calendar]
    if task.deadline is not None:
        fields["Deadline"] = moment(task.deadline)
    return fields


def _format(length: Duration) -> int:
    """Return the unit in which a length is a whole number, because some programs round fractions and lose minutes."""
    if length.unit is not Unit.ELAPSED:
        return WORKING_DAYS
    return next(code for size, code in ELAPSED_UNITS if length.amount % size == 0)


def _computed(timed: TimedTask) -> dict[str, str | int]:
    return {
        "Critical": int(timed.critical),
        "EarlyStart": moment(timed.early_start),
        "EarlyFinish": moment(timed.early_finish),
        "LateStart": moment(timed.late_start),
        "LateFinish": moment(timed.late_finish),
        "FreeSlack": timed.free_float * TENTHS,
        "TotalSlack": timed.total_float * TENTHS,
    }


def _group(plan: Numbered, row: OutlineRow) -> dict[str, str | int]:
    """Return the fields of a summary, as Project rolls them up from its tasks."""
    timed = [plan.schedule[t] for t in row.below]
    shown = [
        (x.late_start, x.late_finish)
        if plan.roadmap.tasks[x.task].as_late_as_possible
        else (x.early_start, x.early_finish)
        for x in timed
    ]
    start, finish = min(s for s, _ in shown), max(f for _, f in shown)
    late = min(x.late_start for x in timed), max(x.late_finish for x in timed)
    office = plan.roadmap.calendars[next(iter(plan.calendars))]
    spare = min(office.between(start, late[0]), office.between(finish, late[1]))
    lengths = [plan.roadmap.tasks[t].duration.amount for t in row.below]
    left = [_left(plan, t) for t in row.below]
    fields: dict[str, str | int] = {
        "Manual": 0,
        "Type": FIXED_DURATION,
        "IsNull": 0,
        "Start": moment(start),
        "Finish": moment(finish),
        "Duration": spell(office.between(start, finish)),
        "DurationFormat": WORKING_DAYS,
        "Estimated": 0,
        "Milestone": 0,
        "Summary": 1,
        "Critical": int(any(x.critical for x in timed)),
        "EarlyStart": moment(start),
        "EarlyFinish": moment(finish),
        "LateStart": moment(late[0]),
        "LateFinish": moment(late[1]),
        "FreeSlack": max(0, spare) * TENTHS,
        "TotalSlack": spare * TENTHS,
        "PercentComplete": round(100 * (1 - sum(left) / sum(lengths))) if sum(lengths) else 0,
        "ConstraintType": 0,
    }
    begun = [p for t in row.below if (p := plan.roadmap.progress.get(t)) is not None]
    if begun:
        fields["ActualStart"] = moment(min(p.actual_start for p in begun))
    if len(begun) == len(row.below) and all(p.is_done for p in begun):
        fields["ActualFinish"] = moment(finish)
        fields["PercentComplete"] = 100
    return fields


def _left(plan: Numbered, task: TaskId) -> int:
    found = plan.roadmap.tasks[task]
    if task not in plan.roadmap.progress:
        return found.duration.amount
    return left_of(plan.roadmap, plan.schedule, found) or 0


def _baseline(plan: Numbered, number: int, task: Task, dates: Dates) -> Fields:
    is_elapsed = task.duration.unit is Unit.ELAPSED
    start, finish = dates.start, dates.finish
    worked = finish - start if is_elapsed else plan.roadmap.calendar_of(task.id).between(start, finish)
    if plan.is_ours and (start != finish or plan.schedule[task.id].ends_day):
        finish = shown_end(finish)
        start = finish if dates.start == dates.finish else start
    yield "Number", number
    yield "Start", moment(start)
    yield "Finish", moment(finish)
    yield "Duration", spell(worked)
    yield "DurationFormat", ELAPSED_DAYS if is_elapsed else WORKING_DAYS


def _constraint(plan: Numbered, task: Task) -> dict[str, str | int]:
    if task.as_late_as_possible:
        return {"ConstraintType": AS_LATE_AS_POSSIBLE}
    # Constraints inherited from a summary are written on the summary.
    above = [c for parent in above_of(plan.roadmap, task) for c in parent.constraints]
    own = next((c for c in task.constraints if c not in above), None)
    if own is None:
        return {"ConstraintType": 0}
    return {"ConstraintType": BOUNDS[own.bound], "ConstraintDate": moment(own.at)}


def above_of(roadmap: Roadmap, task: Task) -> Iterator[Task]:
    """Return the summaries above a task, the nearest first."""
    return (roadmap.tasks[parent] for parent in roadmap.above(task.id))


def _link(plan: Numbered, link: Link) -> Fields:
    unit = link.lag.unit
    yield "PredecessorUID", plan.uids[link.predecessor]
    yield "Type", TYPES[link.type]
    yield "CrossProject", 0
    yield "LinkLag", link.lag.amount if unit is Unit.PERCENT else link.lag.amount * TENTHS
    yield "LagFormat", PERCENT if unit is Unit.PERCENT else _format(link.lag)


def _stop(plan: Numbered, task: Task, progress: TaskProgress | None) -> int | None:
    """Return where the reported part of a started task ends, so that the rest follows without a gap."""
    if not plan.is_ours or progress is None or progress.resume is None or progress.resume <= progress.actual_start:
        return None
    if task.duration.unit is Unit.ELAPSED:
        return progress.resume
    return plan.roadmap.calendar_of(task.id).previous_working(progress.resume)


def left_of(roadmap: Roadmap, schedule: Schedule, task: Task) -> int | None:
    """Return a task's remaining minutes, on its own calendar if Project does not support their unit."""
    progress = roadmap.progress.get(task.id)
    if progress is None or progress.is_done:
        return 0
    if (left := progress.remaining) is None:
        return None
    if left.unit in (Unit.WORKING, Unit.ELAPSED) and left.unit is task.duration.unit:
        return left.amount
    since = max(progress.actual_start, roadmap.data_date or progress.actual_start)
    finish = schedule[task.id].early_finish
    if task.duration.unit is Unit.ELAPSED:
        return max(0, finish - since)
    return max(0, roadmap.calendar_of(task.id).between(since, finish))


def _progress(minutes: int, progress: TaskProgress | None, left: int | None, stop: int | None) -> dict[str, str | int]:
    """Return the progress fields, including those of work that has not started."""
    if progress is None:
        return {"PercentComplete": 0, "ActualDuration": spell(0), "RemainingDuration": spell(minutes)}
    fields: dict[str, str | int] = {"ActualStart": moment(progress.actual_start)}
    if progress.actual_finish is not None:
        fields |= {"PercentComplete": 100, "ActualFinish": moment(progress.actual_finish)}
    elif left is not None and minutes:
        # Only a reported finish makes work 100% complete, however little is left.
        fields["PercentComplete"] = min(99, max(0, round(100 * (minutes - left) / minutes)))
    if progress.resume is not None:
        fields["Resume"] = moment(progress.resume)
    if stop is not None:
        fields["Stop"] = moment(stop)
    if left is not None:
        fields |= {"ActualDuration": spell(max(0, minutes - left)), "RemainingDuration": spell(left)}
    return fields
