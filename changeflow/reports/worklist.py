"""The work list as text and rows. In the text, tasks that differ only in their school share a line."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from changeflow.agenda.worklist import WorkItem, WorkState
from changeflow.planning.last_days import responsible_day
from changeflow.programme.programme import Programme
from changeflow.roadmap.analysis.lengths import day_unit
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.words import Kind

SHOWN_SCHOOLS = 4


def work_rows(programme: Programme, items: Sequence[WorkItem]) -> list[dict[str, Any]]:
    """Return a row for each task."""
    return [
        {
            "id": item.task.id,
            "name": item.task.name,
            "state": item.state.value,
            "first": item.first.isoformat(),
            "due": item.due.isoformat(),
            "days_late": item.days_late,
            "not_before": item.not_before.isoformat() if item.not_before else None,
            "last_responsible_day": _last_day(programme, item),
            "owner": item.asked,
            "owner_name": _owner(programme, item.asked),
        }
        for item in items
    ]


def work_lines(
    programme: Programme,
    items: Sequence[WorkItem],
    *,
    asked: str,
    today: date,
) -> Iterator[str]:
    """Yield a line for each task or group of similar school tasks. `asked` describes the filter."""
    if not items:
        yield f"No tasks found on {format_day(today)} ({asked})."
        return
    groups: dict[tuple[object, ...], list[WorkItem]] = {}
    for item in items:
        groups.setdefault(_alike(item), []).append(item)
    yield f"{counted(len(items), 'task')} on {format_day(today)} ({asked})"
    for members in groups.values():
        yield f"  {work_state(members[0]):<37} {_names(programme, members)}{_owners(programme, members)}"
        yield f"  {'':<37} {_id(members)}{_next(members[0])}{_decided_by(programme, members[0])}"


def _alike(item: WorkItem) -> tuple[object, ...]:
    """Return a key shared by school tasks with the same step, wave, state and days."""
    task = item.task
    if len(task.schools) != 1 or task.id.count("/") != 2 or task.id.split("/")[1] not in task.schools:
        return (task.id,)
    return (task.service, task.step, task.wave, item.state, item.first, item.due, item.not_before)


def work_state(item: WorkItem) -> str:
    """Write the state of a task with its day: `due 3 Jun 2027`, `2 days late (1 Jun 2027)`."""
    day, unit = format_day(item.due), day_unit(item.task.calendar)
    if item.not_before is not None and item.state is not WorkState.LATE and item.task.kind is Kind.DECISION:
        return f"can be decided on {format_day(item.not_before)}"
    return {
        WorkState.LATE: f"{counted(item.days_late, unit)} late ({day})",
        WorkState.DUE: f"due {day}",
        WorkState.BEGUN: f"started, due {day}",
        WorkState.READY: f"ready, due {day}",
        WorkState.WAITING: f"due to start on {format_day(item.first)}",
        WorkState.DONE: f"done {day}",
    }[item.state]


def _next(item: WorkItem) -> str:
    """Say when late work can start at the earliest, if not today."""
    if item.not_before is None or item.state is not WorkState.LATE:
        return ""
    verb = "be decided" if item.task.kind is Kind.DECISION else "start"
    return f" (can {verb} on {format_day(item.not_before)})"


def _last_day(programme: Programme, item: WorkItem) -> str | None:
    if item.task.kind is not Kind.DECISION or item.state is WorkState.DONE:
        return None
    return responsible_day(programme, item.task.id).isoformat()


def _decided_by(programme: Programme, item: WorkItem) -> str:
    """Give the last day to decide, which its planned day does not show."""
    day = _last_day(programme, item)
    return f" (last day to decide: {format_day(date.fromisoformat(day), weekday=True)})" if day is not None else ""


def _names(programme: Programme, members: Sequence[WorkItem]) -> str:
    first = members[0].task
    if len(members) == 1:
        return first.name
    schools = [programme.school_name(next(iter(m.task.schools))) for m in members]
    more = f" and {len(schools) - SHOWN_SCHOOLS} more" if len(schools) > SHOWN_SCHOOLS else ""
    name, where = first.in_parts.without_place, f"at {counted(len(schools), 'school')}"
    return f"{name} {where}: {', '.join(schools[:SHOWN_SCHOOLS])}{more}"


def _id(members: Sequence[WorkItem]) -> str:
    task = members[0].task
    return task.id if len(members) == 1 else f"{task.service}/SCHOOL/{task.step}"


def _owners(programme: Programme, members: Sequence[WorkItem]) -> str:
    asked = list(dict.fromkeys(m.asked for m in members))
    if len(asked) > 1:
        return f" ({len(asked)} owners)"
    return f" ({_owner(programme, asked[0])})"


def _owner(programme: Programme, person: str | None) -> str:
    return programme.person(person) if person is not None else "no owner"
