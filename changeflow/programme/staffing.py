"""Who is where on a day: moves between schools, leavers, and who takes over from whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from changeflow.adkar.people import Person
from changeflow.programme.definition import Definition
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.values.base import Same, TaskId


@dataclass(frozen=True, slots=True)
class Succession:
    """Somebody has left, and this is who took over, from the day after; None where nobody does."""

    person: str
    left: date
    successor: str | None


def as_of(definition: Definition, day: date) -> Definition:
    """Return a definition with everybody in the school, and so in the hub, where they are on a day."""
    return _as_of(Same(definition), day)


@lru_cache(maxsize=4)
def _as_of(same: Same[Definition], day: date) -> Definition:
    definition = same.value
    if not any(p.moves for p in definition.people):
        return definition
    hubs = {s.id: s.hub for s in definition.schools}
    people = tuple(_placed(p, p.school_on(day), hubs) for p in definition.people)
    return definition.model_copy(update={"people": people})


def _placed(person: Person, school: str | None, hubs: Mapping[str, str | None]) -> Person:
    if school == person.school or school is None:
        return person
    return person.model_copy(update={"school": school, "hub": hubs.get(school) or person.hub})


def successor_of(definition: Definition, person: str, day: date) -> str | None:
    """Return who stands in for somebody on a day: themselves while they are here, else the first who is, in turn."""
    people, seen = {p.id: p for p in definition.people}, set[str]()
    current: str | None = person
    while current is not None and current not in seen:
        seen.add(current)
        found = people.get(current)
        if found is None or found.leaves is None or day <= found.leaves:
            return current
        current = found.successor
    return None


def handed_over(
    tasks: Mapping[TaskId, Task], definition: Definition, progress: Mapping[TaskId, TaskProgress], day: date
) -> dict[TaskId, Task]:
    """Give what is not done, of those who have left, to their successors; what is done stays with who did it."""
    gone = {p.id for p in definition.people if p.leaves is not None and p.leaves < day}
    found = dict(tasks)
    for name, task in tasks.items():
        done = progress.get(name)
        if task.owner in gone and not (done and done.is_done):
            # A task that nobody takes over stays with who had it: their manager is told, and a report says so.
            owner = successor_of(definition, task.owner or "", day)
            found[name] = replace(task, owner=owner or task.owner)
    return found


def successions(definition: Definition, day: date) -> Iterator[Succession]:
    """Yield everybody who has left by a day, in the order of leaving."""
    gone = [(p.leaves, p) for p in definition.people if p.leaves is not None and p.leaves < day]
    for left, person in sorted(gone, key=lambda g: (g[0], g[1].id)):
        yield Succession(person.id, left, successor_of(definition, person.id, day))
