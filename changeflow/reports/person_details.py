"""The form for a person's details, and what it shows of them in words."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from changeflow.adkar.people import Contact, Person
from changeflow.programme.definition import Definition
from changeflow.programme.mandates import BOARD, OFFICE
from changeflow.programme.names import names_in
from changeflow.programme.programme import Programme
from changeflow.programme.references import HEADS
from changeflow.reports.entry_forms import EntryField, Options, school_options, with_options
from changeflow.values.moments import format_day
from changeflow.values.words import LANGUAGES

MOST_LETTERS, LONGEST_ADDRESS = 120, 254
DAY_EXAMPLE = "For example, 1/9/2027."
EMAIL = EntryField(name="email", label="Email address", called="The address", most=LONGEST_ADDRESS)
FROM_DAY = EntryField(
    name="from_day", label="From which day are they at this school?", kind="day",
    hint=f"{DAY_EXAMPLE} Leave empty if the recorded school was wrong, or if it has not changed.",
)  # fmt: skip
JOINS = EntryField(
    name="from_day", label="First day in the programme", kind="day",
    hint=f"{DAY_EXAMPLE} Leave empty if they have already joined.",
)  # fmt: skip
FIELDS = (
    EntryField(name="name", label="Name", called="The name", most=MOST_LETTERS,
               hint="Leave empty to show the role instead."),
    EntryField(name="role", label="Role", called="The role", most=MOST_LETTERS, missing="Enter the role.",
               hint="For example, Director of Finance."),
    EMAIL,
    EntryField(name="language", label="Language of their messages and pages", kind="select",
               empty="The programme’s language"),
    EntryField(name="audience", label="Part in the change", kind="select", missing="Choose their part in the change.",
               hint="Messages are written for this part. Sponsors and change leads may also do more."),
    EntryField(name="school", label="School", kind="select", empty="No single school"),
    FROM_DAY,
    EntryField(name="hub", label="Hub", kind="select", empty="No hub"),
    EntryField(name="groups", label="Groups", kind="tick",
               hint="Some groups may do more, such as heads and the board."),
    EntryField(name="manager", label="Manager", kind="select", empty="No manager"),
    EntryField(name="services", label="Services whose change reaches them", kind="tick",
               hint="If you tick none, every service does."),
)  # fmt: skip
PARTS: Mapping[str, str] = {
    "team": "Member of staff",
    "sponsor": "Sponsor",
    "manager": "Manager",
    "lead": "Change lead",
    "champion": "Champion",
    "trainer": "Trainer",
}
_LANGUAGES: Mapping[str, str] = dict(zip(LANGUAGES, ("English", "Welsh"), strict=True))
_GROUPS: Mapping[str, str] = {HEADS: "Heads of schools", BOARD: "Board", OFFICE: "Programme office"}


def fields_for(
    programme: Programme, person: Person | None, *, on: date, has_contact: bool, email: EntryField | None
) -> tuple[EntryField, ...]:
    """Return the fields for a person, or for a new one; `has_contact` is false for someone who was erased."""
    found, left_out = [], {"email"} if email is None else set[str]()
    left_out |= set() if has_contact else {"name", "email", "language"}
    for field in FIELDS:
        if field.name == "email" and email is not None:
            field = email
        if field.name == "from_day" and person is None:
            field = JOINS
        if field.name not in left_out:
            found.append(field)
    return with_options(tuple(found), options_for(programme, person, on))


def options_for(programme: Programme, person: Person | None, on: date) -> Mapping[str, Options]:
    definition = programme.definition
    parts = {**PARTS, **({person.audience: person.audience} if person and person.audience not in PARTS else {})}
    others = [p for p in definition.people if (person is None or p.id != person.id) and p.is_here(on)]
    if person is not None and person.manager and all(p.id != person.manager for p in others):
        others += [p for p in definition.people if p.id == person.manager]
    return {
        "language": tuple(_LANGUAGES.items()) if _has_welsh(programme) else (),
        "audience": tuple(parts.items()),
        "school": school_options(programme),
        "hub": tuple((hub, _in_words(hub)) for hub in known_hubs(definition)),
        "groups": tuple((group, group_in_words(group)) for group in known_groups(definition)),
        "manager": tuple(sorted(((p.id, programme.person(p.id)) for p in others), key=lambda o: o[1].casefold())),
        "services": tuple((s.service, s.name) for s in definition.services),
    }


def _has_welsh(programme: Programme) -> bool:
    about = programme.definition.programme
    return about.nation == "wales" or about.language != "en"


def known_groups(definition: Definition) -> tuple[str, ...]:
    """Return the groups of the programme's people, and those that give a role."""
    return tuple(sorted({HEADS, BOARD, OFFICE, *(group for p in definition.people for group in p.groups)}))


def known_hubs(definition: Definition) -> tuple[str, ...]:
    hubs = {*(s.hub for s in definition.schools), *(p.hub for p in definition.people)}
    return tuple(sorted(hub for hub in hubs if hub))


def group_in_words(group: str) -> str:
    return _GROUPS.get(group, _in_words(group))


def _in_words(id_: str) -> str:
    return id_.replace("-", " ").capitalize()


def typed(definition: Definition, person: Person, contact: Contact | None, on: date) -> dict[str, str]:
    """Return what the form contains at first, without the address."""
    ticked = {f"groups-{group}": "1" for group in person.groups}
    ticked |= {f"services-{service}": "1" for service in person.services}
    return {
        "name": names_in(definition, [contact] if contact else []).get(person.id, ""),
        "role": person.role,
        "language": contact.language if contact else "",
        "audience": person.audience,
        "school": person.school_on(on) or "",
        "hub": person.hub or "",
        "manager": person.manager or "",
        **ticked,
    }


def details(programme: Programme, person: Person, contact: Contact | None) -> Options:
    """Return a person's details in words, without the address; `programme` names the people and schools."""
    definition = programme.definition
    name = names_in(definition.model_copy(update={"people": (person,)}), [contact] if contact else [])
    services = [s.name for s in definition.services if s.service in person.services]
    found = [
        ("Name", name.get(person.id) or "None; the role is shown instead"),
        ("Role", person.role),
        ("Part in the change", PARTS.get(person.audience, person.audience)),
        ("School", schools_in_words(programme, person)),
        ("Hub", _in_words(person.hub) if person.hub else "None"),
        ("Groups", ", ".join(group_in_words(group) for group in person.groups) or "None"),
        ("Manager", programme.person(person.manager) if person.manager else "None"),
        ("Services", ", ".join(services) or "All"),
    ]
    if contact is not None and (contact.language or _has_welsh(programme)):
        found.append(("Language", _LANGUAGES.get(contact.language, "The programme’s language")))
    return tuple(found)


def schools_in_words(programme: Programme, person: Person) -> str:
    """Return a person's school, and those that they move to, with the days."""
    first = programme.school_name(person.school) if person.school else "No single school"
    moves = sorted(person.moves, key=lambda m: m.on)
    return "; ".join([first, *(f"{programme.school_name(m.school)} from {format_day(m.on)}" for m in moves)])


WRITE_ONLY = replace(EMAIL, label="New email address", hint="Leave empty to keep the address, which is not shown here.")
"""The field for those who may change an address that they may not see."""
