"""Checks of the second pass: names that must exist elsewhere in the folder, and contradictions."""

from collections.abc import Collection, Iterator, Sequence

from changeflow.adkar.people import Person
from changeflow.pilots.criteria import ExitCriterion
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.programme import Programme
from changeflow.programme.references import PROGRAMME, DefinitionError, Place, References
from changeflow.rules.catalogue import RULES
from changeflow.services.transition import Route, redundancies
from changeflow.values.finding import Waiver
from changeflow.values.problem import did_you_mean
from changeflow.values.words import Kind


def check_references(definition: Definition) -> Iterator[DefinitionError]:
    """Find every unknown name, and every school in two waves of one service."""
    yield from _waves(definition)
    yield from _people(definition)
    yield from _waivers(definition)
    yield from _mandates(definition)
    yield from _posts(definition)
    programme = definition.programme
    if programme.finish is not None and programme.finish <= programme.start:
        what = f"The programme would finish on {programme.finish}, not after its start on {programme.start}."
        yield DefinitionError(
            Place.programme("finish"), what, "Give a later last day, or leave it out to schedule from the start."
        )
    for service in definition.services:
        if service.service == PROGRAMME:
            place = Place.service(service.service, "service")
            yield DefinitionError(
                place, f"'{PROGRAMME}' is reserved for the programme's own tasks.", "Give the service another id."
            )


def people_missing(definition: Definition, found: Sequence[DefinitionError]) -> list[DefinitionError]:
    """Return errors as they are; but if there are no people at all, report that their table is missing, not each
    person."""
    nameless = [] if definition.people else [e for e in found if e.what.startswith("There is no person ")]
    if not nameless:
        return list(found)
    named = sorted({e.what.split("'")[1] for e in nameless})
    remedy = f"Add it, with the people that other files name: {', '.join(named[:8])}{' …' if named[8:] else ''}."
    missing = DefinitionError(Place("people"), "people.csv is missing.", remedy)
    return [missing, *(e for e in found if e not in nameless)]


def check_settings(programme: Programme) -> Iterator[DefinitionError]:
    """Find mistakes that show only in the joined programme: settings that a rulepack does not allow, and unknown
    tasks."""
    floor = programme.rulepacks.number("privacy", "floor", on=programme.on)
    wanted = programme.policy.minimum_group
    if wanted is not None and wanted < floor:
        what = f"Groups as small as {wanted} could reveal people's scores."
        yield DefinitionError(Place.programme("policy", "minimum_group"), what, f"Write {floor} or more.")
    for place, waiver in _placed_waivers(programme.definition):
        yield from unknown(place.at("task"), "task", waiver.task, programme.roadmap.tasks)
    yield from _endings(programme)


def unknown(
    place: Place, what: str, name: str | None, known: Collection[str], *, on_key: bool = False
) -> Iterator[DefinitionError]:
    """Yield an error, with the nearest known name, if a name is given and not known."""
    if name is not None and name not in known:
        yield DefinitionError(place, f"There is no {what} '{name}'.", did_you_mean(name, known), on_key=on_key)


def unknown_among(place: Place, what: str, names: Sequence[str], known: Collection[str]) -> Iterator[DefinitionError]:
    """Yield the errors of a list of names, each at its own place in the list."""
    for n, name in enumerate(names):
        yield from unknown(place.at(n), what, name, known)


def _waves(definition: Definition) -> Iterator[DefinitionError]:
    services = {s.service for s in definition.services}
    schools = {s.id for s in definition.schools}
    seen: set[str] = set()
    taken: dict[tuple[str, str], str] = {}
    for n, wave in enumerate(definition.programme.waves):
        place = Place.programme("waves", n)
        if wave.id in seen or wave.id in schools or wave.id in services:
            yield DefinitionError(
                place.at("id"), f"'{wave.id}' is already the id of something else.", "Give the wave another id."
            )
        seen.add(wave.id)
        yield from unknown_among(place.at("services"), "service", wave.services, services)
        for i, school in enumerate(wave.schools):
            yield from unknown(place.at("schools", i), "school", school, schools)
            for service in sorted(wave.services or services):
                if (service, school) in taken:
                    what = f"'{school}' is in two waves of {service}: {taken[service, school]} and {wave.id}."
                    remedy = "Remove it from one of them: a school goes live once with each service."
                    yield DefinitionError(place.at("schools", i), what, remedy)
                    break
                taken[service, school] = wave.id
    waiting = schools - {s for w in definition.programme.waves for s in w.schools}
    for left_out in sorted(waiting):
        remedy = "Add it to a wave in programme.yaml, or take it out of schools.csv."
        yield DefinitionError(Place("schools", (left_out, "id")), f"No wave has the school '{left_out}'.", remedy)
    for service in sorted(services):
        if not any(not w.services or service in w.services for w in definition.programme.waves):
            remedy = "Add it to a wave in programme.yaml."
            yield DefinitionError(Place.service(service, "service"), f"No wave has the service '{service}'.", remedy)


def _people(definition: Definition) -> Iterator[DefinitionError]:
    people = {p.id for p in definition.people}
    schools = {s.id for s in definition.schools}
    programme = definition.programme
    if programme.sponsor:
        yield from unknown(Place.programme("sponsor", "person"), "person", programme.sponsor.person, people)
    for service in definition.services:
        if service.lead_provider:
            place = Place.service(service.service, "lead_provider", "person")
            yield from unknown(place, "person", service.lead_provider.person, people)
        for n, holding in enumerate(service.delegation):
            place = Place.service(service.service, "delegation", n, "schools")
            yield from unknown_among(place, "school", holding.schools, schools)
        if service.team:
            place = Place.service(service.service, "team")
            yield from unknown(place.at("manager"), "person", service.team.manager, people)
            for n, member in enumerate(service.team.members):
                yield from unknown(place.at("members", n, "person"), "person", member.person, people)
    yield from check_people(definition.people, schools)


def check_people(people: Sequence[Person], schools: Collection[str] | None) -> Iterator[DefinitionError]:
    """Check people.csv alone; without a list of schools, accept any school."""
    yield from _stays(people, schools)
    yield from _manager_loops(people)


def _stays(everyone: Sequence[Person], schools: Collection[str] | None) -> Iterator[DefinitionError]:
    """Check the people, schools and days that each line of people.csv names."""
    people = {p.id for p in everyone}
    for person in everyone:
        place = Place("people", (person.id,))
        yield from unknown(place.at("manager"), "person", person.manager, people)
        if schools is not None:
            yield from unknown(place.at("school"), "school", person.school, schools)
            for move in person.moves:
                yield from unknown(place.at("moves"), "school", move.school, schools)
        yield from unknown(place.at("successor"), "person", person.successor, people)
        if person.joins and person.leaves and person.leaves < person.joins:
            what = f"{person.id} leaves on {person.leaves}, before joining on {person.joins}."
            yield DefinitionError(place.at("leaves"), what, "Write the later day in the column leaves.")


def _manager_loops(people: Sequence[Person]) -> Iterator[DefinitionError]:
    """Report each loop of managers once: a reminder would never find anyone more senior."""
    above, seen, loops = {p.id: p.manager for p in people if p.manager}, set[str](), list[list[str]]()
    for person in above:
        chain, at = list[str](), person
        while at in above and at not in seen:
            seen.add(at)
            chain.append(at)
            at = above[at]
        # Every loop is walked once; a chain that ends in people already seen contains no new loop.
        if at in above and at in chain:
            loops.append(chain[chain.index(at) :])
    for loop in sorted(loops, key=min):
        start = loop.index(min(loop))
        names = " is managed by ".join([*loop[start:], *loop[:start], min(loop)])
        remedy = "Leave the manager of the most senior person empty."
        what = f"The managers go round in a circle: {names}."
        yield DefinitionError(Place("people", (min(loop), "manager")), what, remedy)


def _waivers(definition: Definition) -> Iterator[DefinitionError]:
    people = {p.id for p in definition.people}
    services = {s.service for s in definition.services}
    schools = {s.id for s in definition.schools}
    for place, waiver in _placed_waivers(definition):
        yield from unknown(place.at("rule"), "rule", waiver.rule, RULES)
        if waiver.rule in RULES and not RULES[waiver.rule].lifted_by:
            yield DefinitionError(
                place.at("rule"), f"Rule {waiver.rule} cannot be waived.", "Remove the waiver and keep the rule."
            )
        yield from unknown(place.at("owner"), "person", waiver.owner, people)
        for person in waiver.approved_by:
            yield from unknown(place.at("approved_by"), "person", person, people)
        yield from unknown(place.at("service"), "service", waiver.service, services)
        yield from unknown_among(place.at("schools"), "school", waiver.schools, schools)


def _mandates(definition: Definition) -> Iterator[DefinitionError]:
    references = References(definition)
    people = {p.id for p in definition.people}
    programme = definition.programme
    place = Place.programme("data_protection_contact")
    yield from unknown(place, "person", programme.data_protection_contact, people)
    yield from unknown_among(Place.programme("admins"), "person", programme.admins, people)
    for service in definition.services:
        place = Place.service(service.service, "service_manager")
        yield from unknown(place, "person", service.service_manager, people)
        for action, owner in service.action_owners.items():
            if (wrong := references.owner(owner, service, frozenset())[1]) is not None:
                yield DefinitionError(Place.service(service.service, "action_owners", action), *wrong)
    for name, holders in programme.mandates:
        yield from unknown_among(Place.programme("mandates", name), "person", holders, people)


def _placed_waivers(definition: Definition) -> Iterator[tuple[Place, Waiver]]:
    for n, waiver in enumerate(definition.programme.waivers):
        yield Place.programme("waivers", n), waiver
    for service in definition.services:
        for n, waiver in enumerate(service.waivers):
            yield Place.service(service.service, "waivers", n), waiver


def _posts(definition: Definition) -> Iterator[DefinitionError]:
    schools = {s.id for s in definition.schools}
    for service in definition.services:
        new = {p.id for p in service.new_posts}
        ids = [("posts", n, p.id) for n, p in enumerate(service.posts)]
        ids += [("new_posts", n, p.id) for n, p in enumerate(service.new_posts)]
        for i, (group, n, post) in enumerate(ids):
            if post in [name for _, _, name in ids[:i]]:
                place = Place.service(service.service, group, n, "id")
                yield DefinitionError(place, f"Post '{post}' is listed twice.", "Give one of them another id.")
        for n, old in enumerate(service.posts):
            place = Place.service(service.service, "posts", n)
            yield from unknown(place.at("school"), "school", old.school, schools)
            yield from unknown(place.at("to"), "new post", old.to, new)


def _endings(programme: Programme) -> Iterator[DefinitionError]:
    """Check that posts made redundant end with a step that removes roles, and that the register and the step agree."""
    for service in programme.services:
        steps = {t.step for t in programme.tasks(kind=Kind.ROLE_REMOVAL, service=service.service)}
        for n, post in enumerate(service.posts):
            place = Place.service(service.service, "posts", n)
            if post.ends_with is not None:
                yield from unknown(place.at("ends_with"), "step of kind role_removal", post.ends_with, steps)
            elif post.route is Route.REDUNDANCY and len(steps) != 1:
                remedy = (
                    f"Write ends_with: {' or '.join(sorted(steps))}." if steps else "Add a step of kind role_removal."
                )
                yield DefinitionError(
                    place.at("route"), f"'{post.id}' ends by redundancy, but it is not clear when.", remedy
                )
        registered = redundancies(service.posts)
        written: dict[str, int] = {}
        for task in programme.tasks(kind=Kind.ROLE_REMOVAL, service=service.service):
            for school, count in task.redundancies.items():
                written[school] = written.get(school, 0) + count
        if service.posts and written != registered:
            what = "The register of posts and the steps' `redundancies` differ at some schools."
            remedy = "Leave `redundancies` out: it follows from the register."
            yield DefinitionError(Place.service(service.service, "posts"), what, remedy, on_key=True)


CHANGE = "change"


def check_change(definition: Definition) -> Iterator[DefinitionError]:
    """Find unknown groups, services and people, and groups listed twice for the same service."""
    people = {p.id for p in definition.people}
    groups = {g for p in definition.people for g in p.groups}
    services = {s.service for s in definition.services}
    seen: set[tuple[str, str | None]] = set()
    for n, impact in enumerate(definition.change.impacts):
        yield from unknown(Place(CHANGE, ("impacts", n, "group")), "group", impact.group, groups)
        yield from unknown(Place(CHANGE, ("impacts", n, "service")), "service", impact.service, services)
        if (impact.group, impact.service) in seen:
            what = f"'{impact.group}' is listed twice for the same service."
            yield DefinitionError(Place(CHANGE, ("impacts", n, "group")), what, "Merge the two.")
        seen.add((impact.group, impact.service))
    for n, ally in enumerate(definition.change.coalition):
        yield from unknown(Place(CHANGE, ("coalition", n, "person")), "person", ally.person, people)
    for service in definition.services:
        for n, point in enumerate(service.no_return):
            waves = [w.id for w in References(definition).waves_of(service)]
            yield from unknown_among(
                Place.service(service.service, "no_return", n, "waves"), "wave", point.waves, waves
            )
        for n, change in enumerate(service.design_changes):
            place = Place.service(service.service, "design_changes", n, "groups")
            yield from unknown_among(place, "group", change.groups, groups)


def check_pilots(definition: Definition) -> Iterator[DefinitionError]:
    """Find unknown people and schools, duplicate ids, and schools that two PAYE schemes would file."""
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
            yield DefinitionError(place.at("id"), f"The scheme '{scheme.id}' is listed twice.", "Merge the two.")
        for i, school in enumerate(scheme.schools):
            yield from unknown(place.at("schools", i), "school", school, schools)
            if school in taken:
                what = f"'{school}' is in two schemes: {taken[school]} and {scheme.id}."
                yield DefinitionError(place.at("schools", i), what, "Only one scheme may file for a school's people.")
            taken[school] = scheme.id
