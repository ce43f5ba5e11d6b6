"""Names that a person gives, looked up in a programme: one that nothing has is an `UnknownThingError`."""

from changeflow.errors import UnknownThingError
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.mandates import SYSTEM, Subject
from changeflow.programme.programme import Programme


def service_named(programme: Programme, name: str) -> ServiceFile:
    known = {s.service: s for s in programme.services}
    if name not in known:
        raise UnknownThingError("service", name, known)
    return known[name]


def service_subject(programme: Programme, name: str) -> Subject:
    """Return a service as the thing that an action is about."""
    return Subject(thing=service_named(programme, name).name, service=name)


def check_person(definition: Definition, person: str) -> str:
    """Return the id of one of the programme's people, or of the system; of a programme without people, any."""
    people = {p.id for p in definition.people}
    if person != SYSTEM and people and person not in people:
        raise UnknownThingError("person", person, people, remedy="Use an id of people.csv.")
    return person


def check_school(definition: Definition, school: str) -> None:
    known = [s.id for s in definition.schools]
    if school not in known:
        raise UnknownThingError("school", school, known)
