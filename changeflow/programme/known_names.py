"""Names that a person gives, looked up in a programme: one that nothing has is an `UnknownThingError`."""

from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.mandates import SYSTEM, Subject
from changeflow.programme.programme import Programme
from changeflow.values.problem import check_known, pick


def service_named(programme: Programme, name: str) -> ServiceFile:
    return pick("service", name, {s.service: s for s in programme.services})


def service_subject(programme: Programme, name: str) -> Subject:
    """Return a service as the thing that an action is about."""
    return Subject(thing=service_named(programme, name).name, service=name)


def check_person(definition: Definition, person: str) -> str:
    """Return the id of one of the programme's people, or of the system; of a programme without people, any."""
    if person != SYSTEM and definition.people:
        check_known("person", person, [p.id for p in definition.people], remedy="Use an id of people.csv.")
    return person
