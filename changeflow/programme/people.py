"""Whom a service's change reaches, and for whom it has come already."""

from datetime import date

from changeflow.adkar.people import Person
from changeflow.programme.programme import Programme
from changeflow.values.moments import DAY, minute_of
from changeflow.values.words import Kind


def schools_of(programme: Programme, person: Person) -> frozenset[str]:
    """Return a person's school; for those of the trust, all of them."""
    return frozenset({person.school}) if person.school else frozenset(s.id for s in programme.definition.schools)


def live_people(programme: Programme, *, on: date) -> frozenset[str]:
    """Return to whom reinforcement applies by the end of a day: a service that reaches them is live in their school."""
    end = minute_of(on) + DAY
    live = [
        t
        for t in programme.tasks(kind=Kind.GO_LIVE)
        if (p := programme.facts.progress.get(t.id)) and p.actual_finish is not None and p.actual_finish <= end
    ]
    return frozenset(
        person.id
        for person in programme.definition.people
        if any(person.is_reached_by(t.service or "") and t.schools & schools_of(programme, person) for t in live)
    )
