"""Where people are on a day: moves between schools, leavers and their successors."""

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
    """A person has left, and this successor takes over from the next day; None if there is none."""

    person: str
    left: date
    successor: str | None


def as_of(definition: Definition, day: date) -> Definition:
    """Return a definition with each person at their school, and so in their hub, on a day."""
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
    """Return who acts for a person on a day: the person while present, or else the first successor who is."""
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
    """Give leavers' unfinished tasks to their successors; finished tasks stay with the person who did them."""
    gone = {p.id for p in definition.people if p.leaves is not None and p.leaves < day}
    found = dict(tasks)
    for name, task in tasks.items():
        done = progress.get(name)
        if task.owner in gone and not (done and done.is_done):
            # Without a successor a task stays with the leaver: their manager is notified, and a report says so.
            owner = successor_of(definition, task.owner or "", day)
            found[name] = replace(task, owner=owner or task.owner)
    return found


def successions(definition: Definition, day: date) -> Iterator[Succession]:
    """Yield everyone who has left by a day, in order of leaving."""
    gone = [(p.leaves, p) for p in definition.people if p.leaves is not None and p.leaves < day]
    for left, person in sorted(gone, key=lambda g: (g[0], g[1].id)):
        yield Succession(person.id, left, successor_of(definition, person.id, day))
