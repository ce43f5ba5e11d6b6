"""Resources and assignments: a plan's owners, or a Project file's resources whose calendars place work."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from changeflow.reports.mspdi.elements import Fields, moment, spell, unique_names
from changeflow.reports.mspdi.tasks import Numbered, left_of
from changeflow.roadmap.model.tasks import Task

WORK = 1
NO_RESOURCE = str.maketrans({",": " –", ";": " –", "[": "(", "]": ")"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """A file's resources and the numbers of their calendars."""

    names: Mapping[str, str]
    calendars: Mapping[str, int]

    @property
    def numbers(self) -> dict[str, int]:
        return {key: n for n, key in enumerate(self.names, 1)}


def owners(plan: Numbered, shown: Mapping[str, str], first_calendar: int) -> Resources:
    """Return the owners of tasks as resources, each with its own calendar."""
    found = sorted({t.owner for t in plan.roadmap.tasks.values() if t.owner is not None})
    # Project reads a comma or semicolon as the next resource, and brackets as units.
    plain = (shown.get(owner, owner).translate(NO_RESOURCE) for owner in found)
    names = dict(zip(found, unique_names(plain), strict=True))
    return Resources(names=names, calendars={owner: n for n, owner in enumerate(names, first_calendar)})


def placing(plan: Numbered) -> Resources:
    """Return one resource for each calendar that places work."""
    keys = sorted({key for task in plan.roadmap.tasks.values() for key, _ in _work_of(task)})
    return Resources(names={k: f"People on {k}" for k in keys}, calendars={k: plan.calendars[k] for k in keys})


def resource_elements(resources: Resources) -> Iterator[tuple[str, Fields]]:
    for key, number in resources.numbers.items():
        fields: Fields = [("UID", number), ("ID", number), ("Name", resources.names[key]), ("Type", WORK)]
        yield "Resource", [*fields, ("CalendarUID", resources.calendars[key])]


def assignment_elements(plan: Numbered, resources: Resources) -> Iterator[tuple[str, Fields]]:
    numbers = resources.numbers
    if plan.is_ours:
        owned = (t for t in plan.roadmap.tasks.values() if t.owner in numbers)
        for n, task in enumerate(owned, 1):
            yield "Assignment", _owned(plan, n, task, numbers[task.owner or ""])
        return
    work = ((task, key, minutes) for task in plan.roadmap.tasks.values() for key, minutes in _work_of(task))
    for n, (task, key, minutes) in enumerate(work, 1):
        yield "Assignment", _placed(plan, n, task, key, minutes, numbers[key])


def _owned(plan: Numbered, number: int, task: Task, resource: int) -> Fields:
    """Yield a task's owner, with no work: how much they work on it is unknown."""
    timed, progress = plan.schedule[task.id], plan.roadmap.progress.get(task.id)
    yield "UID", number
    yield "TaskUID", plan.uids[task.id]
    yield "ResourceUID", resource
    if progress is not None and progress.actual_finish is not None:
        yield "ActualFinish", moment(progress.actual_finish)
    if progress is not None:
        yield "ActualStart", moment(progress.actual_start)
    yield "ActualWork", spell(0)
    yield "Finish", moment(timed.early_finish)
    yield "RegularWork", spell(0)
    yield "RemainingWork", spell(0)
    yield "Start", moment(timed.early_start)
    yield "Units", 0
    yield "Work", spell(0)


def _work_of(task: Task) -> Iterator[tuple[str, int]]:
    if task.assignments:
        yield from ((a.calendar, a.minutes) for a in task.assignments)
    elif task.placed_on is not None:
        yield task.placed_on, task.duration.amount


def _placed(plan: Numbered, number: int, task: Task, key: str, minutes: int, resource: int) -> Fields:
    timed, progress = plan.schedule[task.id], plan.roadmap.progress.get(task.id)
    parts = [part for part in progress.parts if part[0] == key] if progress else []
    left = minutes if progress is None else left_of(plan.roadmap, plan.schedule, task) or 0
    left = parts[0][2] if parts else min(left, minutes)
    yield "UID", number
    yield "TaskUID", plan.uids[task.id]
    yield "ResourceUID", resource
    yield "ActualWork", spell(minutes - left)
    yield "Finish", moment(timed.early_finish)
    yield "RegularWork", spell(minutes)
    yield "RemainingWork", spell(left)
    yield "Start", moment(timed.early_start)
    if parts:
        yield "Resume", moment(parts[0][1])
    yield "Units", 1
    yield "Work", spell(minutes)
