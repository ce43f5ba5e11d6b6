"""Whom a service's change reaches, and for whom it has come already."""

from changeflow.adkar.people import Person
from changeflow.programme.programme import Programme


def schools_of(programme: Programme, person: Person) -> frozenset[str]:
    """Return a person's school; for those of the trust, all of them."""
    return frozenset({person.school}) if person.school else frozenset(s.id for s in programme.definition.schools)


def services_of(programme: Programme, person: Person) -> tuple[str, ...]:
    """Return the services whose change reaches a person."""
    return person.services or tuple(s.service for s in programme.services)


def live_people(programme: Programme) -> dict[str, bool]:
    """Say for whom reinforcement applies already: a school that has gone live with a service that reaches them."""
    live: dict[str, bool] = {}
    for person in programme.definition.people:
        schools = schools_of(programme, person)
        live[person.id] = any(programme.is_live(schools, s) for s in services_of(programme, person))
    return live
