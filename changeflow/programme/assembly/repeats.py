"""Once more: a pilot or a parallel run that has not shown enough is repeated, and everything after it waits."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from changeflow.pilots.entries import Entry, PilotRepeated
from changeflow.programme.assembly.expansion import Expansion
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import parse_duration
from changeflow.values.moments import DAY, minute_of
from changeflow.values.words import Kind, Origin

CAN_BE_REPEATED = (Kind.PILOT, Kind.PARALLEL_RUN, Kind.TEST_PACK)


def repetition_of(task: TaskId, number: int) -> TaskId:
    """Return the id of a task's repetition; they count within the service, from 1."""
    return f"{task}-again-{number}"


def add_repetitions(
    expansion: Expansion, entries: Iterable[Entry], progress: Mapping[TaskId, TaskProgress], *, minutes_per_day: int
) -> None:
    """Add a task for each repetition: after what it repeats, before all that waited for that and has not begun."""
    for entry in (e for e in entries if isinstance(e, PilotRepeated)):
        first = expansion.tasks.get(entry.task)
        if first is None:
            continue
        name = repetition_of(first.id, entry.number)
        waiting = [k.successor for k in expansion.links if k.predecessor == first.id and k.successor not in progress]
        before = [t for t in expansion.tasks if t == first.id or t.startswith(f"{first.id}-again-")]
        since = Constraint(Bound.START_NO_EARLIER, minute_of(entry.on) + DAY)
        expansion.tasks[name] = replace(
            first,
            id=name,
            name=f"{first.name}, repeated",
            duration=parse_duration(entry.duration, minutes_per_day=minutes_per_day),
            estimate=None,
            constraints=(since,),
            deadline=None,
            because=f"it is repeated: {entry.reason.rstrip('.')}",
        )
        expansion.links.append(Link(before[-1], name, origin=Origin.DECISION))
        expansion.links.extend(
            Link(name, task, origin=Origin.DECISION)
            for task in dict.fromkeys(waiting)
            if not task.startswith(f"{first.id}-again-")
        )
