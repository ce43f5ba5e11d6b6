"""The order in which people go from one task to the next, as links: so that a simulation keeps it."""

from collections.abc import Iterator
from dataclasses import replace

from changeflow.programme.programme import Programme
from changeflow.roadmap.levelling.overload import everybody, stretches
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Roadmap
from changeflow.values.base import TaskId
from changeflow.values.moments import minute_of

PEOPLE = "people"
"""The origin of such a link."""


def keeping_people_order(programme: Programme) -> Roadmap:
    """Return the roadmap in which every accepted move waits for whoever has its people, and no longer for a date.

    The planned dates stay as they are; a task that takes longer then makes those wait that need its people, as
    levelling had them wait. A move behind which nobody is (its team was away) keeps its date.
    """
    roadmap, accepted = programme.roadmap, programme.definition.levelling.accepted
    links: list[Link] = []
    tasks = dict(roadmap.tasks)
    for name, moment in sorted(accepted.items()):
        if name not in tasks or name in roadmap.progress:
            continue
        behind = list(_behind(programme, name))
        if not behind:
            continue
        date = Constraint(Bound.START_NO_EARLIER, minute_of(moment))
        kept = tuple(c for c in tasks[name].constraints if c != date)
        tasks[name] = replace(tasks[name], constraints=kept)
        links += [Link(before, name, origin=PEOPLE) for before in behind]
    return replace(roadmap, tasks=tasks, links=(*roadmap.links, *links)) if links else roadmap


def _behind(programme: Programme, name: TaskId) -> Iterator[TaskId]:
    """Yield the tasks whose people are free just when a task that needs them begins."""
    roadmap, timed = programme.roadmap, programme.timed(name)
    hours = everybody(roadmap)
    before = hours.previous_working(timed.early_start) - 1
    for other in roadmap.tasks.values():
        if other.id == name or not other.needs.keys() & roadmap.tasks[name].needs.keys():
            continue
        dates = programme.timed(other.id)
        start, finish = dates.early_start, dates.early_finish
        ends = hours.between(finish, timed.early_start) == 0 and finish <= timed.early_start
        if ends and any(a <= before < b for a, b in stretches(other, roadmap, hours, start, finish)):
            yield other.id
