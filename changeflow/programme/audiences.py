"""The groups of people that are reported (all, by service, wave, group and hub), and what each gains."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from changeflow.adkar.people import Person
from changeflow.adkar.published import View, roll_up
from changeflow.programme.definition import Definition, ServiceFile, Wave
from changeflow.programme.references import References

PROGRAMME, SERVICE, WAVE = "programme", "service", "wave"
AUDIENCE, GROUP, HUB, HUB_GROUP = "audience", "group", "hub", "hub-group"
EVERYBODY = "all"
"""The name of the group that contains everyone."""


def views(definition: Definition, answered: Collection[str], *, minimum: int, on: date | None = None) -> list[View]:
    """Return the groups on a day in order of importance: everyone, each service, then those that dates depend on.

    Hubs that are too small to show are rolled up into one. A group within a hub rolls up to the hub and to the group.
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
    """Return the people at a wave's schools."""
    schools = frozenset(wave.schools)
    return [p for p in definition.people if p.school in schools]


def gains_of(definition: Definition, service: ServiceFile, wave: Wave) -> tuple[str, ...]:
    """Return what each group that a service reaches in a wave gains, in the files' own words."""
    groups = {g for p in _reached(people_of(definition, wave), service) for g in p.groups}
    impacts = (i for i in definition.change.impacts if i.group in groups and i.service in (None, service.service))
    return tuple(dict.fromkeys(gain for impact in impacts for gain in impact.gains))
