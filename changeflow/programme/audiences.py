"""Who is where on a day and who takes over from whom; the groups of people that are looked at, and what they gain."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from changeflow.adkar.people import Person
from changeflow.adkar.published import View, roll_up
from changeflow.programme.definition import Definition, ServiceFile, Wave
from changeflow.programme.references import References
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.values.base import Same, TaskId

PROGRAMME, SERVICE, WAVE = "programme", "service", "wave"
AUDIENCE, GROUP, HUB, HUB_GROUP = "audience", "group", "hub", "hub-group"
EVERYBODY = "all"
"""The name of the one group that has everybody in it."""


def views(definition: Definition, answered: Collection[str], *, minimum: int, on: date | None = None) -> list[View]:
    """Return the groups in order of importance: everybody, each service, then those that dates wait for.

    On a day: who is there then. Hubs that are too small to be shown are rolled up to one; of a group within a hub, the
    hub and the group are what it is rolled up to.
    """
    if on is not None:
        here = tuple(p for p in definition.people if p.is_here(on))
        definition = definition.model_copy(update={"people": here})
    people, references = definition.people, References(definition)
    by_hub = [_view(HUB, hub, (p for p in people if p.hub == hub)) for hub in sorted({p.hub for p in people if p.hub})]
    groups = sorted({g for p in people for g in p.groups})
    by_group = [_view(GROUP, group, (p for p in people if group in p.groups)) for group in groups]
    found = [_view(PROGRAMME, EVERYBODY, people)]
    found += [_view(SERVICE, s.service, _reached(people, s)) for s in definition.services]
    found += [_view(WAVE, wave.id, people_of(definition, wave)) for wave in definition.programme.waves]
    found += by_group
    found += [View(HUB_GROUP, f"{h.group}/{g.group}", h.members & g.members) for h in by_hub for g in by_group]
    if by_hub:
        found += roll_up(by_hub, answered, minimum=minimum)
    found += [
        _view(AUDIENCE, f"{service.service}/{wave.id}", _reached(people_of(definition, wave), service))
        for service in definition.services
        for wave in references.waves_of(service)
    ]
    return [v for v in found if v.members]


def _view(view: str, group: str, people: Iterable[Person]) -> View:
    return View(view, group, frozenset(p.id for p in people))


def _reached(people: Iterable[Person], service: ServiceFile) -> Iterator[Person]:
    return (p for p in people if p.is_reached_by(service.service))


def people_of(definition: Definition, wave: Wave) -> list[Person]:
    """Return the people of a wave's schools."""
    schools = frozenset(wave.schools)
    return [p for p in definition.people if p.school in schools]


def gains_of(definition: Definition, service: ServiceFile, wave: Wave) -> str:
    """Say what the groups that a service reaches in a wave gain by it, in the files' own words."""
    groups = {g for p in _reached(people_of(definition, wave), service) for g in p.groups}
    impacts = (i for i in definition.change.impacts if i.group in groups and i.service in (None, service.service))
    return "; ".join(dict.fromkeys(gain for impact in impacts for gain in impact.gains))


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
