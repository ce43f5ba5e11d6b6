"""Names in what a service's file says of its pilot, its parallel runs and its go-live, told with their places."""

from collections.abc import Iterator

from changeflow.intake.checks import unknown
from changeflow.pilots.criteria import ExitCriterion
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.references import DefinitionError, Place


def check_pilots(definition: Definition) -> Iterator[DefinitionError]:
    """Find people and schools that nothing has, ids that stand twice, and schools that two schemes would file."""
    people = {p.id for p in definition.people}
    schools = {s.id for s in definition.schools}
    for service in definition.services:
        for place, person in _named(service):
            yield from unknown(place, "person", person, people)
        for where, kind, ids in (
            (("pilot", "exit_criteria"), "exit criterion", [c.id for c in _criteria(service)]),
            (("go_no_go", "confirm"), "item to confirm", [c.id for c in service.go_no_go.confirm]),
            (("assurance", "cases"), "test case", [c.id for c in service.assurance.cases]),
        ):
            for n, one in enumerate(ids):
                if one in ids[:n]:
                    place = Place.service(service.service, *where, n, "id")
                    yield DefinitionError(place, f"The {kind} '{one}' is listed twice.", "Give one of them another id.")
        yield from _schemes(service, schools)


def _criteria(service: ServiceFile) -> tuple[ExitCriterion, ...]:
    return service.pilot.exit_criteria if service.pilot else ()


def _named(service: ServiceFile) -> Iterator[tuple[Place, str | None]]:
    for n, criterion in enumerate(_criteria(service)):
        yield Place.service(service.service, "pilot", "exit_criteria", n, "owner"), criterion.owner
    for n, item in enumerate(service.go_no_go.confirm):
        yield Place.service(service.service, "go_no_go", "confirm", n, "owner"), item.owner
    for n, person in enumerate(service.go_no_go.sign):
        yield Place.service(service.service, "go_no_go", "sign", n), person
    if service.parallel_run:
        for n, rule in enumerate(service.parallel_run.explanations):
            place = Place.service(service.service, "parallel_run", "explanations", n, "explained_by")
            yield place, rule.explained_by


def _schemes(service: ServiceFile, schools: set[str]) -> Iterator[DefinitionError]:
    taken: dict[str, str] = {}
    schemes = service.parallel_run.schemes if service.parallel_run else ()
    for n, scheme in enumerate(schemes):
        place = Place.service(service.service, "parallel_run", "schemes", n)
        if scheme.id in {s.id for s in schemes[:n]}:
            yield DefinitionError(place.at("id"), f"The scheme '{scheme.id}' is listed twice.", "Join the two.")
        for i, school in enumerate(scheme.schools):
            yield from unknown(place.at("schools", i), "school", school, schools)
            if school in taken:
                what = f"'{school}' is in two schemes: {taken[school]} and {scheme.id}."
                yield DefinitionError(place.at("schools", i), what, "One scheme files for a school's people.")
            taken[school] = scheme.id
