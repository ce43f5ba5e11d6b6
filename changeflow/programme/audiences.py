"""The groups of people that are looked at: all of them, those a service reaches, waves, groups, hubs."""

from collections.abc import Collection, Iterator
from datetime import date

from changeflow.adkar.people import Person
from changeflow.adkar.views import View, roll_up
from changeflow.programme.definition import Definition, Wave
from changeflow.programme.references import References

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
    people = definition.people
    hubs = sorted({p.hub for p in people if p.hub})
    groups = sorted({g for p in people for g in p.groups})
    by_hub = [View(HUB, hub, frozenset(p.id for p in people if p.hub == hub)) for hub in hubs]
    by_group = [View(GROUP, group, frozenset(p.id for p in people if group in p.groups)) for group in groups]
    found = [View(PROGRAMME, EVERYBODY, frozenset(p.id for p in people)), *_services(definition)]
    found += [*_waves(definition), *by_group]
    found += [View(HUB_GROUP, f"{h.group}/{g.group}", h.members & g.members) for h in by_hub for g in by_group]
    if by_hub:
        found += roll_up(by_hub, answered, minimum=minimum)
    return [v for v in (*found, *_audiences(definition)) if v.members]


def _services(definition: Definition) -> Iterator[View]:
    for service in definition.services:
        reached = frozenset(p.id for p in definition.people if p.is_reached_by(service.service))
        yield View(SERVICE, service.service, reached)


def _waves(definition: Definition) -> Iterator[View]:
    for wave in definition.programme.waves:
        yield View(WAVE, wave.id, frozenset(p.id for p in people_of(definition, wave)))


def _audiences(definition: Definition) -> Iterator[View]:
    references = References(definition)
    for service in definition.services:
        for wave in references.waves_of(service):
            reached = frozenset(p.id for p in people_of(definition, wave) if p.is_reached_by(service.service))
            yield View(AUDIENCE, f"{service.service}/{wave.id}", reached)


def people_of(definition: Definition, wave: Wave) -> list[Person]:
    """Return the people of a wave's schools."""
    schools = frozenset(wave.schools)
    return [p for p in definition.people if p.school in schools]
