"""Names in change.yaml, and in design changes, that nothing has: told with their places."""

from collections.abc import Iterator

from changeflow.intake.checks import unknown, unknown_among
from changeflow.programme.definition import Definition
from changeflow.programme.references import DefinitionError, Place

CHANGE = "change"


def check_change(definition: Definition) -> Iterator[DefinitionError]:
    """Find groups, services and people that nothing has, and a group that stands twice for the same service."""
    people = {p.id for p in definition.people}
    groups = {g for p in definition.people for g in p.groups}
    services = {s.service for s in definition.services}
    seen: set[tuple[str, str | None]] = set()
    for n, impact in enumerate(definition.change.impacts):
        yield from unknown(Place(CHANGE, ("impacts", n, "group")), "group", impact.group, groups)
        yield from unknown(Place(CHANGE, ("impacts", n, "service")), "service", impact.service, services)
        if (impact.group, impact.service) in seen:
            what = f"'{impact.group}' stands here twice for the same service."
            yield DefinitionError(Place(CHANGE, ("impacts", n, "group")), what, "Join the two.")
        seen.add((impact.group, impact.service))
    for n, ally in enumerate(definition.change.coalition):
        yield from unknown(Place(CHANGE, ("coalition", n, "person")), "person", ally.person, people)
    for service in definition.services:
        for n, change in enumerate(service.design_changes):
            place = Place.service(service.service, "design_changes", n, "groups")
            yield from unknown_among(place, "group", change.groups, groups)
