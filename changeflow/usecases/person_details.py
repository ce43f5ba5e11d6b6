"""Change a person's details or add a person, as a new version. Name, address and language are no part of a version."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from changeflow.adkar.moves import corrected, moved
from changeflow.adkar.people import Person
from changeflow.errors import InputError, UnknownThingError
from changeflow.programme.definition import Definition
from changeflow.programme.permissions import allowed_people
from changeflow.reports.entry_forms import EntryForm, Options
from changeflow.reports.person_details import (
    EMAIL,
    PARTS,
    WRITE_ONLY,
    details,
    fields_for,
    known_groups,
    known_hubs,
    schools_in_words,
    typed,
)
from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.usecases import editing
from changeflow.usecases.acts import mark_of_people
from changeflow.usecases.contact_details import (
    GivenContact,
    add_contact,
    change_contact,
    is_erased,
    mark_of_contact,
    may_change_address,
)
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.editing import PlanDraft
from changeflow.usecases.handover import free_id, ids_taken, known_person
from changeflow.usecases.stored import Stored, load
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.moments import format_day
from changeflow.values.words import Action

MOST_LISTED = 100
NOTHING_NEW = "These are the details as they are stored. No changes saved."


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """A person in the list."""

    person: str
    name: str
    school: str
    when: str
    """When they join or leave; empty if neither is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFound:
    """The people whose name, role or school matches what someone looks for."""

    shown: tuple[PersonLine, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPage:
    """A person's details, and the form that changes them; or the form for a new person."""

    person: str
    """Empty for a new person."""
    name: str
    form: EntryForm
    now: Mapping[str, str]
    """What is stored, by field."""
    schools: str
    """Their schools in words, if they move."""
    may_change_address: bool
    may_change_roles: bool
    is_erased: bool
    seen: str
    seen_contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledPerson:
    """A person's details as someone has filled them in."""

    role: str
    audience: str = "team"
    school: str | None = None
    from_day: date | None = None
    """The day from which they are at the school, or on which a new person joins."""
    hub: str | None = None
    groups: frozenset[str] = frozenset()
    manager: str | None = None
    services: frozenset[str] = frozenset()
    contact: GivenContact = field(default_factory=GivenContact)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPerson:
    """A person's details after a change."""

    person: str
    lines: Options
    """What is different now, as terms and descriptions."""


def people_found(visit: Visit, words: str) -> PeopleFound:
    """Return the people whose name, role or school has all the given words, by name."""
    permit_editing(visit)
    wanted = words.casefold().split()
    lines = (_line(visit, person) for person in visit.definition.people)
    found = [line for line in lines if all(w in f"{line.name} {line.school}".casefold() for w in wanted)]
    found.sort(key=lambda line: (line.name.casefold(), line.person))
    return PeopleFound(shown=tuple(found[:MOST_LISTED]), total=len(found))


def _line(visit: Visit, person: Person) -> PersonLine:
    school, when = person.school_on(visit.today), list[str]()
    if person.joins is not None and person.joins > visit.today:
        when.append(f"joins on {format_day(person.joins)}")
    if person.leaves is not None:
        when.append(f"{'left' if person.leaves < visit.today else 'leaves'} on {format_day(person.leaves)}")
    return PersonLine(
        person=person.id,
        name=visit.programme.person(person.id),
        school=visit.programme.school_name(school) if school else "",
        when=", ".join(when),
    )


def person_page(visit: Visit, person: str) -> PersonPage:
    """Return a person's details and the form; an `UnknownThingError` if they are not in the programme."""
    permit_editing(visit)
    programme, found = visit.programme, known_person(visit.definition, person)
    contact, may_change = versions.contact(visit.session, visit.name, person), may_change_address(visit)
    sees, erased = visit.may(Action.EXPORT_ADDRESSES), is_erased(visit.session, visit.name, person)
    email = (EMAIL if sees else WRITE_ONLY) if may_change else None
    now = typed(visit.definition, found, contact, visit.today)
    if sees and may_change and contact is not None:
        now["email"] = contact.email or ""
    fields = fields_for(programme, found, on=visit.today, has_contact=not erased, email=email)
    return PersonPage(
        person=person,
        name=programme.the_person(person),
        form=EntryForm(title="", intro="", facts=details(programme, found, contact), fields=fields, save="Publish"),
        now=now,
        schools=schools_in_words(programme, found) if found.moves else "",
        may_change_address=may_change,
        may_change_roles=_may_change_roles(visit),
        is_erased=erased,
        seen=mark_of_people(programme),
        seen_contact=mark_of_contact(visit.session, contact),
    )


def new_person_page(visit: Visit) -> PersonPage:
    """Return the form for a new person."""
    permit_editing(visit)
    fields = fields_for(visit.programme, None, on=visit.today, has_contact=True, email=EMAIL)
    return PersonPage(
        person="",
        name="",
        form=EntryForm(title="", intro="", facts=(), fields=fields, save="Publish"),
        now={"audience": "team"},
        schools="",
        may_change_address=True,
        may_change_roles=_may_change_roles(visit),
        is_erased=False,
        seen=mark_of_people(visit.programme),
        seen_contact="",
    )


def _may_change_roles(visit: Visit) -> bool:
    return visit.may(Action.CHANGE_ROLES) or not allowed_people(visit.definition, Action.CHANGE_ROLES)


def change_person(person: str, filled: FilledPerson, reason: str, change: Change) -> ChangedPerson:
    """Publish a person's details as a new version, and store those that are no part of one.

    Changing what a person may do needs the permission to change roles, and changing an address one of its own.
    """
    with read_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
    before = known_person(stored.version.definition, person)
    after = _filled_in(stored, before, filled, change.on)
    lines = list[tuple[str, str]]()

    def also(work: UnitOfWork, by: str) -> None:
        old = versions.contact(work.session, work.name, person)
        is_new = change_contact(work, after, filled.contact, by)
        if not is_new and after == before:
            raise InputError(NOTHING_NEW)
        new = versions.contact(work.session, work.name, person) if is_new else old
        was = details(work.programme, before, old)
        lines.extend(line for line in details(work.programme, after, new) if line not in was)
        if new is not None and new.email != (old.email if old else None):
            lines.append(("Email address", new.email or "None"))
        work.note("change-person", f"person:{person}", by=by)

    if after != before:
        people = tuple(after if p.id == person else p for p in stored.version.definition.people)
        editing.publish(_draft(stored), reason, change, people=people, also=also)
        return ChangedPerson(person=person, lines=tuple(lines))
    with unit_of_work(change) as work:
        also(work, work.permit(Action.STORE_VERSION))
        versions.touch(work.session, work.name)
    return ChangedPerson(person=person, lines=tuple(lines))


def add_person(filled: FilledPerson, reason: str, change: Change) -> ChangedPerson:
    """Publish a new person as a new version; no one ever had their id."""
    with read_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
        id_ = free_id(filled.role, ids_taken(session, stored))
    if filled.from_day is not None:
        _check_year(stored.version.definition, filled.from_day, change.on)
    blank = Person(id=id_, role=filled.role, joins=filled.from_day)
    new = _filled_in(stored, blank, replace(filled, from_day=None), change.on)

    def also(work: UnitOfWork, by: str) -> None:
        add_contact(work.session, work.name, new, filled.contact)
        work.note("add-person", f"person:{id_}", by=by)

    people = (*stored.version.definition.people, new)
    editing.publish(_draft(stored), reason, change, people=people, also=also)
    return ChangedPerson(person=id_, lines=())


def _draft(stored: Stored) -> PlanDraft:
    return PlanDraft(programme=stored.programme.id, base=stored.version.number, edits=())


def _filled_in(stored: Stored, person: Person, filled: FilledPerson, on: date) -> Person:
    """Return a person with the details that were filled in; raise for a choice that does not exist."""
    definition = stored.version.definition
    if not filled.role:
        raise InputError("Enter the role.")
    _check_known("part", {filled.audience}, {*PARTS, person.audience})
    _check_known("hub", {filled.hub}, known_hubs(definition))
    _check_known("group", filled.groups, known_groups(definition))
    _check_known("service", filled.services, [s.service for s in definition.services])
    _check_known("school", {filled.school}, [s.id for s in definition.schools])
    _check_known("person", {filled.manager}, [p.id for p in definition.people])
    _check_manager(stored, person, filled.manager)
    changed = person.model_copy(
        update={
            "role": filled.role,
            "audience": filled.audience,
            "hub": filled.hub,
            "groups": _ticked(person.groups, filled.groups),
            "manager": filled.manager,
            "services": _ticked(person.services, filled.services),
        }
    )
    return _at_school(stored, changed, filled, on)


def _check_known(kind: str, given: Iterable[str | None], known: Collection[str]) -> None:
    for one in given:
        if one is not None and one not in known:
            raise UnknownThingError(kind, one)


def _check_manager(stored: Stored, person: Person, manager: str | None) -> None:
    """Raise if a person would report to themselves, directly or through others."""
    above, at = {p.id: p.manager for p in stored.version.definition.people}, manager
    for _ in above:
        if at == person.id:
            who = f"{stored.programme.person(manager)} reports" if manager != person.id else "They cannot report"
            more = " to this person, directly or through others" if manager != person.id else " to themselves"
            raise InputError(f"{who}{more}. Choose another manager.")
        at = above.get(at or "")


def _ticked(before: tuple[str, ...], now: frozenset[str]) -> tuple[str, ...]:
    return (*(one for one in before if one in now), *sorted(now.difference(before)))


def _at_school(stored: Stored, person: Person, filled: FilledPerson, on: date) -> Person:
    """Return a person at another school: from a day, or if there is none, as if they had always been there."""
    if filled.from_day is None:
        return person if filled.school == person.school_on(on) else corrected(person, filled.school, on)
    if filled.school is None:
        raise InputError("Choose the school that they move to. If they have no single school, leave the day empty.")
    _check_year(stored.version.definition, filled.from_day, on)
    found = moved(person, filled.school, filled.from_day, on)
    if found == person:
        raise InputError(_why_same(person, stored.programme.school_name(filled.school), filled.from_day, on))
    return found


def _why_same(person: Person, school: str, day: date, on: date) -> str:
    """Say why someone cannot move to a school on a day: they are there by then."""
    if (move := max((m.on for m in person.moves if on < m.on <= day), default=None)) is None:
        return f"They are at {school} on {format_day(day)} already. Leave the day empty."
    return (
        f"They already move to {school} on {format_day(move)}. To move them later, first cancel that move: enter its "
        "day and choose the school where they stay."
    )


def _check_year(definition: Definition, day: date, on: date) -> None:
    if day < (earliest := min(definition.programme.start, on)):
        raise InputError(f"The day is before {format_day(earliest)}. Check its year, or leave it empty.")
