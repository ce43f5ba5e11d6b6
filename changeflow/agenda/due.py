"""Due things: who is to be reminded of what, on which rung of the ladder."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from changeflow.adkar.people import Person
from changeflow.calendar.working import WorkingCalendar
from changeflow.programme.programme import Programme
from changeflow.roadmap.cpm import Schedule, time_roadmap
from changeflow.roadmap.tasks import Roadmap, Task
from changeflow.values.moments import day_of, last_day_of
from changeflow.values.words import Kind

TO_MANAGER, TO_SRO = 3, 4
"""The rungs that go to the line manager or lead provider, and into the SRO's report."""
ANSWERED = {Kind.GO_LIVE, Kind.SYSTEM_LIVE, Kind.DECISION}
"""Kinds of milestone that somebody has to confirm; any other has happened when its predecessors have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing that is due. Its key is the same each time that it is found."""

    reason: str
    """`task`, `gate` or `checkpoint`."""
    subject: str
    person: str | None
    """Whom to tell; None on the rung that goes into the SRO's report."""
    rung: int
    due_on: date
    """The last day of the task, inclusive."""
    priority: int
    """Total float in working minutes: the smaller, the more it matters."""

    @property
    def key(self) -> str:
        return f"{self.subject}|{self.person or 'sro'}|{self.rung}|{self.due_on.isoformat()}"


def due_things(programme: Programme, *, today: date) -> tuple[Due, ...]:
    """Return what is due on `today`, by priority: for each open task its highest rung alone.

    Only tasks that can be worked on are due: started, or with every predecessor done. Their due day follows from what
    has happened before them, never from today: a task that nobody starts is late, it does not slip unseen.
    """
    ladder = [int(n) for n in programme.rulepacks.entry("nudges", "ladder", on=today).value]
    _, schedule = unslipped(programme)
    found = (_due(programme, schedule, task, ladder, today) for task in programme.tasks() if _is_open(programme, task))
    return tuple(sorted((d for d in found if d), key=lambda d: (d.priority, d.key)))


def due_days(programme: Programme) -> dict[str, date]:
    """Return the due day of every open task: a nudge holds as long as its task is here with the same day."""
    _, schedule = unslipped(programme)
    return {t.id: _due_day(schedule, t) for t in programme.tasks() if _is_open(programme, t)}


def unslipped(programme: Programme) -> tuple[Roadmap, Schedule]:
    """Time the roadmap from what has happened alone: a begun task is due its planned duration after its start."""
    progress = {t: replace(p, remaining=None) for t, p in programme.roadmap.progress.items()}
    roadmap = replace(programme.roadmap, data_date=None, progress=progress)
    return roadmap, time_roadmap(roadmap)


def _due(programme: Programme, schedule: Schedule, task: Task, ladder: list[int], today: date) -> Due | None:
    owner = next((p for p in programme.definition.people if p.id == task.owner), None)
    if owner is None:
        return None
    calendar = _calendar_of(programme, owner)
    due_on = _due_day(schedule, task)
    reached = [rung for rung, days in enumerate(ladder) if calendar.day_after(due_on, days) <= today]
    if not reached:
        return None
    rung = reached[-1]
    return Due(
        reason=_reason(task),
        subject=task.id,
        person=_recipient(programme, task, owner, rung),
        rung=rung,
        due_on=due_on,
        priority=programme.timed(task.id).total_float if programme.schedule else schedule[task.id].total_float,
    )


def _is_open(programme: Programme, task: Task) -> bool:
    progress = programme.roadmap.progress
    if task.owner is None or task.id in {m.task for m in programme.milestones}:
        return False
    if task.is_milestone and task.kind not in ANSWERED:
        return False
    if (own := progress.get(task.id)) is not None:
        return not own.is_done
    return all((before := progress.get(p)) and before.is_done for p in programme.graph.predecessors(task.id))


def _due_day(schedule: Schedule, task: Task) -> date:
    finish = schedule[task.id].early_finish
    return day_of(finish) if task.is_milestone else last_day_of(finish)


def _reason(task: Task) -> str:
    if task.kind is Kind.CHECKPOINT:
        return "checkpoint"
    return "gate" if task.kind in (Kind.DECISION, Kind.GO_LIVE) else "task"


def _recipient(programme: Programme, task: Task, owner: Person, rung: int) -> str | None:
    if rung >= TO_SRO:
        return None
    if rung == TO_MANAGER:
        lead = programme.service(task.service).lead_provider if task.service else None
        return owner.manager or (lead.person if lead else owner.id)
    return owner.id


def _calendar_of(programme: Programme, person: Person) -> WorkingCalendar:
    """Return the days on which a person can be asked: school days for those in a school."""
    calendars = programme.roadmap.calendars
    if person.school is not None:
        key = f"term, {programme.school(person.school).authority}"
        if key in calendars:
            return calendars[key]
    return calendars["office"]


def late_in_report(programme: Programme, *, today: date) -> Iterator[Due]:
    """Yield what reached the rung that the SRO's report lists."""
    return (d for d in due_things(programme, today=today) if d.rung >= TO_SRO)
